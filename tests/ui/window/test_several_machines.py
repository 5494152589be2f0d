"""Several machines chosen in the tree: one is shown, and a snapshot is taken of each."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot
from testbed.mock import Machine, mock_uri

from snapgui.app import Application
from snapgui.core.activity import JobState
from snapgui.core.plan import Call, Level, Plan, Step
from snapgui.core.records import DomainId, DomainState
from snapgui.core.requests import Take, TakeTogether
from snapgui.core.rules import make_plan
from snapgui.settings import Settings
from snapgui.ui.actions import Act
from snapgui.ui.dialogs.together import TogetherDialog
from snapgui.virt import eventloop
from snapgui.virt.host import Host

_Flag = QItemSelectionModel.SelectionFlag


@pytest.fixture
def hosts(qtbot: QtBot, settings: Settings, tmp_path: Path) -> Iterator[Application]:
    """Two hosts: pisces and leo, and virgo."""
    eventloop.start()
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    uris = [mock_uri(first, Machine("pisces"), Machine("leo")), mock_uri(second, Machine("virgo", state=5))]
    application = Application(settings, tmp_path / "cache")
    qtbot.addWidget(application.window)
    application.window.show()
    application.connect(uris)
    qtbot.waitUntil(lambda: sum(len(application.store.domains(uri)) for uri in uris) == 3)
    yield application
    application.close()


@pytest.fixture
def named(hosts: Application) -> Callable[[str], DomainId]:
    def find(name: str) -> DomainId:
        uris = hosts.backend.hosts.uris
        return next(each.id for uri in uris for each in hosts.store.domains(uri) if each.name == name)

    return find


def _add(hosts: Application, domain: DomainId) -> None:
    tree = hosts.window.machines.tree
    tree.selectionModel().setCurrentIndex(tree.model().index_of(domain), _Flag.Select | _Flag.Rows)


def _choose(hosts: Application, *domains: DomainId) -> None:
    hosts.window.machines.choose(domains[0])
    for domain in domains[1:]:
        _add(hosts, domain)


def _dialog(qtbot: QtBot, hosts: Application) -> TogetherDialog:
    hosts.window.actions_[Act.TAKE].trigger()
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), TogetherDialog))
    dialog = QApplication.activeModalWidget()
    assert isinstance(dialog, TogetherDialog)
    return dialog


def test_the_last_chosen_is_shown_and_what_means_one_machine_says_so(hosts: Application, named) -> None:
    window, pisces, leo = hosts.window, named("pisces"), named("leo")
    _choose(hosts, pisces, leo)
    assert window.machines.domain() == leo
    assert window.machines.domains() == (leo, pisces)
    assert window.actions_[Act.TAKE].text() == "&Take of 2 machines…"
    assert "each of 2 machines" in window.actions_[Act.TAKE].toolTip()
    for act in (Act.FORCE_OFF, Act.SHUT_DOWN, Act.SETTINGS, Act.CONSOLE):
        assert not window.actions_[act].isEnabled()
        assert "Choose one machine only." in window.actions_[act].toolTip()
    window.machines.choose(pisces)
    assert window.machines.domains() == (pisces,)
    assert window.actions_[Act.TAKE].text() == "&Take…"
    assert window.actions_[Act.FORCE_OFF].isEnabled()


def test_a_machine_that_leaves_the_choice_gives_its_place_on_screen_to_another(hosts: Application, named) -> None:
    pisces, leo = named("pisces"), named("leo")
    _choose(hosts, pisces, leo)
    tree = hosts.window.machines.tree
    tree.selectionModel().select(tree.model().index_of(leo), _Flag.Deselect | _Flag.Rows)
    assert hosts.window.machines.domain() == pisces


def test_a_host_among_the_chosen_is_no_machine(hosts: Application, named) -> None:
    pisces = named("pisces")
    hosts.window.machines.choose(pisces)
    tree = hosts.window.machines.tree
    tree.selectionModel().setCurrentIndex(tree.model().index_of(pisces.uri), _Flag.Select | _Flag.Rows)
    assert hosts.window.machines.domain() == pisces
    assert hosts.window.machines.domains() == (pisces,)


def test_machines_on_two_hosts_are_taken_in_one_job(qtbot: QtBot, hosts: Application, named) -> None:
    domains = [named(name) for name in ("leo", "pisces", "virgo")]
    _choose(hosts, *domains)
    dialog = _dialog(qtbot, hosts)
    qtbot.waitUntil(lambda: not dialog.waiting)
    jobs = {}
    hosts.backend.runner.job_changed.connect(lambda record: jobs.__setitem__(record.id, record))
    dialog.accept()
    qtbot.waitUntil(lambda: bool(jobs) and all(record.state.ended for record in jobs.values()))
    (job,) = jobs.values()
    assert job.state is JobState.DONE
    assert job.plan.title == "Take snapshot “together-1” of 3 machines"
    for domain in domains:
        qtbot.waitUntil(lambda domain=domain: hosts.store.domain(domain).snapshot_count == 1)
    qtbot.waitUntil(lambda: hosts.window.snapshots.selected() == ("together-1",))
    assert hosts.window.statusBar().currentMessage() == f"Done: {job.plan.title}"
    assert not hosts.window.banner.isVisible()


def test_a_job_on_one_of_them_holds_the_dialog_until_that_machine_is_read_again(
    qtbot: QtBot, hosts: Application, named, monkeypatch: pytest.MonkeyPatch
) -> None:
    leo, pisces = named("leo"), named("pisces")
    _choose(hosts, leo, pisces)
    dialog = _dialog(qtbot, hosts)
    qtbot.waitUntil(lambda: not dialog.waiting)
    release, real = threading.Event(), Host.run

    def slow(host: Host, step: Step) -> None:
        release.wait(10)
        real(host, step)

    monkeypatch.setattr(Host, "run", slow)
    plan = make_plan(Take(leo, "by-another-job"), dialog.situation_of(leo))
    hosts.backend.runner.start(plan)
    assert f"Under way on one of these machines: {plan.title}." in dialog.status()
    dialog.accept()
    assert dialog.isVisible()
    assert not dialog.ok.isEnabled()
    dialog._table.set_chosen(leo, chosen=False)
    assert dialog.status() == ""
    assert dialog.ok.isEnabled()
    dialog._table.set_chosen(leo, chosen=True)
    assert "Under way" in dialog.status()
    release.set()
    qtbot.waitUntil(dialog.ok.isEnabled)
    assert dialog.status() == ""
    assert "by-another-job" in dialog.situation_of(leo).snapshots.records
    assert any("under “by-another-job”" in text for text in dialog.plan_view.texts())
    dialog.reject()


@pytest.mark.parametrize("roll_back", [False, True])
def test_one_that_fails_is_said_and_the_others_are_kept_or_rolled_back(
    qtbot: QtBot, hosts: Application, named, *, roll_back: bool
) -> None:
    leo, pisces = named("leo"), named("pisces")
    _choose(hosts, leo, pisces)
    dialog = _dialog(qtbot, hosts)
    qtbot.waitUntil(lambda: not dialog.waiting)
    dialog._failing.setCurrentIndex(int(roll_back))
    plan = dialog.plan
    dialog.reject()
    # Somebody takes the name on one of the machines meanwhile.
    host = hosts.backend.hosts.host(pisces.uri)
    host.run(next(step for step in plan.steps if step.domain == pisces))
    jobs = {}
    hosts.backend.runner.job_changed.connect(lambda record: jobs.__setitem__(record.id, record))
    hosts.backend.runner.start(plan)
    qtbot.waitUntil(lambda: bool(jobs) and all(record.state.ended for record in jobs.values()))
    (job,) = jobs.values()
    left = host.list_snapshots(leo.uuid).names
    said = hosts.window.banner.text()
    result = hosts.window.activity.tree.model().index(0, 5).data(Qt.ItemDataRole.DisplayRole)
    assert job.state is (JobState.FAILED if roll_back else JobState.DONE)
    assert left == (() if roll_back else ("together-1",))
    assert ("No snapshot is kept." if roll_back else "1 of 2 taken.") in said
    assert "pisces: The machine already has a snapshot of that name." in said
    assert ("No snapshot is kept." if roll_back else "1 of 2 taken.") in result
    assert hosts.window.banner._level is (Level.BLOCKER if roll_back else Level.WARNING)


def test_a_window_that_closes_waits_until_guests_that_are_held_still_go_on(
    qtbot: QtBot, hosts: Application, named, monkeypatch: pytest.MonkeyPatch
) -> None:
    leo, pisces = named("leo"), named("pisces")
    takes = (Take(leo, "x"), Take(pisces, "x"))
    xml = "<domainsnapshot><name>x</name></domainsnapshot>"
    steps = (
        Step(Call.SUSPEND, leo, "leo"),
        *(Step(Call.SNAPSHOT_CREATE, take.domain, "", "x", xml, may_fail=True) for take in takes),
        Step(Call.RESUME, leo, "leo", always=True),
    )
    release, real = threading.Event(), Host.run

    def slow(host: Host, step: Step) -> None:
        if step.takes:
            release.wait(10)
        real(host, step)

    monkeypatch.setattr(Host, "run", slow)
    runner = hosts.backend.runner
    runner.start(Plan(TakeTogether(takes, freeze=True), "held", steps))
    qtbot.waitUntil(lambda: hosts.store.domain(leo).state is DomainState.PAUSED)
    hosts.window.close()
    qtbot.waitUntil(lambda: isinstance(QApplication.activeModalWidget(), QMessageBox))
    box = QApplication.activeModalWidget()
    next(each for each in box.findChildren(QPushButton) if "Close" in each.text()).click()
    qtbot.wait(100)
    assert hosts.window.isVisible()
    release.set()
    qtbot.waitUntil(lambda: not hosts.window.isVisible())
    host = hosts.backend.hosts.host(leo.uri)
    assert host is None or host.read_domain(leo.uuid).state is DomainState.RUNNING
    assert not runner.holding
