"""A host behind a real libvirtd: what only a daemon has. Its machine is 16 MiB of memory and a boot sector."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from testbed.daemon import Daemon
from testbed.heard import Events

from snapgui.core.errors import SnapguiError
from snapgui.core.plan import Call, Step
from snapgui.core.records import DomainId, Size, Snapshots
from snapgui.core.usage import NOW, ImageUsage
from snapgui.qcow2.changes import read_changes
from snapgui.qcow2.clusters import read_clusters
from snapgui.qcow2.source import LocalFile
from snapgui.virt import connection
from snapgui.virt.events import ConnectionLost
from snapgui.virt.host import Host
from snapgui.virt.volume import Volume

_DOMAIN = """\
<domain type='qemu'>
  <name>tiny</name>
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/>
    </disk>
    <video><model type='vga' vram='2048'/></video>
    <memballoon model='none'/>
  </devices>
</domain>
"""


@pytest.fixture
def disk(daemon: Daemon) -> Iterator[Path]:
    """The disk of a running machine “tiny”."""
    path = daemon.images / "tiny.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "8M"], check=True)
    daemon.hand_over(path)
    daemon.virsh("pool-refresh", "images")
    daemon.define(_DOMAIN.format(disk=path))
    yield path
    daemon.remove("tiny")
    path.unlink()


@pytest.fixture
def host(daemon: Daemon, connect: Callable[[str], Host]) -> Host:
    return connect(daemon.uri)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections that give up on a silent host after two seconds instead of 25."""
    monkeypatch.setattr(connection, "_KEEPALIVE_SECONDS", 1)
    monkeypatch.setattr(connection, "_KEEPALIVE_COUNT", 1)


def run(host: Host, uuid: str, call: Call, snapshot: str = "") -> None:
    xml = f"<domainsnapshot><name>{snapshot}</name></domainsnapshot>" if call is Call.SNAPSHOT_CREATE else ""
    host.run(Step(call, DomainId(host.uri, uuid), "tiny", snapshot, xml))


def uuid_of(host: Host) -> str:
    (uuid,) = (record.id.uuid for record in host.list_domains() if record.name == "tiny")
    return uuid


def test_sizes_of_live_snapshots_equal_qemu_img_to_the_byte(
    host: Host, daemon: Daemon, disk: Path, events: Events
) -> None:
    uuid = uuid_of(host)
    run(host, uuid, Call.SNAPSHOT_CREATE, "off")
    run(host, uuid, Call.CREATE)
    run(host, uuid, Call.SNAPSHOT_CREATE, "live")
    events.wait_for(lambda event: event.event == "suspended")
    last = events.wait_for(lambda event: event is events[-1] and event.event == "resumed")
    assert last.id == DomainId(host.uri, uuid)
    records = [record for batch in host.read_snapshots(uuid, ("off", "live")) for record in batch]
    told = subprocess.run(["qemu-img", "info", "-U", "--output=json", disk], check=True, capture_output=True)
    by_name = {entry["name"]: Size(entry["vm-state-size"]) for entry in json.loads(told.stdout)["snapshots"]}
    assert host.memory_sizes(uuid, records) == by_name
    assert by_name["off"] == Size(0)
    assert by_name["live"].bytes

    picture = host.screenshot(uuid)
    assert picture[:2] in (b"P6", b"\x89P")
    assert host.progress(Step(Call.SNAPSHOT_CREATE, DomainId(host.uri, uuid), "tiny", abortable=True)) is None

    run(host, uuid, Call.SNAPSHOT_REVERT, "off")
    assert daemon.state("tiny") == "shut off"
    run(host, uuid, Call.SNAPSHOT_DELETE, "off")
    assert daemon.snapshots("tiny") == ["live"]


def test_reading_goes_on_while_steps_take_their_time(host: Host, disk: Path) -> None:
    uuid = uuid_of(host)
    run(host, uuid, Call.CREATE)
    job = threading.Thread(target=run, args=(host, uuid, Call.SNAPSHOT_CREATE, "live"))
    job.start()
    slowest = 0.0
    while job.is_alive():
        start = time.monotonic()
        host.list_snapshots(uuid)
        host.list_domains()
        slowest = max(slowest, time.monotonic() - start)
    assert slowest < 1
    assert host.list_snapshots(uuid).current == "live"
    assert disk.exists()


