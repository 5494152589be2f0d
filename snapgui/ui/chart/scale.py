"""The value axis: where it ends, and which round values are written beside it."""

from dataclasses import dataclass

_UNIT_BITS = 10  # from one IEC unit to the next
_LARGEST = 2**63 - 1  # QLocale takes a signed 64-bit number
_LEAST_STEP = 1 << _UNIT_BITS  # ticks of single bytes read badly


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from 0 to ``top`` bytes with a tick every ``step`` bytes, which is a power of two."""

    top: int
    step: int

    @property
    def ticks(self) -> tuple[int, ...]:
        """From 0 to the top, both included."""
        return tuple(range(0, self.top + 1, self.step))

    def share(self, value: int) -> float:
        """Where a value lies between 0 and the top, as 0..1."""
        return min(value / self.top, 1.0)


def scale_for(most: int, intervals: int) -> Scale:
    """The axis for values up to ``most`` bytes, cut into at most ``intervals`` (>= 1) parts.

    It ends at 8 EiB at most: an image may claim more, and is not believed.
    """
    if most <= 0:
        return Scale(1 << (2 * _UNIT_BITS), 1 << (2 * _UNIT_BITS))
    most = min(most, _LARGEST)
    step = max(_LEAST_STEP, 1 << (-(-most // intervals) - 1).bit_length())
    return Scale(-(-most // step) * step, step)
