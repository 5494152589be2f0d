"""The hosts of the window: another one comes, one goes, what is known of them is read again."""

from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from snapgui.jobs.backend import Backend
from snapgui.ui import dialogs


class Connecting(QObject):
    """Asks which host is meant, where there is something to ask. Nothing here waits."""

    entered = Signal(str)  # the URI that a user has just asked for

    def __init__(self, backend: Backend, window: QWidget) -> None:
        super().__init__(window)
        self._hosts = backend.hosts
        self._window = window

    def ask(self) -> None:
        """Ask for a host, and connect to it."""
        dialog = dialogs.ConnectDialog(self._hosts.uris, self._window)
        dialog.accepted.connect(partial(self._accepted, dialog))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def disconnect_host(self, uri: str | None) -> None:
        """Take a host out of the window."""
        if uri is not None:
            self._hosts.disconnect_host(uri)

    def refresh(self, uri: str | None) -> None:
        """Read a host again; None: all of them."""
        for each in self._hosts.uris if uri is None else (uri,):
            self._hosts.refresh_host(each)

    def _accepted(self, dialog: "dialogs.ConnectDialog") -> None:
        self._hosts.connect_host(dialog.uri)
        self.entered.emit(dialog.uri)