def test_a_volume_has_the_bytes_of_its_file(host: Host, disk: Path) -> None:
    volume = Volume(host._quick, str(disk))
    content = disk.read_bytes()
    assert volume.size() == len(content)
    assert volume.read(0, 4) == b"QFI\xfb"
    assert volume.read(100, 70_000) == content[100:70_100]
    assert volume.read(0, 2 * len(content)) == content
    assert volume.read(len(content) - 3, 10) == content[-3:]
    assert volume.read(len(content), 10) == b""
    volume.close()


def test_clusters_are_counted_over_the_connection(host: Host, daemon: Daemon) -> None:
    path = daemon.images / "counted.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", "cluster_size=4k", path, "64M"], check=True)
    for name in ("a", "b"):
        writes = [part for place in range(0, 64, 3) for part in ("-c", f"write -P {ord(name)} {place}M 12k")]
        subprocess.run(["qemu-io", *writes, path], check=True, capture_output=True)
        subprocess.run(["qemu-img", "snapshot", "-c", name, path], check=True)
    subprocess.run(["qemu-io", "-c", "write 33M 4k", path], check=True, capture_output=True)
    daemon.hand_over(path)
    daemon.virsh("pool-refresh", "images")
    volume, file = Volume(host._quick, str(path)), LocalFile(path)
    far, near = read_clusters(volume), read_clusters(file)
    assert far.exclusive == near.exclusive
    assert far.freed([0]).disk == 22 * 12 * 1024
    assert read_changes(volume, 0) == read_changes(file, 0)

    subprocess.run(["qemu-io", "-c", "write 40M 9M", path], check=True, capture_output=True)
    assert read_clusters(volume).exclusive == read_clusters(file).exclusive  # grown since it was opened

    def cancel(part: float) -> None:
        raise InterruptedError(part)

    with pytest.raises(InterruptedError):
        read_clusters(volume, progress=cancel)
    path.unlink()
    with pytest.raises(SnapguiError):
        read_clusters(volume)


