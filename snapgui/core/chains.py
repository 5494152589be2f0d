"""What the files of external snapshots take, and what deleting such snapshots does to them, in bytes.

Merging commits an overlay into the image below it (``snapgui.qcow2.merging``): what that has already goes, the rest
makes it grow.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Merging:
    """``file`` of a disk is committed into ``base``, and goes; "" where a name is not known."""

    target: str
    file: str
    base: str


@dataclass(frozen=True, slots=True)
class FilesOf:
    """What deleting an external snapshot does to files: what it merges, and the paths of those that go with it.

    ``stuck``: libvirt can't delete it while the machine is elsewhere.
    """

    merges: tuple[Merging, ...] = ()
    dropped: tuple[str, ...] = ()
    memory: str = ""
    stuck: bool = False

    @property
    def touched(self) -> tuple[str, ...]:
        """The paths of the images that it changes or deletes."""
        merged = (path for merging in self.merges for path in (merging.base, merging.file))
        return tuple(path for path in dict.fromkeys((*merged, *self.dropped)) if path)


@dataclass(frozen=True, slots=True)
class Gain:
    """Bytes that merges write, by how much the images below grow by that, and what is free on their file systems then.

    ``hidden``: what the images below have that is not needed any more.
    """

    written: int = 0
    grows: int = 0
    freed: int = 0

    @property
    def hidden(self) -> int:
        return max(0, self.written - self.grows)

    def __add__(self, other: "Gain") -> "Gain":
        return Gain(self.written + other.written, self.grows + other.grows, self.freed + other.freed)


@dataclass(frozen=True, slots=True)
class ChainUsage:
    """The images that a disk is on, the lowest first: their paths, and what each takes on its file system.

    ``merges``: by the places of a base and of a top, how many bytes merging all above the base up to the top writes,
    and by how many the base grows. Where they are not known, ``why``. ``identity`` differs once they may be others.
    """

    paths: tuple[str, ...]
    allocated: tuple[int | None, ...]
    merges: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    why: str = ""
    identity: str = field(default="", compare=False)

    def places(self, merging: Merging) -> tuple[int, int] | None:
        """Those of the two images; None where they are not above one another here."""
        if merging.base not in self.paths or merging.file not in self.paths:
            return None
        found = self.paths.index(merging.base), self.paths.index(merging.file)
        return found if found[0] < found[1] else None

    def gain(self, base: int, top: int) -> Gain | None:
        """What merging all above the base up to the top comes to; None where that is not known."""
        going = self.allocated[base + 1 : top + 1]
        if (base, top) not in self.merges or None in going:
            return None
        written, grows = self.merges[base, top]
        return Gain(written, grows, sum(size or 0 for size in going) - grows)


def gain_of(chains: Mapping[str, ChainUsage], merges: Iterable[Merging]) -> Gain | None:
    """What several merges come to together; None where that is not known of all.

    What an image takes in before it is itself merged counts once, in the lowest.
    """
    found = Gain()
    wanted: dict[str, list[tuple[int, int]]] = {}
    for merging in merges:
        chain = chains.get(merging.target)
        places = chain.places(merging) if chain is not None else None
        if places is None:
            return None
        wanted.setdefault(merging.target, []).append(places)
    for target, runs in wanted.items():
        for base, top in _joined(runs):
            gain = chains[target].gain(base, top)
            if gain is None:
                return None
            found += gain
    return found


def gains_one_after_another(chains: Mapping[str, ChainUsage], merges: Iterable[Merging]) -> list[Gain | None]:
    """What each of several merges comes to when they are done in this order; None where that is not known.

    An image that has taken in those above it is merged with what it got by that.
    """
    found: list[Gain | None] = []
    tops: dict[tuple[str, int], int] = {}
    for merging in merges:
        chain = chains.get(merging.target)
        places = chain.places(merging) if chain is not None else None
        if chain is None or places is None:
            found.append(None)
            continue
        base, file = places
        top = tops.pop((merging.target, file), file)
        found.append(chain.gain(base, top))
        tops[merging.target, base] = top
    return found


def _joined(runs: Collection[tuple[int, int]]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for base, top in sorted(runs):
        if found and base <= found[-1][1]:
            found[-1] = found[-1][0], max(top, found[-1][1])
        else:
            found.append((base, top))
    return found


def gain_with_files(
    chains: Mapping[str, ChainUsage], sizes: Mapping[str, int], deleted: Collection[FilesOf]
) -> Gain | None:
    """What deleting these external snapshots gives back in all; ``sizes`` are those of files in no chain, by path."""
    if any(files.stuck for files in deleted):
        return None
    found = gain_of(chains, (merging for files in deleted for merging in files.merges))
    going = {path for files in deleted for path in (*files.dropped, files.memory)} - {""}
    nameless = any("" in files.dropped for files in deleted)
    if found is None or nameless or not going <= sizes.keys():
        return None
    return found + Gain(freed=sum(sizes[path] for path in going))
