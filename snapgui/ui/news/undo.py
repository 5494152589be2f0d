"""Offers on the banner to undo a revert, as long as the safety snapshot that was taken before it is there."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Signal

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.plan import Call, Level
from snapgui.core.records import DomainId
from snapgui.core.requests import Revert, Undo
from snapgui.core.text import translate
from snapgui.jobs.runner import Runner
from snapgui.models.format import listed
from snapgui.models.store import Store
from snapgui.ui.news.banner import Banner

_TOPIC = "undo revert"


class UndoNews(QObject):
    """To be made after whatever else tells on the banner how a job ended: this says more."""

    undo_wanted = Signal(object, str)  # DomainId, and the safety snapshot's name
    changed = Signal()  # ``safety_of``

    def __init__(self, store: Store, runner: Runner, banner: Banner) -> None:
        super().__init__(banner)
        self._store = store
        self._banner = banner
        self._offered: Undo | None = None
        self._show: Callable[[], None] | None = None  # once the safety snapshot has been read: before, no plan can be
        runner.job_changed.connect(self._job_changed)
        store.snapshots_changed.connect(self._snapshots_changed)

    def safety_of(self, domain: DomainId) -> str:
        """The safety snapshot of the machine's last revert, while that can be undone; "" where there is none."""
        known = self._offered is not None and self._offered.domain == domain and self._show is None
        return self._offered.snapshot if self._offered is not None and known else ""

    def _job_changed(self, job: JobRecord) -> None:
        request, undo = job.plan.request, job.plan.undo
        if isinstance(request, Revert) and isinstance(undo, Undo):
            if job.state is JobState.DONE:
                self._remember(undo, partial(self._offer_after, job, request, undo))
            elif job.state is JobState.FAILED and job.plan.steps[job.step].call is not Call.SNAPSHOT_CREATE:
                self._remember(undo, partial(self._offer_instead, job, undo))
        elif isinstance(request, Undo):
            if job.state is JobState.RUNNING:
                self._withdraw()
            elif job.state is JobState.DONE and job.warnings:
                self._banner.show_message(
                    Level.WARNING,
                    translate("UndoNews", "The revert is undone, but “{name}” is still there").format(
                        name=request.snapshot
                    ),
                    f"{job.warnings[0].why} {job.warnings[0].remedy}".strip(),
                )

    def _offer_after(self, job: JobRecord, request: Revert, undo: Undo) -> None:
        headline = translate("UndoNews", "{machine} is back at “{name}”").format(
            machine=job.machine, name=request.snapshot
        )
        text = translate("UndoNews", "“{safety}” has it as it was before.")
        if job.plan.lacks:
            text = translate("UndoNews", "“{safety}” has it as it was before, but for {lacks}.")
        text = text.format(safety=undo.snapshot, lacks=listed(*job.plan.lacks))
        if job.warnings:
            text = f"{text} {job.warnings[0].tried}: {job.warnings[0].why}"
        level = Level.WARNING if job.warnings else Level.NOTE
        self._banner.show_message(level, headline, text, self._button(undo), _TOPIC)

    def _offer_instead(self, job: JobRecord, undo: Undo) -> None:
        """The revert failed half-way: the way back is there already."""
        if job.problem is not None:
            self._banner.show_problem(job.problem, self._button(undo), _TOPIC)

    def _button(self, undo: Undo) -> dict[str, Callable[[], object]]:
        return {translate("UndoNews", "&Undo revert…"): lambda: self.undo_wanted.emit(undo.domain, undo.snapshot)}

    def _remember(self, undo: Undo, show: Callable[[], None]) -> None:
        self._offered, self._show = undo, show
        self._snapshots_changed(undo.domain)

    def _snapshots_changed(self, domain: DomainId) -> None:
        if self._offered is None or domain != self._offered.domain:
            return
        record = self._store.snapshots(domain).records.get(self._offered.snapshot)
        if record is not None and record.complete and self._show is not None:
            show, self._show = self._show, None
            show()
            self.changed.emit()
        elif record is None and self._show is None:
            self._withdraw()

    def _withdraw(self) -> None:
        self._offered = self._show = None
        self.changed.emit()
        if self._banner.topic == _TOPIC:
            self._banner.clear()
