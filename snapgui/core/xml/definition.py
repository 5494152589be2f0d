"""A snapshot's definition as a person or a file gives it: read with the line of what is wrong, and changed.

Format: https://libvirt.org/formatsnapshot.html. Stricter than libvirt in one thing: a document type, which libvirt
never writes and which could make a small file large, is refused.
"""

import re
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from snapgui.core.records import Mode, SnapshotRecord, SnapshotState
from snapgui.core.text import translate
from snapgui.core.xml.document import LONGEST, XmlError, lines, parse, with_child
from snapgui.core.xml.fault import fault, line_at, too_long
from snapgui.core.xml.read import read_snapshot

_STATES: Final = frozenset(state.value for state in SnapshotState if state is not SnapshotState.UNKNOWN) | {
    "nostate",
    "blocked",
    "shutdown",
}
_WITHOUT_MEMORY: Final = frozenset({SnapshotState.SHUT_OFF, SnapshotState.DISK_ONLY})
_DECLARATION: Final = re.compile(r"\s*<\?xml\s[^>]*\?>")
_ENCODING: Final = re.compile(rb"""\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_MARKS: Final = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
# Of Python's codecs those that are character sets: some of the others take very long.
_CHARACTER_SETS: Final = ("utf-", "utf8", "iso-", "us-ascii", "ascii", "latin", "windows-", "cp", "koi8", "euc", "gb")


class DefinitionError(XmlError):
    """Why a text is no definition of a snapshot, and the line where that shows, counted from 1; None: in no line."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Definition:
    """What a definition says. ``lines``: where each of its elements begins, by the name of the tag."""

    record: SnapshotRecord
    lines: dict[str, int]
    domain_uuid: str = ""  # of the machine's configuration in it; "" where there is none
    domain_name: str = ""
    current: bool = False  # <active>: libvirt's own mark of the current snapshot in the files that it keeps


def read_definition(text: str) -> Definition:
    """Read what is to be given to libvirt. Raises DefinitionError for what libvirt refuses in any definition."""
    wrong = fault(text, "domainsnapshot")
    if wrong is not None:
        raise DefinitionError(wrong.reason, wrong.line)
    root = parse(text)
    top = line_at(text, max(0, text.find("<domainsnapshot")))
    try:
        record = read_snapshot(text, by_libvirt=False)
    except XmlError as error:
        raise DefinitionError(translate("Definition", "The snapshot has no name in it."), top) from error
    where = {**lines(text), "domainsnapshot": top}
    _check_fields(root, record, where)
    domain = root.find("domain")
    return Definition(
        record,
        where,
        domain_uuid="" if domain is None else (domain.findtext("uuid") or "").strip(),
        domain_name="" if domain is None else domain.findtext("name") or "",
        current=(root.findtext("active") or "").strip() == "1",
    )


def decode(data: bytes) -> str:
    """The text of an XML file, by its byte order mark or the encoding that it declares. Raises DefinitionError."""
    if len(data) > LONGEST:
        raise DefinitionError(too_long())
    if not data.strip():
        raise DefinitionError(translate("Definition", "The file is empty."))
    declared = _ENCODING.match(data)
    encoding = declared[1].decode() if declared else "utf-8"
    for mark, marked in _MARKS.items():
        if data.startswith(mark):
            data, encoding = data[len(mark) :], marked
            break
    try:
        text = data.decode(encoding if encoding.casefold().startswith(_CHARACTER_SETS) else "unknown")
    except (LookupError, UnicodeDecodeError) as error:
        message = translate("Definition", "The file’s text can’t be read as {encoding}.")
        raise DefinitionError(message.format(encoding=encoding)) from error
    return _DECLARATION.sub("", text.replace("\r\n", "\n"), count=1).lstrip()


def with_name(text: str, name: str) -> str:
    """The definition under another name; the rest stays to the byte. Raises XmlError."""
    return with_child(text, "name", name, ())


def with_current(text: str, *, current: bool) -> str:
    """The definition with libvirt's own mark of the current snapshot, as in the files that it keeps, or without."""
    return with_child(text, "active", "1" if current else "", ("name",))


def _check_fields(root: Element, record: SnapshotRecord, lines: dict[str, int]) -> None:
    top = lines["domainsnapshot"]
    state = root.findtext("state")
    if state is None:
        raise DefinitionError(translate("Definition", "The guest’s state is missing: <state>."), top)
    if state not in _STATES:
        message = translate("Definition", "libvirt knows no state “{state}”.")
        raise DefinitionError(message.format(state=state[:80]), lines["state"])
    if not (root.findtext("creationTime") or "").strip().isdigit():
        message = translate("Definition", "The time when it was taken is missing: <creationTime>, seconds since 1970.")
        raise DefinitionError(message, lines.get("creationTime", top))
    if record.memory in (Mode.INTERNAL, Mode.EXTERNAL) and record.state in _WITHOUT_MEMORY:
        message = translate("Definition", "A snapshot in the state “{state}” can’t have memory.")
        raise DefinitionError(message.format(state=state), lines["memory"])
