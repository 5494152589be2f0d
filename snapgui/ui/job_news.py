"""Tells how jobs go: in the activity list, in the status bar, and on the banner where one failed."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QStatusBar

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.requests import Describe, Rename, Take
from snapgui.core.text import translate
from snapgui.jobs.runner import Runner
from snapgui.models.activity import ActivityModel
from snapgui.ui.banner import Banner

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
        match record.state:
            case JobState.WAITING if isinstance(record.plan.request, Take):
                self.taking.emit()
            case JobState.FAILED if record.problem is not None:
                self._status.clearMessage()
                self._banner.show_problem(record.problem)
            case JobState.CANCELLED:
                self._status.showMessage(translate("JobNews", "Cancelled: {title}").format(title=title), _SHORT_MS)
            case JobState.DONE:
                self._status.showMessage(translate("JobNews", "Done: {title}").format(title=title), _SHORT_MS)
                if isinstance(record.plan.request, Rename):
                    self.renamed.emit(record.plan.request.domain, record.plan.request.name)
                if isinstance(record.plan.request, Take):
                    self.taken.emit(record.plan.request.domain, record.plan.request.name)
            case JobState.RUNNING if not isinstance(record.plan.request, Describe):
                self._status.showMessage(title)
