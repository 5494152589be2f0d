"""Every kind of damage on a real libvirt: found, mended by the plan, and gone. Two disks, one of them in no pool."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from testbed.daemon import Daemon
from testbed.heard import Events
from testbed.user import User

from snapgui.core import virsh
from snapgui.core.activity import JobState
from snapgui.core.errors import SnapguiError
from snapgui.core.health.ailments import Ailment, Health, Ill
from snapgui.core.health.examine import examine
from snapgui.core.plan import Call, Level, Plan
from snapgui.core.records import DomainId, Situation, Snapshots
from snapgui.core.requests import Mend
from snapgui.core.rules import make_plan
from snapgui.ui.actions import Act
from snapgui.ui.dialogs.health import HealthDialog
from snapgui.virt.host import Host

_DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name>{uuid}
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    {disks}
    <video><model type='vga' vram='2048'/></video>
    <memballoon model='none'/>
  </devices>
</domain>
"""
_DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{path}'/>"
    "<target dev='{target}' bus='virtio'/></disk>"
)


class Patient:
    """A machine with two qcow2 disks, and what is done to it behind libvirt's back."""

    name = "scorpio"

    def __init__(self, daemon: Daemon, host: Host) -> None:
        self.daemon = daemon
        self.host = host
        self.elsewhere = daemon.hand_over(_made(daemon.root / "elsewhere"))
        self.disks = (self.image(daemon.images / "scorpio.qcow2"), self.image(self.elsewhere / "data.qcow2"))
        self.define(self.name, *self.disks)
        self.uuid = daemon.virsh("domuuid", self.name)

    def image(self, path: Path, *options: str) -> Path:
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, path, "8M"], check=True)
        self.old(path)
        return self.daemon.hand_over(path)

    def define(self, name: str, *disks: Path, uuid: str = "") -> None:
        each = "".join(_DISK.format(path=path, target=f"vd{'abcd'[number]}") for number, path in enumerate(disks))
        self.daemon.define(_DOMAIN.format(name=name, disks=each, uuid=uuid and f"<uuid>{uuid}</uuid>"))

    def virsh(self, command: str, *args: str) -> str:
        return self.daemon.virsh(command, self.name, *args)

    def take(self, name: str, *options: str) -> None:
        self.virsh("snapshot-create-as", f"--name={name}", *options)

    @staticmethod
    def old(path: Path) -> None:
        hour_ago = time.time() - 3600
        os.utime(path, (hour_ago, hour_ago))

    def check(self) -> Health:
        return examine(self.host.inventory(self.uuid))

    def ills(self) -> set[tuple[Ill, str]]:
        return {(each.ill, each.name) for each in self.check().ailments}

    def ailment(self, name: str | Path) -> Ailment:
        return next(each for each in self.check().ailments if each.name == str(name))

    def plan(self, **chosen: tuple[str, ...]) -> Plan:
        listing = self.host.list_snapshots(self.uuid)
        records = [each for batch in self.host.read_snapshots(self.uuid, listing.names) for each in batch]
        domain = self.host.read_domain(self.uuid)
        assert domain is not None
        situation = Situation(
            self.host.read_host(),
            domain,
            Snapshots({record.name: record for record in records}, listing.current),
            config=self.host.read_config(self.uuid),
            health=self.check(),
        )
        return make_plan(Mend(DomainId(self.host.uri, self.uuid), **chosen), situation)

    def mend(self, **chosen: tuple[str, ...]) -> Plan:
        plan = self.plan(**chosen)
        assert plan.ready, plan.findings
        for step in plan.steps:
            self.host.run(step)
        return plan

    def sound(self) -> None:
        """Nothing is found any more, and the images are clean."""
        assert self.check().ailments == ()
        for path in self.disks:
            subprocess.run(["qemu-img", "check", "-q", path], check=True)

    def tags(self, path: Path) -> list[str]:
        listed = subprocess.run(
            ["qemu-img", "snapshot", "-U", "-l", path], capture_output=True, text=True, check=True
        ).stdout
        return [line.split()[1] for line in listed.splitlines()[2:]]


