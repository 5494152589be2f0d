"""Passwords in libvirt's XML: kept out of sight without being lost.

What libvirt gives only with its flag for security-sensitive XML: the passwords of VNC and SPICE, and the cookies that a
disk on a web server is read with (https://libvirt.org/formatdomain.html).
"""

import re
from dataclasses import dataclass
from itertools import count

_SECRET = re.compile(
    r"""(?P<before>\bpasswd\s*=\s*")(?P<value>[^"<]+)(?=")"""
    r"""|(?P<before1>\bpasswd\s*=\s*')(?P<value1>[^'<]+)(?=')"""
    r"""|(?P<before2><cookie\s+name\s*=[^<>]*(?<!/)>)(?P<value2>[^<]+)(?=</cookie)"""
)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A text with words in its passwords' place, and each password by its word."""

    text: str
    values: tuple[tuple[str, str], ...]


def hide(xml: str, first: int = 1) -> Hidden:
    """The XML without its passwords. The words in their place are such as the XML does not have, from ``first`` on."""
    stem = next(stem for n in count() if (stem := "hidden" + "-" * n) + "(" not in xml)
    found: list[tuple[str, str]] = []

    def word(match: re.Match[str]) -> str:
        before, value = _parts(match)
        found.append((f"{stem}({len(found) + first})", value))
        return before + found[-1][0]

    return Hidden(_SECRET.sub(word, xml), tuple(found))


def reveal(text: str, values: tuple[tuple[str, str], ...]) -> str:
    """The text with the passwords of ``hide`` where their words still stand; a word may have been moved or gone."""
    known = dict(values)

    def value(match: re.Match[str]) -> str:
        before, word = _parts(match)
        return before + known.get(word, word)

    return _SECRET.sub(value, text) if known else text


def count_in(xml: str) -> int:
    """How many passwords it has."""
    return sum(1 for _ in _SECRET.finditer(xml))


def mask(xml: str) -> str:
    """The XML with stars for every password, for showing only."""
    return _SECRET.sub(lambda match: _parts(match)[0] + "********", xml)


def _parts(match: re.Match[str]) -> tuple[str, str]:
    for before, value in (("before", "value"), ("before1", "value1"), ("before2", "value2")):
        if match[before] is not None:
            return match[before], match[value]
    raise AssertionError(match)
