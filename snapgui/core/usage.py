"""What a machine's images hold, and for whom: what each snapshot takes, and what deleting some of them gives back.

The figures are counted in whole clusters, from the images' own tables (``snapgui.qcow2.clusters``). What is given back
becomes a hole in the image's file where the host's file system can have any, else it stays there for later writes: the
file itself gets no shorter.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from snapgui.core.chains import ChainUsage, FilesOf
from snapgui.core.errors import Problem

NOW: Final = ""  # the disk as it is now, beside the snapshots: none of them has an empty name


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of an image, by what is in them: the disk's data, the memory of guests, and qcow2's own tables."""

    disk: int = 0
    memory: int = 0
    tables: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.disk + self.memory + self.tables

    def __add__(self, other: "Held") -> "Held":
        return Held(self.disk + other.disk, self.memory + other.memory, self.tables + other.tables)


@dataclass(frozen=True, slots=True)
class DamagedImage(Problem):
    """Why an image is not counted: its tables contradict the format or themselves. ``raw`` says how, and where."""


@dataclass(frozen=True, slots=True)
class ImageUsage:
    """One image. Its ``states`` are its snapshots by their tags, in the order of its table, and ``NOW`` at the end.

    ``alone`` is what only each of them holds, ``shared`` the rest of what it holds. ``groups``: what exactly the states
    of a bit mask hold together. ``as_of``: when it was read, in seconds since the epoch; what a guest had not flushed
    by then is not in it. ``identity`` differs once the image may hold anything else.
    """

    path: str
    states: tuple[str, ...]
    alone: tuple[Held, ...]
    shared: tuple[Held, ...]
    groups: tuple[tuple[int, Held], ...]
    as_of: float = field(default=0, compare=False)
    identity: str = field(default="", compare=False)
    _places: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Of several snapshots with one tag QEMU means the first."""
        places = {name: place for place, name in reversed([*enumerate(self.states)])}
        object.__setattr__(self, "_places", places)

    def mask(self, names: Collection[str]) -> int:
        """The states of these names."""
        return sum(1 << place for place in {self._places[name] for name in names if name in self._places})

    def held(self, name: str) -> Held | None:
        """What a state alone holds; None where it is not in the image."""
        place = self._places.get(name)
        return None if place is None else self.alone[place]

    def common(self, name: str) -> Held:
        """What a state holds together with others."""
        place = self._places.get(name)
        return Held() if place is None else self.shared[place]


@dataclass(frozen=True, slots=True)
class Usage:
    """A machine's images by their disks' targets; instead of one that can't be read, the reason.

    ``below``: those behind them that hold snapshots, by path. ``chains``: of the disks that are on more than one image,
    by target. ``external``: what deleting each external snapshot does to files, by its name. ``files``: what those of
    these take on their file systems that are in no chain, by path. ``others``: by the path of an image that deleting
    one of these changes or deletes, the names of other machines that stand on it. ``live``: QEMU had the images open
    when they were read.
    """

    images: Mapping[str, ImageUsage | Problem] = field(default_factory=dict)
    live: bool = False
    below: Mapping[str, ImageUsage | Problem] = field(default_factory=dict)
    chains: Mapping[str, ChainUsage] = field(default_factory=dict)
    external: Mapping[str, FilesOf] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def read(self) -> list[ImageUsage]:
        """Those that could be read."""
        return [image for image in (*self.images.values(), *self.below.values()) if isinstance(image, ImageUsage)]

    @property
    def problem(self) -> Problem | None:
        """Why the figures are not whole; None where they are."""
        return next((image for image in self.images.values() if isinstance(image, Problem)), None)

    @property
    def as_of(self) -> float | None:
        """Since when the oldest of the figures may differ, in seconds since the epoch."""
        return min((image.as_of for image in self.read), default=None)


def unsettled(usage: Usage) -> frozenset[str]:
    """The snapshots of a running machine whose memory the disk as it is now holds, too, as far as the image says.

    QEMU saves the memory through the disk and then takes it out there, which it writes down only with its next flush:
    till then it looks as if deleting the snapshot gave nothing back.
    """
    if not usage.live:
        return frozenset()
    found: set[str] = set()
    for image in usage.read:
        now = image.mask([NOW])
        both = 0
        for owners, held in image.groups:
            if held.memory and owners & now:
                both |= owners
        found.update(name for place, name in enumerate(image.states) if both >> place & 1)
    return frozenset(found - {NOW})


def alone(usage: Usage, name: str) -> Held | None:
    """What a state holds that nothing else does; None where no image that was read has it."""
    found = [held for image in usage.read if (held := image.held(name)) is not None]
    return sum(found, Held()) if found else None


def left_behind(usage: Usage) -> int:
    """Bytes of memory that only the disks as they are now refer to: of a snapshot that was reverted to and deleted.

    [run] QEMU 10.0: loading a snapshot leaves its memory beyond the end of the disk, and neither shutting down nor a
    snapshot of a machine that is off takes it away. The next memory that is saved inside is written over it; what that
    is too short for stays, and is that snapshot's as well till it is deleted.
    """
    images = [image for image in usage.images.values() if isinstance(image, ImageUsage)]
    return sum(held.memory for image in images if (held := image.held(NOW)) is not None)


def shared(usage: Usage, name: str) -> Held:
    """What a state holds together with others."""
    return sum((image.common(name) for image in usage.read), Held())


def freed(usage: Usage, snapshots: Collection[str]) -> Held:
    """What deleting all of these gives back: what no other state holds."""
    return sum((freed_in(image, snapshots) for image in usage.read), Held())


def freed_in(image: ImageUsage, snapshots: Collection[str]) -> Held:
    """What deleting these from one image gives back."""
    stay = ~image.mask(snapshots)
    return sum((held for owners, held in image.groups if not owners & stay), Held())


def grown(usage: Usage, since: str, state: str) -> Held:
    """What a state holds that another one did not: how much was written between them."""
    found = Held()
    for image in usage.read:
        then, later = image.mask([since]), image.mask([state])
        found += sum((held for owners, held in image.groups if owners & later and not owners & then), Held())
    return found
