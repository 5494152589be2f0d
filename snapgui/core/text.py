"""Translatable text for every layer, without importing Qt.

``translate`` has the signature of ``QCoreApplication.translate`` so that lupdate finds the strings. The application
installs Qt's own function at start; without it, the English source is shown.
"""

import re
from collections.abc import Callable

Translator = Callable[[str, str, str, int], str]
SizeWriter = Callable[[int], str]

_ONE_OR_MANY = re.compile(r"\[(\w*)\|(\w*)\]")
_OPTIONAL_ENDING = re.compile(r"\((\w{1,4})\)")


def _source(_context: str, text: str, _comment: str, _n: int) -> str:
    return text


_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")


def _plain_size(size: int) -> str:
    power = max(size.bit_length() - 1, 0) // 10
    return f"{size} bytes" if not power else f"{size / 1024**power:.1f} {_UNITS[power]}"


_translator: Translator = _source
_size_writer: SizeWriter = _plain_size


def install(translator: Translator, size_writer: SizeWriter) -> None:
    """Make ``translator`` answer every later ``translate``, and ``size_writer`` every later ``size_text``."""
    global _translator, _size_writer
    _translator, _size_writer = translator, size_writer


def size_text(size: int) -> str:
    """Bytes for a sentence, as the views write them: "543.2 MiB"."""
    return _size_writer(size)


def translate(context: str, text: str, comment: str = "", n: int = -1) -> str:
    """The text in the user's language.

    With ``n`` >= 0, ``%n`` stands for that number, and an ending in brackets is the English plural:
    ``"%n snapshot(s) [goes|go]"`` gives "1 snapshot goes" and "3 snapshots go". The caller puts other values in with
    ``str.format``.
    """
    found = _translator(context, text, comment, n)
    if n < 0:
        return found
    if found in (text, text.replace("%n", str(n))):
        found = _ONE_OR_MANY.sub(r"\1" if n == 1 else r"\2", found)
        found = _OPTIONAL_ENDING.sub("" if n == 1 else r"\1", found)
    return found.replace("%n", str(n))
