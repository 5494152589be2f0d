"""The panel of machines, while hosts and machines come, go and change."""

import pytest
from PySide6.QtCore import QItemSelectionModel, QModelIndex
from pytestqt.qtbot import QtBot

from snapgui.core.records import (
    DomainId,
    DomainRecord,
    DomainState,
    HostRecord,
    HostState,
    Mode,
    SnapshotRecord,
    Snapshots,
)
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.models.machines import Column, MachinesModel
from snapgui.models.store import Store
from snapgui.ui.machines import MachinesPanel

_HERE, _THERE = "qemu:///system", "qemu+ssh://build/system"


def _machine(uri: str, name: str, state: DomainState = DomainState.RUNNING) -> DomainRecord:
    return DomainRecord(DomainId(uri, name), name, state)


@pytest.fixture
def store() -> Store:
    made = Store()
    for uri in (_HERE, _THERE):
        made.put_host(HostRecord(uri, HostState.CONNECTED))
        made.put_domains(uri, tuple(_machine(uri, name) for name in ("aquarius", "pisces", "virgo")))
    return made


@pytest.fixture
def panel(qtbot: QtBot, store: Store) -> MachinesPanel:
    made = MachinesPanel(MachinesModel(store))
    qtbot.addWidget(made)
    made.show()
    return made


def test_what_is_chosen_and_what_is_closed_stays_whatever_happens_to_the_machines(
    panel: MachinesPanel, store: Store
) -> None:
    model = panel.tree.model()
    panel.tree.collapse(model.index_of(_THERE))
    flag = QItemSelectionModel.SelectionFlag
    panel.choose(DomainId(_HERE, "pisces"))
    panel.tree.selectionModel().select(model.index_of(DomainId(_HERE, "virgo")), flag.Select | flag.Rows)
    chosen = panel.domains()
    assert [each.uuid for each in chosen] == ["pisces", "virgo"]
    for uri in (_HERE, _THERE):
        store.put_domain(_machine(uri, "pisces", DomainState.SHUT_OFF))
        store.put_domain(_machine(uri, "new"))
        store.put_domain(DomainRecord(DomainId(uri, "virgo"), "another name"))
        store.remove_domain(DomainId(uri, "aquarius"))
        assert panel.domain() == DomainId(_HERE, "pisces")
        assert set(panel.domains()) == set(chosen)
        assert panel.tree.isExpanded(model.index_of(_HERE))
        assert not panel.tree.isExpanded(model.index_of(_THERE))
    store.put_host(HostRecord(_THERE, HostState.FAILED))
    store.put_host(HostRecord(_THERE, HostState.CONNECTED))
    assert not panel.tree.isExpanded(model.index_of(_THERE))
    assert set(panel.domains()) == set(chosen)


def test_a_narrow_panel_is_for_names_a_wide_one_has_what_the_snapshots_free(panel: MachinesPanel, store: Store) -> None:
    def spanned() -> list[bool]:
        return [panel.tree.isFirstColumnSpanned(row, QModelIndex()) for row in range(2)]

    panel.resize(400, 300)
    assert spanned() == [True, True], "where there is no figure, a host's name has the row"
    domain = DomainId(_HERE, "pisces")
    store.put_snapshots(domain, Snapshots({"a": SnapshotRecord("a", memory=Mode.INTERNAL)}))
    image = ImageUsage("", ("a", NOW), (Held(5), Held()), (Held(),) * 2, ((0b01, Held(5)),), as_of=2e9)
    store.put_usage(domain, Usage({"vda": image}))
    assert spanned() == [False, True]
    for width in (150, 401, 149):
        panel.resize(width, 300)
        assert panel.tree.isColumnHidden(Column.FREES) == (width < 200)
        assert spanned() == [width < 200, True]
