"""A dialog in which much may have been typed: it stays until libvirt has it."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMessageBox, QWidget

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.errors import Problem
from snapgui.core.records import Situation
from snapgui.core.text import translate
from snapgui.ui.dialogs.plan_dialog import PlanDialog, Said

_DONE = 2  # neither accepted, which would run the plan once more, nor rejected


class LastingDialog(PlanDialog):
    """OK reads the machine once more, runs the plan that this makes, and closes once that has been done.

    Where the plan is another one after the reading, as for an OK that was pressed too early, or the job fails, the
    dialog says so and everything in it is as it was. Whoever opens it answers ``check_wanted`` with
    ``set_situation`` and ``checked``, ``run_wanted`` with ``follow``, and tells it every job by ``job_changed``.
    """

    check_wanted = Signal()
    run_wanted = Signal()
    cancel_wanted = Signal(int)  # the job that waits for its turn

    def __init__(
        self, situation: Situation, title: str, verb: str, image: QIcon, parent: QWidget | None = None
    ) -> None:
        super().__init__(situation, title, verb, image, parent)
        self._checking: Said | None = None  # what was on screen when OK was pressed
        self._job: JobRecord | None = None
        self._problem: Problem | None = None

    def about(self) -> tuple[str, ...]:
        """The snapshots whose XML the plan needs."""
        return ()

    def unsaved(self) -> bool:
        """Whether closing would lose what the user has typed."""
        return False

    def show_problem(self, problem: Problem | None) -> None:
        """Say why it could not be done; None: nothing has failed (any more)."""
        self._problem = problem
        self._show_state()

    @property
    def busy(self) -> bool:
        """Whether OK has been pressed and nothing has come of it yet."""
        return self._checking is not None or self._job is not None

    def accept(self) -> None:
        if self.busy or self._obstacle() or self.waiting:
            return
        self.show_problem(None)
        self._checking = self._said()
        self._show_state()
        self.check_wanted.emit()

    def checked(self) -> None:
        """The machine has been read once more."""
        before = self._checking
        if before is None:
            return
        if self.plan.ready and not self.held and before.covers(self._said()):
            self.run_wanted.emit()
        self._checking = None
        self._show_state()

    def follow(self, job: int) -> None:
        """The job that runs the plan has this number."""
        if self._job is None:
            self._job = JobRecord(job, self.plan, machine="")
            self._show_state()

    def job_changed(self, record: JobRecord) -> None:
        """How a job goes; another's is of no interest."""
        if self._job is None or record.id != self._job.id:
            return
        self._job = record
        if record.state is JobState.DONE:
            self.done(_DONE)
        elif record.state.ended:
            self._job = None
            self.show_problem(record.problem)
        else:
            self._show_state()

    def set_reading_failed(self, problem: Problem) -> None:
        if self._checking is None:
            super().set_reading_failed(problem)
        else:
            self._checking = None
            self.show_problem(problem)

    def reject(self) -> None:
        if self._job is not None:
            if self._job.state is JobState.WAITING:
                self.cancel_wanted.emit(self._job.id)
        elif self._checking is not None:
            self._checking = None
            self._show_state()
        elif self.unsaved():
            self._ask_whether_to_discard()
        else:
            super().reject()

    def _ask_whether_to_discard(self) -> None:
        box = QMessageBox(self)
        box.setTextFormat(box.textFormat().PlainText)
        box.setWindowTitle(self.windowTitle())
        box.setIcon(QMessageBox.Icon.Warning)
        box.setText(translate("LastingDialog", "Close without saving what you have changed?"))
        discard = box.addButton(translate("LastingDialog", "&Discard"), QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton(translate("LastingDialog", "&Keep editing"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        discard.clicked.connect(self._discard)
        box.finished.connect(box.deleteLater)
        box.open()

    def _discard(self) -> None:
        super().reject()

    def _show_state(self) -> None:
        super()._show_state()
        if self.busy:
            self.ok.setEnabled(False)

    def _status_text(self) -> str:
        if self._checking is not None:
            return translate("LastingDialog", "Reading the machine once more…")
        if self._job is not None and self._job.state is JobState.WAITING:
            return translate("LastingDialog", "Waiting for another operation on this machine to end…")
        if self._job is not None:
            return translate("LastingDialog", "Saving…")
        if self._problem is not None:
            return f"{self._problem.why} {self._problem.remedy}".strip()
        return super()._status_text()
