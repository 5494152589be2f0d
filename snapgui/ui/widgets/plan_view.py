"""A plan as the user reads it: what stands in its way, what it does, and the virsh commands that do the same."""

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QSize, QStringListModel, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QTextOption
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QListView,
    QPlainTextEdit,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from snapgui.core import virsh
from snapgui.core.plan import Effect, EffectKind, Level, Plan
from snapgui.core.requests import domains
from snapgui.core.text import translate
from snapgui.models.format import one_line
from snapgui.ui.icons import icon
from snapgui.ui.widgets.icon_label import IconLabel
from snapgui.ui.widgets.room import grow
from snapgui.ui.widgets.text_label import TextLabel

_LIST_ROWS: Final = 8
_LINES: Final = 11
_FEW_LINES: Final = 5
_COLUMNS: Final = 80  # characters
_ICON: Final = 18  # pixels
_ICONS: Final = {  # in the order in which they are shown
    Level.BLOCKER: "blocker",
    Level.WARNING: "warning",
    EffectKind.LOSES: "loses",
    Level.NOTE: "note",
    EffectKind.ADDS: "adds",
    EffectKind.MOVES: "moves",
    EffectKind.PAUSES: "pause",
    EffectKind.CHANGES: "changes",
}
_ORDER: Final = tuple(_ICONS)


@dataclass(frozen=True, slots=True)
class _Row:
    """One finding or effect."""

    mark: Level | EffectKind
    text: str
    more: str = ""
    names: tuple[str, ...] = ()

    @property
    def spoken(self) -> str:
        """The row for who can't see its icon."""
        if isinstance(self.mark, Level):
            return f"{_word(self.mark)}: {self.text} {self.more}".rstrip()
        return self.text


def _word(level: Level) -> str:
    words = {
        Level.BLOCKER: translate("PlanView", "Not possible"),
        Level.WARNING: translate("PlanView", "Warning"),
        Level.NOTE: translate("PlanView", "Note"),
    }
    return words[level]


def _unsaid(effect: Effect) -> tuple[str, ...]:
    """All names of an effect, where its text does not name them all."""
    return () if all(name in effect.text for name in effect.names) else effect.names


def _rows(plan: Plan) -> tuple[_Row, ...]:
    findings = [_Row(finding.level, finding.reason, finding.remedy) for finding in plan.findings]
    effects = [_Row(effect.kind, effect.text, names=_unsaid(effect)) for effect in plan.effects]
    return tuple(sorted((*findings, *effects), key=lambda row: _ORDER.index(row.mark)))


