"""What differs between two configurations of a machine, without what libvirt writes anew at each start.

Every leaf of the two ``<domain>`` documents (https://libvirt.org/formatdomain.html) is compared, and what is no noise
is told: in words where ``snapgui.core.differences.words`` has some, by its path otherwise.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, ParseError, XMLParser

from snapgui.core.differences.noise import drop_noise, settle_defaults, settle_live, settle_sizes
from snapgui.core.differences.words import Leaf, device_words, leaf_words, local, whole_words
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError, child


class Change(Enum):
    """What happened to a part of the configuration on the way from the one to the other."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference in words, and where it is: "devices/disk[vda]/driver/@cache".

    ``running_only``: only the running machine differs by it, not what it is configured to be at its next start.
    """

    change: Change
    text: str
    path: str
    running_only: bool = False
    next_start: bool = False  # in what is defined alone: the running machine has it after its next start


@dataclass(frozen=True, slots=True)
class Configuration:
    """A machine's ``<domain>`` XML: as it starts the next time, and as it runs; "" where it has no such."""

    persistent: str = ""
    live: str = ""


def compare(before: Configuration, after: Configuration) -> tuple[Difference, ...]:
    """What differs. Like is compared with like, and unlike only where there is nothing else. Raises XmlError."""
    found: list[Difference] = []
    if before.persistent and after.persistent:
        found += differences(before.persistent, after.persistent)
        if before.live and after.live:
            known = {(each.path, each.text) for each in found}
            running = differences(before.live, after.live)
            found += [replace(each, running_only=True) for each in running if (each.path, each.text) not in known]
        if after.live:
            runs = differences(before.live or before.persistent, after.live)
            as_it_runs = {(each.path, each.text) for each in runs}
            found = [
                each if each.running_only or (each.path, each.text) in as_it_runs else replace(each, next_start=True)
                for each in found
            ]
    else:
        one = before.live or before.persistent if after.live else before.persistent or before.live
        other = after.live or after.persistent if before.live else after.persistent or after.live
        if one and other:
            found += differences(one, other)
    return tuple(found)


def of_snapshot(text: str) -> Configuration | None:
    """The configurations in a ``<domainsnapshot>``; None where it holds none. Raises XmlError.

    A snapshot of an active machine holds the one that ran as ``<domain>`` and the other as ``<inactiveDomain>``.
    """
    domain = child(text, "domain")
    inactive = child(text, "inactiveDomain")
    if not domain:
        return None
    if inactive:
        renamed = re.sub(r"^<inactiveDomain\b", "<domain", inactive)
        return Configuration(re.sub(r"</inactiveDomain\s*>$", "</domain>", renamed), domain)
    return Configuration(persistent=domain)


def differences(before: str, after: str) -> tuple[Difference, ...]:
    """What differs between two ``<domain>`` documents. Raises XmlError."""
    one, other = _read(before), _read(after)
    one_live, other_live = one.get("id") is not None, other.get("id") is not None
    for root in (one, other):
        drop_noise(root)
        settle_sizes(root)
    settle_defaults(one, other)
    if one_live != other_live:
        settle_live(*((one, other) if one_live else (other, one)))
    found: list[Difference] = []
    _compare(one, other, _Place(), found)
    return tuple(found)


def _read(text: str) -> Element:
    parser = XMLParser(encoding="utf-8")  # noqa: S314 - without a document type there are no entities
    try:
        if "<!DOCTYPE" in text:
            raise XmlError(
                translate("Differences", "The machine’s XML has a document type, which libvirt never writes.")
            )
        parser.feed(text.encode())
        root = parser.close()
    except (ParseError, UnicodeEncodeError) as error:
        reason = translate("Differences", "The machine’s XML can’t be read: {reason}").format(reason=str(error))
        raise XmlError(reason) from error
    if root.tag != "domain":
        found = str(root.tag)[:80]
        raise XmlError(translate("Differences", "“{found}” is not the XML of a machine.").format(found=found))
    return root


_KEYS: Final = {  # what a thing is known by among its like, as paths below it
    "disk": (("target", "dev"),),
    "interface": (("mac", "address"),),
    "filesystem": (("target", "dir"),),
    "controller": (("", "type"), ("", "index")),
    "graphics": (("", "type"),),
    "channel": (("", "type"), ("target", "name")),
    "input": (("", "type"), ("", "bus")),
    "audio": (("", "id"),),
    "timer": (("", "name"),),
    "feature": (("", "name"),),
    "cell": (("", "id"),),
    "iothread": (("", "id"),),
    "vcpupin": (("", "vcpu"),),
    "seclabel": (("", "model"),),
}


_ORDERED: Final = frozenset({"boot", "initarg", "initenv", "arg"})  # whose order says something


class _Place(NamedTuple):
    """Where in the document: the path, and the device that it leads into."""

    path: tuple[str, ...] = ()
    subject: str = ""
    kind: str = ""


