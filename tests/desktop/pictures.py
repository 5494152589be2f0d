"""A picture of every window and dialog, in light and dark, on a usual and on a small screen.

Run by hand: ``python tests/desktop/pictures.py FOLDER``. Everything shown is real: the demo's machine with its history
and snapshots taken through the application, and libvirt's test driver for what QEMU has too little of. Ends with a
non-zero status where a picture could not be made.
"""

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

if __name__ == "__main__":  # the tests' folder, and the project from its work tree
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

import libvirt
from PySide6.QtCore import QItemSelectionModel, QLocale, QModelIndex, QSettings, QSignalBlocker, Qt
from PySide6.QtGui import QAction, QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QSpinBox,
    QTabWidget,
    QTreeWidget,
    QWidget,
)
from testbed.bundles import make_bundle
from testbed.desktop import Screen
from testbed.ugly import UGLY, ugly_host

from snapgui import __version__
from snapgui.app import Application
from snapgui.core.activity import JobState
from snapgui.core.plan import Call, Plan, Step
from snapgui.core.records import DomainId, Folder, Situation
from snapgui.core.requests import Power, PowerAction, Take
from snapgui.core.rules import make_plan
from snapgui.core.xml.read import read_domain
from snapgui.demo.session import MACHINE
from snapgui.models.machines import machine_total
from snapgui.models.roles import Role
from snapgui.settings import Settings
from snapgui.ui.actions import Act
from snapgui.ui.details.picture import Picture
from snapgui.ui.dialogs.import_snapshots import ImportDialog
from snapgui.ui.dialogs.plan_dialog import PlanDialog
from snapgui.ui.dialogs.together import TogetherDialog
from snapgui.ui.icons import app_icon
from snapgui.ui.snapshots.in_place import InPlaceEdit
from snapgui.ui.xml.edit import XmlEdit

SIZES = ("1280x800", "1024x600")
SCHEMES = ("light", "dark")
NAMES = (
    "start-page",
    "main-snapshot",
    "main-several",
    "main-here",
    "main-filter",
    "main-sorts",
    "main-banner",
    "main-empty-machine",
    "main-failed-host",
    "main-ugly-names",
    "main-many",
    "details-differs",
    "details-xml",
    "details-virsh",
    "details-picture",
    "chart-two",
    "chart-zero",
    "take",
    "take-commands",
    "take-refused",
    "take-files",
    "take-advanced",
    "take-blocked",
    "revert",
    "revert-advanced",
    "revert-settings",
    "revert-done",
    "undo",
    "main-left-behind",
    "delete-leaf",
    "delete-parent",
    "delete-many",
    "delete-many-commands",
    "delete-forget",
    "describe",
    "describe-in-place",
    "edit-xml",
    "edit-xml-wrong",
    "edit-xml-refused",
    "rename-refused",
    "clone",
    "clone-linked",
    "compact-refused",
    "export",
    "export-data",
    "export-data-refused",
    "export-bundle-refused",
    "import",
    "import-machine",
    "import-machine-afar",
    "import-machine-pools",
    "import-machine-refused",
    "compare",
    "waiting",
    "settings",
    "settings-xml",
    "connect",
    "connect-ssh",
    "force-off",
    "health",
    "health-delete",
    "health-nothing",
    "problem",
    "plan",
    "main-machines",
    "together",
    "together-refused",
    "together-failed",
    "about",
    "shortcuts",
    "leaving",
    "total-machine",
    "total-selection",
    "total-host",
    "total-host-unknown",
)

_NOBODY = "qemu+unix:///system?socket=/nonexistent/libvirt-sock"
T = TypeVar("T")


def file_name(name: str, scheme: str, size: str) -> str:
    """The picture of that name on a screen of that size."""
    return f"{name}-{scheme}-{size}.png"


