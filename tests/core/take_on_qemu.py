"""Run by test_take_plans_hold_on_qemu.py in a process of its own, for libvirt takes one folder per process: argv[1].

For each case a fresh machine, a plan to take a snapshot of it, and what libvirt makes of that plan's step. Prints all.
"""

import itertools
import json
import os
import posixpath
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import libvirt

from snapgui.core.errors import SnapguiError
from snapgui.core.plan import Level
from snapgui.core.records import DomainId, Kind, Mode, Situation, Snapshots
from snapgui.core.requests import DiskChoice, Take
from snapgui.core.rules import make_plan
from snapgui.core.rules.take_disks import disk_places, memory_place
from snapgui.virt.host import Host

_SETTINGS = """\
stdio_handler = "file"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""
_ROOTS_SETTINGS = 'user = "root"\ngroup = "root"\n'
_DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>{disks}<memballoon model='none'/>{more}</devices>
</domain>
"""
_DISK = """<disk type='file' {attributes}><driver name='qemu' type='{format}'/><source file='{path}'/>
<target dev='{target}' bus='{bus}'/>{more}</disk>"""
_AGENT = "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
_CHECKPOINT = "<domaincheckpoint><name>c</name></domaincheckpoint>"

root = Path(sys.argv[1])
told: dict[str, dict[str, object]] = {}


class Machine:
    """One case's machine in a folder of its own."""

    def __init__(self, host: Host, name: str) -> None:
        self.host = host
        self.name = name
        self.uuid = str(uuid.uuid4())
        self.id = DomainId(host.uri, self.uuid)
        self.folder = root / name
        self.folder.mkdir()
        self.connection = host._connections[0].libvirt

    def image(self, name: str, *, format: str = "qcow2", backing: str = "") -> Path:  # noqa: A002 - qemu-img's word
        path = self.folder / name
        behind = ["-b", backing, "-F", "qcow2"] if backing else []
        subprocess.run(
            ["qemu-img", "create", "-q", "-f", format, *behind, path, *([] if behind else ["2M"])], check=True
        )
        return path

    def disk(self, target: str, *, format: str = "qcow2", attributes: str = "", more: str = "") -> str:  # noqa: A002
        path = self.image(f"{target}.img", format=format)
        bus = "ide" if "cdrom" in attributes else "virtio"
        return _DISK.format(attributes=attributes, format=format, path=path, target=target, bus=bus, more=more)

    def define(self, *disks: str, more: str = "") -> None:
        xml = _DOMAIN.format(name=self.name, uuid=self.uuid, disks="".join(disks or [self.disk("vda")]), more=more)
        self.domain = self.connection.defineXML(xml)

    def situation(self, request: Take) -> Situation:
        listed = self.host.list_snapshots(self.uuid)
        records = {each.name: each for batch in self.host.read_snapshots(self.uuid, listed.names) for each in batch}
        machine = self.host.read_domain(self.uuid)
        assert machine is not None
        config = self.host.read_config(self.uuid)
        checkpoints, block_jobs = self.host.obstacles(self.uuid, config)
        known = Situation(self.host.read_host(), machine, Snapshots(records, listed.current), config)
        paths = [memory_place(request, known), *(place.path for place in disk_places(request, known))]
        return Situation(
            known.host,
            machine,
            known.snapshots,
            config,
            image_tags=self.host.image_tags(config),
            chains=self.host.chains(config)[0],
            folders=self.host.folders(posixpath.dirname(path) for path in paths if path),
            prepared=self.host.prepared(path for path in paths if path) if request.reuse else {},
            checkpoints=checkpoints,
            block_jobs=block_jobs,
        )

    def run(self, request: Take) -> dict[str, object]:
        """What the plan says, and what libvirt says to it."""
        plan = make_plan(request, self.situation(request))
        named = [place.path for place in disk_places(request, self.situation(request)) if place.path]
        named.append(memory_place(request, self.situation(request)))
        failed = ""
        for step in plan.steps:
            try:
                self.host.run(step)
            except SnapguiError as error:
                failed = error.problem.raw or error.problem.why
        return {
            "blockers": [finding.rule for finding in plan.findings if finding.level is Level.BLOCKER],
            "failed": failed,
            "missing": [path for path in named if path and not os.access(path, os.F_OK)],
            "unsaid": [path for path in named if path and not any(path in _said(effect) for effect in plan.effects)],
            "kept": request.name in self.host.list_snapshots(self.uuid).names,
            "state": self.domain.state()[0],
        }

    def end(self) -> None:
        if self.domain.isActive():
            self.domain.destroy()
        for each in self.domain.listAllSnapshots():
            each.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
        for each in self.domain.listAllCheckpoints():
            each.delete(libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY)
        self.domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)


