"""A snapshot's data taken out: images that hold what a revert gives, and bundles of which the machine is made anew."""

import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from testbed import asking
from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.tiny import tiny_machine

from snapgui.core import virsh
from snapgui.core.errors import SnapguiError
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.records import DomainId, Situation
from snapgui.core.requests import Export, Form, ImportBundle
from snapgui.core.rules import make_plan
from snapgui.jobs.importing import read_import
from snapgui.virt.host import Host
from snapgui.virt.making import Work

pytestmark = pytest.mark.since(9, 9)  # reverts to external snapshots

Connect = Callable[..., Host]
NAME, SNAPSHOT = "taken", "s-1"


@pytest.fixture(scope="module")
def there() -> Iterator[Daemon]:
    """The other host."""
    other = Daemon(listens=True)
    other.start()
    yield other
    other.stop()


@pytest.fixture
def connect() -> Iterator[Connect]:
    opened: list[Host] = []

    def build(daemon: Daemon, *, far: bool = False) -> Host:
        opened.append(Host.open(daemon.far_uri if far else daemon.uri, lambda _: None))
        return opened[-1]

    yield build
    for host in opened:
        host.close()


@pytest.fixture
def out(daemon: Daemon) -> Iterator[Path]:
    """Where exports go."""
    folder = daemon.hand_over_new("out")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def disk(daemon: Daemon) -> Iterator[Path]:
    """The disk of the machine, which is defined and off, and stands on another image."""
    base, disk = daemon.images / f"{NAME}-base.qcow2", daemon.images / f"{NAME}.qcow2"
    _image(daemon, base)
    _write(daemon, base, 1, "0 3M")
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", disk], check=True)
    daemon.define(tiny_machine(NAME, daemon.hand_over(disk)))
    yield disk
    daemon.remove(NAME)
    for file in daemon.images.glob(f"{NAME}*"):
        file.unlink()


def _image(daemon: Daemon, path: Path, size: str = "16M") -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, size], check=True)
    return daemon.hand_over(path)


def _write(daemon: Daemon, path: Path, pattern: int, where: str) -> None:
    subprocess.run(["qemu-io", "-c", f"write -P {pattern} {where}", path], check=True, stdout=subprocess.DEVNULL)
    daemon.hand_over(path)


def _take(daemon: Daemon, disk: Path, kind: str) -> None:
    """A snapshot of what is in the disk, beside others, and other data since; the machine runs where it says so."""
    _write(daemon, disk, 2, "2M 2M")
    if kind == "internal on its own":
        subprocess.run(["qemu-img", "rebase", "-f", "qcow2", "-b", "", disk], check=True)
    if kind == "internal off":
        daemon.virsh("snapshot-create-as", NAME, "before")
        _write(daemon, disk, 3, "4M 1M")
        daemon.virsh("snapshot-create-as", NAME, SNAPSHOT)
        _write(daemon, disk, 4, "3M 5M")
    elif kind.startswith("internal"):
        daemon.virsh("start", NAME)
        daemon.virsh("snapshot-create-as", NAME, SNAPSHOT)
        daemon.virsh("snapshot-create-as", NAME, "after")
        daemon.virsh("destroy", NAME)
        _write(daemon, disk, 4, "3M 5M")
    else:
        daemon.virsh("start", NAME)
        overlay = daemon.images / f"{NAME}.over"
        memory = ["--memspec", f"file={daemon.images / NAME}.mem"] if kind == "external" else ["--disk-only"]
        daemon.virsh("snapshot-create-as", NAME, SNAPSHOT, "--diskspec", f"vda,file={overlay}", *memory)
        daemon.virsh("destroy", NAME)
        _write(daemon, overlay, 4, "3M 5M")


def test_a_snapshot_of_any_name_is_found_in_its_image(daemon: Daemon, connect: Connect, disk: Path, out: Path) -> None:
    _write(daemon, disk, 2, "2M 2M")
    daemon.virsh("snapshot-create-as", NAME, "-x, 'y'=ä")
    before = out / "before.qcow2"
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", disk, before], check=True)
    _write(daemon, disk, 3, "2M 2M")
    host = connect(daemon)
    for form in (Form.QCOW2, Form.BUNDLE):
        plan = _plan(host, Export(_domain(daemon), "-x, 'y'=ä", str(out), form.value, form))
        assert asking.run(host, plan.steps) is None
    assert _same(before, out / "qcow2.qcow2")
    assert _same(before, out / "bundle" / "disk-vda.qcow2")