def dark_palette() -> QPalette:
    """The dark palette of Qt's Fusion style; without a desktop, Qt has no other way to ask for it."""
    text, window, base = QColor(240, 240, 240), QColor(50, 50, 50), QColor(36, 36, 36)
    palette = QPalette(text, window, window.lighter(150), window.darker(150), window.darker(130), text, base)
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    palette.setColor(role.Highlight, QColor(48, 140, 198))
    palette.setColor(role.HighlightedText, QColor(255, 255, 255))
    palette.setColor(role.AlternateBase, QColor(43, 43, 43))
    palette.setColor(role.Link, QColor(48, 140, 198))
    palette.setColor(role.ToolTipBase, window)
    palette.setColor(role.ToolTipText, text)
    palette.setColor(role.PlaceholderText, QColor(240, 240, 240, 128))
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(group.Disabled, each, QColor(130, 130, 130))
    return palette


SHOWN = "shown"  # the file that names the class of each window and dialog that has its picture


class Studio:
    """The application on the screen, somebody who uses it, and a camera."""

    def __init__(self, application: Application, folder: Path, size: str) -> None:
        self.application = application
        self.window = application.window
        self._folder = folder
        self._size = size
        self._palettes = {"light": QApplication.palette(), "dark": dark_palette()}

    def until(self, condition: Callable[[], T], what: str, seconds: float = 30) -> T:
        """Wait for the first true answer; the event loop runs."""
        deadline = time.monotonic() + seconds
        while True:
            answer = condition()
            if answer:
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {seconds} s for {what}")
            QTest.qWait(10)

    def shoot(self, name: str, widget: QWidget) -> None:
        """Take the widget's picture in light and in dark."""
        assert name in NAMES, name
        self.until(widget.isVisible, f"{name} to be shown")
        with (self._folder / SHOWN).open("a") as shown:
            shown.write(f"{type(widget).__name__}\n")
        QTest.qWait(60)  # what is read, measured and laid out soon
        room = widget.screen().geometry().size()
        fits = widget.width() <= room.width() and widget.height() <= room.height()
        assert fits, f"{name} is {widget.size()}, larger than the screen"
        for scheme in SCHEMES:
            QApplication.setPalette(self._palettes[scheme])
            QTest.qWait(20)
            path = self._folder / file_name(name, scheme, self._size)
            assert widget.grab().save(str(path)), f"{path} could not be written"
        QApplication.setPalette(self._palettes["light"])

    @contextmanager
    def dialog(self, act: Act | QAction | Callable[[], object]) -> Iterator[QDialog]:
        """The dialog that an action opens, for as long as the block runs."""
        if isinstance(act, Act):
            act = self.window.actions_[act]
        if isinstance(act, QAction):
            assert act.isEnabled(), act.toolTip()
            act.trigger()
        else:
            act()
        dialog = self.until(self._open_dialog, "a dialog")
        if isinstance(dialog, PlanDialog):
            self.until(lambda: not dialog.waiting, "the machine to be read")
        yield dialog
        if (still_open := self._open_dialog()) is not None:
            still_open.reject()
        self.until(lambda: self._open_dialog() is None, "the dialog to close")

    @staticmethod
    def _open_dialog() -> QDialog | None:
        return next(
            (each for each in QApplication.topLevelWidgets() if isinstance(each, QDialog) and each.isVisible()), None
        )

    def machine(self, name: str) -> None:
        """Choose a machine and wait for all of its snapshots."""
        domain = self.until(lambda: self._domain(name), f"the machine “{name}”")
        self.window.machines.choose(domain)
        store = self.application.store
        self.until(lambda: store.snapshots_known(domain), "its snapshots")
        self.until(lambda: all(each.complete for each in store.snapshots(domain).records.values()), "all of them")
        names = store.snapshots(domain).records
        self.until(lambda: set(names) <= set(store.sizes(domain)), "their sizes")

    def _domain(self, name: str) -> DomainId | None:
        store = self.application.store
        found = (record for host in store.hosts() for record in store.domains(host.uri) if record.name == name)
        return next((record.id for record in found), None)

    def select(self, *names: str) -> None:
        """Choose these snapshots in the tree."""
        tree = self.window.snapshots.tree
        flag = QItemSelectionModel.SelectionFlag
        tree.clearSelection()
        for name in names:
            index = self.until(lambda name=name: self.row(name), f"the snapshot “{name}”")
            tree.selectionModel().setCurrentIndex(index, flag.Select | flag.Rows)
            tree.scrollTo(index)
        QTest.qWait(150)  # the picture of the screen is loaded and decoded

    def row(self, name: str) -> QModelIndex | None:
        """The snapshot's row in the tree."""
        index = self.window.snapshots.tree.model().index_of(name)
        return index if index.isValid() else None

    def take(self, name: str, description: str) -> None:
        """Take a snapshot through the dialog."""
        with self.dialog(Act.TAKE) as dialog:
            _field(dialog, QLineEdit, "Name").setText(name)
            dialog.findChild(QPlainTextEdit).setPlainText(description)
            self.accept(dialog)
        self.until(lambda: self.row(name), f"“{name}” in the tree")
        QTest.qWait(100)

    def accept(self, dialog: QDialog) -> None:
        """Press OK and wait for the job."""
        runner, ended = self.application.backend.runner, []
        runner.job_changed.connect(ended.append)
        QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
        self.until(lambda: any(job.state.ended for job in ended), "the job to end")
        assert ended[-1].state is JobState.DONE, ended[-1].problem

    def menu(self, text: str) -> QAction:
        """The entry of that text in the window's menus; its mnemonic is not part of it."""
        menus = (action.menu() for action in self.window.menuBar().actions())
        entries = itertools.chain.from_iterable(menu.actions() for menu in menus if menu is not None)
        return next(entry for entry in entries if entry.text().replace("&", "") == text)


