"""Which snapshots' XML to write to files, and whether with their passwords."""

from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QRadioButton, QVBoxLayout, QWidget

from snapgui.core.text import translate
from snapgui.models.format import one_line
from snapgui.ui.icons import icon
from snapgui.ui.widgets.text_label import TextLabel


class ExportDialog(QDialog):
    """``chosen`` are the snapshots chosen in the tree, ``total`` is how many there are. Nothing of the host changes."""

    def __init__(self, machine: str, chosen: tuple[str, ...], total: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("ExportDialog", "Export snapshots of {machine}").format(machine=machine))
        what = TextLabel(
            translate(
                "ExportDialog",
                "The XML of snapshots, from which they can be imported again. Their data stays where it is.",
            )
        )
        text = (
            translate("ExportDialog", "&Only “{name}”, as one file").format(name=one_line(chosen[0]).replace("&", "&&"))
            if len(chosen) == 1
            else translate("ExportDialog", "&Only the %n chosen snapshot(s), as files in a new folder", "", len(chosen))
        )
        self._only = QRadioButton(text)
        self._all = QRadioButton(
            translate("ExportDialog", "[The|All] %n snapshot(s), &as files in a new folder", "", total)
        )
        self._only.setVisible(bool(chosen))
        (self._only if chosen else self._all).setChecked(True)
        self._secure = QCheckBox(translate("ExportDialog", "With &passwords"))
        note = TextLabel(
            translate(
                "ExportDialog",
                "Without them, a machine that is reverted to an imported snapshot has no password on its screen.",
            )
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(translate("ExportDialog", "&Export…"))
        self.ok.setIcon(icon("export"))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (what, self._only, self._all, self._secure, note):
            layout.addWidget(widget)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.ok.setDefault(True)
        self.ok.setFocus()

    @property
    def everything(self) -> bool:
        """All snapshots of the machine, not only the chosen ones."""
        return self._all.isChecked()

    @property
    def secure(self) -> bool:
        """With passwords."""
        return self._secure.isChecked()
