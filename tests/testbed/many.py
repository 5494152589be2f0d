"""Machines with very many snapshots: made as metadata only, so that ten thousand take seconds and no disk."""

import uuid
from pathlib import Path

import libvirt

_FIRST = 1_700_000_000  # seconds since the epoch; each snapshot is a minute younger than the one before
_DOMAIN = """\
<domain type='{kind}'{attributes}>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>512</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>
    <serial type='pty'/>
    <graphics type='vnc' port='-1'/>
    <video><model type='vga'/></video>
  </devices>
{more}</domain>
"""
_SNAPSHOT = """\
<{tag}>
  <name>{name}</name>
  <description>step {n}</description>
  <state>shutoff</state>
  <creationTime>{created}</creationTime>
  {parent}
  <memory snapshot='no'/>
  <disks><disk name='vda' snapshot='internal'/></disks>
  {domain}
  {more}
</{tag}>
"""


def name_of(n: int) -> str:
    """The name of the n-th snapshot, from 1."""
    return f"step-{n}"


def parent_of(n: int) -> int | None:
    """The tree is chains of ten, each hanging on the chain before it: deep and with branches."""
    if n == 1:
        return None
    return n - 1 if n % 10 != 1 else n - 10


def _snapshot(n: int, tag: str, domain: str, more: str = "") -> str:
    parent = parent_of(n)
    return _SNAPSHOT.format(
        tag=tag,
        name=name_of(n),
        n=n,
        created=_FIRST + 60 * n,
        parent=f"<parent><name>{name_of(parent)}</name></parent>" if parent else "",
        domain=domain,
        more=more,
    )


def mock_host(folder: Path, count: int, name: str = "many") -> str:
    """The URI of a host of libvirt's mock driver with one running domain that has ``count`` snapshots."""
    plain = {"kind": "test", "name": name, "uuid": str(uuid.uuid4()), "disk": "/many.qcow2"}
    domain = _DOMAIN.format(attributes="", more="", **plain)
    snapshots = (
        _snapshot(n, "test:domainsnapshot", domain, f"<active>{int(n == count)}</active>") for n in range(1, count + 1)
    )
    whole = _DOMAIN.format(
        attributes=" xmlns:test='http://libvirt.org/schemas/domain/test/1.0'",
        more=f"<test:runstate>1</test:runstate>\n{''.join(snapshots)}",
        **plain,
    )
    file = folder / f"many-{count}.xml"
    file.write_text(f"<node>{whole}</node>")
    return f"test://{file}"


def real_host(uri: str, disk: Path, count: int, name: str = "many") -> None:
    """Define a QEMU domain with ``count`` snapshots on a real host."""
    connection = libvirt.open(uri)
    plain = {"kind": "qemu", "name": name, "uuid": str(uuid.uuid4()), "disk": disk}
    try:
        domain = connection.defineXML(_DOMAIN.format(attributes="", more="", **plain))
        written = domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
        for n in range(1, count + 1):
            flags = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE
            if n == count:
                flags |= libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_CURRENT
            domain.snapshotCreateXML(_snapshot(n, "domainsnapshot", written), flags)
    finally:
        connection.close()
