"""What a user does in the window, on libvirt's test driver: everything by actions and keys."""

from dataclasses import replace

import libvirt
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
)
from testbed.stage import URI

from snapgui.app import Application
from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, DomainRecord, DomainState, HostRecord, HostState
from snapgui.models.roles import Role
from snapgui.models.snapshot_cells import Column
from snapgui.settings import CONNECTIONS, Settings
from snapgui.ui import machines
from snapgui.ui.actions import Act
from snapgui.ui.chart.content import Format
from snapgui.ui.icons import icon
from snapgui.ui.snapshots import panel
from snapgui.ui.widgets.elided import FiguresLabel


def _rows(app: Application) -> list[str]:
    """The snapshot tree as text, indented by level, the row "You are here" too."""
    model = app.window.snapshots.tree.model()
    found: list[str] = []

    def walk(parent, level: int) -> None:
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            found.append("  " * level + index.data())
            walk(index, level + 1)

    walk(app.window.snapshots.tree.rootIndex(), 0)
    return found


def _use(app: Application, act: Act) -> None:
    action = app.window.actions_[act]
    assert action.isEnabled(), action.toolTip()
    action.trigger()


def _dialog(qtbot) -> QDialog:
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), QDialog))
    return QApplication.activeModalWidget()


def _accept(qtbot, dialog: QDialog) -> None:
    qtbot.waitUntil(lambda: not dialog.waiting and dialog.ok.isEnabled())
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is None)


def _describe(dialog: QDialog, text: str) -> None:
    (editor,) = [edit for edit in dialog.findChildren(QPlainTextEdit) if not edit.isReadOnly()]
    editor.selectAll()
    editor.insertPlainText(text)


def _take(qtbot, app: Application, name: str = "", description: str = "") -> None:
    before, chosen = len(_rows(app)), app.window.snapshots.selected()
    _use(app, Act.TAKE)
    dialog = _dialog(qtbot)
    if name:
        dialog.findChild(QLineEdit).setText(name)
    if description:
        _describe(dialog, description)
    _accept(qtbot, dialog)
    qtbot.waitUntil(lambda: len(_rows(app)) == before + 1)
    qtbot.waitUntil(lambda: app.window.snapshots.selected() != chosen)  # the new one is chosen once it has been shown


def _choose(app: Application, *names: str) -> None:
    tree = app.window.snapshots.tree
    tree.clearSelection()
    for name in names:
        flag = tree.selectionModel().SelectionFlag
        tree.selectionModel().select(tree.model().index_of(name), flag.Select | flag.Rows)


def test_the_first_machine_is_chosen_and_its_empty_tree_shows_where_the_user_is(app: Application):
    assert app.window.machines.tree.currentIndex().data() == "test"
    assert _rows(app) == ["You are here"]


def test_take_enter_takes_a_snapshot_named_from_the_template_and_chooses_it(qtbot, app: Application):
    _take(qtbot, app)
    assert _rows(app) == ["test-1", "  You are here"]
    qtbot.waitUntil(lambda: app.window.snapshots.selected() == ("test-1",))
    assert app.window.activity.tree.model().rowCount() == 1


def test_a_revert_is_undone_by_the_banner_s_button(qtbot, app: Application):
    _take(qtbot, app, "clean")
    _use(app, Act.REVERT)
    _accept(qtbot, _dialog(qtbot))
    qtbot.waitUntil(lambda: _rows(app) == ["clean", "  before-revert-1", "  You are here"])
    banner = app.window.banner
    qtbot.waitUntil(lambda: not banner.isHidden())
    assert banner.text() == "test is back at “clean” “before-revert-1” has it as it was before."
    next(each for each in banner.findChildren(QPushButton) if each.text() == "&Undo revert…").click()
    dialog = _dialog(qtbot)
    assert dialog.ok.text() == "&Undo revert"
    dialog.ok.click()
    qtbot.waitUntil(lambda: _rows(app) == ["clean", "  You are here"])
    assert banner.isHidden()