KINDS = ("internal off", "internal running", "external", "disk only")


def _domain(daemon: Daemon, *, far: bool = False) -> DomainId:
    return DomainId(daemon.far_uri if far else daemon.uri, daemon.virsh("domuuid", NAME))


def _plan(host: Host, request: Export) -> Plan:
    plan = make_plan(request, asking.survey(host, request.domain, request))
    assert plan.ready, plan.findings
    return plan


def _same(one: Path, other: Path) -> bool:
    return subprocess.run(["qemu-img", "compare", "-q", "-U", one, other], check=False).returncode == 0


def _reverted(daemon: Daemon, name: str = NAME) -> Path:
    """The disk once the machine is back at the snapshot."""
    daemon.virsh("snapshot-revert", name, SNAPSHOT, "--paused")
    return Path(daemon.virsh("domblklist", name).split()[1])


@pytest.mark.parametrize("form", [Form.QCOW2, Form.COMPRESSED, Form.RAW])
@pytest.mark.parametrize("state", ["shut off", "running"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_image_holds_what_a_revert_gives(
    daemon: Daemon, connect: Connect, disk: Path, out: Path, *, kind: str, state: str, form: Form
) -> None:
    _take(daemon, disk, kind)
    if state == "running":
        daemon.virsh("start", NAME)
    host = connect(daemon)
    request = Export(_domain(daemon), SNAPSHOT, str(out), "it's", form)
    plan = _plan(host, request)
    assert asking.run(host, plan.steps) is None
    image = out / ("it's.raw" if form is Form.RAW else "it's.qcow2")
    assert [path.name for path in out.iterdir()] == [image.name]
    assert image.stat().st_mode & 0o077 == 0
    assert daemon.state(NAME) == state
    by_hand = Path(image).rename(out / "by job")
    subprocess.run(["sh", "-c", virsh.script(plan)], check=True, stdout=subprocess.DEVNULL)
    assert _same(by_hand, image)
    assert _same(image, _reverted(daemon))


@pytest.mark.parametrize("way", ["there", "there from afar", "from afar to afar", "here as another"])
@pytest.mark.parametrize("kind", [*KINDS, "internal on its own"])
def test_a_bundle_becomes_a_machine_on_another_host_that_reverts(
    daemon: Daemon, there: Daemon, connect: Connect, disk: Path, out: Path, *, kind: str, way: str
) -> None:
    far, another = way.endswith("afar"), way == "here as another"
    _take(daemon, disk, kind)
    fetched = way == "from afar to afar"
    daemon.virsh("pool-refresh", "images")
    host = connect(daemon, far=fetched)
    domain = _domain(daemon, far=fetched)
    plan = _plan(host, Export(domain, SNAPSHOT, str(out), "bundle", Form.BUNDLE))
    assert fetched == (Call.VOLUME_DOWNLOAD in {step.call for step in plan.steps})
    assert asking.run(host, plan.steps) is None
    assert [path.name for path in out.iterdir()] == ["bundle"]
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], check=True, cwd=out / "bundle")
    moved = there.hand_over_new("moved")
    shutil.copytree(out / "bundle", moved / "bundle")
    before = {path.name: path.read_bytes() for path in (moved / "bundle").iterdir()}
    where = there if not another else daemon
    name = "imported" if another else NAME
    request = _import(where, moved / "bundle", name, str(uuid.uuid4()) if another else domain.uuid, far=far)
    plan = make_plan(request, _importing(connect(where, far=far), request))
    try:
        assert plan.ready, plan.findings
        assert far == (Call.VOLUME_UPLOAD in {step.call for step in plan.steps})
        assert asking.run(connect(where, far=far), plan.steps) is None
        assert before == {path.name: path.read_bytes() for path in (moved / "bundle").iterdir()}, "only read"
        assert where.snapshots(name) == [SNAPSHOT]
        assert where.virsh("domuuid", name) == request.domain.uuid
        assert where.state(name) == "shut off"
        expected = out / "expected.qcow2"
        subprocess.run(["qemu-img", "convert", "-U", "-O", "qcow2", _reverted(daemon), expected], check=True)
        daemon.virsh("destroy", NAME)
        shutil.rmtree(out / "bundle")
        assert _same(expected, _reverted(where, name))
        with_memory = kind in ("internal running", "internal on its own") or (kind == "external" and not another)
        assert where.state(name) == "paused"
        reason = where.virsh("domstate", name, "--reason")
        assert ("from snapshot" in reason) or not with_memory, reason
        where.virsh("destroy", name)
        where.virsh("start", name)
    finally:
        where.remove(name) if plan.ready else None
        for path in (*where.images.glob("imported*"), *there.images.glob(f"{NAME}*")):
            path.unlink()
        there.virsh("pool-refresh", "images")
        shutil.rmtree(moved)


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("kind", ["internal off", "internal running", "external"])
def test_the_commands_make_the_same_bundle_and_the_same_machine_of_it(
    daemon: Daemon, there: Daemon, connect: Connect, disk: Path, out: Path, *, kind: str, far: bool
) -> None:
    _take(daemon, disk, kind)
    host = connect(daemon)
    plan = _plan(host, Export(_domain(daemon), SNAPSHOT, str(out), "bundle", Form.BUNDLE))
    assert asking.run(host, plan.steps) is None
    by_job = (out / "bundle").rename(out / "by job")
    subprocess.run(["sh", "-c", virsh.script(plan)], check=True, stdout=subprocess.DEVNULL)
    same = ("domain.xml", "snapshot.xml")
    assert sorted(each.name for each in by_job.iterdir()) == sorted(each.name for each in (out / "bundle").iterdir())
    for name in same:  # of a shell, a text ends in a line feed
        assert (by_job / name).read_text().rstrip() == (out / "bundle" / name).read_text().rstrip()
    assert _same(by_job / "disk-vda.qcow2", out / "bundle" / "disk-vda.qcow2")
    found = []
    moved = there.hand_over_new("moved")
    shutil.move(out / "bundle", moved / "bundle")
    request = _import(there, moved / "bundle", NAME, _domain(daemon).uuid, far=far)
    for script in (False, True):
        imported = make_plan(request, _importing(connect(there, far=far), request))
        assert imported.ready, imported.findings
        if script:
            subprocess.run(["sh", "-c", virsh.script(imported)], check=True, stdout=subprocess.DEVNULL)
        else:
            assert asking.run(connect(there, far=far), imported.steps) is None
        disks = {path.name: path.read_bytes() for path in there.images.glob(f"{NAME}*") if path.suffix == ".qcow2"}
        found.append((there.virsh("dumpxml", NAME), there.virsh("snapshot-dumpxml", NAME, SNAPSHOT), disks))
        there.remove(NAME)
        for path in there.images.glob(f"{NAME}*"):
            path.unlink()
        there.virsh("pool-refresh", "images")
    shutil.rmtree(moved)
    assert found[0] == found[1]


