"""Names of files for snapshots, whatever those are called."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from itertools import count
from typing import Final

_SUFFIX: Final = ".xml"
_LONGEST: Final = 255 - len(_SUFFIX) - len("-9999999")  # bytes: file systems of Linux, with room for a number
# What Linux, Windows or a FAT stick can't have in a name, and what a terminal or a file manager would misread.
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]')
_FALLBACK: Final = "snapshot"


def file_names(names: Iterable[str]) -> dict[str, str]:
    """A file name for each snapshot's name: no two the same, not even where case does not count. In linear time."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    numbers: dict[str, int] = {}
    for name in names:
        stem = safe_stem(name)
        first = numbers.get(_folded(stem), 1)
        for number in count(first):
            file_name = stem + (f"-{number}" if number > 1 else "") + _SUFFIX
            if _folded(file_name) not in taken:
                break
        numbers[_folded(stem)] = number + 1
        taken.add(_folded(file_name))
        found[name] = file_name
    return found


def safe_stem(name: str) -> str:
    """The name as a file can have it, without a suffix."""
    text = _UNSAFE.sub("_", name.encode(errors="replace").decode())
    text = text.strip(" .") or _FALLBACK
    if text.startswith("-"):  # else every command would take the file for an option
        text = f"_{text}"
    return text.encode()[:_LONGEST].decode(errors="ignore").rstrip(" .") or _FALLBACK


def free_name(stem: str, taken: Collection[str]) -> str:
    """The stem, or the stem with the first number that makes it free."""
    known = {_folded(name) for name in taken}
    names = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
    return next(name for name in names if _folded(name) not in known)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
