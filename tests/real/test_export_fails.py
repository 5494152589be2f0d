"""Exports and imports that fail in the middle, and bundles that can't be trusted: nothing is left, and it is said."""

import hashlib
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest
from testbed import asking
from testbed.daemon import Daemon
from testbed.tiny import tiny_machine

from snapgui.core import virsh
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.plan import Call, Level, Plan, Step
from snapgui.core.records import DomainId, Folder
from snapgui.core.requests import Export, Form, ImportBundle
from snapgui.core.rules import make_plan
from snapgui.jobs.course import run_steps
from snapgui.jobs.importing import read_import
from snapgui.virt import survey
from snapgui.virt.host import Host
from snapgui.virt.making import Work

NAME, SNAPSHOT, UUID = "leo", "s", "0f8ad3f7-2ae5-43f4-9f5e-6a8cf3f13b6e"


@pytest.fixture(scope="module")
def host(daemon: Daemon) -> Iterator[Host]:
    opened = Host.open(daemon.uri, lambda _: None)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def machine(daemon: Daemon) -> Iterator[DomainId]:
    """A machine that is off, with 8 MiB of data in one snapshot."""
    disk = daemon.images / f"{NAME}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "16M"], check=True)
    subprocess.run(["qemu-io", "-c", "write -P 5 1M 8M", disk], check=True, stdout=subprocess.DEVNULL)
    daemon.define(tiny_machine(NAME, daemon.hand_over(disk)))
    daemon.virsh("snapshot-create-as", NAME, SNAPSHOT)
    yield DomainId(daemon.uri, daemon.virsh("domuuid", NAME))
    daemon.remove(NAME)
    disk.unlink()


@pytest.fixture(scope="module")
def exported(daemon: Daemon, host: Host, machine: DomainId) -> Iterator[Path]:
    """A whole bundle of it."""
    folder = daemon.hand_over_new("exported")
    assert asking.run(host, _export(host, machine, folder, Form.BUNDLE).steps) is None
    yield folder / "b"
    shutil.rmtree(folder)


@pytest.fixture
def bundle(daemon: Daemon, exported: Path) -> Iterator[Path]:
    """A copy of the bundle, to be spoilt."""
    folder = daemon.root / "spoilt"
    shutil.copytree(exported, folder)
    yield folder
    shutil.rmtree(folder)


def _export(host: Host, machine: DomainId, folder: Path, form: Form) -> Plan:
    request = Export(machine, SNAPSHOT, str(folder), "b", form)
    plan = make_plan(request, asking.survey(host, machine, request))
    assert plan.ready, plan.findings
    return plan


def _import(host: Host, bundle: Path, folder: Path, name: str = "leo-2") -> Plan:
    request = ImportBundle(DomainId(host.uri, UUID), str(bundle), name, str(folder))
    return make_plan(request, read_import(host, str(bundle), str(folder)))


# A disk that is full


@pytest.mark.parametrize("far", [False, True])
@pytest.mark.parametrize("form", Form)
def test_a_full_disk_is_said_before_and_in_the_middle_and_leaves_nothing(
    daemon: Daemon, host: Host, machine: DomainId, small: Callable[[str], Path], *, form: Form, far: bool
) -> None:
    folder = small("6m")
    if far:
        daemon.virsh("pool-refresh", "images")
        host, machine = Host.open(daemon.far_uri, lambda _: None), machine._replace(uri=daemon.far_uri)
    plan = _export(host, machine, folder, form)
    assert any(finding.rule == "space" for finding in plan.findings)
    problem = asking.run(host, plan.steps)
    if far:
        host.close()
    if far or form is not Form.COMPRESSED:
        assert problem is not None
        assert problem.why == "There is no room left for it."
        assert list(folder.iterdir()) == []


def test_an_import_onto_a_full_disk_leaves_no_file_and_no_machine(
    daemon: Daemon, host: Host, exported: Path, small: Callable[[str], Path]
) -> None:
    folder = small("5m")
    plan = _import(host, exported, folder)
    assert plan.ready
    assert any(finding.rule == "space" for finding in plan.findings)
    problem = asking.run(host, plan.steps)
    assert problem is not None
    assert problem.why == "There is no room left for it."
    assert list(folder.iterdir()) == []
    assert "leo-2" not in daemon.virsh("list", "--all", "--name").split()


# What fails at the end