def test_a_revert_can_be_undone_as_long_as_its_safety_snapshot_is_there(qtbot, app: Application):
    undo = app.window.actions_[Act.UNDO]
    _take(qtbot, app, "clean")
    assert not undo.isEnabled()
    assert "no safety snapshot" in undo.toolTip()
    _use(app, Act.REVERT)
    _accept(qtbot, _dialog(qtbot))
    qtbot.waitUntil(lambda: "  before-revert-1" in _rows(app))
    _choose(app, "clean")  # whatever is chosen, it is the last revert that is meant
    qtbot.waitUntil(undo.isEnabled)
    _use(app, Act.UNDO)
    dialog = _dialog(qtbot)
    assert any("before-revert-1" in label.text() for label in dialog.findChildren(QLabel))
    dialog.reject()
    _choose(app, "before-revert-1")
    _use(app, Act.DELETE)
    _accept(qtbot, _dialog(qtbot))
    qtbot.waitUntil(lambda: _rows(app) == ["clean", "  You are here"])
    assert app.window.banner.isHidden()
    assert not undo.isEnabled()


def test_a_branch_is_taken_its_parent_deleted_and_both_children_move_up(qtbot, app: Application):
    _take(qtbot, app, "clean")
    _take(qtbot, app, "left")
    _choose(app, "clean")
    _use(app, Act.REVERT)
    dialog = _dialog(qtbot)
    dialog.findChildren(QCheckBox)[0].click()
    _accept(qtbot, dialog)
    qtbot.waitUntil(lambda: _rows(app) == ["clean", "  left", "  You are here"])
    _take(qtbot, app, "right")
    assert _rows(app) == ["clean", "  left", "  right", "    You are here"]
    _choose(app, "clean")
    _use(app, Act.DELETE)
    _accept(qtbot, _dialog(qtbot))
    qtbot.waitUntil(lambda: _rows(app) == ["left", "right", "  You are here"])


def test_edit_changes_the_description_in_libvirt_and_in_the_tree(qtbot, app: Application, other: libvirt.virConnect):
    _take(qtbot, app, "a", "first words")
    _choose(app, "a")
    _use(app, Act.EDIT)
    dialog = _dialog(qtbot)
    _describe(dialog, "other words")
    qtbot.waitUntil(lambda: not dialog.waiting and dialog.ok.isEnabled())
    dialog.accept()
    model = app.window.snapshots.tree.model()
    qtbot.waitUntil(lambda: model.index_of("a", Column.DESCRIPTION).data() == "other words")
    xml = other.lookupByName("test").snapshotLookupByName("a").getXMLDesc()
    assert "<description>other words</description>" in xml


def test_set_as_current_moves_the_row_you_are_here(qtbot, app: Application):
    _take(qtbot, app, "a")
    _take(qtbot, app, "b")
    _choose(app, "a")
    _use(app, Act.SET_CURRENT)
    _dialog(qtbot).accept()
    qtbot.waitUntil(lambda: _rows(app) == ["a", "  b", "  You are here"])


def test_an_action_that_cannot_be_used_says_why(qtbot, app: Application):
    revert = app.window.actions_[Act.REVERT]
    assert not revert.isEnabled()
    assert "Choose a snapshot first." in revert.toolTip()
    _take(qtbot, app, "a")
    _take(qtbot, app, "b")
    _choose(app, "a", "b")
    assert "Choose one snapshot only." in revert.toolTip()
    assert app.window.actions_[Act.DELETE].isEnabled()
    start = app.window.actions_[Act.START]
    assert not start.isEnabled()
    assert len(start.toolTip().splitlines()) == 2


