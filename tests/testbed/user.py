"""A user at the real application, in this process: presses its actions and buttons, and reads its views."""

from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QLineEdit, QPlainTextEdit, QTextEdit, QWidget
from pytestqt.qtbot import QtBot

from snapgui.app import Application
from snapgui.core.activity import JobRecord, JobState
from snapgui.models.roles import Role
from snapgui.models.snapshots import Column, SnapshotsModel
from snapgui.ui.actions import Act

T = TypeVar("T")

_BREATH = 0.01  # seconds: nobody does two things in one go, so the window may answer in between


class User:
    """Waits as a user waits: the event loop runs, and nothing else."""

    def __init__(self, application: Application, qtbot: QtBot) -> None:
        self.application = application
        self.window = application.window
        model = self.window.snapshots.tree.model()
        assert isinstance(model, SnapshotsModel)
        self._snapshots = model
        self._qtbot = qtbot
        self.jobs: dict[int, JobRecord] = {}
        application.backend.runner.job_changed.connect(self._job_changed)

    def _job_changed(self, job: JobRecord) -> None:
        self.jobs[job.id] = job

    def until(self, condition: Callable[[], T], what: str, seconds: float = 30) -> T:
        """Wait for the first true answer, and give it."""
        found: list[T] = []

        def asked() -> bool:
            answer = condition()
            if answer:
                found.append(answer)
            return bool(answer)

        try:
            self._qtbot.waitUntil(asked, timeout=round(seconds * 1000))
        except AssertionError:
            raise AssertionError(f"waited {seconds} s for {what}; jobs: {list(self.jobs.values())}") from None
        return found[0]

    # Choosing and looking

    def choose_machine(self, uri: str, name: str) -> None:
        """Connect to the host where that is needed, and choose its machine of that name."""
        if uri not in self.application.backend.hosts.uris:
            self.application.backend.hosts.connect_host(uri)
        machines = self.window.machines.tree.model()

        def found() -> QModelIndex | None:
            for host in range(machines.rowCount()):
                above = machines.index(host, 0)
                if above.data(Role.KEY) == uri:
                    for row in range(machines.rowCount(above)):
                        if machines.index(row, 0, above).data(Qt.ItemDataRole.DisplayRole) == name:
                            return machines.index(row, 0, above)
            return None

        index = self.until(found, f"the machine “{name}”")
        self.window.machines.tree.setCurrentIndex(index)
        self.until(lambda: self._here() is not None, "its snapshots")

    def choose_host(self, uri: str) -> None:
        """Connect to the host, and choose it."""
        self.application.backend.hosts.connect_host(uri)
        machines = self.window.machines.tree.model()
        self.until(lambda: self.application.backend.hosts.host(uri) is not None, "the connection")
        hosts = (machines.index(row, 0) for row in range(machines.rowCount()))
        self.window.machines.tree.setCurrentIndex(next(host for host in hosts if host.data(Role.KEY) == uri))

    def complete(self) -> int:
        """How many snapshots of the chosen machine have been read whole; 0 before all are. Costs next to nothing."""
        domain = self._snapshots.domain
        assert domain is not None, "no machine is chosen"
        records = self.application.store.snapshots(domain).records
        return len(records) if all(record.complete for record in records.values()) else 0

    def machine_state(self) -> str:
        """What the row "You are here" says of the machine."""
        here = self._here()
        return here.siblingAtColumn(Column.STATE).data(Qt.ItemDataRole.DisplayRole) if here is not None else ""

    def here(self) -> str | None:
        """The snapshot that the row "You are here" stands under."""
        index = self._here()
        assert index is not None, "there is no row “You are here”"
        return index.parent().data(Qt.ItemDataRole.EditRole) if index.parent().isValid() else None

    def _here(self) -> QModelIndex | None:
        index = self._snapshots.here_index()
        return index if index.isValid() else None

    def _rows(self, parent: QModelIndex | None = None) -> list[QModelIndex]:
        above = parent or QModelIndex()
        found = []
        for row in range(self._snapshots.rowCount(above)):
            index = self._snapshots.index(row, 0, above)
            found += [index, *self._rows(index)]
        return found

    def parents(self) -> dict[str, str]:
        """The snapshots in the tree, and what each stands under: "" for the top."""
        return {
            index.data(Role.KEY): index.parent().data(Role.KEY) if index.parent().isValid() else ""
            for index in self._rows()
            if index.data(Role.KEY) is not None
        }

    def cell(self, snapshot: str, column: Column, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """What the tree has in a column."""
        return self._snapshots.index_of(snapshot, column).data(role)

    def tree_size(self, snapshot: str) -> int | None:
        """The bytes that the tree shows as the memory of a snapshot."""
        return self._bytes(self.cell(snapshot, Column.NAME, Role.SIZE))

    def chart_sizes(self) -> dict[str, int | None]:
        """The bytes that the chart draws, by snapshot."""
        model = self.window.sizes.view.model()
        indexes = (model.index(row, 0) for row in range(model.rowCount()))
        return {index.data(Role.KEY): self._bytes(index.data(Role.SIZE)) for index in indexes}

    @staticmethod
    def _bytes(size: Any) -> int | None:
        return size.bytes if size is not None else None

    def select(self, *snapshots: str) -> None:
        """Choose these snapshots in the tree."""
        flag = QItemSelectionModel.SelectionFlag
        selection = self.window.snapshots.tree.selectionModel()
        select = flag.ClearAndSelect
        for name in snapshots:
            index = self.until(lambda name=name: self._row_of(name), f"the snapshot “{name}”")
            selection.setCurrentIndex(index, select | flag.Rows)
            select = flag.Select
        self.rest(_BREATH)

    def select_here(self) -> None:
        """Choose the row "You are here"."""
        index = self.until(self._here, "the row “You are here”")
        flag = QItemSelectionModel.SelectionFlag
        selection = self.window.snapshots.tree.selectionModel()
        selection.setCurrentIndex(index, flag.ClearAndSelect | flag.Rows)
        self.rest(_BREATH)

    def _row_of(self, name: str) -> QModelIndex | None:
        index = self._snapshots.index_of(name)
        return index if index.isValid() else None

    # Doing

    def use(self, act: Act) -> None:
        """Use an action of the window; fails with its own reason where it is disabled."""
        action = self.window.actions_[act]
        assert action.isEnabled(), f"{act}: {action.toolTip()}"
        action.trigger()
        self.rest(_BREATH)

    def dialog(self) -> QDialog:
        """The dialog on the screen."""
        return self.until(
            lambda: next(
                (each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()),
                None,
            ),
            "a dialog",
        )

    def button(self, dialog: QWidget, text: str) -> QAbstractButton:
        """The button or choice of that text; its mnemonic is not part of it."""
        buttons = dialog.findChildren(QAbstractButton)
        return next(button for button in buttons if button.text().replace("&", "") == text)

    def accept(self, dialog: QDialog, seconds: float = 120) -> JobRecord:
        """Press the dialog's OK, and wait until its job has ended well and the tree has followed."""
        self.until(lambda: not getattr(dialog, "waiting", False), "the machine to be read")
        self.until(dialog.ok.isEnabled, f"“{dialog.ok.text()}” to be enabled: {dialog.ok.toolTip()}")
        known = set(self.jobs)
        self._qtbot.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
        return self._finish(known, seconds)

    def _finish(self, known: set[int], seconds: float) -> JobRecord:
        job_id = self.until(lambda: next((job for job in self.jobs if job not in known), None), "the job to begin")
        self.until(lambda: self.jobs[job_id].state.ended, "the job to end", seconds)
        job = self.jobs[job_id]
        assert job.state is JobState.DONE, job.problem
        return job

    def cancel(self, dialog: QDialog) -> None:
        """Close a dialog without doing anything."""
        self._qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        self.until(lambda: not dialog.isVisible(), "the dialog to close")

    def press(self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key in what has the focus."""
        self._qtbot.keyClick(QApplication.focusWidget() or self.window, key, modifier)
        self.rest(0.02)

    def type(self, text: str) -> None:
        """Type a text into what has the focus, as fast as one types."""
        for letter in text:
            self._qtbot.keyClicks(QApplication.focusWidget(), letter)
            self.rest(0.02)

    def _type_into(self, field: QWidget, text: str) -> None:
        for letter in text:
            self._qtbot.keyClicks(field, letter)
            self.rest(_BREATH)

    def rest(self, seconds: float) -> None:
        """Do nothing for a while; the event loop runs."""
        self._qtbot.wait(round(seconds * 1000))

    def take(self, name: str, description: str = "") -> JobRecord:
        """Take a snapshot and wait until the tree shows it and has chosen it."""
        self.use(Act.TAKE)
        dialog = self.dialog()
        field = next(field for field in dialog.findChildren(QLineEdit) if field.accessibleName() == "Name")
        field.selectAll()
        self._type_into(field, name)
        if description:
            self._type_into(self._text(dialog), description)
        job = self.accept(dialog)
        self.until(lambda: self._row_of(name), f"“{name}” in the tree")
        # It comes a moment later. Whoever chose the row before once more until then would have it taken away.
        self.until(lambda: self.window.snapshots.selected() == (name,), f"“{name}” to be chosen")
        return job

    @staticmethod
    def _text(dialog: QDialog) -> QPlainTextEdit | QTextEdit:
        return next(
            field
            for kind in (QPlainTextEdit, QTextEdit)
            for field in dialog.findChildren(kind)
            if not field.isReadOnly()
        )

    def safety_box(self, dialog: QWidget) -> QAbstractButton:
        """The choice of a safety snapshot, whatever it says of why."""
        boxes = dialog.findChildren(QAbstractButton)
        return next(box for box in boxes if box.text().startswith("&Take a safety snapshot first"))

    def revert(self, name: str, afterwards: str = "as taken", *, safety: bool = False) -> JobRecord:
        """Bring the machine back to a snapshot, and wait until the tree says so. ``safety``: it can be undone."""
        self.select(name)
        self.use(Act.REVERT)
        dialog = self.dialog()
        self.button(dialog, afterwards).click()
        box = self.safety_box(dialog)
        if box.isChecked() != safety:
            box.click()
        job = self.accept(dialog)
        self.until(lambda: self.here() == name, f"“You are here” under “{name}”")
        return job

    def undo(self, safety: str, *, asked: bool = True, stays: bool = False) -> JobRecord:
        """Undo the revert before which that snapshot was taken, and wait until it has left the tree, or ``stays``.

        ``asked``: something is lost by that, so that a question comes first.
        """
        self.select(safety)
        known = set(self.jobs)
        self.use(Act.UNDO)
        job = self.accept(self.dialog()) if asked else self._finish(known, 120)
        self.until(lambda: self._row_of(safety) is None or stays, f"“{safety}” to go")
        return job

    def delete(self, *names: str, reach: str = "") -> JobRecord:
        """Delete snapshots, and wait until they have left the tree. ``reach`` is the text of a choice in the dialog."""
        self.select(*names)
        self.use(Act.DELETE)
        dialog = self.dialog()
        if reach:
            self.button(dialog, reach).click()
        job = self.accept(dialog)
        self.until(lambda: not any(map(self._row_of, names)) or reach.startswith("Only what"), f"{names} to go")
        return job

    def describe(self, name: str, description: str) -> JobRecord:
        """Change a snapshot's description in the dialog, and wait until the tree shows it."""
        self.select(name)
        self.use(Act.EDIT)
        dialog = self.dialog()
        field = self._text(dialog)
        field.selectAll()
        self._type_into(field, description)
        job = self.accept(dialog)
        self.until(lambda: self.cell(name, Column.DESCRIPTION) == description, "the description in the tree")
        return job

    def power(self, act: Act, state: str, seconds: float = 60) -> None:
        """Start, pause, resume, shut down; wait until the machine is in that state, in the tree's words."""
        self.use(act)
        self.until(lambda: self.machine_state() == state, f"the machine to be “{state}”", seconds)
