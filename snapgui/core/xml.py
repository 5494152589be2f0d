"""libvirt's XML, read into records and written for requests. What comes from a host is never trusted.

Formats: https://libvirt.org/formatsnapshot.html, https://libvirt.org/formatdomain.html, https://libvirt.org/formatcaps.html
"""

import re
from enum import Enum
from typing import NamedTuple, TypeVar
from xml.etree.ElementTree import Element, ParseError, XMLParser
from xml.parsers.expat import ParserCreate

from snapgui.core.records import Agent, Disk, DomainConfig, Kind, Mode, SnapshotDisk, SnapshotRecord, SnapshotState
from snapgui.core.requests import DiskChoice, Take
from snapgui.core.text import translate

# Not xml.sax.saxutils, which loads ssl, http and email: 3 MB. XML's reader would make a line feed of a carriage return.
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_LONGEST = 4 * 2**20  # characters; libvirt's own messages end a text there (VIR_NET_MESSAGE_STRING_MAX)
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


class XmlError(ValueError):
    """A text that can't be read as what it should be; its message is for the user."""


def read_snapshot(text: str, *, by_libvirt: bool = True) -> SnapshotRecord:
    """A ``<domainsnapshot>``. Fields that make no sense become unknown; raises XmlError where there is no record.

    ``by_libvirt``: it was written by libvirt, which puts the machine's configuration last.
    """
    root = _snapshot_root(text) if by_libvirt else _parse(text)
    fields = {element.tag: element for element in reversed(root)}
    name = _text(fields.get("name"))
    if not name:
        raise XmlError(translate("Xml", "The snapshot’s description from the host has no name in it."))
    memory = fields.get("memory")
    parent = fields.get("parent")
    return SnapshotRecord(
        name=name,
        parent=None if parent is None else parent.findtext("name") or None,
        state=_value(SnapshotState, _text(fields.get("state")), SnapshotState.UNKNOWN),
        created=_seconds(_text(fields.get("creationTime"))),
        description=_text(fields.get("description")),
        memory=Mode.UNKNOWN if memory is None else _value(Mode, memory.get("snapshot"), Mode.UNKNOWN),
        memory_file="" if memory is None else memory.get("file", ""),
        disks=tuple(_snapshot_disk(disk) for disk in fields.get("disks", ()) if disk.tag == "disk"),
        has_domain=_WHOLE_DOMAIN.search(text) is not None,
    )


def read_domain(text: str) -> DomainConfig:
    """A ``<domain>``. Raises XmlError."""
    root = _parse(text)
    _expect(root, "domain")
    return _config(root, text)


def read_config_then(text: str) -> DomainConfig | None:
    """The machine as it was configured when the ``<domainsnapshot>`` was taken; None where it isn't told.

    Raises XmlError.
    """
    root = _parse(text)
    _expect(root, "domainsnapshot")
    domain = root.find("domain")
    return None if domain is None else _config(domain, "")


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
    root = _parse(capabilities)
    _expect(root, "capabilities")
    return any(
        guest.find("features/externalSnapshot") is not None
        for guest in root.iterfind("guest")
        if not arch or any(element.get("name") == arch for element in guest.iterfind("arch"))
    )


def take_xml(request: Take) -> str:
    """The XML that asks libvirt for the snapshot. Raises XmlError where XML can't carry a text in it."""
    parts = [_element("name", request.name)]
    if request.description:
        parts.append(_element("description", request.description))
    if request.kind is Kind.EXTERNAL and request.memory_file:
        parts.append(f"<memory snapshot='external' file={quoted(request.memory_file)}/>")
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
    memory_file: str = ""
    disks: tuple[DiskChoice, ...] = ()


def simple_snapshot(text: str) -> SnapshotWords | None:
    """What a request's XML asks for, where it asks for nothing that ``take_xml`` does not write. Raises XmlError."""
    root = _parse(text)
    if not {element.tag for element in root} <= {"name", "description", "memory", "disks"}:
        return None
    memory = root.find("memory")
    return SnapshotWords(
        root.findtext("name", ""),
        root.findtext("description", ""),
        "" if memory is None else memory.get("file", ""),
        tuple(_chosen(disk) for disk in root.iterfind("disks/disk")),
    )


def _chosen(element: Element) -> DiskChoice:
    disk = _snapshot_disk(element)
    driver = element.find("driver")
    return DiskChoice(disk.target, disk.mode, disk.path, "" if driver is None else driver.get("type", ""))


def with_description(text: str, description: str) -> str:
    """A snapshot's whole XML with another description; everything else stays as it is. Raises XmlError."""
    _expect(_parse(text), "domainsnapshot")
    whole = text.encode()
    places = _places(whole)
    if "name" not in places:
        raise XmlError(translate("Xml", "The snapshot’s description from the host has no name in it."))
    begin, end = places.get("description", (places["name"][1], places["name"][1]))
    before, after = whole[:begin].decode(), whole[end:].decode()
    if not description:
        return before + (after.lstrip() if "description" in places else after)
    return before + ("" if "description" in places else "\n  ") + _element("description", description) + after


def child(text: str, tag: str) -> str:
    """A child of the root, as it is written in the document; "" where there is none. Raises XmlError."""
    _parse(text)
    whole = text.encode()
    begin, end = _places(whole).get(tag, (0, 0))
    return whole[begin:end].decode().rstrip()


def read_text(text: str, tag: str, attribute: str = "") -> str:
    """The text of a child of the root, or one of its attributes; "" where there is none. Raises XmlError."""
    element = _parse(text).find(tag)
    if element is None:
        return ""
    return element.get(attribute, "") if attribute else element.text or ""


