"""The tree of machines: its rows follow what happens to each, and say what is wrong where something is."""

from collections.abc import Callable
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QTreeView

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, DomainRecord, DomainState, HostRecord, HostState, SnapshotRecord, Snapshots
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.models.machines import Column, MachinesModel, host_label
from snapgui.models.roles import Role
from snapgui.models.store import Store

LOCAL = "qemu:///system"
MIB = 2**20
REMOTE = "qemu+ssh://root@build.example/session"


@pytest.fixture
def store(qapp: Any) -> Store:  # noqa: ARG001 - signals need the application
    """Two connections, the first with three machines."""
    made = Store()
    made.put_host(HostRecord(LOCAL, HostState.CONNECTED))
    made.put_host(HostRecord(REMOTE, HostState.CONNECTED))
    for name in ("web-10", "Web-9", "db"):
        made.put_domain(machine(name))
    return made


@pytest.fixture
def model(store: Store) -> MachinesModel:
    """Shows them, by Qt's rules."""
    made = MachinesModel(store)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


def machine(name: str, state: DomainState = DomainState.RUNNING, uuid: str = "", **fields: Any) -> DomainRecord:
    return DomainRecord(DomainId(LOCAL, uuid or name), name, state, **fields)


def rows(model: MachinesModel) -> list[str]:
    found = []
    for row in range(model.rowCount()):
        host = model.index(row, 0)
        found.append(host.data())
        found += ["  " + model.index(child, 0, host).data() for child in range(model.rowCount(host))]
    return found


def test_machines_lie_under_their_host_by_name(model: MachinesModel) -> None:
    assert rows(model) == ["This computer", "  db", "  Web-9", "  web-10", "build.example (session)"]


def test_a_machine_that_is_off_with_its_memory_kept_is_called_saved(model: MachinesModel, store: Store) -> None:
    index = model.index_of(DomainId(LOCAL, "db"))
    store.put_domain(machine("db", DomainState.SHUT_OFF, snapshot_count=3, managed_save=True))
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "db, saved, 3 snapshots"
    assert "saved, 3 snapshots" in index.data(Qt.ItemDataRole.ToolTipRole)
    store.put_domain(machine("db", DomainState.RUNNING, snapshot_count=3, managed_save=True))
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "db, running, 3 snapshots"


def test_a_row_tells_name_state_and_number_of_snapshots(model: MachinesModel, store: Store) -> None:
    store.put_domain(machine("db", DomainState.PAUSED, snapshot_count=3))
    index = model.index_of(DomainId(LOCAL, "db"))
    assert (index.data(), index.siblingAtColumn(Column.SNAPSHOTS).data()) == ("db", "3")
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "db, paused, 3 snapshots"
    assert "paused, 3 snapshots" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert index.data(Role.KEY) == DomainId(LOCAL, "db")
    assert model.index_of(DomainId(LOCAL, "Web-9"), Column.SNAPSHOTS).data() is None  # not known is not 0


def test_a_title_is_told_beside_the_name_and_found_by_the_filter(model: MachinesModel, store: Store) -> None:
    store.put_domain(machine("db", DomainState.RUNNING, snapshot_count=3, title="The <b>books</b>"))
    index = model.index_of(DomainId(LOCAL, "db"))
    assert index.data() == "db"
    assert "The &lt;b&gt;books" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == "db, The <b>books</b>, running, 3 snapshots"
    model.set_filter("BOOKS")
    assert model.index_of(DomainId(LOCAL, "db")).isValid()
    model.set_filter("pamphlets")
    assert not model.index_of(DomainId(LOCAL, "db")).isValid()


def test_one_change_is_one_row(model: MachinesModel, store: Store) -> None:
    told: list[Any] = []
    model.dataChanged.connect(lambda first, last: told.append((first.data(), first.row() == last.row())))
    for unwanted in (model.layoutChanged, model.rowsInserted, model.rowsRemoved, model.modelReset):
        unwanted.connect(lambda *_: told.append("structure"))
    store.put_domain(machine("db", DomainState.SHUT_OFF))
    assert told == [("db", True)]


def test_machines_come_go_and_are_renamed(model: MachinesModel, store: Store) -> None:
    view = QTreeView()
    view.setModel(model)
    view.expandAll()
    view.setCurrentIndex(model.index_of(DomainId(LOCAL, "Web-9")))
    store.put_domain(machine("new"))
    assert rows(model)[1:5] == ["  db", "  new", "  Web-9", "  web-10"]
    store.remove_domain(DomainId(LOCAL, "db"))
    store.put_domain(machine("a", uuid="web-10"))
    assert rows(model)[1:4] == ["  a", "  new", "  Web-9"]
    assert view.currentIndex().data() == "Web-9"
    assert view.isExpanded(model.index_of(LOCAL))
    store.remove_host(LOCAL)
    assert rows(model) == ["build.example (session)"]


