"""Who owns which clusters of an image: what each snapshot takes, and what deleting any of them gives back.

A cluster is freed when its last reference goes. QEMU counts references in refcount blocks; here they are counted from
where they stand, in the L1 and L2 tables of all states, which says besides how many there are whose they are. An L2
table that all states share, and all that it leads to, can't be freed: it is not even read. So the work grows with what
differs between the states, not with the disk.
"""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from snapgui.qcow2.references import Holdings, Kind
from snapgui.qcow2.snapshots import InternalSnapshot
from snapgui.qcow2.source import ByteSource
from snapgui.qcow2.steady import Sight, while_it_stays
from snapgui.qcow2.tables import Numbers, plain
from snapgui.qcow2.walk import Progress, Walk


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes of host clusters, by what is in them: the disk's data, memory states, L1 and L2 tables."""

    disk: int = 0
    memory: int = 0
    tables: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.disk + self.memory + self.tables


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """An image's clusters by who refers to them. Snapshots are meant by their place in ``snapshots``.

    ``exclusive`` has what nothing else refers to, for each snapshot and then for the disk as it is now; ``shared`` the
    rest of what each refers to, where it was asked for.
    """

    cluster_size: int
    disk_size: int
    snapshots: tuple[InternalSnapshot, ...]
    as_of: float  # seconds since the epoch: when the reading began
    exclusive: tuple[Held, ...]
    shared: tuple[Held, ...] | None
    _holdings: Holdings = field(repr=False)

    @property
    def active(self) -> Held:
        """What only the disk as it is now refers to: written since, or left from snapshots that are gone."""
        return self.exclusive[-1]

    def freed(self, snapshots: Collection[int]) -> Held:
        """What deleting these gives back: clusters that nothing else refers to. The snapshot table is left aside."""
        found = self._holdings
        chosen = np.zeros(len(self.snapshots) + 2, np.int64)
        for place in snapshots:
            if not 0 <= place < len(self.snapshots):
                raise IndexError(f"no snapshot {place}")
            chosen[place + 1] = 1
        upto = chosen.cumsum()
        inside = upto[found.last + 1] - upto[found.first] == found.last - found.first + 1
        return _sum(found, _all_of_group(found, inside))

    def groups(self) -> dict[int, Held]:
        """What exactly the states of a bit mask hold together: bit ``n`` is snapshot ``n``, the highest one is now."""
        found: dict[int, list[int]] = {}
        holdings = self._holdings
        first, last = plain(holdings.first), plain(holdings.last)
        ends = plain(holdings.begin)
        for kind, size, begin, end in zip(plain(holdings.kind), plain(holdings.size), ends, ends[1:], strict=False):
            owners = sum((2 << last[run]) - (1 << first[run]) for run in range(begin, end))
            found.setdefault(owners, [0] * len(Kind))[kind] += size
        return {owners: Held(*sizes) for owners, sizes in found.items()}

    def places(self, names: Iterable[str]) -> list[int]:
        """The snapshots that ``qemu-img snapshot -d`` deletes when it is called with these names in turn.

        That is the first of several with one name, and then the next. Raises KeyError with a name that is left over.
        """
        found: list[int] = []
        for name in names:
            left = (place for place, one in enumerate(self.snapshots) if one.name == name and place not in found)
            place = next(left, None)
            if place is None:
                raise KeyError(name)
            found.append(place)
        return found


def _all_of_group(holdings: Holdings, of_run: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    if not len(of_run):
        return of_run
    found: npt.NDArray[np.bool_] = np.logical_and.reduceat(of_run, holdings.begin[:-1])
    return found


def _sum(holdings: Holdings, chosen: npt.NDArray[np.bool_]) -> Held:
    return Held(*(int(holdings.size[chosen & (holdings.kind == kind)].sum()) for kind in Kind))


def read_clusters(source: ByteSource, *, shared: bool = False, progress: Progress | None = None) -> Clusters:
    """Read the tables and count. Raises Qcow2Error, what the source raises, and what ``progress`` raises.

    ``progress`` is called with what part is done, from 0 to 1, and anew for an image with compressed clusters, which is
    read twice; raising in it is the way to cancel. With ``shared``, L2
    tables that all states share are read, too: that grows with the disk. The image may be in use: it is read without
    locks, anew when snapshots come or go meanwhile, and what a guest has written that is not flushed yet is not in it.
    """
    step = progress or (lambda _: None)
    return while_it_stays(source, lambda sight: _read(sight, step, shared=shared))


def _read(sight: Sight, progress: Progress, *, shared: bool) -> Clusters:
    as_of = time.time()
    source, header, snapshots, states = sight.source, sight.header, sight.snapshots, sight.states
    walk = Walk(source, header, states, shared=shared, progress=progress)
    walk.go()
    if walk.tally.has_late:
        # QEMU puts data of compressed clusters where a plain one lies, too: which ones, only all tables tell.
        hosts = walk.tally.late_clusters()
        walk = Walk(source, header, states, shared=shared, progress=progress, hosts=hosts)
        walk.go()
    holdings = walk.tally.finish(header.cluster_size)
    alone, referred = _by_state(holdings, len(states))
    return Clusters(
        header.cluster_size,
        header.disk_size,
        snapshots,
        as_of,
        tuple(Held(*row) for row in plain(alone)),
        tuple(Held(*row) for row in plain(referred - alone)) if shared else None,
        holdings,
    )


def _by_state(holdings: Holdings, states: int) -> tuple[Numbers, Numbers]:
    """Bytes by state and kind: what only that state refers to, and all that it refers to."""
    begin = holdings.begin[:-1]
    runs = np.diff(holdings.begin)
    alone = np.zeros((states, len(Kind)), np.int64)
    single = (runs == 1) & (holdings.first[begin] == holdings.last[begin])
    np.add.at(alone, (holdings.first[begin[single]], holdings.kind[single]), holdings.size[single])
    steps = np.zeros((states + 1, len(Kind)), np.int64)
    size, kind = np.repeat(holdings.size, runs), np.repeat(holdings.kind, runs)
    np.add.at(steps, (holdings.first, kind), size)
    np.subtract.at(steps, (holdings.last + 1, kind), size)
    return alone, steps.cumsum(axis=0)[:-1]
