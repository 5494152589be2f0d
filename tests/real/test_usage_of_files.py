"""What external snapshots hold and give back: from the files to the tree, and what deleting them does in truth."""

import subprocess
from collections.abc import Iterator

import pytest
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.models.roles import Role
from snapgui.models.snapshots import Column
from snapgui.ui.actions import Act

pytestmark = pytest.mark.since(9, 9)

NAME = "layered"
MIB = 2**20


class Layered:
    """A machine that is off, with external snapshots ``e1`` and ``e2``, each with an overlay that was written to."""

    def __init__(self, daemon: Daemon) -> None:
        self.files = [daemon.images / f"{NAME}.{ending}" for ending in ("qcow2", "e1", "e2")]
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", self.files[0], "256M"], check=True)
        self._write(0, "write 0 8M")
        daemon.hand_over(self.files[0])
        daemon.define(tiny_machine(NAME, self.files[0]))
        for number, (name, write) in enumerate((("e1", "write 4M 12M"), ("e2", "write 0 10M")), 1):
            daemon.virsh("snapshot-create-as", NAME, name, "--disk-only")
            self._write(number, write)

    def _write(self, number: int, words: str) -> None:
        subprocess.run(["qemu-io", "-f", "qcow2", "-c", words, self.files[number]], check=True, capture_output=True)

    def taken(self) -> int:
        """Bytes of the file system."""
        return sum(path.stat().st_blocks * 512 for path in self.files if path.exists())


@pytest.fixture
def layered(daemon: Daemon) -> Iterator[Layered]:
    made = Layered(daemon)
    yield made
    daemon.remove(NAME)
    for path in made.files:
        path.unlink(missing_ok=True)


def test_a_machine_that_stands_on_the_same_image_is_named(user: User, daemon: Daemon, layered: Layered) -> None:
    clone = daemon.images / "clone.qcow2"
    subprocess.run(
        ["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", layered.files[0], clone], check=True
    )
    daemon.hand_over(clone)
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 2 and _frees(user, "e1") is not None, "the figures")
    daemon.define(tiny_machine("clone", clone))
    try:
        user.select("e1")
        facts = user.window.details._facts
        said = f"Other machines stand on {layered.files[0].name}: “clone”. It can"
        user.until(lambda: said in facts._frees.value.toPlainText(), "the other machine")
        assert "Deleting writes" not in facts._merges.value.toPlainText()
        assert not facts._disk.value.toPlainText(), "the clone needs it"
        assert _frees(user, "e1") is None
        user.select("e2")
        user.until(lambda: "layered.e2" in facts._merges.value.toPlainText(), "the other snapshot")
        assert "when it is deleted" in facts._frees.value.toPlainText()
    finally:
        daemon.remove("clone")
        clone.unlink()
    user.until(lambda: _frees(user, "e1") is not None, "the figure again, since nobody else needs it any more")


def test_a_running_machine_and_snapshots_inside_the_image_below_are_counted_too(
    user: User, daemon: Daemon, layered: Layered
) -> None:
    """``inside`` lies in the lowest image, which it had before the overlays came; 4 MiB of that were written anew."""
    daemon.remove(NAME)
    for path in layered.files[1:]:
        path.unlink()
    daemon.define(tiny_machine(NAME, layered.files[0]))
    daemon.virsh("snapshot-create-as", NAME, "inside")
    layered._write(0, "write 0 4M")
    daemon.virsh("snapshot-create-as", NAME, "e1", "--disk-only")
    layered._write(1, "write 2M 12M")
    daemon.virsh("start", NAME)
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 2 and None not in (_frees(user, "inside"), _frees(user, "e1")), "the figures")
    assert user.cell("inside", Column.DISK) == "4.0 MiB"
    assert user.cell("e1", Column.DISK) == "2.0 MiB", "2 to 4 MiB; up to 8, the snapshot inside needs what is below"
    user.select("e1")
    user.use(Act.TAKE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    assert any(" are free on /" in text for text in dialog.plan_view.texts())
    user.cancel(dialog)


def _frees(user: User, name: str) -> int | None:
    cost = user.cell(name, Column.FREES, Role.COST)
    return None if cost is None else cost.frees.bytes


def test_an_external_snapshot_gives_back_what_the_tree_has_said(user: User, daemon: Daemon, layered: Layered) -> None:
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 2 and None not in (_frees(user, "e1"), _frees(user, "e2")), "the figures")
    assert user.cell("e1", Column.DISK) == "4.0 MiB", "what is in both files: 4 to 8 MiB"
    assert user.cell("e2", Column.DISK) == "6.0 MiB", "4 to 10 MiB"
    foretold, before = _frees(user, "e2"), layered.taken()
    user.delete("e2")
    user.until(lambda: user.cell("e1", Column.DISK) == "8.0 MiB", "what it took in counts: 0 to 8 MiB")
    assert foretold is not None
    assert abs(before - layered.taken() - foretold) < MIB // 2, "refcounts and blocks of the file system aside"
    foretold, before = _frees(user, "e1"), layered.taken()
    user.delete("e1")
    user.until(lambda: user.complete() == 0, "the end")
    assert abs(before - layered.taken() - (foretold or 0)) < MIB // 2


@pytest.mark.usefixtures("layered")
def test_several_together_give_back_more_than_each_alone(user: User, daemon: Daemon) -> None:
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 2 and None not in (_frees(user, "e1"), _frees(user, "e2")), "the figures")
    user.select("e1", "e2")
    user.until(lambda: "frees 14" in user.window.details._words.text(), "26 MiB above 8, of which 8 and 4 stay")


@pytest.mark.usefixtures("layered")
def test_the_plan_and_the_details_say_what_a_merge_does(user: User, daemon: Daemon) -> None:
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 2 and _frees(user, "e2") is not None, "the figures")
    user.select("e2")
    details = user.window.details._facts._merges.value
    user.until(
        lambda: "Deleting writes 10.0 MiB into layered.e1, which grows by 4.0 MiB." in details.toPlainText(), "details"
    )
    assert "one of 3 files above one another" in details.toPlainText()
    user.use(Act.DELETE)
    dialog = user.dialog()
    user.until(lambda: not dialog.waiting, "the reading")
    told = "\n".join(dialog.plan_view.texts())
    assert "Merges 10.0 MiB of" in told
    assert "which grows by 4.0 MiB, and deletes it." in told
    user.cancel(dialog)
