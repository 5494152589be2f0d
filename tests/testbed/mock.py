"""Machines of libvirt's mock driver, with snapshots from the start."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_TEST_NAMESPACE = "xmlns:test='http://libvirt.org/schemas/domain/test/1.0'"


@dataclass
class Machine:
    """A domain to preload. ``snapshots``: XML of what stands in a ``<domainsnapshot>`` before the domain, by name."""

    name: str
    state: int = 1  # virDomainState
    disks: Sequence[Path | str] = ()
    snapshots: dict[str, str] = field(default_factory=dict)
    current: str | None = None
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    title: str = ""
    disks_now: Sequence[Path | str] | None = None  # where they are not those that the snapshots were taken of

    def snapshot(self, name: str, *, parent: str = "", state: str = "running", memory: str = "internal") -> None:
        """Add a snapshot, and make it the current one."""
        within = f"<parent><name>{escape(parent)}</name></parent>" if parent else ""
        self.snapshots[name] = (
            f"<name>{escape(name)}</name><description>about {escape(name)}</description><state>{state}</state>{within}"
            f"<creationTime>{1_700_000_000 + len(self.snapshots)}</creationTime><memory {_memory(memory)}/>"
        )
        self.current = name

    def xml(self) -> str:
        """As the mock driver preloads it."""
        body = self._body(self.disks)
        snapshots = "".join(
            f"<test:domainsnapshot>{xml}<domain type='test'>{body}</domain><active>{int(name == self.current)}</active>"
            "</test:domainsnapshot>"
            for name, xml in self.snapshots.items()
        )
        state = f"<test:runstate>{self.state}</test:runstate>"
        now = self._body(self.disks if self.disks_now is None else self.disks_now)
        return f"<domain type='test' {_TEST_NAMESPACE}>{now}{state}{snapshots}</domain>"

    def _body(self, paths: Sequence[Path | str]) -> str:
        disks = "".join(
            f"<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file={quoteattr(str(path))}/>"
            f"<target dev='vd{chr(ord('a') + number)}' bus='virtio'/></disk>"
            for number, path in enumerate(paths)
        )
        title = f"<title>{escape(self.title)}</title>" if self.title else ""
        return (
            f"<name>{escape(self.name)}</name><uuid>{self.uuid}</uuid>{title}<memory>65536</memory><vcpu>1</vcpu>"
            f"<os><type>hvm</type></os><devices>{disks}<graphics type='vnc'/></devices>"
        )


def _memory(memory: str) -> str:
    return f"snapshot='external' file={quoteattr(memory)}" if memory.startswith("/") else f"snapshot='{memory}'"


def mock_uri(folder: Path, *machines: Machine) -> str:
    """The URI of a host with these machines; every connection to it is a world of its own."""
    file = folder / f"{uuid.uuid4()}.xml"
    file.write_text(f"<node>{''.join(machine.xml() for machine in machines)}</node>")
    return f"test://{file}"
