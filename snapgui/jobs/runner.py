"""Runs plans: one after another for each machine, any number of machines at once."""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from operator import methodcaller

from PySide6.QtCore import QObject, QTimer, Signal

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.plan import MAKING, Call, Plan, Step
from snapgui.core.records import DomainId, DomainState, Situation, SnapshotRecord
from snapgui.core.requests import Delete, Mend, Rename, Take, TakeTogether, Undo, domains
from snapgui.core.text import translate
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.connection import not_connected
from snapgui.jobs.course import ABORTED, Course, is_silent, run_steps
from snapgui.jobs.hosts import Hosts, situation
from snapgui.jobs.lane import Lane
from snapgui.jobs.records import Records
from snapgui.jobs.requests import is_group, outcome_on, pauses_for_memory, sort, touched
from snapgui.jobs.screens import Screens, going, photograph
from snapgui.jobs.works import Works
from snapgui.virt.events import DomainChanged

_CONNECTION_ERRORS = frozenset({7, 38, 39})  # what a call says when its connection dies under it
_PROGRESS_MS = 250
_LATE_SECONDS = 2.0  # how long after a job its events may still come in
_AGAIN_MS = 10_000  # until what is owed is tried once more
_CLEAN_SECONDS = 3.0
_REMEMBERED = 100  # durations kept for estimates


@dataclass(slots=True)
class _Job:
    record: JobRecord
    state: DomainState  # the machine's, when it was asked for
    task: Callable[[], None]
    going: tuple[SnapshotRecord, ...] = ()  # the snapshots that it deletes, as they were when it was asked for
    suspended: dict[DomainId, float] = field(default_factory=dict)  # since when this job has paused guests
    pauses: dict[DomainId, float] = field(default_factory=dict)  # how long it has
    unsettled: set[str] = field(default_factory=set)  # URIs whose connection died: what it did there is not known yet
    owed: dict[Step, Problem] = field(default_factory=dict)  # that run always and found no connection
    trying: set[Step] = field(default_factory=set)  # of those that are owed
    cancelled: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)  # lets the other machines' lanes go on
    over: threading.Event = field(default_factory=threading.Event)  # nothing more is done on its lane


