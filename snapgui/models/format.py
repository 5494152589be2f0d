"""Figures and texts from outside as the user's language and a table's cell want them."""

import re
from functools import lru_cache
from locale import strxfrm

from PySide6.QtCore import QDateTime, QLocale

from snapgui.core.text import translate

_MINUTE = 60
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_MONTH = 30 * _DAY
_YEAR = 365 * _DAY

_LARGEST = 2**63 - 1
_UNIT_BITS = 10  # from one IEC unit to the next
_CELL_LENGTH = 300  # characters: no cell is as wide, and drawing a text of a megabyte takes seconds
_TOOLTIP_LENGTH = 2000

_DIGITS = re.compile(r"(\d{1,200})")
_BREAKS = re.compile(r"[ \t]*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+[ \t]*")
# Right-to-left scripts, and the characters that embed, override, isolate or mark a direction.
_BIDI = re.compile(
    "[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
# In QLocale's formats of times:
_MINUTES = re.compile(r"(?<=[Hh])([:.])mm")
_QUOTED_OR_ZONE = re.compile(r"('[^']*')|\s*\(?\bt+\b\)?")
_ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})  # in a rich text
_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def size_text(size: int) -> str:
    """Bytes as "543.2 MiB". A damaged image can claim more than Qt can count: the largest that it can is shown then."""
    return QLocale().formattedDataSize(min(size, _LARGEST), 1, QLocale.DataSizeFormat.DataSizeIecFormat)


def round_size_text(size: int) -> str:
    """Bytes in the largest unit that they fill, with no more decimals than they need: "0", "128 MiB", "1.5 GiB"."""
    if size == 0:
        return QLocale().toString(0)
    unit = 1 << (max(0, size.bit_length() - 1) // _UNIT_BITS * _UNIT_BITS)
    decimals = next((digits for digits in range(3) if size * 10**digits % unit == 0), 3)
    return QLocale().formattedDataSize(min(size, _LARGEST), decimals, QLocale.DataSizeFormat.DataSizeIecFormat)


def time_text(epoch: float) -> str:
    """Seconds since the epoch as a short local date and time, to the second: two snapshots of a minute differ."""
    locale = QLocale()
    return locale.toString(_local(epoch), " ".join(_formats(locale.name())))


def clock_text(epoch: float, now: float) -> str:
    """Seconds since the epoch as a local time of day; with the date where that is not the day of ``now``."""
    if _local(epoch).date() != _local(now).date():
        return time_text(epoch)
    locale = QLocale()
    return locale.toString(_local(epoch), _formats(locale.name())[1])


def full_time_text(epoch: float) -> str:
    """Seconds since the epoch as a full local date and time, to the second."""
    return QLocale().toString(_local(epoch), QLocale.FormatType.LongFormat)


def relative_text(epoch: float, now: float) -> str:
    """How long before ``now`` that was: "3 days ago". Both in seconds since the epoch."""
    ago = int(now - epoch)
    if ago < -_MINUTE:
        text = translate("Time", "in the future")
    elif ago < _MINUTE:
        text = translate("Time", "just now")
    elif ago < _HOUR:
        text = translate("Time", "%n minute(s) ago", "", ago // _MINUTE)
    elif ago < _DAY:
        text = translate("Time", "%n hour(s) ago", "", ago // _HOUR)
    elif ago < _MONTH:
        text = translate("Time", "%n day(s) ago", "", ago // _DAY)
    elif ago < _YEAR:
        text = translate("Time", "%n month(s) ago", "", ago // _MONTH)
    else:
        text = translate("Time", "%n year(s) ago", "", ago // _YEAR)
    return text


def duration_text(seconds: float) -> str:
    """A duration as "0.4 s", "12 s", "3 min 5 s" or "2 h 5 min"."""
    locale = QLocale()
    if seconds < 9.95:  # noqa: PLR2004 - below, a tenth is worth reading
        return translate("Time", "{seconds} s").format(seconds=locale.toString(max(float(seconds), 0.0), "f", 1))
    whole = round(seconds)
    if whole < _MINUTE:
        return translate("Time", "{seconds} s").format(seconds=locale.toString(whole))
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return translate("Time", "{minutes} min {seconds} s").format(
            minutes=locale.toString(minutes), seconds=locale.toString(rest)
        )
    hours, rest = divmod(whole // _MINUTE, 60)
    return translate("Time", "{hours} h {minutes} min").format(
        hours=locale.toString(hours), minutes=locale.toString(rest)
    )


def one_line(text: str) -> str:
    """A name for a cell: line breaks shown, and no direction in it that changes the text around it."""
    text = _BREAKS.sub("↵", text)
    if len(text) > _CELL_LENGTH:
        text = text[:_CELL_LENGTH] + "…"
    return _isolated(text) if _BIDI.search(text) else text


def first_line(text: str) -> str:
    """A description for a cell: its first line that says something."""
    return one_line(text.strip().split("\n", 1)[0].rstrip())


def tooltip(*texts: str) -> str:
    """Plain texts as the paragraphs of a tooltip; "" without any.

    Always rich text: what Qt takes for HTML is shown as it is, and long lines wrap.
    """
    shown = (text if len(text) <= _TOOLTIP_LENGTH else text[:_TOOLTIP_LENGTH] + "…" for text in texts if text)
    return "".join(f'<p style="white-space: pre-wrap">{text.translate(_ESCAPED)}</p>' for text in shown)


def listed(*texts: str) -> str:
    """The texts that say something, as one that a screen reader reads with pauses."""
    return translate("Facts", ", ", "between the facts that a screen reader reads").join(filter(None, texts))


@lru_cache(maxsize=1 << 15)  # the names of 10,000 snapshots are sorted again and again
def natural_key(text: str) -> tuple[str | int, ...]:
    """What to sort texts by as a person would in the user's language: "a2" before "A10".

    The C library knows the language's order, as QApplication has set it; QCollator would bring 2.4 MB of ICU along.
    """
    parts = _DIGITS.split(text.casefold())  # texts and numbers take turns
    return tuple(int(part) if place % 2 else strxfrm(part) for place, part in enumerate(parts))


@lru_cache(maxsize=1)
def _formats(locale: str) -> tuple[str, str]:
    """A locale's short date, and its time to the second: its short one has no seconds, its long one names the zone."""
    known = QLocale(locale)
    time, done = _MINUTES.subn(r"\g<0>\1ss", known.timeFormat(QLocale.FormatType.ShortFormat))
    if not done:
        time = _QUOTED_OR_ZONE.sub(r"\1", known.timeFormat(QLocale.FormatType.LongFormat)).strip()
    return known.dateFormat(QLocale.FormatType.ShortFormat), time


def _local(epoch: float) -> QDateTime:
    return QDateTime.fromSecsSinceEpoch(int(epoch))


def _isolated(text: str) -> str:
    """The text between FSI and PDI (Unicode's UAX 9), every isolate inside closed and none closed that isn't open."""
    depth = 0
    kept: list[str] = []
    for character in text:
        if character in "\u2066\u2067\u2068":
            depth += 1
        elif character == _POP_ISOLATE:
            if not depth:
                continue
            depth -= 1
        kept.append(character)
    return _ISOLATE + "".join(kept) + _POP_ISOLATE * (depth + 1)
