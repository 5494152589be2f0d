"""Plan = virsh: what a plan does to one machine, its virsh commands do to a twin.

To hold another request against virsh, add one line to ``CASES``: a name, the request, and what both machines have been
through before, as virsh commands without the domain. ``MACHINE`` stands for either twin; a request that holds a path
is written as a function of the twin: ``lambda twin: Take(twin.id, "a", memory_file=twin.path("mem"))``, one for
several machines as a function of as many. What is
compared: domain state and XML, snapshots' XML and tree, the current one, and every file by qemu-img.
"""

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from pytestqt.qtbot import QtBot
from testbed.daemon import Daemon
from testbed.twins import Case, NotReadyError, Twin, TwinOnPaper, Twins, for_machine

from snapgui.core.records import DomainId, Kind, Mode
from snapgui.core.requests import (
    Clone,
    Compact,
    Configure,
    Delete,
    Describe,
    DiskChoice,
    Export,
    Import,
    ImportBundle,
    MachineRequest,
    Mend,
    Power,
    PowerAction,
    Redefine,
    Rename,
    Request,
    Revert,
    RunState,
    Scope,
    SetCurrent,
    Take,
    TakeTogether,
    Undo,
)
from snapgui.core.safety_mark import MARK
from snapgui.virt import eventloop

MACHINE: Final = DomainId("", "")

INTERNAL: Final = ("snapshot-create-as a", "write 1", "snapshot-create-as b", "snapshot-revert a", "write 2")
LIVE: Final = ("start", "snapshot-create-as a", "snapshot-create-as b")
BRANCHES: Final = (*INTERNAL, "snapshot-create-as c", "snapshot-create-as d", "write 3")
CHAIN: Final = tuple(
    line for name in "xyz" for line in (f"snapshot-create-as {name} --disk-only", f"write {ord(name)}")
)
SAFETY: Final = f"snapshot-create-as safe '{MARK}'"
FORK: Final = (*CHAIN[:4], "snapshot-revert x", "write 5")


def case(request: MachineRequest, *before: str, **more: Any) -> Case:
    return Case(for_machine(request), before, **more)


def in_files(name: str, **more: Any) -> Callable[[Twin], MachineRequest]:
    """Take an external snapshot with the machine's memory."""
    return lambda twin: Take(twin.id, name, kind=Kind.EXTERNAL, memory_file=twin.path(f"{name}.mem"), **more)


def renamed_disks(twin: Twin) -> MachineRequest:
    disks = (DiskChoice("vda", Mode.EXTERNAL, twin.path("mine.qcow2"), "qcow2"), DiskChoice("vdb", Mode.NO))
    return Take(twin.id, "a", kind=Kind.DISK_ONLY, disks=disks)


def imported(*names: str, current: str = "") -> Callable[[Twin], MachineRequest]:
    """Import snapshots that libvirt has forgotten, in this order."""
    return lambda twin: Import(twin.id, twin.forgotten(*names), current)


def together(kind: Kind, *before: str, **more: Any) -> Case:
    """Take two machines at once."""

    def ask(*twins: Twin) -> Request:
        memory = before and kind is Kind.EXTERNAL
        takes = (Take(twin.id, "a", "b", kind, memory_file=twin.path("mem") if memory else "") for twin in twins)
        return TakeTogether(tuple(takes), **more)

    return Case(ask, before, machines=2)


