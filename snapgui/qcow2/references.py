"""Which states refer to a host cluster: counted by groups of clusters that the same states refer to.

States are numbers from 0 on. A reference is a run: the cluster is referred to, at one place of the disk, by all states
from one to another. A cluster may have several runs: after a revert, or as the host of several compressed clusters.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from snapgui.qcow2.tables import Numbers, plain

_MANY = 1 << 22  # runs of compressed clusters, before those that are there twice are dropped


class Kind(IntEnum):
    """What a cluster holds."""

    DISK = 0
    MEMORY = 1
    TABLE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Groups of clusters: ``size`` bytes of a ``kind`` that the states of some runs, and no others, refer to.

    The runs of group ``n`` are those from ``begin[n]`` to before ``begin[n + 1]`` of ``first`` and ``last``: disjoint,
    not touching, in order.
    """

    kind: npt.NDArray[np.int8]
    size: Numbers
    begin: Numbers
    first: Numbers
    last: Numbers


class Tally:
    """Takes runs in portions, where all runs of a cluster come in one portion, and counts clusters."""

    def __init__(self, states: int) -> None:
        self._states = states
        self._counts: dict[int, int] = {}
        self._codes: dict[tuple[int, ...], int] = {}  # of clusters with several runs: below 0
        self._several: dict[int, tuple[int, ...]] = {}
        self._late: list[tuple[Numbers, Numbers]] = []
        self._late_size = 0

    def _encode(self, first: Numbers, last: Numbers, kind: Numbers) -> Numbers:
        run = first * np.int64(self._states) + last
        return run * np.int64(len(Kind)) + kind

    def add_clusters(self, count: int, first: int, last: int, kind: Kind) -> None:
        """So many clusters that no other call names."""
        code = (first * self._states + last) * len(Kind) + kind
        self._counts[code] = self._counts.get(code, 0) + count

    def add(self, clusters: Numbers, first: Numbers, last: Numbers, kind: Numbers) -> None:
        """A portion of runs, one for each element of ``clusters``."""
        self._fold(clusters, self._encode(first, last, kind))

    def add_late(self, clusters: Numbers, first: Numbers, last: Numbers, kind: Numbers) -> None:
        """Runs of clusters that may come again in a later call of this: they are counted at the end."""
        if not len(clusters):
            return
        self._late.append((clusters, self._encode(first, last, kind)))
        self._late_size += len(clusters)
        if self._late_size > _MANY:
            self._late = [_without_doubles(self._late)]
            self._late_size = max(len(self._late[0][0]), _MANY // 2)

    @property
    def has_late(self) -> bool:
        """Whether ``add_late`` was called."""
        return bool(self._late)

    def late_clusters(self) -> Numbers:
        """Those of ``add_late``, ascending, each once."""
        self._late = [_without_doubles(self._late)]
        clusters: Numbers = np.unique(self._late[0][0])
        return clusters

    def _fold(self, clusters: Numbers, codes: Numbers) -> None:
        if not len(clusters):
            return
        if not (clusters[1:] > clusters[:-1]).all():
            clusters, codes = _without_doubles([(clusters, codes)])
            is_new = np.ones(len(clusters), bool)
            np.not_equal(clusters[1:], clusters[:-1], out=is_new[1:])
            if not is_new.all():
                codes = self._combined(codes, is_new)
        for code, count in zip(*(plain(part) for part in np.unique(codes, return_counts=True)), strict=True):
            self._counts[code] = self._counts.get(code, 0) + count

    def _combined(self, codes: Numbers, is_new: npt.NDArray[np.bool_]) -> Numbers:
        """A code for each cluster, from the codes of its runs; ``is_new`` where the runs of a cluster begin."""
        (begin,) = is_new.nonzero()
        sizes = np.diff(begin, append=len(codes))
        found: Numbers = codes[begin].copy()
        (open_ones,) = (sizes > 1).nonzero()
        step = 1
        while len(open_ones):
            pairs = np.stack([found[open_ones], codes[begin[open_ones] + step]], axis=1)
            unique, inverse = np.unique(pairs, axis=0, return_inverse=True)
            joined = [self._join(one, other) for one, other in plain(unique)]
            found[open_ones] = np.array(joined, np.int64)[inverse.reshape(-1)]
            step += 1
            open_ones = open_ones[sizes[open_ones] > step]
        return found

    def _join(self, one: int, other: int) -> int:
        """The code of what the states of either refer to."""
        if one == other:
            return one
        runs: list[tuple[int, int]] = []
        kind = min(self._decode(one)[1], self._decode(other)[1])
        for first, last in sorted(self._decode(one)[0] + self._decode(other)[0]):
            if runs and first <= runs[-1][1] + 1:
                runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
            else:
                runs.append((first, last))
        if len(runs) == 1:
            return (runs[0][0] * self._states + runs[0][1]) * len(Kind) + kind
        key = (kind, *(bound for run in runs for bound in run))
        if key not in self._codes:
            code = -1 - len(self._codes)
            self._codes[key] = code
            self._several[code] = key
        return self._codes[key]

    def _decode(self, code: int) -> tuple[list[tuple[int, int]], int]:
        if code < 0:
            kind, *bounds = self._several[code]
            return list(zip(bounds[::2], bounds[1::2], strict=True)), kind
        run, kind = divmod(code, len(Kind))
        return [divmod(run, self._states)], kind

    def finish(self, cluster_size: int) -> Holdings:
        """All that was counted."""
        if self._late:
            self._fold(*_without_doubles(self._late))
            self._late = []
        runs: list[tuple[int, int]] = []
        begin = [0]
        kinds = []
        for code in self._counts:
            found, kind = self._decode(code)
            runs += found
            begin.append(len(runs))
            kinds.append(kind)
        bounds = np.array(runs, np.int64).reshape(-1, 2)
        return Holdings(
            np.array(kinds, np.int8),
            np.array(list(self._counts.values()), np.int64) * cluster_size,
            np.array(begin, np.int64),
            bounds[:, 0].copy(),
            bounds[:, 1].copy(),
        )


def _without_doubles(pairs: list[tuple[Numbers, Numbers]]) -> tuple[Numbers, Numbers]:
    """Clusters and codes, in the order of the clusters, each pair once."""
    clusters = np.concatenate([pair[0] for pair in pairs])
    codes = np.concatenate([pair[1] for pair in pairs])
    order = np.lexsort((codes, clusters))
    clusters, codes = clusters[order], codes[order]
    keep = np.ones(len(clusters), bool)
    keep[1:] = (clusters[1:] != clusters[:-1]) | (codes[1:] != codes[:-1])
    return clusters[keep], codes[keep]
