"""What the window shows where nothing is connected: what was tried, why it failed, and where to go from there."""

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from snapgui.core.records import HostRecord, HostState
from snapgui.core.text import translate
from snapgui.models.format import one_line
from snapgui.ui.icons import app_icon, icon
from snapgui.ui.widgets.icon_label import IconLabel
from snapgui.ui.widgets.text_label import TextLabel

_APP_ICON: Final = 72  # pixels
_MARK: Final = 18
_WIDEST: Final = 620
_TITLE_GROWS: Final = 1.5


class StartPage(QScrollArea):
    """``set_hosts`` tells it what was tried. It decides nothing: its buttons are signals."""

    connect_wanted = Signal()
    retry_wanted = Signal()
    demo_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(translate("StartPage", "Start"))
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._tried: list[str] = []

        picture = QLabel()
        picture.setPixmap(app_icon().pixmap(QSize(_APP_ICON, _APP_ICON), self.devicePixelRatioF()))
        self._title = TextLabel()
        large = self._title.font()
        large.setPointSizeF(large.pointSizeF() * _TITLE_GROWS)
        self._title.setFont(large)
        self._text = TextLabel()
        self._hosts = QVBoxLayout()
        self._hosts.setSpacing(10)
        buttons = QHBoxLayout()
        self.connect_button = _button(translate("StartPage", "&Connect…"), icon("connect"))
        self.connect_button.setDefault(True)
        self.connect_button.clicked.connect(self.connect_wanted)
        self.retry_button = _button(translate("StartPage", "&Retry"), icon("refresh"))
        self.retry_button.clicked.connect(self.retry_wanted)
        self.demo_button = _button(translate("StartPage", "&Try the demo"), icon("machine-running"))
        self.demo_button.setToolTip(
            translate("StartPage", "A small machine of its own, in this application, that leaves nothing behind")
        )
        self.demo_button.clicked.connect(self.demo_wanted)
        for button in (self.connect_button, self.retry_button, self.demo_button):
            buttons.addWidget(button)
        buttons.addStretch(1)

        column = QWidget()
        column.setMaximumWidth(_WIDEST)
        texts = QVBoxLayout(column)
        texts.setSpacing(14)
        texts.addStretch(2)
        texts.addWidget(picture)
        texts.addWidget(self._title)
        texts.addWidget(self._text)
        texts.addLayout(self._hosts)
        texts.addLayout(buttons)
        texts.addStretch(3)
        page = QWidget()
        around = QHBoxLayout(page)
        around.setContentsMargins(24, 24, 24, 24)
        around.addStretch(1)
        around.addWidget(column, 10)
        around.addStretch(1)
        self.setWidget(page)
        self.set_hosts(())

    def set_hosts(self, hosts: Sequence[HostRecord]) -> None:
        """Show these connections, in their order; failed ones with the reason."""
        connecting = any(host.state is HostState.CONNECTING for host in hosts)
        if not hosts:
            self._title.setText(translate("StartPage", "No connection yet"))
            self._text.setText(
                translate("StartPage", "Connect to a host that runs libvirt machines, or try the demo to look around.")
            )
        elif connecting:
            self._title.setText(translate("StartPage", "Connecting…"))
            self._text.setText("")
        else:
            self._title.setText(translate("StartPage", "Nothing answers here yet"))
            self._text.setText(
                translate(
                    "StartPage", "This is what was tried. Put it right and retry, connect elsewhere, or try the demo."
                )
            )
        self._text.setVisible(bool(self._text.text()))
        self.retry_button.setVisible(bool(hosts))
        self.retry_button.setEnabled(not connecting)
        while (item := self._hosts.takeAt(0)) is not None:
            if (row := item.widget()) is not None:
                row.hide()
                row.deleteLater()
        self._tried = []
        for host in hosts:
            self._hosts.addWidget(self._host_row(host))

    def texts(self) -> tuple[str, ...]:
        """What is read on it: title, text, and one entry for each connection."""
        return (self._title.text(), self._text.text(), *self._tried)

    def _host_row(self, host: HostRecord) -> QWidget:
        row = QWidget()
        name = {HostState.FAILED: "host-failed", HostState.CONNECTING: "host-connecting"}.get(host.state, "host")
        mark = IconLabel(name, _MARK)
        lines = [TextLabel(one_line(host.uri), bold=True)]
        if host.problem is not None:
            lines += [TextLabel(text) for text in (host.problem.why, host.problem.remedy) if text]
        texts = QVBoxLayout()
        texts.setSpacing(2)
        for line in lines:
            texts.addWidget(line)
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(10)
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)
        self._tried.append("\n".join(line.text() for line in lines))
        return row


def _button(text: str, image: QIcon) -> QPushButton:
    button = QPushButton(text)
    button.setIcon(image)
    button.setAutoDefault(True)  # so that Enter presses it
    return button
