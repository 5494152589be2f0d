"""After any sequence of operations the tree shows what libvirt has. Held on libvirt's own mock driver."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import libvirt
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from PySide6.QtCore import QCoreApplication, QModelIndex, Qt
from PySide6.QtWidgets import QApplication

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.records import DomainId, Situation
from snapgui.core.requests import (
    Delete,
    Describe,
    Power,
    PowerAction,
    Request,
    Revert,
    RunState,
    Scope,
    SetCurrent,
    Take,
)
from snapgui.core.rules import make_plan
from snapgui.core.xml.read import read_snapshot
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.hosts import Hosts
from snapgui.jobs.runner import Runner
from snapgui.jobs.screens import Screens
from snapgui.models.roles import Role
from snapgui.models.snapshots import Column, SnapshotsModel
from snapgui.models.store import Store

_URI = "test:///default"  # its machines are the same for every connection of this process
_NAMES = ("a", "b", "c", "d", "<b>bold</b>", "two words", "Ünïcödé 日本", "-x", "x;y&z", 'it\'s "it"')
_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")), max_size=20).map(str.strip)

Shown = dict[str, tuple[str | None, str]]  # parent and description, by name


def until(condition: Callable[[], Any], what: Callable[[], str], seconds: float = 10) -> None:
    """Let the event loop run until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what()}"
        QCoreApplication.processEvents()
        time.sleep(0.0005)


