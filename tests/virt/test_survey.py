"""What stands around a machine: room, files in the way, checkpoints, block jobs. On a real libvirtd."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator

import pytest
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine

from snapgui.core.records import Prepared
from snapgui.virt import survey
from snapgui.virt.host import Host


@pytest.fixture
def machine(daemon: Daemon) -> Iterator[str]:
    """The UUID of a running machine with one disk among the daemon's images."""
    path = daemon.images / "surveyed.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "8M"], check=True)
    daemon.hand_over(path)
    daemon.virsh("pool-refresh", "images")
    daemon.define(tiny_machine("surveyed", path))
    daemon.virsh("start", "surveyed")
    yield daemon.virsh("domuuid", "surveyed").strip()
    daemon.remove("surveyed")
    path.unlink()


@pytest.fixture
def host(daemon: Daemon, connect: Callable[[str], Host]) -> Host:
    return connect(daemon.uri)


def test_a_folder_tells_its_room_and_its_files(host: Host, daemon: Daemon, machine: str) -> None:
    folder = str(daemon.images)
    space = os.statvfs(folder)
    found = host.folders([folder, "/nowhere"])
    assert found[folder].free == pytest.approx(space.f_bavail * space.f_frsize, rel=0.05)
    assert "surveyed.qcow2" in (found[folder].names or ())
    assert (found["/nowhere"].free, found["/nowhere"].names) == (None, None)
    assert (found["/nowhere"].missing, found[folder].missing) == (True, False)
    assert (found["/nowhere"].writable, found[folder].writable) == (False, True)
    assert machine


def test_prepared_images_tell_what_is_behind_them(host: Host, daemon: Daemon, machine: str) -> None:
    made = daemon.images / "prepared.qcow2"
    behind = ["-b", "surveyed.qcow2", "-F", "qcow2"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *behind, made], check=True)
    (daemon.images / "text").write_text("no image")
    paths = [str(made), str(daemon.images / "surveyed.qcow2"), str(daemon.images / "text"), "/nowhere/x"]
    daemon.virsh("snapshot-create-as", "surveyed", "kept")
    found = host.prepared(paths)
    daemon.virsh("snapshot-delete", "surveyed", "kept")
    made.unlink()
    (daemon.images / "text").unlink()
    size = json.loads(
        subprocess.run(["qemu-img", "info", "-U", "--output=json", paths[1]], capture_output=True, check=True).stdout
    )["virtual-size"]
    built = "compat=1.1,cluster_size=65536,refcount_bits=16,lazy_refcounts=off,extended_l2=off,compression_type=zlib"
    assert tuple(found.values()) == (
        Prepared("qcow2", "surveyed.qcow2", size, near=True, options=built),
        Prepared("qcow2", size=size, tags=frozenset({"kept"}), near=True, options=built),
        Prepared("", size=8, near=True),
        None,
    )
    assert machine


def test_a_folder_that_is_not_of_this_computer_is_known_by_its_pool(
    host: Host, daemon: Daemon, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "_local", False)
    found = host.folders([str(daemon.images), str(daemon.images.parent)])
    assert found[str(daemon.images)].free
    assert not found[str(daemon.images)].writable
    assert "surveyed.qcow2" in (found[str(daemon.images)].names or ())
    assert found[str(daemon.images.parent)].free is None
    assert machine


def test_a_machine_in_peace_has_neither_checkpoints_nor_block_jobs(host: Host, machine: str) -> None:
    assert host.obstacles(machine, host.read_config(machine)) == (0, frozenset())


def test_a_checkpoint_is_counted(host: Host, daemon: Daemon, machine: str) -> None:
    daemon.virsh("checkpoint-create-as", "surveyed", "cp")
    checkpoints, _ = host.obstacles(machine, host.read_config(machine))
    assert checkpoints == 1
    daemon.virsh("checkpoint-delete", "surveyed", "cp")


def test_a_block_job_is_seen_on_its_disk(host: Host, daemon: Daemon, machine: str) -> None:
    daemon.virsh("blockcopy", "surveyed", "vda", str(daemon.images / "copy.qcow2"), "--transient-job", "--wait")
    _, jobs = host.obstacles(machine, host.read_config(machine))
    assert jobs == {"vda"}
    daemon.virsh("blockjob", "surveyed", "vda", "--abort")


def test_a_folder_that_may_not_be_listed_has_the_names_that_its_pool_knows(
    host: Host, daemon: Daemon, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "_names", lambda _: None)  # as that of libvirt is for everybody but root
    (found,) = host.folders([str(daemon.images)]).values()
    assert "surveyed.qcow2" in (found.names or ())
    assert found.writable
    assert machine


def test_the_pools_of_files_are_known_by_their_folders_the_usual_one_first(host: Host, daemon: Daemon) -> None:
    first, last, off = (daemon.hand_over_new(f"{name}-pool") for name in ("a", "z", "off"))
    for name, folder in (("z", last), ("a", first), ("off", off)):
        daemon.virsh("pool-define-as", name, "dir", "--target", str(folder))
    daemon.virsh("pool-start", "z")
    daemon.virsh("pool-start", "a")
    assert list(host.pools().items()) == [(str(daemon.images), "images"), (str(first), "a"), (str(last), "z")]
    for name in ("z", "a", "off"):
        daemon.virsh("pool-destroy", name, check=False)
        daemon.virsh("pool-undefine", name)
    for folder in (first, last, off):
        folder.rmdir()