def test_a_snapshot_recreated_by_others_under_the_same_name_is_shown_as_it_is_now(
    qtbot, app: Application, other: libvirt.virConnect
):
    _take(qtbot, app, "a", "old words")
    _take(qtbot, app, "b")
    _choose(app, "b")
    xml = other.lookupByName("test").snapshotLookupByName("a").getXMLDesc().replace("old words", "new words")
    other.lookupByName("test").snapshotCreateXML(xml, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    _choose(app, "a")
    model = app.window.snapshots.tree.model()
    qtbot.waitUntil(lambda: model.index_of("a", Column.DESCRIPTION).data() == "new words")


def test_every_state_of_a_snapshot_and_of_a_machine_has_an_icon():
    for name in (*panel._STATE_ICONS.values(), *machines._STATE_ICONS.values()):
        assert not icon(name).isNull()


def test_pause_and_resume_take_turns(qtbot, app: Application):
    pause, resume = app.window.actions_[Act.PAUSE], app.window.actions_[Act.RESUME]
    assert pause.isVisible()
    assert not resume.isVisible()
    _use(app, Act.PAUSE)
    qtbot.waitUntil(resume.isVisible)
    _use(app, Act.RESUME)
    qtbot.waitUntil(pause.isVisible)


def test_force_off_asks_and_then_switches_the_machine_off(qtbot, app: Application, other: libvirt.virConnect):
    _use(app, Act.FORCE_OFF)
    dialog = _dialog(qtbot)
    dialog.accept()
    qtbot.waitUntil(lambda: not other.lookupByName("test").isActive())
    qtbot.waitUntil(app.window.actions_[Act.START].isEnabled)


def test_selection_and_collapsed_rows_survive_what_others_do(qtbot, app: Application, other: libvirt.virConnect):
    _take(qtbot, app, "a")
    _take(qtbot, app, "b")
    _choose(app, "a")
    tree = app.window.snapshots.tree
    tree.collapse(tree.model().index_of("a"))
    other.lookupByName("test").snapshotCreateXML("<domainsnapshot><name>c</name></domainsnapshot>")
    qtbot.waitUntil(lambda: "    c" in _rows(app), timeout=3000)
    assert app.window.snapshots.selected() == ("a",)
    assert not tree.isExpanded(tree.model().index_of("a"))


def test_esc_in_a_filter_shows_everything_again(qtbot, app: Application):
    _take(qtbot, app, "a")
    _take(qtbot, app, "b")
    app.window.snapshots.filter.setText("nothing like it")
    assert _rows(app) == []  # nor is it said that the machine stands somewhere else
    qtbot.keyClick(app.window.snapshots.filter, Qt.Key.Key_Escape)
    assert _rows(app) == ["a", "  b", "    You are here"]


def test_a_filter_changes_what_is_shown_and_not_what_is_chosen(qtbot, app: Application):
    for name in ("a", "b", "c"):
        _take(qtbot, app, name)
    window = app.window
    figures = window.sizes.findChild(FiguresLabel)
    for chosen in (("b",), ("a", "b")):
        _choose(app, *chosen)
        for typed in ("c", "cc", "nothing like it"):
            window.snapshots.filter.setText(typed)
        assert window.snapshots.selected() == ()
        assert figures.text() == ""
        window.snapshots.filter.setText("b")  # with "a" above it, which comes back so
        assert set(window.snapshots.selected()) == set(chosen)
        window.snapshots.filter.clear()
        assert set(window.snapshots.selected()) == set(chosen)
    window.snapshots.select_here()
    window.snapshots.filter.setText("nothing like it")
    window.snapshots.filter.clear()
    assert window.snapshots.tree.currentIndex().data() == "You are here"
    _choose(app, "b")
    window.snapshots.filter.setText("a")
    _choose(app, "a")  # who chooses otherwise meanwhile means that
    window.snapshots.filter.clear()
    assert window.snapshots.selected() == ("a",)


def test_the_focus_goes_from_the_banner_s_button_to_the_snapshots(qtbot, app: Application):
    _take(qtbot, app, "clean")
    _use(app, Act.REVERT)
    _accept(qtbot, _dialog(qtbot))
    banner = app.window.banner
    qtbot.waitUntil(lambda: not banner.isHidden())
    button = next(each for each in banner.findChildren(QPushButton) if each.text() == "&Undo revert…")
    button.setFocus()
    button.click()
    _dialog(qtbot).ok.click()
    qtbot.waitUntil(banner.isHidden)
    qtbot.waitUntil(lambda: app.window.focusWidget() is app.window.snapshots.tree)


def test_a_failed_host_is_a_row_with_the_reason_and_can_be_tried_again(qtbot, app: Application):
    uri = "qemu+unix:///system?socket=/nowhere/sock"
    app.backend.hosts.connect_host(uri)
    qtbot.waitUntil(lambda: app.window.machines.choose(uri))
    qtbot.waitUntil(app.window.actions_[Act.REFRESH].isEnabled)
    index = app.window.machines.tree.currentIndex()
    assert index.data(Role.PROBLEM) is not None
    assert "/nowhere" not in index.data(Role.PROBLEM).why or index.data(Qt.ItemDataRole.ToolTipRole)
    _use(app, Act.REFRESH)
    qtbot.waitUntil(app.window.actions_[Act.REFRESH].isEnabled)
    again = next(each for each in app.window.findChildren(QToolButton) if each.text() == "Try again")
    assert again.isVisible()
    tried = []
    app.store.host_changed.connect(lambda changed: tried.append(app.store.host(changed).state))
    again.click()
    qtbot.waitUntil(lambda: tried[:1] == [HostState.CONNECTING] and tried[-1] is HostState.FAILED)
    _use(app, Act.DISCONNECT)
    assert [host.uri for host in app.store.hosts()] == [URI]


def test_a_description_typed_just_before_closing_is_saved(qtbot, app: Application, other: libvirt.virConnect):
    _take(qtbot, app, "a")
    app.window.snapshots.select("a")
    app.window.details.edit_description()
    (editor,) = [e for e in app.window.details.findChildren(QPlainTextEdit) if not e.isReadOnly()]
    editor.insertPlainText("typed at last")
    app.window.close()
    qtbot.waitUntil(lambda: not app.window.isVisible())
    xml = other.lookupByName("test").snapshotLookupByName("a").getXMLDesc()
    assert "<description>typed at last</description>" in xml


def test_hosts_are_remembered_for_the_next_start(app: Application, settings: Settings):
    app.window.close()
    assert settings.get(CONNECTIONS) == [URI]


def test_names_with_markup_quotes_newlines_and_other_scripts_show_as_they_are(qtbot, app: Application):
    for name in ("<b>bold<i>&amp;", "say \"hi\" 'there'", "猫のスナップショット", "שלום", "🐟 fish", "x" * 247):
        _take(qtbot, app, name)
        _choose(app, name)
        assert app.window.snapshots.selected() == (name,)
        assert app.window.snapshots.tree.model().index_of(name).data(Qt.ItemDataRole.EditRole) == name


def test_without_a_host_the_start_page_offers_to_connect_or_try_the_demo(
    qtbot, settings: Settings, tmp_path, monkeypatch
):
    monkeypatch.setattr("snapgui.jobs.default_host.CANDIDATES", ("qemu+unix:///system?socket=/nowhere/sock",))
    application = Application(settings, tmp_path)
    qtbot.addWidget(application.window)
    application.window.show()
    application.connect([])
    qtbot.waitUntil(application.window.start_page.isVisible)
    assert any("/nowhere/sock" in text for text in application.window.start_page.texts())
    application.close()


def test_refresh_reads_machines_and_edited_snapshots_anew_whatever_is_chosen(
    qtbot, app: Application, other: libvirt.virConnect
):
    _take(qtbot, app, "a", "old words")
    xml = other.lookupByName("test").snapshotLookupByName("a").getXMLDesc().replace("old words", "new words")
    other.lookupByName("test").snapshotCreateXML(xml, libvirt.VIR_DOMAIN_SNAPSHOT_CREATE_REDEFINE)
    app.window.snapshots.select_here()
    app.window.activateWindow()  # offscreen, nobody gives it back the focus that the dialog had
    qtbot.waitUntil(app.window.isActiveWindow)
    app.window.snapshots.tree.setFocus()
    qtbot.keyClick(app.window.snapshots.tree, Qt.Key.Key_F5)
    model = app.window.snapshots.tree.model()
    qtbot.waitUntil(lambda: model.index_of("a", Column.DESCRIPTION).data() == "new words")
    # What is chosen is compared with the store at any time, so the words may be there before the host has been read.
    status = app.window.statusBar()
    qtbot.waitUntil(lambda: status.currentMessage() == "Read again: This computer (test:///default)")
    app.window.machines.choose(URI)
    app.window.statusBar().clearMessage()
    _use(app, Act.REFRESH)
    qtbot.waitUntil(lambda: bool(app.window.statusBar().currentMessage()))


def test_one_key_pauses_and_resumes(qtbot, app: Application, other: libvirt.virConnect):
    tree = app.window.snapshots.tree
    tree.setFocus()
    for state in (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_RUNNING):
        qtbot.keyClick(tree, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda state=state: other.lookupByName("test").state()[0] == state)
        wanted = Act.RESUME if state == libvirt.VIR_DOMAIN_PAUSED else Act.PAUSE
        qtbot.waitUntil(app.window.actions_[wanted].isVisible)


def test_no_two_actions_that_can_be_used_have_the_same_key(app: Application):
    app.window.snapshots.select_here()
    keys = [action.shortcut().toString() for action in app.window.findChildren(QAction) if action.isVisible()]
    keys = [key for key in keys if key]
    assert len(keys) == len(set(keys))


def test_the_loss_of_the_host_on_screen_is_told_in_the_window(app: Application):
    connected = app.store.host(URI)
    app.store.put_host(replace(connected, state=HostState.FAILED, problem=Problem("Staying.", "The host is away.")))
    assert "The host is away." in app.window.banner.text()
    app.store.put_host(connected)
    assert app.window.banner.text() == ""


def test_f1_shows_the_keys_of_the_menus(qtbot, app: Application):
    app.window.machines.tree.setFocus()
    qtbot.keyClick(app.window.machines.tree, Qt.Key.Key_F1)
    dialog = _dialog(qtbot)
    assert dialog.tree.findItems("Take", Qt.MatchFlag.MatchRecursive)[0].text(1) == "Ctrl+T"
    assert dialog.tree.findItems("Cancel the job", Qt.MatchFlag.MatchRecursive)[0].text(1) == "Ctrl+."
    dialog.reject()


def test_a_saved_chart_is_told_with_its_place(qtbot, app: Application, tmp_path):
    _take(qtbot, app)
    path = str(tmp_path / "chart.csv")
    app.window.sizes.save(path, Format.CSV)
    qtbot.waitUntil(lambda: path in app.window.statusBar().currentMessage())


def test_the_chart_can_be_saved_from_the_menu(app: Application):
    (view,) = [action.menu() for action in app.window.menuBar().actions() if action.text() == "&View"]
    (save,) = [action.menu() for action in view.actions() if action.text() == "&Save chart as"]
    assert len(save.actions()) == 3


def test_without_any_host_left_the_start_page_says_what_to_do(app: Application):
    _use(app, Act.DISCONNECT)
    assert app.window.start_page.isVisible()
    assert app.window.start_page.texts()[0] == "No connection yet"


def test_while_the_demo_is_prepared_the_window_says_so(qtbot, settings: Settings, tmp_path):
    application = Application(settings, tmp_path)
    qtbot.addWidget(application.window)
    application.window.show()
    application.window.demo_progress("Starting the machine…")
    shown = [label.text() for label in application.window.snapshots.findChildren(QLabel) if label.isVisible()]
    assert "The demo is being prepared.\nStarting the machine…" in shown
    application.window.demo_progress("")
    shown = [label.text() for label in application.window.snapshots.findChildren(QLabel) if label.isVisible()]
    assert "Choose a machine to see its snapshots." in shown
    application.close()


def test_a_host_without_machines_says_so_before_anything_is_chosen(qtbot, settings: Settings, tmp_path):
    application = Application(settings, tmp_path / "cache")
    qtbot.addWidget(application.window)
    application.window.show()
    (tmp_path / "none.xml").write_text("<node/>")
    application.connect([f"test://{tmp_path / 'none.xml'}"])
    panel = application.window.snapshots

    def shown() -> str:
        return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())

    qtbot.waitUntil(lambda: "There are no machines here yet." in shown())
    assert "Choose a machine" not in shown()
    application.close()


