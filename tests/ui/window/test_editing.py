"""XML edited, exported and imported in the window, on libvirt's test driver."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import libvirt
import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMessageBox,
    QPlainTextEdit,
    QPushButton,
    QRadioButton,
)
from pytestqt.qtbot import QtBot
from testbed.mock import Machine, mock_uri
from testbed.stage import URI

from snapgui.app import Application
from snapgui.core.errors import Problem
from snapgui.core.plan import CreateFlag
from snapgui.core.records import DomainId, Kind
from snapgui.models.snapshots import Column
from snapgui.ui.actions import Act
from snapgui.ui.dialogs.describe import DescribeDialog
from snapgui.ui.dialogs.edit_xml import EditXmlDialog
from snapgui.ui.dialogs.export_snapshots import ExportDialog
from snapgui.ui.dialogs.import_snapshots import ImportDialog
from snapgui.ui.dialogs.rename import RenameDialog
from snapgui.ui.snapshots.in_place import InPlaceEdit
from snapgui.ui.xml.edit import XmlEdit

SECURE = libvirt.VIR_DOMAIN_SNAPSHOT_XML_SECURE


@pytest.fixture
def others(other: libvirt.virConnect) -> Iterator[libvirt.virDomain]:
    """Somebody else's hand on the machine, which has a password and the snapshots a, above b, above c."""
    domain = other.lookupByName("test")
    if domain.isActive():
        domain.destroy()
    xml = domain.XMLDesc().replace("</devices>", "<graphics type='vnc' passwd='s3cr3t'/></devices>")
    domain = other.defineXML(xml)
    for name in ("a", "b", "c"):
        domain.snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>")
    yield domain
    for snapshot in domain.listAllSnapshots():
        snapshot.delete()


@pytest.fixture
def app_of(others: libvirt.virDomain, app: Application, qtbot: QtBot) -> Application:
    app.backend.hosts.refresh(DomainId(URI, others.UUIDString()))
    qtbot.waitUntil(lambda: all(each.complete for each in records(app).values()) and len(records(app)) == 3)
    return app


def records(app: Application) -> dict:
    domain = app.window.machines.domain()
    return dict(app.store.snapshots(domain).records)


def dialogs(kind: type) -> list[QDialog]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, kind) and each.isVisible()]


def gone(qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialogs(QDialog))


def opened(qtbot: QtBot, kind: type) -> QDialog:
    qtbot.waitUntil(lambda: bool(dialogs(kind)))
    (dialog,) = dialogs(kind)
    qtbot.waitUntil(lambda: not dialog.waiting)
    return dialog


def begin(qtbot: QtBot, app: Application, act: Act, name: str, kind: type) -> QDialog:
    app.window.snapshots.select(name)
    action = app.window.actions_[act]
    assert action.isEnabled(), action.toolTip()
    action.trigger()
    return opened(qtbot, kind)


def change(dialog: QDialog, pattern: str, by: str) -> str:
    """Replace a part of the text as a user does; the whole text then."""
    edit = dialog.findChild(XmlEdit)
    text = re.sub(pattern, by, edit.text(), count=1, flags=re.DOTALL)
    assert text != edit.text()
    edit.replace_text(text)
    edit.changed.emit()
    return text


def text_of(others: libvirt.virDomain, name: str) -> str:
    return others.snapshotLookupByName(name).getXMLDesc(SECURE)


def test_xml_is_saved_and_the_password_that_nobody_saw_is_kept(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain
) -> None:
    dialog = begin(qtbot, app_of, Act.EDIT_XML, "b", EditXmlDialog)
    edit = dialog.findChild(XmlEdit)
    assert "s3cr3t" not in edit.text()
    assert "passwd='hidden(1)'" in edit.text()
    change(dialog, "<state>", "<description>typed &amp; saved\u00a0</description>\n<state>")
    qtbot.waitUntil(dialog.ok.isEnabled)
    dialog.ok.click()
    gone(qtbot)
    assert "s3cr3t" in text_of(others, "b")
    qtbot.waitUntil(lambda: records(app_of)["b"].description == "typed & saved\u00a0")
    assert others.snapshotCurrent().getName() == "c"