def test_a_machine_that_libvirt_refuses_leaves_no_file(daemon: Daemon, host: Host, exported: Path) -> None:
    before = set(daemon.images.iterdir())
    for spoil in (Call.DEFINE_NEW, Call.SNAPSHOT_CREATE):
        plan = _import(host, exported, daemon.images)
        steps = tuple(
            replace(step, xml=step.xml.replace("hvm", "xyz").replace("<state>", "<state>x"))
            if step.call is spoil
            else step
            for step in plan.steps
        )
        assert asking.run(host, steps) is not None
        assert set(daemon.images.iterdir()) == before
        assert "leo-2" not in daemon.virsh("list", "--all", "--name").split()


def test_what_is_there_is_not_replaced(daemon: Daemon, host: Host, exported: Path, machine: DomainId) -> None:
    again = make_plan(
        (request := Export(machine, SNAPSHOT, str(exported.parent), "b", Form.BUNDLE)),
        asking.survey(host, machine, request),
    )
    assert [finding.rule for finding in again.findings if finding.level is Level.BLOCKER] == ["file-exists"]
    mine = daemon.images / "leo-2.qcow2"
    mine.write_text("mine")
    try:
        plan = _import(host, exported, daemon.images)
        assert [finding.rule for finding in plan.findings if finding.level is Level.BLOCKER] == ["file-exists"]
        mine.unlink()
        steps = _import(host, exported, daemon.images).steps
        mine.write_text("mine")  # since the plan was made
        problem = asking.run(host, steps)
        assert problem is not None
        assert problem.why == f"{mine} is there already, and nothing is replaced."
        assert mine.read_text() == "mine"
    finally:
        mine.unlink()


@pytest.mark.parametrize("name", [NAME, "", "a/b"])
def test_a_name_that_can_not_be_is_said(daemon: Daemon, host: Host, exported: Path, name: str) -> None:
    plan = _import(host, exported, daemon.images, name)
    assert "machine-name" in [finding.rule for finding in plan.findings if finding.level is Level.BLOCKER]


def test_its_uuid_is_said_to_be_taken(daemon: Daemon, host: Host, exported: Path, machine: DomainId) -> None:
    request = ImportBundle(machine, str(exported), "leo-2", str(daemon.images))
    plan = make_plan(request, read_import(host, str(exported), str(daemon.images)))
    (finding,) = (each for each in plan.findings if each.level is Level.BLOCKER)
    assert (finding.rule, finding.reason) == ("same-uuid", "“leo” on this host has the same UUID.")


# A host that is not this computer


@pytest.fixture(scope="module")
def there() -> Iterator[Daemon]:
    other = Daemon(listens=True)
    other.start()
    yield other
    other.stop()


@pytest.fixture
def afar(there: Daemon) -> Iterator[Host]:
    """By the network, with nothing on it."""
    opened = Host.open(there.far_uri, lambda _: None)
    yield opened
    opened.close()