@pytest.mark.qt_log_ignore("grabbing the keyboard")  # offscreen has none
def test_arrow_keys_reach_what_can_not_be_used_and_the_status_bar_says_why(qtbot, app: Application):
    (machine,) = [action.menu() for action in app.window.menuBar().actions() if action.text() == "&Machine"]
    machine.popup(app.window.mapToGlobal(app.window.rect().topLeft()))
    qtbot.waitUntil(machine.isVisible)
    qtbot.keyClick(machine, Qt.Key.Key_Down)
    assert machine.activeAction() is app.window.actions_[Act.START]
    assert app.window.actions_[Act.START].statusTip().startswith("Start: ")
    qtbot.keyClick(machine, Qt.Key.Key_Return)
    assert app.window.activity.tree.model().rowCount() == 0
    machine.close()


def test_the_demos_machine_is_let_alone_until_its_history_is_made(qtbot, settings: Settings, tmp_path):
    uri = "qemu:///embed?root=/nowhere/snapgui-demo-x"
    machine = DomainId(uri, "6c9ae4f4-0000-0000-0000-000000000001")
    application = Application(settings, tmp_path)
    qtbot.addWidget(application.window)
    application.window.demo_progress("Taking counter-1…")
    application.store.put_host(HostRecord(uri, state=HostState.CONNECTED))
    application.store.put_domains(uri, (DomainRecord(machine, "counter", DomainState.RUNNING),))
    take = application.window.actions_[Act.TAKE]
    assert not take.isEnabled()
    qtbot.waitUntil(lambda: application.window.machines.domain() == machine)
    assert not take.isEnabled()
    assert "The demo is being prepared." in take.toolTip()
    application.window.demo_progress("")
    assert take.isEnabled()
    application.close()


