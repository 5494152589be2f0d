"""Closing the window while something is unfinished: what would be lost by it is waited for, or let go knowingly."""

from collections.abc import Sequence
from enum import Enum

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMainWindow, QMessageBox, QPushButton, QWidget

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.requests import domains
from snapgui.core.text import translate
from snapgui.core.uris import is_demo, is_in_process
from snapgui.jobs.runner import Runner
from snapgui.ui.operations.operations import Operations

_PATIENCE_MS = 400  # most jobs have ended sooner, and then nothing is asked


class _Fate(Enum):
    """What becomes of something unfinished if the window closes now."""

    UNDONE = "not done"
    BROKEN_OFF = "broken off"
    UNTOLD = "goes on without us"


class Leaving(QObject):
    """Asked before the window closes; ``ready`` says that it may close now.

    While it is going to close by itself, the status bar says so. It does not where something has failed by then, which
    would be told to nobody.
    """

    ready = Signal()

    def __init__(self, operations: Operations, runner: Runner, window: QMainWindow) -> None:
        super().__init__(window)
        self._operations = operations
        self._runner = runner
        self._window = window
        self._wanted = False
        self._let_go = False
        self._box: QMessageBox | None = None
        self._notice = _Notice()
        self._notice.stay.clicked.connect(self._stay)
        window.statusBar().addPermanentWidget(self._notice)
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(_PATIENCE_MS)
        self._patience.timeout.connect(self._ask)
        runner.job_changed.connect(self._job_changed)
        operations.settled.connect(self._look_again)
        operations.describe_refused.connect(self._stay)

    def may_close(self) -> bool:
        """Whether nothing is lost by closing. Otherwise ``ready`` follows once that is so, or the user says so."""
        if not self._runner.holding and (self._let_go or not self._at_stake()):
            return True
        self._wanted = True
        self._patience.start()
        return False

    def _at_stake(self) -> list[tuple[_Fate, str]]:
        """Jobs that wait or run, and descriptions not saved yet; of each its title."""
        busy = [(_fate(record), record.plan.title) for record in self._runner.busy if not _is_demos(record)]
        undone = [*(record.plan.title for record in self._runner.owing), *self._operations.unsettled]
        return [*busy, *((_Fate.UNDONE, title) for title in undone)]

    def _job_changed(self, job: JobRecord) -> None:
        if job.state is JobState.FAILED and not self._let_go:
            self._stay()
        self._look_again()

    def _look_again(self) -> None:
        at_stake = self._at_stake()
        if (self._wanted and not at_stake) or (self._let_go and not self._runner.holding):
            self._stay()
            self.ready.emit()
        elif self._box is not None:
            self._box.setInformativeText(_words(at_stake))

    def _stay(self) -> None:
        self._wanted = False
        self._patience.stop()
        self._notice.hide()
        if self._box is not None:
            self._box.close()

    def _ask(self) -> None:
        if self._box is not None:
            return
        self._notice.hide()
        box = QMessageBox(self._window)
        box.setTextFormat(box.textFormat().PlainText)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle(translate("Leaving", "Not finished yet"))
        box.setText(translate("Leaving", "If you close now:"))
        box.setInformativeText(_words(self._at_stake()))
        # Made by the box: one that is handed to it goes with the last name for it here.
        box.addButton(translate("Leaving", "&Close now"), QMessageBox.ButtonRole.DestructiveRole)
        later = box.addButton(translate("Leaving", "Close when it has &ended"), QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton(translate("Leaving", "&Don’t close"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(later)
        box.setEscapeButton(stay)
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
        box, self._box = self._box, None
        if box is None:
            return
        box.deleteLater()
        match box.buttonRole(box.clickedButton()):
            case QMessageBox.ButtonRole.DestructiveRole:
                self._close_now()
            case QMessageBox.ButtonRole.AcceptRole:
                self._notice.show()
            case _:
                self._stay()


class _Notice(QWidget):
    """Says that the window closes by itself, with a button by which it does not; hidden until it will."""

    def __init__(self) -> None:
        super().__init__()
        self.stay = QPushButton(translate("Leaving", "Don’t close"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel(translate("Leaving", "The window closes when what runs has ended.")))
        row.addWidget(self.stay)
        self.hide()


def _is_demos(record: JobRecord) -> bool:
    """Whether all that a job is about is gone with the window anyway."""
    return not record.plan.makes and all(is_demo(domain.uri) for domain in domains(record.plan.request))


def _fate(record: JobRecord) -> _Fate:
    plan = record.plan
    if record.state is JobState.WAITING or plan.makes:  # what has been made goes again
        return _Fate.UNDONE
    if record.step + 1 < len(plan.steps) or is_in_process(plan.steps[record.step].domain.uri):
        return _Fate.BROKEN_OFF
    return _Fate.UNTOLD


def _words(at_stake: Sequence[tuple[_Fate, str]]) -> str:
    """A paragraph for each fate, with what meets it."""
    headings = {
        _Fate.UNDONE: translate("Leaving", "This will not be done:"),
        _Fate.BROKEN_OFF: translate("Leaving", "This breaks off before its end:"),
        _Fate.UNTOLD: translate("Leaving", "This goes on without snapgui, which then can’t say how it ends:"),
    }
    titles = {fate: [title for each, title in at_stake if each is fate] for fate in headings}
    paragraphs = ([headings[fate], *(f"• {title}" for title in titles[fate])] for fate in headings if titles[fate])
    return "\n\n".join("\n".join(lines) for lines in paragraphs)