class Runner(QObject):
    """Runs the steps of plans and says how it goes. What is public is called on the UI thread and returns at once."""

    job_changed = Signal(object)  # JobRecord; new jobs too

    def __init__(
        self, hosts: Hosts, records: Records, bridge: Bridge, screens: Screens, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._hosts = hosts
        self._records = records
        self._bridge = bridge
        self._screens = screens
        self._ids = itertools.count(1)
        self._jobs: dict[int, _Job] = {}
        self._lanes: dict[DomainId, Lane] = {}
        self._took: deque[tuple[tuple[DomainId, ...], str, DomainState, float]] = deque(maxlen=_REMEMBERED)
        self._pauses: deque[tuple[DomainId, float]] = deque(maxlen=_REMEMBERED)
        self._ask_progress = QTimer(self)
        self._ask_progress.setInterval(_PROGRESS_MS)
        self._ask_progress.timeout.connect(self._poll_progress)
        self._make_up = QTimer(self)
        self._make_up.setInterval(_AGAIN_MS)
        self._make_up.timeout.connect(self._make_up_for_all)
        self._late = Lane("late")
        self._works = Works()
        hosts.event_seen.connect(self._event_seen)
        hosts.opened.connect(self._settle)

    @property
    def busy(self) -> tuple[JobRecord, ...]:
        """The jobs that wait or run."""
        return tuple(job.record for job in self._jobs.values() if not job.record.state.ended)

    @property
    def holding(self) -> tuple[JobRecord, ...]:
        """The running jobs that hold guests still, or will, or have begun to make files that are to go again."""
        running = (record for record in self.busy if record.state is JobState.RUNNING)
        return tuple(each for each in running if each.plan.makes or any(step.always for step in each.plan.steps))

    @property
    def owing(self) -> tuple[JobRecord, ...]:
        """The ended jobs that could not let guests go on yet, for want of a connection or of an agent's answer."""
        return tuple(job.record for job in self._jobs.values() if job.owed)

    def situation(self, domain: DomainId) -> Situation | None:
        """What is known of a domain without asking its host. None: it is gone."""
        known = situation(self._records, domain)
        return self.with_pauses(known) if known is not None else None

    def with_pauses(self, known: Situation) -> Situation:
        """The situation, with how long this machine was paused by earlier jobs."""
        pauses = tuple(seconds for domain, seconds in self._pauses if domain == known.domain.id)
        return replace(known, pauses=pauses)

    def start(self, plan: Plan) -> int:
        """Run the plan's steps, after what its machines have waiting. The number by which to cancel it."""
        if not plan.ready:
            raise ValueError("a plan with a blocker, or without a step, can't be run")
        job_id = next(self._ids)
        domain = plan.request.domain
        known = self._records.domain(domain)
        state = known.state if known is not None else DomainState.UNKNOWN
        record = JobRecord(
            job_id,
            plan,
            machine=plan.steps[0].domain_name,
            asked=time.time(),
            expected=self._expected(plan, state),
            cancellable=True,
        )
        others = domains(plan.request)[1:]
        free = threading.Semaphore(0)  # a count of the other machines that have nothing else under way
        job = _Job(
            record,
            state,
            lambda: self._work(job_id, plan, [free] * len(others)),
            going(plan, self._records.snapshots(domain).records),
        )
        self._jobs[job_id] = job
        self.job_changed.emit(record)
        # All lanes get their part of it now, on this thread: two jobs can't wait for one another.
        for other in others:
            self._lane(other).submit(partial(_stand_by, free, job.release))
        self._lane(domain).submit(job.task)
        return job_id

    def cancel(self, job_id: int) -> None:
        """Withdraw a job that waits, or abort one that runs where libvirt can."""
        job = self._jobs.get(job_id)
        if job is None or not job.record.cancellable:
            return
        first = job.record.plan.request.domain
        if job.record.state is JobState.WAITING and self._lane(first).withdraw(job.task):
            job.release.set()
            self._update(job, state=JobState.CANCELLED, ended=time.time(), cancellable=False)
            return
        job.cancelled.set()  # before the next step
        self._update(job, cancelling=True, cancellable=False)
        step = job.record.plan.steps[job.record.step]
        if job.record.state is JobState.RUNNING and step.abortable:
            self._abort(step)

    def _abort(self, step: Step) -> None:
        if step.call in MAKING:
            self._works.end(step)
        else:
            self._hosts.ask(step.domain.uri, methodcaller("abort", step), lambda _: None, lambda _: None)

    def close(self) -> None:
        """End what makes files, and give it a moment to remove them."""
        making = [self._jobs[record.id] for record in self.holding if record.plan.makes]
        for job in making:
            job.cancelled.set()
        self._works.close()
        until = time.monotonic() + _CLEAN_SECONDS
        for job in making:
            job.over.wait(max(0.0, until - time.monotonic()))

    def _lane(self, domain: DomainId) -> Lane:
        return self._lanes.setdefault(domain, Lane("job"))

    # On the domain's lane

    def _work(self, job_id: int, plan: Plan, others: list[threading.Semaphore]) -> None:
        for other in others:
            other.acquire()
        started = time.time()
        try:
            course = self._run_steps(job_id, plan, started)
        finally:
            self._jobs[job_id].release.set()
            self._jobs[job_id].over.set()
        self._bridge.post(lambda: self._ended(job_id, started, course))

    def _run_steps(self, job_id: int, plan: Plan, started: float) -> Course:
        pictures = [self._picture(step) for step in plan.steps]
        begins = partial(self._post_step, job_id, started)
        cancelled = self._jobs[job_id].cancelled
        course = run_steps(plan, partial(self._run, plan), self._is_lost, begins, cancelled)
        for index in course.done:
            self._keep_picture(plan.steps[index], pictures[index])
        return course

    def _is_lost(self, step: Step, problem: Problem) -> bool:
        if step.call in MAKING:
            return False
        qemu_ended = "monitor" in problem.raw  # 38 too, but the connection that ended is libvirt's to QEMU
        return (problem.code in _CONNECTION_ERRORS and not qemu_ended) or self._hosts.host(step.domain.uri) is None

    def _run(self, plan: Plan, step: Step) -> Problem | None:
        host = self._hosts.host(step.domain.uri)
        if step.call in MAKING:
            return self._works.run(step, host)
        if host is None:
            problem = replace(not_connected(step.domain.uri), tried=plan.title)
        else:
            try:
                host.run(step)
            except SnapguiError as error:
                problem = error.problem
            else:
                return None
        if not is_group(plan):
            return problem
        if step.call is Call.SNAPSHOT_DELETE:
            why = translate("Runner", "It could not be deleted again: {reason}").format(reason=problem.why)
            return replace(problem, why=why, machine=step.domain_name)
        return replace(problem, machine=step.domain_name) if step.takes else problem

    def _picture(self, step: Step) -> bytes | None:
        """The screen as the snapshot will hold it; asked for ahead of all steps, so that none of them waits for it."""
        host = self._hosts.host(step.domain.uri)
        if host is None or not step.takes:
            return None
        return photograph(host, step.domain.uuid)

    def _keep_picture(self, step: Step, picture: bytes | None) -> None:
        host = self._hosts.host(step.domain.uri)
        if host is not None and picture is not None:
            self._screens.keep(host, step.domain.uuid, step.snapshot, picture)

    def _post_step(self, job_id: int, started: float, index: int, step: Step) -> None:
        self._bridge.post(lambda: self._stepped(job_id, index, step, started))

    # On the UI thread

    def _stepped(self, job_id: int, index: int, step: Step, started: float) -> None:
        job = self._jobs[job_id]
        rest = job.record.plan.steps[index + 1 :]
        in_parts = is_group(job.record.plan) or job.record.plan.makes
        stoppable = in_parts and any(not each.always for each in rest) and not job.cancelled.is_set()
        cancellable = step.abortable or stoppable
        self._update(job, state=JobState.RUNNING, started=started, step=index, cancellable=cancellable, progress=None)
        if step.has_progress:
            self._ask_progress.start()

    def _ended(self, job_id: int, started: float, course: Course) -> None:
        job = self._jobs[job_id]
        ended = time.time()
        problem = course.problem
        request = job.record.plan.request
        if problem is None:
            state = JobState.DONE
            self._took.append((domains(request), sort(request), job.state, ended - started))
        else:
            state = JobState.CANCELLED if problem.code == ABORTED else JobState.FAILED
        job.unsettled = course.lost
        job.owed = course.owed
        self._update(
            job,
            state=state,
            started=started,
            ended=ended,
            done=frozenset(course.done),
            problem=problem,
            warnings=tuple(course.warnings),
            paused=max(filter(None, (job.record.paused, course.held)), default=None),
            cancellable=False,
            progress=None,
        )
        if problem is None and isinstance(request, Delete | Mend | Undo):
            drop = partial(self._screens.drop, request.domain.uuid, job.going)
            self._hosts.ask(request.domain.uri, drop, lambda _: None, lambda _: None)
        elif problem is None and isinstance(request, Rename):
            record = self._records.snapshots(request.domain).records.get(request.snapshot)
            if record is not None:
                self._screens.rename(request.domain.uuid, record, request.name)
        for domain in domains(request):
            self._hosts.refresh(domain, touched(job.record.plan))
        if job.owed:
            self._make_up.start()
        for uri in tuple(course.lost):
            if self._hosts.host(uri) is not None:  # it is back already
                self._settle(uri)

    def _settle(self, uri: str) -> None:
        """Find out what the jobs did whose connection died under them."""
        for job in self._jobs.values():
            if uri in job.unsettled:
                job.unsettled.discard(uri)
                request = job.record.plan.request
                self._hosts.ask(uri, partial(outcome_on, request), partial(self._settled, job), lambda _: None)

        self._make_up_for_all()

    def _make_up_for_all(self) -> None:
        """Try once more what runs always and could not, on a thread of its own: an agent takes its time."""
        waiting = [(job, step) for job in self._jobs.values() for step in job.owed]
        if not waiting:
            self._make_up.stop()
            return
        self._make_up.start()
        for job, step in waiting:
            if job.trying.isdisjoint({step}) and self._hosts.host(step.domain.uri) is not None:
                job.trying.add(step)
                self._late.submit(partial(self._try_again, job, step))

    def _try_again(self, job: _Job, step: Step) -> None:
        problem = self._run(job.record.plan, step)
        self._bridge.post(lambda: self._made_up(job, step, problem))

    def _made_up(self, job: _Job, step: Step, problem: Problem | None) -> None:
        """What runs always has run now, or failed for a reason that does not pass."""
        job.trying.discard(step)
        if problem is not None and (self._is_lost(step, problem) or is_silent(problem)):
            return
        before = job.owed.pop(step)
        after = () if problem is None else (problem,)
        kept = (each for each in job.record.warnings if each != before)
        self._update(job, warnings=(*kept, *after))

    def _settled(self, job: _Job, found: dict[str, str]) -> None:
        """``found``: words by machine, "" where there is but one."""

        def told(problem: Problem) -> Problem:
            lost = problem.code in _CONNECTION_ERRORS or problem.code is None  # None: there was none any more
            words = found.get(problem.machine, "") if lost else ""
            return replace(problem, why=f"{problem.why} {words}") if words else problem

        record = job.record
        problem = told(record.problem) if record.problem is not None else None
        self._update(job, problem=problem, warnings=tuple(told(warning) for warning in record.warnings))

    def _event_seen(self, event: DomainChanged) -> None:
        """Count the time between a job's suspend and resume events as the guest's pause."""
        for job in reversed(self._jobs.values()):
            record = job.record
            if not isinstance(record.plan.request, Take | TakeTogether) or event.id not in domains(record.plan.request):
                continue
            if record.started is None or event.at < record.started:
                continue
            if record.ended is not None and event.at > record.ended + _LATE_SECONDS:
                return
            if event.event == "suspended":
                job.suspended[event.id] = event.at
            elif event.event == "resumed" and event.id in job.suspended:
                pause = event.at - job.suspended.pop(event.id)
                if pauses_for_memory(record.plan.request, event.id):
                    self._pauses.append((event.id, pause))
                job.pauses[event.id] = job.pauses.get(event.id, 0.0) + pause
                self._update(job, paused=max(*job.pauses.values(), record.paused or 0.0))
            return

    def _poll_progress(self) -> None:
        running = [job for job in self._jobs.values() if job.record.state is JobState.RUNNING]
        asked = [(job, step) for job in running if (step := job.record.plan.steps[job.record.step]).has_progress]
        if not asked:
            self._ask_progress.stop()
        for job, step in asked:
            if job.cancelled.is_set() and step.abortable:  # the cancel came too early for the step
                self._abort(step)
            progressed = partial(self._progressed, job, job.record.step)
            if step.call in MAKING:
                progressed(self._works.progress(step))
                continue
            self._hosts.ask(step.domain.uri, methodcaller("progress", step), progressed, lambda _: None)

    def _progressed(self, job: _Job, index: int, progress: float | None) -> None:
        if job.record.state is not JobState.RUNNING or job.record.step != index or progress is None:
            return
        steps = job.record.plan.steps
        if job.record.plan.makes or all(
            step.has_progress for step in steps
        ):  # then the whole job's, as far as steps can be compared
            progress = job.record.plan.progress(index, progress)
        self._update(job, progress=progress)

    def _update(self, job: _Job, **changes: object) -> None:
        record = replace(job.record, **changes)  # type: ignore[arg-type]  # the names are JobRecord's own
        if record != job.record:
            job.record = record
            self.job_changed.emit(record)

    def _expected(self, plan: Plan, state: DomainState) -> float | None:
        """The median of what earlier jobs of this sort took on this machine in this state, in seconds."""
        alike = (domains(plan.request), sort(plan.request), state)
        took = [seconds for *what, seconds in self._took if tuple(what) == alike]
        return sorted(took)[len(took) // 2] if took else None


def _stand_by(free: threading.Semaphore, release: threading.Event) -> None:
    """Keep a machine's lane for a job that runs on another machine's."""
    free.release()
    release.wait()
