"""Which snapshot is chosen when the user has chosen none: something always is, and always by the same rules."""

from functools import partial

from PySide6.QtCore import QObject, QTimer

from snapgui.core.records import DomainId, Snapshots
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.store import Store
from snapgui.ui.snapshots.panel import SnapshotsPanel

_SHOWN_MS = 20  # after this a change is on the screen


class SnapshotChoice(QObject):
    """A machine that comes into view stands at "You are here"; what is new is chosen, and after a deletion the parent.

    What the user chooses meanwhile stays chosen: the next action is meant for that.
    """

    def __init__(self, store: Store, model: SnapshotsModel, panel: SnapshotsPanel) -> None:
        super().__init__(panel)
        self._store = store
        self._model = model
        self._panel = panel
        self._wanted = ""  # the snapshot to choose once it appears
        self._before: tuple[str, ...] = ()  # what was chosen when it was asked for
        self._arriving = False  # a machine whose snapshots have not been read yet
        self._last: tuple[str, ...] = ()  # the snapshots that the user chose last, and all that were known then
        self._known = Snapshots()
        panel.chosen.connect(self._remember)
        model.modelReset.connect(self._arrive)
        store.snapshots_changed.connect(self._changed)

    def taking(self) -> None:
        """A snapshot of the shown machine has been asked for."""
        self._before = self._panel.selected()

    def taken(self, domain: DomainId, name: str) -> None:
        """Choose the new snapshot as soon as it is read."""
        if domain == self._model.domain:
            self._wanted = name
            self._choose_wanted()

    def renamed(self, domain: DomainId, name: str) -> None:
        """Choose it again: its row under the old name goes, and the choice with it."""
        self._before = self._panel.selected()
        self.taken(domain, name)

    def _arrive(self) -> None:
        self._wanted, self._last, self._known = "", (), Snapshots()
        self._arriving = True
        self._choose_here()

    def _changed(self, domain: DomainId) -> None:
        if domain == self._model.domain:
            self._choose_wanted()
            self._choose_here()
            self._choose_survivor(domain)

    def _choose_here(self) -> None:
        if self._arriving and self._model.here_index().isValid():
            self._arriving = False
            if not self._panel.tree.choice.count():
                self._panel.select_here()

    def _remember(self) -> None:
        """An empty choice is the user's, or that of rows that are gone; those stay to be looked for."""
        names, domain = self._panel.selected(), self._model.domain
        records = self._store.snapshots(domain).records if domain is not None else {}
        if names and domain is not None:
            self._last, self._known = names, self._store.snapshots(domain)
        elif self._panel.tree.choice.count() or any(name in records for name in self._last):
            self._last = ()

    def _choose_survivor(self, domain: DomainId) -> None:
        """The one above what was chosen and is gone, else the machine's own row."""
        records = self._store.snapshots(domain).records
        if not self._last or self._panel.tree.choice.count() or any(name in records for name in self._last):
            return
        name: str | None = self._last[0]
        self._last = ()
        while name is not None and name not in records:
            record = self._known.records.get(name)
            name = record.parent if record is not None else None
        QTimer.singleShot(_SHOWN_MS, self, partial(self._choose_other, name))

    def _choose_other(self, name: str | None) -> None:
        if self._panel.tree.choice.count():
            return
        if name is not None and self._model.index_of(name).isValid():
            self._panel.select(name)
        elif self._model.here_index().isValid():
            self._panel.select_here()
        self._before = self._panel.selected()

    def _choose_wanted(self) -> None:
        if self._wanted and self._model.index_of(self._wanted).isValid():
            # Once the views have shown the change: both in one go held the window up for 80 ms with 1,000 snapshots.
            QTimer.singleShot(_SHOWN_MS, self, partial(self._choose_taken, self._wanted))
            self._wanted = ""

    def _choose_taken(self, name: str) -> None:
        if self._panel.selected() in ((), self._before):
            self._panel.select(name)
