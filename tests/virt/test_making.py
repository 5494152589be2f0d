"""Files are made whole or not at all, by real programs, and never over one that is there."""

import os
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from snapgui.core import virsh
from snapgui.core.errors import SnapguiError
from snapgui.core.errors.programs import explain_program
from snapgui.core.plan import Call, Step
from snapgui.core.records import DomainId
from snapgui.virt.making import Work

DOMAIN = DomainId("qemu:///system", "6695eb01-f6a4-8304-79aa-97f2502e193f")


def step(
    call: Call, path: Path | str = "", *program: object, source: Path | str = "", text: str = "", size: int = 0
) -> Step:
    words = tuple(map(str, program))
    return Step(call, DOMAIN, "pisces", xml=text, path=str(path), source=str(source), program=words, bytes=size)


def make(made: Step) -> None:
    Work(made, "Writing it").run()


def refused(made: Step) -> str:
    with pytest.raises(SnapguiError) as caught:
        make(made)
    assert caught.value.problem.tried == "Writing it"
    return caught.value.problem.why


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "from" / "it's.qcow2"
    path.parent.mkdir()
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "64M"], check=True)
    subprocess.run(["qemu-io", "-c", "write -P 7 1M 20M", path], check=True, stdout=subprocess.DEVNULL)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "to"
    path.mkdir()
    return path