def _field(dialog: QWidget, kind: type[T], name: str) -> T:
    return next(each for each in dialog.findChildren(kind) if each.accessibleName() == name)


def _press(widget: QWidget, text: str) -> None:
    buttons = widget.findChildren(QAbstractButton)
    next(button for button in buttons if button.text().replace("&", "") == text and button.isVisible()).click()


def pictures(studio: Studio, folder: Path) -> None:
    """Everything there is to see, one after the other. ``folder`` is for files that are thrown away."""
    window = studio.window
    window.show_start_page(())
    studio.shoot("start-page", window)
    _connections(studio)
    studio.application.start_demo()
    studio.machine(MACHINE)
    studio.until(lambda: studio.row("counter-3"), "the demo's history")
    studio.until(lambda: not window.statusBar().currentMessage(), "the demo to be ready")
    studio.take("before-update", "Everything works. The way back if the update does not.")
    studio.take("after-update", "Updated, restarted, looked at.\nThe counter goes on where it was.")
    _main(studio)
    _taking(studio)
    _reverts(studio)
    _dialogs(studio)
    _definitions(studio, folder)
    _health(studio)
    _failures(studio)
    _leaving(studio, folder)
    _other_machines(studio, folder)
    _totals(studio)


def _connections(studio: Studio) -> None:
    with studio.dialog(Act.CONNECT) as dialog:
        studio.shoot("connect", dialog)
        dialog.findChild(QComboBox).setCurrentIndex(2)
        dialog.findChildren(QLineEdit)[0].setText("build.example")
        studio.shoot("connect-ssh", dialog)


