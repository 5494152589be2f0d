"""What is wrong with XML that a user has written, and where."""

import re
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import ParseError, XMLParser

from snapgui.core.errors import Problem
from snapgui.core.text import translate
from snapgui.core.xml.document import LONGEST

_EXPAT_PLACE = re.compile(r": line \d+, column \d+$")
_LIBVIRT_PLACE = re.compile(r"\bat line (\d+):|^\([\w ]+\):(\d+):", re.MULTILINE)  # src/util/virxml.c
_OF_THE_TEXT: Final = frozenset({27, 35, 67, 92})  # XML_ERROR, XML_DETAIL, CONFIG_UNSUPPORTED, XML_INVALID_SCHEMA


@dataclass(frozen=True, slots=True)
class XmlFault:
    """The reason in words, and the line, counted from 1; None: it is in no one line. ``at_line`` writes both."""

    reason: str
    line: int | None = None


def fault(text: str, root: str) -> XmlFault | None:
    """Why a text is no XML document, or none with that root; None: it is one. What libvirt makes of it is not asked."""
    if not text.strip():
        return XmlFault(translate("Xml", "There is no text."))
    if len(text) > LONGEST:
        return XmlFault(too_long())
    if "<!DOCTYPE" in text:
        reason = translate("Xml", "A document type has no place in libvirt’s XML.")
        return XmlFault(reason, line_at(text, text.index("<!DOCTYPE")))
    return _unreadable(text, root)


def _unreadable(text: str, root: str) -> XmlFault | None:
    parser = XMLParser(encoding="utf-8")  # noqa: S314 - no document type, and so no entity, gets here
    try:
        parser.feed(text.encode())
        found = parser.close()
    except UnicodeEncodeError as error:
        reason = translate("Xml", "There is a character that is not Unicode.")
        return XmlFault(reason, line_at(text, error.start))
    except ParseError as error:
        reason = translate("Xml", "This is no well-formed XML: {reason}")
        return XmlFault(reason.format(reason=_EXPAT_PLACE.sub("", str(error))), error.position[0])
    if found.tag != root:
        message = translate("Xml", "It begins with <{found}>, where <{expected}> belongs.")
        line = line_at(text, max(0, text.find(f"<{found.tag}")))
        return XmlFault(message.format(found=str(found.tag)[:80], expected=root), line)
    return None


def libvirt_fault(message: str) -> XmlFault:
    """libvirt's message on XML; it names a line where the parser, not libvirt itself, has refused the text."""
    found = _LIBVIRT_PLACE.search(message)
    return XmlFault(message.strip(), int(found[1] or found[2]) if found else None)


def refusal(problem: Problem) -> XmlFault | None:
    """What is wrong with a text by libvirt, that was given it; None: it failed for another reason."""
    found = libvirt_fault(problem.raw or problem.why)
    if problem.code not in _OF_THE_TEXT and found.line is None:
        return None
    raw = translate("Xml", "libvirt: {message}").format(message=found.reason)
    plain = f"{problem.why} {problem.remedy}".strip()
    return XmlFault(raw if found.reason in plain else f"{plain}\n{raw}", found.line)


def at_line(reason: str, line: int | None) -> str:
    """What is wrong and where, as it is read; None: in no one line."""
    return reason if line is None else translate("Xml", "Line {line}: {reason}").format(line=line, reason=reason)


def line_at(text: str, place: int) -> int:
    """The line of a place in a text, counted from 1."""
    return 1 + text.count("\n", 0, place)


def too_long() -> str:
    """Why a text is not even read."""
    return translate("Xml", "It is longer than 4 MiB, which is more than libvirt takes.")
