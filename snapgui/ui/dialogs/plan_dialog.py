"""What the dialogs that make a plan have in common."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.errors import Problem
from snapgui.core.plan import EffectKind, Level, Plan
from snapgui.core.records import DomainId, Situation
from snapgui.core.requests import MachineRequest
from snapgui.core.rules import make_plan
from snapgui.core.text import translate
from snapgui.core.xml.fault import at_line
from snapgui.models.format import tooltip
from snapgui.ui.widgets.plan_view import PlanView
from snapgui.ui.widgets.room import grow
from snapgui.ui.widgets.text_label import TextLabel

_GRAVE = frozenset({EffectKind.LOSES, EffectKind.MOVES})
_LARGEST = QSize(900, 560)  # a screen of 1024 by 600 less the frame and a panel
_FRAME = QSize(16, 40)  # about what a desktop puts around a window


@dataclass(frozen=True, slots=True)
class Said:
    """What a plan says: its effects, and of these and its warnings what nobody agrees to without having read it."""

    effects: frozenset[str]
    grave: frozenset[str]

    def covers(self, later: "Said") -> bool:
        """Whether who agreed to this has agreed to ``later``: every effect is the same still, and none grave is new."""
        return self.effects <= later.effects and later.grave <= self.grave


def said(plan: Plan) -> Said:
    """What a plan says. How long the guest will pause is an estimate, and no promise."""
    effects = [(each.kind, "\0".join((each.text, *each.names))) for each in plan.effects]
    warnings = frozenset(finding.reason for finding in plan.findings if finding.level is Level.WARNING)
    grave = warnings.union(text for kind, text in effects if kind in _GRAVE)
    return Said(frozenset(text for kind, text in effects if kind is not EffectKind.PAUSES), grave)


class PlanDialog(QDialog):
    """Asks for one request. While the machine's configuration is being read, OK may be pressed already: the dialog then
    ends by itself once all is known, unless an effect that was on screen at the press does not hold any more, or a
    blocker, a warning, a loss or a move comes that was not, or the user changes something meanwhile. Then it stays,
    and has to be pressed again.
    """

    examines = False  # whether its plan needs the health check's reading

    concerns_changed = Signal()  # ``concerns`` gives others than before
    reading_wanted = Signal()  # the machine should be read once more; ``set_situation`` answers

    def __init__(
        self, situation: Situation, title: str, verb: str, image: QIcon, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._situation = situation
        self._plan: Plan | None = None
        self._failed: Problem | None = None
        self._agreed: Said | None = None  # what was on screen when OK was pressed too early
        self._held = ""

        self.fields = QVBoxLayout()
        self.plan_view = PlanView()
        self._status = TextLabel()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(verb)
        self.ok.setIcon(image)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(self.fields)
        layout.addWidget(self.plan_view, 1)
        layout.addWidget(self._status)
        layout.addWidget(self.buttons)
        self.ok.setDefault(True)  # not before it is the dialog's: Qt would make Cancel the default once the focus moves
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self, self.accept)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Refresh), self, self._look_again)

    @property
    def held(self) -> bool:
        """Whether OK waits for something else than the reading of the machine."""
        return bool(self._held)

    @property
    def busy(self) -> bool:
        """Whether OK has been pressed, and what has come of it concerns the dialog still."""
        return False

    def concerns(self) -> tuple[DomainId, ...]:
        """The machines that the plan changes."""
        return (self._situation.domain.id,)

    def hold(self, why: str) -> None:
        """Say why OK can't be pressed for now; "": it can again. An OK that was pressed too early is forgotten."""
        self._held = why
        self._agreed = None
        self._show_state()

    @property
    def plan(self) -> Plan:
        """The plan of what is chosen now; after accept, the plan to run."""
        if self._plan is None:
            self._plan = self._compose()
        return self._plan

    @property
    def situation(self) -> Situation:
        """What the plan is made from."""
        return self._situation

    def request(self) -> MachineRequest:
        """What the user has chosen so far."""
        raise NotImplementedError

    def folders(self) -> tuple[str, ...]:
        """Folders of the host that have to be read for the plan, besides those of the disks."""
        return ()

    def here(self) -> tuple[str, ...]:
        """Folders of this computer that have to be read for the plan."""
        return ()

    def prepared(self) -> tuple[str, ...]:
        """Images of the host that the machine would go on in, which have to be read for the plan."""
        return ()

    def dependents(self) -> bool:
        """Whether the plan may merge or delete image files that others stand on."""
        return False

    def copies(self) -> bool:
        """Whether the plan copies what the snapshots hold that it is about."""
        return False

    def status(self) -> str:
        """What the dialog says about reading the machine; empty once it has been read."""
        return self._status.text()

    def set_situation(self, situation: Situation) -> None:
        """Go on with a fuller or newer reading; what the user typed stays."""
        waited = self.waiting
        self._situation = situation
        self._failed = None
        agreed = self._agreed
        self.situation_changed()
        self.refresh()
        if waited and not self.waiting:
            QTimer.singleShot(0, self, self._make_room)
        if agreed is not None and agreed.covers(self._said()):
            self.accept()

    def set_reading_failed(self, problem: Problem) -> None:
        """The machine could not be read: say so instead of waiting."""
        self._failed = problem
        self.refresh()

    def set_picture(self, picture: QImage) -> None:
        """The screen of the machine in the snapshot, for a dialog that shows it."""

    def situation_changed(self) -> None:
        """The fields may follow a new situation here, where the user has not touched them."""

    @property
    def waiting(self) -> bool:
        """Whether the machine's configuration is still being read."""
        return self._situation.config is None

    def refresh(self) -> None:
        """Make the plan anew. Called whenever a field changes."""
        self._agreed = None
        self._plan = self._compose()
        self.plan_view.set_plan(self.visible_plan(self._plan))
        self._show_state()

    def visible_plan(self, plan: Plan) -> Plan:
        """The part of the plan that the plan view shows.

        Not what the dialog says in another place, and of a plan that can't be run only why.
        """
        if self.waiting:
            plan = replace(plan, findings=tuple(each for each in plan.findings if each.rule != "unread"))
        if any(finding.level is Level.BLOCKER for finding in plan.findings):
            return replace(plan, steps=(), effects=())
        return plan

    def accept(self) -> None:
        if self._obstacle():
            return
        if self.waiting:
            self._agreed = self._said()
            self._show_state()
            return
        super().accept()

    def showEvent(self, event: QShowEvent) -> None:
        """Qt gives a dialog two thirds of the screen at most, which on a small one leaves no room for the plan."""
        for each in self.findChildren(QAbstractButton):
            if isinstance(each, QCheckBox | QRadioButton):
                each.installEventFilter(self)
        if not event.spontaneous() and not self.testAttribute(Qt.WidgetAttribute.WA_Resized):
            room = self.screen().availableSize() - _FRAME
            self.resize(self.size().expandedTo(self.sizeHint().boundedTo(room)))
        super().showEvent(event)
        if not event.spontaneous():
            QTimer.singleShot(0, self, self._make_room)

    def _make_room(self) -> None:
        """For all that the plan says when it is first read; later, the dialog stands still while the user types."""
        grow(self, self.plan_view.missing())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter in what is ticked is the dialog's: on GNOME, Qt would have it tick that once more."""
        enter = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.KeyPress and event.key() in enter:
            self.keyPressEvent(event)
            return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Who comes back may have made room, or a folder, meanwhile: what stands in the way is looked at again."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.ActivationChange and self.isVisible() and self.isActiveWindow():
            self._look_again()

    def _look_again(self) -> None:
        if not self.waiting and not self.busy and self._obstacle():
            self.reading_wanted.emit()

    def sizeHint(self) -> QSize:
        return super().sizeHint().boundedTo(_LARGEST)

    def _compose(self) -> Plan:
        """The plan of what is chosen now, made anew."""
        return make_plan(self.request(), self._situation)

    def _said(self) -> Said:
        """What the plan says now."""
        return said(self.plan)

    def _obstacle(self) -> str:
        """Why OK can't be pressed now, in the user's words."""
        if self._held:
            return self._held
        if self._failed is not None:
            return self._failed.why
        for finding in self.plan.findings:
            if finding.level is Level.BLOCKER:
                return f"{at_line(finding.reason, finding.line)} {finding.remedy}".rstrip()
        if not self.plan.steps and not self.waiting:
            notes = [finding.reason for finding in self.plan.findings]
            return notes[0] if notes else translate("PlanDialog", "There is nothing to do.")
        return ""

    def _show_state(self) -> None:
        obstacle = self._obstacle()
        self.ok.setEnabled(not obstacle and self._agreed is None)
        self.ok.setToolTip(tooltip(obstacle))
        self.ok.setAccessibleDescription(obstacle)
        self._status.setText(self._status_text())
        self._status.setVisible(bool(self._status.text()))

    def _status_text(self) -> str:
        if self._held:
            return self._held
        if self._failed is not None:
            text = translate("PlanDialog", "{tried}: {why} {remedy}")
            return text.format(tried=self._failed.tried, why=self._failed.why, remedy=self._failed.remedy).strip()
        if not self.waiting:
            return ""
        if self._agreed is not None:
            return translate("PlanDialog", "Reading the machine… This goes on by itself once that is done.")
        return translate("PlanDialog", "Reading the machine…")