def _said(effect: object) -> str:
    return f"{getattr(effect, 'text', '')} {' '.join(getattr(effect, 'names', ()))}"


@contextmanager
def ended(machine: Machine) -> Iterator[Machine]:
    """A machine that is gone afterwards."""
    try:
        yield machine
    finally:
        machine.end()


Setup = Callable[[Machine], Take]
CASES: dict[str, Setup] = {}


def case(setup: Setup) -> Setup:
    CASES[setup.__name__] = setup
    return setup


def enter(machine: Machine, state: str) -> None:
    if state != "off":
        machine.domain.create()
    if state == "paused":
        machine.domain.suspend()


_OPTIONS: tuple[dict[str, bool], ...] = (
    {},
    {"live": True},
    {"quiesce": True},
    {"no_metadata": True},
    {"validate": True},
    {"reuse": True},
    {"halt": True},  # the last: it turns the machine off
)


def every_option(machine: Machine, kind: Kind, state: str) -> None:
    """One after another, on a machine of a qcow2 and a raw disk (none for internal ones) in that state."""
    disks = [machine.disk("vda")]
    if kind is not Kind.INTERNAL:
        disks.append(machine.disk("vdb", format="raw"))
    machine.define(*disks)
    enter(machine, state)
    for number, options in enumerate(_OPTIONS):
        request = Take(machine.id, f"x{number}", kind=kind, **options)  # type: ignore[arg-type]  # Take's own names
        told[" ".join((kind.value, state, *options))] = machine.run(request)
        if state == "paused" and machine.domain.isActive():  # QEMU saves a paused machine's memory but once
            machine.domain.resume()
            machine.domain.suspend()


@case
def two_with_memory_while_paused(machine: Machine) -> Take:
    machine.define()
    enter(machine, "paused")
    assert machine.run(Take(machine.id, "a", kind=Kind.EXTERNAL))["failed"] == ""
    return Take(machine.id, "x", kind=Kind.EXTERNAL)


@case
def an_agent_that_is_silent(machine: Machine) -> Take:
    machine.define(more=_AGENT)
    enter(machine, "running")
    return Take(machine.id, "x", kind=Kind.DISK_ONLY, quiesce=True)


@case
def a_disk_set_to_internal(machine: Machine) -> Take:
    machine.define(machine.disk("vda"), machine.disk("vdb", attributes="snapshot='internal'"))
    return Take(machine.id, "x", kind=Kind.EXTERNAL)


@case
def a_disk_set_to_internal_and_chosen_otherwise(machine: Machine) -> Take:
    machine.define(machine.disk("vda"), machine.disk("vdb", attributes="snapshot='internal'"))
    return Take(machine.id, "x", kind=Kind.EXTERNAL, disks=(DiskChoice("vdb", Mode.EXTERNAL),))


@case
def a_disk_set_to_be_left_out(machine: Machine) -> Take:
    machine.define(machine.disk("vda"), machine.disk("vdb", attributes="snapshot='no'"))
    enter(machine, "running")
    return Take(machine.id, "x", kind=Kind.EXTERNAL)


@case
def inside_although_set_to_be_left_out(machine: Machine) -> Take:
    machine.define(machine.disk("vda"), machine.disk("vdb", attributes="snapshot='no'"))
    return Take(machine.id, "x", disks=(DiskChoice("vdb", Mode.INTERNAL),))


@case
def a_disk_left_out_of_an_internal_one(machine: Machine) -> Take:
    machine.define(machine.disk("vda"), machine.disk("vdb"))
    return Take(machine.id, "x", disks=(DiskChoice("vdb", Mode.NO),))