def test_passwords_are_shown_on_demand_and_hidden_again(qtbot: QtBot, app_of: Application) -> None:
    dialog = begin(qtbot, app_of, Act.EDIT_XML, "b", EditXmlDialog)
    edit = dialog.findChild(XmlEdit)
    box = next(each for each in dialog.findChildren(QCheckBox) if "password" in each.text())
    box.click()
    assert "passwd='s3cr3t'" in edit.text()
    box.click()
    assert "s3cr3t" not in edit.text()
    assert not dialog.unsaved()
    dialog.reject()
    assert not dialog.isVisible()


def test_what_is_wrong_is_said_while_typing_and_ok_waits(qtbot: QtBot, app_of: Application) -> None:
    dialog = begin(qtbot, app_of, Act.EDIT_XML, "b", EditXmlDialog)
    edit = dialog.findChild(XmlEdit)
    for pattern, by, said in (
        ("</name>", "</nam>", "mismatched"),
        ("</nam>", "</name>", ""),
        ("<name>b<", "<name>z<", "“z”"),
        ("<name>z<", "<name>b<", ""),
        ("<name>a<", "<name>c<", "“c”"),
    ):
        change(dialog, pattern, by)
        assert said in edit.fault()
        assert bool(edit.fault()) == bool(said)
        assert not dialog.ok.isEnabled()  # wrong, or as it was
    assert dialog.unsaved()
    dialog.reject()
    box = next(each for each in dialog.findChildren(QMessageBox) if each.isVisible())
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    dialog.reject()
    box = next(each for each in dialog.findChildren(QMessageBox) if each.isVisible())
    next(each for each in box.findChildren(QPushButton) if "Discard" in each.text()).click()
    gone(qtbot)


def test_a_refusal_by_libvirt_loses_nothing_that_was_typed(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain
) -> None:
    dialog = begin(qtbot, app_of, Act.EDIT_XML, "b", EditXmlDialog)
    before = text_of(others, "b")
    text = change(dialog, r"<memory unit='KiB'>\d+", "<memory unit='KiB'>nonsense")
    qtbot.waitUntil(lambda: not dialog.waiting and dialog.ok.isEnabled())
    dialog.ok.click()
    edit = dialog.findChild(XmlEdit)
    qtbot.waitUntil(lambda: edit.fault().startswith("libvirt: ") and not dialog.busy)
    assert dialog.isVisible()
    assert edit.text() == text
    assert text_of(others, "b") == before
    text = change(dialog, "nonsense", re.search(r"<memory unit='KiB'>(\d+)", before)[1])
    assert edit.fault() == ""
    dialog.reject()


def test_what_libvirt_says_is_shown_at_the_line_that_it_names(qtbot: QtBot, app_of: Application) -> None:
    dialog = begin(qtbot, app_of, Act.EDIT_XML, "b", EditXmlDialog)
    said = "(domain_snapshot):3: Opening and ending tag mismatch"
    dialog.show_problem(Problem("Change it.", "libvirt can't read it.", raw=said))
    edit = dialog.findChild(XmlEdit)
    assert edit.fault().endswith(said)
    assert edit.findChild(QPlainTextEdit).marked == 3
    dialog.reject()


def test_the_editor_of_xml_has_room_and_keeps_the_size_that_it_was_given(qtbot: QtBot, app_of: Application) -> None:
    dialog = begin(qtbot, app_of, Act.EDIT_XML, "b", EditXmlDialog)
    room = dialog.screen().availableSize()
    assert dialog.height() >= min(700, room.height() - 50)
    assert dialog.width() >= min(700, room.width() - 20)
    dialog.resize(640, 480)
    qtbot.waitUntil(lambda: dialog.size() == QSize(640, 480))
    dialog.reject()
    gone(qtbot)
    again = begin(qtbot, app_of, Act.EDIT_XML, "b", EditXmlDialog)
    qtbot.wait(20)
    assert again.size() == QSize(640, 480)
    again.reject()


