"""Names for new snapshots, from a template."""

import re
from collections.abc import Collection
from datetime import datetime
from itertools import count
from typing import Final

from snapgui.core.rules.naming import LONGEST, portable
from snapgui.core.xml.document import can_carry

_FIELD: Final = re.compile(r"\{(machine|date|time)\}")
_NUMBER: Final = "{n}"
_FALLBACK: Final = "snapshot"
_LONGEST_MACHINE: Final = 128  # so that the rest of a template is not what is cut away


def expand(template: str, machine: str, taken: Collection[str], now: datetime) -> str:
    """A name that is not taken and that ``check_name`` accepts.

    The fields are {machine}, {date}, {time} and {n}, the first number from 1 that makes the name free; without {n}, a
    name that is taken gets a number behind it. Anything else in braces stays as it is. The machine's name goes in with
    only the characters that a running QEMU accepts.
    """
    fields = {
        "machine": portable(machine)[:_LONGEST_MACHINE],
        "date": now.strftime("%Y-%m-%d"),
        "time": now.strftime("%H-%M-%S"),
    }
    text = _FIELD.sub(lambda found: fields[found[1]], template)
    known = set(taken)
    first = 1
    if _NUMBER not in text:
        name = _allowed(text, "", "")
        if name not in known:
            return name
        text, first = f"{name}-{_NUMBER}", 2
    head, _, tail = text.rpartition(_NUMBER)
    names = (_allowed(head.replace(_NUMBER, str(n)), str(n), tail) for n in count(first))
    return next(name for name in names if name not in known)


def _allowed(head: str, number: str, tail: str) -> str:
    """The three in one name; what no name can have is left out, and the head is cut where they are too long."""
    tail = _cut(_clean(tail), LONGEST // 2)
    head = _cut(_clean(head).lstrip(". "), LONGEST - len(number) - len(tail.encode()) - len(_FALLBACK) - 1)
    name = f"{head}{number}{tail}".lstrip(".")
    if not name.strip():
        return _FALLBACK
    return f"{_FALLBACK}-{name}" if name.isdigit() else name


def _clean(text: str) -> str:
    return "".join(letter for letter in text.replace("/", "-") if letter >= " " and can_carry(letter))


def _cut(text: str, size: int) -> str:
    """The beginning of a text, in at most that many bytes of UTF-8."""
    return text.encode()[: max(size, 0)].decode(errors="ignore")