def _made(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    return path


@pytest.fixture
def host(daemon: Daemon) -> Iterator[Host]:
    opened = Host.open(daemon.uri, Events().append)
    yield opened
    opened.close()


@pytest.fixture
def patient(daemon: Daemon, host: Host) -> Iterator[Patient]:
    machine = Patient(daemon, host)
    yield machine
    for name in (machine.name, "virgo"):
        daemon.remove(name)
    for folder in (daemon.images, machine.elsewhere):
        for path in folder.iterdir():
            path.unlink()
    daemon.virsh("pool-refresh", "images")


def test_a_sound_machine_of_every_kind_of_snapshot_has_nothing(patient: Patient) -> None:
    patient.take("off")
    patient.virsh("start")
    patient.take("running")
    patient.virsh("destroy")
    patient.take("disks", "--disk-only")
    patient.take("disks2", "--disk-only")
    found = patient.check()
    assert (found.ailments, found.unseen) == ((), ())
    assert (found.images, found.folders, found.snapshots) == (6, 2, 4)


def test_a_running_snapshot_that_libvirt_forgot_is_adopted_and_reverted_to(patient: Patient) -> None:
    patient.take("base")
    patient.virsh("start")
    patient.take("live")
    patient.take("after")
    patient.virsh("snapshot-delete", "live", "--metadata")
    found = patient.ailment("live")
    assert (found.ill, found.adoptable) == (Ill.UNKNOWN, True)
    assert found.found is not None
    assert found.found.memory > 100_000
    patient.mend(adopt=("live",))
    assert patient.daemon.parents(patient.name) == {"base": "", "live": "base", "after": "base"}
    assert patient.ills() == set()
    patient.virsh("destroy")
    patient.virsh("snapshot-revert", "live")
    assert patient.daemon.state(patient.name) == "running"
    patient.virsh("snapshot-revert", "base")
    patient.sound()


@pytest.mark.parametrize("running", [False, True], ids=["off", "running"])
def test_forgotten_snapshots_are_deleted_on_all_disks_and_on_some(patient: Patient, *, running: bool) -> None:
    patient.take("whole")
    patient.take("kept")
    patient.virsh("snapshot-delete", "whole", "--metadata")
    subprocess.run(["qemu-img", "snapshot", "-c", "half", patient.disks[1]], check=True)
    if running:
        patient.virsh("start")
    assert patient.ills() == {(Ill.UNKNOWN, "whole"), (Ill.UNKNOWN, "half")}
    assert not patient.ailment("half").adoptable
    assert not patient.plan(adopt=("half",)).ready
    patient.mend(erase=("whole", "half"))
    assert [patient.tags(path) for path in patient.disks] == [["kept"], ["kept"]]
    assert patient.daemon.snapshots(patient.name) == ["kept"]
    if running:
        patient.virsh("destroy")
    patient.sound()
    patient.virsh("snapshot-revert", "kept")


@pytest.mark.parametrize("running", [False, True], ids=["off", "running"])
def test_a_snapshot_whose_data_is_gone_on_one_disk_or_all_is_forgotten_whole(
    patient: Patient, *, running: bool
) -> None:
    for name in ("one", "all", "kept"):
        patient.take(name)
    subprocess.run(["qemu-img", "snapshot", "-d", "one", patient.disks[0]], check=True)
    for path in patient.disks:
        subprocess.run(["qemu-img", "snapshot", "-d", "all", path], check=True)
    if running:
        patient.virsh("start")
    assert patient.ills() == {(Ill.LOST, "one"), (Ill.LOST, "all")}
    assert (patient.ailment("one").partly, patient.ailment("all").partly) == (True, False)
    patient.mend(forget=("one", "all"))
    assert [patient.tags(path) for path in patient.disks] == [["kept"], ["kept"]]
    if running:
        patient.virsh("destroy")
    patient.sound()


def test_a_lost_memory_file_takes_its_snapshot_s_metadata_and_nothing_else(patient: Patient) -> None:
    patient.virsh("start")
    memory = patient.elsewhere / "scorpio.mem"
    patient.take("ext", f"--memspec=file={memory}")
    patient.virsh("destroy")
    assert patient.ills() == set()
    memory.unlink()
    assert patient.ills() == {(Ill.LOST, "ext")}
    patient.mend(forget=("ext",))
    assert patient.check().ailments == ()
    patient.virsh("start")


def test_left_over_overlays_and_memory_go_by_the_pool_and_without_one(patient: Patient) -> None:
    patient.virsh("start")
    memory = patient.elsewhere / "scorpio.mem"
    patient.take("ext", f"--memspec=file={memory}")
    patient.virsh("destroy")
    patient.virsh("snapshot-delete", "ext", "--metadata")
    patient.define(patient.name, *patient.disks, uuid=patient.uuid)  # back on the first images
    overlays = [patient.daemon.images / "scorpio.ext", patient.elsewhere / "data.ext"]
    assert patient.ills() == {(Ill.UNUSED, str(path)) for path in (*overlays, memory)}
    assert "last minute" in patient.ailment(memory).why_not
    for path in (*overlays, memory):
        patient.old(path)
    patient.daemon.virsh("pool-refresh", "images")
    assert patient.ailment(memory).doubt
    assert patient.ailment(overlays[0]).size == overlays[0].stat().st_blocks * 512
    plan = patient.mend(files=tuple(map(str, (*overlays, memory))))
    assert sorted(step.call.name for step in plan.steps) == ["FILE_DELETE", "FILE_DELETE", "VOLUME_DELETE"]
    assert not any(path.exists() for path in (*overlays, memory))
    patient.sound()
    patient.virsh("start")


@pytest.mark.since(9, 9)
def test_what_a_revert_leaves_alone_is_used(patient: Patient) -> None:
    patient.take("e1", "--disk-only")
    patient.take("e2", "--disk-only")
    time.sleep(1.1)  # libvirt names the overlays of a revert by the second
    patient.virsh("snapshot-revert", "e1")
    assert patient.ills() == set()
    time.sleep(1.1)
    patient.virsh("snapshot-revert", "e2")
    assert patient.ills() == set()


def test_a_chain_of_left_overs_goes_from_its_top(patient: Patient) -> None:
    first = patient.image(patient.daemon.images / "scorpio.s1", "-b", str(patient.disks[0]), "-F", "qcow2")
    second = patient.image(patient.daemon.images / "scorpio.s2", "-b", "scorpio.s1", "-F", "qcow2")
    patient.daemon.virsh("pool-refresh", "images")
    alone = patient.plan(files=(str(first),))
    assert [finding.rule for finding in alone.findings if finding.level is Level.BLOCKER] == ["needed"]
    plan = patient.mend(files=(str(first), str(second)))
    assert [step.path for step in plan.steps] == [str(second), str(first)]
    patient.sound()


def test_a_file_of_another_machine_is_never_found(patient: Patient) -> None:
    other = patient.image(patient.daemon.images / "scorpio.virgo", "-b", str(patient.disks[0]), "-F", "qcow2")
    link = patient.elsewhere / "link.qcow2"
    link.symlink_to(other)
    patient.define("virgo", link)
    assert patient.ills() == set()
    patient.daemon.remove("virgo")
    assert patient.ills() == {(Ill.UNUSED, str(other))}


def test_what_becomes_used_between_plan_and_step_stays(patient: Patient) -> None:
    left = patient.image(patient.elsewhere / "data.s1", "-b", str(patient.disks[1]), "-F", "qcow2")
    plan = patient.plan(files=(str(left),))
    patient.define("virgo", left)
    with pytest.raises(SnapguiError, match="changed since"):
        patient.host.run(plan.steps[0])
    patient.daemon.remove("virgo")
    left.write_bytes(left.read_bytes() + b"\0" * 512)
    with pytest.raises(SnapguiError, match="changed since"):
        patient.host.run(plan.steps[0])
    assert left.exists()


def test_a_snapshot_taken_anew_between_plan_and_step_stays(patient: Patient) -> None:
    patient.take("a")
    patient.virsh("snapshot-delete", "a", "--metadata")
    plan = patient.plan(erase=("a",))
    for path in patient.disks:
        subprocess.run(["qemu-img", "snapshot", "-d", "a", path], check=True)
    patient.take("a")
    with pytest.raises(SnapguiError, match="changed since"):
        patient.host.run(plan.steps[0])
    assert patient.daemon.snapshots(patient.name) == ["a"]


def test_a_lost_snapshot_that_is_whole_again_stays(patient: Patient) -> None:
    patient.take("a")
    subprocess.run(["qemu-img", "snapshot", "-d", "a", patient.disks[0]], check=True)
    plan = patient.plan(forget=("a",))
    patient.virsh("snapshot-delete", "a")
    patient.take("a")
    with pytest.raises(SnapguiError, match="changed since"):
        patient.host.run(plan.steps[0])
    assert patient.daemon.snapshots(patient.name) == ["a"]
    patient.sound()


def test_a_file_at_work_is_not_offered(patient: Patient) -> None:
    left = patient.image(patient.elsewhere / "data.s1", "-b", str(patient.disks[1]), "-F", "qcow2")
    with subprocess.Popen(["qemu-io", left], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.read(1)
        assert "working with it" in patient.ailment(left).why_not
        other.communicate(b"quit\n")
    assert patient.ailment(left).why_not == ""


def test_the_script_deletes_only_what_was_found(patient: Patient) -> None:
    left = patient.image(patient.elsewhere / "data.s1", "-b", str(patient.disks[1]), "-F", "qcow2")
    plan = patient.plan(files=(str(left),))
    (step,) = plan.steps
    assert step.call is Call.FILE_DELETE
    stale = replace(plan, steps=(replace(step, proof="1:2:3:4.000000000"),))
    assert subprocess.run(["sh", "-c", virsh.script(stale)], check=False).returncode != 0
    assert left.exists()
    subprocess.run(["sh", "-c", virsh.script(plan)], check=True)
    assert not left.exists()


def test_by_hand_all_is_found_mended_and_gone(patient: Patient, user: User) -> None:
    """One of every kind at once, through the menu, the dialog and its button."""
    user.choose_machine(patient.daemon.uri, patient.name)
    patient.virsh("start")
    user.until(lambda: user.machine_state() == "running", "the machine to run")
    user.take("pictured")
    patient.take("kept")
    patient.take("lost")
    patient.take("forgotten")
    patient.virsh("destroy")
    left = patient.image(patient.elsewhere / "data.s1", "-b", str(patient.disks[1]), "-F", "qcow2")
    patient.virsh("snapshot-delete", "forgotten", "--metadata")
    patient.virsh("snapshot-delete", "pictured")
    for path in patient.disks:
        subprocess.run(["qemu-img", "snapshot", "-d", "lost", path], check=True)
        patient.old(path)

    dialog = _checked(user)
    pictures = [each for each in _found(dialog) if each.ill is Ill.PICTURE]
    assert len(pictures) == 1
    assert Path(pictures[0].name).is_file()
    assert {(each.ill, each.name) for each in _found(dialog)} == {
        (Ill.UNKNOWN, "forgotten"),
        (Ill.LOST, "lost"),
        (Ill.UNUSED, str(left)),
        (Ill.PICTURE, pictures[0].name),
    }
    assert user.accept(dialog).state is JobState.DONE
    user.until(lambda: set(user.parents()) == {"kept", "forgotten"}, "the tree to follow")
    assert not left.exists()
    assert not Path(pictures[0].name).exists()

    again = _checked(user)
    assert _found(again) == ()
    assert not again.ok.isVisible()
    user.cancel(again)
    patient.sound()
    for name in ("forgotten", "kept"):
        patient.virsh("snapshot-revert", name)
        assert patient.daemon.state(patient.name) == "running"


def test_what_a_snapshot_from_outside_holds_is_counted_at_each_look(patient: Patient, user: User) -> None:
    """Nobody tells of what is done with qemu-img: neither of the snapshot, nor of what is written afterwards."""
    user.choose_machine(patient.daemon.uri, patient.name)
    disk = patient.disks[0]

    def write(pattern: int) -> None:
        words = ["qemu-io", "-f", "qcow2", "-c", f"write -P {pattern} 0 4M", disk]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)

    domain = DomainId(patient.daemon.uri, patient.uuid)
    user.until(lambda: user.application.store.usage(domain) is not None, "the first counting")
    write(1)
    subprocess.run(["qemu-img", "snapshot", "-c", "outside", disk], check=True)
    write(2)
    dialog = _checked(user)
    item = dialog.tree.topLevelItem(0).child(0)
    user.until(lambda: item.text(3) != "\N{EN DASH}", "the counting")
    erased = replace(dialog.request(), adopt=(), erase=("outside",))
    (said,) = [each.text for each in make_plan(erased, dialog.situation).effects if "rees" in each.text]
    assert item.text(3).startswith("4.")
    assert said.startswith(f"Frees {item.text(3)} inside the images: 0 bytes of memory, 4.0 MiB of the disks")
    before = disk.stat().st_blocks * 512
    user.cancel(dialog)
    patient.mend(erase=("outside",))
    assert before - disk.stat().st_blocks * 512 >= 4 << 20


def _checked(user: User) -> HealthDialog:
    user.use(Act.CHECK_HEALTH)
    dialog = user.dialog()
    assert isinstance(dialog, HealthDialog)
    user.until(lambda: not dialog.waiting, "the check")
    return dialog


def _found(dialog: HealthDialog) -> tuple[Ailment, ...]:
    assert dialog.situation.health is not None
    return dialog.situation.health.ailments


def test_chains_are_read_from_the_active_image_down(patient: Patient) -> None:
    patient.take("e1", "--disk-only")
    chains, _ = patient.host.chains(patient.host.read_config(patient.uuid))
    assert [(layer.path, layer.format) for layer in chains["vda"]] == [
        (str(patient.daemon.images / "scorpio.e1"), "qcow2"),
        (str(patient.disks[0]), "qcow2"),
    ]
    assert chains["vda"][1].allocated == patient.disks[0].stat().st_blocks * 512
