"""Run by test_plans_hold_on_qemu.py in a process of its own, for libvirt takes one folder per process: argv[1] is it.

Makes plans on real QEMU, runs them, and prints what they said beside what was found then.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import libvirt

from snapgui.core.errors import SnapguiError
from snapgui.core.plan import EffectKind, Level, Plan
from snapgui.core.records import DomainId, Situation, Snapshots
from snapgui.core.requests import Delete, Request, Take, Undo
from snapgui.core.rules import make_plan
from snapgui.core.rules.delete import told_by_xml
from snapgui.core.rules.revert_files import told_by_xml as told_by_revert
from snapgui.core.safety_mark import MARK
from snapgui.virt.host import Host

_SETTINGS = """\
stdio_handler = "file"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""
_ROOTS_SETTINGS = 'user = "root"\ngroup = "root"\n'
_UUID = "5d8f1a3c-4f0b-4c9e-9d57-2f3f1a0c7e12"
_DOMAIN = """\
<domain type='qemu'>
  <name>tiny</name><uuid>{uuid}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
    <memballoon model='none'/>
  </devices>
</domain>
"""
_ON_FILES = "<disks><disk name='vda' snapshot='external'/></disks>"
_DISK_ONLY = libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_DISK_ONLY

root = Path(sys.argv[1])
told: dict[str, object] = {}


def main() -> None:
    (root / "etc").mkdir()
    (root / "etc" / "qemu.conf").write_text(_SETTINGS + (_ROOTS_SETTINGS if os.geteuid() == 0 else ""))
    disk = root / "disk.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"], check=True)
    host = Host.open(f"qemu:///embed?root={root}", lambda _: None)
    domain = host._connections[0].libvirt.defineXML(_DOMAIN.format(uuid=_UUID, disk=disk))
    tests = Plans(host, domain)
    try:
        if "external" in sys.argv[2:]:
            tests.merging_a_running_machine_s_files()
            tests.branches()
            tests.kinds_mixed()
            tests.paused()
        tests.names()
        tests.memory_in_a_backing_file()
    finally:
        if domain.isActive():
            domain.destroy()
        host.close()
    print(json.dumps(told))


