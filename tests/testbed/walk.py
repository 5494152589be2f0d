"""One drawn machine, and drawn requests for it one after another, each held against what libvirt then does.

Tried: disks in files of qcow2 and raw, on block devices (loop devices), in storage pools (a daemon's hosts only: the
embedded driver has none) and over the network (NBD by a local socket); read-only ones, transient ones, and such with a
mode of their own; a CD-ROM drive with a medium and without; UEFI with its settings in raw and qcow2; machines that are
transient; shared memory and memfd.

Not tried: a machine that runs with a PCI device of its host or with virtiofs, for there is none to give away and no
virtiofsd; the machine only has them in its configuration, and is off. Likewise without USB, and without a processor
whose clock is invariant. Guest agents, for no guest runs. Pools other than
folders, and the protocols of the network besides NBD.
"""

import atexit
import contextlib
import shutil
import subprocess
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

import libvirt
from testbed import any_machine, any_request, leavings
from testbed.asking import run, survey
from testbed.harm import HARM, Outcome

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.plan import EffectKind, Level, Plan
from snapgui.core.records import Disk, DomainConfig, DomainId, DomainState, Kind, Mode, Situation, SnapshotState
from snapgui.core.requests import Delete, MachineRequest, Request, Revert, RunState, Take, Undo
from snapgui.core.rules import make_plan
from snapgui.core.rules.facts import is_external
from snapgui.core.rules.revert_files import config_then
from snapgui.core.rules.take_disks import memory_place
from snapgui.core.tree import parents
from snapgui.virt.host import Host

# Warnings that say themselves that it may fail.
# What libvirt says of a machine that can't start: what it needs is not on this computer.
_NEVER_START = {
    "pci": ("host PCI devices",),
    "usb": ("/sys/bus/usb",),
    "invtsc": ("invariant TSC",),
    "virtiofs": ("virtiofs",),
}
_MAY_FAIL = frozenset({"saved-twice", "take-paused", "merge-paused", "merge-volume", "reset-nvram-format"})


@dataclass(frozen=True, slots=True)
class Grounds:
    """Where machines are drawn: a host, a folder that its QEMUs may write to, and the types of disks that it can have.

    ``own`` gives a file to the user that they run as. ``odd``: only machines that have what few have. ``steps``: how
    many requests there are for one machine.
    """

    host: Host
    machines: Path
    sources: tuple[str, ...]
    own: Callable[[Path], object]
    odd: bool = False
    steps: int = 12


class DisagreementError(Exception):
    """libvirt did otherwise than the plan said."""


