"""Opens a machine's console in virt-viewer."""

from PySide6.QtCore import QObject, QProcess, Signal

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId
from snapgui.core.text import translate


class Console(QObject):
    """Starts viewers, says why one did not open, and ends them with the application."""

    failed = Signal(object)  # Problem

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewers: set[QProcess] = set()

    def open(self, domain: DomainId, name: str) -> None:
        """Start virt-viewer for the machine; returns at once."""
        process = QProcess(self)
        self._viewers.add(process)
        process.setProgram("virt-viewer")
        # An argument that begins with "-" would be an option: the UUID never does, a name may.
        process.setArguments(["--connect", domain.uri, "--reconnect", "--uuid", domain.uuid])
        process.errorOccurred.connect(lambda error: self._error(process, error, name))
        process.finished.connect(lambda code, _status: self._finished(process, code, name))
        process.start()

    def close(self) -> None:
        """End every viewer."""
        for process in tuple(self._viewers):
            process.blockSignals(True)  # noqa: FBT003 - Qt's own signature
            process.kill()
            process.waitForFinished(1000)

    def _error(self, process: QProcess, error: QProcess.ProcessError, name: str) -> None:
        if error is QProcess.ProcessError.FailedToStart:
            self._forget(process)
            self.failed.emit(
                Problem(
                    tried=translate("Console", "Open the console of {machine}").format(machine=name),
                    why=translate("Console", "virt-viewer is not installed."),
                    remedy=translate("Console", "Install the package virt-viewer and try again."),
                    raw=process.errorString(),
                )
            )

    def _finished(self, process: QProcess, code: int, name: str) -> None:
        said = bytes(process.readAllStandardError().data()).decode(errors="replace").strip()
        self._forget(process)
        if code != 0:
            self.failed.emit(
                Problem(
                    tried=translate("Console", "Open the console of {machine}").format(machine=name),
                    why=translate("Console", "virt-viewer could not show it."),
                    remedy=translate("Console", "The machine needs a graphics device (VNC or SPICE) and has to run."),
                    raw=said,
                )
            )

    def _forget(self, process: QProcess) -> None:
        self._viewers.discard(process)
        process.deleteLater()