def test_where_files_are_out_of_reach_sizes_come_over_the_connection(
    host: Host, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = uuid_of(host)
    run(host, uuid, Call.CREATE)
    run(host, uuid, Call.SNAPSHOT_CREATE, "live")
    (records,) = host.read_snapshots(uuid, ("live",))
    by_file = host.memory_sizes(uuid, records)
    monkeypatch.setattr(host, "_local", False)
    assert isinstance(host.open_image(str(disk)), Volume)
    assert host.memory_sizes(uuid, records) == by_file
    assert host.image_tags(host.read_config(uuid)) == {"vda": frozenset({"live"})}


def test_where_files_are_out_of_reach_images_are_counted_over_the_connection(
    host: Host, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a running machine, whose image has grown since its pool was read."""
    uuid = uuid_of(host)
    run(host, uuid, Call.CREATE)
    run(host, uuid, Call.SNAPSHOT_CREATE, "live")
    parts: list[float] = []
    by_file = host.usage(uuid, Snapshots(), None, parts.append).images["vda"]
    monkeypatch.setattr(host, "_local", False)
    assert isinstance(host.open_image(str(disk)), Volume)
    found = host.usage(uuid, Snapshots(), None, parts.append)
    over = found.images["vda"]
    assert isinstance(by_file, ImageUsage)
    assert isinstance(over, ImageUsage)
    assert (over.states, over.alone, over.shared, over.groups) == (
        by_file.states, by_file.alone, by_file.shared, by_file.groups
    )  # fmt: skip
    assert (over.states, found.live) == (("live", NOW), True)
    assert parts[-1] == 1.0

    def cancel(part: float) -> None:
        raise RuntimeError(part)  # an OSError would be the image's

    with pytest.raises(RuntimeError):
        host.usage(uuid, Snapshots(), None, cancel)
    assert all(thread.name != "libvirt reads" for thread in threading.enumerate())
    assert host.usage(uuid, Snapshots(), None, parts.append).images["vda"] == over  # the connection goes on


def test_an_image_in_no_pool_says_so(host: Host) -> None:
    with pytest.raises(SnapguiError) as caught:
        host.open_image("/nowhere.qcow2")
    assert caught.value.problem.why == (
        "There is no /nowhere.qcow2, neither as a file nor in an active storage pool of the host."
    )
    assert "storage pool" in caught.value.problem.remedy


def test_a_new_title_is_told(host: Host, daemon: Daemon, disk: Path, events: Events) -> None:  # noqa: ARG001 - its machine
    daemon.virsh("desc", "tiny", "--title", "a new one")
    uuid = uuid_of(host)
    assert events.wait_for(lambda event: event.event == "metadata").id == DomainId(host.uri, uuid)


def test_defining_and_forgetting_a_machine_is_told(host: Host, daemon: Daemon, disk: Path, events: Events) -> None:
    daemon.remove("tiny")
    events.wait_for(lambda event: event.event == "undefined")
    assert all(record.name != "tiny" for record in host.list_domains())
    daemon.define(_DOMAIN.format(disk=disk))
    events.wait_for(lambda event: event.event == "defined")


def test_calls_at_once_do_not_hold_each_other_up(host: Host) -> None:
    slowest = 0.0
    for _ in range(100):
        start = time.monotonic()
        host.list_domains()  # several calls at once
        slowest = max(slowest, time.monotonic() - start)
    assert slowest < 2  # a call that misses its answer gets it at the next keepalive message, after five seconds


@pytest.mark.usefixtures("impatient")
def test_a_host_that_stops_answering_is_lost_and_no_call_waits_for_ever(
    daemon: Daemon, disk: Path, connect: Callable[[str], Host], events: Events
) -> None:
    host = connect(daemon.uri)
    uuid = uuid_of(host)
    codes: list[int | None] = []

    def ask(question: Callable[[], object]) -> None:
        with pytest.raises(SnapguiError) as caught:
            question()
        codes.append(caught.value.problem.code)

    questions = (host.list_domains, partial(host.list_snapshots, uuid))  # on two connections
    callers = [threading.Thread(target=ask, args=(question,)) for question in questions * 3]
    with daemon.silent():
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(10)
        events.wait_for(lambda event: isinstance(event, ConnectionLost))
    assert codes == [39] * 6
    (lost,) = (event for event in events if isinstance(event, ConnectionLost))
    assert (lost.uri, lost.problem.why) == (daemon.uri, "The host stopped answering.")
    assert disk.exists()


@pytest.mark.usefixtures("impatient")
def test_a_silence_that_ends_in_time_costs_nothing(daemon: Daemon, host: Host, events: Events) -> None:
    with daemon.silent():
        time.sleep(1)
    host.list_domains()
    assert not [event for event in events if isinstance(event, ConnectionLost)]


def test_closing_does_not_wait_for_a_host_that_stopped_answering(
    daemon: Daemon, connect: Callable[[str], Host]
) -> None:
    host = connect(daemon.uri)

    def ask() -> None:
        with pytest.raises(SnapguiError):
            host.list_domains()

    with daemon.silent():
        start = time.monotonic()
        caller = threading.Thread(target=ask)
        caller.start()
        host.close()
        caller.join(1)
        assert time.monotonic() - start < 4
        assert not caller.is_alive()


def test_a_daemon_that_ends_is_told_once(daemon: Daemon, host: Host, events: Events) -> None:
    daemon.crash()
    try:
        lost = events.wait_for(lambda event: isinstance(event, ConnectionLost))
        with pytest.raises(SnapguiError) as caught:
            host.list_domains()
        assert caught.value.problem.code == 39
    finally:
        daemon.start()
    assert [event for event in events if isinstance(event, ConnectionLost)] == [lost]


def descriptors() -> int:
    """How many this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_closed_hosts_leave_no_descriptor_open(daemon: Daemon) -> None:
    Host.open(daemon.uri, lambda _: None).close()
    before = descriptors()
    for _ in range(3):
        host = Host.open(daemon.uri, lambda _: None)
        host.list_domains()
        host.close()
    deadline = time.monotonic() + 2  # the loop's thread frees what it no longer watches
    while descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert descriptors() <= before