@pytest.fixture
def untouched(there: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In the end, there is no machine on that host, no volume and no copy of this computer's."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    yield
    assert list(tmp_path.glob("snapgui-*")) == []
    assert list(there.images.iterdir()) == []
    assert there.virsh("vol-list", "images") == ""
    assert there.virsh("list", "--all", "--name") == ""


@pytest.fixture
def on_a_base(bundle: Path) -> Path:
    """The bundle as one whose image stands on another, as that of a machine with its memory inside can."""
    shutil.copy(bundle / "disk-vda.qcow2", bundle / "disk-vda-base.qcow2")
    image = bundle / "disk-vda.qcow2"
    subprocess.run(
        ["qemu-img", "rebase", "-u", "-f", "qcow2", "-b", "disk-vda-base.qcow2", "-F", "qcow2", image], check=True
    )
    _say(bundle, disks=_disk(base="disk-vda-base.qcow2"))
    with (bundle / "SHA256SUMS").open("a") as sums:
        sums.write(f"{0:064} *disk-vda-base.qcow2\n")
    _sums(bundle)
    return bundle


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("moment", range(12))
def test_what_fails_or_is_cancelled_on_another_host_leaves_no_volume(
    there: Daemon, afar: Host, on_a_base: Path, moment: int
) -> None:
    plan = _import(afar, on_a_base, there.images)
    cancelled = threading.Event()

    def run(step: Step) -> Problem | None:
        if step.call is not Call.VOLUME_UPLOAD:
            return asking.run_one(afar, step)

        def carry(path: str, source: BinaryIO, go_on: Callable[[float], None]) -> None:
            def half(done: float) -> None:
                if cancelled.is_set() and done > 0.3:
                    work.end()
                go_on(done)

            afar.upload(path, source, half)

        work = Work(step, "Uploading", carry)
        try:
            work.run()
        except SnapguiError as error:
            return error.problem
        return None

    def begins(index: int, _step: Step) -> None:
        if index == moment:
            cancelled.set()

    course = run_steps(plan, run, lambda *_: False, begins, cancelled)
    assert course.problem is not None
    assert course.problem.why == "It was cancelled."
    assert course.warnings == []


@pytest.mark.usefixtures("untouched")
def test_what_the_other_host_refuses_at_the_end_leaves_no_volume(there: Daemon, afar: Host, bundle: Path) -> None:
    for spoil in (Call.DEFINE_NEW, Call.SNAPSHOT_CREATE):
        plan = _import(afar, bundle, there.images)
        steps = tuple(
            replace(step, xml=step.xml.replace("hvm", "xyz").replace("<state>", "<state>x"))
            if step.call is spoil
            else step
            for step in plan.steps
        )
        assert asking.run(afar, steps) is not None
        assert list(there.images.iterdir()) == []


@pytest.mark.usefixtures("untouched")
def test_a_pool_that_is_full_is_said_before_and_leaves_nothing_and_the_daemon_alive(
    there: Daemon, afar: Host, exported: Path
) -> None:
    folder = there.hand_over_new("full")
    mounted = ["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", folder]
    if subprocess.run(mounted, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    there.hand_over(folder)
    try:
        there.virsh("pool-create-as", "full", "dir", "--target", str(folder))
        plan = _import(afar, exported, folder)
        assert plan.ready
        assert any(finding.rule == "space" for finding in plan.findings)
        for script in (False, True):
            pid = there.pid
            if script:
                ran = subprocess.run(["sh", "-c", virsh.script(plan)], check=False, capture_output=True, text=True)
                assert "No space left on device" in ran.stderr
            else:
                problem = asking.run(afar, plan.steps)
                assert problem is not None
                assert problem.why.endswith("disk is full.")
            assert there.running(pid)
            assert list(folder.iterdir()) == []
        there.virsh("pool-destroy", "full")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        folder.rmdir()


def test_a_volume_that_is_there_is_not_replaced(there: Daemon, afar: Host, exported: Path) -> None:
    mine = there.images / "leo-2.qcow2"
    steps = _import(afar, exported, there.images).steps
    mine.write_text("mine")
    problem = asking.run(afar, steps)
    assert problem is not None
    assert problem.why == f"{mine} is there already, and nothing is replaced."
    there.virsh("pool-refresh", "images")
    plan = _import(afar, exported, there.images)
    assert [finding.rule for finding in plan.findings if finding.level is Level.BLOCKER] == ["file-exists"]
    problem = asking.run(afar, steps)
    assert problem is not None
    assert problem.why == "leo-2.qcow2 is there already, and nothing is replaced."
    assert mine.read_text() == "mine"
    there.virsh("vol-delete", str(mine))


def test_a_folder_of_this_computer_that_only_the_host_writes_is_filled_through_its_pool(
    daemon: Daemon, host: Host, exported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = survey._own_folder

    def closed(path: str) -> Folder | None:  # as that of libvirt is for everybody but root
        found = own(path)
        return replace(found, writable=False, names=None) if found is not None and path == str(daemon.images) else found

    monkeypatch.setattr(survey, "_own_folder", closed)
    plan = _import(host, exported, daemon.images)
    assert Call.VOLUME_UPLOAD in {step.call for step in plan.steps}
    assert asking.run(host, plan.steps) is None
    assert daemon.snapshots("leo-2") == [SNAPSHOT]
    daemon.virsh("snapshot-revert", "leo-2", SNAPSHOT)
    daemon.remove("leo-2")
    daemon.virsh("vol-delete", str(daemon.images / "leo-2.qcow2"))


def test_a_folder_of_another_host_that_is_no_pool_is_refused(there: Daemon, afar: Host, exported: Path) -> None:
    plan = _import(afar, exported, there.root)
    (finding,) = (each for each in plan.findings if each.level is Level.BLOCKER)
    assert finding.rule == "room-closed"
    assert finding.reason.endswith(
        f"write to {there.root} from here, and no active storage pool of the host has its files there."
    )


# Bundles that are not to be trusted


def _sums(bundle: Path) -> None:
    """As whoever makes a hostile bundle would."""
    names = [line.split("*")[1] for line in (bundle / "SHA256SUMS").read_text().splitlines()]
    lines = (f"{hashlib.sha256((bundle / name).read_bytes()).hexdigest()} *{name}\n" for name in names)
    (bundle / "SHA256SUMS").write_text("".join(lines))


def _say(bundle: Path, **changes: object) -> None:
    path = bundle / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _disk(**changes: str) -> list[dict[str, str]]:
    return [{"target": "vda", "file": "disk-vda.qcow2", "base": "", **changes}]


def _rebased(bundle: Path, *options: str) -> None:
    image = bundle / "disk-vda.qcow2"
    subprocess.run(["qemu-img", "rebase", "-u", "-f", "qcow2", *options, image], check=True)
    _sums(bundle)


def _with_data_file(bundle: Path) -> None:
    image = bundle / "disk-vda.qcow2"
    image.unlink()
    secret = bundle.parent / "secret"
    options = ["-o", f"data_file={secret},data_file_raw=on"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, image, "1M"], check=True)
    secret.unlink()
    _sums(bundle)


def _spoilt(change: Callable[[Path], object]) -> Callable[[Path], None]:
    def spoil(bundle: Path) -> None:
        change(bundle)
        _sums(bundle)

    return spoil


_SPOILERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda bundle: [path.unlink() for path in bundle.iterdir()], "bundle.json is missing"),
    "no-json": (_spoilt(lambda bundle: (bundle / "bundle.json").write_text("{")), "It is no bundle"),
    "another-json": (_spoilt(lambda bundle: (bundle / "bundle.json").write_text("[1]")), "It is no bundle"),
    "deep-json": (_spoilt(lambda bundle: (bundle / "bundle.json").write_text("[" * 500_000)), "It is no bundle"),
    "numbers": (_spoilt(lambda bundle: _say(bundle, machine=1)), "It is no bundle"),
    "version": (_spoilt(lambda bundle: _say(bundle, version=2)), "of another version"),
    "no-disks": (_spoilt(lambda bundle: _say(bundle, disks=[])), "It is no bundle"),
    "above": (_spoilt(lambda bundle: _say(bundle, disks=_disk(file="../leo"))), "does not lie in it: ../leo."),
    "absolute": (_spoilt(lambda bundle: _say(bundle, memory="/etc/passwd")), "does not lie in it: /etc/passwd."),
    "hidden": (_spoilt(lambda bundle: _say(bundle, nvram="..")), "does not lie in it: ..."),
    "twice": (_spoilt(lambda bundle: _say(bundle, disks=_disk(base="disk-vda.qcow2"))), "It names a file twice."),
    "own-manifest": (_spoilt(lambda bundle: _say(bundle, disks=_disk(file="bundle.json"))), "It names a file twice."),
    "unlisted": (_spoilt(lambda bundle: _say(bundle, memory="more")), "do not fit together: more."),
    "missing": (lambda bundle: (bundle / "disk-vda.qcow2").unlink(), "disk-vda.qcow2 is missing"),
    "no-sums": (lambda bundle: (bundle / "SHA256SUMS").unlink(), "SHA256SUMS is missing"),
    "odd-sums": (lambda bundle: (bundle / "SHA256SUMS").write_text("x"), "Its file SHA256SUMS can"),
    "changed-xml": (
        lambda bundle: (bundle / "domain.xml").write_text("<domain/>"),
        "domain.xml is not what it was when the bundle was made.",
    ),
    "no-xml": (_spoilt(lambda bundle: (bundle / "domain.xml").write_text("<domain")), "XML that can"),
    "another-snapshot": (_spoilt(lambda bundle: _say(bundle, snapshot="x")), "Its files do not fit together."),
    "no-text": (_spoilt(lambda bundle: (bundle / "snapshot.xml").write_bytes(b"\xff")), "Its file snapshot.xml can"),
    "no-image": (_spoilt(lambda bundle: (bundle / "disk-vda.qcow2").write_text("x")), "is no qcow2 image"),
    "backing": (lambda bundle: _rebased(bundle, "-b", "/etc/passwd", "-F", "raw"), "in the bundle: /etc/passwd."),
    "json-backing": (
        lambda bundle: _rebased(bundle, "-b", 'json:{"driver":"file","filename":"/etc/passwd"}', "-F", "raw"),
        'in the bundle: json:{"driver"',
    ),
    "network": (lambda bundle: _rebased(bundle, "-b", "nbd://localhost/x", "-F", "raw"), "in the bundle: nbd://"),
    "base-elsewhere": (
        lambda bundle: [
            _rebased(bundle, "-b", "/etc/disk-vda-base.qcow2", "-F", "qcow2"),
        ],
        "in the bundle: /etc/disk-vda-base.qcow2.",
    ),
    "data-file": (_with_data_file, "would have the machine read what is not in the bundle"),
}