CASES: Final = {
    "take in files off": case(Take(MACHINE, "a", kind=Kind.EXTERNAL), "write 1"),
    "take in files running": Case(in_files("a"), ("start",)),
    "take in files live": Case(in_files("a", live=True), ("start",)),
    "take in files paused": Case(in_files("a", description="text"), ("start", "suspend")),
    "take in files and halt": Case(in_files("a", halt=True), ("start",)),
    "take disks alone": case(Take(MACHINE, "a", kind=Kind.DISK_ONLY), "start"),
    "take disks alone, unknown to libvirt": case(Take(MACHINE, "a", kind=Kind.DISK_ONLY, no_metadata=True), "start"),
    "take validated": case(Take(MACHINE, "a", validate=True), "write 1"),
    "take some disks": Case(renamed_disks, ("start",), disks={"vda": "qcow2", "vdb": "raw"}),
    "revert with safety": case(Revert(MACHINE, "a", safety=Take(MACHINE, "safe")), *INTERNAL),
    "revert live with safety": case(Revert(MACHINE, "a", safety=Take(MACHINE, "safe")), *LIVE),
    "undo": case(Undo(MACHINE, "safe"), *INTERNAL, SAFETY, "snapshot-revert a"),
    "undo live": case(Undo(MACHINE, "safe"), *LIVE, SAFETY, "snapshot-revert a"),
    "undo external": case(Undo(MACHINE, "safe"), *CHAIN, f"{SAFETY} --disk-only", "snapshot-revert x", "write 7"),
    "revert external with safety": case(Revert(MACHINE, "x", safety=Take(MACHINE, "safe", kind=Kind.EXTERNAL)), *CHAIN),
    "revert forced": case(Revert(MACHINE, "b", force=True), *INTERNAL, "start", "managedsave"),
    "redefine": Case(
        lambda twin: Redefine(twin.id, "a", twin.xml("a").replace("<state>", "<description>d</description>\n<state>")),
        BRANCHES,
    ),
    "rename": case(Rename(MACHINE, "x", "other"), *CHAIN),
    "rename the current one": case(Rename(MACHINE, "z", "other"), *CHAIN),
    "adopt": case(Mend(MACHINE, adopt=("a",)), "write 1", "snapshot-create-as a", "snapshot-delete a --metadata"),
    "erase": case(Mend(MACHINE, erase=("a",)), "write 1", "snapshot-create-as a", "snapshot-delete a --metadata"),
    "forget what is lost": case(Mend(MACHINE, forget=("a",)), *BRANCHES, "lose a"),
    "delete what is lost in part": case(
        Mend(MACHINE, forget=("a",)), *BRANCHES, "lose a", disks={"vda": "qcow2", "vdb": "qcow2"}
    ),
    "delete what was left over": Case(lambda twin: Mend(twin.id, files=(twin.overlay("left"),)), ("leave left",)),
    "delete what was left over in a pool": Case(
        lambda twin: Mend(twin.id, files=(twin.overlay("left"), twin.overlay("more"))),
        ("leave left", "leave more", "list"),
    ),
    "mend all at once": Case(
        lambda twin: Mend(twin.id, adopt=("a",), erase=("c",), forget=("b",), files=(twin.overlay("left"),)),
        (*BRANCHES, "lose b", "leave left", "snapshot-delete a --metadata", "snapshot-delete c --metadata"),
    ),
    "import": Case(imported("c", "d", "b", "a"), BRANCHES),
    "import below what is there": Case(imported("d", "c", current="c"), BRANCHES),
    "import external": Case(imported("z", "x", "y", current="y"), CHAIN),
    "import running": Case(imported("b", "a"), LIVE),
    "together off": together(Kind.INTERNAL),
    "together running": together(Kind.INTERNAL, "start", roll_back=True),
    "together in files": together(Kind.EXTERNAL, "start"),
    "together disks alone": together(Kind.DISK_ONLY, "start", roll_back=True),
    "configure": Case(
        lambda twin: Configure(twin.id, twin.xml().replace(">16384<", ">20480<"), twin.xml()), ("start",)
    ),
    "new machine": Case(lambda twin: Clone(twin.id, "b", f"{twin.name}-new"), INTERNAL),
    "new machine of one that runs": Case(
        lambda twin: Clone(twin.id, "a", f"{twin.name}-new"), LIVE, disks={"vda": "qcow2", "vdb": "qcow2"}
    ),
    "new machine from files": Case(lambda twin: Clone(twin.id, "y", f"{twin.name}-new"), CHAIN),
    "new machine linked": Case(
        lambda twin: Clone(twin.id, "y", f"{twin.name}-new", linked=True), CHAIN, disks={"vda": "qcow2", "vdb": "raw"}
    ),
    "compact": case(Compact(MACHINE, ("vda", "vdb")), "write 0", disks={"vda": "qcow2", "vdb": "qcow2", "vdc": "raw"}),
    "compact an overlay": case(Compact(MACHINE, ("vda",)), *CHAIN, "write 0"),
    "take off": case(Take(MACHINE, "a"), "write 1"),
    "take off described": case(Take(MACHINE, "a", 'it\'s "<b>&amp;" $HOME\nand more'), "write 1"),
    "take below": case(Take(MACHINE, "new"), *INTERNAL),
    "take running": case(Take(MACHINE, "a"), "start"),
    "take paused": case(Take(MACHINE, "a", "described"), "start", "suspend"),
    "take two disks": case(Take(MACHINE, "a"), "write 1", disks={"vda": "qcow2", "vdb": "qcow2", "hdc": "cdrom"}),
    **{
        f"revert off {run.value} {again}": case(Revert(MACHINE, again, run), *INTERNAL)
        for run in RunState
        for again in ("a", "b")
    },
    **{f"revert live {run.value}": case(Revert(MACHINE, "a", run), *LIVE) for run in RunState},
    "revert live from off": case(Revert(MACHINE, "a"), *LIVE, "destroy"),
    "revert paused": case(Revert(MACHINE, "a"), "start", "suspend", "snapshot-create-as a", "resume"),
    "revert saved": case(Revert(MACHINE, "a", remove_managed_save=True), *INTERNAL, "start", "managedsave"),
    "revert external": case(Revert(MACHINE, "x"), *CHAIN),
    "revert external running": case(Revert(MACHINE, "y", RunState.RUNNING), *CHAIN),
    **{
        f"delete {scope.value} {name}": case(Delete(MACHINE, (name,), scope), *BRANCHES)
        for scope in Scope
        for name in ("a", "c", "d")
        if name != "d" or scope is not Scope.CHILDREN_ONLY
    },
    "delete several": case(Delete(MACHINE, ("a", "d", "b")), *BRANCHES),
    "delete live": case(Delete(MACHINE, ("a",)), *LIVE),
    "delete live all": case(Delete(MACHINE, ("a",), Scope.WITH_CHILDREN), *LIVE),
    "merge leaf": case(Delete(MACHINE, ("z",)), *CHAIN),
    "merge middle": case(Delete(MACHINE, ("y",)), *CHAIN),
    "merge root": case(Delete(MACHINE, ("x",)), *CHAIN),
    "merge all": case(Delete(MACHINE, ("x",), Scope.WITH_CHILDREN), *CHAIN),
    "merge running": case(Delete(MACHINE, ("y",)), *CHAIN, "start"),
    "merge leaf running": case(Delete(MACHINE, ("z",)), *CHAIN, "start"),
    "delete off the line": case(Delete(MACHINE, ("y",)), *FORK),
    "delete parents first": case(Delete(MACHINE, ("i", "x")), "snapshot-create-as i", "write 1", *CHAIN[:2]),
    "delete where the machine is elsewhere": case(
        Delete(MACHINE, ("x",)), "snapshot-create-as i", *CHAIN[:2], "snapshot-revert i"
    ),
    "merge two disks": case(Delete(MACHINE, ("y",)), *CHAIN, disks={"vda": "qcow2", "vdb": "raw"}),
    **{
        f"forget {scope.value} {name}": case(Delete(MACHINE, (name,), scope, metadata_only=True), *BRANCHES)
        for scope in Scope
        for name in ("a", "c")
    },
    "forget while running": case(Delete(MACHINE, ("a", "b"), metadata_only=True), *LIVE),
    "forget external": case(Delete(MACHINE, ("y",), metadata_only=True), *CHAIN),
    "describe": case(Describe(MACHINE, "a", "another\ntext, it's <here>"), *BRANCHES),
    "describe the current one": case(Describe(MACHINE, "d", "another"), *BRANCHES),
    "describe disk only": case(Describe(MACHINE, "x", "another"), *CHAIN, "start"),
    "set current": case(SetCurrent(MACHINE, "b"), *BRANCHES),
    "start": case(Power(MACHINE, PowerAction.START)),
    "pause": case(Power(MACHINE, PowerAction.PAUSE), "start"),
    "resume": case(Power(MACHINE, PowerAction.RESUME), "start", "suspend"),
    "reboot": case(Power(MACHINE, PowerAction.REBOOT), "start"),
    "shut down": case(Power(MACHINE, PowerAction.SHUT_DOWN), "start"),
    "force off": case(Power(MACHINE, PowerAction.FORCE_OFF), "start"),
}


