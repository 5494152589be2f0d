"""``python -m snapgui.qcow2``: the figures without a window, for people and for programs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from snapgui.qcow2.clusters import Clusters, read_clusters
from snapgui.qcow2.source import LocalFile

ROOT = Path(__file__).resolve().parents[2]
MIB = 2**20


def run(*command: str | bytes | Path) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def read(image: Path) -> Clusters:
    source = LocalFile(image)
    try:
        return read_clusters(source)
    finally:
        source.close()


def say(*arguments: str | bytes | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "snapgui.qcow2", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        env={**os.environ, **environment},
    )


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


def test_the_command_line_says_what_deleting_frees(branched: Path) -> None:
    ran = say(branched, "--json", "--delete", "later", "--delete", "base")
    found: dict[str, Any] = json.loads(ran.stdout)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert found == {
        "image": str(branched),
        "cluster_size": 65536,
        "active": {"exclusive_bytes": MIB // 2 + 2 * 65536},
        "snapshots": [
            {"id": "1", "name": "base", "vm_state_size": 0, "exclusive_bytes": 2 * 65536},
            {"id": "2", "name": "later", "vm_state_size": 0, "exclusive_bytes": 2 * MIB + 2 * 65536},
        ],
        "freed_bytes": 2 * MIB + 4 * 65536,
    }
    ran = say(branched, "--delete", "later")
    assert "2   later     0 B    2.0 MiB    2.1 MiB\n" in ran.stdout
    assert "Deleting later frees 2.1 MiB (2228224 bytes)." in ran.stdout


def test_of_two_with_one_name_the_first_goes_first_as_with_qemu_img(branched: Path) -> None:
    run("qemu-img", "snapshot", "-c", "later", branched)
    assert json.loads(say(branched, "--json", "--delete", "later").stdout)["freed_bytes"] == 2 * MIB + 2 * 65536
    both = json.loads(say(branched, "--json", "--delete", "later", "--delete", "later").stdout)["freed_bytes"]
    assert both == read(branched).freed([1, 2]).total
    ran = say(branched, *["--delete", "later"] * 3)
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", f"{branched}: no snapshot 'later' left\n")


def test_what_cannot_be_read_is_one_line_and_status_1(branched: Path, tmp_path: Path) -> None:
    whole = branched.read_bytes()
    (tmp_path / "text").write_text("not an image\n" * 1000)
    (tmp_path / "short").write_bytes(whole[: 65536 * 4])
    (tmp_path / "l2").write_bytes(whole[:0x30000] + b"\xff" * 8 + whole[0x30008:])  # the active L1 table's first entry
    for name in ("text", "short", "l2", "missing", "."):
        ran = say(tmp_path / name, "--json")
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1), name
        assert ran.stderr.startswith(f"{tmp_path / name}: ")
    ran = say(branched, "--delete", "bas\x1be")
    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", f"{branched}: no snapshot 'bas\\x1be'\n")


def test_the_command_line_loads_neither_qt_nor_libvirt() -> None:
    code = "import sys, snapgui.qcow2.__main__; print({'PySide6', 'libvirt'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout == "set()\n"


def test_no_name_is_too_odd_to_be_told_and_meant(branched: Path) -> None:
    names = [b"two\nlines", b"\xff\xfe", "名前 🐟".encode(), b"-x", b" ", b"\x1b[31mred"]
    for name in names:
        run("qemu-io", "-c", "write 0 64k", branched)
        run(b"qemu-img", b"snapshot", b"-c", name, bytes(branched))
    for latin in ({}, {"PYTHONIOENCODING": "latin-1"}):
        ran = say(branched, **latin)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert len(ran.stdout.splitlines()) == 1 + 2 + len(names) + 1 + 2  # head, snapshots, now, and two of words
        assert "two\\nlines" in ran.stdout
        assert "\\xff\\xfe" in ran.stdout
        assert "\x1b" not in ran.stdout
    found = json.loads(say(branched, "--json").stdout)
    assert [one["name"] for one in found["snapshots"][2:]] == [
        "two\nlines", "\\xff\\xfe", "名前 🐟", "-x", " ", "\x1b[31mred"
    ]  # fmt: skip
    for place, name in enumerate(names, 2):
        ran = say(branched, "--json", b"--delete=" + name)
        assert ran.stderr == ""
        assert json.loads(ran.stdout)["freed_bytes"] == found["snapshots"][place]["exclusive_bytes"]


def test_the_memory_is_that_of_qemu_img(tmp_path: Path) -> None:
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", image, "64M")
    command = ["qemu-system-x86_64", "-machine", "none", "-m", "1M", "-nodefaults", "-S", "-display", "none"]
    command += ["-monitor", "stdio", "-drive", f"if=none,id=d,file={image}"]
    subprocess.run(command, input="savevm live\nquit\n", text=True, check=True, capture_output=True, timeout=60)
    told = json.loads(subprocess.check_output(["qemu-img", "info", "--output=json", image]))["snapshots"][0]
    (found,) = json.loads(say(image, "--json").stdout)["snapshots"]
    assert (found["id"], found["name"], found["vm_state_size"]) == (told["id"], told["name"], told["vm-state-size"])
    assert found["exclusive_bytes"] >= found["vm_state_size"] > 0


def test_memory_that_now_refers_to_is_told_of(tmp_path: Path) -> None:
    """Shared with its snapshot after a revert, and left when that is deleted: QEMU itself is asked."""
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", image, "64M")
    command = ["qemu-system-x86_64", "-machine", "none", "-m", "1M", "-nodefaults", "-S", "-display", "none"]
    command += ["-monitor", "stdio", "-drive", f"if=none,id=d,file={image}"]
    shared = "Frees is without memory that now refers to as well: while the machine runs, QEMU may drop that later.\n"
    left = "The memory of now is left from a revert: no snapshot needs it.\n"

    def told(*words: str) -> tuple[list[str], bool, bool]:
        lines = "\n".join([*words, "quit", ""])
        subprocess.run(command, input=lines, text=True, check=True, capture_output=True, timeout=60)
        found = say(image).stdout
        (now,) = (line for line in found.splitlines() if line.split()[:1] == ["now"])
        return now.split(), shared in found, left in found

    assert told("savevm a") == (["now", "0", "B", "0", "B"], False, False)
    assert told("loadvm a") == (["now", "0", "B", "0", "B"], True, False)
    now, *words = told("delvm a")
    assert now[1] != "0"
    assert now[2:] == ["KiB", "0", "B"]
    assert words == [False, True]
    held = json.loads(say(image, "--json").stdout)
    assert set(held) == {"image", "cluster_size", "active", "snapshots", "freed_bytes"}
    assert held["active"]["exclusive_bytes"] > 2**16
    assert told("savevm b") == (["now", "0", "B", "0", "B"], False, False)


def test_sizes_are_rounded_as_in_the_window(tmp_path: Path) -> None:
    image = tmp_path / "disk.qcow2"
    run("qemu-img", "create", "-q", "-f", "qcow2", image, "64M")
    run("qemu-io", "-c", "write 0 1280k", image)
    run("qemu-img", "snapshot", "-c", "a", image)
    run("qemu-io", "-c", "discard 0 64M", image)
    assert re.search(r"^1 +a +0 B +1\.3 MiB ", say(image).stdout, re.MULTILINE)


def test_what_is_no_image_ends_at_once_with_a_reason(tmp_path: Path, branched: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(2**43)
    with (tmp_path / "bottomless").open("wb") as file:  # an image's header, and then as much nothing as there can be
        file.write(branched.read_bytes()[:512])
        file.truncate(2**43)
    (tmp_path / "line\nbreak").write_text("no image")
    for name, reason in (
        ("pipe", "neither a file nor a block device"),
        (".", "neither a file nor a block device"),
        ("empty", "does not begin with a qcow2 header"),
        ("sparse", "does not begin with a qcow2 header"),
        ("bottomless", "has no count of the header's own cluster"),
        ("missing", "No such file or directory"),
        ("line\nbreak", "does not begin with a qcow2 header"),
    ):
        ran = say(tmp_path / name, "--json")
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1), name
        assert re.search(reason, ran.stderr), name


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_what_may_not_be_read_is_said(branched: Path) -> None:
    branched.chmod(0)
    ran = say(branched)
    assert (ran.returncode, ran.stderr) == (1, f"{branched}: Permission denied\n")


def test_an_error_of_reading_is_said() -> None:
    ran = say("/proc/self/mem")
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert ran.stderr.startswith("/proc/self/mem: ")


def test_a_running_machines_image_is_read_beside_it(branched: Path) -> None:
    holds = subprocess.Popen(["qemu-io", branched], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holds.stdin is not None and holds.stdout is not None  # noqa: PT018 - for the types
    assert holds.stdout.read(1)  # it has opened it, with its lock
    assert subprocess.run(["qemu-img", "check", branched], check=False, capture_output=True).returncode
    assert say(branched, "--json", "--delete", "later").returncode == 0
    holds.communicate("quit\n", timeout=60)
