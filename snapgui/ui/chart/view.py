"""The list view whose items are bars. Scrolling, selection, keyboard and accessibility are the list view's own."""

from collections.abc import Callable, Sequence
from typing import cast

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from snapgui.core.text import translate
from snapgui.models.roles import Role
from snapgui.models.stack import PARTS, Part, Stack, figures_of, known, tooltip_of
from snapgui.ui.chart.axis import Axis
from snapgui.ui.chart.bars import (
    LABEL_WIDTH,
    Bar,
    Colours,
    Plot,
    axis_width,
    figure_rect,
    paint_bar,
    paint_current,
    paint_grid,
    paint_texts,
)
from snapgui.ui.chart.notes import note_of
from snapgui.ui.chart.scale import Scale, scale_for

NARROWEST, USUAL, WIDEST = 6, 96, 240  # pixels a bar and its gap may take
_ROOMY = 112  # what a bar takes where few bars leave room for longer names
_ZOOM = 1.25  # a step of the wheel
_TICK_DISTANCE = 40  # pixels; ticks are never closer
_NOTCH = 120  # QWheelEvent's unit for one step of a wheel

Index = QModelIndex | QPersistentModelIndex
_OWN_DIRECTION = Qt.LayoutDirection.LayoutDirectionAuto  # a name's or a figure's, not the window's


