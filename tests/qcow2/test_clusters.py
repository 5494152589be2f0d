"""Who owns which clusters: what is foretold of a delete is what QEMU frees, and the command line says it."""

import struct
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from testbed.any_image import FarFile, counted_clusters, try_one

from snapgui.qcow2 import tables
from snapgui.qcow2.clusters import Clusters, Held, read_clusters
from snapgui.qcow2.source import LocalFile

MIB = 2**20


def run(*command: str | Path, stdin: str | None = None) -> None:
    subprocess.run(command, check=True, capture_output=True, input=stdin, text=True, timeout=60)


def read(image: Path, *, shared: bool = False) -> Clusters:
    source = LocalFile(image)
    try:
        return read_clusters(source, shared=shared)
    finally:
        source.close()


@pytest.fixture
def branched(tmp_path: Path) -> Path:
    """Two MiB in ``base``; ``later`` wrote over one and beside it; now is ``base`` again, with another half MiB."""
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", image, "64M")
    run("qemu-io", "-c", "write 0 2M", image)
    run("qemu-img", "snapshot", "-c", "base", image)
    run("qemu-io", "-c", "write 1M 2M", image)
    run("qemu-img", "snapshot", "-c", "later", image)
    run("qemu-img", "snapshot", "-a", "base", image)
    run("qemu-io", "-c", "write 8M 512k", image)
    return image


def test_a_delete_frees_what_nothing_else_holds(branched: Path) -> None:
    clusters = read(branched, shared=True)
    base, later = clusters.exclusive[:2]
    assert base == Held(0, 0, 2 * 65536)  # its L1 and L2 tables: all data is the active disk's, too
    assert later == Held(2 * MIB, 0, 2 * 65536)
    assert clusters.active == Held(MIB // 2, 0, 2 * 65536)
    assert clusters.shared == (Held(2 * MIB), Held(MIB), Held(2 * MIB))
    assert clusters.freed([0, 1]) == Held(2 * MIB, 0, 4 * 65536)
    assert clusters.freed([]) == Held()
    assert clusters.groups() == {
        0b001: base,
        0b010: later,
        0b100: clusters.active,
        0b101: Held(MIB),
        0b111: Held(MIB),
    }


@settings(deadline=None, max_examples=12, phases=[Phase.generate, Phase.shrink])
@given(random=st.randoms(use_true_random=False))
def test_what_is_foretold_is_what_qemu_frees(random: Random) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try_one(Path(folder), random, Counter(), steps=8)


@pytest.mark.parametrize("options", ["cluster_size=512", "cluster_size=4k", "cluster_size=16k,extended_l2=on"])
@pytest.mark.parametrize("kept", [1, 5_000, 50_000])
def test_however_little_is_kept_of_what_is_far_away_the_figures_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: str, kept: int
) -> None:
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", options, image, "2M")
    for name in ("a", "b", "c"):
        places = Random(name).choices(range(500), k=40)  # noqa: S311 - the same each time
        run("qemu-io", *(part for place in places for part in ("-c", f"write {place * 4}k 4k")), image)
        run("qemu-img", "snapshot", "-c", name, image)
    run("qemu-io", "-c", "write 0 1M", image)
    near = read(image, shared=True)
    monkeypatch.setattr(tables, "_KEPT", kept)
    far = read_clusters(FarFile(image), shared=True)
    assert (far.exclusive, far.shared, far.groups()) == (near.exclusive, near.shared, near.groups())


def test_a_plain_cluster_that_hosts_compressed_ones_is_counted_once(tmp_path: Path) -> None:
    """QEMU makes such images: it goes on to fill a cluster with compressed data that is a plain one by then."""
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", image, "1M")
    run("qemu-io", "-c", "write 0 4k", image)
    run("qemu-io", "-c", "write -c 64k 4k", image)
    content = bytearray(image.read_bytes())
    l1 = int.from_bytes(content[40:48], "big")
    l2 = int.from_bytes(content[l1 : l1 + 8], "big") & 0xFF_FFFF_FFFF_FE00
    compressed = int.from_bytes(content[l2 + 16 * 8 :][:8], "big") & 0xFF_FFFF_F000
    struct.pack_into(">Q", content, l2, compressed)
    image.write_bytes(content)
    run("qemu-img", "check", "-r", "all", image)
    run("qemu-img", "snapshot", "-c", "a", image)
    run("qemu-io", "-c", "write 0 4k", "-c", "write 64k 4k", image)
    before = len(counted_clusters(image))
    foretold = read(image).freed([0])
    run("qemu-img", "snapshot", "-d", "a", image)
    assert foretold.total == (before - len(counted_clusters(image))) * 4096
    assert foretold.disk == 4096