def _main(studio: Studio) -> None:
    window = studio.window
    studio.select("after-update")
    model = window.snapshots.tree.choice.snapshots
    costs = model.index_of("after-update")
    studio.until(lambda: costs.data(Role.COST) is not None, "its clusters to be counted")
    studio.shoot("main-snapshot", window)
    tabs = window.details.findChild(QTabWidget)
    for tab, name in ((1, "details-differs"), (2, "details-xml"), (3, "details-virsh")):
        tabs.setCurrentIndex(tab)
        QTest.qWait(150)
        studio.shoot(name, window.details)
    tabs.setCurrentIndex(0)
    picture = tabs.findChild(Picture)
    studio.until(picture.isVisible, "the picture of the screen")
    with studio.dialog(picture.click) as dialog:
        studio.shoot("details-picture", dialog)
    studio.select("counter-1", "counter-2", "before-update")
    studio.shoot("main-several", window)
    studio.select("before-update", "after-update")
    studio.shoot("chart-two", window.sizes)
    window.actions_[Act.GO_TO_CURRENT].trigger()
    studio.until(lambda: any(each.isVisible() for each in window.details.findChildren(Picture)), "the screen")
    studio.shoot("main-here", window)
    window.snapshots.filter.setText("later")
    studio.shoot("main-filter", window)
    window.snapshots.filter.clear()
    sorts = window.snapshots.sorts.sorts.actions()
    next(each for each in sorts if each.text() == "&Leaves").trigger()
    next(each for each in sorts if each.text() == "Taken &active").trigger()
    studio.shoot("main-sorts", window)
    window.snapshots.sorts.clear()


def _taking(studio: Studio) -> None:
    with studio.dialog(Act.TAKE) as dialog:
        studio.shoot("take", dialog)
        _press(dialog, "Commands")
        studio.shoot("take-commands", dialog)
        _field(dialog, QLineEdit, "Name").setText("before-update")
        studio.shoot("take-refused", dialog)
    with studio.dialog(Act.TAKE) as dialog:
        _press(dialog, "In files of their own")
        _press(dialog, "Disks and memory")
        studio.shoot("take-files", dialog)
        _press(dialog, "Advanced")
        studio.shoot("take-advanced", dialog)
        _press(dialog, "Disks only")
        _press(dialog, "Hold the guest\N{RIGHT SINGLE QUOTATION MARK}s file systems still")
        studio.shoot("take-blocked", dialog)


def _reverts(studio: Studio) -> None:
    studio.select("before-update")
    with studio.dialog(Act.REVERT) as dialog:
        QTest.qWait(150)
        studio.shoot("revert", dialog)
        _press(dialog, "Advanced")
        studio.shoot("revert-advanced", dialog)
        _press(dialog, "Changes of the settings")
        QTest.qWait(300)
        studio.shoot("revert-settings", dialog)
    with studio.dialog(Act.REVERT) as dialog:
        studio.accept(dialog)
    studio.until(lambda: studio.row("before-revert-1"), "the safety snapshot")
    studio.select("before-revert-1")
    studio.shoot("revert-done", studio.window)
    with studio.dialog(Act.UNDO) as dialog:
        studio.shoot("undo", dialog)
        studio.accept(dialog)
    studio.until(lambda: studio.row("before-revert-1") is None, "the safety snapshot to go")
    store, domain = studio.application.store, studio.window.snapshots.tree.choice.snapshots.domain
    studio.until(lambda: machine_total(store, store.domain(domain)).left, "the memory that the revert leaves behind")
    studio.window.actions_[Act.GO_TO_CURRENT].trigger()
    studio.until(lambda: any(map(QWidget.isVisible, studio.window.details.findChildren(Picture))), "the screen")
    studio.shoot("main-left-behind", studio.window)


