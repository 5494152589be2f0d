"""Closing the window while something is unfinished: what would be lost by it is waited for, or let go knowingly."""

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.requests import Describe
from snapgui.core.text import translate
from snapgui.jobs.runner import Runner
from snapgui.ui.operations.operations import Operations

_PATIENCE_MS = 400  # a description is mostly saved sooner, and then nothing is asked


class Leaving(QObject):
    """Asked before the window closes; ``ready`` says that it may close now."""

    ready = Signal()

    def __init__(self, operations: Operations, runner: Runner, window: QWidget) -> None:
        super().__init__(window)
        self._operations = operations
        self._runner = runner
        self._window = window
        self._wanted = False
        self._let_go = False
        self._box: QMessageBox | None = None
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._ask)
        runner.job_changed.connect(self._look_again)
        operations.settled.connect(self._look_again)
        operations.describe_refused.connect(self._stay)

    def may_close(self) -> bool:
        """Whether nothing is lost by closing. Otherwise ``ready`` follows once that is so, or the user says so."""
        if not self._runner.holding and (self._let_go or not self._at_stake()):
            return True
        self._wanted = True
        self._patience.start()
        return False

    def _at_stake(self) -> list[str]:
        """What closing would lose: jobs that have not begun or have steps to go, and descriptions not saved yet."""
        titles = [record.plan.title for record in self._runner.busy if _would_be_lost(record)]
        owed = [record.plan.title for record in self._runner.owing]
        return [*titles, *owed, *self._operations.unsettled]

    def _look_again(self) -> None:
        if (self._wanted and not self._at_stake()) or (self._let_go and not self._runner.holding):
            self._stay()
            self.ready.emit()

    def _stay(self) -> None:
        self._wanted = False
        self._patience.stop()
        if self._box is not None:
            self._box.close()

    def _ask(self) -> None:
        if self._box is not None:
            return
        box = QMessageBox(self._window)
        box.setTextFormat(box.textFormat().PlainText)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(translate("Leaving", "Not finished yet"))
        box.setText(translate("Leaving", "If you close now, this will not be done:"))
        box.setInformativeText("\n".join(self._at_stake()))
        # Made by the box: one that is handed to it goes with the last name for it here.
        close = box.addButton(translate("Leaving", "&Close now"), QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(translate("Leaving", "&Wait"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        close.clicked.connect(self._close_now)
        box.finished.connect(self._asked)
        self._box = box
        box.open()

    def _close_now(self) -> None:
        """Let all go but the guests that are held still: what else their jobs would do is given up."""
        self._let_go = True
        for record in self._runner.holding:
            self._runner.cancel(record.id)
        self._look_again()

    def _asked(self) -> None:
        if self._box is not None:
            self._box.deleteLater()
            self._box = None


def _would_be_lost(record: JobRecord) -> bool:
    if record.state is JobState.WAITING or isinstance(record.plan.request, Describe):
        return True
    return record.step + 1 < len(record.plan.steps)
