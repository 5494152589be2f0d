"""Add a connection: where to, and the libvirt URI that comes of it (libvirt.org/uri.html)."""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Final
from urllib.parse import quote

from PySide6.QtCore import QSize
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit, QVBoxLayout, QWidget

from snapgui.core import uris
from snapgui.core.text import translate
from snapgui.models.format import tooltip
from snapgui.ui.dialogs.reason import Reason
from snapgui.ui.icons import icon
from snapgui.ui.widgets.text_label import TextLabel

_HOST: Final = re.compile(r"[^\s/?#@\[\]]+")
_LINES: Final = 22  # all fields and a complaint of two lines
_LAST_PORT: Final = 65535


class Where(Enum):
    """What a connection reaches, and how."""

    SYSTEM = "system"
    SESSION = "session"
    SSH = "ssh"
    TCP = "tcp"
    TLS = "tls"
    TYPED = "typed"

    @property
    def remote(self) -> bool:
        """Whether it needs a host's name."""
        return self in (Where.SSH, Where.TCP, Where.TLS)


@dataclass(frozen=True, slots=True)
class Target:
    """What the fields say."""

    where: Where = Where.SYSTEM
    host: str = ""
    port: str = ""
    user: str = ""
    path: str = "/system"
    typed: str = ""

    @property
    def uri(self) -> str:
        """The URI as libvirt takes it; only of use where ``complaint`` has none."""
        match self.where:
            case Where.SYSTEM:
                return "qemu:///system"
            case Where.SESSION:
                return "qemu:///session"
            case Where.TYPED:
                return self.typed.strip()
            case _:
                host = self.host.strip()
                host = f"[{host}]" if ":" in host else host
                user = f"{quote(self.user.strip(), safe='')}@" if self.user.strip() and self.where is Where.SSH else ""
                port = f":{self.port.strip()}" if self.port.strip() else ""
                return f"qemu+{self.where.value}://{user}{host}{port}{self.path}"

    @property
    def blank(self) -> bool:
        """Whether the field without which there is no connection is still empty."""
        needed = self.typed if self.where is Where.TYPED else self.host
        return (self.where.remote or self.where is Where.TYPED) and not needed.strip()

    def complaint(self, known: Collection[str]) -> str:
        """Why it can't be connected to, in the user's words; empty where it can be tried."""
        if self.where.remote:
            if not self.host.strip():
                return translate("ConnectDialog", "Give the name or address of the host.")
            if not _HOST.fullmatch(self.host.strip()):
                return translate("ConnectDialog", "A host’s name holds no spaces and none of / ? # @ [ ].")
            port = self.port.strip()
            if port and not (port.isascii() and port.isdigit() and 0 < int(port) <= _LAST_PORT):
                return translate("ConnectDialog", "A port is a number from 1 to 65535, or empty for the usual one.")
        if self.where is Where.TYPED and (complaint := uris.complaint(self.uri)):
            return complaint
        if self.uri in known:
            return translate("ConnectDialog", "This connection is in the list already.")
        return ""

    def note(self) -> str:
        """What is good to know before connecting."""
        if self.where is Where.TCP:
            return translate(
                "ConnectDialog", "Nothing is encrypted on this connection: use it in a trusted network only."
            )
        if self.where is Where.SSH:
            return translate("ConnectDialog", "Needs an SSH key or agent: there is no place here to type a password.")
        if self.where is Where.SESSION and os.geteuid() == 0:
            return translate("ConnectDialog", "You are root: these are the system machines once more.")
        return ""


class ConnectDialog(QDialog):
    """``known`` are the URIs that are in the list already. After accept, ``uri`` is the one to add."""

    def __init__(self, known: Collection[str] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("ConnectDialog", "Add a connection"))
        self._known = known
        self._where = QComboBox()
        for where, text in {
            Where.SYSTEM: translate("ConnectDialog", "This computer, system machines"),
            Where.SESSION: translate("ConnectDialog", "This computer, my own machines"),
            Where.SSH: translate("ConnectDialog", "Another host, through SSH"),
            Where.TLS: translate("ConnectDialog", "Another host, through TLS"),
            Where.TCP: translate("ConnectDialog", "Another host, through TCP (not encrypted)"),
            Where.TYPED: translate("ConnectDialog", "A libvirt URI"),
        }.items():
            self._where.addItem(text, where)
        ours = (Where.SYSTEM,) if os.geteuid() == 0 else (Where.SYSTEM, Where.SESSION)
        free = next((where for where in ours if Target(where).uri not in known), Where.SSH)
        self._where.setCurrentIndex(self._where.findData(free))
        self._host = QLineEdit()
        self._user = QLineEdit()
        self._user.setPlaceholderText(translate("ConnectDialog", "as SSH is set up"))
        self._port = QLineEdit()
        self._port.setPlaceholderText(translate("ConnectDialog", "the usual one"))
        self._path = QComboBox()
        self._path.addItem(translate("ConnectDialog", "System machines"), "/system")
        self._path.addItem(translate("ConnectDialog", "The user’s own machines"), "/session")
        self._typed = QLineEdit()
        self._typed.setPlaceholderText("qemu+ssh://host/system")
        self._uri = TextLabel()
        self._note = TextLabel()
        self._reason = Reason()
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(translate("ConnectDialog", "&Where"), self._where)
        form.addRow(translate("ConnectDialog", "&Host"), self._host)
        form.addRow(translate("ConnectDialog", "&User"), self._user)
        form.addRow(translate("ConnectDialog", "&Port"), self._port)
        form.addRow(translate("ConnectDialog", "&Machines"), self._path)
        form.addRow(translate("ConnectDialog", "U&RI"), self._typed)
        form.addRow(translate("ConnectDialog", "Connects to"), self._uri)
        self._form = form
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok = buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok.setText(translate("ConnectDialog", "&Connect"))
        self.ok.setIcon(icon("connect"))
        buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self._note)
        layout.addWidget(self._reason)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self._where.currentIndexChanged.connect(self._refresh)
        self._path.currentIndexChanged.connect(self._refresh)
        for field in (self._host, self._user, self._port, self._typed):
            field.textChanged.connect(self._refresh)
        self._refresh()
        self.resize(self.sizeHint())  # not to what is in it now: nothing moves when a complaint comes or goes

    @property
    def uri(self) -> str:
        """The URI of what is chosen now."""
        return self._target().uri

    def sizeHint(self) -> QSize:
        return QSize(self.fontMetrics().averageCharWidth() * 84, self.fontMetrics().height() * _LINES)

    def _target(self) -> Target:
        return Target(
            self._where.currentData(),
            self._host.text(),
            self._port.text(),
            self._user.text(),
            self._path.currentData(),
            self._typed.text(),
        )

    def _refresh(self) -> None:
        target = self._target()
        for field in (self._host, self._port, self._path):
            self._form.setRowVisible(field, target.where.remote)
        self._form.setRowVisible(self._user, target.where is Where.SSH)
        self._form.setRowVisible(self._typed, target.where is Where.TYPED)
        complaint = target.complaint(self._known)
        self._form.setRowVisible(self._uri, target.where is not Where.TYPED)
        self._uri.setText("" if target.blank else target.uri)
        self._note.setText(target.note())
        wrong = "" if target.blank else complaint  # nothing is wrong with what has not been typed yet
        self._reason.set_text(wrong)
        self._reason.setVisible(bool(wrong))
        self.ok.setEnabled(not complaint)
        self.ok.setToolTip(tooltip(complaint))
