"""What the snapshots of machines hold in all: what deleting them all would give back, as far as it was counted."""

from collections.abc import Iterable
from dataclasses import dataclass

from snapgui.core.costs import frees
from snapgui.core.records import DomainRecord, Snapshots
from snapgui.core.usage import Usage


@dataclass(frozen=True, slots=True)
class Total:
    """Bytes in the snapshots of so many machines; those of others are not counted yet, or can't be known in whole."""

    size: int = 0
    counted: int = 0
    uncounted: int = 0
    unknown: int = 0

    def __add__(self, other: "Total") -> "Total":
        return Total(
            self.size + other.size,
            self.counted + other.counted,
            self.uncounted + other.uncounted,
            self.unknown + other.unknown,
        )


def of_machine(machine: DomainRecord, snapshots: Snapshots, usage: Usage | None) -> Total:
    """``usage`` is None where it has not been counted. A machine without snapshots counts nowhere."""
    if machine.snapshot_count == 0:
        return Total()
    if usage is None:
        return Total(uncounted=1)
    size = frees(usage, list(snapshots.records.values()))
    return Total(unknown=1) if size is None else Total(size, 1)


def of_machines(totals: Iterable[Total]) -> Total:
    """All of them."""
    return sum(totals, Total())
