"""Translatable text for every layer, without importing Qt.

``translate`` has the signature of ``QCoreApplication.translate`` so that lupdate finds the strings. The application
installs Qt's own function at start; without it, the English source is shown.
"""

import re
from collections.abc import Callable

Translator = Callable[[str, str, str, int], str]

_OPTIONAL_ENDING = re.compile(r"\((\w{1,4})\)")


def _source(_context: str, text: str, _comment: str, _n: int) -> str:
    return text


_translator: Translator = _source


def install(translator: Translator) -> None:
    """Make ``translator`` answer every later ``translate``."""
    global _translator  # noqa: PLW0603 - one language per process, chosen once at start
    _translator = translator


def translate(context: str, text: str, comment: str = "", n: int = -1) -> str:
    """The text in the user's language.

    With ``n`` >= 0, ``%n`` stands for that number, and an ending in brackets is the English plural:
    ``"%n snapshot(s)"`` gives "1 snapshot" and "3 snapshots". The caller puts other values in with ``str.format``.
    """
    found = _translator(context, text, comment, n)
    if n < 0:
        return found
    if found in (text, text.replace("%n", str(n))):
        found = _OPTIONAL_ENDING.sub("" if n == 1 else r"\1", found)
    return found.replace("%n", str(n))