def test_a_host_that_cannot_be_reached_says_why(model: MachinesModel, store: Store) -> None:
    problem = Problem("Connect to build.example.", "No route to <host>.", "Check the network.")
    store.put_host(HostRecord(REMOTE, HostState.CONNECTING))
    assert rows(model)[-1] == "build.example (session) \u2013 connecting…"
    store.put_host(HostRecord(REMOTE, HostState.FAILED, problem=problem))
    index = model.index_of(REMOTE)
    assert index.data() == "build.example (session) \u2013 not connected"
    assert index.data(Role.PROBLEM) == problem
    assert "No route to &lt;host&gt;." in index.data(Qt.ItemDataRole.ToolTipRole)
    assert index.data(Qt.ItemDataRole.AccessibleTextRole).endswith("not connected, No route to <host>.")


def test_hosts_and_odd_addresses_have_names(model: MachinesModel, store: Store) -> None:
    store.put_host(HostRecord("test:///default"))
    store.put_host(HostRecord("qemu+tcp://[::1]:16509/system", HostState.CONNECTED))
    store.put_host(HostRecord("qemu://[bad", HostState.FAILED))
    assert rows(model)[-3:] == [
        "This computer (test:///default) \u2013 connecting…",
        "::1",
        "qemu://[bad \u2013 not connected",
    ]


def test_filter_keeps_matching_machines_and_named_hosts(model: MachinesModel, store: Store) -> None:
    model.set_filter("WEB")
    assert rows(model) == ["This computer", "  Web-9", "  web-10"]
    store.put_domain(machine("web-1"))
    store.put_domain(machine("mail"))
    store.put_domain(machine("other", uuid="Web-9"))
    assert rows(model) == ["This computer", "  web-1", "  web-10"]
    store.remove_domain(DomainId(LOCAL, "web-1"))
    store.remove_domain(DomainId(LOCAL, "web-10"))
    assert rows(model) == []
    store.put_domain(machine("web-10"))
    assert rows(model) == ["This computer", "  web-10"]
    model.set_filter("build")
    assert rows(model) == ["build.example (session)"]
    for begins in ("this comp", "comp"):
        model.set_filter(begins)
        assert len(rows(model)) == 5
    model.set_filter("omputer")  # would bring along all machines of every such host
    assert rows(model) == []
    model.set_filter("")
    assert model.rowCount(QModelIndex()) == 2


def test_the_driver_in_this_process_is_called_this_application() -> None:
    assert host_label(HostRecord("qemu:///embed?root=/srv/lab/")) == "Inside snapgui (lab)"
    assert host_label(HostRecord("qemu:///embed?root=/tmp/snapgui-demo-x7")) == "Demo"


def test_hosts_that_would_be_called_the_same_are_told_apart(model: MachinesModel, store: Store) -> None:
    twin = "qemu+ssh://admin@build.example:2222/session"
    store.put_host(HostRecord(twin, HostState.FAILED))
    shown = [model.index_of(uri).data() for uri in (LOCAL, REMOTE, twin)]
    assert shown == ["This computer", REMOTE, f"{twin} – not connected"]  # noqa: RUF001 - as it is written
    store.remove_host(twin)
    assert model.index_of(REMOTE).data() == "build.example (session)"


def test_what_is_no_uri_is_called_what_it_is() -> None:
    assert host_label(HostRecord("foo")) == "foo"


def test_what_the_snapshots_free_stands_beside_machine_and_host_and_follows_them(
    model: MachinesModel, store: Store, snapshot: Callable[..., SnapshotRecord]
) -> None:
    def usage(size: int) -> Usage:
        image = ImageUsage("", ("a", NOW), (Held(size), Held()), (Held(),) * 2, ((0b01, Held(size)),), as_of=2e9)
        return Usage({"vda": image})

    def frees(key: DomainId | str) -> object:
        return model.index_of(key, Column.FREES).data()

    db, web = (DomainId(LOCAL, name) for name in ("db", "web-10"))
    for name in ("db", "web-10", "Web-9"):
        store.put_domain(machine(name, snapshot_count=int(name != "Web-9")))
        store.put_snapshots(DomainId(LOCAL, name), Snapshots({"a": snapshot("a")} if name != "Web-9" else {}))
    assert (frees(db), frees(LOCAL)) == ("", "")
    store.put_usage(db, usage(3 * MIB))
    assert (frees(db), frees(LOCAL)) == ("3.0 MiB", "≥ 3.0 MiB")
    store.put_usage(web, usage(2 * MIB))
    assert (frees(db), frees(web), frees(LOCAL)) == ("3.0 MiB", "2.0 MiB", "5.0 MiB")
    store.put_usage(web, usage(MIB))
    assert frees(LOCAL) == "4.0 MiB"
    store.put_domains(LOCAL, (machine("web-10", snapshot_count=1),))
    assert frees(LOCAL) == "1.0 MiB"
