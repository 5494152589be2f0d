"""From "Export…" to files: which snapshots, where to, and a word on how it went."""

from functools import partial

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from snapgui.core.errors import Problem
from snapgui.core.file_names import file_names, safe_stem
from snapgui.core.records import DomainId
from snapgui.core.text import translate
from snapgui.jobs.backend import Backend
from snapgui.jobs.files import read_definitions
from snapgui.models.store import Store
from snapgui.ui import dialogs
from snapgui.ui.documents import documents_folder


class Exporting(QObject):
    """``failed`` carries a Problem, ``exported`` the path of what has been written."""

    failed = Signal(object)
    exported = Signal(str)

    def __init__(self, store: Store, backend: Backend, window: QWidget) -> None:
        super().__init__(window)
        self._store = store
        self._hosts = backend.hosts
        self._files = backend.files
        self._window = window

    def ask(self, domain: DomainId, chosen: tuple[str, ...]) -> None:
        """Ask which snapshots and where to, and write their XML."""
        machine = self._store.domain(domain)
        if machine is None:
            return
        dialog = dialogs.ExportDialog(machine.name, chosen, len(self._store.snapshots(domain).records), self._window)
        dialog.accepted.connect(partial(self._accepted, dialog, domain, chosen))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _accepted(self, dialog: "dialogs.ExportDialog", domain: DomainId, chosen: tuple[str, ...]) -> None:
        machine = self._store.domain(domain)
        if machine is None:
            return
        names = tuple(self._store.snapshots(domain).records) if dialog.everything else chosen
        single = len(names) == 1 and not dialog.everything
        where = QFileDialog(self._window, translate("Exporting", "Export snapshots"))
        where.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        where.setAcceptMode(QFileDialog.AcceptMode.AcceptSave if single else QFileDialog.AcceptMode.AcceptOpen)
        where.setDirectory(documents_folder())
        if single:
            where.setDefaultSuffix("xml")
            where.selectFile(file_names(names)[names[0]])
        else:
            where.setFileMode(QFileDialog.FileMode.Directory)
        where.fileSelected.connect(partial(self.export, domain, names, secure=dialog.secure, single=single))
        where.open()

    def export(self, domain: DomainId, names: tuple[str, ...], path: str, *, secure: bool, single: bool) -> None:
        """Write the XML of these snapshots to one file, or to a new folder in that folder."""
        machine = self._store.domain(domain)
        title = safe_stem(machine.name if machine is not None else domain.uuid)
        folder = translate("Exporting", "{machine} snapshots").format(machine=title)

        def read(texts: dict[str, str]) -> None:
            if single:
                self._files.write(path, texts[names[0]], private=secure, answered=self._written)
            else:
                called = file_names(texts)
                files = {called[name]: text for name, text in texts.items()}
                self._files.write_folder(path, folder, files, private=secure, answered=self._written)

        question = partial(read_definitions, uuid=domain.uuid, names=names, secure=secure)
        self._hosts.ask(domain.uri, question, read, self.failed.emit)

    def _written(self, answer: str | Problem) -> None:
        if isinstance(answer, Problem):
            self.failed.emit(answer)
        else:
            self.exported.emit(answer)