def test_the_check_with_libvirts_schema_is_a_choice(qtbot: QtBot, app_of: Application) -> None:
    dialog = begin(qtbot, app_of, Act.EDIT_XML, "b", EditXmlDialog)
    change(dialog, "<state>", "<description>new</description>\n<state>")
    qtbot.waitUntil(dialog.ok.isEnabled)
    check = next(each for each in dialog.findChildren(QCheckBox) if "schema" in each.text().replace("&", ""))
    assert check.isChecked()
    assert dialog.plan.steps[0].flags & CreateFlag.VALIDATE
    check.click()
    assert not dialog.plan.steps[0].flags & CreateFlag.VALIDATE
    change(dialog, "<description>new</description>\n", "")
    dialog.reject()


@pytest.mark.parametrize("button", ["Take over", "Replace"])
def test_a_change_by_others_meanwhile_is_not_overwritten_unasked(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain, button: str
) -> None:
    dialog = begin(qtbot, app_of, Act.EDIT_XML, "b", EditXmlDialog)
    mine = change(dialog, "<state>", "<description>mine</description>\n<state>")
    theirs = text_of(others, "b").replace("<state>", "<description>theirs</description>\n<state>")
    others.snapshotCreateXML(theirs, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    qtbot.waitUntil(dialog.ok.isEnabled)
    dialog.ok.click()
    qtbot.waitUntil(lambda: not dialog.busy)
    assert dialog.isVisible()
    edit = dialog.findChild(XmlEdit)
    assert edit.text() == mine
    assert "theirs" in text_of(others, "b")
    way_out = next(each for each in dialog.findChildren(QPushButton) if button in each.text().replace("&", ""))
    assert way_out.isVisible()
    way_out.click()
    if button == "Take over":
        assert "theirs" in edit.text()
        dialog.reject()
        assert not dialog.isVisible()
        return
    qtbot.waitUntil(dialog.ok.isEnabled)
    dialog.ok.click()
    gone(qtbot)
    assert "mine" in text_of(others, "b")


def test_a_renamed_snapshot_keeps_its_place_and_stays_chosen(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain
) -> None:
    overlay = "snapshot='external' type='file'><source file='/images/vda.b'/></disk>"
    outside = text_of(others, "b").replace("snapshot='internal'/>", overlay)
    others.snapshotCreateXML(outside, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    app_of.backend.hosts.refresh(app_of.window.machines.domain(), ("b",))
    qtbot.waitUntil(lambda: records(app_of)["b"].kind is Kind.EXTERNAL)
    dialog = begin(qtbot, app_of, Act.RENAME, "b", RenameDialog)
    dialog.findChild(QLineEdit).setText("c")
    assert not dialog.ok.isEnabled()
    dialog.findChild(QLineEdit).setText("new <b>&name")
    dialog.ok.click()
    gone(qtbot)
    qtbot.waitUntil(lambda: app_of.window.snapshots.selected() == ("new <b>&name",))
    assert {name: record.parent for name, record in records(app_of).items()} == {
        "a": None,
        "new <b>&name": "a",
        "c": "new <b>&name",
    }
    assert "s3cr3t" in text_of(others, "new <b>&name")
    assert others.snapshotCurrent().getName() == "c"


def test_a_rename_of_an_internal_snapshot_says_why_not_and_enter_leads_to_its_description(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain
) -> None:
    others.create()
    others.snapshotCreateXML("<domainsnapshot><name>inside</name></domainsnapshot>")
    app_of.backend.hosts.refresh(app_of.window.machines.domain())
    qtbot.waitUntil(lambda: "inside" in records(app_of) and records(app_of)["inside"].complete)
    dialog = begin(qtbot, app_of, Act.RENAME, "inside", RenameDialog)
    assert {finding.rule for finding in dialog.plan.findings} == {"rename-internal"}
    assert not dialog.ok.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    shown = opened(qtbot, DescribeDialog)
    assert shown.request().snapshot == "inside"
    assert dialogs(RenameDialog) == []
    shown.reject()


def export(
    qtbot: QtBot, app: Application, names: tuple[str, ...], path: Path, *, secure: bool = True, single: bool = False
) -> Path:
    with qtbot.waitSignal(app.window.exporting.exported) as told:
        app.window.exporting.export(app.window.machines.domain(), names, str(path), secure=secure, single=single)
    return Path(told.args[0])


def import_(qtbot: QtBot, app: Application, paths: list[Path]) -> ImportDialog:
    app.window.actions_[Act.IMPORT].trigger()
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), QFileDialog))
    QApplication.activeModalWidget().reject()
    dialog = opened(qtbot, ImportDialog)
    dialog.want([str(path) for path in paths])
    qtbot.waitUntil(lambda: dialog._reading == 0 and not dialog.waiting)
    return dialog


