"""A qcow2 image of any shape: drawn, made by QEMU's own tools, and held against what was foretold of it.

What a delete frees is read from the image's own refcounts, before and after ``qemu-img snapshot -d``, by a reader that
shares nothing with the package's. Clusters of refcounts and of the snapshot table are left aside: a new table may need
new ones.
"""

import json
import struct
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from snapgui.qcow2.clusters import Clusters, read_clusters
from snapgui.qcow2.source import LocalFile

_KEY = "secret,id=key,data=open"
_OFFSET = 0x00FF_FFFF_FFFF_FE00
_SETS = 3  # of snapshots deleted together, for each image
_CLUSTERS = (*(2**bits for bits in range(9, 22)), 4096, 4096, 65536, 65536, 65536)


class DisagreementError(Exception):
    """An image did otherwise than was foretold."""


# What is there, by refcounts alone


def counted_clusters(image: Path) -> set[int]:
    """Numbers of the clusters with references, without those of refcounts and of the snapshot table."""
    with image.open("rb") as file:

        def at(offset: int, size: int) -> bytes:
            file.seek(offset)
            return file.read(size).ljust(size, b"\0")

        version, bits = (struct.unpack(">I", at(where, 4))[0] for where in (4, 20))
        table_offset, table_clusters, snapshots, snapshots_offset = struct.unpack(">QIIQ", at(48, 24))
        order = struct.unpack(">I", at(96, 4))[0] if version > 2 else 4
        size, width = 1 << bits, 1 << order
        found: set[int] = set()
        aside = set(range(table_offset >> bits, (table_offset >> bits) + table_clusters))
        table = struct.unpack(f">{table_clusters * size // 8}Q", at(table_offset, table_clusters * size))
        per_block = size * 8 // width
        for number, entry in enumerate(table):
            if not entry & _OFFSET:
                continue
            aside.add((entry & _OFFSET) >> bits)
            block = at(entry & _OFFSET, size)
            for place in range(-(-len(block.rstrip(b"\0")) * 8 // width)):
                if width >= 8:
                    count = any(block[place * width // 8 : (place + 1) * width // 8])
                else:
                    count = bool(block[place * width // 8] >> (place * width % 8) & ((1 << width) - 1))
                if count:
                    found.add(number * per_block + place)
        end = snapshots_offset
        for _ in range(snapshots):
            end += -end % 8
            id_length, name_length = struct.unpack(">HH", at(end + 12, 4))
            end += 40 + struct.unpack(">I", at(end + 36, 4))[0] + id_length + name_length
        aside |= set(range(snapshots_offset >> bits, -(-end >> bits)))
    return found - aside


# Images


def _call(*command: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, check=False, input=stdin, capture_output=True, text=True, timeout=60)


class FarFile(LocalFile):
    """A file that is read as one across a network is."""

    def read_ranges(self, ranges: Sequence[tuple[int, int]]) -> Iterator[bytes]:
        return (self.read(offset, length) for offset, length in ranges)

    def measure(self) -> int:
        return self.size()


@dataclass(slots=True)
class Image:
    """One image, and what was done to it."""

    path: Path
    random: Random
    counts: Counter[str]
    told: list[str] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    kind: str = ""
    size: int = 0
    names: int = 0

    # Tools

    @property
    def cluster(self) -> int:
        return int(self.options["cluster_size"])

    @property
    def encrypted(self) -> bool:
        return "encrypt.format" in self.options

    def where(self, path: Path | None = None) -> list[str]:
        """The image as an argument of QEMU's tools."""
        path = path or self.path
        if not self.encrypted:
            return [str(path)]
        return ["--object", _KEY, "--image-opts", f"driver=qcow2,file.filename={path},encrypt.key-secret=key"]

    def run(self, *command: str, stdin: str = "") -> bool:
        """Whether it went well; some can't, such as a snapshot that counts of 1 bit have no room for."""
        self.told.append(" ".join(command) + (f" <<< {stdin!r}" if stdin else ""))
        ran = _call(*command, stdin=stdin)
        if ran.returncode:
            self.told.append(f"  failed: {ran.stderr.strip()}")
        return ran.returncode == 0

    def img(self, *command: str, path: Path | None = None) -> bool:
        return self.run("qemu-img", command[0], *command[1:], *self.where(path))

    def check(self) -> dict[str, Any]:
        ran = _call("qemu-img", "check", "--output=json", *self.where())
        found: dict[str, Any] = json.loads(ran.stdout or "{}")
        return found

    # What happens to it

    def create(self) -> bool:
        pick = self.random.choice
        cluster = pick(_CLUSTERS)
        self.options = {"compat": pick(["0.10", "1.1", "1.1", "1.1"]), "cluster_size": str(cluster)}
        if self.options["compat"] == "1.1":
            self.options["refcount_bits"] = str(pick([2, 4, 8, 16, 16, 32, 64, 1]))
            self.options["compression_type"] = pick(["zlib", "zstd"])
            self.options["lazy_refcounts"] = pick(["on", "off", "off"])
            self.options["extended_l2"] = pick(["on", "off"]) if cluster >= 16384 else "off"
        extended = self.options.get("extended_l2") == "on"
        l2_span = cluster * cluster // (16 if extended else 8)
        self.size = self.random.randint(0, max(1, min(4 * l2_span, 3000 * cluster) // 512)) * 512
        kind = pick(["plain", "plain", "preallocated", "backing", "compressed"])
        rare = self.random.random()
        if cluster > 512 and rare < 0.04:  # QEMU takes its time to make the key hard to guess
            kind = "luks"
        elif self.options["compat"] == "1.1" and rare > 0.97:  # QEMU takes no snapshots in such images
            kind = self.random.choice(["data file", "raw data file"])
        self.kind = kind
        if kind == "preallocated":
            self.options["preallocation"] = "metadata"
            self.size = min(self.size, 300 * cluster)
        elif kind == "luks":
            self.options |= {"encrypt.format": "luks", "encrypt.key-secret": "key", "encrypt.iter-time": "1"}
        elif kind in ("data file", "raw data file"):
            self.options["data_file"] = str(self.path.with_name("data-file"))
            self.options["data_file_raw"] = "on" if kind == "raw data file" else "off"
        options = ",".join(f"{key}={value}" for key, value in self.options.items())
        if kind == "compressed":
            raw = self.drawn_data()
            return self.run("qemu-img", "convert", "-c", "-O", "qcow2", "-f", "raw", "-o", options, raw, str(self.path))
        backing: list[str] = []
        if kind == "backing":
            backing = ["-F", "raw", "-b", self.drawn_data()]
        command = ["qemu-img", "create", "-q", "-f", "qcow2", "--object", _KEY, "-o", options]
        return self.run(*command, *backing, str(self.path), str(self.size))

    def drawn_data(self) -> str:
        """A raw image with something here and there."""
        raw = self.path.with_name("raw")
        with raw.open("wb") as file:
            for _ in range(self.random.randint(1, 20)):
                file.seek(self.random.randrange(self.size + 1))
                file.write(self.random.randbytes(min(self.random.randrange(3 * self.cluster), 100_000)))
            file.truncate(self.size)
        return str(raw)

    def write(self) -> None:
        """A few writes, of any kind, at any place."""
        lines = []
        cluster, size = self.cluster, self.size
        hot = self.random.randrange(size + 1)  # more often close to each other: compressed clusters share host clusters
        for _ in range(self.random.randint(1, 12)):
            start = self.random.randrange(size + 1) if self.random.random() < 0.4 else hot
            length = self.random.choice([512, cluster, cluster // 2, 3 * cluster, self.random.randint(1, 8 * cluster)])
            kind = self.random.choice(
                ["write -P 5", "write -P 5", "write -c", "write -c", "write -z", "write -z -u", "discard"]
            )
            length = min(length, 2**22)
            if kind == "write -c":
                start, length = start // cluster * cluster, min(length // cluster + 1, 2**22 // cluster) * cluster
                if start + length > size:
                    length = size - start
            start, length = start // 512 * 512, max(512, length // 512 * 512)
            if start + length <= size:
                self.counts[kind] += 1
                lines.append(f"{kind} {start} {length}")
                hot = start + length
        if lines:
            self.run("qemu-io", "-t", "unsafe", "-d", "unmap", *self.where(), stdin="\n".join(lines) + "\n")

    def snapshot(self) -> None:
        self.names += self.random.choice([1, 1, 1, 0])  # now and then a name that is there already
        self.img("snapshot", "-c", f"s{self.names}")

    def memory(self) -> None:
        """A snapshot with a memory state, by a machine that has next to none; or a machine brought back from one."""
        what = [self.random.choice(["savevm m{}", "savevm m{}", "loadvm m{}"]).format(self.random.randrange(3))]
        what += self.random.choice([[], [f"savevm m{self.random.randrange(3, 5)}"]])
        machine = self.random.choice(["none", "none", "isapc"])
        command = ["qemu-system-x86_64", "-machine", machine, "-m", "1M", "-accel", "tcg", "-nodefaults", "-S"]
        command += ["-display", "none", "-monitor", "stdio", "-object", _KEY]
        drive = f"if=none,id=d,format=qcow2,discard=unmap,cache=unsafe,file={self.path}"
        drive += ",encrypt.key-secret=key" if self.encrypted else ""
        self.run(*command, "-drive", drive, stdin="\n".join([*what, "quit", ""]))
        self.counts["machine"] += 1

    def step(self) -> None:
        kind = self.random.choice(["write"] * 6 + ["snapshot"] * 5 + ["memory", "revert", "delete", "resize", "bitmap"])
        if kind in ("write", "snapshot", "memory"):
            getattr(self, kind)()
        elif kind == "resize":
            if self.options["compat"] == "1.1":
                self.size += self.random.randrange(8 * self.cluster) // 512 * 512
                # The size comes last, behind the image.
                self.run("qemu-img", "resize", "-q", *self.where(), str(self.size))
        elif kind == "bitmap":
            self.run("qemu-img", "bitmap", "--add", *self.where(), f"b{self.random.randrange(3)}")
        else:
            self.img("snapshot", "-a" if kind == "revert" else "-d", f"s{self.random.randint(0, self.names + 1)}")

    def repair(self) -> None:
        """Where a count of 1 or 2 bits had no room, QEMU leaves clusters behind that nothing refers to.

        Now and then it fails of itself over what it has compressed, and refuses the image till it is repaired.
        """
        corrupt = any("Marking image as corrupt" in line for line in self.told)
        self.counts["QEMU failed of itself"] += corrupt
        if corrupt or any(self.check().get(key) for key in ("leaks", "corruptions")):
            self.img("check", "-r", "all")

    # What is foretold, and what is so

    def read(self, kind: type[LocalFile] = LocalFile) -> Clusters:
        source = kind(self.path)
        try:
            return read_clusters(source, shared=True)
        finally:
            source.close()

    def data(self, place: int | None) -> bytes:
        """What the disk holds in a snapshot, meant by its place in the table, or now (None)."""
        raw = self.path.with_name("data")
        number = [] if place is None else ["-l", f"snapshot.id={self.read().snapshots[place].id}"]
        if not self.run("qemu-img", "convert", *number, "-O", "raw", *self.where(), str(raw)):
            raise DisagreementError("could not read")
        return raw.read_bytes()

    def compare(self) -> None:
        """Foretell for each snapshot and some sets, then delete. Raises DisagreementError."""
        clusters = self.read()
        info = json.loads(_call("qemu-img", "info", "--output=json", *self.where()).stdout)
        theirs = [(one["id"], one["name"], one["vm-state-size"]) for one in info.get("snapshots", [])]
        far = self.read(FarFile)
        if (far.exclusive, far.shared) != (clusters.exclusive, clusters.shared):
            raise DisagreementError(f"read from afar, it is {far}")
        if [(one.id, one.name, one.vm_state_size) for one in clusters.snapshots] != theirs:
            raise DisagreementError(f"{clusters.snapshots} instead of {theirs}")
        if any(self.check().get(key) for key in ("leaks", "corruptions")):
            raise DisagreementError("the image is not sound")
        before = counted_clusters(self.path)
        everything = range(len(clusters.snapshots))
        self.compare_whole(clusters, before)
        sets: list[list[int]] = [[one] for one in everything]
        if len(everything) > 1:
            sets += [self.random.sample(everything, self.random.randint(2, len(everything))) for _ in range(_SETS)]
            sets.append([*everything])
        names = [one.name for one in clusters.snapshots]
        for some in sets:
            chosen = [one for one in everything if names[one] in {names[other] for other in some}]
            copy = self.path.with_name("copy.qcow2")
            _call("cp", "--sparse=always", str(self.path), str(copy))
            for one in chosen:
                if not self.img("snapshot", "-d", names[one], path=copy):
                    raise DisagreementError("could not delete")
            freed = (len(before) - len(counted_clusters(copy))) * clusters.cluster_size
            foretold = clusters.freed(chosen)
            if foretold.total != freed:
                raise DisagreementError(f"deleting {chosen} frees {freed} bytes, foretold were {foretold}")
            if len(chosen) == 1 and foretold != clusters.exclusive[chosen[0]]:
                raise DisagreementError(f"{chosen} holds {clusters.exclusive[chosen[0]]}, but frees {foretold}")
            self.counts["snapshots" if len(chosen) == 1 else "sets"] += 1

    def count_features(self) -> None:
        """What this image has, where it is one that something could be foretold of."""
        snapshots = self.read().snapshots
        if self.kind in ("data file", "raw data file"):
            self.counts[f"has a {self.kind}"] += not snapshots
        elif snapshots:
            self.counts[f"has {self.kind}"] += 1
            for name in ("compat", "cluster_size", "refcount_bits", "extended_l2"):
                self.counts[f"has {name}={self.options.get(name)}"] += 1
            if self.check().get("compressed-clusters"):
                self.counts[f"has {self.options.get('compression_type', 'zlib')} clusters"] += 1

    def compare_whole(self, clusters: Clusters, before: set[int]) -> None:
        """All that is referred to is all that has a count, but for the header, LUKS' own and bitmaps."""
        if self.encrypted or any("bitmap" in line for line in self.told):
            return
        everything = int(clusters._holdings.size.sum())
        if everything != (len(before) - 1) * clusters.cluster_size:
            raise DisagreementError(f"{everything} bytes in all instead of {(len(before) - 1) * clusters.cluster_size}")


def try_one(folder: Path, random: Random, counts: Counter[str], steps: int = 14) -> None:
    """One image. Raises DisagreementError, with what led to it."""
    image = Image(folder / "disk.qcow2", random, counts)
    try:
        if not image.create():
            counts["not made"] += 1
            return
        for _ in range(random.randint(1, steps)):
            image.step()
        image.repair()
        counts["images"] += 1
        counts["memory states"] += sum(one.vm_state_size > 0 for one in image.read().snapshots)
        image.compare()
        image.count_features()
    except subprocess.TimeoutExpired:  # the computer is busy: that says nothing of the image
        raise
    except Exception as error:
        raise DisagreementError("\n".join([*image.told, repr(error)])) from error