def test_the_machine_as_it_is_now_is_chosen_at_first(qtbot, app: Application):
    qtbot.waitUntil(lambda: app.window.snapshots.tree.choice.count() == 1)
    tree = app.window.snapshots.tree
    assert tree.choice.has(tree.model().here_index())


def test_of_a_host_the_first_machine_by_name_is_chosen(qtbot, settings: Settings, tmp_path):
    uri = "test:///elsewhere"
    machines_ = tuple(DomainRecord(DomainId(uri, name), name) for name in ("web-10", "web-9", "db", "zeta"))
    application = Application(settings, tmp_path)
    qtbot.addWidget(application.window)
    application.store.put_host(HostRecord(uri, state=HostState.CONNECTED))
    application.store.put_domains(uri, machines_)
    qtbot.waitUntil(lambda: application.window.machines.domain() == machines_[2].id)
    application.close()


def test_after_a_deletion_the_snapshot_above_is_chosen(qtbot, app: Application, other):
    for name in "abc":
        _take(qtbot, app, name)
    app.window.snapshots.select("c")
    other.lookupByName("test").snapshotLookupByName("c").delete()
    qtbot.waitUntil(lambda: app.window.snapshots.selected() == ("b",), timeout=3000)
    app.window.snapshots.select("a")
    other.lookupByName("test").snapshotLookupByName("a").delete()
    tree = app.window.snapshots.tree
    qtbot.waitUntil(lambda: tree.choice.has(tree.model().here_index()), timeout=3000)