def test_what_was_exported_comes_back_the_same(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain, tmp_path: Path
) -> None:
    others.revertToSnapshot(others.snapshotLookupByName("b"))
    others.snapshotCreateXML("<domainsnapshot><name>Z 😀 ünï</name></domainsnapshot>")
    before = {each.getName(): each.getXMLDesc(SECURE) for each in others.listAllSnapshots()}
    folder = export(qtbot, app_of, tuple(before), tmp_path)
    assert len(list(folder.iterdir())) == 4
    for snapshot in others.listAllSnapshots():
        snapshot.delete()
    app_of.backend.hosts.refresh(app_of.window.machines.domain())
    qtbot.waitUntil(lambda: not records(app_of))
    dialog = import_(qtbot, app_of, sorted(folder.iterdir()))
    assert dialog.findChild(QComboBox).currentText() == "Z 😀 ünï"
    qtbot.waitUntil(dialog.ok.isEnabled)
    dialog.ok.click()
    gone(qtbot)
    assert {each.getName(): each.getXMLDesc(SECURE) for each in others.listAllSnapshots()} == before
    assert others.snapshotCurrent().getName() == "Z 😀 ünï"


def test_one_is_exported_without_its_password_unless_that_is_wanted(
    qtbot: QtBot, app_of: Application, tmp_path: Path
) -> None:
    plain = export(qtbot, app_of, ("b",), tmp_path / "b.xml", secure=False, single=True)
    assert "s3cr3t" not in plain.read_text()
    secret = export(qtbot, app_of, ("b",), tmp_path / "s.xml", secure=True, single=True)
    assert "s3cr3t" in secret.read_text()
    assert secret.stat().st_mode & 0o077 == 0


def ask_for_export(qtbot: QtBot, app: Application, *names: str) -> ExportDialog:
    tree = app.window.snapshots.tree
    tree.clearSelection()
    for name in names:
        flag = tree.selectionModel().SelectionFlag
        tree.selectionModel().select(tree.model().index_of(name), flag.Select | flag.Rows)
    app.window.actions_[Act.EXPORT].trigger()
    qtbot.waitUntil(lambda: bool(dialogs(ExportDialog)))
    return dialogs(ExportDialog)[0]


@pytest.mark.parametrize(
    ("chosen", "everything", "offered", "written"),
    [
        (("b",), False, ["Only “b”, as one file", "All 3 snapshots, as files in a new folder"], ["b.xml"]),
        (("a", "c"), False, ["Only the 2 chosen snapshots, as files in a new folder"], ["a.xml", "c.xml"]),
        (("b",), True, [], ["a.xml", "b.xml", "c.xml"]),
        ((), False, ["All 3 snapshots, as files in a new folder"], ["a.xml", "b.xml", "c.xml"]),
    ],
)
def test_it_is_asked_which_are_exported_and_where_to(
    qtbot: QtBot,
    app_of: Application,
    tmp_path: Path,
    *,
    chosen: tuple[str, ...],
    everything: bool,
    offered: list[str],
    written: list[str],
) -> None:
    dialog = ask_for_export(qtbot, app_of, *chosen)
    choices = {each.text().replace("&", ""): each for each in dialog.findChildren(QRadioButton) if each.isVisible()}
    assert set(offered) <= set(choices)
    assert len(choices) == 1 + bool(chosen)
    assert next(iter(choices.values())).isChecked()
    assert not dialog.secure
    if everything:
        choices["All 3 snapshots, as files in a new folder"].click()
    folder = tmp_path / "out"
    folder.mkdir()
    dialog.ok.click()
    qtbot.waitUntil(lambda: bool(dialogs(QFileDialog)))
    (where,) = dialogs(QFileDialog)
    single = written == ["b.xml"]
    with qtbot.waitSignal(app_of.window.exporting.exported):
        where.fileSelected.emit(str(folder / "b.xml" if single else folder))
        where.reject()
    assert sorted(path.name for path in folder.rglob("*.xml")) == written
    assert "s3cr3t" not in "".join(path.read_text() for path in folder.rglob("*.xml"))


