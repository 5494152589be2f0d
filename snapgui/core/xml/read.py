"""libvirt's XML, read into records and written for requests. What comes from a host is never trusted.

Formats: https://libvirt.org/formatsnapshot.html, https://libvirt.org/formatdomain.html, https://libvirt.org/formatcaps.html
"""

import re
from enum import Enum
from typing import TypeVar
from xml.etree.ElementTree import Element

from snapgui.core.records import Agent, Disk, DomainConfig, Mode, SnapshotDisk, SnapshotRecord, SnapshotState
from snapgui.core.safety_mark import is_marked, unmarked
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError, expect, parse

_CONFIGURATION = re.compile(r"<(?:domain|inactiveDomain)[\s>]")


_WHOLE_DOMAIN = re.compile(r"<domain\s[^>]*\btype\s*=")


_LATEST = 253_402_300_799  # the last second of the year 9999: past it, no calendar can show it


# libvirt's units (https://libvirt.org/formatdomain.html#memory-allocation), in bytes
_UNITS = {
    "b": 1,
    "bytes": 1,
    "KB": 10**3,
    "k": 2**10,
    "KiB": 2**10,
    "MB": 10**6,
    "M": 2**20,
    "MiB": 2**20,
    "GB": 10**9,
    "G": 2**30,
    "GiB": 2**30,
    "TB": 10**12,
    "T": 2**40,
    "TiB": 2**40,
}


_Value = TypeVar("_Value", bound=Enum)


def read_snapshot(text: str, *, by_libvirt: bool = True) -> SnapshotRecord:
    """A ``<domainsnapshot>``. Fields that make no sense become unknown; raises XmlError where there is no record.

    ``by_libvirt``: it was written by libvirt, which puts the machine's configuration last.
    """
    root = _snapshot_root(text) if by_libvirt else parse(text)
    fields = {element.tag: element for element in reversed(root)}
    name = _text(fields.get("name"))
    if not name:
        raise XmlError(translate("Xml", "The snapshot’s description from the host has no name in it."))
    memory = fields.get("memory")
    parent = fields.get("parent")
    description = _text(fields.get("description"))
    return SnapshotRecord(
        name=name,
        parent=None if parent is None else parent.findtext("name") or None,
        state=_value(SnapshotState, _text(fields.get("state")), SnapshotState.UNKNOWN),
        created=_seconds(_text(fields.get("creationTime"))),
        description=unmarked(description),
        safety=is_marked(description),
        memory=Mode.UNKNOWN if memory is None else _value(Mode, memory.get("snapshot"), Mode.UNKNOWN),
        memory_file="" if memory is None else memory.get("file", ""),
        disks=tuple(read_snapshot_disk(disk) for disk in fields.get("disks", ()) if disk.tag == "disk"),
        has_domain=_WHOLE_DOMAIN.search(text) is not None,
    )


def read_domain(text: str) -> DomainConfig:
    """A ``<domain>``. Raises XmlError."""
    root = parse(text)
    expect(root, "domain")
    return _config(root, text)


def read_config_then(text: str) -> DomainConfig | None:
    """The machine as it was configured when the ``<domainsnapshot>`` was taken; None where it isn't told.

    Raises XmlError.
    """
    root = parse(text)
    expect(root, "domainsnapshot")
    domain = root.find("domain")
    return None if domain is None else _config(domain, "")


def read_revert_disks(text: str) -> tuple[str, ...]:
    """The overlays that libvirt made when it reverted to the ``<domainsnapshot>``; none for an empty text.

    libvirt's virDomainSnapshotDefFormat; not in its documentation. Raises XmlError.
    """
    disks = parse(text).iterfind("revertDisks/disk") if text else ()
    return tuple(read_snapshot_disk(disk).path for disk in disks)


def delete_broke_off(text: str) -> bool:
    """Whether a ``<domainsnapshot>`` notes of a disk that an overlay was being merged into the image it was taken of.

    libvirt takes the note away when that has been done. https://libvirt.org/formatsnapshot.html
    """
    return "<snapshotDeleteInProgress" in text


def _config(root: Element, text: str) -> DomainConfig:
    loader = root.find("os/loader")
    nvram = root.find("os/nvram")
    loader_type = "" if loader is None else loader.get("type", "")
    chosen_by_libvirt = root.find("os[@firmware='efi']") is not None
    uefi = loader_type == "pflash" or (chosen_by_libvirt and loader_type != "rom")
    stateless = loader is not None and loader.get("stateless") == "yes"
    memory = _kibibytes(root.find("memory"))
    return DomainConfig(
        disks=tuple(_disk(disk) for disk in root.iterfind("devices/disk")),
        uefi=uefi,
        nvram_format=_nvram_format(loader, nvram) if nvram is not None or (chosen_by_libvirt and not stateless) else "",
        memory=memory,
        current_memory=_kibibytes(root.find("currentMemory")) or memory,
        vcpus=_number(root.findtext("vcpu")) or 0,
        graphics=tuple(graphics.get("type", "") for graphics in root.iterfind("devices/graphics")),
        host_devices=tuple(device.get("type", "") for device in root.iterfind("devices/hostdev")),
        agent=_agent(root),
        unsaved=_unsaved(root),
        xml=text,
    )


