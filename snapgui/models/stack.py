"""What a snapshot takes, part by part: the figures that the chart stacks, and the words for them."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, NamedTuple

from snapgui.core.costs import Cost
from snapgui.core.records import Size, SnapshotRecord
from snapgui.core.text import translate
from snapgui.models.format import listed, one_line, size_text, time_text, tooltip
from snapgui.models.words import snapshot_state_text


class Part(IntEnum):
    """The parts, from the bottom of a stack to its top: their places in a ``Stack``."""

    MEMORY = 0
    DISK = 1
    SHARED = 2


PARTS: Final = tuple(Part)


class Stack(NamedTuple):
    """The parts of one snapshot. None: it has not been looked up."""

    memory: Size | None = None
    disk: Size | None = None
    shared: Size | None = None

    @classmethod
    def of(cls, size: Size | None, cost: Cost | None) -> "Stack":
        """Of the figures that a snapshot has in the tree."""
        return cls(size, None, None) if cost is None else cls(size, cost.disk, cost.shared)

    def only(self, parts: Iterable[Part]) -> tuple[tuple[Part, Size | None], ...]:
        """Some of them."""
        return tuple((part, self[part]) for part in parts)


def known(stack: Stack, parts: Iterable[Part] = PARTS) -> int:
    """The bytes of those parts that are known. Asked for 10,000 snapshots at a time."""
    total = 0
    for part in parts:
        size = stack[part]
        if size is not None and size.bytes:
            total += size.bytes
    return total


def is_whole(stack: Stack, parts: Iterable[Part] = PARTS) -> bool:
    """Whether each of the parts is known."""
    return all(size is not None and size.bytes is not None for _part, size in stack.only(parts))


def part_name(part: Part) -> str:
    """What a part is called."""
    return {
        Part.MEMORY: translate("Sizes", "Memory"),
        Part.DISK: translate("Sizes", "Own disk"),
        Part.SHARED: translate("Sizes", "Shared disk"),
    }[part]


def part_explanation(part: Part) -> str:
    """What its bytes are."""
    return {
        Part.MEMORY: translate("Sizes", "The guest’s memory that is kept in the snapshot."),
        Part.DISK: translate("Sizes", "The data of the disks that only this snapshot holds."),
        Part.SHARED: translate(
            "Sizes", "Data of the disks that other snapshots, or the machine as it is now, hold as well."
        ),
    }[part]


def figure_text(stack: Stack, parts: Iterable[Part] = PARTS) -> str:
    """All of these parts as one short figure that does not pass a piece for the whole: "543.0 MiB + ?"."""
    wanted = stack.only(parts)
    if is_whole(stack, parts):
        return size_text(known(stack, parts))
    mark = "…" if any(size is None for _part, size in wanted) else "?"
    sum_ = known(stack, parts)
    return translate("Sizes", "{size} + {mark}").format(size=size_text(sum_), mark=mark) if sum_ else mark


def part_texts(stack: Stack) -> tuple[str, ...]:
    """Each part with its figure: "Memory 543.0 MiB", "Shared disk not known"."""
    text = translate("Sizes", "{part} {size}")
    return tuple(text.format(part=part_name(part), size=_size_words(size)) for part, size in stack.only(PARTS))


def reasons(stack: Stack) -> tuple[str, ...]:
    """Why parts are not known, each reason once."""
    whys = (size.why for size in stack if size is not None and size.bytes is None)
    return tuple(dict.fromkeys(filter(None, whys)))


def figures_of(record: SnapshotRecord, stack: Stack) -> tuple[str, ...]:
    """Name, parts, why any is not known, and time, each in one line; what there is not is left out."""
    taken = "" if record.created is None else time_text(record.created)
    return tuple(filter(None, (one_line(record.name), *part_texts(stack), *reasons(stack), taken)))


def tooltip_of(record: SnapshotRecord, stack: Stack) -> str:
    """The same as a tooltip's text."""
    taken = "" if record.created is None else time_text(record.created)
    return tooltip(record.name, "\n".join(part_texts(stack)), *reasons(stack), taken)


def spoken(record: SnapshotRecord, stack: Stack, *, current: bool) -> str:
    """The same for a screen reader, and how the machine was and is."""
    name, *figures = figures_of(record, stack)
    marks = (translate("Snapshots", "current") if current else "", record.problem.why if record.problem else "")
    return listed(name, snapshot_state_text(record.state), *figures, *marks)


def _size_words(size: Size | None) -> str:
    if size is None:
        return translate("Sizes", "not read yet")
    return translate("Sizes", "not known") if size.bytes is None else size_text(size.bytes)