def test_a_place_that_can_not_be_written_is_told_until_another_one_was(
    qtbot: QtBot, app_of: Application, tmp_path: Path
) -> None:
    exporting, domain = app_of.window.exporting, app_of.window.machines.domain()
    with qtbot.waitSignal(exporting.failed):
        exporting.export(domain, ("a",), "/nonexistent", secure=False, single=False)
    told = app_of.window.banner.text()
    assert told.startswith("Writing /nonexistent")
    assert "failed No such file or directory. Choose another folder" in told
    with qtbot.waitSignal(exporting.exported):
        exporting.export(domain, ("a",), str(tmp_path), secure=False, single=False)
    assert app_of.window.banner.isHidden()


def test_files_that_are_no_snapshots_stand_beside_those_that_are(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain, tmp_path: Path, make_bad: Callable[[Path], list[Path]]
) -> None:
    good = tmp_path / "good.xml"
    good.write_text(text_of(others, "c").replace("<name>c<", "<name>d<"))
    bad = make_bad(tmp_path)
    dialog = import_(qtbot, app_of, [*bad, good])
    rows = [dialog._list.topLevelItem(row) for row in range(dialog._list.topLevelItemCount())]
    assert len(rows) == len(bad) + 1
    assert all(row.text(3).startswith("No: ") for row in rows[:-1])
    assert rows[-1].text(3) == "Yes"
    qtbot.waitUntil(dialog.ok.isEnabled)
    dialog.ok.click()
    gone(qtbot)
    assert {each.getName() for each in others.listAllSnapshots()} == {"a", "b", "c", "d"}


def test_a_file_that_stands_in_the_way_can_be_left_out(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain, tmp_path: Path
) -> None:
    for name in ("a", "d"):
        (tmp_path / f"{name}.xml").write_text(text_of(others, "a").replace("<name>a<", f"<name>{name}<"))
    dialog = import_(qtbot, app_of, [tmp_path / "a.xml", tmp_path / "d.xml"])
    rows = [dialog._list.topLevelItem(row) for row in range(2)]
    assert [row.text(3) for row in rows] == ["No", "Yes"]
    assert not dialog.ok.isEnabled()
    rows[0].setCheckState(0, Qt.CheckState.Unchecked)
    assert rows[0].text(3) == "Left out"
    assert dialog.ok.isEnabled()
    dialog.reject()


@pytest.fixture
def make_bad() -> Callable[[Path], list[Path]]:
    def make(folder: Path) -> list[Path]:
        contents = {
            "empty.xml": b"",
            "binary.xml": bytes(range(256)) * 50,
            "domain.xml": b"<domain/>",
            "long.xml": b"<a>" + b"x" * 50_000_000,
            "bomb.xml": b"<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            "latin.xml": b"<domainsnapshot><name>\xe9</name></domainsnapshot>",
        }
        for name, data in contents.items():
            (folder / name).write_bytes(data)
        (folder / "folder.xml").mkdir()
        return [*(folder / name for name in contents), folder / "folder.xml", folder / "nothing.xml"]

    return make


def in_place(app: Application, name: str) -> QPlainTextEdit:
    app.window.snapshots.select(name)
    app.window.actions_[Act.DESCRIBE].trigger()
    edit = app.window.snapshots.findChild(InPlaceEdit)
    assert edit.isVisible()
    assert app.window.snapshots.tree.viewport().rect().contains(edit.geometry())
    return edit


