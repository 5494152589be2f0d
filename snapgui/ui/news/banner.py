"""A message across the window that blocks nothing: a failure, or a word on what can be done now."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from snapgui.core.errors import Problem
from snapgui.core.plan import Level
from snapgui.core.text import translate
from snapgui.ui import dialogs
from snapgui.ui.icons import icon, tint
from snapgui.ui.widgets.icon_label import IconLabel
from snapgui.ui.widgets.text_label import TextLabel

_ICON: Final = 22  # pixels
# What is noted here has gone well: a failure that it follows must not look like it at a glance.
_ICONS: Final = {Level.BLOCKER: "blocker", Level.WARNING: "warning", Level.NOTE: "done"}
_COLOURS: Final = {Level.BLOCKER: "red", Level.WARNING: "amber", Level.NOTE: "green"}
_WASH: Final = 36  # of 255: how much of the colour lies over the window's own
_LONGEST: Final = 300  # characters: the details hold the rest


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _kind(level: Level) -> str:
    return {
        Level.BLOCKER: translate("Banner", "Error:"),
        Level.WARNING: translate("Banner", "Warning:"),
        Level.NOTE: translate("Banner", "Done:"),
    }[level]


class Banner(QFrame):
    """One message at a time; hidden until there is one. Esc closes it while it has the focus.

    ``topic`` is what the message is about, for whoever takes it away again; "" where nobody does.
    """

    closed = Signal(str)  # the topic of the message that is gone

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(translate("Banner", "Message"))
        self._level = Level.NOTE
        self.topic = ""
        self.home: QWidget | None = None  # what the focus goes to when it was here and the message goes
        self._mark = IconLabel(_ICONS[self._level], _ICON)
        self._kind = QLabel()
        self._headline = TextLabel(bold=True)
        self._text = TextLabel()
        texts = QVBoxLayout()
        texts.setSpacing(2)
        first = QHBoxLayout()
        first.addWidget(self._kind, 0, Qt.AlignmentFlag.AlignTop)
        first.addWidget(self._headline, 1)
        texts.addLayout(first)
        texts.addWidget(self._text)
        self._buttons = QHBoxLayout()
        close = QToolButton()
        close.setIcon(icon("close"))
        close.setAutoRaise(True)
        close.setAccessibleName(translate("Banner", "Close the message"))
        close.setToolTip(translate("Banner", "Close"))
        close.clicked.connect(self.clear)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 6, 6, 6)
        layout.setSpacing(10)
        layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)
        layout.addLayout(self._buttons)
        layout.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_problem(
        self,
        problem: Problem,
        actions: dict[str, Callable[[], object]] | None = None,
        topic: str = "",
        level: Level = Level.BLOCKER,
    ) -> None:
        """Tell a failure, or by another level one in part, with a button "Details" besides ``actions``."""
        details = translate("Banner", "Details…")
        self.show_message(
            level,
            problem.tried,
            f"{problem.why} {problem.remedy}".strip(),
            {**(actions or {}), details: lambda: dialogs.ProblemBox(problem, self.window()).open()},
            topic,
        )

    def show_message(
        self,
        level: Level,
        headline: str,
        text: str = "",
        actions: dict[str, Callable[[], object]] | None = None,
        topic: str = "",
    ) -> None:
        """Replace the message. ``actions`` are buttons, by their text, and what each does; the message stays."""
        self._level, self.topic = level, topic
        self._mark.set_icon(_ICONS[level])
        self._kind.setText(_kind(level))
        self._headline.setText(_short(headline))
        self._text.setText(_short(text))
        self._text.setVisible(bool(text))
        self.setAccessibleDescription(f"{_kind(level)} {headline} {text}".strip())
        self._give_focus_back()
        while (item := self._buttons.takeAt(0)) is not None:
            if (button := item.widget()) is not None:
                button.hide()
                button.deleteLater()
        for label, action in (actions or {}).items():
            button = QPushButton(label)
            button.clicked.connect(action)
            self._buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.show()

    def clear(self) -> None:
        """Take the message away."""
        if not self.isHidden():
            self._give_focus_back()
            self.hide()
            topic, self.topic = self.topic, ""
            self.closed.emit(topic)

    def _give_focus_back(self) -> None:
        """Qt would give it to whatever comes next."""
        focused = self.window().focusWidget()
        if self.home is not None and focused is not None and self.isAncestorOf(focused):
            self.home.setFocus()

    def text(self) -> str:
        """What is read on it; empty while it is hidden."""
        return "" if self.isHidden() else f"{self._headline.text()} {self._text.text()}".strip()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        edge = tint(_COLOURS[self._level])
        wash = QColor(edge)
        wash.setAlpha(_WASH)
        painter.fillRect(self.rect(), wash)
        painter.fillRect(0, self.height() - 1, self.width(), 1, edge)
        painter.end()
        super().paintEvent(event)