def _dialogs(studio: Studio) -> None:
    studio.select("after-update")
    with studio.dialog(Act.DELETE) as dialog:
        studio.shoot("delete-leaf", dialog)
    studio.select("counter-1")
    with studio.dialog(Act.DELETE) as dialog:
        studio.shoot("delete-parent", dialog)
        _press(dialog, "This snapshot and everything below it")
        studio.shoot("delete-many", dialog)
        _press(dialog, "Commands")
        studio.shoot("delete-many-commands", dialog)
    with studio.dialog(Act.DELETE) as dialog:
        _press(dialog, "Advanced")
        _press(dialog, "Keep the data in the images: libvirt only forgets")
        studio.shoot("delete-forget", dialog)
    with studio.dialog(Act.CLONE) as dialog:
        studio.shoot("clone", dialog)
        _press(dialog, "Linked to the images of then")
        studio.shoot("clone-linked", dialog)
    with studio.dialog(Act.COMPACT) as dialog:
        studio.shoot("compact-refused", dialog)
    with studio.dialog(Act.EDIT) as dialog:
        dialog.findChild(QPlainTextEdit).setPlainText("Soon after the start: the counter had just begun.")
        studio.shoot("describe", dialog)
    with studio.dialog(Act.SETTINGS) as dialog:
        _field(dialog, QSpinBox, "Memory").setValue(64)
        studio.shoot("settings", dialog)
        dialog.findChild(QTabWidget).setCurrentIndex(1)
        text = _field(dialog, QPlainTextEdit, "XML of the machine")
        text.setPlainText(text.toPlainText().replace("</os>", "</so>"))
        studio.until(lambda: not dialog.ok.isEnabled(), "the fault to be seen")
        studio.shoot("settings-xml", dialog)
        text.setPlainText(dialog.situation.next_xml)  # nothing is changed, so that closing asks nothing
    _with_less_memory(studio)
    with studio.dialog(Act.FORCE_OFF) as dialog:
        studio.shoot("force-off", dialog)
    jobs = studio.window.activity.tree
    jobs.setCurrentIndex(jobs.model().index(0, 0))
    with studio.dialog(studio.window.activity.show_plan) as dialog:
        studio.shoot("plan", dialog)
    with studio.dialog(studio.menu("About snapgui")) as dialog:
        studio.shoot("about", dialog)
    with studio.dialog(studio.menu("Keyboard shortcuts")) as dialog:
        studio.shoot("shortcuts", dialog)


def _definitions(studio: Studio, folder: Path) -> None:
    """XML edited, and wrong; a snapshot that can't be renamed; files out and in, some of them of no use."""
    window = studio.window
    studio.select("after-update")
    window.actions_[Act.DESCRIBE].trigger()
    window.snapshots.findChild(InPlaceEdit).insertPlainText("Updated, restarted, looked at.\nAnd once more.")
    studio.shoot("describe-in-place", window)
    window.snapshots.findChild(InPlaceEdit).finish(save=False)
    with studio.dialog(Act.EDIT_XML) as dialog:
        edit = dialog.findChild(XmlEdit)
        xml = edit.text()
        edit.replace_text(xml.replace("counter goes on", "counter went on"))
        edit.changed.emit()
        studio.shoot("edit-xml", dialog)
        edit.replace_text(xml.replace("</state>", "</stat>"))
        edit.changed.emit()
        studio.shoot("edit-xml-wrong", dialog)
        edit.replace_text(xml.replace("<state>", "<nonsense/><state>"))
        edit.changed.emit()
        QTest.mouseClick(dialog.ok, Qt.MouseButton.LeftButton)
        studio.until(lambda: not dialog.busy and edit.fault(), "libvirt's refusal")
        studio.shoot("edit-xml-refused", dialog)
        edit.replace_text(xml)
    with studio.dialog(Act.RENAME) as dialog:
        studio.shoot("rename-refused", dialog)
    with studio.dialog(Act.EXPORT) as dialog:
        studio.shoot("export", dialog)
    _taken_out(studio, folder, xml)
    texts = {"new.xml": xml.replace("after-update", "copied"), "old.xml": xml, "notes.xml": "Buy milk"}
    for name, text in texts.items():
        (folder / name).write_text(text)
    window.actions_[Act.IMPORT].trigger()
    asked = studio.until(lambda: _shown(QFileDialog), "the question which files")
    asked.reject()
    dialog = studio.until(lambda: _shown(ImportDialog), "the dialog")
    dialog.want([str(folder / name) for name in texts])
    studio.until(lambda: "…" not in dialog.ok.toolTip() and not dialog.waiting, "the files to be read")
    QTest.qWait(300)
    studio.shoot("import", dialog)
    dialog.reject()