def _import(where: Daemon, bundle: Path, name: str, machine: str, *, far: bool = False) -> ImportBundle:
    return ImportBundle(DomainId(where.far_uri if far else where.uri, machine), str(bundle), name, str(where.images))


def _importing(host: Host, request: ImportBundle) -> Situation:
    """What the dialog reads."""
    return read_import(host, request.bundle, request.folder)


def test_a_snapshot_that_is_deleted_while_it_is_copied_leaves_no_copy(
    daemon: Daemon, connect: Connect, disk: Path, out: Path
) -> None:
    _take(daemon, disk, "internal off")
    daemon.virsh("start", NAME)
    host = connect(daemon)
    copy, look = _plan(host, Export(_domain(daemon), SNAPSHOT, str(out), "new")).steps
    assert copy.undone_by is not None
    deleting = replace(look, program=("virsh", "-c", daemon.uri, "snapshot-delete", NAME, SNAPSHOT))
    problem = asking.run(host, (copy, deleting, look))
    assert problem is not None
    assert problem.why == "The image does not hold the snapshot."
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "state"), [*((kind, "shut off") for kind in (*KINDS, "internal on its own")), ("disk only", "running")]
)
def test_an_image_that_only_the_host_reads_is_fetched_from_it(
    daemon: Daemon, connect: Connect, disk: Path, out: Path, *, kind: str, state: str
) -> None:
    _take(daemon, disk, kind)
    if state == "running":
        daemon.virsh("start", NAME)
    daemon.virsh("pool-refresh", "images")
    host = connect(daemon, far=True)
    plan = _plan(host, Export(_domain(daemon, far=True), SNAPSHOT, str(out), "far"))
    images = 1 if kind == "internal on its own" else 2
    assert [step.call for step in plan.steps].count(Call.VOLUME_DOWNLOAD) == images
    assert asking.run(host, plan.steps) is None
    assert [path.name for path in out.iterdir()] == ["far.qcow2"]
    by_job = (out / "far.qcow2").rename(out / "by job")
    subprocess.run(["sh", "-c", virsh.script(plan)], check=True, stdout=subprocess.DEVNULL)
    assert _same(by_job, out / "far.qcow2")
    assert _same(by_job, _reverted(daemon))


