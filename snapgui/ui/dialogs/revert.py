"""Revert a machine to a snapshot: which, whether that can be undone, how the machine goes on, and what is lost."""

import time
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from snapgui.core.differences.compare import Configuration
from snapgui.core.errors import Problem
from snapgui.core.records import Situation, SnapshotRecord
from snapgui.core.requests import Revert, RunState
from snapgui.core.rules.revert import can_reset_nvram
from snapgui.core.rules.revert_files import gives_up_files, goes_below
from snapgui.core.rules.safety import is_wanted, propose
from snapgui.core.text import translate
from snapgui.models.format import listed, one_line, relative_text, time_text, tooltip
from snapgui.models.words import snapshot_state_text
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.icons import icon
from snapgui.ui.widgets.differences_view import DifferencesView
from snapgui.ui.widgets.fold import Folds
from snapgui.ui.widgets.text_label import TextLabel

_PICTURE: Final = (160, 100)  # logical pixels
_LINES: Final = 14  # a revert has many effects
_DIFFERENCES: Final = 8  # lines
_DESCRIPTION_SHOWN: Final = 240  # characters


def _taken(record: SnapshotRecord) -> str:
    state = snapshot_state_text(record.state)
    if record.created is None:
        return translate("RevertDialog", "Machine then: {state}").format(state=state) if state else ""
    when = translate("RevertDialog", "{time} ({ago})").format(
        time=time_text(record.created), ago=relative_text(record.created, time.time())
    )
    if not state:
        return translate("RevertDialog", "Taken {when}").format(when=when)
    return translate("RevertDialog", "Taken {when}. Machine then: {state}").format(when=when, state=state)