def external_revert(capabilities: str, arch: str = "") -> bool:
    """Whether a host's capabilities say that it can revert to external snapshots (for one architecture, or any)."""
    root = parse(capabilities)
    expect(root, "capabilities")
    return any(
        guest.find("features/externalSnapshot") is not None
        for guest in root.iterfind("guest")
        if not arch or any(element.get("name") == arch for element in guest.iterfind("arch"))
    )


def _snapshot_root(text: str) -> Element:
    """The root of a snapshot's XML, without the machine's configuration where that can be left unread.

    libvirt writes the configuration last and it is most of the text. Where what stands before it closes to a whole
    document, it was a child of the root and not inside anything else: '<' is always escaped in XML's text, and a
    comment, CDATA section or instruction, which could hold one, has the whole text parsed instead.
    """
    found = _CONFIGURATION.search(text)
    if found is not None:
        head = text[: found.start()]
        if "<!" not in head and "<?" not in head:
            try:
                root = parse(head + "</domainsnapshot>")
            except XmlError:
                pass
            else:
                return root
    root = parse(text)
    expect(root, "domainsnapshot")
    return root


def _text(element: Element | None) -> str:
    return "" if element is None else element.text or ""


def _value(values: type[_Value], text: str | None, otherwise: _Value) -> _Value:
    try:
        return values(text)
    except ValueError:
        return otherwise


def _number(text: str | None) -> int | None:
    """A whole number without sign; None for anything else, and for more digits than any of libvirt's numbers has."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(2**64)) else None


def _seconds(text: str | None) -> int | None:
    number = _number(text)
    return None if number is None or number > _LATEST else number


def _kibibytes(element: Element | None) -> int:
    """A memory size in KiB; 0 where it is missing or makes no sense."""
    return 0 if element is None else (size(element) or 0) // 1024


def size(element: Element) -> int | None:
    """A size of libvirt's in bytes, by its unit (KiB where none is given); None where it makes no sense."""
    number = _number(element.text)
    unit = _UNITS.get(element.get("unit", "KiB"))
    return None if number is None or unit is None else number * unit


def read_snapshot_disk(element: Element) -> SnapshotDisk:
    """A ``<disk>`` of a ``<domainsnapshot>``."""
    path = ""
    for source in element:
        if source.tag == "source":
            path = source.get("file") or source.get("dev") or ""
    return SnapshotDisk(element.get("name", ""), _value(Mode, element.get("snapshot"), Mode.UNKNOWN), path)


def _disk(element: Element) -> Disk:
    source_type = element.get("type", "file")
    source = element.find("source")
    target = element.find("target")
    driver = element.find("driver")
    attribute = {"file": "file", "block": "dev", "dir": "dir"}.get(source_type, "")
    return Disk(
        target="" if target is None else target.get("dev", ""),
        device=element.get("device", "disk"),
        source_type=source_type,
        source="" if source is None or not attribute else source.get(attribute, ""),
        format="" if driver is None else driver.get("type", ""),
        readonly=element.find("readonly") is not None,
        snapshot=_value(Mode, element.get("snapshot"), Mode.UNKNOWN),
        transient=element.find("transient") is not None,
    )


def _unsaved(root: Element) -> tuple[str, ...]:
    """libvirt's qemuMigrationSrcIsAllowed; what newer ones can save is in it too."""
    found = {
        "invtsc": root.find("cpu/feature[@name='invtsc'][@policy='require']") is not None
        and root.find("clock/timer[@name='tsc'][@frequency]") is None,
        "virtiofs": root.find("devices/filesystem/driver[@type='virtiofs']") is not None,
        "shmem": any(shmem.get("role") != "master" for shmem in root.iterfind("devices/shmem")),
    }
    return tuple(what for what, is_there in found.items() if is_there)


def _agent(root: Element) -> Agent:
    """libvirt tells the state of a running machine's channels (https://libvirt.org/formatdomain.html#channel)."""
    target = root.find("devices/channel/target[@name='org.qemu.guest_agent.0']")
    if target is None:
        return Agent.NONE
    return Agent.CONNECTED if target.get("state") == "connected" else Agent.SILENT


def _nvram_format(loader: Element | None, nvram: Element | None) -> str:
    """libvirt takes the loader's format where the NVRAM's is not given, and raw where neither is."""
    for element in (nvram, loader):
        if element is not None and element.get("format"):
            return str(element.get("format"))
    return "raw"
