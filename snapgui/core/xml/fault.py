"""What is wrong with XML that a user has written, and where."""

import re
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError, XMLParser

from snapgui.core.text import translate

_LONGEST = 4 * 2**20  # characters; libvirt's own messages end a text there (VIR_NET_MESSAGE_STRING_MAX)
_EXPAT_PLACE = re.compile(r": line \d+, column \d+$")
_LIBVIRT_PLACE = re.compile(r"\bat line (\d+):|^\([\w ]+\):(\d+):", re.MULTILINE)  # src/util/virxml.c


@dataclass(frozen=True, slots=True)
class XmlFault:
    """The reason in words, and the line, counted from 1; None: it is in no one line."""

    reason: str
    line: int | None = None


def fault(text: str, root: str) -> XmlFault | None:
    """Why a text is no XML document, or none with that root; None: it is one. What libvirt makes of it is not asked."""
    if not text.strip():
        return XmlFault(translate("Xml", "There is no text."))
    if len(text) > _LONGEST:
        return XmlFault(translate("Xml", "The text is longer than libvirt allows."))
    if "<!DOCTYPE" in text:
        reason = translate("Xml", "A document type has no place in libvirt’s XML.")
        return _at(text[: text.index("<!DOCTYPE")].count("\n") + 1, reason)
    return _unreadable(text, root)


def _unreadable(text: str, root: str) -> XmlFault | None:
    parser = XMLParser(encoding="utf-8")  # noqa: S314 - no document type, and so no entity, gets here
    try:
        parser.feed(text.encode())
        found = parser.close()
    except UnicodeEncodeError as error:
        reason = translate("Xml", "There is a character that is not Unicode.")
        return _at(text[: error.start].count("\n") + 1, reason)
    except ParseError as error:
        return _at(error.position[0], _EXPAT_PLACE.sub("", str(error)))
    if found.tag != root:
        message = translate("Xml", "It begins with “{found}”, where “{expected}” belongs.")
        return XmlFault(message.format(found=str(found.tag)[:80], expected=root))
    return None


def libvirt_fault(message: str) -> XmlFault:
    """libvirt's message on XML; it names a line where the parser, not libvirt itself, has refused the text."""
    found = _LIBVIRT_PLACE.search(message)
    return XmlFault(message.strip(), int(found[1] or found[2]) if found else None)


def _at(line: int, reason: str) -> XmlFault:
    return XmlFault(translate("Xml", "Line {line}: {reason}").format(line=line, reason=reason), line)