def _compare(one: Element, other: Element, place: _Place, found: list[Difference]) -> None:
    """Add what differs between two elements that are the same thing."""
    path = place.path

    def leaf(step: str, before: str | None, after: str | None) -> None:
        found.append(_leaf(place._replace(path=(*path, step) if step else path), before, after))

    for name in sorted(one.attrib.keys() | other.attrib.keys()):
        if one.get(name) != other.get(name):
            leaf("@" + local(name), one.get(name), other.get(name))
    if _said(one) != _said(other):
        leaf("", _said(one), _said(other))
    tags = dict.fromkeys([child.tag for child in one] + [child.tag for child in other])
    for tag in tags:
        ours, theirs = one.findall(tag), other.findall(tag)
        if local(tag) in _ORDERED:
            if [_canonical(each) for each in ours] != [_canonical(each) for each in theirs]:
                leaf(local(tag), *(", ".join(map(_values, each)) or None for each in (ours, theirs)))
        elif tag == "metadata":
            _compare_metadata(ours, theirs, (*path, tag), found)
        else:
            _compare_like(ours, theirs, place, found)


def _compare_like(ours: list[Element], theirs: list[Element], place: _Place, found: list[Difference]) -> None:
    """Match elements of one tag: by what they are known by, equal ones first, then in their order."""
    same = Counter(map(_canonical, ours)) & Counter(map(_canonical, theirs))
    ours, theirs = _without(ours, Counter(same)), _without(theirs, Counter(same))
    pairs: list[tuple[Element, Element]] = []
    for one in list(ours):
        match = next((other for other in theirs if _key(other) == _key(one)), None)
        if match is not None:
            pairs.append((one, match))
            ours.remove(one)
            theirs.remove(match)
    if len(ours) == len(theirs) == 1 and (not _key(ours[0]) or _alike(ours[0], theirs[0])):
        pairs.append((ours.pop(), theirs.pop()))
    for one, other in pairs:
        _compare(one, other, _below(one, place), found)
    found += [_whole(Change.REMOVED, one, place) for one in ours]
    found += [_whole(Change.ADDED, other, place) for other in theirs]


def _below(element: Element, place: _Place) -> _Place:
    key = " ".join(_key(element))
    path = (*place.path, f"{local(element.tag)}[{key}]" if key else local(element.tag))
    if place.path != ("devices",):
        return place._replace(path=path)
    drive = element.get("device") in ("cdrom", "floppy")
    return _Place(path, device_words(element, key), "drive" if drive else local(element.tag))


def _without(elements: list[Element], same: Counter[str]) -> list[Element]:
    left = []
    for element in elements:
        canonical = _canonical(element)
        if same[canonical]:
            same[canonical] -= 1
        else:
            left.append(element)
    return left


def _compare_metadata(
    ours: list[Element], theirs: list[Element], path: tuple[str, ...], found: list[Difference]
) -> None:
    """Metadata is other programs' own: told by its namespace."""
    one = {str(child.tag): _canonical(child) for each in ours for child in each}
    other = {str(child.tag): _canonical(child) for each in theirs for child in each}
    for tag in dict.fromkeys((*one, *other)):
        if one.get(tag) != other.get(tag):
            change = Change.ADDED if tag not in one else Change.REMOVED if tag not in other else Change.CHANGED
            text = {
                Change.ADDED: translate("Differences", "Metadata of another program added: {name}"),
                Change.REMOVED: translate("Differences", "Metadata of another program removed: {name}"),
                Change.CHANGED: translate("Differences", "Metadata of another program changed: {name}"),
            }[change].format(name=tag)
            found.append(Difference(change, text, "/".join((*path, tag))))


def _leaf(place: _Place, before: str | None, after: str | None) -> Difference:
    change = Change.ADDED if before is None else Change.REMOVED if after is None else Change.CHANGED
    words = leaf_words(Leaf(place.path, before, after, place.subject, place.kind))
    return Difference(change, words, "/".join(place.path))


def _whole(change: Change, element: Element, place: _Place) -> Difference:
    within = _below(element, place)
    if not element.attrib and len(element) == 0:  # a value, or no more than a mark
        yes, no = translate("Differences", "yes"), translate("Differences", "no")
        value = _said(element)
        before, after = (None, value) if value else (no, yes)
        if change is Change.REMOVED:
            before, after = after, before
        return replace(_leaf(within, before, after), change=change)
    words = whole_words(within.path, element, within.subject, added=change is Change.ADDED)
    return Difference(change, words, "/".join(within.path))


def _key(element: Element) -> tuple[str, ...]:
    parts = []
    for below, attribute in _KEYS.get(local(element.tag), ()):
        holder = element.find(below) if below else element
        parts.append("" if holder is None else holder.get(attribute, ""))
    return tuple(parts) if any(parts) else ()


def _alike(one: Element, other: Element) -> bool:
    """Whether two things have more in common than not: then one became the other."""
    ours, theirs = Counter(_leaves(one)), Counter(_leaves(other))
    return 2 * (ours & theirs).total() >= max(ours.total(), theirs.total())


def _leaves(element: Element, path: str = "") -> Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        yield f"{path}@{name}", value
    if _said(element) or (not element.attrib and len(element) == 0):
        yield path, _said(element)
    for each in element:
        yield from _leaves(each, f"{path}/{each.tag}")


def _said(element: Element) -> str:
    """An element's own text; layout is none."""
    text = element.text or ""
    if text.strip():
        return text if len(element) == 0 else text.strip()
    return ""


def _canonical(element: Element) -> str:
    """The same for two elements that say the same, in whatever order."""
    below = [_canonical(child) for child in element]
    if not any(local(child.tag) in _ORDERED for child in element):
        below.sort()
    return repr((element.tag, sorted(element.attrib.items()), _said(element), below))


def _values(element: Element) -> str:
    return " ".join((*element.attrib.values(), _said(element))).strip()
