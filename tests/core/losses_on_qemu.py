"""Run by test_nothing_is_lost_unsaid_on_qemu.py in a process of its own, for libvirt takes one folder per process.

Argument: the folder. Each case makes machines, plans for them, and has libvirt do what the plan says or refuses. Prints
what was said beside what was found then.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import libvirt
from testbed.asking import run, survey
from testbed.tiny import tiny_machine

from snapgui.core.plan import Level, Plan
from snapgui.core.records import DomainId, Kind, Mode
from snapgui.core.requests import Delete, DiskChoice, MachineRequest, Revert, Take, Undo
from snapgui.core.rules import make_plan
from snapgui.core.rules.safety import propose
from snapgui.virt.host import Host

_SETTINGS = """\
stdio_handler = "file"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""
_ROOTS_SETTINGS = 'user = "root"\ngroup = "root"\n'

root = Path(sys.argv[1])


class Machine:
    """One that a case defines."""

    def __init__(self, host: Host, name: str, disk: Path, devices: str = "", firmware: str = "") -> None:
        self.host = host
        xml = tiny_machine(name, disk, devices).replace("</os>", f"{firmware}</os><features><acpi/></features>")
        self.domain: libvirt.virDomain = host._connections[0].libvirt.defineXML(xml)
        self.id = DomainId(host.uri, self.domain.UUIDString())

    def plan(self, request: MachineRequest) -> Plan:
        return make_plan(request, survey(self.host, self.id, request))

    def do(self, request: MachineRequest) -> str:
        """Make its plan and run it, blocked or not. libvirt's words where it refuses, "" where it does not."""
        problem = run(self.host, self.plan(request).steps)
        return "" if problem is None else problem.raw or problem.why

    def take(self, name: str, kind: Kind = Kind.EXTERNAL) -> None:
        failed = self.do(Take(self.id, name, kind=kind))
        assert not failed, failed

    def safely(self, snapshot: str) -> Revert:
        """Back to that snapshot, with the safety snapshot that the dialog proposes."""
        return Revert(self.id, snapshot, safety=propose(snapshot, survey(self.host, self.id)))


def image(name: str, backing: Path | None = None) -> Path:
    path = root / name
    behind = [] if backing is None else ["-b", backing, "-F", "qcow2"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *behind, path, "8M"], check=True)
    return path


def write(path: Path, byte: int, form: str = "qcow2") -> None:
    """As the guest would."""
    subprocess.run(["qemu-io", "-f", form, "-c", f"write -q -P {byte} 0 64K", path], check=True)


def read(path: Path, form: str = "qcow2") -> int | None:
    """What ``write`` has written last, seen through the image; None where it can't be read."""
    raw = path.with_suffix(".raw")
    command = ["qemu-img", "convert", "-U", "-f", form, "-O", "raw", path, raw]
    ran = subprocess.run(command, capture_output=True, check=False)
    return raw.read_bytes()[0] if ran.returncode == 0 else None


def said(plan: Plan, *levels: Level) -> dict[str, str]:
    """The reasons and remedies by rule, paths without the folder."""
    return {
        each.rule: f"{each.reason} {each.remedy}".replace(f"{root}/", "")
        for each in plan.findings
        if each.level in levels
    }


def a_base_that_a_clone_stands_on(host: Host) -> dict[str, object]:
    base = image("host1-0.qcow2")
    write(base, 1)
    machine = Machine(host, "host1", base)
    machine.take("h1")
    clone, stray = image("clone.qcow2", base), image("stray.qcow2", base)
    Machine(host, "clone", clone)
    write(root / "host1-0.h1", 2)
    plan = machine.plan(Delete(machine.id, ("h1",)))
    before = read(clone), read(stray)
    failed = machine.do(Delete(machine.id, ("h1",)))
    found = {"before": before, "after": (read(clone), read(stray)), "failed": failed}
    return {"refused": said(plan, Level.BLOCKER), "warned": said(plan, Level.WARNING), **found}


def an_overlay_that_a_clone_stands_on(host: Host) -> dict[str, object]:
    machine = Machine(host, "host2", image("host2-0.qcow2"))
    machine.take("h1")
    overlay = root / "host2-0.h1"
    write(overlay, 2)
    clone = image("clone2.qcow2", overlay)
    Machine(host, "clone2", clone)
    safe = machine.safely("h1")
    ready = machine.plan(safe).ready
    failed = machine.do(safe)
    return {"ready": ready, "failed": failed, "after": read(clone)}


