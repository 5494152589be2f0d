"""Figures, times and texts from outside, in English and in Japanese."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale

from snapgui.models.format import (
    clock_text,
    duration_text,
    first_line,
    natural_key,
    one_line,
    relative_text,
    size_text,
    time_text,
    tooltip,
)


@pytest.fixture(params=["en_US", "ja_JP"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    """Qt's locale, for one test."""
    before = QLocale()
    QLocale.setDefault(QLocale(request.param))
    yield request.param
    QLocale.setDefault(before)


def test_sizes_have_iec_units(language: str) -> None:
    none = {"en_US": "0 bytes", "ja_JP": "0 バイト"}
    assert [size_text(size) for size in (0, 1024, 543 * 2**20, 3 * 2**40)] == [
        none[language],
        "1.0 KiB",
        "543.0 MiB",
        "3.0 TiB",
    ]


def test_times_are_as_the_language_writes_them(language: str) -> None:
    assert time_text(1_794_312_000).startswith({"en_US": "11/10/26", "ja_JP": "2026/11/10"}[language])


def test_times_are_those_of_the_users_clock() -> None:
    shown = time_text(1_794_312_000)  # noon in Greenwich, and the tests live in Japan
    assert "9:00:00" in shown
    assert shown.endswith("PM")


def test_two_moments_of_a_minute_look_different_in_every_language() -> None:
    before = QLocale()
    for locale in QLocale.matchingLocales(
        QLocale.Language.AnyLanguage, QLocale.Script.AnyScript, QLocale.Country.AnyCountry
    ):
        QLocale.setDefault(locale)
        assert time_text(1_794_312_001) != time_text(1_794_312_002), locale.name()
        assert clock_text(1_794_312_001, 1_794_312_001) != clock_text(1_794_312_002, 1_794_312_002), locale.name()
    QLocale.setDefault(before)


def test_a_time_of_day_has_the_date_only_on_another_day(language: str) -> None:
    noon = 1_794_312_000
    short, full = clock_text(noon, noon), clock_text(noon, noon + 2 * 86400)
    assert full == time_text(noon)
    assert full.endswith(short)
    assert len(short) < len(full), language


@pytest.mark.parametrize(
    ("ago", "text"),
    [
        (-3600, "in the future"),
        (-5, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (3 * 86400, "3 days ago"),
        (65 * 86400, "2 months ago"),
        (800 * 86400, "2 years ago"),
    ],
)
def test_relative_times(ago: int, text: str) -> None:
    assert relative_text(1_000_000_000 - ago, 1_000_000_000) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0.0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (59.7, "1 min 0 s"), (75, "1 min 15 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_names_sort_as_a_person_would(language: str) -> None:
    assert language
    assert sorted(["b", "a10", "a2", "A3", "Z"], key=natural_key) == ["a2", "A3", "a10", "b", "Z"]
    endless = "b9" + "9" * 10_000
    assert sorted([endless, "07b", "猫2", "7", "b10", "", "-1"], key=natural_key) == [
        "",
        "7",
        "07b",
        "-1",
        "b10",
        endless,
        "猫2",
    ]


def test_texts_from_outside_fit_a_cell() -> None:
    assert one_line("a\r\n  b\u2028c\td") == "a↵b↵c\td"
    assert len(one_line("x" * 1_000_000)) < 400
    assert first_line("\n\n  first \n second") == "first"
    assert one_line("plain") == "plain"
    assert one_line("\u05e9\u05dc") == "\u2068\u05e9\u05dc\u2069"
    assert one_line("\u2067open") == "\u2068\u2067open\u2069\u2069"


def test_tooltips_show_markup_as_text() -> None:
    shown = tooltip("<img src='x'>", "", "a & b")
    assert "<img" not in shown
    assert shown.count("<p") == 2
    assert "a &amp; b" in shown
    assert tooltip("") == ""


def test_a_size_that_no_machine_has_is_shown_and_breaks_nothing() -> None:
    assert size_text(2**64 - 1) == size_text(2**63 - 1) == "8.0 EiB"
