"""Opens a machine's console in virt-viewer."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from typing import IO, Final

from PySide6.QtCore import QObject, QTimer, Signal

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId
from snapgui.core.text import translate

_LOOK_MS: Final = 300
_LONGEST_WORDS: Final = 4096  # bytes


@dataclass(eq=False, slots=True)
class _Viewer:
    machine: str
    process: subprocess.Popen[bytes]
    words: IO[bytes]  # its standard error, in a file without a name


class Console(QObject):
    """Starts viewers, and says why one did not open. They are the user's: they stay when the application ends."""

    failed = Signal(object)  # Problem

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewers: list[_Viewer] = []
        self._clock = QTimer(self)
        self._clock.setInterval(_LOOK_MS)
        self._clock.timeout.connect(self._look)

    def open(self, domain: DomainId, name: str) -> None:
        """Start virt-viewer for the machine; returns at once."""
        # An argument that begins with "-" would be an option: the UUID never does, a name may.
        command = ("virt-viewer", "--connect", domain.uri, "--reconnect", "--uuid", domain.uuid)
        words = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the viewer
        try:
            process = subprocess.Popen(  # noqa: S603 - no shell
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words, start_new_session=True
            )
        except OSError as error:
            words.close()
            why = translate("Console", "virt-viewer is not installed.")
            remedy = translate("Console", "Install the package virt-viewer and try again.")
            if not isinstance(error, FileNotFoundError):
                why, remedy = translate("Console", "virt-viewer can’t be started."), ""
            self.failed.emit(Problem(_tried(name), why, remedy, raw=str(error)))
            return
        self._viewers.append(_Viewer(name, process, words))
        self._clock.start()

    def close(self) -> None:
        """Look after them no more."""
        self._clock.stop()
        self._viewers.clear()

    def _look(self) -> None:
        for viewer in [each for each in self._viewers if each.process.poll() is not None]:
            self._viewers.remove(viewer)
            said = os.pread(viewer.words.fileno(), _LONGEST_WORDS, 0).decode(errors="replace").strip()
            viewer.words.close()
            if viewer.process.returncode:
                self.failed.emit(
                    Problem(
                        _tried(viewer.machine),
                        translate("Console", "virt-viewer could not show it."),
                        translate("Console", "The machine needs a graphics device (VNC or SPICE) and has to run."),
                        raw=said,
                    )
                )
        if not self._viewers:
            self._clock.stop()


def _tried(machine: str) -> str:
    return translate("Console", "Open the console of {machine}").format(machine=machine)
