"""A failure as the user reads it: what was tried, why it failed, what to do; the raw text one click away."""

from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QIcon
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.errors import Problem
from snapgui.core.text import translate
from snapgui.ui.icons import icon
from snapgui.ui.widgets.icon_label import IconLabel
from snapgui.ui.widgets.text_label import TextLabel

_ICON: Final = 32  # pixels
_RAW_ROWS: Final = 7
_COLUMNS: Final = 84  # characters
_TALLEST: Final = 520  # pixels
_SCROLL_BAR: Final = 16


def problem_text(problem: Problem) -> str:
    """The whole problem as text to paste into a mail or a report."""
    code = translate("ProblemBox", "libvirt error {code}").format(code=problem.code) if problem.code is not None else ""
    return "\n".join(line for line in (problem.tried, problem.why, problem.remedy, code, problem.raw) if line)


class ProblemBox(QDialog):
    """Opened with ``open()``: it asks nothing and blocks no thread."""

    def __init__(self, problem: Problem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("ProblemBox", "Something went wrong"))
        self._problem = problem
        mark = IconLabel("blocker", _ICON, translate("ProblemBox", "Error"))
        tried = TextLabel(problem.tried, bold=True)
        texts = QVBoxLayout()
        texts.addWidget(tried)
        for text in (problem.why, problem.remedy):
            if text:
                texts.addWidget(TextLabel(text))
        texts.addStretch(1)
        self._said = QWidget()
        head = QHBoxLayout(self._said)
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(12)
        head.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(texts, 1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._said)
        self.raw = QPlainTextEdit(problem_text(problem))
        self.raw.setReadOnly(True)
        self.raw.setTabChangesFocus(True)
        self.raw.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.raw.setFixedHeight(self.raw.fontMetrics().height() * _RAW_ROWS)
        self.raw.setAccessibleName(translate("ProblemBox", "Details"))
        self.raw.hide()

        buttons = QDialogButtonBox()
        self.details = buttons.addButton(translate("ProblemBox", "&Details"), QDialogButtonBox.ButtonRole.ActionRole)
        self.details.setCheckable(True)
        self.details.toggled.connect(self._set_open)
        self.copy = buttons.addButton(translate("ProblemBox", "Cop&y"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setIcon(icon("copy"))
        self.copy.clicked.connect(self._copy)
        close = buttons.addButton(QDialogButtonBox.StandardButton.Close)
        close.setIcon(QIcon())
        close.setDefault(True)
        buttons.rejected.connect(self.reject)
        layout = self._column = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.raw)
        layout.addWidget(buttons)
        self._buttons = buttons
        close.setFocus()

    def sizeHint(self) -> QSize:
        """All that is said, up to a height that fits a small screen."""
        width = self.fontMetrics().averageCharWidth() * _COLUMNS
        margins, spacing = self._column.contentsMargins(), self._column.spacing()
        height = self._said.heightForWidth(width - margins.left() - margins.right() - _SCROLL_BAR)
        height = max(height, self._said.minimumSizeHint().height())  # below it the scroll area scrolls
        height += self._buttons.sizeHint().height() + margins.top() + margins.bottom() + spacing
        if not self.raw.isHidden():
            height += self.raw.height() + spacing
        return QSize(width, min(height, _TALLEST))

    def _set_open(self, is_open: bool) -> None:  # noqa: FBT001 - a slot of toggled(bool)
        self.raw.setVisible(is_open)
        self.resize(max(self.width(), self.sizeHint().width()), self.sizeHint().height())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(problem_text(self._problem))