class Plans:
    """Plans for a machine, and what comes of them."""

    def __init__(self, host: Host, domain: libvirt.virDomain) -> None:
        self.host = host
        self.domain = domain
        self.id = DomainId(host.uri, _UUID)

    def plan(self, request: Request) -> Plan:
        listed = self.host.list_snapshots(_UUID)
        records = {record.name: record for batch in self.host.read_snapshots(_UUID, listed.names) for record in batch}
        known = Snapshots(records, listed.current)
        about = told_by_xml(known, request.snapshots) if isinstance(request, Delete) else ()
        if isinstance(request, Undo):
            about = told_by_revert(request.snapshot, known)
        config = self.host.read_config(_UUID)
        machine = self.host.read_domain(_UUID)
        assert machine is not None
        return make_plan(
            request,
            Situation(
                self.host.read_host(),
                machine,
                known,
                config,
                image_tags=self.host.image_tags(config),
                snapshot_xml={name: self.host.snapshot_xml(_UUID, name) for name in about},
                sizes=self.host.memory_sizes(_UUID, records.values()),
            ),
        )

    def run(self, plan: Plan) -> str:
        """Why it failed, "" where it did not."""
        try:
            for step in plan.steps:
                self.host.run(step)
        except SnapguiError as error:
            return error.problem.why
        return ""

    def delete(self, *names: str) -> dict[str, object]:
        """What the plan says of files, and which are gone then and where the machine stands."""
        plan = self.plan(Delete(self.id, names))
        before = set(root.iterdir())
        failed = self.run(plan)
        texts = [effect.text for effect in plan.effects if not effect.names]
        stands_on = [disk.source for disk in self.host.read_config(_UUID).disks]
        gone = sorted(str(path) for path in before - set(root.iterdir()))
        return {"failed": failed, "said": texts, "gone": gone, "stands on": stands_on}

    def take_on_files(self, name: str, *, memory: bool = False) -> None:
        more = f"<memory snapshot='external' file='{root}/{name}.mem'/>" if memory else ""
        flags = 0 if memory else _DISK_ONLY
        self.domain.snapshotCreateXML(f"<domainsnapshot><name>{name}</name>{more}{_ON_FILES}</domainsnapshot>", flags)

    def merging_a_running_machine_s_files(self) -> None:
        self.domain.create()
        self.take_on_files("e1", memory=True)
        told["memory file"] = (root / "e1.mem").stat().st_size
        for name in ("e2", "e3"):
            self.take_on_files(name)
        told["middle"] = self.delete("e2")
        told["several"] = self.delete("e3", "e1")
        self.domain.destroy()

    def branches(self) -> None:
        for name in ("o1", "o2"):
            self.take_on_files(name)
        self.domain.revertToSnapshot(self.domain.snapshotLookupByName("o1"))
        self.take_on_files("b1")
        told["off the line"] = self.delete("o2")
        told["after a revert"] = self.delete("o1")
        told["last"] = self.delete("b1")

    def kinds_mixed(self) -> None:
        self.run(self.plan(Take(self.id, "i1")))
        self.take_on_files("x1")
        told["below an internal one"] = [
            f"{finding.reason} {finding.remedy}" for finding in self.plan(Delete(self.id, ("x1",))).findings
        ]
        told["mended"] = [self.delete(name)["failed"] for name in ("i1", "x1")]

    def paused(self) -> None:
        """A machine that has not run since its memory came from a file, since it went into one, and that has."""
        self.domain.create()
        self.take_on_files("p1", memory=True)
        snapshot = self.domain.snapshotLookupByName("p1")
        self.domain.revertToSnapshot(snapshot, libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED)
        told["reverted: merge"] = self.asleep(Delete(self.id, ("p1",)))
        told["reverted: inside"] = self.asleep(Take(self.id, "i9"))
        self.domain.resume()
        self.domain.suspend()
        told["has run: merge"] = self.asleep(Delete(self.id, ("p1",)))
        self.take_on_files("p2", memory=True)
        told["saved paused: merge"] = self.asleep(Delete(self.id, ("p2",)))
        self.domain.resume()
        told["resumed: merge"] = self.asleep(Delete(self.id, ("p2",)))
        self.domain.managedSave()
        self.domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        told["restored: inside"] = self.asleep(Take(self.id, "i9"))
        self.domain.resume()
        told["restored, has run: inside"] = self.asleep(Take(self.id, "i9"))
        self.domain.suspend()
        self.domain.revertToSnapshot(self.domain.snapshotLookupByName("i9"), libvirt.VIR_DOMAIN_SNAPSHOT_REVERT_PAUSED)
        told["reverted inside: delete"] = self.asleep(Delete(self.id, ("i9",)))
        self.undo_paused()
        self.domain.destroy()

    def undo_paused(self) -> None:
        self.domain.resume()
        self.take_on_files("before", memory=True)
        self.domain.suspend()
        memory = f"<memory snapshot='external' file='{root}/safety.mem'/>"
        xml = (
            f"<domainsnapshot><name>safety</name><description>{MARK}</description>{memory}{_ON_FILES}</domainsnapshot>"
        )
        self.domain.snapshotCreateXML(xml)
        self.domain.revertToSnapshot(self.domain.snapshotLookupByName("before"))
        time.sleep(1.1)  # libvirt names the overlays of a revert by the second, and this one was not the application's
        plan = self.plan(Undo(self.id, "safety"))
        told["undo"] = [finding.reason for finding in plan.findings if finding.rule == "safety-stays"], self.run(plan)
        told["undone"] = sorted(self.domain.snapshotListNames()), self.domain.state()[0]
        told["undone: merge"] = self.asleep(Delete(self.id, ("safety",)))
        self.domain.resume()
        told["undone, resumed: merge"] = self.asleep(Delete(self.id, ("safety",)))
        told["undone, resumed: rest"] = self.asleep(Delete(self.id, ("before",)))

    def asleep(self, request: Request) -> tuple[list[str], bool]:
        """What the plan says of a machine that has to run first, and whether libvirt does it all the same."""
        plan = self.plan(request)
        said = [finding.level.value for finding in plan.findings if finding.rule.endswith("-paused")]
        assert plan.steps
        return said, self.run(plan) == ""

    def names(self) -> None:
        plan = self.plan(Take(self.id, "two words"))
        told["warned"] = [finding.rule for finding in plan.findings if finding.level is Level.WARNING]
        told["taken"] = self.run(plan)
        self.domain.create()
        live = Take(self.id, "live words")
        told["refused live"] = [f.rule for f in self.plan(live).findings if f.level is Level.BLOCKER]
        told["live"] = self.run(self.plan(live))
        told["deleted live"] = self.run(self.plan(Delete(self.id, ("two words",))))
        self.domain.destroy()
        told["deleted off"] = self.run(self.plan(Delete(self.id, ("two words",))))

    def memory_in_a_backing_file(self) -> None:
        self.domain.create()
        self.run(self.plan(Take(self.id, "inside")))
        self.domain.destroy()
        self.take_on_files("above")
        (records,) = self.host.read_snapshots(_UUID, ("inside",))
        told["backing size"] = self.host.memory_sizes(_UUID, records)["inside"].bytes
        image = subprocess.run(
            ["qemu-img", "info", "--output=json", root / "disk.qcow2"], capture_output=True, check=True
        )
        entries = json.loads(image.stdout)["snapshots"]
        told["by qemu-img"] = [entry["vm-state-size"] for entry in entries if entry["name"] == "inside"]
        told["freed"] = [
            effect.text
            for effect in self.plan(Delete(self.id, ("inside",))).effects
            if effect.kind is EffectKind.CHANGES
        ]


main()