def a_revert_that_deletes_what_a_clone_stands_on(host: Host) -> dict[str, object]:
    machine = Machine(host, "host3", image("host3-0.qcow2"))
    machine.take("h1")
    overlay = root / "host3-0.h1"
    write(overlay, 2)
    clone = image("clone3.qcow2", overlay)
    Machine(host, "clone3", clone)
    plan = machine.plan(Revert(machine.id, "h1"))
    safe = machine.safely("h1")
    safely = machine.plan(safe)
    failed = machine.do(Revert(machine.id, "h1"))
    return {
        "refused": said(plan, Level.BLOCKER),
        "safely": said(safely, Level.BLOCKER, Level.WARNING),
        "failed": failed,
        "after": read(clone),
    }


def a_saved_state(host: Host) -> dict[str, object]:
    machine = Machine(host, "saved", image("saved.qcow2"))
    machine.take("off", Kind.INTERNAL)
    machine.domain.create()
    machine.take("run", Kind.INTERNAL)
    machine.domain.managedSave()
    kept, removed = machine.plan(Revert(machine.id, "run")), replace(machine.safely("off"), remove_managed_save=True)
    gone = machine.plan(removed)
    stays = machine.do(Revert(machine.id, "run")), bool(machine.domain.hasManagedSaveImage())
    machine.domain.destroy()
    machine.domain.create()  # from the saved state, on disks that it does not fit
    resumed = machine.domain.state()[1], bool(machine.domain.hasManagedSaveImage())
    machine.domain.managedSave()
    failed, memory = machine.do(removed), survey(host, machine.id).snapshots.records["before-revert-1"].memory.value
    return {
        "refused": said(kept, Level.BLOCKER),
        "stays": stays,
        "started from it": resumed == (libvirt.VIR_DOMAIN_RUNNING_RESTORED, False),
        "ready": gone.ready,
        "lacks": gone.lacks,
        "failed": failed,
        "memory of the safety snapshot": memory,
    }


def a_running_machine_with_snapshots_of_its_disks_only(host: Host) -> dict[str, object]:
    machine = Machine(host, "disks", image("disks.qcow2"))
    machine.domain.create()
    machine.take("d1", Kind.DISK_ONLY)
    safe = machine.safely("d1")
    assert safe.safety is not None
    alone = replace(safe, safety=replace(safe.safety, kind=Kind.DISK_ONLY))
    whole, part = machine.plan(safe), machine.plan(alone)
    failed = machine.do(safe), bool(machine.domain.isActive())
    time.sleep(1.1)  # libvirt names the files that a revert makes by the second
    undone = machine.do(Undo(machine.id, safe.safety.name)), bool(machine.domain.isActive())
    machine.domain.destroy()
    return {"whole": whole.lacks, "part": part.lacks, "failed": failed, "undone": undone}


def a_prepared_file_of_another_size(host: Host) -> dict[str, object]:
    machine = Machine(host, "half", image("half.qcow2"))
    prepared = root / "half.x"
    behind = ["-b", "half.qcow2", "-F", "qcow2"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *behind, prepared, "4M"], check=True)
    machine.domain.create()
    request = Take(machine.id, "x", kind=Kind.DISK_ONLY, reuse=True)
    plan, before = machine.plan(request), machine.domain.blockInfo("vda")[0]
    failed, after = machine.do(request), machine.domain.blockInfo("vda")[0]
    machine.domain.destroy()
    return {"refused": said(plan, Level.BLOCKER), "failed": failed, "before": before, "after": after}