class Walk:
    """One machine, and what is asked of it one after another."""

    def __init__(self, grounds: Grounds, seed: int, counts: Counter[str], tell: Callable[[str], None]) -> None:
        self.random = Random(f"walk {seed}")  # noqa: S311 - machines, not secrets
        self.host, self.counts, self.steps = grounds.host, counts, grounds.steps
        self.connection = self.host._connections[0].libvirt
        self.folder = grounds.machines / str(seed)
        self.scratch = grounds.machines / "scratch"
        self.make = any_machine.draw(self.random, grounds.sources)
        while grounds.odd and not self.make.odd:
            self.make = any_machine.draw(self.random, grounds.sources)
        self.uuid = str(uuid.UUID(int=self.random.getrandbits(128), version=4))
        self.id = DomainId(self.host.uri, self.uuid)
        self.tell = tell
        tell(f"seed {seed}: {self.make}")
        self.stack = contextlib.ExitStack()
        atexit.register(self.stack.close)  # where it comes to no ``close``
        xml = any_machine.build(self.make, self.folder, f"m{seed}", self.uuid, stack=self.stack, own=grounds.own)
        if any(disk.source == "volume" for disk in self.make.disks):
            path = f"<target><path>{self.folder}</path></target>"
            pool = self.connection.storagePoolCreateXML(f"<pool type='dir'><name>m{seed}</name>{path}</pool>")
            self.stack.callback(pool.destroy)
        self.persistent = self.make.persistent or self.make.device in _NEVER_START
        if self.persistent:
            self.domain = self.connection.defineXML(xml)
        else:
            self.domain = self.connection.createXML(xml)
        self.held: dict[str, dict[str, bytes]] = {}  # what the disks held in each snapshot
        self.over = False
        self.reverted_at = 0.0
        self.given_away = False
        self.left: set[str] = set()  # files that are known to be in no use

    def close(self) -> None:
        """Nothing is left of it."""
        with contextlib.suppress(libvirt.libvirtError):
            if self.domain.isActive():
                self.domain.destroy()
            for snapshot in self.domain.listAllSnapshots():
                snapshot.delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
            for checkpoint in self.domain.listAllCheckpoints():
                checkpoint.delete(libvirt.VIR_DOMAIN_CHECKPOINT_DELETE_METADATA_ONLY)
            if self.domain.isPersistent():
                self.domain.undefineFlags(libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM)
        self.stack.close()
        atexit.unregister(self.stack.close)
        shutil.rmtree(self.folder)

    # What is there

    def situation(self, request: MachineRequest | None = None) -> Situation:
        """As a dialog's survey reads it."""
        return survey(self.host, self.id, request, next_xml=self.persistent)

    def contents(self) -> dict[str, bytes]:
        """What the guest would find on its writable disks."""
        disks = [disk for disk in self.host.read_config(self.uuid).disks if disk.writable]
        return {disk.target: any_machine.content(self.image(disk), disk.format, self.scratch) for disk in disks}

    def image(self, disk: Disk) -> str:
        """The file or device that a disk is on; of a volume and of what NBD serves, the file behind it."""
        return disk.source or str(self.folder / f"{disk.target}.{disk.format}")

    # What happens

    def go(self) -> None:
        for number in range(self.steps):
            self.between(number)
            request = any_request.draw(self.random, self.situation(), number, str(self.folder))
            situation = self.situation(request)
            self.ask(request, situation)
            if self.over or not self.there():
                return

    def there(self) -> bool:
        return any(each.UUIDString() == self.uuid for each in self.connection.listAllDomains())

    def between(self, number: int) -> None:
        """What the guest, its user and other programs do meanwhile."""
        config, random = self.host.read_config(self.uuid), self.random
        active = bool(self.domain.isActive())
        if not active and random.random() < 0.6:
            disk = random.choice([disk for disk in config.disks if disk.writable])
            self.tell(f"the guest writes on {disk.target}")
            any_machine.write(self.image(disk), disk.format, random)
        chance = random.random()
        with contextlib.suppress(libvirt.libvirtError):
            if chance > 0.7 and self.domain.listAllCheckpoints():
                self.tell("no checkpoints")
                for checkpoint in self.domain.listAllCheckpoints():
                    checkpoint.delete()
            elif active and chance < 0.06:
                self.others_while_active(number, chance)
            elif chance < 0.06:
                self.others_while_off(number, config, chance)

    def others_while_active(self, number: int, chance: float) -> None:
        """Raises libvirtError."""
        if chance < 0.03 and self.persistent:
            self.tell("managed save")
            self.domain.managedSave()
        else:
            self.tell("checkpoint")
            self.domain.checkpointCreateXML(f"<domaincheckpoint><name>c{number}</name></domaincheckpoint>")

    def others_while_off(self, number: int, config: DomainConfig, chance: float) -> None:
        """What qemu-img does to images, of which libvirt learns nothing."""
        tagged = self._tagged()
        if chance < 0.03:
            self.tell("a tag by qemu-img")
            for disk in config.disks:
                if disk.format == "qcow2" and disk.writable:
                    subprocess.run(["qemu-img", "snapshot", "-c", f"s{number}", self.image(disk)], check=True)
        elif tagged:
            self.tell("qemu-img deletes a tag")
            path, tag = self.random.choice(tagged)
            subprocess.run(["qemu-img", "snapshot", "-d", tag, path], check=True)

    def _tagged(self) -> list[tuple[str, str]]:
        config = self.host.read_config(self.uuid)
        tags = self.host.image_tags(config)
        return [
            (self.image(d), tag) for d in config.disks for tag in sorted(tags.get(d.target, ())) if not tag.isdigit()
        ]

    def ask(self, request: MachineRequest, situation: Situation) -> None:
        plan = make_plan(request, situation)
        blockers = sorted({f.rule for f in plan.findings if f.level is Level.BLOCKER})
        self.tell(f"{situation.domain.state.value}: {request} {blockers or ''}"[:1500])
        kind = type(request).__name__
        contents, files = self.contents(), self.files(request, situation)
        backing = self.backing(request, situation) if "spoils" in blockers else {}
        if not plan.steps:
            self.counts[f"{kind}: nothing to try"] += 1
            return
        if {"no-current", "branch"}.intersection(blockers):
            self.counts[f"{kind}: not tried, libvirt crashes"] += 1
            return
        if isinstance(request, Revert | Undo):
            # libvirt names the overlays that it makes by the second.
            time.sleep(max(0.0, int(self.reverted_at) + 1.01 - time.time()))
        state = situation.domain.state
        self.given_away = state is DomainState.PAUSED and (self.given_away or self.gave(request))
        problem = run(self.host, plan.steps)
        self.reverted_at = time.time()
        if problem is not None:
            self.tell(f"  -> {problem.code}: {problem.raw or problem.why}"[:600])
        self.counts[f"{kind}: tried {'blocked' if blockers else 'ready'}"] += 1
        if blockers:
            self.counts.update(f"rule {rule}" for rule in blockers)
        if blockers and problem is None:
            self.over = True
            self.prove(blockers, self.outcome(plan, situation, (contents, files, backing)))
        elif blockers:
            self.over = not self.intact(contents) or self.files(request, situation) != files
            self.counts["refused, with harm done"] += self.over
        elif problem is None:
            self.after(request, plan, situation, contents)
        elif not {finding.rule for finding in plan.findings} & _MAY_FAIL and not self.may_fail(problem):
            raise DisagreementError(f"refused: {kind}, {problem.code} {problem.raw}")
        self.counts[f"{kind}: agreed"] += 1

    def may_fail(self, problem: Problem) -> bool:
        """Whether it is what nothing of libvirt tells beforehand.

        That a device or a program of the host is missing; and that QEMU has given a paused machine's memory away
        before, where no snapshot is left of it.
        """
        if self.make.device in _NEVER_START:
            return any(text in problem.raw for text in _NEVER_START[self.make.device])
        texts = (
            "paused due to previous migration",
            "can't be a backing child of active",
            "is writable but does not support snapshots",
        )
        return self.given_away and any(text in problem.raw for text in texts)

    def gave(self, request: MachineRequest) -> bool:
        return isinstance(request, Take) and request.kind is Kind.EXTERNAL

    def prove(self, blockers: list[str], outcome: Outcome) -> None:
        """That libvirt did what it should not have done."""
        proven = [rule for rule in blockers if rule in HARM and HARM[rule](outcome)]
        self.counts.update(f"harm {rule}" for rule in proven)
        if not proven:
            raise DisagreementError(f"allowed: {type(outcome.plan.request).__name__} {blockers}")

    def intact(self, contents: dict[str, bytes]) -> bool:
        """Whether the disks can be read, and are as before."""
        try:
            return self.contents() == contents
        except (subprocess.CalledProcessError, SnapguiError):  # a transient machine may have gone with its QEMU
            return False

    def files(self, request: Request, situation: Situation) -> dict[str, bytes]:
        """What the files hold that the request could write over."""
        paths = [request.memory_file] if isinstance(request, Take) else []
        if isinstance(request, Take) and situation.domain.state.active:
            paths.append(memory_place(request, situation))
        if self.make.nvram:
            paths.append(str(self.folder / f"nvram.{self.make.nvram}"))
        return {path: Path(path).read_bytes() for path in paths if path and Path(path).is_file()}

    def outcome(
        self, plan: Plan, before: Situation, held: tuple[dict[str, bytes], dict[str, bytes], dict[str, bytes]]
    ) -> Outcome:
        contents, files, backing = held
        contents_now: dict[str, bytes] | None
        try:
            contents_now = self.contents()
        except subprocess.CalledProcessError:
            contents_now = None
        after, files_now = self.situation(), self.files(plan.request, before)
        backing_now = {path: self.seen_through(path) for path in backing}
        return Outcome(plan, before, after, (contents, contents_now), (files, files_now), (backing, backing_now))

    def backing(self, request: MachineRequest, situation: Situation) -> dict[str, bytes]:
        """What is seen through the images that external snapshots were taken of, where a revert could change them."""
        if not isinstance(request, Revert | Undo):
            return {}
        records = situation.snapshots.records
        configs = [config_then(name, situation) for name in records if is_external(records[name])]
        paths = {disk.source for config in configs if config is not None for disk in config.disks if disk.writable}
        return {path: self.seen_through(path) for path in sorted(paths) if Path(path).is_file()}

    def seen_through(self, path: str) -> bytes:
        kind = "raw" if path.endswith(".raw") else "qcow2"
        try:
            return any_machine.content(path, kind, self.scratch)
        except subprocess.CalledProcessError:
            return b""

    # What has come of it

    def after(self, request: MachineRequest, plan: Plan, before: Situation, contents: dict[str, bytes]) -> None:
        if not self.there():
            if self.persistent:
                raise DisagreementError("the machine is gone")
            return
        now = self.situation()
        if isinstance(request, Take):
            self.taken(request, before, now, contents)
        elif isinstance(request, Revert):
            self.reverted(request, before, now)
        elif isinstance(request, Delete):
            self.deleted(plan, before, now, contents)
        left = leavings.found(self.host, self.uuid)
        if isinstance(request, Revert | Delete | Undo) and (unsaid := left - self.left - leavings.said(plan)):
            raise DisagreementError(f"left behind without a word: {sorted(unsaid)}")
        self.left = left
        for disk in now.config.disks if now.config is not None and not now.domain.state.active else ():
            if disk.writable and disk.format == "qcow2":
                image = self.image(disk)
                checked = subprocess.run(
                    ["qemu-img", "check", "-q", "-U", image], capture_output=True, text=True, check=False
                )
                if checked.returncode not in (0, 3):  # 3: clusters that nothing uses
                    raise DisagreementError(f"{image} is damaged: {checked.stderr}")

    def deleted(self, plan: Plan, before: Situation, now: Situation, contents: dict[str, bytes]) -> None:
        if contents != self.contents():
            raise DisagreementError("a deletion changed the disks")
        gone = set(before.snapshots.records) - set(now.snapshots.records)
        if gone != named(plan, EffectKind.LOSES):
            raise DisagreementError(f"gone {gone}, said {named(plan, EffectKind.LOSES)}")
        above = parents(before.snapshots)
        moved = {name for name, parent in parents(now.snapshots).items() if above[name] != parent}
        if moved != named(plan, EffectKind.MOVES):
            raise DisagreementError(f"moved {moved}, said {named(plan, EffectKind.MOVES)}")

    def taken(self, request: Take, before: Situation, now: Situation, contents: dict[str, bytes]) -> None:
        if contents != self.contents() and not request.halt:
            raise DisagreementError("taking a snapshot changed the disks")
        record = now.snapshots.records.get(request.name)
        if request.no_metadata:
            if record is not None:
                raise DisagreementError("it is known after all")
            return
        if record is None or now.snapshots.current != request.name or record.parent != before.snapshots.current:
            raise DisagreementError(f"not there, not current, or elsewhere: {record}, {now.snapshots.current}")
        modes = {disk.target: disk.mode for disk in record.disks}
        self.held[request.name] = {t: c for t, c in contents.items() if modes.get(t) in (Mode.INTERNAL, Mode.EXTERNAL)}
        wanted = {Kind.INTERNAL: Kind.INTERNAL, Kind.EXTERNAL: Kind.EXTERNAL, Kind.DISK_ONLY: Kind.DISK_ONLY}
        kind = wanted[request.kind]
        if not before.domain.state.active and kind is Kind.DISK_ONLY:
            kind = Kind.EXTERNAL
        if record.kind is not kind:
            raise DisagreementError(f"kind {record.kind}, not {kind}")
        state = DomainState.SHUT_OFF if request.halt else before.domain.state
        if now.domain.state is not state:
            raise DisagreementError(f"the machine is {now.domain.state}, not {state}")

    def reverted(self, request: Revert, before: Situation, now: Situation) -> None:
        record = before.snapshots.records[request.snapshot]
        if now.snapshots.current != request.snapshot:
            raise DisagreementError(f"current is {now.snapshots.current}")
        memory = record.state in (SnapshotState.RUNNING, SnapshotState.PAUSED)
        state = {
            RunState.RUNNING: DomainState.RUNNING,
            RunState.PAUSED: DomainState.PAUSED,
            RunState.AS_TAKEN: DomainState(record.state.value) if memory else DomainState.SHUT_OFF,
        }[request.run]
        if now.domain.state is not state:
            raise DisagreementError(f"the machine is {now.domain.state}, not {state}")
        held, contents = self.held.get(request.snapshot, {}), self.contents()
        other = [target for target, bytes_ in held.items() if contents.get(target) != bytes_]
        if other:
            raise DisagreementError(f"other data than at the time of the snapshot: {other}")


def named(plan: Plan, kind: EffectKind) -> set[str]:
    return {name for effect in plan.effects if effect.kind is kind for name in effect.names}
