"""A smaller image takes the place of another: at once, only while nobody works with that, and for the same people."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from snapgui.core import virsh
from snapgui.core.errors import SnapguiError
from snapgui.core.plan import Call, Step
from snapgui.core.records import DomainId
from snapgui.virt.making import Work


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An image that takes more than it needs."""
    path = tmp_path / "it's old.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "64M"], check=True)
    for byte in (7, 0):
        subprocess.run(["qemu-io", "-c", f"write -P {byte} 1M 20M", path], check=True, stdout=subprocess.DEVNULL)
    path.chmod(0o640)
    return path


@pytest.fixture
def new(old: Path) -> Path:
    """A copy of it that takes no more."""
    path = old.with_name("new")
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", old, path], check=True)
    path.chmod(0o600)
    return path


def _step(new: Path, old: Path) -> Step:
    return Step(Call.REPLACE, DomainId("qemu:///system", "u"), "pisces", path=str(old), source=str(new))


def _refused(new: Path, old: Path) -> str:
    before = old.read_bytes()
    with pytest.raises(SnapguiError) as caught:
        Work(_step(new, old), "Replacing").run()
    assert old.read_bytes() == before
    assert new.exists()
    return caught.value.problem.why


def test_the_copy_takes_its_place_for_the_same_people(old: Path, new: Path) -> None:
    made = new.stat().st_ino
    Work(_step(new, old), "Replacing").run()
    assert (old.stat().st_ino, old.stat().st_mode & 0o777) == (made, 0o640)
    assert not new.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_its_owner_stays_its_owner(old: Path, new: Path) -> None:
    os.chown(old, 12345, 54321)
    Work(_step(new, old), "Replacing").run()
    assert (old.stat().st_uid, old.stat().st_gid) == (12345, 54321)


@pytest.mark.parametrize("way", ["to write", "to read"])
def test_an_image_that_qemu_has_open_stays(old: Path, new: Path, way: str) -> None:
    words = ["qemu-io", *(["-r"] if way == "to read" else []), str(old)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as qemu:
        assert qemu.stdin is not None
        assert qemu.stdout is not None
        qemu.stdin.write("length\n")
        qemu.stdin.flush()
        qemu.stdout.readline()  # it is open by now
        assert "Another program is working with" in _refused(new, old)
        qemu.stdin.close()
        qemu.wait(20)
    Work(_step(new, old), "Replacing").run()


def test_an_image_that_has_been_written_to_since_stays(old: Path, new: Path) -> None:
    later = time.time() + 5
    os.utime(old, (later, later))
    assert "has been written to meanwhile" in _refused(new, old)


def test_a_copy_that_takes_as_much_goes(old: Path, new: Path) -> None:
    os.utime(new, (0, 0))
    before = new.read_bytes()
    Work(_step(old, new), "Replacing").run()
    assert (new.read_bytes(), old.exists()) == (before, False)


def test_an_image_of_two_names_stays(old: Path, new: Path) -> None:
    os.link(old, old.with_name("other"))
    assert "no file of one name only" in _refused(new, old)


def test_the_shell_does_the_same(old: Path, new: Path) -> None:
    made = new.stat().st_ino
    command = virsh.command(_step(new, old))
    os.utime(old, (time.time() + 5,) * 2)
    assert subprocess.run(["sh", "-c", command], check=False).returncode != 0
    os.utime(old, (1, 1))
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0
    assert (old.stat().st_ino, old.stat().st_mode & 0o777, new.exists()) == (made, 0o640, False)
    subprocess.run(["cp", old, new], check=True)
    kept = old.stat().st_ino
    assert subprocess.run(["sh", "-c", command], check=False).returncode == 0
    assert (old.stat().st_ino, new.exists()) == (kept, False), "it would gain nothing"
