"""A snapshot's XML with one thing in it changed."""

from snapgui.core.safety_mark import is_marked, marked
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError, children, expect, parse, written


def with_description(text: str, description: str) -> str:
    """A snapshot's whole XML with another description; all else stays, the mark of a safety snapshot too.

    Raises XmlError.
    """
    root = parse(text)
    expect(root, "domainsnapshot")
    if is_marked(root.findtext("description") or ""):
        description = marked(description)
    whole = text.encode()
    places = children(whole)
    if "name" not in places:
        raise XmlError(translate("Xml", "The snapshot’s description from the host has no name in it."))
    begin, end = places.get("description", (places["name"][1], places["name"][1]))
    before, after = whole[:begin].decode(), whole[end:].decode()
    if not description:
        return before + (after.lstrip() if "description" in places else after)
    return before + ("" if "description" in places else "\n  ") + written("description", description) + after


def with_parent(text: str, parent: str) -> str:
    """A snapshot's XML below another snapshot; everything else stays as it is. Raises XmlError."""
    expect(parse(text), "domainsnapshot")
    whole = text.encode()
    places = children(whole)
    begin, end = places.get("parent", (places["name"][1], places["name"][1]))
    above = f"<parent>\n    {written('name', parent)}\n  </parent>"
    return whole[:begin].decode() + ("" if "parent" in places else "\n  ") + above + whole[end:].decode()
