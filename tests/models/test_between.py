"""What came between two snapshots, in words."""

import pytest

from snapgui.core.records import Mode, Size, SnapshotDisk, SnapshotRecord, Snapshots
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.models.between import between_text

MIB = 1 << 20
SIZES = {"root": Size(0), "left": Size(5 * MIB), "right": Size(2 * MIB), "same": Size(0)}
NONE = (Held(),) * 5
USAGE = Usage(
    {
        "vda": ImageUsage(
            "/a",
            ("root", "left", "right", "same", NOW),
            NONE,
            NONE,
            ((0b01111, Held(8 * MIB)), (0b00010, Held(3 * MIB, 5 * MIB)), (0b10100, Held(7 * MIB, 0, 65536))),
        )
    }
)


def _snapshots() -> Snapshots:
    """Two branches, and one snapshot of nothing new. Named against the order of their times."""
    times = {"root": (30, None), "left": (40, "root"), "right": (50, "root"), "same": (60, "root")}
    return Snapshots(
        {
            name: SnapshotRecord(name, parent=parent, created=time, disks=(SnapshotDisk("vda", Mode.INTERNAL),))
            for name, (time, parent) in times.items()
        }
    )


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (("root", "left"), "Between root and left: 3.0 MiB of disk written, memory +5.0 MiB"),
        (("left", "root"), "Between root and left: 3.0 MiB of disk written, memory +5.0 MiB"),
        (("left", "right"), "Between left and right: 7.0 MiB of disk only in the second, memory {minus}3.0 MiB"),
        (("root", "same"), "Between root and same: nothing written to the disks"),
        (("root",), ""),
        (("root", "left", "right"), ""),
        (("root", "gone"), ""),
    ],
)
def test_two_snapshots_tell_what_came_between_them_the_older_one_first(names: tuple[str, ...], text: str) -> None:
    assert between_text(_snapshots(), SIZES, USAGE, names) == text.format(minus="\N{MINUS SIGN}")


def test_what_is_not_known_is_said_and_what_is_not_counted_yet_is_left_out() -> None:
    snapshots = _snapshots()
    assert between_text(snapshots, SIZES, None, ("root", "left")) == ""
    text = between_text(snapshots, {"root": Size(0), "left": Size(None, "no")}, Usage(), ("root", "left"))
    why = "No image of the machine holds a snapshot of this name"
    assert text == f"Between root and left: disk not known ({why}), memory not known"
