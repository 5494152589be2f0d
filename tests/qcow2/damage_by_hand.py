"""Damaged images without end: every one gives figures or a Qcow2Error, in bounded time, memory and reading.

By hand: ``PYTHONPATH=.:tests python tests/qcow2/damage_by_hand.py --examples 1000000``; a few are tried in
test_damaged_clusters.py. Prints one line of JSON at the end. What breaks a rule is kept in the folder ``--keep``.
"""

import argparse
import json
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import NoReturn

from testbed.spoilt_image import Bytes, FarBytes, make_seeds, places, spoil

from snapgui.qcow2.backing import read_needs
from snapgui.qcow2.changes import read_changes
from snapgui.qcow2.clusters import read_clusters
from snapgui.qcow2.equal import equal_snapshots
from snapgui.qcow2.errors import Qcow2Error
from snapgui.qcow2.merging import read_merges

_SECONDS = 5
_ADDRESS_SPACE = 2 * 1024**3
_READS = 60  # times the length of the image, at most
_LEAST = 1 << 19  # of what counts as its length: a refcount table of 8 MiB may be read twice


def try_one(image: bytes, seeds: Sequence[bytes], random: Random, counts: Counter[str]) -> None:
    """Read something of it, of a merge also beside a whole one of the seeds. Raises where it is not as it should be."""
    size = len(image) if random.random() < 0.9 else random.choice([len(image) * 2, 1 << 40, 1 << 62])
    source = (FarBytes if random.random() < 0.3 else Bytes)(image, size)
    try:
        what = random.random()
        if what < 0.2:
            whole = Bytes(random.choice(seeds))
            pair = (whole, source) if what < 0.1 else (source, whole)
            found = read_merges(pair)[0, 1]
            assert found.written >= 0
        elif what < 0.4:
            read_changes(source, random.choice([0, 0, 1, 2]), random.choice([None, 1]))
        else:
            clusters = read_clusters(source, shared=random.random() < 0.3)
            everything = range(len(clusters.snapshots))
            assert 0 <= clusters.freed(everything[:1]).total <= clusters.freed(everything).total
            assert sum(held.total for held in clusters.groups().values()) >= clusters.freed(everything).total
        counts["figures"] += 1
    except IndexError as error:
        if not str(error).startswith("no snapshot"):
            raise
        counts["no such snapshot"] += 1
    except Qcow2Error as error:
        if not str(error).isprintable():
            raise AssertionError(ascii(error)) from error
        counts["refused"] += 1
    for read in (equal_snapshots, read_needs) if random.random() < 0.1 else ():  # they have tests of their own
        try:
            read(source)
        except Qcow2Error:
            counts[f"refused by {read.__name__}"] += 1
    assert source.read_bytes < _READS * max(len(image), _LEAST), f"{source.read_bytes} bytes read"


def _give_up(_signal: int, _frame: object) -> NoReturn:
    raise TimeoutError(f"took more than {_SECONDS} s")


def main() -> int:
    """Try many; 1 where one broke a rule."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path())
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        seeds = make_seeds(Path(folder))
    where = [places(image) for image in seeds]
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    signal.signal(signal.SIGPROF, _give_up)
    counts: Counter[str] = Counter()
    slowest = 0.0
    for number in range(chosen.seed, chosen.seed + chosen.examples):
        random = Random(f"damage {number}")  # noqa: S311 - images, not secrets
        which = random.randrange(len(seeds))
        image = spoil(seeds[which], where[which], random)
        began = time.perf_counter()
        signal.setitimer(signal.ITIMER_PROF, _SECONDS)  # of the processor
        try:
            try_one(image, seeds, random, counts)
        except Exception as error:  # noqa: BLE001 - just what is looked for
            counts["broken"] += 1
            (chosen.keep / f"{number}.qcow2").write_bytes(image)
            print(f"{number}: {error!r}", flush=True)
        signal.setitimer(signal.ITIMER_PROF, 0)
        slowest = max(slowest, time.perf_counter() - began)
        if number % 10_000 == 0:
            print(number, json.dumps(counts), flush=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({**counts, "slowest_seconds": slowest, "most_memory_bytes": memory}))
    return 1 if counts["broken"] else 0


if __name__ == "__main__":
    sys.exit(main())
