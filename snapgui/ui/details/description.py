"""The description, edited in place. What was typed is never lost: it stays a draft until libvirt has it."""

from dataclasses import dataclass, replace
from enum import Enum

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QHideEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, SnapshotRecord
from snapgui.core.requests import Describe
from snapgui.core.text import translate
from snapgui.models.format import one_line, tooltip
from snapgui.ui.widgets.text_label import TextLabel

_LINES = 3  # the field's usual height
_SHOWN = 80  # characters of somebody else's text in the line below the field


class _State(Enum):
    TYPED = "typed"
    SAVING = "saving"
    SAVED = "saved"  # done, but the snapshot has not been read again yet
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class _Draft:
    """A text that differs from what was read: ``base`` is what had been read, ``sent`` what is on its way."""

    text: str
    base: str
    state: _State = _State.TYPED
    sent: str | None = None
    why: str = ""


class DescriptionEditor(QWidget):
    """A text field that saves itself when it is left, and a line that says where that stands.

    ``describe`` carries a Describe request; whoever runs it answers with ``set_result``.
    """

    describe = Signal(object)
    entered = Signal()  # the cursor is in the field now

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._domain: DomainId | None = None
        self._record: SnapshotRecord | None = None
        self._drafts: dict[tuple[DomainId, str], _Draft] = {}
        self._loading = False
        self._saved = False
        self._field = _Field(self)
        self._field.setAccessibleName(translate("Description", "Description"))
        self._field.textChanged.connect(self._typed)
        self._field.left.connect(self.commit)
        self._field.save_asked.connect(self.commit)
        self._field.restore_asked.connect(self._restore)
        self._field.focused.connect(self._tell)
        self._field.focused.connect(self._enter)
        self._status = TextLabel(parent=self)
        self._status.setMinimumHeight(self.fontMetrics().lineSpacing() * 2)  # nothing moves when it has words
        self._retry = QPushButton(self)
        self._retry.clicked.connect(self._save_again)
        line = QHBoxLayout()
        line.addWidget(self._status, 1)
        line.addWidget(self._retry, 0, Qt.AlignmentFlag.AlignTop)
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        label = QLabel(translate("Description", "Description"), self)
        label.setBuddy(self._field)
        body.addWidget(label)
        body.addWidget(self._field, 1)
        body.addLayout(line)
        self._tell()

    def show_snapshot(self, domain: DomainId | None, record: SnapshotRecord | None) -> None:
        """Show a snapshot, or a later state of the one that is shown; leaving one saves what was typed."""
        same = domain == self._domain and _name(record) == _name(self._record)
        if not same:
            self.commit()
            self._saved = False
        self._domain, self._record = domain, record
        self._settle()
        self._load()

    def commit(self) -> None:
        """Send what was typed, if anything was."""
        draft = self._draft()
        if draft is None or self._record is None or draft.state is not _State.TYPED:
            return
        there = draft.sent if draft.sent is not None else self._record.description
        if draft.text != there:
            self._send(draft)

    def save(self, domain: DomainId, record: SnapshotRecord, text: str) -> None:
        """Save a text that was typed in another place, over ``record``'s; what becomes of it is seen here."""
        key = (domain, record.name)
        draft = self._drafts.get(key)
        sent = () if draft is None or draft.sent is None else (draft.sent,)
        self._drafts[key] = _Draft(text, record.description, _State.SAVING, sent=text)
        if key == self._key():
            self._load()
        self.describe.emit(Describe(domain, record.name, text, (record.description, *sent)))

    def set_result(self, domain: DomainId, name: str, problem: Problem | None) -> None:
        """How a ``describe`` ended: with ``problem``, or well."""
        draft = self._drafts.get((domain, name))
        if draft is None or draft.sent is None:
            return
        current = draft.text == draft.sent
        if not current:
            draft = replace(draft, sent=None, base=draft.base if problem else draft.sent)
        elif problem is not None:
            draft = replace(draft, sent=None, state=_State.FAILED, why=problem.why)
        else:
            draft = replace(draft, sent=None, state=_State.SAVED)
        self._drafts[domain, name] = draft
        if (domain, name) == self._key():
            self._settle()
            self._load()

    def keep(self, request: Describe, problem: Problem) -> None:
        """A text that was typed in another place could not be saved: it stays here, to be tried again."""
        key = (request.domain, request.snapshot)
        if key in self._drafts:
            return
        base = request.before[0] if request.before else ""
        self._drafts[key] = _Draft(request.description, base, _State.FAILED, why=problem.why)
        if key == self._key():
            self._load()

    def forget(self, domain: DomainId, present: frozenset[str] | None) -> None:
        """Drop the drafts of snapshots that are gone: all but those of ``present``, or all where it is None."""
        for key in [key for key in self._drafts if key[0] == domain and (present is None or key[1] not in present)]:
            del self._drafts[key]

    def start_editing(self) -> None:
        """Put the cursor into the field."""
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._field.selectAll()

    def hideEvent(self, event: QHideEvent) -> None:
        self.commit()
        super().hideEvent(event)

    def _key(self) -> tuple[DomainId, str] | None:
        if self._domain is None or self._record is None:
            return None
        return self._domain, self._record.name

    def _draft(self) -> _Draft | None:
        key = self._key()
        return self._drafts.get(key) if key is not None else None

    def _settle(self) -> None:
        """Compare the draft with what has been read."""
        key, draft, record = self._key(), self._draft(), self._record
        if key is None or draft is None or record is None:
            return
        landed = record.description == draft.text and draft.state is not _State.TYPED
        overtaken = draft.state is _State.SAVED and record.description != draft.base
        idle = draft.state is _State.TYPED and draft.sent is None and draft.text == record.description
        if landed or overtaken or idle:
            del self._drafts[key]
            self._saved = not idle
        elif draft.sent is not None and draft.sent == record.description:
            self._drafts[key] = replace(draft, base=record.description, sent=None)

    def _load(self) -> None:
        draft, record = self._draft(), self._record
        text = draft.text if draft is not None else record.description if record is not None else ""
        if self._field.toPlainText() != text:
            self._loading = True
            self._field.setPlainText(text)
            self._loading = False
        self._field.setReadOnly(record is None or not record.complete or record.problem is not None)
        self._tell()

    def _typed(self) -> None:
        key, record = self._key(), self._record
        if self._loading or key is None or record is None:
            return
        text = self._field.toPlainText()
        draft = self._drafts.get(key)
        self._saved = False
        if text == record.description and (draft is None or draft.sent is None):
            self._drafts.pop(key, None)
        elif draft is None:
            self._drafts[key] = _Draft(text, record.description)
        else:
            self._drafts[key] = replace(draft, text=text, state=_State.TYPED, why="")
        self._tell()

    def _send(self, draft: _Draft) -> None:
        domain, record = self._domain, self._record
        if domain is None or record is None:
            return
        before = (draft.base,) if draft.sent is None else (draft.base, draft.sent)
        self._drafts[domain, record.name] = replace(draft, state=_State.SAVING, sent=draft.text, why="")
        self._tell()
        self.describe.emit(Describe(domain, record.name, draft.text, before))

    def _save_again(self) -> None:
        draft, record = self._draft(), self._record
        if draft is not None and record is not None:
            self._field.setFocus()  # the button is about to go
            self._send(replace(draft, base=record.description))  # as it is shown beside the button

    def _restore(self) -> None:
        key = self._key()
        if key is not None and self._drafts.pop(key, None) is not None:
            self._load()

    def _enter(self) -> None:
        if self._field.hasFocus():
            QTimer.singleShot(0, self, self.entered.emit)

    def _tell(self) -> None:
        draft = self._draft()
        self._status.setText(self._status_text(draft))
        overtaken = draft is not None and self._overtaken(draft)
        self._status.setToolTip(tooltip(self._record.description) if overtaken and self._record is not None else "")
        self._retry.setVisible(draft is not None and draft.state is _State.FAILED)
        self._retry.setText(
            translate("Description", "Replace it") if overtaken else translate("Description", "Try again")
        )

    def _status_text(self, draft: _Draft | None) -> str:
        saved = translate("Description", "Saved.")
        if draft is None:
            idle = not self._field.hasFocus() or self._field.isReadOnly()
            hint = "" if idle else translate("Description", "Saved when you leave the field.")
            return saved if self._saved else hint
        if draft.state is _State.TYPED:
            return self._typed_text(draft)
        return {
            _State.SAVING: translate("Description", "Saving…"),
            _State.SAVED: saved,
            _State.FAILED: self._failed_text(draft),
        }[draft.state]

    def _overtaken(self, draft: _Draft) -> bool:
        """Whether the snapshot has been read with a text that the edit did not begin from."""
        return self._record is not None and self._record.description != draft.base and draft.sent is None

    def _failed_text(self, draft: _Draft) -> str:
        if self._record is None or not self._overtaken(draft):
            return translate("Description", "Not saved: {reason}").format(reason=draft.why)
        if not self._record.description:
            return translate(
                "Description", "Not saved: somebody else has emptied it meanwhile. Esc gives your text up."
            )
        return translate(
            "Description", "Not saved: somebody else has changed it meanwhile, to “{text}”. Esc gives your text up."
        ).format(text=one_line(_shortened(self._record.description)))

    def _typed_text(self, draft: _Draft) -> str:
        if self._overtaken(draft):
            return translate("Description", "Changed elsewhere meanwhile. Esc shows that text and gives yours up.")
        return translate("Description", "Saved when you leave the field. Ctrl+Enter saves now, Esc restores.")


class _Field(QPlainTextEdit):
    left = Signal()
    focused = Signal()
    save_asked = Signal()
    restore_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTabChangesFocus(True)
        self.setPlaceholderText(translate("Description", "What is this snapshot for?"))

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focused.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() is not Qt.FocusReason.PopupFocusReason:  # the field's own menu is no leaving
            self.left.emit()
            self.focused.emit()

    def event(self, event: QEvent) -> bool:
        # Esc here is not the window's Esc while there is something to restore.
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            escape = event.key() == Qt.Key.Key_Escape and self.document().isModified()
            if escape or _is_save(event):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_save(event):
            self.save_asked.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.restore_asked.emit()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().lineSpacing() * _LINES + 2 * self.frameWidth() + 8)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, self.fontMetrics().lineSpacing() * 3 + 2 * self.frameWidth() + 8)


def _is_save(event: QKeyEvent) -> bool:
    enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return enter and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + "…"


def _name(record: SnapshotRecord | None) -> str | None:
    return record.name if record is not None else None