def with_child(text: str, tag: str, value: str, after: tuple[str, ...]) -> str:
    """A document whose root's child of that tag has another text; its attributes and everything else stay as they are.

    Where there is none, it is put behind the first of ``after`` that is there; "" takes it away. Raises XmlError.
    """
    _parse(text)
    whole = text.encode()
    places = _places(whole)
    if tag in places:
        begin, end = places[tag]
        before, rest = whole[:begin].decode(), whole[end:].decode()
        opening = re.match(r"<[^>\s/]+(?:\s+[^\s=>]+\s*=\s*(?:\"[^\"]*\"|'[^']*'))*", whole[begin:end].decode())
        if not value or opening is None:
            return before + rest.lstrip()
        return f"{before}{opening[0]}>{escaped(value)}</{tag}>{rest}"
    place = next((places[each][1] for each in after if each in places), None)
    if not value or place is None:
        return text
    return whole[:place].decode() + "\n  " + _element(tag, value) + whole[place:].decode()


def with_parent(text: str, parent: str) -> str:
    """A snapshot's XML below another snapshot; everything else stays as it is. Raises XmlError."""
    _expect(_parse(text), "domainsnapshot")
    whole = text.encode()
    places = _places(whole)
    begin, end = places.get("parent", (places["name"][1], places["name"][1]))
    above = f"<parent>\n    {_element('name', parent)}\n  </parent>"
    return whole[:begin].decode() + ("" if "parent" in places else "\n  ") + above + whole[end:].decode()


def lines(text: str) -> dict[str, int]:
    """The line in which each of the root's children begins, by tag. For a text that has been read without an error."""
    whole = text.encode()
    return {tag: 1 + whole.count(b"\n", 0, begin) for tag, (begin, _) in _places(whole).items()}


def with_attribute(text: str, tag: str, name: str, value: str) -> str:
    """A document whose root's child of that tag has that attribute; "" takes it away. Raises XmlError."""
    _parse(text)
    whole = text.encode()
    begin, end = _places(whole).get(tag, (0, 0))
    element = whole[begin:end].decode()
    element = re.sub(rf"""^(<[^>]*?)\s+{name}\s*=\s*("[^"]*"|'[^']*')""", r"\1", element, count=1)
    if value:
        element = re.sub(r"^(<[^>\s/]+)", lambda found: f"{found[0]} {name}={quoted(value)}", element, count=1)
    return whole[:begin].decode() + element + whole[end:].decode()


def parse(text: str) -> Element:
    """Any XML from a host, for what no record has a place for. Raises XmlError."""
    return _parse(text)


def can_carry(text: str) -> bool:
    """Whether the text passes through XML 1.0 unchanged (https://www.w3.org/TR/xml/#charsets, less U+000D)."""
    return _FOREIGN.search(text) is None


_FOREIGN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
                root = _parse(head + "</domainsnapshot>")
            except XmlError:
                pass
            else:
                return root
    root = _parse(text)
    _expect(root, "domainsnapshot")
    return root


def _parse(text: str) -> Element:
    if len(text) > _LONGEST:
        raise XmlError(translate("Xml", "The host sent XML that is longer than libvirt allows."))
    if "<!DOCTYPE" in text:
        raise XmlError(translate("Xml", "The host sent XML with a document type, which libvirt never writes."))
    parser = XMLParser(encoding="utf-8")  # noqa: S314 - no document type, and so no entity, gets here
    try:
        parser.feed(text.encode())
        return parser.close()
    except UnicodeEncodeError as error:
        raise XmlError(translate("Xml", "The host sent text that is not Unicode.")) from error
    except ParseError as error:
        raise XmlError(
            translate("Xml", "The host sent XML that can’t be read: {reason}").format(reason=str(error))
        ) from error


def _expect(root: Element, tag: str) -> None:
    if root.tag != tag:
        message = translate("Xml", "The host sent “{found}” where “{expected}” belongs.")
        raise XmlError(message.format(found=str(root.tag)[:80], expected=tag))


def _element(tag: str, text: str) -> str:
    return f"<{tag}>{escaped(text)}</{tag}>"


def quoted(text: str) -> str:
    """The value of an attribute, in its quotes. Raises XmlError where XML can't carry it."""
    # A reader would make a space of a line break or a tab.
    return "'" + escaped(text).replace("'", "&apos;").replace("\n", "&#10;").replace("\t", "&#9;") + "'"


def escaped(text: str) -> str:
    """The text between two tags. Raises XmlError where XML can't carry it."""
    if not can_carry(text.replace("\r", "")):
        raise XmlError(translate("Xml", "The text has a character that libvirt’s XML can’t carry."))
    return text.translate(_ESCAPED)


def _places(document: bytes) -> dict[str, tuple[int, int]]:
    """Where the root's children stand, by tag: the first byte of the first one, and the byte after its last."""
    found: dict[str, tuple[int, int]] = {}
    opened: list[int] = []
    closed: list[tuple[str, int]] = []  # the child that has just ended: where, the next event tells
    parser = ParserCreate("utf-8")

    def settle(_text: str = "") -> None:
        if closed:
            tag, begin = closed.pop()
            found.setdefault(tag, (begin, parser.CurrentByteIndex))

    def begins(_tag: str, _attributes: object) -> None:
        settle()
        opened.append(parser.CurrentByteIndex)

    def ends(tag: str) -> None:
        settle()
        begin = opened.pop()
        if len(opened) == 1:
            closed.append((tag, begin))

    parser.StartElementHandler, parser.EndElementHandler, parser.DefaultHandler = begins, ends, settle
    parser.Parse(document, True)  # noqa: FBT003 - takes its arguments by place
    return found


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


def _snapshot_disk(element: Element) -> SnapshotDisk:
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
