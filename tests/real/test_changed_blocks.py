"""Which blocks of the disks differ between two moments, from the images to the dialog."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine
from testbed.user import User

from snapgui.ui.actions import Act
from snapgui.ui.dialogs.compare import CompareDialog
from snapgui.ui.widgets.disk_strip import DiskStrip

NAME = "changed"


def _write(path: Path | str, *commands: str) -> None:
    words = [word for command in commands for word in ("-c", command)]
    subprocess.run(["qemu-io", "-f", "qcow2", *words, path], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def disk(daemon: Daemon) -> Iterator[Path]:
    """A machine that is off, on a disk of 64 MiB."""
    path = daemon.images / f"{NAME}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "64M"], check=True)
    daemon.hand_over(path)
    daemon.define(tiny_machine(NAME, path))
    yield path
    daemon.remove(NAME)
    for left in daemon.images.glob(f"{NAME}.*"):
        left.unlink()


def _compare(user: User, *names: str) -> CompareDialog:
    user.select(*names)
    user.use(Act.COMPARE)
    dialog = user.dialog()
    assert isinstance(dialog, CompareDialog)
    user.until(lambda: not any("…" in text for text in dialog.disks.texts()), "the disks to be compared")
    return dialog


def test_what_was_written_between_two_snapshots_and_since_is_told_and_shown_where_it_is(
    user: User, daemon: Daemon, disk: Path
) -> None:
    daemon.virsh("snapshot-create-as", NAME, "a")
    _write(disk, "write 10M 2M")
    daemon.virsh("snapshot-create-as", NAME, "b")
    _write(disk, "write 60M 64k")
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 2, "the snapshots")
    dialog = _compare(user, "a", "b")
    assert dialog.disks.texts()[0] == "vda: 2.0 MiB of 64.0 MiB differ"
    strip = dialog.findChild(DiskStrip)
    assert strip.accessibleName() == dialog.disks.texts()[0]
    assert strip.accessibleDescription() == "10 MiB \N{EN DASH} 10.125 MiB: all differs"
    strip.setFocus()
    QTest.keyClick(strip, Qt.Key.Key_End)
    assert strip.accessibleDescription().endswith("64 MiB: nothing differs")
    QTest.keyClick(strip, Qt.Key.Key_PageUp)
    assert strip.accessibleDescription() == "11.875 MiB \N{EN DASH} 12 MiB: all differs"
    user.cancel(dialog)
    dialog = _compare(user, "b")
    assert dialog.disks.texts()[0] == "vda: 64.0 KiB of 64.0 MiB differ"
    assert dialog.findChild(DiskStrip).text() == "60 MiB \N{EN DASH} 60.125 MiB: 64.0 KiB differ"
    _write(disk, "write 61M 64k")
    user.cancel(dialog)
    dialog = _compare(user, "b")
    assert dialog.disks.texts()[0] == "vda: 128.0 KiB of 64.0 MiB differ", "what was known before is not told again"
    user.cancel(dialog)


def test_of_overlays_what_they_hold_is_told_and_also_from_a_snapshot_inside_the_image_below(
    user: User, daemon: Daemon, disk: Path
) -> None:
    _write(disk, "write 0 1M")
    daemon.virsh("snapshot-create-as", NAME, "inside")
    _write(disk, "write 0 64k")
    overlays = [daemon.images / f"{NAME}.{name}" for name in ("one", "two")]
    for number, overlay in enumerate(overlays):
        spec = f"vda,snapshot=external,file={overlay}"
        daemon.virsh("snapshot-create-as", NAME, overlay.suffix[1:], "--disk-only", "--diskspec", spec)
        _write(overlay, f"write {20 + 10 * number}M 128k", "write 40M 64k")
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 3, "the snapshots")
    for names, text in (
        (("one", "two"), "192.0 KiB"),  # what the first overlay holds
        (("one",), "320.0 KiB"),  # both, with what they both have once
        (("inside", "one"), "64.0 KiB"),
        (("inside",), "384.0 KiB"),
    ):
        dialog = _compare(user, *names)
        assert dialog.disks.texts()[0] == f"vda: {text} of 64.0 MiB differ", names
        user.cancel(dialog)


def test_where_it_can_not_be_known_the_reason_is_told_and_never_a_figure(
    user: User, daemon: Daemon, disk: Path
) -> None:
    more, specs = "", []
    for target, mode in (("vda", "external"), ("vdb", "no"), ("vdc", "external")):
        path = f",file={daemon.images}/{NAME}.{target}.overlay" if mode == "external" else ""
        specs += ["--diskspec", f"{target},snapshot={mode}{path}"]
        if target != "vda":
            raw = daemon.images / f"{NAME}.{target}.raw"
            raw.write_bytes(bytes(1 << 20))
            daemon.hand_over(raw)
            source = f"<driver name='qemu' type='raw'/><source file='{raw}'/>"
            more += f"<disk type='file'>{source}<target dev='{target}' bus='virtio'/></disk>"
    daemon.virsh("undefine", NAME)
    daemon.define(tiny_machine(NAME, disk, more))
    daemon.virsh("snapshot-create-as", NAME, "a", "--disk-only", *specs)
    _write(daemon.images / f"{NAME}.vdc.overlay", "write 64k 64k")
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 1, "the snapshot")
    dialog = _compare(user, "a")
    assert dialog.disks.texts()[:3] == (
        "vda: nothing of 64.0 MiB differs",
        "vdb: not known. “a” does not hold this disk: it was left out.",
        "vdc: 64.0 KiB of 1.0 MiB differ",  # what a raw image is written over with lies in the overlay
    )
    user.cancel(dialog)
    overlay = daemon.images / f"{NAME}.vda.overlay"
    overlay.write_bytes(overlay.read_bytes()[: 1 << 16])
    disk.rename(disk.with_suffix(".away"))
    dialog = _compare(user, "a")
    assert (
        dialog.disks.texts()[0]
        == f"vda: not known. An image that this disk stands on can\N{RIGHT SINGLE QUOTATION MARK}t be read: {disk}."
    )
    user.cancel(dialog)
    disk.with_suffix(".away").rename(disk)
    dialog = _compare(user, "a")
    assert dialog.disks.texts()[0].startswith(f"vda: not known. The image {overlay} could not be read")
    user.cancel(dialog)


@pytest.mark.usefixtures("disk")
def test_of_a_running_machine_the_time_of_reading_is_told(user: User, daemon: Daemon) -> None:
    daemon.virsh("start", NAME)
    daemon.virsh("snapshot-create-as", NAME, "a")
    user.choose_machine(daemon.uri, NAME)
    user.until(lambda: user.complete() == 1, "the snapshot")
    dialog = _compare(user, "a")
    assert dialog.disks.texts()[0] == "vda: nothing of 64.0 MiB differs"
    assert "what the running machine had not written into its image by then is not in it" in dialog.disks.texts()[-1]
    user.cancel(dialog)