@case
def every_disk_left_out(machine: Machine) -> Take:
    machine.define()
    enter(machine, "running")
    return Take(machine.id, "x", kind=Kind.DISK_ONLY, disks=(DiskChoice("vda", Mode.NO),))


@case
def memory_alone(machine: Machine) -> Take:
    machine.define()
    enter(machine, "running")
    return Take(machine.id, "x", kind=Kind.EXTERNAL, disks=(DiskChoice("vda", Mode.NO),))


@case
def a_cdrom_and_a_read_only_disk(machine: Machine) -> Take:
    cdrom = machine.disk("hdc", format="raw", attributes="device='cdrom'", more="<readonly/>")
    machine.define(machine.disk("vda"), cdrom, machine.disk("vdb", format="raw", more="<readonly/>"))
    enter(machine, "running")
    return Take(machine.id, "x", kind=Kind.EXTERNAL)


@case
def paths_of_ones_own(machine: Machine) -> Take:
    machine.define()
    enter(machine, "running")
    folder = machine.folder / 'it\'s <here> & "there", 100 %'
    folder.mkdir()
    choice = DiskChoice("vda", Mode.EXTERNAL, f"{folder}/a.qcow2", "qcow2")
    return Take(machine.id, "x", kind=Kind.EXTERNAL, disks=(choice,), memory_file=f"{folder}/memory")


@case
def a_relative_path(machine: Machine) -> Take:
    machine.define()
    return Take(machine.id, "x", kind=Kind.EXTERNAL, disks=(DiskChoice("vda", Mode.EXTERNAL, "a.qcow2"),))


@case
def a_relative_memory_file(machine: Machine) -> Take:
    machine.define()
    enter(machine, "running")
    return Take(machine.id, "x", kind=Kind.EXTERNAL, memory_file="m")


@case
def a_missing_folder(machine: Machine) -> Take:
    machine.define()
    path = str(machine.folder / "none" / "a")
    return Take(machine.id, "x", kind=Kind.EXTERNAL, disks=(DiskChoice("vda", Mode.EXTERNAL, path),))


@case
def a_missing_folder_for_the_memory(machine: Machine) -> Take:
    machine.define()
    enter(machine, "running")
    return Take(machine.id, "x", kind=Kind.EXTERNAL, memory_file=str(machine.folder / "none" / "m"))


@case
def a_raw_overlay(machine: Machine) -> Take:
    machine.define()
    path = str(machine.folder / "a")
    return Take(machine.id, "x", kind=Kind.EXTERNAL, disks=(DiskChoice("vda", Mode.EXTERNAL, path, "raw"),))


@case
def an_overlay_that_exists(machine: Machine) -> Take:
    machine.define()
    machine.image("vda.x")
    return Take(machine.id, "x", kind=Kind.EXTERNAL)


@case
def a_file_name_that_is_too_long(machine: Machine) -> Take:
    machine.define()
    return Take(
        machine.id,
        "n" * 247,
        kind=Kind.EXTERNAL,
        disks=(DiskChoice("vda", Mode.EXTERNAL, f"{machine.folder}/{'n' * 256}"),),
    )


def with_checkpoint(kind: Kind, state: str) -> Setup:
    def setup(machine: Machine) -> Take:
        machine.define()
        enter(machine, "running")
        machine.domain.checkpointCreateXML(_CHECKPOINT)
        if state == "off":
            machine.domain.destroy()
        return Take(machine.id, "x", kind=kind)

    return setup


for kind, state in itertools.product((Kind.INTERNAL, Kind.EXTERNAL, Kind.DISK_ONLY), ("off", "running")):
    CASES[f"checkpoint, {kind.value} {state}"] = with_checkpoint(kind, state)


@case
def a_block_job(machine: Machine) -> Take:
    _copy(machine)
    return Take(machine.id, "x", kind=Kind.DISK_ONLY)


@case
def a_block_job_and_memory(machine: Machine) -> Take:
    _copy(machine)
    return Take(machine.id, "x", kind=Kind.EXTERNAL, disks=(DiskChoice("vda", Mode.NO),))


@case
def a_block_job_inside(machine: Machine) -> Take:
    _copy(machine)
    return Take(machine.id, "x")