# On libvirt's test driver, where a snapshot takes no time: everything, in every state, on a tree with branches.
TREE: Final = (
    "start",
    *(f"snapshot-create-as {name}" for name in ("root", "stem", "leaf")),
    "suspend",
    "snapshot-revert stem",
    "snapshot-create-as paused",
    "destroy",
    "snapshot-create-as off",
)
STATES: Final = {"running": ("start",), "paused": ("start", "suspend"), "off": ()}
BREADTH: Final[tuple[MachineRequest, ...]] = (
    Take(MACHINE, "new"),
    Take(MACHINE, "-x; it's $HOME", "<b>\n& 日本"),
    *(Revert(MACHINE, name, run) for run in RunState for name in ("root", "leaf", "paused", "off")),
    *(Delete(MACHINE, (name,), scope) for scope in Scope for name in ("root", "stem", "paused", "off")),
    *(Delete(MACHINE, names) for names in combinations(("root", "stem", "paused", "off"), 2)),
    Delete(MACHINE, ("stem", "paused"), Scope.WITH_CHILDREN),
    Describe(MACHINE, "stem", "it's <another>\n"),
    Describe(MACHINE, "off", ""),
    SetCurrent(MACHINE, "leaf"),
    *(Power(MACHINE, action) for action in PowerAction),
)


