"""Which files libvirt's XML is about, and the XML that makes a snapshot known that only an image holds."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import tostring

from snapgui.core.health.ailments import Found
from snapgui.core.records import DomainConfig
from snapgui.core.xml.document import escaped, parse, quoted

# What parts a path from the rest of a value, as in <qemu:arg value='file=/a,if=none'/> or {"filename": "/a"}.
_SEPARATORS = re.compile(r"[\s,;=\"'{}\[\]]+|:(?=/)")


def paths_in(text: str) -> frozenset[str]:
    """Everything in an XML that could be the path of a file; many are not. Raises XmlError.

    A relative one is taken from the root: libvirt starts QEMU there.
    """
    return frozenset(posixpath.join("/", value) for value in _values(text) if "/" in value and "\0" not in value)


def _values(text: str) -> Iterator[str]:
    root = parse(text)
    # Sockets, as of the guest's agent: no file, and in a folder that only libvirt may enter.
    sockets = {id(source) for each in root.iter() if each.get("type") == "unix" for source in each.iterfind("source")}
    for element in root.iter():
        for value in () if id(element) in sockets else (element.text, *element.attrib.values()):
            if value and "/" in value:
                yield value
                yield value.strip()
                yield from _SEPARATORS.split(value)


def shared_folders_in(text: str) -> frozenset[str]:
    """The host's folders that a domain's XML lets its guest into. Raises XmlError."""
    sources = (source for each in parse(text).iter("filesystem") for source in each.iter("source"))
    return frozenset(source.attrib["dir"] for source in sources if source.get("dir"))


def volumes_in(text: str) -> frozenset[tuple[str, str]]:
    """The volumes that an XML names by their pool and their name. Raises XmlError."""
    return frozenset(
        (element.attrib["pool"], element.attrib["volume"])
        for element in parse(text).iter()
        if "pool" in element.attrib and "volume" in element.attrib
    )


def adoption_xml(found: Found, config: DomainConfig) -> str:
    """The ``<domainsnapshot>`` that makes libvirt know it; ``config`` is of the machine's next start. Raises XmlError.

    Every writable disk is internal in it: libvirt 11.3 refuses any other word for those, and deletes such a snapshot
    also where some of them do not hold it.
    """
    lines = [
        "<domainsnapshot>",
        f"  <name>{escaped(found.name)}</name>",
        f"  <state>{'running' if found.memory else 'shutoff'}</state>",
    ]
    if found.parent is not None:
        lines.append(f"  <parent><name>{escaped(found.parent)}</name></parent>")
    lines += [
        f"  <creationTime>{found.created}</creationTime>",
        f"  <memory snapshot='{'internal' if found.memory else 'no'}'/>",
        "  <disks>",
        *(
            f"    <disk name={quoted(disk.target)} snapshot='{'internal' if disk.writable else 'no'}'/>"
            for disk in config.disks
        ),
        "  </disks>",
        f"  {_at(config, found.places).strip()}",
        "</domainsnapshot>",
    ]
    return "\n".join(lines)


def _at(config: DomainConfig, places: Mapping[str, str]) -> str:
    """The machine's XML with its disks on these images."""
    sources = {disk.target: disk.source for disk in config.disks}
    moved = {target: path for target, path in places.items() if sources.get(target) != path}
    if not moved:
        return config.xml
    root = parse(config.xml)
    for disk in root.iterfind("devices/disk"):
        target, source = disk.find("target"), disk.find("source")
        path = moved.get("" if target is None else target.get("dev", ""))
        if path is not None and source is not None:
            source.attrib.clear()
            source.set("file", path)
            disk.set("type", "file")
            for below in disk.findall("backingStore"):
                disk.remove(below)
            driver = disk.find("driver")
            if driver is not None:
                driver.set("type", "qcow2")
    return tostring(root, encoding="unicode")