def test_a_choice_that_the_user_gives_up_stays_given_up(qtbot, app: Application, other):
    for name in "ab":
        _take(qtbot, app, name)
    app.window.snapshots.select("a")
    app.window.snapshots.tree.clearSelection()
    other.lookupByName("test").snapshotLookupByName("a").delete()
    qtbot.waitUntil(lambda: _rows(app) == ["b", "  You are here"], timeout=3000)
    qtbot.wait(50)
    assert app.window.snapshots.tree.choice.count() == 0


def test_a_filter_of_machines_leaves_the_chosen_one_chosen(qtbot, app: Application):
    chosen = app.window.machines.domain()
    _take(qtbot, app, "a")
    app.window.machines.filter.setText("nothing like it")
    assert app.window.machines.tree.words == "No machine matches the filter."
    assert app.window.machines.domain() == chosen
    assert app.window.focus().domain.name == "test"
    assert _rows(app) == ["a", "  You are here"]
    app.window.machines.filter.clear()
    assert app.window.machines.tree.currentIndex().data() == "test"
    assert app.window.machines.tree.words == ""
    assert app.window.machines.domain() == chosen


def test_going_to_where_the_machine_stands_gives_up_a_filter_that_hides_it(qtbot, app: Application):
    _take(qtbot, app, "a")
    app.window.snapshots.filter.setText("nothing like it")
    _use(app, Act.GO_TO_CURRENT)
    tree = app.window.snapshots.tree
    assert app.window.snapshots.filter.text() == ""
    assert tree.choice.has(tree.model().here_index())


def test_a_machine_without_a_screen_has_no_console(app: Application):
    console = app.window.actions_[Act.CONSOLE]
    assert not console.isEnabled()
    assert "have no screen" in console.toolTip()
