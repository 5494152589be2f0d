"""Snapshots of several real machines at once, by the application's own survey, plan and job, without its window."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pytestqt.qtbot import QtBot
from testbed.daemon import Daemon

from snapgui.core.activity import JobRecord
from snapgui.core.plan import Plan
from snapgui.core.records import DomainId, Kind, Situation
from snapgui.core.requests import Take, TakeTogether
from snapgui.core.rules.together import plan_together
from snapgui.jobs.backend import Backend
from snapgui.models.store import Store


class Several:
    """Knows machines by their names, which are others on each daemon."""

    def __init__(self, daemon: Daemon, qtbot: QtBot, cache: Path, *others: Daemon) -> None:
        self.daemon = daemon
        self._daemons = {each.uri: each for each in (daemon, *others)}
        self._qtbot = qtbot
        self.store = Store()
        self.backend = Backend(self.store, cache)
        for uri in self._daemons:
            self.backend.hosts.connect_host(uri)
        self.jobs: dict[int, JobRecord] = {}
        self.backend.runner.job_changed.connect(lambda job: self.jobs.__setitem__(job.id, job))
        self.until(lambda: all(self.store.domains(uri) for uri in self._daemons), "the machines")

    def close(self) -> None:
        """Let go of the host."""
        self.backend.close()

    def until(self, condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait while the event loop runs."""
        try:
            self._qtbot.waitUntil(condition, timeout=round(seconds * 1000))
        except AssertionError:
            raise AssertionError(f"waited {seconds} s for {what}; jobs: {list(self.jobs.values())}") from None

    def id(self, name: str) -> DomainId:
        """The machine of that name."""
        return self._machines()[name]

    def _machines(self) -> dict[str, DomainId]:
        return {each.name: each.id for uri in self._daemons for each in self.store.domains(uri)}

    def plan(
        self, names: Sequence[str], snapshot: str, kind: Kind, *, freeze: bool = False, roll_back: bool = False
    ) -> Plan:
        """The plan that the dialog would show."""
        read = self.survey(names)
        takes = tuple(Take(domain, snapshot, "several", kind) for domain in read)
        return plan_together(TakeTogether(takes, freeze, roll_back), read)

    def survey(self, names: Sequence[str]) -> dict[DomainId, Situation]:
        """What a dialog reads of these machines, in this order."""
        self.until(lambda: set(names) <= set(self._machines()), "the machines")
        read: dict[DomainId, Situation] = {}
        failed: list[object] = []
        domains = [self.id(name) for name in names]
        for domain in domains:
            self._watch(domain)
            self.backend.hosts.survey(domain, (), lambda each: read.__setitem__(each.domain.id, each), failed.append)
        self.until(lambda: bool(failed) or len(read) == len(names), "the survey")
        assert not failed, failed
        return {domain: read[domain] for domain in domains}

    def start(self, plan: Plan) -> int:
        """Begin the job."""
        assert plan.ready, plan.findings
        return self.backend.runner.start(plan)

    def end(self, number: int) -> JobRecord:
        """The job once it has ended."""
        self.until(lambda: number in self.jobs and self.jobs[number].state.ended, "the job", 120)
        return self.jobs[number]

    def _watch(self, domain: DomainId) -> None:
        daemon = self._daemons[domain.uri]
        name = daemon.virsh("domname", domain.uuid)
        self.backend.hosts.watch(domain)

        def known() -> bool:
            records = self.store.snapshots(domain).records
            return set(records) == set(daemon.snapshots(name)) and all(each.complete for each in records.values())

        self.until(known, f"the snapshots of {name}")


def unsaid(plan: Plan, left: set[str]) -> set[str]:
    """Those of the files that are left of which the plan has not said so: where it has, memory files are left."""
    said = any("The memory files of" in finding.reason for finding in plan.findings if finding.rule == "failing")
    return {name for name in left if not (said and name.endswith(".mem"))}
