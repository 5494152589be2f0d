"""Change a snapshot's description."""

from dataclasses import replace
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
from snapgui.ui.widgets.text_label import TextLabel

_ROWS: Final = 8


class DescribeDialog(PlanDialog):
    """Ctrl+Enter saves. A description that someone else changes meanwhile is taken over until the user types.

    No event tells of such a change, so the snapshot is read once more before anything is saved.
    """

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
        self._read_again = False
        self._began = self._saved()  # what the user's text began from
        self._text = DescriptionEdit(_ROWS)
        self._text.setPlainText(self._began)
        self._text.document().setModified(False)
        self._text.textChanged.connect(self._typed)
        self.fields.addWidget(name)
        self.fields.addWidget(self._text, 1)
        self.plan_view.set_compact()
        self.refresh()
        self._text.setFocus()
        self._text.moveCursor(QTextCursor.MoveOperation.End)

    def request(self) -> Describe:
        return Describe(self.situation.domain.id, self._snapshot, self._text.toPlainText(), before=(self._began,))

    def accept(self) -> None:
        if self.waiting or self._read_again or not self.ok.isEnabled():
            super().accept()
            return
        self._read_again = True
        self._situation = replace(self._situation, config=None)  # so that OK waits for the new reading
        super().accept()
        self.reading_wanted.emit()

    def set_situation(self, situation: Situation) -> None:
        super().set_situation(situation)
        if not self.waiting:
            self._read_again = False

    def situation_changed(self) -> None:
        if not self._text.document().isModified():
            self._began = self._saved()
            if self._text.toPlainText() != self._began:
                self._text.setPlainText(self._began)
                self._text.document().setModified(False)

    def _typed(self) -> None:
        self._read_again = False
        self.refresh()

    def _saved(self) -> str:
        record = self.situation.snapshots.records.get(self._snapshot)
        return record.description if record is not None else ""