def _taken_out(studio: Studio, folder: Path, xml: str) -> None:
    """A snapshot's data as files, and a machine from a bundle, whole and spoilt."""
    with studio.dialog(Act.EXPORT_DATA) as dialog:
        _field(dialog, QLineEdit, "Folder").setText(str(folder))
        studio.until(lambda: not dialog.waiting, "the folder to be read")
        QTest.qWait(100)
        studio.shoot("export-data", dialog)
        dialog.findChild(QComboBox).setCurrentIndex(3)
        studio.shoot("export-bundle-refused", dialog)
        dialog.findChild(QComboBox).setCurrentIndex(0)
        _field(dialog, QLineEdit, "Folder").setText("exports")
        studio.shoot("export-data-refused", dialog)
    bundle = make_bundle(folder / "bundle", xml)
    with studio.dialog(Act.IMPORT_MACHINE) as dialog:
        _field(dialog, QLineEdit, "Folder").setText(str(folder))
        _field(dialog, QLineEdit, "Bundle").setText(str(bundle))
        studio.until(lambda: _field(dialog, QLineEdit, "Name").text() and not dialog.waiting, "the bundle to be read")
        QTest.qWait(100)
        studio.shoot("import-machine", dialog)
        _from_afar(studio, dialog)
        _field(dialog, QLineEdit, "Bundle").setText(f"{folder}/none")
        studio.until(lambda: dialog.status() and "…" not in dialog.status(), "the reason")
        studio.shoot("import-machine-refused", dialog)


def _from_afar(studio: Studio, dialog: PlanDialog) -> None:
    """The same where only the host can write the folder, and of what it offers."""
    pools = {"/var/lib/libvirt/images": "images", "/srv/virtual machines/ü": "more", "/mnt/nfs": "nfs"}
    room = 200 * 2**30
    folders = {path: Folder(room, frozenset(), place=pool, pool=pool) for path, pool in pools.items()}
    read = dialog.situation
    folder = _field(dialog, QLineEdit, "Folder")
    before = folder.text()
    with QSignalBlocker(folder):  # it is not to be read
        folder.setText("/var/lib/libvirt/images")
    dialog.set_situation(replace(read, host=replace(read.host, near=False), folders=folders))
    studio.shoot("import-machine-afar", dialog)
    _press(dialog, "Browse…")
    menu = studio.until(lambda: _shown(QMenu), "the pools")
    studio.shoot("import-machine-pools", menu)
    menu.close()
    with QSignalBlocker(folder):
        folder.setText(before)
    dialog.set_situation(read)


def _shown(kind: type[T]) -> T | None:
    return next((each for each in QApplication.topLevelWidgets() if isinstance(each, kind) and each.isVisible()), None)


def _health(studio: Studio) -> None:
    """A sound machine; then one with a snapshot that libvirt was made to forget, and files left over."""
    with studio.dialog(Act.CHECK_HEALTH) as dialog:
        studio.shoot("health-nothing", dialog)
    domain = studio.window.machines.domain()
    assert domain is not None
    other = libvirt.open(domain.uri)
    machine = other.lookupByUUIDString(domain.uuid)
    machine.snapshotLookupByName("after-update").delete(libvirt.VIR_DOMAIN_SNAPSHOT_DELETE_METADATA_ONLY)
    disk = Path(read_domain(machine.XMLDesc()).disks[0].source)
    other.close()
    for name, age in (("before-tests", 7200), ("after-tests", 0)):
        left = disk.with_name(f"{disk.stem}.{name}")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", disk, "-F", "qcow2", left, "8M"], check=True)
        os.utime(left, (time.time() - age, time.time() - age))
    studio.until(lambda: studio.row("after-update") is None, "the snapshot to be forgotten")
    with studio.dialog(Act.CHECK_HEALTH) as dialog:
        tree = dialog.findChild(QTreeWidget)
        studio.until(lambda: tree.topLevelItem(0).child(0).text(3) != "\N{EN DASH}", "the snapshot to be counted")
        studio.shoot("health", dialog)
        dialog.findChild(QComboBox).setCurrentIndex(1)
        studio.shoot("health-delete", dialog)
        dialog.findChild(QComboBox).setCurrentIndex(0)
        studio.accept(dialog)
    studio.until(lambda: studio.row("after-update"), "the snapshot to be known again")