def a_disk_left_out_and_a_medium(host: Host) -> dict[str, object]:
    medium, other = root / "cd.iso", image("more.qcow2")
    medium.write_bytes(bytes(1 << 20))
    drive = f"<disk type='file' device='cdrom'><source file='{medium}'/><target dev='hdc' bus='ide'/><readonly/></disk>"
    more = f"<disk type='file'><driver type='qcow2'/><source file='{other}'/><target dev='vdb' bus='virtio'/></disk>"
    machine = Machine(host, "two", image("two.qcow2"), drive + more)
    failed = [machine.do(Take(machine.id, "a", kind=Kind.EXTERNAL, disks=(DiskChoice("vdb", Mode.NO),)))]
    write(other, 7)
    told, sources, held = [], [], []
    for _ in range(2):
        plan = machine.plan(Revert(machine.id, "a"))
        failed.append(machine.do(Revert(machine.id, "a")))
        told.append([effect.text.replace(f"{root}/", "") for effect in plan.effects])
        config = host.read_config(machine.id.uuid)
        sources.append({disk.target: Path(disk.source).stem for disk in config.disks})
        (path,) = [disk.source for disk in config.disks if disk.target == "vdb"]
        held.append((read(Path(path)), read(other)))
        write(Path(path), 8)
        time.sleep(1.1)  # libvirt names the files that a revert makes by the second
    inside = [disk.target for disk in survey(host, machine.id).snapshots.records["a"].disks if disk.mode is not Mode.NO]
    return {"failed": failed, "told": told, "sources": sources, "held": held, "in the snapshot": inside}


def an_overlay_that_is_missing(host: Host) -> dict[str, object]:
    machine = Machine(host, "lost", image("lost.qcow2"))
    machine.take("a")
    machine.take("b")
    (root / "lost.b").unlink()
    safe = machine.safely("a")
    plan = machine.plan(safe)
    taken = machine.plan(Take(machine.id, "c", kind=Kind.EXTERNAL))
    deep = Machine(host, "deep", image("deep.qcow2"))
    deep.take("a")
    deep.take("b")
    (root / "deep.a").unlink()
    found = {name: said(deep.plan(Revert(deep.id, name)), Level.BLOCKER) for name in ("a", "b")}
    return {
        "warned": said(plan, Level.WARNING),
        "refused": said(taken, Level.BLOCKER),
        "taken": machine.do(Take(machine.id, "c", kind=Kind.EXTERNAL)),
        "steps": [step.call.name for step in plan.steps],
        "failed": machine.do(safe),
        "deep": found,
        "deep failed": [bool(deep.do(Revert(deep.id, name))) for name in ("b", "a")],
    }


def firmware_settings(host: Host) -> dict[str, object]:
    """Raw and qcow2 NVRAM beside external snapshots, raw beside internal ones: changed after it, then reverted."""
    found: dict[str, object] = {}
    for kind, form in ((Kind.EXTERNAL, "raw"), (Kind.EXTERNAL, "qcow2"), (Kind.INTERNAL, "raw")):
        name = f"uefi-{kind.value}-{form}"
        code, nvram = root / f"{name}.code", root / f"{name}.nvram"
        code.write_bytes(bytes(1 << 20))  # no firmware: the machine is never started
        subprocess.run(["qemu-img", "create", "-q", "-f", form, nvram, "64K"], check=True)
        loader = f"<loader readonly='yes' type='pflash' format='raw'>{code}</loader>"
        firmware = f"{loader}<nvram format='{form}'>{nvram}</nvram>"
        machine = Machine(host, name, image(f"{name}.qcow2"), firmware=firmware)
        machine.take("a", kind)
        write(nvram, 9, form)
        safe = machine.safely("a")
        plan = machine.plan(safe)
        failed = machine.do(safe)
        found[f"{kind.value} {form}"] = {
            "warned": said(plan, Level.WARNING).get("nvram", ""),
            "lacks": plan.lacks,
            "failed": failed,
            "stays": read(nvram, form) == 9,
        }
    return found


CASES: tuple[Callable[[Host], dict[str, object]], ...] = (
    a_base_that_a_clone_stands_on,
    an_overlay_that_a_clone_stands_on,
    a_revert_that_deletes_what_a_clone_stands_on,
    a_saved_state,
    a_running_machine_with_snapshots_of_its_disks_only,
    a_prepared_file_of_another_size,
    a_disk_left_out_and_a_medium,
    an_overlay_that_is_missing,
    firmware_settings,
)


def main() -> None:
    (root / "etc").mkdir()
    (root / "etc" / "qemu.conf").write_text(_SETTINGS + (_ROOTS_SETTINGS if os.geteuid() == 0 else ""))
    host = Host.open(f"qemu:///embed?root={root}", lambda _: None)
    try:
        told = {case.__name__: case(host) for case in CASES}
    finally:
        for domain in host._connections[0].libvirt.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
            domain.destroy()
        host.close()
    print(json.dumps(told))


main()