def test_a_description_is_edited_in_its_row(qtbot: QtBot, app_of: Application, others: libvirt.virDomain) -> None:
    edit = in_place(app_of, "b")
    edit.insertPlainText("first")
    qtbot.keyClick(edit, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    edit.insertPlainText("second")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert not edit.isVisible()
    qtbot.waitUntil(lambda: records(app_of)["b"].description == "first\nsecond")
    assert "s3cr3t" in text_of(others, "b")
    edit = in_place(app_of, "b")
    assert edit.toPlainText() == "first\nsecond"
    edit.insertPlainText("not meant")
    qtbot.keyClick(edit, Qt.Key.Key_Escape)
    assert not edit.isVisible()
    assert app_of.backend.runner.busy == ()
    assert records(app_of)["b"].description == "first\nsecond"


def test_a_description_is_edited_over_its_own_cell_and_no_other(qtbot: QtBot, app_of: Application) -> None:
    tree = app_of.window.snapshots.tree
    app_of.window.resize(1600, 800)
    qtbot.waitUntil(lambda: tree.columnWidth(Column.DESCRIPTION) > tree.fontMetrics().averageCharWidth() * 30)
    edit = in_place(app_of, "b")
    cell = tree.visualRect(tree.model().index_of("b").siblingAtColumn(Column.DESCRIPTION))
    assert edit.geometry().left() >= cell.left()
    assert abs(edit.geometry().center().y() - cell.center().y()) <= 1  # its one line lies on the cell's
    assert edit.height() <= cell.height() + 6
    edit.insertPlainText("one\ntwo\nthree")
    assert edit.geometry().top() >= cell.top() - 3
    assert edit.height() > 2 * cell.height()  # downwards
    edit.finish(save=False)
    bar = tree.horizontalScrollBar()
    tree.setColumnWidth(Column.NAME, 3 * tree.width())
    bar.setValue(0)
    in_place(app_of, "b").finish(save=False)
    assert bar.value() == 0  # names are in view again


@pytest.mark.parametrize("by", ["going elsewhere", "a filter that hides the row"])
def test_leaving_a_row_saves_what_is_typed_in_it(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain, by: str
) -> None:
    edit = in_place(app_of, "b")
    edit.insertPlainText("not lost")
    if by == "going elsewhere":
        qtbot.waitUntil(edit.hasFocus)
        app_of.window.machines.tree.setFocus()
    else:
        app_of.window.snapshots.filter.setText("nothing like it")
    qtbot.waitUntil(lambda: "<description>not lost</description>" in text_of(others, "b"))
    assert not edit.isVisible()


def test_closing_the_window_saves_what_is_typed_in_a_row(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain
) -> None:
    in_place(app_of, "b").insertPlainText("typed at last")
    app_of.window.close()
    qtbot.waitUntil(lambda: not app_of.window.isVisible())
    assert "<description>typed at last</description>" in text_of(others, "b")


def test_what_is_typed_in_a_row_goes_to_the_machine_that_was_shown(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain, tmp_path: Path
) -> None:
    namesake = Machine("namesake", state=5)
    namesake.snapshot("b", state="shutoff", memory="no")
    namesake.snapshots["b"] = namesake.snapshots["b"].replace("about b", "")
    uri = mock_uri(tmp_path, namesake)
    app_of.backend.hosts.connect_host(uri)
    qtbot.waitUntil(lambda: bool(app_of.store.domains(uri)))
    told = []
    app_of.backend.runner.job_changed.connect(lambda job: told.append(job.plan.request.domain))
    in_place(app_of, "b").insertPlainText("of this machine")
    app_of.window.machines.choose(app_of.store.domains(uri)[0].id)  # as when the other one goes
    qtbot.waitUntil(lambda: "of this machine" in text_of(others, "b"))
    assert {each.uri for each in told} == {URI}


def test_a_description_in_its_row_that_others_overtook_is_kept_and_told(
    qtbot: QtBot, app_of: Application, others: libvirt.virDomain
) -> None:
    edit = in_place(app_of, "b")
    edit.insertPlainText("mine")
    theirs = text_of(others, "b").replace("<state>", "<description>theirs</description>\n<state>")
    others.snapshotCreateXML(theirs, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    fields = app_of.window.details.findChildren(QPlainTextEdit)
    buttons = app_of.window.details.findChildren(QPushButton)
    qtbot.waitUntil(lambda: any(each.isVisible() for each in buttons))
    assert any(field.toPlainText() == "mine" for field in fields)
    assert "theirs" in text_of(others, "b")