def _with_less_memory(studio: Studio) -> None:
    """Other settings, so that there is something that differs."""
    studio.select("counter-1")
    with studio.dialog(Act.SETTINGS) as dialog:
        _field(dialog, QSpinBox, "Memory").setValue(24)
        _field(dialog, QLineEdit, "Title").setText("Counts for ever")
        studio.accept(dialog)
    with studio.dialog(Act.COMPARE) as dialog:
        studio.until(lambda: len(dialog.view.texts()) > 1, "the comparison")
        studio.until(lambda: len(dialog.disks.texts()) > 1, "that of the disks")
        dialog.view.open_lines()
        studio.shoot("compare", dialog)
    studio.window.snapshots.select_here()
    button = studio.until(lambda: _waiting_button(studio), "what waits for the next start")
    with studio.dialog(button.click) as dialog:
        studio.shoot("waiting", dialog)


def _waiting_button(studio: Studio) -> QAbstractButton | None:
    buttons = studio.window.details.findChildren(QAbstractButton)
    return next((each for each in buttons if each.isVisible() and "next start" in each.text()), None)


def _failures(studio: Studio) -> None:
    """Somebody else takes the name between the plan and the job."""
    window, backend = studio.window, studio.application.backend
    domain = window.machines.domain()
    assert domain is not None
    read: list[Situation] = []
    backend.hosts.survey(domain, (), read.append, lambda _problem: None)
    situation = studio.until(lambda: read and read[0], "the machine to be read")
    plan = make_plan(Take(domain, "nightly"), situation)
    other = libvirt.open(domain.uri)
    other.lookupByUUIDString(domain.uuid).snapshotCreateXML("<domainsnapshot><name>nightly</name></domainsnapshot>")
    other.close()
    backend.runner.start(plan)
    studio.until(window.banner.isVisible, "the banner")
    studio.select("nightly")
    studio.shoot("main-banner", window)
    with studio.dialog(lambda: _press(window.banner, "Details…")) as dialog:
        _press(dialog, "Details")
        studio.shoot("problem", dialog)
    window.banner.clear()


def _leaving(studio: Studio, folder: Path) -> None:
    """The window is closed while something is copied, and a second thing waits for that."""
    runner, domain = studio.application.backend.runner, studio.window.machines.domain()
    assert domain is not None
    for number in (1, 2):
        path = str(folder / f"copy-{number}")
        slow = ("sh", "-c", 'printf x >"$0"; exec sleep 60', path)
        step = Step(Call.PROGRAM, domain, MACHINE, program=slow, path=path, abortable=True)
        runner.start(Plan(Power(domain, PowerAction.START), f"Copy “counter-{number}” of {MACHINE}", (step,)))
    studio.until(lambda: any(job.state is JobState.RUNNING for job in runner.busy), "the copy")
    with studio.dialog(studio.window.close) as box:
        studio.shoot("leaving", box)
    for job in reversed(runner.busy):
        runner.cancel(job.id)
    studio.until(lambda: not runner.busy, "the copies to end")


def _other_machines(studio: Studio, folder: Path) -> None:
    window, hosts = studio.window, studio.application.backend.hosts
    hosts.connect_host(ugly_host(folder))
    studio.machine("aquarius")
    studio.shoot("main-empty-machine", window)
    studio.machine("gemini")
    studio.select(UGLY[4][0])
    studio.shoot("main-ugly-names", window)
    studio.machine("pisces")
    studio.shoot("chart-zero", window.sizes)
    studio.machine("taurus")
    studio.select("nightly-500")
    studio.shoot("main-many", window)
    _several(studio)
    hosts.connect_host(_NOBODY)
    studio.until(lambda: window.machines.choose(_NOBODY), "the host")
    studio.until(lambda: (host := studio.application.store.host(_NOBODY)) and host.problem, "it to fail")
    studio.shoot("main-failed-host", window)


