"""Why a field can't be used as it is, shown beside it."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from snapgui.core.text import translate
from snapgui.ui.widgets.icon_label import IconLabel
from snapgui.ui.widgets.text_label import TextLabel

_ICON: Final = 16  # pixels


class Reason(QWidget):
    """A mark and a text; hidden by its owner while there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        mark = IconLabel("blocker", _ICON, translate("Reason", "Not possible"))
        self._text = TextLabel()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._text, 1)

    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def set_text(self, text: str) -> None:
        """Say ``text``."""
        self._text.setText(text)