def test_an_image_off_the_present_line_is_fetched_too(daemon: Daemon, connect: Connect, disk: Path, out: Path) -> None:
    _take(daemon, disk, "disk only")
    daemon.virsh("snapshot-create-as", NAME, "s-2", "--disk-only")
    daemon.virsh("snapshot-revert", NAME, SNAPSHOT)
    daemon.virsh("pool-refresh", "images")
    for far in (False, True):
        host = connect(daemon, far=far)
        plan = _plan(host, Export(_domain(daemon, far=far), "s-2", str(out), f"far {far}"))
        assert [step.call for step in plan.steps].count(Call.VOLUME_DOWNLOAD) == (3 if far else 0)
        assert asking.run(host, plan.steps) is None
    assert _same(out / "far False.qcow2", out / "far True.qcow2")


@pytest.mark.parametrize("kind", ["internal running", "external"])
def test_the_commands_fetch_the_same_bundle(
    daemon: Daemon, connect: Connect, disk: Path, out: Path, *, kind: str
) -> None:
    _take(daemon, disk, kind)
    daemon.virsh("pool-refresh", "images")
    host = connect(daemon, far=True)
    plan = _plan(host, Export(_domain(daemon, far=True), SNAPSHOT, str(out), "bundle", Form.BUNDLE))
    assert asking.run(host, plan.steps) is None
    by_job = (out / "bundle").rename(out / "by job")
    subprocess.run(["sh", "-c", virsh.script(plan)], check=True, stdout=subprocess.DEVNULL)
    for path in by_job.iterdir():
        other = out / "bundle" / path.name
        if path.suffix == ".qcow2":
            assert _same(path, other)
        elif path.name != "SHA256SUMS":
            assert path.read_bytes().rstrip() == other.read_bytes().rstrip()


def test_what_is_written_to_while_it_is_fetched_is_not_kept(
    daemon: Daemon, connect: Connect, disk: Path, out: Path
) -> None:
    daemon.virsh("pool-refresh", "images")
    host = connect(daemon, far=True)
    fetch = Step(Call.VOLUME_DOWNLOAD, _domain(daemon), NAME, source=str(disk), path=str(out / "a"))

    def carry(path: str, into: BinaryIO, go_on: Callable[[float], None]) -> None:
        def written(done: float) -> None:
            _write(daemon, disk, 7, "0 64k")
            go_on(done)

        host.download(path, into, written)

    with pytest.raises(SnapguiError) as caught:
        Work(fetch, "Fetching it", carry).run()
    assert caught.value.problem.why == "It was written to while it was read."
    assert list(out.iterdir()) == []