def _totals(studio: Studio) -> None:
    """What snapshots hold together: those of a machine, of a choice, of a host of which it is known or not."""
    window, store = studio.window, studio.application.store
    window.banner.clear()
    studio.machine(MACHINE)
    with studio.dialog(Act.FORCE_OFF) as dialog:
        studio.accept(dialog)
    domain = studio._domain(MACHINE)
    assert domain is not None
    studio.until(lambda: machine_total(store, store.domain(domain)).counted, "all of them to be counted")
    window.snapshots.select_here()
    QTest.qWait(150)
    studio.shoot("total-machine", window)
    studio.select(*store.snapshots(domain).records)
    studio.shoot("total-selection", window)
    ugly = studio._domain("taurus")
    assert ugly is not None
    for name, uri in (("total-host", domain.uri), ("total-host-unknown", ugly.uri)):
        window.machines.choose(uri)
        QTest.qWait(150)
        studio.shoot(name, window)


def _several(studio: Studio) -> None:
    """Machines on two hosts; of one, somebody takes the name between the plan and its job."""
    window, tree = studio.window, studio.window.machines.tree
    studio.machine("pisces")
    for name in ("gemini", "aquarius", MACHINE):
        index = tree.model().index_of(studio.until(lambda name=name: studio._domain(name), name))
        tree.selectionModel().setCurrentIndex(
            index, QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        )
    QTest.qWait(150)
    studio.shoot("main-machines", window)
    with studio.dialog(Act.TAKE) as dialog:
        assert isinstance(dialog, TogetherDialog)
        studio.shoot("together", dialog)
        plan = dialog.plan
        _field(dialog, QComboBox, "Kind").setCurrentIndex(3)
        studio.shoot("together-refused", dialog)
    host = studio.application.backend.hosts.host(plan.steps[0].domain.uri)
    assert host is not None
    host.run(plan.steps[0])
    studio.application.backend.runner.start(plan)
    studio.until(window.banner.isVisible, "the failure")
    QTest.qWait(150)
    studio.shoot("together-failed", window)


def _photograph(folder: Path, size: str) -> None:
    """In a process of its own, on the display that the environment names."""
    qt = QApplication(["snapgui"])
    qt.setApplicationName("snapgui")
    qt.setApplicationVersion(__version__)
    qt.setWindowIcon(app_icon())
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    with tempfile.TemporaryDirectory(prefix="snapgui-pictures-") as fleeting:
        stored = QSettings(str(Path(fleeting) / "snapgui.ini"), QSettings.Format.IniFormat)
        application = Application(Settings(stored), Path(fleeting) / "cache")
        window = application.window
        try:
            window.showFullScreen()
            width, height = map(int, size.split("x"))
            studio = Studio(application, folder, size)
            studio.until(lambda: (window.width(), window.height()) == (width, height), "the window to fill the screen")
            pictures(studio, Path(fleeting))
        finally:
            window.close()
            stored.sync()  # or it would write into the folder after its end


def main(folder: Path) -> int:
    """Make them all; the exit status."""
    folder.mkdir(parents=True, exist_ok=True)
    screens = [Screen(size) for size in SIZES]
    try:
        runs = [
            subprocess.Popen([sys.executable, __file__, folder, "--size", size], env=screen.environment)
            for size, screen in zip(SIZES, screens, strict=True)
        ]
        statuses = [run.wait() for run in runs]
    finally:
        for screen in screens:
            screen.close()
    missing = [
        name for each in itertools.product(NAMES, SCHEMES, SIZES) if not (folder / (name := file_name(*each))).is_file()
    ]
    if missing:
        print(f"{len(missing)} pictures were not made; the first: {missing[0]}", file=sys.stderr)
    return int(any(statuses) or bool(missing))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a picture of every window and dialog.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", choices=SIZES, help="only on a screen of this size, the one that DISPLAY names")
    given = parser.parse_args()
    if given.size is None:
        sys.exit(main(given.folder))
    _photograph(given.folder, given.size)
