"""Says across the window that the host on screen is lost, until it is back."""

import time
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QStatusBar

from snapgui.core.records import HostState
from snapgui.core.text import translate
from snapgui.models.format import clock_text
from snapgui.models.machines import host_label
from snapgui.models.store import Store
from snapgui.ui.news.banner import Banner

_SHORT_MS = 8000


class HostNews(QObject):
    """``retry_wanted`` tells the URI of a lost host that is to be connected to at once."""

    retry_wanted = Signal(str)

    def __init__(self, store: Store, banner: Banner, status: QStatusBar) -> None:
        super().__init__(banner)
        self._store = store
        self._banner = banner
        self._status = status
        self._watched = ""
        self._told = ""  # the host whose loss is on the banner, or was last
        self._connected: set[str] = set()
        self._lost: dict[str, float] = {}  # since when, in seconds since the epoch
        self._read: set[str] = set()  # those whose message was closed
        store.host_changed.connect(self._changed)
        store.host_removed.connect(self._removed)
        banner.closed.connect(self._closed)

    def watch(self, uri: str | None) -> None:
        """The host on screen."""
        self._watched = uri or ""
        self._follow()

    def _changed(self, uri: str) -> None:
        record = self._store.host(uri)
        if record is None:
            return
        if record.state is HostState.CONNECTED:
            self._connected.add(uri)
            self._read.discard(uri)
            if self._lost.pop(uri, None) is not None:
                text = translate("HostNews", "Connected again: {host}").format(host=host_label(record))
                self._status.showMessage(text, _SHORT_MS)
        elif record.state is HostState.FAILED and uri in self._connected:
            self._connected.discard(uri)
            self._lost[uri] = time.time()
        self._follow()

    def _removed(self, uri: str) -> None:
        self._connected.discard(uri)
        self._lost.pop(uri, None)
        self._read.discard(uri)
        self._follow()

    def _closed(self, topic: str) -> None:
        if topic in self._lost:
            self._read.add(topic)
        self._follow()  # below another message, the host may still be lost

    def _follow(self) -> None:
        lost = self._watched in self._lost and self._watched not in self._read
        if lost and self._banner.topic != self._watched:
            self._tell(self._watched)
        elif not lost and self._banner.topic and self._banner.topic == self._told:
            self._banner.clear()

    def _tell(self, uri: str) -> None:
        record = self._store.host(uri)
        if record is None or record.problem is None:
            return
        self._told = uri
        since = clock_text(self._lost[uri], time.time())
        problem = replace(
            record.problem,
            tried=translate("HostNews", "No connection to {host} since {time}").format(
                host=host_label(record), time=since
            ),
            remedy=translate("HostNews", "What you see is from then. It is tried again until the host answers."),
        )
        again = translate("HostNews", "Try again")
        self._banner.show_problem(problem, {again: partial(self.retry_wanted.emit, uri)}, topic=uri)
