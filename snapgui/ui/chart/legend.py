"""What the parts of a bar are, and which of them are shown."""

from functools import partial

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from snapgui.core.text import translate
from snapgui.models.format import tooltip
from snapgui.models.stack import PARTS, Part, part_explanation, part_name
from snapgui.ui.chart.bars import Colours, paint_part

_SWATCH = QSize(18, 14)


class Legend(QWidget):
    """A button for each part, with a piece of a bar on it. The last one that is pressed can't be let go."""

    changed = Signal(object)  # tuple[Part, ...]: what is to be shown now

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[Part, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for part in PARTS:
            button = QToolButton(self)
            button.setText(part_name(part))
            button.setToolTip(tooltip(part_explanation(part), translate("Sizes", "Press to show it or leave it out.")))
            button.setAccessibleDescription(part_explanation(part))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(_SWATCH)
            button.setCheckable(True)
            button.setChecked(True)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.toggled.connect(partial(self._toggled, part))
            self._buttons[part] = button
            row.addWidget(button)
        self._paint_swatches()

    def parts(self) -> tuple[Part, ...]:
        """Those that are shown."""
        return tuple(part for part, button in self._buttons.items() if button.isChecked())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._paint_swatches()

    def _toggled(self, part: Part, _is_on: bool) -> None:  # noqa: FBT001 - a slot of toggled(bool)
        if not self.parts():
            self._buttons[part].setChecked(True)
            return
        self.changed.emit(self.parts())

    def _paint_swatches(self) -> None:
        colours = Colours.of(self.palette())
        for part, button in self._buttons.items():
            button.setIcon(_swatch(part, colours, self.devicePixelRatioF()))


def _swatch(part: Part, colours: Colours, ratio: float) -> QIcon:
    picture = QPixmap(_SWATCH * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    paint_part(painter, QRectF(0, 0, _SWATCH.width(), _SWATCH.height()), part, colours)
    painter.end()
    return QIcon(picture)
