"""One machine with a few snapshots, and the details beside a tree."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QPushButton, QTabWidget, QTreeView
from pytestqt.qtbot import QtBot

from snapgui.core.records import (
    DomainId,
    DomainRecord,
    DomainState,
    HostRecord,
    Mode,
    Size,
    SnapshotDisk,
    SnapshotRecord,
    Snapshots,
    SnapshotState,
)
from snapgui.core.requests import Describe
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.store import Store
from snapgui.ui.details.panel import DetailsPanel
from snapgui.ui.selection import RowSelection

DOMAIN = DomainId("qemu:///system", "6c9ae4f4-0000-0000-0000-000000000001")
OTHER = DomainId("qemu:///system", "6c9ae4f4-0000-0000-0000-000000000002")


@dataclass
class Desk:
    """What a test needs at hand, and what the panel has asked for."""

    store: Store
    model: SnapshotsModel
    tree: QTreeView
    panel: DetailsPanel
    domain: DomainId = DOMAIN
    other: DomainId = OTHER
    described: list[Describe] = field(default_factory=list)
    xml_wanted: list[str] = field(default_factory=list)
    pictures_wanted: list[str] = field(default_factory=list)
    activated: list[str] = field(default_factory=list)

    def choose(self, *names: str) -> None:
        """Select these rows of the tree and no others."""
        flag = QItemSelectionModel.SelectionFlag
        selection = self.tree.selectionModel()
        selection.setCurrentIndex(self.model.index_of(names[0]), flag.ClearAndSelect | flag.Rows)
        for name in names[1:]:
            selection.select(self.model.index_of(name), flag.Select | flag.Rows)

    def choose_here(self) -> None:
        """Select the row "You are here"."""
        flag = QItemSelectionModel.SelectionFlag
        self.tree.selectionModel().setCurrentIndex(self.model.here_index(), flag.ClearAndSelect | flag.Rows)

    def change(self, name: str, **changes: Any) -> None:
        """The snapshot is read again, and differs."""
        snapshots = self.store.snapshots(DOMAIN)
        records = {**snapshots.records, name: replace(snapshots.records[name], **changes)}
        self.store.put_snapshots(DOMAIN, Snapshots(records, snapshots.current))

    def texts(self) -> list[str]:
        """All that can be read in the panel, as far as it is on screen."""
        labels = [label.text() for label in self.panel.findChildren(QLabel) if label.isVisible()]
        fields = [edit.toPlainText() for edit in self.panel.findChildren(QPlainTextEdit) if edit.isVisible()]
        links = [button.text() for button in self.panel.findChildren(QPushButton) if button.isVisible()]
        return labels + fields + links

    def value(self, label: str) -> str:
        """The text beside a label."""
        return next(e for e in self.panel.findChildren(QPlainTextEdit) if e.accessibleName() == label).toPlainText()

    def button(self, text: str) -> QPushButton:
        """The button on screen with that text."""
        return next(b for b in self.panel.findChildren(QPushButton) if b.text() == text and b.isVisible())

    def description(self) -> QPlainTextEdit:
        """The field with the description."""
        return next(e for e in self.panel.findChildren(QPlainTextEdit) if e.accessibleName() == "Description")

    def open_tab(self, text: str) -> None:
        """Turn to a tab."""
        tabs = self.panel.findChild(QTabWidget)
        tabs.setCurrentIndex([tabs.tabText(place) for place in range(tabs.count())].index(text))


def _record(name: str, parent: str | None, **more: Any) -> SnapshotRecord:
    return SnapshotRecord(
        name,
        parent=parent,
        created=1_700_000_000,
        state=SnapshotState.RUNNING,
        memory=Mode.INTERNAL,
        disks=(SnapshotDisk("vda", Mode.INTERNAL), SnapshotDisk("vdb", Mode.NO)),
        **more,
    )


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    """A panel with "clean", its child "pisces-1" and eight children of that."""
    store = Store()
    store.put_host(HostRecord(DOMAIN.uri))
    machines = (
        DomainRecord(DOMAIN, "pisces", DomainState.RUNNING),
        DomainRecord(OTHER, "aquarius", DomainState.SHUT_OFF),
    )
    store.put_domains(DOMAIN.uri, machines)
    records = [_record("clean", None), _record("pisces-1", "clean", description="Before the update")]
    records += [_record(f"kid {number}", "pisces-1") for number in range(8)]
    store.put_snapshots(DOMAIN, Snapshots({record.name: record for record in records}, "pisces-1"))
    store.put_snapshots(OTHER, Snapshots({"pisces-1": _record("pisces-1", None, description="Of the other")}))
    store.put_sizes(DOMAIN, {"clean": Size(0), "pisces-1": Size(99_614_751), "kid 0": Size(None, "No permission.")})
    model = SnapshotsModel(store)
    model.set_domain(DOMAIN)
    tree = QTreeView()
    qtbot.addWidget(tree)
    tree.setModel(model)
    tree.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
    selection = RowSelection(model, tree)
    tree.setSelectionModel(selection)
    panel = DetailsPanel(store, model, selection)
    qtbot.addWidget(panel)
    made = Desk(store, model, tree, panel)
    panel.describe.connect(made.described.append)
    panel.xml_wanted.connect(lambda _domain, name: made.xml_wanted.append(name))
    panel.picture_wanted.connect(lambda _domain, name: made.pictures_wanted.append(name))
    panel.snapshot_activated.connect(made.activated.append)
    panel.resize(320, 700)
    with qtbot.waitExposed(panel):
        panel.show()
    return made
