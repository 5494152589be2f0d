"""What the snapshots of machines hold in all: what deleting them all would give back, as far as it was counted."""

from collections.abc import Iterable
from dataclasses import dataclass

from snapgui.core.costs import frees, stood_on
from snapgui.core.records import DomainRecord, Snapshots
from snapgui.core.usage import Usage, left_behind, unsettled


@dataclass(frozen=True, slots=True)
class Total:
    """Bytes in the snapshots of so many machines; those of others are not counted yet, or can't be known in whole.

    ``part``: the bytes in those snapshots of the latter that are known. ``left``: bytes of memory that reverts left
    in the images, though no snapshot needs it.
    """

    size: int = 0
    counted: int = 0
    uncounted: int = 0
    unknown: int = 0
    part: int = 0
    left: int = 0

    def __add__(self, other: "Total") -> "Total":
        return Total(
            self.size + other.size,
            self.counted + other.counted,
            self.uncounted + other.uncounted,
            self.unknown + other.unknown,
            self.part + other.part,
            self.left + other.left,
        )


def of_machine(machine: DomainRecord, snapshots: Snapshots, usage: Usage | None) -> Total:
    """``usage`` is None where it has not been counted. A machine without snapshots is none of those."""
    left = left_behind(usage) if usage is not None else 0
    if machine.snapshot_count == 0:
        return Total(left=left)
    if usage is None:
        return Total(uncounted=1)
    records = list(snapshots.records.values())
    size = frees(usage, records)
    if size is not None:
        return Total(size, 1, left=left)
    later = unsettled(usage)
    known = [record for record in records if record.name not in later and not stood_on(usage, record.name)]
    return Total(unknown=1, part=frees(usage, known) or 0, left=left)


def of_machines(totals: Iterable[Total]) -> Total:
    """All of them."""
    return sum(totals, Total())