@pytest.mark.parametrize("spoiler", _SPOILERS)
def test_a_spoilt_bundle_is_refused_with_its_reason(daemon: Daemon, host: Host, bundle: Path, spoiler: str) -> None:
    spoil, words = _SPOILERS[spoiler]
    spoil(bundle)
    with pytest.raises(SnapguiError) as caught:
        _import(host, bundle, daemon.images)
    assert words in caught.value.problem.why
    assert str(bundle) in caught.value.problem.tried


def test_without_a_folder_for_its_files_the_user_is_asked_for_one(host: Host, bundle: Path) -> None:
    request = ImportBundle(DomainId(host.uri, UUID), str(bundle), "leo-2", "")
    plan = make_plan(request, read_import(host, str(bundle), ""))
    assert [(each.rule, each.reason) for each in plan.findings if each.level is Level.BLOCKER] == [
        ("folder-missing", "Choose the folder that its files go into.")
    ]


@pytest.mark.parametrize("instead", ["link", "pipe", "folder"])
def test_a_file_that_is_something_else_is_not_read(daemon: Daemon, host: Host, bundle: Path, instead: str) -> None:
    for name in ("disk-vda.qcow2", "domain.xml", "bundle.json", "SHA256SUMS"):
        path = bundle / name
        kept = bundle.parent / "kept"
        path.rename(kept)
        match instead:
            case "link":
                path.symlink_to(kept)
            case "pipe":
                os.mkfifo(path)
            case _:
                path.mkdir()
        with pytest.raises(SnapguiError) as caught:
            _import(host, bundle, daemon.images)
        assert f"{name} is no plain file" in caught.value.problem.why
        path.rmdir() if instead == "folder" else path.unlink()
        kept.rename(path)


