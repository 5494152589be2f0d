"""The same by hand: virsh commands for the chosen snapshot, each to copy."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from snapgui.core.text import translate
from snapgui.ui.details.texts import CopyableText

Commands = tuple[tuple[str, str], ...]  # what it does, and the line


class CommandList(QScrollArea):
    """A heading, a line and a button for each command."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._shown: Commands = ()

    def show_commands(self, commands: Commands) -> None:
        """Replace what is shown."""
        if commands == self._shown:
            return
        self._shown = commands
        page = QWidget(self)
        body = QVBoxLayout(page)
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        for label, line in commands:
            head = QHBoxLayout()
            head.addWidget(QLabel(label, page), 1)
            copy = QPushButton(translate("Commands", "Copy"), page)
            copy.setAccessibleName(translate("Commands", "Copy the command: {what}").format(what=label))
            copy.clicked.connect(partial(QGuiApplication.clipboard().setText, line))
            head.addWidget(copy)
            text = CopyableText(label, page)
            text.setFont(fixed)
            text.show_text(line)
            body.addLayout(head)
            body.addWidget(text)
        body.addStretch(1)
        self.setWidget(page)
