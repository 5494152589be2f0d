"""The same by hand: virsh commands for the chosen snapshot, each to copy."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from snapgui.core.plan import Call, CreateFlag, Step
from snapgui.core.records import DomainRecord
from snapgui.core.text import translate
from snapgui.core.virsh import command
from snapgui.ui.details.texts import CopyableText
from snapgui.ui.widgets.text_label import TextLabel

Commands = tuple[tuple[str, str], ...]  # what it does, and the line


def commands_for(machine: DomainRecord, snapshot: str) -> Commands:
    """What virsh can do with a snapshot."""

    def line(call: Call, flags: int = 0) -> str:
        return command(Step(call, machine.id, machine.name, snapshot, flags=flags))

    revert = line(Call.SNAPSHOT_REVERT)
    # The commands without a step of their own take the same words as the revert, after the same connection.
    before, _, after = revert.partition(" snapshot-revert ")
    return (
        (translate("Commands", "Revert to it"), revert),
        (translate("Commands", "Delete it"), line(Call.SNAPSHOT_DELETE)),
        (
            translate("Commands", "Set as current"),
            line(Call.SNAPSHOT_CREATE, CreateFlag.REDEFINE | CreateFlag.CURRENT),
        ),
        (translate("Commands", "Edit its XML"), f"{before} snapshot-edit {after}"),
        (translate("Commands", "Show its XML"), f"{before} snapshot-dumpxml {after}"),
    )


class CommandList(QScrollArea):
    """A heading, a line and a button for each command."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._shown: tuple[Commands, str] = ((), "")

    def show_commands(self, commands: Commands, caveat: str = "") -> None:
        """Replace what is shown. ``caveat`` stands above the commands."""
        if (commands, caveat) == self._shown:
            return
        self._shown = commands, caveat
        page = QWidget(self)
        body = QVBoxLayout(page)
        unchecked = translate(
            "Commands",
            "virsh asks nothing and checks little. “Revert” and “Delete” look first, and have their commands to copy "
            "as well, with a safety snapshot or with children.",
        )
        body.addWidget(TextLabel(caveat or unchecked, page))
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        for label, line in commands:
            head = QHBoxLayout()
            head.addWidget(QLabel(label, page), 1)
            copy = QPushButton(translate("Commands", "Copy"), page)
            copy.setAccessibleName(translate("Commands", "Copy the command: {what}").format(what=label))
            copy.clicked.connect(partial(QGuiApplication.clipboard().setText, line))
            head.addWidget(copy)
            text = CopyableText(label, page)
            text.setFont(fixed)
            text.show_text(line)
            body.addLayout(head)
            body.addWidget(text)
        body.addStretch(1)
        self.setWidget(page)
