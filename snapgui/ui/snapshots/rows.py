"""Paints a row of a tree as QTreeView does, but for the lines before it, which show strands instead of levels.

In a time that depends on neither the choice nor the depth: Qt asks its selection model for each cell, which goes
through every chosen range, and the model for each row above. With 1,000 chosen rows below one another, painting one
screen took 0.3 s, and with 10,000 1 s without any choice. A test holds the two ways to the same picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QLine, QPoint, QRect
from PySide6.QtGui import QColor, QCursor, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyleOptionFocusRect, QStyleOptionViewItem, QTreeView

from snapgui.models.tree import Index, TreeModel

_State = QStyle.StateFlag
_Position = QStyleOptionViewItem.ViewItemPosition
_Primitive = QStyle.PrimitiveElement

HANDLE: Final = 16  # pixels: the place of what opens and closes a row, between the lines and the icon
_BEAD = 5  # pixels
_LINE_STRENGTH = 0.4  # of the text's colour


@dataclass(frozen=True, slots=True)
class Branches:
    """What is drawn before a row: the lines of the strands above its own, each ``step`` pixels wide, and its handle."""

    guides: Sequence[bool]  # as in Strand
    step: int
    first: bool  # of its strand
    goes_on: bool  # to the next row of its strand
    opens: bool  # by a handle

    @property
    def width(self) -> int:
        """In pixels."""
        return len(self.guides) * self.step + HANDLE


def draw_row(
    tree: QTreeView,
    painter: QPainter,
    option: QStyleOptionViewItem,
    index: Index,
    model: TreeModel,
    *,
    branches: Branches,
    selected: bool,
) -> None:
    """For ``QTreeView.drawRow``, of a tree with the names in column 0 and the focus around whole rows."""
    header, style, seen = tree.header(), tree.style(), tree.viewport().rect()
    base = QStyleOptionViewItem(option)
    base.showDecorationSelected = True  # of whole rows
    if selected:
        base.state |= _State.State_Selected
    if tree.viewport().underMouse() and option.rect.contains(tree.viewport().mapFromGlobal(QCursor.pos())):
        base.state |= _State.State_MouseOver
    sections = [header.logicalIndex(place) for place in range(header.count())]
    sections = [section for section in sections if not header.isSectionHidden(section)]
    row, parent, top, height = index.row(), index.parent(), option.rect.top(), option.rect.height()
    for section in sections:
        area = QRect(tree.columnViewportPosition(section), top, header.sectionSize(section), height)
        if not area.intersects(seen):
            continue
        cell = QStyleOptionViewItem(base)
        cell.viewItemPosition = _position(section, sections)
        cell.rect = area
        if section == 0:
            before, cell.rect = QRect(area), QRect(area)
            if tree.isRightToLeft():
                before.setLeft(area.right() + 1 - branches.width)
                cell.rect.setRight(area.right() - branches.width)
            else:
                before.setWidth(branches.width)
                cell.rect.setLeft(area.left() + branches.width)
            painter.save()
            painter.setClipRect(area)
            if selected and option.showDecorationSelected:
                behind = QStyleOptionViewItem(cell)
                behind.rect = before
                style.drawPrimitive(_Primitive.PE_PanelItemViewRow, behind, painter, tree)
            _draw_branches(tree, painter, base, before, branches)
            painter.restore()
        style.drawPrimitive(_Primitive.PE_PanelItemViewRow, cell, painter, tree)
        at = model.index(row, section, parent)
        tree.itemDelegateForIndex(at).paint(painter, cell, at)
    current = tree.currentIndex()
    if tree.hasFocus() and current.isValid() and model.key(current) == model.key(index):
        _draw_focus(tree, painter, option, branches.width, selected=selected)


def _position(section: int, sections: list[int]) -> QStyleOptionViewItem.ViewItemPosition:
    if len(sections) == 1:
        return _Position.OnlyOne
    return {sections[0]: _Position.Beginning, sections[-1]: _Position.End}.get(section, _Position.Middle)


def _draw_branches(
    tree: QTreeView, painter: QPainter, base: QStyleOptionViewItem, area: QRect, branches: Branches
) -> None:
    """A line for each strand that goes on beside this row, a corner where its own begins, and its handle or a bead."""
    lines: list[QLine] = []
    top, middle, bottom = area.top(), area.center().y(), area.bottom()
    last = len(branches.guides) - 1
    for level, goes_on in enumerate(branches.guides):
        across = level * branches.step + HANDLE // 2
        begins = level == last and branches.first
        if goes_on or begins:
            lines.append(QLine(across, top, across, bottom if goes_on else middle))
        if begins:
            lines.append(
                QLine(across, middle, max(across + 2, area.width() - HANDLE + (2 if branches.opens else 12)), middle)
            )
    own = area.width() - HANDLE // 2
    gap = HANDLE // 3 if branches.opens else 0
    if not branches.first:
        lines.append(QLine(own, top, own, middle - gap))
    if branches.goes_on:
        lines.append(QLine(own, middle + gap, own, bottom))
    role = QPalette.ColorRole.HighlightedText if base.state & _State.State_Selected else QPalette.ColorRole.Text
    colour = QColor(base.palette.color(role))
    colour.setAlphaF(_LINE_STRENGTH)
    painter.setPen(colour)
    mirrored = tree.isRightToLeft()
    for line in lines:
        start, end = (area.right() - x if mirrored else area.left() + x for x in (line.x1(), line.x2()))
        painter.drawLine(start, line.y1(), end, line.y2())
    if not branches.opens and not (branches.first and not branches.goes_on):  # a bead on its strand, and no branch
        bead = QRect(0, 0, _BEAD, _BEAD)
        bead.moveCenter(QPoint(area.right() - own if mirrored else area.left() + own, middle))
        painter.fillRect(bead, painter.pen().color())
    if branches.opens:
        option = QStyleOptionViewItem(base)
        kept = _State.State_Enabled | _State.State_Selected | _State.State_MouseOver | _State.State_Open
        option.state = (base.state & kept) | _State.State_Children
        if tree.hasFocus():
            option.state |= _State.State_Active
        place = area.left() if mirrored else area.right() + 1 - HANDLE
        option.rect = QRect(place, area.top(), HANDLE, area.height())
        tree.style().drawPrimitive(_Primitive.PE_IndicatorBranch, option, painter, tree)


def _draw_focus(
    tree: QTreeView, painter: QPainter, option: QStyleOptionViewItem, indent: int, *, selected: bool
) -> None:
    header = tree.header()
    focus = QStyleOptionFocusRect()
    focus.initFrom(tree)
    focus.state = option.state | _State.State_KeyboardFocusChange
    role = QPalette.ColorRole.Highlight if selected else QPalette.ColorRole.Window
    focus.backgroundColor = option.palette.color(role)
    start = 0 if option.showDecorationSelected else header.sectionPosition(0) + indent
    whole = QRect(start - header.offset(), option.rect.top(), header.length() - start, option.rect.height())
    focus.rect = QStyle.visualRect(tree.layoutDirection(), tree.viewport().rect(), whole)
    tree.style().drawPrimitive(_Primitive.PE_FrameFocusRect, focus, painter, tree)
