"""Twins: two machines that are alike to the last byte. One is changed by the application, the other by virsh.
So are two groups of machines, by a request on all of them at once.

The application's side is the real one: survey, plan, runner. The other twin's plan is made from that twin's own
situation, written by ``virsh.script``, and run by ``sh``. What can be asked of libvirt and of qemu-img is then
compared, with names, UUIDs and times taken out.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import libvirt
from pytestqt.qtbot import QtBot
from testbed.daemon import Daemon

from snapgui.core import virsh
from snapgui.core.activity import JobRecord
from snapgui.core.plan import Level, Plan
from snapgui.core.records import DomainId, Situation
from snapgui.core.requests import Clone, Compact, Configure, MachineRequest, Mend, Request, TakeTogether
from snapgui.core.rules import make_plan
from snapgui.core.rules.together import plan_together
from snapgui.jobs.backend import Backend
from snapgui.models.store import Store

_DOMAIN: Final = """\
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    {disks}
    <controller type='usb' model='none'/><memballoon model='none'/>
  </devices>
</domain>
"""
_DISK: Final = """\
<disk type='file' device='{device}'><driver name='qemu' type='{format}'/>{source}<target dev='{target}'/></disk>"""
_TEST_DOMAIN: Final = """\
<domain type='test'><name>{name}</name><uuid>{uuid}</uuid><memory>8192</memory><os><type>hvm</type></os></domain>"""
_UUID: Final = "5d8f1a3c-4f0b-4c9e-9d57-2f3f1a0c70{:02}"
_NOISE: Final = (
    (r"<creationTime>\d+</creationTime>", "<creationTime/>"),
    (r"<domain type='(\w+)' id='\d+'", r"<domain type='\1'"),
    (r"\.\d{9,}\b", ".TIME"),  # what libvirt calls the overlays that a revert makes
    (r"\b\d{9,}\b", "TIME"),
    (r"/dev/pts/\d+", "PTY"),
    (r"<uuid>[-0-9a-f]{36}</uuid>", "<uuid/>"),  # of a machine that is new, or the twin's own
    (r"<mac address='[:0-9a-f]{17}'/>", "<mac/>"),
    (r"<(?:tlsPort|port)>\d+<", "<port><"),
)
_OF_AN_IMAGE: Final = ("format", "virtual-size", "backing-filename", "full-backing-filename", "backing-filename-format")
_MARK: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Twin:
    """One of the two. ``path`` is a file of its own beside its disks: a test's paths are made by it."""

    id: DomainId
    name: str
    folder: Path

    def path(self, end: str) -> str:
        """A path that is the other twin's but for the machine's name."""
        return str(self.folder / f"{self.name}.{end}")

    def overlay(self, snapshot: str) -> str:
        """What libvirt calls the first disk's overlay that begins with a snapshot."""
        return str(self.folder / f"{self.name}-vda.{snapshot}")

    def xml(self, snapshot: str = "") -> str:
        """The whole XML of a snapshot, or of the machine as it will start next."""
        words = ["snapshot-dumpxml", self.name, snapshot] if snapshot else ["dumpxml", self.name, "--inactive"]
        return self._virsh(*words, "--security-info")

    def forgotten(self, *snapshots: str) -> tuple[str, ...]:
        """The whole XML of snapshots that libvirt does not know any more from now on."""
        found = tuple(map(self.xml, snapshots))
        for name in snapshots:
            self._virsh("snapshot-delete", self.name, name, "--metadata")
        return found

    def _virsh(self, *words: str) -> str:
        command = ["virsh", "-q", "-c", self.id.uri, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class TwinOnPaper(Twin):
    """One that is nowhere, to see what would be asked of it."""

    def _virsh(self, *_words: str) -> str:
        return ""


Ask = Callable[..., Request]  # of as many twins as each side has


@dataclass(frozen=True)
class Case:
    """What both twins go through by virsh, and then the request that is made in both ways.

    ``before`` are virsh commands without the domain. ``write N`` fills a part of the first disk of a stopped machine
    with the byte N, ``lose NAME`` takes a snapshot's data out of that disk's image, and ``leave NAME`` makes an overlay
    of it that nobody has used for an hour; ``list`` has the pool know it. ``{end}`` in them is ``Twin.path("end")``.
    ``disks``: target to format, or "cdrom" for an empty drive; libvirt's test driver has none.
    ``machines``: how many there are on each side; ``ask`` is given that many.
    """

    ask: Ask
    before: tuple[str, ...] = ()
    disks: Mapping[str, str] = field(default_factory=lambda: {"vda": "qcow2"})
    machines: int = 1


class NotReadyError(Exception):
    """The plan has a blocker, so neither twin was touched."""


class Twins:
    """Makes twins on a host, has both changed, and says how they differ."""

    def __init__(self, daemon: Daemon, uri: str, qtbot: QtBot, cache: Path) -> None:
        self.daemon = daemon
        self.uri = uri
        self._qtbot = qtbot
        self._count = 0
        self.store = Store()
        self.backend = Backend(self.store, cache)
        self._libvirt = libvirt.open(uri)
        self.backend.hosts.connect_host(uri)
        self._wait(lambda: bool(record := self.store.host(uri)) and record.state.value == "connected", "the host")

    def close(self) -> None:
        """Let go of the host."""
        self.backend.close()
        self._libvirt.close()

    def compare(self, case: Case) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Both sides as they are after ``case``: by the plan, and by virsh. NotReadyError: a rule is against it."""
        ours, other = ([self._make(end, case) for _ in range(case.machines)] for end in ("ours", "virs"))
        try:
            for twin in (*ours, *other):
                self._prepare(twin, case.before)
            # libvirt names after the second what a revert to an external snapshot writes, and refuses another in it.
            time.sleep(1.1 if any("revert" in step for step in case.before) else 0)
            plans = [self.plan(side, case.ask(*side)) for side in (ours, other)]
            if not plans[0].ready:
                assert not plans[1].ready
                raise NotReadyError([each.reason for each in plans[0].findings if each.level is Level.BLOCKER])
            job = self.run(plans[0])
            assert job.problem is None, job.problem
            ran = subprocess.run(
                ["sh", "-c", virsh.script(plans[1])], capture_output=True, text=True, timeout=120, check=False
            )
            assert ran.returncode == 0, f"{virsh.script(plans[1])}\n{ran.stderr}"
            found = [self.look(twin) for twin in ours], [self.look(twin) for twin in other]
            for mine, its in zip(ours, other, strict=True):
                self._contents(mine, its)
            return found
        finally:
            for twin in (*ours, *other):
                self._virsh(
                    f"destroy {twin.name}; undefine {twin.name} --managed-save --snapshots-metadata", check=False
                )
                for other_one in self._made_of(twin):
                    self._virsh("undefine", other_one)
                for file in self._files(twin):
                    file.unlink()

    # What the application does

    def plan(self, side: Sequence[Twin], request: Request) -> Plan:
        """The plan that a dialog would show."""
        known = {twin.id: self._situation(twin, request) for twin in side}
        if isinstance(request, TakeTogether):
            return plan_together(request, known)
        return make_plan(request, known[request.domain])

    def _situation(self, twin: Twin, request: Request) -> Situation:
        read: list[Situation] = []
        failed: list[object] = []
        self.backend.hosts.watch(twin.id)
        names = self._names(twin)

        def known() -> bool:
            records = self.store.snapshots(twin.id).records
            return set(records) == set(names) and all(record.complete for record in records.values())

        self._wait(lambda: self.store.domain(twin.id) is not None, "the machine")
        self.backend.hosts.refresh(twin.id)  # sooner than by its own poll
        self._wait(known, "its snapshots")
        if isinstance(request, Mend):
            self.backend.check_health(twin.id, read.append, failed.append)
        else:
            folders = [str(twin.folder)]
            next_xml = isinstance(request, Configure)
            copied = isinstance(request, Clone | Compact)
            self.backend.hosts.survey(
                twin.id,
                names,
                read.append,
                failed.append,
                folders,
                next_xml=next_xml,
                dependents=copied,
                copied=copied,
            )
        self._wait(lambda: bool(read or failed), "the survey")
        assert not failed, failed
        return self.backend.runner.with_pauses(read[0])

    def run(self, plan: Plan) -> JobRecord:
        """The plan's job, once it has ended."""
        jobs: dict[int, JobRecord] = {}
        self.backend.runner.job_changed.connect(lambda job: jobs.__setitem__(job.id, job))
        number = self.backend.runner.start(plan)
        self._wait(lambda: number in jobs and jobs[number].state.ended, "the job", 120)
        return jobs[number]

    # What both are made of, and how they are looked at

    def _make(self, end: str, case: Case) -> Twin:
        self._count += 1
        uuid = _UUID.format(self._count % 100)
        twin = Twin(DomainId(self.uri, uuid), f"twin{self._count:03}{end}", self.daemon.images)
        if self._is_test:
            xml = _TEST_DOMAIN.format(name=twin.name, uuid=uuid)
        else:
            disks = "".join(self._disk(twin, *each) for each in case.disks.items())
            xml = _DOMAIN.format(name=twin.name, uuid=uuid, disks=disks)
        self._virsh("define", "/dev/stdin", text=xml)
        return twin

    def _disk(self, twin: Twin, target: str, kind: str) -> str:
        if kind == "cdrom":
            return _DISK.format(device="cdrom", format="raw", source="", target=target)
        path = twin.folder / f"{twin.name}-{target}.img"  # no suffix in common, or overlays would bear one name
        subprocess.run(["qemu-img", "create", "-q", "-f", kind, path, "8M"], check=True)
        self.daemon.hand_over(path)
        return _DISK.format(device="disk", format=kind, source=f"<source file='{path}'/>", target=target)

    def _prepare(self, twin: Twin, lines: tuple[str, ...]) -> None:
        waiting: list[str] = []  # one virsh for many commands
        for line in lines:
            verb, *words = _MARK.sub(lambda found: twin.path(found[1]), line).split()
            if verb not in ("write", "lose", "leave", "list"):
                waiting.append(" ".join((verb, twin.name, *words)))
                continue
            self._virsh_all(waiting)
            waiting.clear()
            self._behind_libvirt(verb, *words, disk=self._inactive_disk(twin))
        self._virsh_all(waiting)

    def _behind_libvirt(self, verb: str, word: str = "", *, disk: str) -> None:
        overlay = Path(f"{disk.rpartition('.')[0]}.{word}")
        commands: dict[str, list[str]] = {
            "list": ["virsh", "-c", self.uri, "pool-refresh", "images"],
            "write": ["qemu-io", "-c", f"write -P {word} {word}k 64k", disk],
            "lose": ["qemu-img", "snapshot", "-d", word, disk],
            "leave": ["qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", str(overlay)],
        }
        subprocess.run(commands[verb], check=True, stdout=subprocess.DEVNULL)
        self.daemon.hand_over(Path(disk))
        if verb == "leave":
            hour_ago = time.time() - 3600
            os.utime(self.daemon.hand_over(overlay), (hour_ago, hour_ago))

    def _virsh_all(self, commands: list[str]) -> None:
        if commands:
            self._virsh("; ".join(commands))

    def _inactive_disk(self, twin: Twin) -> str:
        found = re.search(r"<source file='([^']*)'", self._virsh("dumpxml", twin.name, "--inactive"))
        assert found is not None
        return found[1]

    def look(self, twin: Twin) -> dict[str, Any]:
        """All that libvirt and qemu-img say of it."""
        domain = self._libvirt.lookupByUUIDString(twin.id.uuid)
        secure = libvirt.VIR_DOMAIN_XML_SECURE
        stopped = secure | libvirt.VIR_DOMAIN_XML_INACTIVE
        return {
            "state": domain.state(),
            "saved": domain.hasManagedSaveImage(),
            "current": domain.snapshotCurrent().getName() if domain.hasCurrentSnapshot() else None,
            "snapshots": {
                snapshot.getName(): self._plain(twin, snapshot.getXMLDesc(libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE))
                for snapshot in domain.listAllSnapshots()
            },
            "machine": self._plain(twin, domain.XMLDesc(secure)),
            "next start": self._plain(twin, domain.XMLDesc(stopped)),
            "new machines": [
                self._plain(twin, self._virsh("dumpxml", name, "--inactive")) for name in self._made_of(twin)
            ],
            "files": {self._plain(twin, file.name): self._image(twin, file) for file in self._files(twin)},
        }

    def _names(self, twin: Twin) -> list[str]:
        return [each.getName() for each in self._libvirt.lookupByUUIDString(twin.id.uuid).listAllSnapshots()]

    def _made_of(self, twin: Twin) -> list[str]:
        """The names of machines that are named after it."""
        names = self._virsh("list", "--all", "--name").split()
        return sorted(name for name in names if name.startswith(f"{twin.name}-"))

    def _files(self, twin: Twin) -> list[Path]:
        return sorted(twin.folder.glob(f"{twin.name}*"))

    def _image(self, twin: Twin, file: Path) -> Any:
        ran = subprocess.run(
            ["qemu-img", "info", "-U", "--output=json", file], capture_output=True, text=True, check=False
        )
        told = json.loads(ran.stdout)
        image = {key: self._plain(twin, str(told[key])) for key in _OF_AN_IMAGE if key in told}
        if told["format"] == "raw":  # a memory file's length depends on the moment
            image.pop("virtual-size")
        tags = [(each["name"], each["vm-state-size"] > 0) for each in told.get("snapshots", [])]
        return {**image, "snapshots": tags}

    def _contents(self, ours: Twin, other: Twin) -> None:
        for mine, its in zip(self._files(ours), self._files(other), strict=True):
            described = subprocess.run(
                ["qemu-img", "info", "-U", "--output=json", mine], capture_output=True, text=True, check=True
            )
            if json.loads(described.stdout)["format"] != "qcow2" and mine.suffix != ".img":
                continue  # a guest's memory is never the same twice
            compared = subprocess.run(
                ["qemu-img", "compare", "-U", mine, its], capture_output=True, text=True, check=False
            )
            assert compared.returncode == 0, f"{mine} {its}: {compared.stdout}{compared.stderr}"

    def _plain(self, twin: Twin, text: str) -> str:
        text = text.replace(twin.id.uuid, "UUID").replace(twin.name, "MACHINE")
        for pattern, plain in _NOISE:
            text = re.sub(pattern, plain, text)
        return text

    @property
    def _is_test(self) -> bool:
        return self.uri.startswith("test")

    def _virsh(self, *words: str, text: str | None = None, check: bool = True) -> str:
        """What virsh says on the twins' host."""
        ran = subprocess.run(
            ["virsh", "-q", "-c", self.uri, *words],
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        # Of several commands, the exit status is the last one's.
        assert not check or (ran.returncode == 0 and "error:" not in ran.stderr), (
            f"virsh {' '.join(words)}: {ran.stderr}"
        )
        return ran.stdout.strip()

    def _wait(self, condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
            self._qtbot.wait(5)


def for_machine(request: MachineRequest) -> Ask:
    """The same request for whichever twin asks, where nothing in it but the machine differs."""
    return lambda twin: replace(request, domain=twin.id)