def test_an_image_that_was_damaged_on_its_way_is_found_before_anything_is_made(
    daemon: Daemon, host: Host, bundle: Path
) -> None:
    before = set(daemon.images.iterdir())
    with (bundle / "disk-vda.qcow2").open("r+b") as image:
        image.seek(-1, os.SEEK_END)
        image.write(b"\x99")
    plan = _import(host, bundle, daemon.images)
    problem = asking.run(host, plan.steps)
    assert problem is not None
    assert problem.tried == "Checking whether the files are as they were written"
    assert problem.why == "disk-vda.qcow2 is not what it was when the bundle was made."
    assert set(daemon.images.iterdir()) == before


def test_what_the_settings_reach_of_this_host_is_said(daemon: Daemon, host: Host, bundle: Path) -> None:
    for name in ("domain.xml", "snapshot.xml"):
        path = bundle / name
        more = "<filesystem type='mount'><source dir='/etc'/><target dir='x'/></filesystem></devices>"
        path.write_text(path.read_text().replace("</devices>", more))
    _sums(bundle)
    plan = _import(host, bundle, daemon.images)
    (finding,) = (each for each in plan.findings if each.rule == "import-places")
    assert (finding.level, finding.reason) == (Level.WARNING, "Its settings lead to these places of this host: /etc.")


def test_no_disk_comes_in_that_is_not_in_the_bundle(daemon: Daemon, host: Host, bundle: Path) -> None:
    more = "<disk type='file' device='disk'><source file='/etc/passwd'/><target dev='vdz'/><readonly/></disk>"
    drive = (
        "<disk type='file' device='cdrom'><source file='/etc/hosts'/><target dev='sda' bus='sata'/><readonly/></disk>"
    )
    path = bundle / "snapshot.xml"
    path.write_text(path.read_text().replace("</devices>", f"{more}{drive}</devices>"))
    _sums(bundle)
    plan = _import(host, bundle, daemon.images)
    (finding,) = (each for each in plan.findings if each.rule == "disk-left-out")
    assert "vdz" in finding.reason
    for step in plan.steps:
        assert "/etc/" not in step.xml
    assert "sda" in plan.steps[-1].xml
