"""One machine with snapshots of every sort, and the chart beside a tree."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from PySide6.QtWidgets import QTreeView
from pytestqt.qtbot import QtBot

from snapgui.core.records import (
    DomainId,
    DomainRecord,
    DomainState,
    HostRecord,
    Mode,
    Size,
    SnapshotRecord,
    Snapshots,
    SnapshotState,
)
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.store import Store
from snapgui.ui.chart.panel import SizesPanel
from snapgui.ui.selection import RowSelection

DOMAIN = DomainId("qemu:///system", "6c9ae4f4-0000-0000-0000-000000000001")
MIB = 1 << 20


@dataclass
class Desk:
    """What a test needs at hand."""

    store: Store
    model: SnapshotsModel
    tree: QTreeView
    panel: SizesPanel

    def put(self, snapshots: Snapshots, sizes: Mapping[str, Size]) -> None:
        """Let the store know these."""
        self.store.put_snapshots(DOMAIN, snapshots)
        self.store.put_sizes(DOMAIN, sizes)

    def put_family(self) -> None:
        """A root, two children and a grandchild that was taken after its uncle."""
        self.put(*family())
        self.store.put_usage(DOMAIN, usage())

    def put_memory(self, sizes: Mapping[str, Size]) -> None:
        """Snapshots with these memory states, and nothing on any disk."""
        self.put(Snapshots({name: snapshot(name) for name in sizes}), sizes)
        self.store.put_usage(DOMAIN, image(dict.fromkeys(sizes, (0, 0))))

    def bars(self) -> list[str]:
        """The names under the bars, from left to right."""
        model = self.panel.view.model()
        return [model.index(row, 0).data() for row in range(model.rowCount())]

    def bars_selected(self) -> set[str]:
        """The names of the selected bars."""
        return {index.data() for index in self.panel.view.selectedIndexes()}

    def rows_selected(self) -> set[str]:
        """The names of the selected rows of the tree."""
        return {index.data() for index in self.tree.selectionModel().selectedIndexes() if index.column() == 0}


def snapshot(name: str, parent: str | None = None, created: int = 1_700_000_000) -> SnapshotRecord:
    """A snapshot of a running machine."""
    return SnapshotRecord(
        name, parent=parent, created=created, state=SnapshotState.RUNNING, memory=Mode.INTERNAL, description=""
    )


def family() -> tuple[Snapshots, dict[str, Size]]:
    """What ``put_family`` puts."""
    records = [
        snapshot("clean", None, 1_700_000_000),
        snapshot("pisces-1", "clean", 1_700_000_100),
        snapshot("deep", "pisces-1", 1_700_000_300),
        snapshot("late", "clean", 1_700_000_200),
    ]
    sizes = {
        "clean": Size(0),
        "pisces-1": Size(95 * MIB),
        "deep": Size(543 * MIB),
        "late": Size(None, "The image can't be read."),
    }
    return Snapshots({record.name: record for record in records}, "deep"), sizes


def usage() -> Usage:
    """Of the family's image, that "late" is not in: what each has alone, and 200 MiB that all of the others share."""
    return image({"clean": (0, 200), "pisces-1": (32, 200), "deep": (64, 200)})


def image(figures: Mapping[str, tuple[int, int]]) -> Usage:
    """Of one image with these snapshots: MiB that each holds alone, and that all of them share, the same for each."""
    alone = (*(Held(own * MIB) for own, _ in figures.values()), Held())
    shared = (*(Held(both * MIB) for _, both in figures.values()), Held())
    groups = [(1 << place, held) for place, held in enumerate(alone)]
    groups.append(((1 << len(figures)) - 1, shared[0]))
    return Usage({"vda": ImageUsage("/a", (*figures, NOW), alone, shared, tuple(groups), as_of=1_700_001_000)})


@pytest.fixture
def desk(qtbot: QtBot) -> Desk:
    """A chart of a machine whose snapshots have not been read yet."""
    store = Store()
    store.put_host(HostRecord(DOMAIN.uri))
    store.put_domains(DOMAIN.uri, (DomainRecord(DOMAIN, "pisces", DomainState.RUNNING),))
    model = SnapshotsModel(store)
    model.set_domain(DOMAIN)
    tree = QTreeView()
    qtbot.addWidget(tree)
    tree.setModel(model)
    tree.setSelectionMode(QTreeView.SelectionMode.ExtendedSelection)
    selection = RowSelection(model, tree)
    tree.setSelectionModel(selection)
    panel = SizesPanel(store, model, selection)
    qtbot.addWidget(panel)
    panel.resize(640, 260)
    panel.show()
    return Desk(store, model, tree, panel)
