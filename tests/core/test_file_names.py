"""Files for snapshots of any name."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapgui.core.file_names import file_names, free_name

NAMES = (
    ".hidden",
    "..",
    "a\nb",
    "x" * 247,
    "😀" * 61,
    "A",
    "a",
    "Ä",
    "a\u0308",
    "-rf",
    "a/b",
    "CON:",
    " ",
    "\ud800",
    "a.xml",
)


def test_any_names_make_files_side_by_side(tmp_path: Path) -> None:
    found = file_names(NAMES)
    for file_name in found.values():
        (tmp_path / file_name).write_text("x")
        assert not file_name.startswith((".", "-"))
        assert "\n" not in file_name
    assert len(list(tmp_path.iterdir())) == len(NAMES)
    assert found["A"] == "A.xml"
    assert found["a"] == "a-2.xml"


@given(st.lists(st.text(max_size=300), unique=True, max_size=8))
def test_every_name_makes_a_name_that_a_file_system_takes(names: list[str]) -> None:
    found = list(file_names(names).values())
    assert len({name.casefold() for name in found}) == len(names)
    for name in found:
        assert 0 < len(name.encode()) <= 255
        assert "/" not in name
        assert "\0" not in name
        assert name.endswith(".xml")


def test_very_many_alike_do_not_take_long() -> None:
    began = time.perf_counter()
    assert len(set(file_names("?" * n for n in range(1, 3000)).values())) == 2999
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(("taken", "free"), [((), "x"), (("X",), "x-2"), (("x", "x-2"), "x-3")])
def test_a_folder_gets_a_free_name(taken: tuple[str, ...], free: str) -> None:
    assert free_name("x", taken) == free
