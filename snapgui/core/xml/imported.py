"""The XML of a machine and of its snapshot, for another host where their files lie elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, tostring

from snapgui.core.records import Mode, SnapshotState
from snapgui.core.xml.clone import change_disks, change_networks, read_target, set_nvram
from snapgui.core.xml.document import child, expect, parse, parse_as_written

_REMOVABLE: Final = ("cdrom", "floppy")
_PLACES: Final = ("file", "dev", "dir", "path")
# What is the same on every host, or no file at all.
_USUAL: Final = ("/usr/share/", "/usr/lib", "/dev/urandom", "/dev/random", "/dev/net/tun", "/dev/vhost-net")


@dataclass(frozen=True, slots=True)
class Moved:
    """What is another one there. ``disks``: the image of each disk by its target; None: the machine does without it.

    ``nvram`` and ``memory`` are paths, "" where there is none (any more). ``addresses``: the network gets new ones.
    """

    name: str
    uuid: str
    disks: Mapping[str, str | None]
    nvram: str = ""
    memory: str = ""
    addresses: bool = False


def imported_domain(text: str, moved: Moved) -> str:
    """A ``<domain>`` with what is moved. Its drives are empty, and its QEMU is the host's. Raises XmlError."""
    root = parse_as_written(text)
    expect(root, "domain")
    _move(root, moved)
    return tostring(root, encoding="unicode")


def imported_snapshot(text: str, moved: Moved, overlays: Mapping[str, str]) -> str:
    """A ``<domainsnapshot>`` as a root. ``moved.disks``: the images that it was taken of; ``overlays``: what it made.

    Raises XmlError.
    """
    root = parse_as_written(text)
    expect(root, "domainsnapshot")
    for tag in ("parent", "revertDisks", "active"):
        for each in root.findall(tag):
            root.remove(each)
    for memory in root.findall("memory[@file]"):
        memory.set("file", moved.memory)
        if not moved.memory:
            _forget_memory(root, memory)
    for disk in root.findall("disks/disk"):
        path = overlays.get(disk.get("name", ""))
        for source in disk.findall("source") if path is not None else ():
            source.attrib.clear()
            source.set("file", path or "")
            disk.set("type", "file")
    for domain in (*root.findall("domain"), *root.findall("inactiveDomain")):
        _move(domain, moved)
    return tostring(root, encoding="unicode")


def domains_in(snapshot_xml: str) -> tuple[str, ...]:
    """Each ``<domain>`` in a ``<domainsnapshot>``: the machine then, and as it would have started. Raises XmlError."""
    texts = (child(snapshot_xml, "domain"), child(snapshot_xml, "inactiveDomain"))
    return tuple(text.replace("inactiveDomain", "domain") for text in texts if text)


def disks_in(text: str) -> dict[str, bool]:
    """The targets of a ``<domain>``'s disks, and whether each is a drive whose medium comes and goes.

    Raises XmlError.
    """
    disks = parse(text).findall("devices/disk")
    return {read_target(disk): disk.get("device") in _REMOVABLE for disk in disks}


def has_arguments(text: str) -> bool:
    """Whether a ``<domain>`` has arguments for QEMU beside libvirt's own. Raises XmlError."""
    return any(each.tag.endswith("}commandline") for each in parse(text))


def places_in(text: str) -> tuple[str, ...]:
    """The host's files, folders and devices that a ``<domain>`` names beside its disks' images. Raises XmlError."""
    root = parse(text)
    found: dict[str, None] = {}
    for tag in ("os/kernel", "os/initrd", "os/dtb", "os/loader"):
        found.update({(each.text or "").strip(): None for each in root.findall(tag)})
    found.update({each.get("template", ""): None for each in root.findall("os/nvram")})
    for device in root.findall("devices/*"):
        for element in device.iter() if device.tag not in ("disk", "emulator") else ():
            found.update({element.get(name, ""): None for name in _PLACES})
            found[(element.text or "").strip()] = None
    return tuple(path for path in found if path.startswith("/") and not path.startswith(_USUAL))


def _forget_memory(root: Element, memory: Element) -> None:
    """A snapshot of the disks alone."""
    memory.attrib.clear()
    memory.set("snapshot", Mode.NO.value)
    for state in root.findall("state"):
        state.text = SnapshotState.DISK_ONLY.value
    for cookie in root.findall("cookie"):  # of QEMU's, for a guest that goes on
        root.remove(cookie)


def _move(domain: Element, moved: Moved) -> None:
    named = [(each, moved.name) for each in domain.findall("name")]
    named += [(each, moved.uuid) for each in domain.findall("uuid")]
    named += [(each, moved.uuid) for each in domain.findall("sysinfo/system/entry[@name='uuid']")]  # has to be its own
    for element, text in named:
        element.text = text
    for nvram in domain.findall("os/nvram"):
        set_nvram(nvram, moved.nvram)
        for source in nvram.findall("source") if not moved.nvram else ():  # libvirt finds a place for a new one
            nvram.remove(source)
    devices = domain.find("devices")
    if devices is None:
        return
    for emulator in devices.findall("emulator"):
        devices.remove(emulator)
    change_disks(devices, moved.disks)
    _empty_drives(devices, moved)
    if moved.addresses:
        change_networks(devices)


def _empty_drives(devices: Element, moved: Moved) -> None:
    for disk in devices.findall("disk"):
        if read_target(disk) not in moved.disks and disk.get("device") in _REMOVABLE:
            for each in (*disk.findall("source"), *disk.findall("backingStore")):
                disk.remove(each)
