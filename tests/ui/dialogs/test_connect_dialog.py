"""Adding a connection: the URI that the fields come to, and what is wrong with them."""

import os

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDialog, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from snapgui.ui.dialogs.connect import ConnectDialog, Target, Where
from snapgui.ui.dialogs.reason import Reason


def _open(qtbot: QtBot, *known: str) -> ConnectDialog:
    dialog = ConnectDialog(known)
    qtbot.addWidget(dialog)
    with qtbot.waitActive(dialog):
        dialog.show()
        dialog.activateWindow()
    return dialog


def _choose(dialog: ConnectDialog, where: Where) -> None:
    box = dialog.findChild(QComboBox)
    box.setCurrentIndex(box.findData(where))


def _reason(dialog: ConnectDialog) -> str:
    reason = dialog.findChild(Reason)
    return reason.text() if reason.isVisible() else ""


def _shown(dialog: ConnectDialog) -> list[QLineEdit]:
    return [field for field in dialog.findChildren(QLineEdit) if field.isVisible()]


def test_enter_connects_to_the_system_machines_of_this_computer(qtbot: QtBot) -> None:
    dialog = _open(qtbot)
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.uri == "qemu:///system"


def test_the_uri_of_another_host_grows_while_it_is_typed(qtbot: QtBot) -> None:
    dialog = _open(qtbot)
    _choose(dialog, Where.SSH)
    assert not dialog.ok.isEnabled()
    host, user, port = _shown(dialog)
    qtbot.keyClicks(host, "build.example.org")
    qtbot.keyClicks(user, "root")
    qtbot.keyClicks(port, "2222")
    assert any(label.text() == "qemu+ssh://root@build.example.org:2222/system" for label in dialog.findChildren(QLabel))
    assert dialog.ok.isEnabled()


@pytest.mark.parametrize(("user", "offered"), [(1000, Where.SESSION), (0, Where.SSH)])
def test_a_connection_that_is_there_already_is_not_added_twice(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, user: int, offered: Where
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    dialog = _open(qtbot, "qemu:///system")
    assert dialog.findChild(QComboBox).currentData() is offered
    _choose(dialog, Where.SESSION)
    assert dialog.uri == "qemu:///session"
    notes = [label.text() for label in dialog.findChildren(QLabel) if "You are root" in label.text()]
    assert bool(notes) is (user == 0)
    assert _reason(dialog) == ""
    _choose(dialog, Where.SYSTEM)
    assert not dialog.ok.isEnabled()
    assert "already" in _reason(dialog)


def test_nothing_is_wrong_before_anything_is_typed(qtbot: QtBot) -> None:
    dialog = _open(qtbot, "qemu:///system", "qemu:///session")
    for where in (Where.SSH, Where.TLS, Where.TCP, Where.TYPED):
        _choose(dialog, where)
        assert _reason(dialog) == ""
        assert not dialog.ok.isEnabled()
        assert dialog.ok.toolTip()
    qtbot.keyClicks(_shown(dialog)[0], "qemu")
    assert "begins with a driver" in _reason(dialog)


@pytest.mark.parametrize("where", [Where.SSH, Where.TCP, Where.TYPED])
def test_nothing_moves_when_a_complaint_comes_and_goes(qtbot: QtBot, where: Where) -> None:
    dialog = _open(qtbot)
    before = dialog.size()
    _choose(dialog, where)
    qtbot.wait(1)
    fields = [*_shown(dialog), dialog.ok]
    places = [field.mapTo(dialog, field.rect().topLeft()) for field in fields]
    for text in ("a b", "x y " * 5, "fine"):
        fields[0].clear()
        qtbot.keyClicks(fields[0], text)
        qtbot.wait(1)
        assert [field.mapTo(dialog, field.rect().topLeft()) for field in fields] == places
    assert dialog.size() == before


@pytest.mark.parametrize(
    ("target", "uri"),
    [
        (Target(Where.SESSION), "qemu:///session"),
        (Target(Where.TLS, host="h", user="ignored"), "qemu+tls://h/system"),
        (Target(Where.TCP, host="fe80::1", port="16509"), "qemu+tcp://[fe80::1]:16509/system"),
        (Target(Where.SSH, host="h", user="a b@c", path="/session"), "qemu+ssh://a%20b%40c@h/session"),
        (Target(Where.TYPED, typed=" test:///default "), "test:///default"),
    ],
)
def test_fields_make_a_uri(target: Target, uri: str) -> None:
    assert target.complaint(()) == ""
    assert target.uri == uri


@pytest.mark.parametrize(
    "target",
    [
        Target(Where.SSH),
        Target(Where.SSH, host="a b"),
        Target(Where.SSH, host="a/b"),
        Target(Where.TCP, host="h", port="99999"),
        Target(Where.TCP, host="h", port="ssh"),
        Target(Where.TYPED),
        Target(Where.TYPED, typed="hello"),
        Target(Where.TYPED, typed="qemu+ssh://h:port/system"),
        Target(Where.TYPED, typed="qemu:///sys tem"),
        Target(Where.TYPED, typed="qemu+shh://h/system"),
    ],
)
def test_what_can_not_be_a_connection_is_refused_with_a_reason(target: Target) -> None:
    assert target.complaint(())


@pytest.mark.parametrize(
    "typed", ["qemu:///embed?root=/tmp/x", "qemu+unix:///system?socket=/run/x", "test:///abs/file.xml", "xen:///system"]
)
def test_libvirt_uris_of_every_kind_can_be_typed(typed: str) -> None:
    assert Target(Where.TYPED, typed=typed).complaint(()) == ""
