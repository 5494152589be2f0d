"""libvirt's options for taking a snapshot, in the user's words."""

from dataclasses import replace
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QGridLayout, QLineEdit, QWidget

from snapgui.core.records import DomainState, Kind, Situation
from snapgui.core.requests import Take
from snapgui.core.text import translate
from snapgui.models.format import tooltip

_COLUMNS: Final = 2


class TakeOptions(QWidget):
    """One that does not fit the machine or the kind can't be chosen, and says why.

    ``template`` is what names are suggested by, now and from now on.
    """

    changed = Signal()

    def __init__(self, template: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        texts = {
            "live": translate("TakeDialog", "&Go on while the memory is saved"),
            "halt": translate("TakeDialog", "Tu&rn the machine off afterwards"),
            "quiesce": translate("TakeDialog", "&Hold the guest’s file systems still"),
            "reuse": translate("TakeDialog", "&Use files that have been prepared"),
            "no_metadata": translate("TakeDialog", "Without metadata: &libvirt won’t list it"),
            "validate": translate("TakeDialog", "Chec&k with libvirt’s schema"),
        }
        self._about = {
            "live": translate("TakeDialog", "The file grows with what the guest changes meanwhile."),
            "halt": translate("TakeDialog", "At once, as by pulling its plug."),
            "quiesce": translate("TakeDialog", "The guest’s agent writes everything to the disks first."),
            "reuse": translate(
                "TakeDialog",
                "The files that the disks go on in exist already, made by qemu-img create with each disk’s image behind"
                " its own: libvirt then makes none. Choose them under “Disks and memory”.",
            ),
            "no_metadata": translate(
                "TakeDialog",
                "The images hold the snapshot, but neither this list nor virsh shows it: only qemu-img does.",
            ),
            "validate": translate("TakeDialog", "Refuses what is not in libvirt’s documentation."),
        }
        self._boxes = {name: QCheckBox(text) for name, text in texts.items()}
        grid = QGridLayout(self)
        grid.setContentsMargins(4, 4, 4, 4)
        for number, box in enumerate(self._boxes.values()):
            grid.addWidget(box, number // _COLUMNS, number % _COLUMNS)
            box.toggled.connect(self.changed)
        about = translate(
            "TakeDialog", "{machine}, {date} and {time} are filled in, and {n} is the first number that is free."
        )
        self.template = QLineEdit(template)
        self.template.setAccessibleName(translate("TakeDialog", "Suggest names like"))
        self.template.setAccessibleDescription(about)
        self.template.setToolTip(tooltip(about))
        names = QFormLayout()
        names.addRow(translate("TakeDialog", "Suggest nam&es like"), self.template)
        grid.addLayout(names, len(self._boxes) // _COLUMNS, 0, 1, _COLUMNS)

    def reuse(self) -> bool:
        """Whether prepared files are to be used."""
        return self._boxes["reuse"].isEnabled() and self._boxes["reuse"].isChecked()

    def applied(self, request: Take) -> Take:
        """The request with the options that are chosen and fit."""
        on = {name for name, box in self._boxes.items() if box.isChecked() and box.isEnabled()}
        return replace(
            request,
            live="live" in on,
            halt="halt" in on,
            quiesce="quiesce" in on,
            reuse="reuse" in on,
            no_metadata="no_metadata" in on,
            validate="validate" in on,
        )

    def set_situation(self, situation: Situation, kind: Kind) -> None:
        """Follow the machine and the kind."""
        for name, box in self._boxes.items():
            reason = _why_not(name, situation, kind)
            about = reason or self._about[name]
            box.setEnabled(not reason)
            box.setToolTip(tooltip(about))
            box.setAccessibleDescription(about)


def _why_not(name: str, situation: Situation, kind: Kind) -> str:
    """Why an option does not fit; "" where it does."""
    running = situation.domain.state is DomainState.RUNNING
    if name == "live" and not (running and kind is Kind.EXTERNAL):
        return translate("TakeDialog", "Only where a running machine’s memory is kept in a file of its own.")
    if name == "quiesce" and not (running and kind is Kind.DISK_ONLY):
        return translate("TakeDialog", "Only where a running machine’s disks are taken alone.")
    if name == "halt" and not situation.domain.state.active:
        return translate("TakeDialog", "The machine is off.")
    if name == "reuse" and kind is Kind.INTERNAL:
        return translate("TakeDialog", "Only where disks go on in new files.")
    return ""