def convert(image: Path, path: Path, *words: str) -> Step:
    return step(Call.PROGRAM, path, "qemu-img", "convert", "-p", *words, "-O", "qcow2", image, path)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_program_makes_a_file_that_only_its_owner_reads(image: Path, folder: Path) -> None:
    path = folder / "a\nb"
    make(convert(image, path))
    assert names(folder) == ["a\nb"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert subprocess.run(["qemu-img", "compare", "-q", image, path], check=False).returncode == 0


def test_a_shell_makes_the_same_of_the_command_line(image: Path, folder: Path) -> None:
    line = virsh.command(convert(image, folder / "it's new"))
    assert subprocess.run(["sh", "-c", line], check=False, stdout=subprocess.DEVNULL).returncode == 0
    assert subprocess.run(["qemu-img", "compare", "-q", image, folder / "it's new"], check=False).returncode == 0
    before = (folder / "it's new").stat().st_ino
    assert subprocess.run(["sh", "-c", line], check=False, stdout=subprocess.DEVNULL).returncode != 0
    assert (folder / "it's new").stat().st_ino == before
    text = step(Call.FILE_WRITE, folder / "text", text="<a>\nXML\n</a>")
    moved = step(Call.MOVE, folder / "made/text", source=folder / "text")
    for each in (text, step(Call.FOLDER_MAKE, folder / "made"), moved):
        subprocess.run(["sh", "-c", virsh.command(each, secrets=True)], check=True)
    assert (folder / "made/text").read_text() == "<a>\nXML\n</a>\n"
    subprocess.run(["sh", "-c", virsh.command(step(Call.REMOVE, folder / "made"))], check=True)
    assert names(folder) == ["it's new"]


def test_what_a_program_prints_becomes_a_file(folder: Path) -> None:
    (folder / "a").write_text("x")
    sums = step(Call.PROGRAM, folder / "sums", "env", f"--chdir={folder}", "sha256sum", "a")
    make(sums)
    by_us = (folder / "sums").read_text()
    assert by_us.endswith("  a\n")
    (folder / "sums").unlink()
    subprocess.run(["sh", "-c", virsh.command(sums)], check=True)
    assert (folder / "sums").read_text() == by_us
    (folder / "sums").unlink()
    assert "none" in refused(step(Call.PROGRAM, folder / "sums", "sha256sum", "--", folder / "none"))
    assert names(folder) == ["a"]


@pytest.mark.parametrize("there", ["a file", "a folder", "a dangling link"])
def test_what_is_there_is_never_replaced(image: Path, folder: Path, there: str) -> None:
    path = folder / "new"
    match there:
        case "a file":
            path.write_text("mine")
        case "a folder":
            path.mkdir()
        case _:
            path.symlink_to(folder / "nowhere")
    about = path.lstat()
    (folder / "part").mkdir()
    for made in (
        convert(image, path),
        step(Call.FILE_WRITE, path, text="x"),
        step(Call.FOLDER_MAKE, path),
        step(Call.MOVE, path, source=folder / "part"),
        step(Call.MOVE, path, source=image),
    ):
        assert refused(made) == f"{path} is there already, and nothing is replaced."
    assert (path.lstat().st_ino, path.lstat().st_mtime_ns) == (about.st_ino, about.st_mtime_ns)
    assert names(folder) == ["new", "part"]
    assert image.exists()


def test_why_it_failed_is_said_in_plain_words_and_nothing_is_left(image: Path, folder: Path) -> None:
    new = folder / "new"
    assert refused(convert(folder / "none", new)) == f"{folder}/none is not there."
    assert refused(convert(image, folder / "none" / "new")) == f"There is no folder for {folder}/none/new."
    assert refused(convert(image, new, "-l", "snapshot.name=gone")) == "The image does not hold the snapshot."
    assert refused(step(Call.PROGRAM, new, "no-such-program")) == "The program no-such-program is not on this computer."
    other = folder / "other"
    make(convert(image, other))
    subprocess.run(["qemu-io", "-c", "write 0 1M", other], check=True, stdout=subprocess.DEVNULL)
    compare = step(Call.PROGRAM, "", "qemu-img", "compare", image, other)
    assert refused(compare) == "The copy does not hold the same as the original."
    holder = subprocess.Popen(["qemu-io", other], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.read(1)  # its prompt: the image is open
        assert "Another program is working with an image" in refused(convert(other, new))
    finally:
        holder.communicate(b"quit\n")
    assert names(folder) == ["other"]


def _spoil(image: Path, *, compressed: bool) -> None:
    """Of the first cluster that holds data, what the image's tables say of it, or what it holds."""
    words = image.read_bytes()
    (level_one,) = struct.unpack_from(">Q", words, 40)
    level_two = struct.unpack_from(">Q", words, level_one)[0] & 0x00FF_FFFF_FFFF_FE00
    place = level_two + 8 * 16  # at 1 MiB
    (entry,) = struct.unpack_from(">Q", words, place)
    with image.open("r+b") as file:
        file.seek(entry & (1 << 54) - 1 if compressed else place)
        file.write(bytes([255] * 64) if compressed else struct.pack(">Q", entry | 0x200))


def test_an_image_that_can_t_be_read_is_not_blamed_on_the_disk_alone(image: Path, folder: Path) -> None:
    """QEMU calls both an input/output error; of its own tables it says before that it is they."""
    small = folder / "small"
    make(convert(image, small, "-c"))
    _spoil(small, compressed=True)
    both = f"qemu-img could not read all of {small}: the image is damaged, or the disk that it is on."
    assert refused(convert(small, folder / "new")) == both
    assert refused(step(Call.PROGRAM, "", "qemu-img", "compare", image, small)) == both
    _spoil(image, compressed=False)
    with pytest.raises(SnapguiError) as caught:
        make(convert(image, folder / "new"))
    problem = caught.value.problem
    assert problem.why == f"qemu-img could not read all of {image}: that, or an image below it, is damaged."
    assert "qemu-img check" in problem.remedy
    assert "Input/output error" in problem.raw
    assert names(folder) == ["small"]


def test_a_disk_that_can_t_be_written_is_blamed() -> None:
    said = "qemu-img: error while writing at byte 0: Input/output error"
    problem = explain_program(("qemu-img", "convert", "/a", "/b"), 1, said, "Writing it")
    assert problem.why == "A disk of this computer could not be read or written."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_said(image: Path, folder: Path) -> None:
    folder.chmod(0o500)
    assert refused(convert(image, folder / "new")) == f"You may not write {folder}/new."


def test_a_copy_tells_how_far_it_is_and_is_gone_once_cancelled(image: Path, folder: Path) -> None:
    # The pace is given, so that there is a middle.
    slow = Work(convert(image, folder / "new", "-r", "4M"), "Writing it")
    told: list[SnapguiError] = []

    def run() -> None:
        try:
            slow.run()
        except SnapguiError as error:
            told.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 20
    while not slow.progress and time.monotonic() < deadline:
        time.sleep(0.01)
    assert slow.progress is not None
    assert 0 < slow.progress < 1
    assert len(names(folder)) == 1
    assert names(folder)[0].endswith(".part")
    slow.end()
    thread.join(10)
    assert [error.problem.why for error in told] == ["It was cancelled."]
    assert names(folder) == []


def test_a_program_that_reads_tells_how_far_it_is(folder: Path) -> None:
    large = folder / "large"
    large.touch()
    os.truncate(large, 4 << 30)
    work = Work(step(Call.PROGRAM, folder / "sums", "sha256sum", large, size=4 << 30), "Writing it")

    def run() -> None:
        with pytest.raises(SnapguiError, match="cancelled"):
            work.run()

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 20
    while not work.progress and time.monotonic() < deadline:
        time.sleep(0.01)
    work.end()
    thread.join(10)
    assert work.progress is not None
    assert 0 < work.progress < 1
    assert names(folder) == ["large"]


def test_a_step_that_is_ended_before_it_begins_does_nothing(image: Path, folder: Path) -> None:
    work = Work(convert(image, folder / "new"), "Writing it")
    work.end()
    with pytest.raises(SnapguiError, match="cancelled"):
        work.run()
    assert names(folder) == []


def test_folders_are_made_and_moved_and_removed(folder: Path) -> None:
    make(step(Call.FOLDER_MAKE, folder / ".a"))
    make(step(Call.FILE_WRITE, folder / ".a" / "text", text="ä\r\n"))
    make(step(Call.MOVE, folder / "a", source=folder / ".a"))
    assert names(folder) == ["a"]
    assert (folder / "a").stat().st_mode & 0o777 == 0o700
    assert (folder / "a" / "text").read_bytes() == "ä\r\n".encode()
    make(step(Call.REMOVE, folder / "a"))
    make(step(Call.REMOVE, folder / "a"))
    assert names(folder) == []