class SizesView(QListView):
    """A bar for each row of the model, which holds the roles of ``stack_of``, ``Role.RECORD`` and ``Role.CURRENT``.

    ``values`` gives the stacks of all rows at once: asking a model of 10,000 rows for them one by one takes 0.1 s.
    The bars' width is changed by Ctrl and the wheel, Ctrl+plus, Ctrl+minus and Ctrl+0.
    """

    figures_changed = Signal()

    def __init__(self, values: Callable[[], Sequence[Stack]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Qt's setters below lay the view out, which needs all of this.
        self._axis = Axis(self)
        self._bar_width = USUAL
        self._zoomed = False  # whether the user has chosen the bars' width
        self._colours = Colours.of(self.palette())
        self._values = values
        self._parts = PARTS
        self._bars = 0
        self._largest = 0
        self._message = ""
        self._note = ""
        self._hovered = QPersistentModelIndex()
        self._rescale = QTimer(self)
        self._rescale.setSingleShot(True)
        self._rescale.setInterval(0)
        self._rescale.timeout.connect(self._measure)
        self._rescale.timeout.connect(self._tell_figures)  # the bar that they were of may be gone
        self._plot = Plot.of(1, QFontMetricsF(self.font()), scale_for(0, 1))
        self.setAccessibleName(translate("Sizes", "Sizes"))
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        self.setItemDelegate(_BarDelegate(self))
        self.entered.connect(self._hover)
        self.viewportEntered.connect(self._leave)

    # What is shown

    @property
    def plot(self) -> Plot:
        """Where the values lie, in the viewport's pixels."""
        return self._plot

    @property
    def colours(self) -> Colours:
        """The colours on the palette of the moment."""
        return self._colours

    @property
    def scale(self) -> Scale:
        """The value axis."""
        return self._plot.scale

    @property
    def bar_width(self) -> int:
        """The pixels that a bar takes, with its gap."""
        return self._bar_width

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that the bars show."""
        return self._parts

    def set_parts(self, parts: tuple[Part, ...]) -> None:
        """Show these parts of what the snapshots take, and fit the axis to them."""
        self._parts = parts
        self._measure()

    def set_message(self, text: str) -> None:
        """What an empty chart says."""
        self._message = text
        self.viewport().update()

    def message(self) -> str:
        """What is written in the chart in place of bars, or above them: "" where they speak for themselves."""
        return self._note if self._bars else self._message

    def set_bar_width(self, width: int, keep: int | None = None) -> None:
        """Widen or narrow the bars within their limits; what is at ``keep`` (x in the viewport) stays there."""
        self._zoomed = True
        width = max(NARROWEST, min(WIDEST, width))
        if width == self._bar_width:
            return
        anchor = self.visualRect(self.currentIndex()).center().x() if keep is None else keep
        if not 0 <= anchor <= self.viewport().width():
            anchor = self.viewport().width() // 2
        bar = self.horizontalScrollBar()
        position = (bar.value() + anchor) / self._bar_width
        self._bar_width = width
        self.doItemsLayout()
        bar.setValue(round(position * width - anchor))

    # The scale, worked out once for a change of the model, however many signals that makes

    def setModel(self, model: QAbstractItemModel | None) -> None:
        super().setModel(model)
        if model is not None:
            model.modelReset.connect(self._start_over)
            model.rowsInserted.connect(self._rescale.start)
            model.rowsRemoved.connect(self._rescale.start)
        self._start_over()

    def dataChanged(self, top_left: Index, bottom_right: Index, roles: Sequence[int] = ()) -> None:
        super().dataChanged(top_left, bottom_right, roles)
        self._rescale.start()

    def _start_over(self) -> None:
        self._hovered = QPersistentModelIndex()
        self._measure()
        self._tell_figures()

    def _measure(self) -> None:
        values = self._values()
        self._bars = len(values)
        self._largest = max((known(stack, self._parts) for stack in values), default=0)
        self._note = "" if self._largest else note_of(values, self._parts)
        self._arrange()

    def _arrange(self) -> None:
        """Fit scale and axis to the values and to the height."""
        metrics = QFontMetricsF(self.font())
        height = self.viewport().height()
        blank = Plot.of(height, metrics, self._plot.scale)
        intervals = max(1, int((blank.bottom - blank.top) / _TICK_DISTANCE))
        self._plot = Plot.of(height, metrics, scale_for(self._largest, intervals))
        width = round(axis_width(self._plot.scale, metrics)) if self._bars else 0
        margins = self.viewportMargins()
        right_to_left = self.layoutDirection() is Qt.LayoutDirection.RightToLeft
        wanted = (0, width) if right_to_left else (width, 0)
        if (margins.left(), margins.right()) != wanted:
            self.setViewportMargins(wanted[0], 0, wanted[1], 0)
        view = self.viewport().geometry()
        self._axis.setGeometry(view.right() + 1 if right_to_left else view.left() - width, view.top(), width, height)
        if not self._zoomed and self._bars:
            fitting = max(USUAL, min(_ROOMY, view.width() // self._bars))
            if fitting != self._bar_width:
                self._bar_width = fitting
                self.scheduleDelayedItemsLayout()
        self._axis.setVisible(self._bars > 0)
        self._axis.update()
        self.viewport().update()

    # The bar under the mouse or the focus

    def figures(self) -> tuple[str, ...]:
        """Name, parts and time of the bar under the mouse, or else of the one with the focus; empty without one."""
        index = self._pointed()
        record = index.data(Role.RECORD) if index.isValid() else None  # None too while its row goes
        return figures_of(record, stack_of(index)) if record is not None else ()

    def is_pointed_at(self) -> bool:
        """Whether the mouse is over a bar."""
        return self._hovered.isValid()

    def _pointed(self) -> Index:
        return self._hovered if self._hovered.isValid() else self.currentIndex()

    def _tell_figures(self) -> None:
        self.figures_changed.emit()

    def _hover(self, index: QModelIndex) -> None:
        self._hovered = QPersistentModelIndex(index)
        self.viewport().update()
        self._tell_figures()

    def _leave(self) -> None:
        if self._hovered.isValid():
            self._hover(QModelIndex())

    def is_hovered(self, index: Index) -> bool:
        """Whether the mouse is over the bar."""
        return self._hovered.isValid() and self._hovered.row() == index.row()

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.viewport().update()
        self._tell_figures()

    # Qt's own

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.Leave:
            self._leave()
        elif event.type() is QEvent.Type.ToolTip:
            # Qt's own tooltip guesses whether a text is rich; a name must never be read as markup.
            help_event = cast("QHelpEvent", event)
            index = self.indexAt(help_event.pos())
            text = tooltip_of(index.data(Role.RECORD), stack_of(index)) if index.isValid() else ""
            QToolTip.showText(help_event.globalPos(), text, self.viewport(), self.visualRect(index))
            return True
        return super().viewportEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        if self._bars:
            paint_grid(painter, self._plot, 0, self.viewport().width(), self._colours)
        painter.end()
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        painter.setLayoutDirection(_OWN_DIRECTION)
        self._paint_pointed(painter)
        self._paint_message(painter)
        painter.end()

    def _paint_pointed(self, painter: QPainter) -> None:
        """Above the bars, since a figure may be wider than its bar."""
        current = self.currentIndex()
        if current.isValid() and self.hasFocus():
            painter.setPen(QPen(self._colours.text, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.visualRect(current).adjusted(1, 1, -1, -1))
            self._paint_figure(painter, current)
        if self._hovered.isValid():
            self._paint_figure(painter, self._hovered)

    def _paint_figure(self, painter: QPainter, index: Index) -> None:
        bar = bar_of(index, self._parts)
        metrics = QFontMetricsF(painter.font())
        slot = QRectF(self.visualRect(index))
        area = figure_rect(slot, self._plot, bar, metrics)
        if area.width() <= slot.width() and slot.width() >= LABEL_WIDTH:
            return  # written already
        room = self.viewport().width()
        area.moveLeft(max(2.0, min(area.left(), room - area.width() - 2)))
        painter.fillRect(area.adjusted(-3, 0, 3, 0), self._colours.base)
        painter.setPen(self._colours.text)
        painter.drawText(area, Qt.AlignmentFlag.AlignCenter, bar.figure)

    def _paint_message(self, painter: QPainter) -> None:
        text = self.message()
        if not text:
            return
        painter.setPen(self._colours.text if self._bars else self._colours.muted)
        area = QRectF(self.viewport().rect()).adjusted(12, 4, -12, -4)
        if self._bars:
            area.setBottom(self._plot.bottom - QFontMetricsF(painter.font()).height() - 8)
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        if self._bars:  # a band of a chosen bar may lie behind it
            painter.fillRect(painter.boundingRect(area, flags, text).adjusted(-6, -2, 6, 2), self._colours.base)
        painter.drawText(area, flags, text)

    def updateGeometries(self) -> None:
        super().updateGeometries()
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            self._colours = Colours.of(self.palette())
            self._axis.update()
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.LayoutDirectionChange):
            self.scheduleDelayedItemsLayout()

    def moveCursor(self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        # A list view pages up and down, where one row of bars has nothing.
        page = {
            QAbstractItemView.CursorAction.MovePageDown: 1,
            QAbstractItemView.CursorAction.MovePageUp: -1,
        }.get(action)
        current = self.currentIndex()
        if page is None or not current.isValid():
            return super().moveCursor(action, modifiers)
        bars = max(1, self.viewport().width() // self._bar_width - 1)
        row = max(0, min(self.model().rowCount() - 1, current.row() + page * bars))
        return self.model().index(row, 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.ZoomIn):
            self.set_bar_width(round(self._bar_width * _ZOOM))
        elif event.matches(QKeySequence.StandardKey.ZoomOut):
            self.set_bar_width(round(self._bar_width / _ZOOM))
        elif event.key() == Qt.Key.Key_0 and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.set_bar_width(USUAL)
        else:
            super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            steps = event.angleDelta().y() / _NOTCH
            width = round(self._bar_width * _ZOOM**steps)
            if width == self._bar_width and steps:
                width += 1 if steps > 0 else -1
            self.set_bar_width(width, keep=round(event.position().x()))
            event.accept()
        else:
            super().wheelEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(480, 200)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 110)


def stack_of(index: Index) -> Stack:
    """What the snapshot of a row takes."""
    return Stack.of(index.data(Role.SIZE), index.data(Role.COST))


def bar_of(index: Index, parts: tuple[Part, ...]) -> Bar:
    """The bar of a row."""
    return Bar(index.data(Role.KEY), stack_of(index), bool(index.data(Role.CURRENT)), parts)


class _BarDelegate(QStyledItemDelegate):
    def __init__(self, view: SizesView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(self._view.bar_width, max(1, self._view.viewport().height() - 1))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colours, plot = self._view.colours, self._view.plot
        slot = QRectF(option.rect)
        bar = bar_of(index, self._view.parts)
        painter.setLayoutDirection(_OWN_DIRECTION)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected:
            painter.fillRect(slot, colours.band)
            painter.fillRect(QRectF(slot.left(), slot.bottom() - 3, slot.width(), 3), colours.bar_selected)
        elif self._view.is_hovered(index):
            painter.fillRect(slot, colours.hover)
        paint_bar(painter, slot, plot, bar, colours, selected=selected)
        if slot.width() >= LABEL_WIDTH:
            paint_texts(painter, slot, plot, bar, colours, selected=selected)
        elif bar.current:
            paint_current(painter, slot, plot, colours)