@pytest.fixture
def open_twins(daemon: Daemon, qtbot: QtBot, tmp_path: Path) -> Iterator[Callable[[str], Twins]]:
    eventloop.start()
    opened = []

    def build(uri: str) -> Twins:
        opened.append(Twins(daemon, uri, qtbot, tmp_path))
        return opened[-1]

    yield build
    for twins in opened:
        twins.close()


def test_every_kind_of_request_has_a_case() -> None:
    twin = TwinOnPaper(MACHINE, "", Path())
    asked = [each.ask(*[twin] * each.machines) for each in CASES.values()]
    elsewhere = {Export, ImportBundle}  # no machine is another one afterwards: test_exports runs their scripts
    assert {type(request) for request in asked} == set(get_args(Request)) - elsewhere
    mended = {field for each in asked if isinstance(each, Mend) for field in Mend.__slots__ if getattr(each, field)}
    assert mended == set(Mend.__slots__) - {"pictures"}, "those of our own cache are nothing of a machine's"


SINCE: Final = {
    **dict.fromkeys(("merge middle", "merge root", "merge two disks"), (9, 1)),
    **dict.fromkeys(
        ("revert external", "revert external running", "revert external with safety", "undo external"), (9, 9)
    ),
    "delete off the line": (9, 9),  # reverts to an external one before
    "delete where the machine is elsewhere": (11, 0),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.since(*SINCE[name])) if name in SINCE else name for name in CASES],
)
def test_a_plan_and_its_commands_end_equal(open_twins: Callable[[str], Twins], daemon: Daemon, name: str) -> None:
    by_plan, by_virsh = open_twins(daemon.uri).compare(CASES[name])
    assert by_plan == by_virsh


@pytest.mark.parametrize("state", STATES)
def test_they_do_for_all_that_the_test_driver_can(
    open_twins: Callable[[str], Twins], daemon: Daemon, state: str
) -> None:
    # By way of the daemon, so that each virsh finds the machines as the one before it left them.
    twins = open_twins(daemon.uri.replace("qemu", "test").replace("session", "default"))
    compared = 0
    for request in BREADTH:
        try:
            by_plan, by_virsh = twins.compare(case(request, *TREE, *STATES[state]))
        except NotReadyError:
            continue
        assert by_plan == by_virsh, request
        compared += 1
    assert compared > len(BREADTH) - len(PowerAction) - len(RunState)


def test_twins_that_differ_are_told_apart(open_twins: Callable[[str], Twins], daemon: Daemon) -> None:
    twins = open_twins(daemon.uri)
    for words in (("a", "b"), ("a", "a", "", "described")):
        names, texts = words[:2], words[2:] or ("", "")
        by_plan, by_virsh = twins.compare(
            Case(
                lambda twin, n=names, t=texts: Take(
                    twin.id, n[twin.name.endswith("virs")], t[twin.name.endswith("virs")]
                )
            )
        )
        assert by_plan != by_virsh
