"""Files of this computer: whatever they are, they are read or refused, and written whole or not at all."""

import os
from pathlib import Path

import pytest

from snapgui.core.errors import Problem
from snapgui.jobs.files import read_xml, write_file, write_folder


def test_a_file_is_read_and_its_name_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a 😀.xml"
    path.write_text("<a/>")
    found = read_xml(str(path))
    assert (found.name, found.text, found.why) == ("a 😀.xml", "<a/>", "")


def test_a_name_that_is_not_utf_8_is_read_and_can_be_shown(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.xml"
    Path(os.fsdecode(path)).write_text("<a/>")
    found = read_xml(os.fsdecode(path))
    assert found.text == "<a/>"
    assert found.name.encode()


def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "nothing", Path("/dev/zero")):
        assert read_xml(str(path)).why
    assert read_xml("a\0b").why


def test_a_file_that_is_far_too_long_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "long"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert "4 MiB" in read_xml(str(path)).why


def test_a_folder_is_written_with_a_free_name(tmp_path: Path) -> None:
    texts = {"a.xml": "<a/>", "b.xml": "<b/>"}
    first = write_folder(str(tmp_path), "pisces", texts, private=False)
    second = write_folder(str(tmp_path), "pisces", texts, private=True)
    assert (first, second) == (str(tmp_path / "pisces"), str(tmp_path / "pisces-2"))
    for folder in (tmp_path / "pisces", tmp_path / "pisces-2"):
        assert {path.name: path.read_text() for path in folder.iterdir()} == texts
    assert (tmp_path / "pisces-2").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "pisces-2").iterdir()} == {0o600}
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("bad", ["x" * 300, "a\0b"])
def test_where_one_file_can_not_be_written_none_is(tmp_path: Path, bad: str) -> None:
    problem = write_folder(str(tmp_path), "pisces", {"a.xml": "<a/>", bad: "<b/>"}, private=False)
    assert isinstance(problem, Problem)
    assert problem.why
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_of_a_failure_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("before")
    assert isinstance(write_file(str(path), "\ud800", private=False), Problem)
    assert path.read_text() == "before"
    assert isinstance(write_file("/nonexistent/a.xml", "x", private=False), Problem)
    assert write_file(str(path), "after", private=True) == str(path)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("after", 0o600)
    assert list(tmp_path.iterdir()) == [path]