def test_the_firmware_s_settings_go_along_from_afar_to_afar(
    daemon: Daemon, there: Daemon, connect: Connect, disk: Path, out: Path
) -> None:
    code, empty = (Path(f"/usr/share/OVMF/OVMF_{part}_4M.fd") for part in ("CODE", "VARS"))
    if not code.exists():
        pytest.skip("OVMF is not installed")
    nvram = daemon.hand_over(Path(shutil.copy(empty, daemon.images / f"{NAME}-vars")))
    with nvram.open("r+b") as file:
        file.seek(-64, 2)
        file.write(b"mine")
    firmware = (
        f"<loader readonly='yes' type='pflash'>{code}</loader><nvram>{nvram}</nvram></os><features><acpi/></features>"
    )
    daemon.remove(NAME)
    daemon.define(tiny_machine(NAME, disk).replace("'pc'", "'q35'").replace("</os>", firmware))
    daemon.virsh("snapshot-create-as", NAME, SNAPSHOT)
    daemon.virsh("pool-refresh", "images")
    host, domain = connect(daemon, far=True), _domain(daemon, far=True)
    assert asking.run(host, _plan(host, Export(domain, SNAPSHOT, str(out), "b", Form.BUNDLE)).steps) is None
    request = _import(there, out / "b", "imported", domain.uuid, far=True)
    plan = make_plan(request, _importing(connect(there, far=True), request))
    try:
        assert asking.run(connect(there, far=True), plan.steps) is None
        assert (there.images / "imported_VARS.fd").read_bytes() == nvram.read_bytes()
        there.virsh("start", "imported")
        assert there.state("imported") == "running"
    finally:
        there.virsh("destroy", "imported", check=False)
        there.virsh("undefine", "imported", "--snapshots-metadata", "--keep-nvram")
        for path in there.images.glob("imported*"):
            path.unlink()
        there.virsh("pool-refresh", "images")
        daemon.virsh("undefine", NAME, "--snapshots-metadata", "--keep-nvram")


def test_a_guest_goes_on_in_the_middle_on_another_host(
    daemon: Daemon, there: Daemon, connect: Connect, guest: Guest, out: Path
) -> None:
    guest.start()
    guest.run("echo remembered >/tmp/in-memory")
    daemon.virsh("snapshot-create-as", guest.name, SNAPSHOT)
    guest.run("rm /tmp/in-memory")
    daemon.virsh("destroy", guest.name)
    host, domain = connect(daemon), DomainId(daemon.uri, guest.uuid)
    assert asking.run(host, _plan(host, Export(domain, SNAPSHOT, str(out), "guest", Form.BUNDLE)).steps) is None
    request = _import(there, out / "guest", "imported", guest.uuid)
    plan = make_plan(request, _importing(connect(there), request))
    assert "import-places" in {finding.rule for finding in plan.findings}, "its kernel and its console"
    try:
        assert asking.run(connect(there), plan.steps) is None
        there.virsh("snapshot-revert", "imported", SNAPSHOT, "--running")
        assert guest.run("cat /tmp/in-memory") == "remembered"
    finally:
        there.remove("imported")
        for path in there.images.glob("imported*"):
            path.unlink()


def test_a_fetch_that_is_cancelled_or_finds_no_volume_leaves_nothing(
    daemon: Daemon, connect: Connect, disk: Path, out: Path
) -> None:
    host = connect(daemon)
    daemon.virsh("pool-refresh", "images")
    fetch = Step(Call.VOLUME_DOWNLOAD, _domain(daemon), NAME, source=str(disk), path=str(out / "a"))
    cancelled = Work(fetch, "Fetching it", host.download)
    cancelled.end()
    with pytest.raises(SnapguiError) as caught:
        cancelled.run()
    assert caught.value.problem.why == "It was cancelled."
    with pytest.raises(SnapguiError) as caught:
        Work(replace(fetch, source="/none"), "Fetching it", host.download).run()
    assert "/none" in caught.value.problem.why
    with pytest.raises(SnapguiError, match="no connection"):
        Work(fetch, "Fetching it").run()
    assert list(out.iterdir()) == []
    Work(fetch, "Fetching it", host.download).run()
    assert (out / "a").read_bytes() == disk.read_bytes()