@case
def a_block_job_on_a_disk_that_is_left_out(machine: Machine) -> Take:
    _copy(machine)
    return Take(machine.id, "x", kind=Kind.DISK_ONLY, disks=(DiskChoice("vda", Mode.NO),))


def _copy(machine: Machine) -> None:
    """Mirror vda: such a job ends only when it is told to."""
    machine.define(machine.disk("vda"), machine.disk("vdb"))
    enter(machine, "running")
    flags = libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB
    xml = f"<disk type='file'><driver type='qcow2'/><source file='{machine.folder}/copy'/></disk>"
    machine.domain.blockCopy("vda", xml, {}, flags)


@case
def prepared_files(machine: Machine) -> Take:
    return _prepare(machine, "vda.img")


@case
def prepared_files_while_off(machine: Machine) -> Take:
    return _prepare(machine, "vda.img", state="off")


@case
def a_prepared_file_of_another_disk(machine: Machine) -> Take:
    machine.image("other.img")
    return _prepare(machine, "other.img")


def _prepare(machine: Machine, backing: str, state: str = "running") -> Take:
    machine.define()
    machine.image("vda.x", backing=backing)
    enter(machine, state)
    return Take(machine.id, "x", kind=Kind.DISK_ONLY, reuse=True)


@case
def a_comma_while_off(machine: Machine) -> Take:
    machine.define()
    return Take(machine.id, "a,b", kind=Kind.EXTERNAL)


@case
def a_comma_while_running(machine: Machine) -> Take:
    machine.define()
    enter(machine, "running")
    return Take(machine.id, "a,b é", kind=Kind.EXTERNAL)


@case
def one_file_for_two_disks(machine: Machine) -> Take:
    machine.define(machine.disk("vda"), machine.disk("vdb"))
    path = str(machine.folder / "same")
    disks = tuple(DiskChoice(target, Mode.EXTERNAL, path) for target in ("vda", "vdb"))
    return Take(machine.id, "x", kind=Kind.EXTERNAL, disks=disks)


@case
def a_memory_file_that_exists(machine: Machine) -> Take:
    machine.define()
    enter(machine, "running")
    (machine.folder / "m").write_text("precious")
    return Take(machine.id, "x", kind=Kind.EXTERNAL, memory_file=str(machine.folder / "m"))


@case
def the_automatic_memory_file_s_name_is_taken(machine: Machine) -> Take:
    machine.define()
    enter(machine, "running")
    (machine.folder / f"{machine.name}-x.mem").write_text("precious")
    return Take(machine.id, "x", kind=Kind.EXTERNAL)


def sharing_memory(kind: Kind, role: str) -> Setup:
    def setup(machine: Machine) -> Take:
        shared = f"<shmem name='{machine.name}'{role}><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>"
        machine.define(more=shared)
        enter(machine, "running")
        return Take(machine.id, "x", kind=kind)

    return setup


for kind in (Kind.INTERNAL, Kind.EXTERNAL, Kind.DISK_ONLY):
    CASES[f"shared memory, {kind.value}"] = sharing_memory(kind, "")
CASES["shared memory's master"] = sharing_memory(Kind.EXTERNAL, " role='master'")


@case
def a_transient_disk_and_memory(machine: Machine) -> Take:
    machine.define(machine.disk("vda"), machine.disk("vdb", more="<transient/>"))
    enter(machine, "running")
    return Take(machine.id, "x", kind=Kind.EXTERNAL)


def main() -> None:
    (root / "etc").mkdir()
    (root / "etc" / "qemu.conf").write_text(_SETTINGS + (_ROOTS_SETTINGS if os.geteuid() == 0 else ""))
    host = Host.open(f"qemu:///embed?root={root}", lambda _: None)
    try:
        groups = itertools.product((Kind.INTERNAL, Kind.EXTERNAL, Kind.DISK_ONLY), ("off", "running", "paused"))
        for number, (kind, state) in enumerate(groups):
            with ended(Machine(host, f"group{number}")) as machine:
                every_option(machine, kind, state)
        for number, (name, setup) in enumerate(CASES.items()):
            with ended(Machine(host, f"m{number}")) as machine:
                told[name] = machine.run(setup(machine))
    finally:
        host.close()
    print(json.dumps(told))


main()
