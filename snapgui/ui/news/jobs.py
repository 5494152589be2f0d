"""Tells how jobs go: in the activity list, in the status bar, and on the banner where one failed."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QStatusBar

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.job_words import done_text, is_asking, problem_of
from snapgui.core.plan import Level
from snapgui.core.records import DomainId
from snapgui.core.requests import Describe, Rename, Take, TakeTogether
from snapgui.core.text import translate
from snapgui.jobs.runner import Runner
from snapgui.models.activity import ActivityModel
from snapgui.ui.news.banner import Banner

_SHORT_MS = 8000


class JobNews(QObject):
    """``taken`` tells the domain and the name of a snapshot that has been taken."""

    taking = Signal()  # a take has been asked for
    taken = Signal(object, str)
    renamed = Signal(object, str)  # the domain, and the new name of a snapshot of it

    def __init__(self, runner: Runner, activity: ActivityModel, banner: Banner, status: QStatusBar) -> None:
        super().__init__(activity)
        self._activity = activity
        self._banner = banner
        self._status = status
        runner.job_changed.connect(self._changed)

    def _changed(self, record: JobRecord) -> None:
        self._activity.put(record)
        title = record.plan.title
        request = record.plan.request
        told = problem_of(record)
        self._tell_problem(record)
        match record.state:
            case JobState.WAITING if isinstance(request, Take | TakeTogether):
                self.taking.emit()
            case JobState.FAILED if told is not None:
                self._status.clearMessage()
            case JobState.CANCELLED:
                self._status.showMessage(translate("JobNews", "Cancelled: {title}").format(title=title), _SHORT_MS)
            case JobState.DONE:
                if told is None:
                    self._status.showMessage(_done(record), _SHORT_MS)
                else:
                    self._status.clearMessage()  # the banner says what of it was not
                if isinstance(request, Rename):
                    self.renamed.emit(request.domain, request.name)
            case JobState.RUNNING if not isinstance(request, Describe):
                self._status.showMessage(title)
        for domain, name in _taken(record):
            self.taken.emit(domain, name)

    def _tell_problem(self, record: JobRecord) -> None:
        """What failed, until the same is tried again."""
        topic, told = f"job: {record.plan.title}", problem_of(record)
        if record.state is JobState.RUNNING and self._banner.topic == topic:
            self._banner.clear()
        elif told is not None and record.state.ended:
            level = Level.BLOCKER if record.state is JobState.FAILED else Level.WARNING
            self._banner.show_problem(told, topic=topic, level=level)


def _done(record: JobRecord) -> str:
    if is_asking(record.plan.request):
        text = translate("JobNews", "{machine}: {what}")
        return text.format(machine=record.machine, what=done_text(record.plan.request))
    return translate("JobNews", "Done: {title}").format(title=record.plan.title)


def _taken(record: JobRecord) -> list[tuple[DomainId, str]]:
    """The snapshots that the user asked for and has now."""
    if not record.state.ended or not isinstance(record.plan.request, Take | TakeTogether):
        return []
    steps = (record.plan.steps[index] for index in sorted(record.done))
    return [(step.domain, step.snapshot) for step in steps if step.takes]
