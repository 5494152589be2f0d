"""A chain of images of any shape: drawn, made by QEMU's own tools, and merged by them, against what was foretold.

How much a base grows is read from its own refcounts, before and after ``qemu-img commit``, by a reader that shares
nothing with the package's; of a raw one, from what the file system says that it takes.
"""

import json
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from testbed.any_image import DisagreementError, counted_clusters

from snapgui.qcow2.merging import Merge, read_merges
from snapgui.qcow2.source import LocalFile

_OF_FILE_SYSTEM = 8192  # bytes: what it may need besides, to know where the data of a raw image lies
_ZEROS = ["write -z -u", "write -z", "discard"]


def run(*command: object, stdin: str = "") -> str:
    """What it printed."""
    words = [str(word) for word in command]
    return subprocess.run(words, check=True, input=stdin, capture_output=True, text=True, timeout=60).stdout


@dataclass(slots=True)
class Chain:
    """Images upon each other, the lowest first."""

    folder: Path
    random: Random
    told: list[str] = field(default_factory=list)
    layers: list[Path] = field(default_factory=list)
    raw: bool = False
    size: int = 0

    def make(self) -> None:
        """Two to four images with one cluster size, snapshots inside some of them."""
        pick = self.random.choice
        self.raw = self.random.random() < 0.3
        self.size = self.random.randint(1, 500_000) * 128
        # Of zeros in clusters smaller than the steps of a commit, QEMU writes some and marks others.
        cluster = pick([65536] if self.raw else [4096, 16384, 65536, 65536, 65536])
        extended = cluster == 65536 and self.random.random() < 0.2
        options = f"cluster_size={cluster}" + (",extended_l2=on" if extended else "")
        for number in range(self.random.randint(2, 4)):
            path = self.folder / f"layer{number}"
            if number == 0:
                made = ("-f", "raw") if self.raw else ("-f", "qcow2", "-o", options)
                run("qemu-img", "create", "-q", *made, path, self.size)
            else:
                behind = ("-b", self.layers[-1], "-F", self.format(number - 1))
                run("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, *behind, path)
            self.told.append(f"{path.name}: {self.format(number)} {options} {self.size}")
            self.layers.append(path)
            self.write(number, self.random.randint(0, 10))
            if self.format(number) == "qcow2" and self.random.random() < 0.4:
                run("qemu-img", "snapshot", "-c", "inside", path)
                self.write(number, self.random.randint(0, 3))

    def format(self, number: int) -> str:
        return "raw" if self.raw and number == 0 else "qcow2"

    def write(self, number: int, times: int) -> None:
        """At any place; what is no data only where the file system plays no part in it."""
        lines = []
        kinds = ["write -P 7"] * 4 + (_ZEROS if self.format(number) == "qcow2" else [])
        for _ in range(times):
            unit = self.random.choice([512, 4096, 65536])
            start = self.random.randrange(-(-self.size // unit)) * unit // 512 * 512
            length = min(unit * self.random.randint(1, 20), self.size - start) // 512 * 512
            if length:
                lines.append(f"{self.random.choice(kinds)} {start} {length}")
        self.told += lines
        stdin = "\n".join([*lines, ""])
        run("qemu-io", "-d", "unmap", "-t", "unsafe", "-f", self.format(number), self.layers[number], stdin=stdin)

    def foretold(self) -> dict[tuple[int, int], Merge]:
        return read_merges([LocalFile(path) for path in self.layers], raw=self.raw)

    def grown(self, base: int, top: int) -> int:
        """By how much the base grows when all above it up to the top is merged into it, in a copy."""
        copies = [path.with_name(f"copy{number}") for number, path in enumerate(self.layers)]
        for path, copy in zip(self.layers, copies, strict=True):
            run("cp", "--sparse=auto", path, copy)
        for number in range(1, top + 1):
            run("qemu-img", "rebase", "-u", "-F", self.format(number - 1), "-b", copies[number - 1], copies[number])
        before = self.used(copies[base], base)
        run("qemu-img", "commit", "-q", "-d", "-b", copies[base], copies[top])
        return self.used(copies[base], base) - before

    def used(self, path: Path, number: int) -> int:
        if self.format(number) == "raw":
            run("sync", path)
            return path.stat().st_blocks * 512
        cluster: int = json.loads(run("qemu-img", "info", "--output=json", path))["cluster-size"]
        return len(counted_clusters(path)) * cluster

    def compare(self, counts: Counter[str]) -> None:
        """Raises DisagreementError."""
        for (base, top), merge in self.foretold().items():
            grown = self.grown(base, top)
            spare = _OF_FILE_SYSTEM if self.format(base) == "raw" else 0
            if abs(grown - merge.grows) > spare:
                raise DisagreementError(f"{top} into {base} grows it by {grown} bytes, foretold was {merge}")
            counts["raw" if spare else "qcow2"] += 1
            counts["of several"] += top - base > 1


def try_one(folder: Path, random: Random, counts: Counter[str]) -> None:
    """One chain. Raises DisagreementError, with what led to it."""
    chain = Chain(folder, random)
    try:
        chain.make()
        counts["chains"] += 1
        chain.compare(counts)
    except subprocess.TimeoutExpired:  # the computer is busy: that says nothing of the images
        raise
    except Exception as error:
        raise DisagreementError("\n".join([*chain.told, repr(error)])) from error