class AnySequence(RuleBasedStateMachine):
    """The layers under the window, put together as ``snapgui.app`` does, and libvirt asked by itself."""

    cache: Path

    def __init__(self) -> None:
        super().__init__()
        self.libvirt = libvirt.open(_URI)
        self.domain = self.libvirt.lookupByName("test")
        for snapshot in self.domain.listAllSnapshots():
            snapshot.delete()
        if not self.domain.isActive():
            self.domain.create()
        self.id = DomainId(_URI, self.domain.UUIDString())
        self.bridge = Bridge()
        self.store = Store()
        self.hosts = Hosts(self.store, self.bridge)
        self.runner = Runner(self.hosts, self.store, self.bridge, Screens(self.cache, self.bridge))
        self.model = SnapshotsModel(self.store)
        self.jobs: dict[int, JobRecord] = {}
        self.runner.job_changed.connect(self.note_job)

    def note_job(self, job: JobRecord) -> None:
        """Remember how a job stands."""
        self.jobs[job.id] = job

    @initialize()
    def look(self) -> None:
        """Connect and look at the machine."""
        self.hosts.connect_host(_URI)
        until(lambda: self.store.domain(self.id), lambda: "the machine")
        self.model.set_domain(self.id)
        self.hosts.watch(self.id)

    def teardown(self) -> None:
        """Let go of everything."""
        self.bridge.close()
        self.hosts.close()
        self.libvirt.close()

    # What the user does

    @rule(name=st.sampled_from(_NAMES), description=_TEXTS)
    def take(self, name: str, description: str) -> None:
        self.do(Take(self.id, name, description))

    @precondition(lambda self: self.names())
    @rule(data=st.data(), run=st.sampled_from(RunState))
    def revert(self, data: st.DataObject, run: RunState) -> None:
        self.do(Revert(self.id, self.one(data), run))

    @precondition(lambda self: self.names())
    @rule(data=st.data(), scope=st.sampled_from(Scope))
    def delete(self, data: st.DataObject, scope: Scope) -> None:
        chosen = data.draw(st.lists(st.sampled_from(self.names()), min_size=1, max_size=3, unique=True))
        self.do(Delete(self.id, tuple(chosen), scope))

    @precondition(lambda self: self.names())
    @rule(data=st.data(), description=_TEXTS)
    def describe(self, data: st.DataObject, description: str) -> None:
        name = self.one(data)
        self.do(Describe(self.id, name, description), name)

    @precondition(lambda self: self.names())
    @rule(data=st.data())
    def set_current(self, data: st.DataObject) -> None:
        name = self.one(data)
        self.do(SetCurrent(self.id, name), name)

    @rule(action=st.sampled_from([each for each in PowerAction if each is not PowerAction.REBOOT]))
    def power(self, action: PowerAction) -> None:
        self.do(Power(self.id, action))

    @precondition(lambda self: self.names())
    @rule(data=st.data())
    def somebody_else_deletes(self, data: st.DataObject) -> None:
        self.domain.snapshotLookupByName(self.one(data)).delete()
        self.hosts.refresh(self.id)

    @rule(name=st.sampled_from(_NAMES))
    def somebody_else_takes(self, name: str) -> None:
        if name not in self.names():
            self.domain.snapshotCreateXML(f"<domainsnapshot><name>{escape(name)}</name></domainsnapshot>")
        self.hosts.refresh(self.id)

    # What has to hold

    @invariant()
    def the_tree_shows_what_libvirt_has(self) -> None:
        if self.model.domain is not None:
            until(lambda: self.tree() == self.truth(), lambda: f"{self.tree()} to become {self.truth()}")

    @invariant()
    def you_are_here_stands_where_libvirt_stands(self) -> None:
        if self.model.domain is not None:
            until(lambda: self.here() == self.current(), lambda: f"“You are here” under {self.current()}")

    def do(self, request: Request, *redefines: str) -> None:
        """Plan it on a full reading, as the dialogs do; run it where the plan allows it."""
        read: list[Situation] = []
        problems: list[object] = []
        self.hosts.survey(self.id, redefines, read.append, problems.append)
        until(lambda: read or problems, lambda: "the situation")
        assert not problems, problems
        plan = make_plan(request, read[0])
        if not plan.ready:
            return
        job = self.runner.start(plan)
        until(lambda: self.jobs[job].state.ended, lambda: f"{plan.title} to end")
        assert self.jobs[job].state is JobState.DONE, (plan, self.jobs[job].problem)

    def names(self) -> list[str]:
        """The snapshots, in an order that is the same each time."""
        return sorted(self.domain.snapshotListNames())

    def one(self, data: st.DataObject) -> str:
        """Any snapshot."""
        return data.draw(st.sampled_from(self.names()))

    def truth(self) -> Shown:
        """What libvirt has."""
        records = [read_snapshot(snapshot.getXMLDesc()) for snapshot in self.domain.listAllSnapshots()]
        return {record.name: (record.parent, record.description) for record in records}

    def current(self) -> str | None:
        """The snapshot that libvirt has as the current one."""
        with contextlib.suppress(libvirt.libvirtError):
            return str(self.domain.snapshotCurrent().getName())
        return None

    def rows(self, parent: QModelIndex) -> list[QModelIndex]:
        """Every row of the tree below one."""
        found = [self.model.index(row, 0, parent) for row in range(self.model.rowCount(parent))]
        return [*found, *(below for index in found for below in self.rows(index))]

    def tree(self) -> Shown:
        """What the tree shows."""
        return {
            index.data(Role.KEY): (
                index.parent().data(Role.KEY) if index.parent().isValid() else None,
                index.siblingAtColumn(Column.DESCRIPTION).data(Qt.ItemDataRole.EditRole),
            )
            for index in self.rows(QModelIndex())
            if index.data(Role.KEY) is not None
        }

    def here(self) -> str | None:
        """What “You are here” stands under."""
        index = self.model.here_index()
        return index.parent().data(Role.KEY) if index.isValid() and index.parent().isValid() else None


@pytest.mark.usefixtures("qapp")
def test_the_tree_follows_any_sequence_of_operations(tmp_path: Path) -> None:
    AnySequence.cache = tmp_path
    assert QApplication.instance() is not None
    run_state_machine_as_test(
        AnySequence,
        settings=settings(
            max_examples=20, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
