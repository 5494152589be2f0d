"""A document of XML: read without trust, and changed at one place while everything else stays as it is."""

import re
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers.expat import ParserCreate

from snapgui.core.text import translate

# Not xml.sax.saxutils, which loads ssl, http and email: 3 MB. XML's reader would make a line feed of a carriage return.
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})


LONGEST: Final = 4 * 2**20  # characters; libvirt's own messages end a text there (VIR_NET_MESSAGE_STRING_MAX)


class XmlError(ValueError):
    """A text that can't be read as what it should be; its message is for the user."""


def child(text: str, tag: str) -> str:
    """A child of the root, as it is written in the document; "" where there is none. Raises XmlError."""
    parse(text)
    whole = text.encode()
    begin, end = children(whole).get(tag, (0, 0))
    return whole[begin:end].decode().rstrip()


def read_text(text: str, tag: str, attribute: str = "") -> str:
    """The text of a child of the root, or one of its attributes; "" where there is none. Raises XmlError."""
    element = parse(text).find(tag)
    if element is None:
        return ""
    return element.get(attribute, "") if attribute else element.text or ""


def with_child(text: str, tag: str, value: str, after: tuple[str, ...]) -> str:
    """A document whose root's child of that tag has another text; its attributes and everything else stay as they are.

    Where there is none, it is put behind the first of ``after`` that is there; "" takes it away. Raises XmlError.
    """
    parse(text)
    whole = text.encode()
    places = children(whole)
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
    return whole[:place].decode() + "\n  " + written(tag, value) + whole[place:].decode()


def lines(text: str) -> dict[str, int]:
    """The line in which each of the root's children begins, by tag. For a text that has been read without an error."""
    whole = text.encode()
    return {tag: 1 + whole.count(b"\n", 0, begin) for tag, (begin, _) in children(whole).items()}


def with_attribute(text: str, tag: str, name: str, value: str) -> str:
    """A document whose root's child of that tag has that attribute; "" takes it away. Raises XmlError."""
    parse(text)
    whole = text.encode()
    begin, end = children(whole).get(tag, (0, 0))
    element = whole[begin:end].decode()
    element = re.sub(rf"""^(<[^>]*?)\s+{name}\s*=\s*("[^"]*"|'[^']*')""", r"\1", element, count=1)
    if value:
        element = re.sub(r"^(<[^>\s/]+)", lambda found: f"{found[0]} {name}={quoted(value)}", element, count=1)
    return whole[:begin].decode() + element + whole[end:].decode()


def can_carry(text: str) -> bool:
    """Whether the text passes through XML 1.0 unchanged (https://www.w3.org/TR/xml/#charsets, less U+000D)."""
    return _FOREIGN.search(text) is None


_FOREIGN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def parse(text: str) -> Element:
    """Any XML from a host, never trusted. Raises XmlError."""
    if len(text) > LONGEST:
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


def parse_as_written(text: str) -> Element:
    """The same, with the prefixes of names as they stand there, so that they are written so again. Raises XmlError."""
    parse(text)
    builder = TreeBuilder()
    parser = ParserCreate("utf-8")
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.Parse(text.encode(), True)  # noqa: FBT003 - takes its arguments by place
    return builder.close()


def expect(root: Element, tag: str) -> None:
    """Raises XmlError where the document is of another kind."""
    if root.tag != tag:
        message = translate("Xml", "The host sent “{found}” where “{expected}” belongs.")
        raise XmlError(message.format(found=str(root.tag)[:80], expected=tag))


def written(tag: str, text: str) -> str:
    """An element that holds a text alone. Raises XmlError where XML can't carry it."""
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


def children(document: bytes) -> dict[str, tuple[int, int]]:
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