class PlanView(QWidget):
    """Shows one plan. Its size does not follow its content, so that a dialog stands still while the user types."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._compact = False
        self._lines = _LINES
        self._plan: Plan | None = None
        self._rows: list[_RowView] = []
        self._shown: tuple[_Row, ...] = ()

        content = self._content = _Content()
        self._list = QVBoxLayout(content)
        self._list.setContentsMargins(8, 8, 8, 8)
        self._list.setSpacing(8)
        self._list.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidget(content)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._scroll.setAccessibleName(translate("PlanView", "What will happen"))
        self._commands = Commands()

        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self._commands)

    def plan(self) -> Plan | None:
        """The plan that is shown."""
        return self._plan

    def set_plan(self, plan: Plan) -> None:
        """Show ``plan``. Only the rows that differ from those on screen change: cheap enough for every keystroke."""
        if plan == self._plan:
            return
        self._plan = plan
        self._commands.set_plan(plan)
        rows = _rows(plan)
        if rows == self._shown:
            return
        self._shown = rows
        for view, row in zip(self._rows, rows, strict=False):
            view.set_row(row)
        for row in rows[len(self._rows) :]:
            view = _RowView(row)
            self._list.insertWidget(len(self._rows), view)
            self._rows.append(view)
        while len(self._rows) > len(rows):
            surplus = self._rows.pop()
            surplus.hide()
            surplus.deleteLater()
        self._scroll.setVisible(bool(rows) or not self._compact)
        self._scroll.setAccessibleDescription("\n".join(row.spoken for row in rows))

    def set_lines(self, lines: int) -> None:
        """Ask for room for this many lines, where a plan says much or little."""
        self._lines = lines
        self.updateGeometry()

    def set_compact(self) -> None:
        """Take a few lines only, and none while there is nothing to say: where a plan seldom says much."""
        self._compact = True
        self._scroll.setVisible(bool(self._shown))
        self.updateGeometry()

    def open_commands(self) -> None:
        """Unfold the commands."""
        self._commands.set_open()

    def missing(self) -> int:
        """How many pixels of what it says are out of sight."""
        viewport = self._scroll.viewport()
        return max(0, self._content.heightForWidth(viewport.width()) - viewport.height())

    def texts(self) -> tuple[str, ...]:
        """What is read in it, row by row."""
        return tuple(row.spoken for row in self._shown)

    def sizeHint(self) -> QSize:
        lines = _FEW_LINES * bool(self._shown) if self._compact else self._lines
        height = self.fontMetrics().height() * lines + self._commands.sizeHint().height()
        return QSize(self.fontMetrics().averageCharWidth() * _COLUMNS, height)


class _Content(QWidget):
    """As high as its texts at its width: by itself, Qt would have it as high as they are at their own widths."""

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)


class _RowView(QFrame):
    """One finding or effect: icon, text, remedy, names."""

    def __init__(self, row: _Row) -> None:
        super().__init__()
        self._mark = IconLabel(_ICONS[row.mark], _ICON)
        self._text = TextLabel()
        self._more = TextLabel()
        self._names: _Names | None = None  # made when first needed: few rows have any
        layout = self._grid = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(2)
        layout.setColumnStretch(1, 1)
        layout.addWidget(self._mark, 0, 0, 3, 1, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self._text, 0, 1)
        layout.addWidget(self._more, 1, 1)
        self._row: _Row | None = None
        self.set_row(row)

    def set_row(self, row: _Row) -> None:
        if row == self._row:
            return
        self._row = row
        self._mark.set_icon(_ICONS[row.mark], _word(row.mark) if isinstance(row.mark, Level) else "")
        self._text.setText(row.text)
        self._text.set_bold(bold=row.mark is Level.BLOCKER)
        self._more.setText(row.more)
        self._more.setVisible(bool(row.more))
        if row.names and self._names is None:
            self._names = _Names()
            self._grid.addWidget(self._names, 2, 1)
        if self._names is not None:
            self._names.set_names(row.names)


class _Names(QWidget):
    """A button that unfolds the list of all names."""

    def __init__(self) -> None:
        super().__init__()
        self.unfold = QToolButton()
        self.unfold.setCheckable(True)
        self.unfold.setAutoRaise(True)
        self.unfold.setArrowType(Qt.ArrowType.RightArrow)
        self.unfold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.unfold.toggled.connect(self._set_open)
        self._model = QStringListModel(self)
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(translate("PlanView", "All names"))
        self.list.setFixedHeight(self.fontMetrics().height() * _LIST_ROWS)
        self.list.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.unfold)
        layout.addWidget(self.list)
        self._names: tuple[str, ...] = ()

    def set_names(self, names: tuple[str, ...]) -> None:
        self.setVisible(bool(names))
        if names == self._names:
            return
        self._names = names
        self.unfold.setText(translate("PlanView", "[The|All] %n name(s)", "", len(names)))
        self._model.setStringList([one_line(name) for name in names])
        if not names:
            self.unfold.setChecked(False)

    def _set_open(self, is_open: bool) -> None:  # noqa: FBT001 - a slot of toggled(bool)
        self.unfold.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self.list.setVisible(is_open)


class Commands(QWidget):
    """The virsh commands of a plan, folded until wanted. On screen passwords are hidden; a copy holds them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._plan: Plan | None = None
        self._fold = QToolButton()
        self._fold.setText(translate("PlanView", "Co&mmands"))
        self._fold.setToolTip(translate("PlanView", "The virsh commands that do the same"))
        self._fold.setCheckable(True)
        self._fold.setAutoRaise(True)
        self._fold.setArrowType(Qt.ArrowType.RightArrow)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.toggled.connect(self._set_open)
        self._copy = QToolButton()
        self._copy.setText(translate("PlanView", "Cop&y"))
        self._copy.setIcon(icon("copy"))
        self._copy.setToolTip(translate("PlanView", "Copy the commands"))
        self._copy.setAutoRaise(True)
        self._copy.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._copy.clicked.connect(self._copy_commands)
        self._copy.hide()
        self._text = QPlainTextEdit()
        self._text.setReadOnly(True)
        self._text.setTabChangesFocus(True)
        self._text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._text.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._text.setAccessibleName(translate("PlanView", "virsh commands"))
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._text.setFixedHeight(self._text.fontMetrics().height() * 7)
        self._text.hide()
        self._note = TextLabel()
        self._note.hide()
        bar = QHBoxLayout()
        bar.addWidget(self._fold)
        bar.addStretch(1)
        bar.addWidget(self._copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(bar)
        layout.addWidget(self._note)
        layout.addWidget(self._text)

    def set_plan(self, plan: Plan) -> None:
        """Show the commands of ``plan``."""
        self._plan = plan
        self._fold.setEnabled(bool(plan.steps))
        self._copy.setEnabled(bool(plan.steps))
        if self._fold.isChecked():
            self._write()
            self._show_note()

    def set_open(self) -> None:
        """Unfold."""
        self._fold.setChecked(True)

    def _set_open(self, is_open: bool) -> None:  # noqa: FBT001 - a slot of toggled(bool)
        before = self.sizeHint().height()
        self._fold.setArrowType(Qt.ArrowType.DownArrow if is_open else Qt.ArrowType.RightArrow)
        self._copy.setVisible(is_open)
        self._text.setVisible(is_open)
        self._show_note()
        if is_open:
            self._write()
            self._widen(self.sizeHint().height() - before)

    def _show_note(self) -> None:
        self._note.setText(
            "" if self._plan is None else virsh.caveat(*(domain.uri for domain in domains(self._plan.request)))
        )
        self._note.setVisible(self._fold.isChecked() and bool(self._note.text()))

    def _widen(self, by: int) -> None:
        """Take the room from the screen and not from what stands above."""
        dialog = self.window()
        if isinstance(dialog, QDialog):
            grow(dialog, by)

    def _write(self) -> None:
        text = virsh.script(self._plan, secrets=False) if self._plan is not None else ""
        if text != self._text.toPlainText():
            self._text.setPlainText(text)

    def _copy_commands(self) -> None:
        if self._plan is not None:
            QGuiApplication.clipboard().setText(virsh.script(self._plan, secrets=True))
