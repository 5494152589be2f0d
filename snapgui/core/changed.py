"""Which blocks of a machine's disks differ between two moments."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from snapgui.core.errors import Problem

Side = str | None  # a snapshot's name; None: the machine as it is now


@dataclass(frozen=True, slots=True)
class Blocks:
    """How many bytes of a disk differ, in whole blocks of its image, and where.

    ``bins``: in each stretch of ``bin_size`` bytes; the last may be shorter. ``disk_size`` is that of the larger disk.
    ``identity`` differs once the images may hold anything else, "" where that can't be told.
    """

    disk_size: int
    size: int
    bin_size: int
    bins: tuple[int, ...]
    as_of: float = field(default=0, compare=False)  # when it was read, in seconds since the epoch
    identity: str = field(default="", compare=False)

    def stretch(self, number: int) -> tuple[int, int]:
        """Where a bin begins and ends, in bytes."""
        return number * self.bin_size, min(self.disk_size, (number + 1) * self.bin_size)


@dataclass(frozen=True, slots=True)
class Changed:
    """The disks by their targets; instead of one that it can't be told of, the reason.

    ``live``: one of the moments is now, and QEMU has the images open.
    """

    disks: Mapping[str, Blocks | Problem] = field(default_factory=dict)
    live: bool = False

    @property
    def known(self) -> list[Blocks]:
        """Those that it can be told of."""
        return [blocks for blocks in self.disks.values() if isinstance(blocks, Blocks)]
