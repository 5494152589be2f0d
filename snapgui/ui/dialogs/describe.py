"""Change a snapshot's description."""

from typing import Final

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QWidget

from snapgui.core.records import Situation
from snapgui.core.requests import Describe
from snapgui.core.text import translate
from snapgui.models.format import one_line
from snapgui.ui.dialogs.description_edit import DescriptionEdit
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon
from snapgui.ui.text_label import TextLabel

_ROWS: Final = 8


class DescribeDialog(PlanDialog):
    """Ctrl+Enter saves. A description that someone else changes meanwhile is taken over until the user types."""

    def __init__(self, situation: Situation, snapshot: str, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("DescribeDialog", "Edit description"),
            translate("DescribeDialog", "&Save"),
            icon("save"),
            parent,
        )
        self._snapshot = snapshot
        name = TextLabel(one_line(snapshot), bold=True)
        self._text = DescriptionEdit(_ROWS)
        self._text.setPlainText(self._saved())
        self._text.document().setModified(False)
        self._text.textChanged.connect(self.refresh)
        self.fields.addWidget(name)
        self.fields.addWidget(self._text, 1)
        self.plan_view.set_compact()
        self.refresh()
        self._text.setFocus()
        self._text.moveCursor(QTextCursor.MoveOperation.End)

    def request(self) -> Describe:
        return Describe(self.situation.domain.id, self._snapshot, self._text.toPlainText())

    def situation_changed(self) -> None:
        if not self._text.document().isModified() and self._text.toPlainText() != self._saved():
            self._text.setPlainText(self._saved())
            self._text.document().setModified(False)

    def _saved(self) -> str:
        record = self.situation.snapshots.records.get(self._snapshot)
        return record.description if record is not None else ""
