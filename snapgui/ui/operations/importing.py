"""From "Import a machine…" to the machine: reads what the dialog asks for, and runs its plan."""

from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, DomainRecord, Situation
from snapgui.jobs.backend import Backend
from snapgui.jobs.importing import read_import
from snapgui.models.store import Store
from snapgui.ui import dialogs


class Importing(QObject):
    """Makes machines of bundles."""

    def __init__(self, store: Store, backend: Backend, window: QWidget) -> None:
        super().__init__(window)
        self._store = store
        self._hosts = backend.hosts
        self._runner = backend.runner
        self._window = window
        self._open: set[dialogs.ImportBundleDialog] = set()

    def ask(self, uri: str) -> None:
        """Ask for a bundle, and make its machine on that host."""
        host = self._store.host(uri)
        if host is None:
            return
        nobody = DomainRecord(DomainId(uri, ""), "")
        dialog = dialogs.ImportBundleDialog(Situation(host, nobody), self._window)
        self._open.add(dialog)
        dialog.reading_wanted.connect(partial(self._read, dialog))
        dialog.accepted.connect(partial(self._accepted, dialog))
        dialog.finished.connect(partial(self._closed, dialog))
        dialog.open()
        self._read(dialog)

    def _read(self, dialog: "dialogs.ImportBundleDialog") -> None:
        asked = dialog.bundle.folder(), dialog.place.folder()

        def is_wanted() -> bool:
            return dialog in self._open and asked == (dialog.bundle.folder(), dialog.place.folder())

        def answered(read: Situation) -> None:
            if is_wanted():
                dialog.set_situation(read)

        def failed(problem: Problem) -> None:
            if is_wanted():
                dialog.set_reading_failed(problem)

        question = partial(read_import, bundle=asked[0], folder=asked[1])
        self._hosts.ask(dialog.situation.host.uri, question, answered, failed)

    def _accepted(self, dialog: "dialogs.ImportBundleDialog") -> None:
        self._runner.start(dialog.plan)

    def _closed(self, dialog: "dialogs.ImportBundleDialog", _result: int) -> None:
        self._open.discard(dialog)
        dialog.deleteLater()