class RevertDialog(PlanDialog):
    """Bring a machine back. A picture of the machine's screen may follow by ``set_picture``.

    A safety snapshot is proposed unless the machine is proven to be as its current snapshot has it, and can leave it.
    """

    comparison_wanted = Signal()  # what the machine's configuration is now, and in the snapshot; ``set_comparison``

    def __init__(self, situation: Situation, snapshot: str, parent: QWidget | None = None) -> None:
        super().__init__(
            situation,
            translate("RevertDialog", "Revert {machine}").format(machine=situation.domain.name),
            translate("RevertDialog", "&Revert"),
            icon("revert"),
            parent,
        )
        self._snapshot = snapshot
        self._picture = QLabel()
        self._picture.setAccessibleName(translate("RevertDialog", "The screen when it was taken"))
        self._taken = TextLabel()
        self._description = TextLabel()
        name = TextLabel(one_line(snapshot), bold=True)
        about = QVBoxLayout()
        for label in (name, self._taken, self._description):
            about.addWidget(label)
        about.addStretch(1)
        head = QHBoxLayout()
        head.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(about, 1)
        self.fields.addLayout(head)
        self._wants_safety = True
        self._chose_safety = False
        self._safety = QCheckBox()
        self._safety.clicked.connect(self._safety_clicked)
        self.fields.addWidget(self._safety)
        self._managed_save = QCheckBox(translate("RevertDialog", "Remove the &saved state first"))
        self._managed_save.toggled.connect(self.refresh)
        self.fields.addWidget(self._managed_save)
        self._force = QCheckBox(translate("RevertDialog", "&Keep the saved state, and revert all the same (force)"))
        self._force.toggled.connect(self.refresh)
        self._nvram = QCheckBox(translate("RevertDialog", "Make the firmware’s settings (&NVRAM) anew"))
        self._nvram.toggled.connect(self.refresh)
        advanced = QWidget()
        box = QVBoxLayout(advanced)
        box.setContentsMargins(4, 4, 4, 4)
        for each in (self._run_states(), self._nvram, self._force):
            box.addWidget(each)
        self._differences = DifferencesView()
        self._size_differences(1)
        folds = Folds()
        folds.add(translate("RevertDialog", "Ad&vanced"), advanced)
        button = folds.add(translate("RevertDialog", "Changes of the settin&gs"), self._differences)
        button.toggled.connect(self._differences_toggled)
        self.fields.addWidget(folds)
        self.plan_view.set_lines(_LINES)
        self.set_picture(None)
        self.situation_changed()
        self.refresh()
        self.ok.setFocus()

    def _run_states(self) -> QWidget:
        group = QGroupBox(translate("RevertDialog", "Afterwards the machine is"))
        texts = {
            RunState.AS_TAKEN: translate("RevertDialog", "&as taken"),
            RunState.RUNNING: translate("RevertDialog", "r&unning"),
            RunState.PAUSED: translate("RevertDialog", "&paused"),
        }
        self._choices = QButtonGroup(self)
        row = QHBoxLayout(group)
        for number, text in enumerate(texts.values()):
            button = QRadioButton(text)
            self._choices.addButton(button, number)
            row.addWidget(button)
        row.addStretch(1)
        self._run_state_of = tuple(texts)
        self._choices.button(0).setChecked(True)
        self._choices.idToggled.connect(self._toggled)
        return group

    def set_picture(self, picture: QImage | None) -> None:
        """Show the machine's screen, or none."""
        self._picture.setVisible(picture is not None and not picture.isNull())
        if picture is None or picture.isNull():
            return
        ratio = self.devicePixelRatioF()
        scaled = picture.scaled(
            round(_PICTURE[0] * ratio),
            round(_PICTURE[1] * ratio),
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        scaled.setDevicePixelRatio(ratio)
        self._picture.setPixmap(QPixmap.fromImage(scaled))
        if self.isVisible():  # the picture comes late, and takes no room from the plan
            self.resize(self.size().expandedTo(self.sizeHint()))

    def _toggled(self, _number: int, is_on: bool) -> None:  # noqa: FBT001 - a slot of idToggled(int, bool)
        if is_on:  # the button that goes off tells it too
            self.refresh()

    def set_comparison(self, now: Configuration | None, then: Configuration | None) -> None:
        """Show by what the configuration will differ."""
        self._differences.show_comparison(now, then)
        self._size_differences(_DIFFERENCES if self._differences.count() else 1)

    def set_comparison_failed(self, problem: Problem) -> None:
        """Say why that can't be shown."""
        self._differences.show_words(f"{problem.why} {problem.remedy}".rstrip())

    def _size_differences(self, lines: int) -> None:
        """A sentence in their place does not take their room."""
        self._differences.setFixedHeight(self.fontMetrics().lineSpacing() * (lines + 1))

    def _differences_toggled(self, is_open: bool) -> None:  # noqa: FBT001 - a slot of toggled(bool)
        if is_open:
            self._differences.show_words(translate("RevertDialog", "Reading the settings…"))
            self.comparison_wanted.emit()

    def _safety_clicked(self, is_on: bool) -> None:  # noqa: FBT001 - a slot of clicked(bool)
        self._wants_safety, self._chose_safety = is_on, True
        self.refresh()

    def request(self) -> Revert:
        saved = self.situation.domain.managed_save
        return Revert(
            self.situation.domain.id,
            self._snapshot,
            self._run_state_of[self._choices.checkedId()],
            remove_managed_save=self._managed_save.isChecked() and saved,
            reset_nvram=self._nvram.isChecked() and not self._nvram.isHidden(),
            force=self._force.isChecked() and saved,
            safety=propose(self._snapshot, self.situation) if self._wants_safety else None,
        )

    def dependents(self) -> bool:
        return gives_up_files(self._snapshot, self.situation.snapshots) or goes_below(self._snapshot, self.situation)

    @property
    def waiting(self) -> bool:
        """Also until it is known who stands on images that only the first reading has told of."""
        return super().waiting or self._reads_more()

    def _reads_more(self) -> bool:
        return self.situation.dependents is None and goes_below(self._snapshot, self.situation)

    def refresh(self) -> None:
        super().refresh()
        reason = next((each.reason for each in self.plan.findings if each.rule == "no-safety"), "")
        self._safety.setEnabled(not reason)
        self._safety.setChecked(self._wants_safety and not reason)
        text = translate("RevertDialog", "&Take a safety snapshot first, so that this can be undone")
        if self.plan.lacks:
            text = translate("RevertDialog", "&Take a safety snapshot first, so that all but {lacks} can be undone")
        text = text.format(lacks=listed(*self.plan.lacks))
        current = self.situation.snapshots.current
        if not (self._wants_safety or self._chose_safety or reason) and current is not None:
            text = translate(
                "RevertDialog", "&Take a safety snapshot first (not needed: the machine is as “{name}” has it)"
            ).format(name=one_line(current).replace("&", "&&"))
        self._safety.setText(text)
        self._safety.setToolTip(tooltip(reason))
        self._safety.setAccessibleDescription(reason)

    def situation_changed(self) -> None:
        if not self._chose_safety:
            self._wants_safety = is_wanted(self._snapshot, self.situation)
        self._nvram.setVisible(can_reset_nvram(self.situation))
        self._force.setVisible(self.situation.domain.managed_save)
        record = self.situation.snapshots.records.get(self._snapshot)
        self._taken.setText(_taken(record) if record is not None else "")
        description = record.description.strip() if record is not None else ""
        if len(description) > _DESCRIPTION_SHOWN:
            description = description[:_DESCRIPTION_SHOWN].rstrip() + "…"
        self._description.setText(description)
        self._description.setVisible(bool(description))
        self._managed_save.setVisible(self.situation.domain.managed_save)
        if self._reads_more():
            QTimer.singleShot(0, self, self.reading_wanted.emit)
