"""The XML that asks libvirt for a snapshot. https://libvirt.org/formatsnapshot.html"""

from typing import NamedTuple
from xml.etree.ElementTree import Element

from snapgui.core.records import Kind, Mode
from snapgui.core.requests import DiskChoice, Take
from snapgui.core.xml.document import parse, quoted, written
from snapgui.core.xml.read import read_snapshot_disk


def take_xml(request: Take, *, with_memory: bool = False) -> str:
    """The XML that asks libvirt for the snapshot. Raises XmlError where XML can't carry a text in it.

    ``with_memory``: an internal one says that it holds the machine's memory. libvirt would save it anyway, but refuses
    it then where the machine has stopped meanwhile: it would take the disks alone without a word.
    """
    parts = [written("name", request.name)]
    if request.description:
        parts.append(written("description", request.description))
    if request.kind is Kind.EXTERNAL and request.memory_file:
        parts.append(f"<memory snapshot='external' file={quoted(request.memory_file)}/>")
    elif request.kind is Kind.INTERNAL and with_memory:
        parts.append("<memory snapshot='internal'/>")
    if request.disks:
        parts.append(f"<disks>{''.join(_choice(disk) for disk in request.disks)}</disks>")
    return f"<domainsnapshot>{''.join(parts)}</domainsnapshot>"


def _choice(disk: DiskChoice) -> str:
    driver = f"<driver type={quoted(disk.format)}/>" if disk.format else ""
    source = f"<source file={quoted(disk.path)}/>" if disk.path else ""
    return f"<disk name={quoted(disk.target)} snapshot='{disk.mode.value}'>{driver}{source}</disk>"


class SnapshotWords(NamedTuple):
    """What a request's XML asks for."""

    name: str
    description: str = ""
    memory: Mode | None = None
    memory_file: str = ""
    disks: tuple[DiskChoice, ...] = ()


def simple_snapshot(text: str) -> SnapshotWords | None:
    """What a request's XML asks for, where it asks for nothing that ``take_xml`` does not write. Raises XmlError."""
    root = parse(text)
    if not {element.tag for element in root} <= {"name", "description", "memory", "disks"}:
        return None
    memory = root.find("memory")
    return SnapshotWords(
        root.findtext("name", ""),
        root.findtext("description", ""),
        None if memory is None else Mode(memory.get("snapshot")),
        "" if memory is None else memory.get("file", ""),
        tuple(_chosen(disk) for disk in root.iterfind("disks/disk")),
    )


def _chosen(element: Element) -> DiskChoice:
    disk = read_snapshot_disk(element)
    driver = element.find("driver")
    return DiskChoice(disk.target, disk.mode, disk.path, "" if driver is None else driver.get("type", ""))
