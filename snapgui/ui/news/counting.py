"""Says in the status bar that a machine's images are being counted, where that takes long, and lets it be cancelled."""

from PySide6.QtCore import QLocale, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStatusBar, QToolButton, QWidget

from snapgui.core.records import DomainId
from snapgui.core.text import translate
from snapgui.models.store import Store
from snapgui.ui.icons import icon

_LONG_MS = 1000  # what is counted sooner is not worth a word
_NAME_WIDTH = 30  # characters: the machine is chosen, and its whole name to be seen elsewhere


class CountingNews(QWidget):
    """``cancel_wanted`` tells the machine."""

    cancel_wanted = Signal(object)  # DomainId

    def __init__(self, store: Store, status: QStatusBar) -> None:
        super().__init__(status)
        self._store = store
        self._domain: DomainId | None = None
        self.words = QLabel(self)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.cancel = QToolButton(self)
        self.cancel.setIcon(icon("cancel"))
        self.cancel.setAutoRaise(True)
        self.cancel.setToolTip(translate("Counting", "Stop counting"))
        self.cancel.setAccessibleName(self.cancel.toolTip())
        self.cancel.clicked.connect(self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words)
        row.addWidget(self.cancel)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_LONG_MS)
        self._late.timeout.connect(self.show)
        status.addPermanentWidget(self)
        self.hide()

    def show_part(self, domain: DomainId, part: float | None) -> None:
        """What part of one of the machine's images has been counted, from 0 to 1; None once nothing more is counted."""
        machine = self._store.domain(domain)
        if part is None or machine is None:
            if domain == self._domain:
                self._domain = None
                self._late.stop()
                self.hide()
            return
        if self._domain is None:
            self._late.start()
        self._domain = domain
        width = _NAME_WIDTH * self.fontMetrics().averageCharWidth()
        name = self.fontMetrics().elidedText(machine.name, Qt.TextElideMode.ElideMiddle, width)
        percent = QLocale().toString(int(part * 100))
        text = translate("Counting", "Counting the images of {machine}: {percent} % of one")
        self.words.setText(text.format(machine=name, percent=percent))

    def _cancel(self) -> None:
        if self._domain is not None:
            self.cancel_wanted.emit(self._domain)
