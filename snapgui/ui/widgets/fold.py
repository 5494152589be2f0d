"""Parts of a dialog that are folded away until they are wanted."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout, QWidget


class Folds(QWidget):
    """Buttons in a row, and below them the part of the one that is pressed; one at a time, for small screens.

    Unfolding takes the room from the screen where there is some.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout()
        self._row.addStretch(1)
        self._parts: dict[QToolButton, QWidget] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addLayout(self._row)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)

    def add(self, title: str, part: QWidget) -> QToolButton:
        """Put a part behind a new button."""
        button = QToolButton()
        button.setText(title)
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setArrowType(Qt.ArrowType.RightArrow)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.toggled.connect(self._toggled)
        part.hide()
        self._row.insertWidget(len(self._parts), button)
        self._parts[button] = part
        self._column.addWidget(part)
        return button

    def _toggled(self, is_open: bool) -> None:  # noqa: FBT001 - a slot of toggled(bool)
        sender = self.sender()
        for button, part in self._parts.items():
            if is_open and button is not sender:
                button.setChecked(False)
            button.setArrowType(Qt.ArrowType.DownArrow if button.isChecked() else Qt.ArrowType.RightArrow)
            part.setVisible(button.isChecked())
        dialog = self.window()
        if is_open and isinstance(dialog, QDialog) and dialog.isVisible():
            dialog.resize(dialog.size().expandedTo(dialog.sizeHint()))
