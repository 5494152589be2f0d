"""Which kind of snapshot is taken where nobody has chosen one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.records import Disk, DomainState, Kind, Mode, Situation, SnapshotState
from snapgui.core.rules.default_kind import default_kind

RAW = Disk("vda", source="/images/a.raw", format="raw")
RUNNING = DomainState.RUNNING


@pytest.mark.parametrize("state", [DomainState.SHUT_OFF, RUNNING, DomainState.PAUSED])
def test_without_snapshots_everything_stays_inside_the_images(
    situation: Callable[..., Situation], state: DomainState
) -> None:
    assert default_kind(situation(state=state)) == (Kind.INTERNAL, "")


@pytest.mark.parametrize("state", [DomainState.SHUT_OFF, RUNNING])
def test_where_the_images_can_not_hold_it_files_of_their_own_do(
    situation: Callable[..., Situation], state: DomainState
) -> None:
    kind, why = default_kind(situation(state=state, disks=(RAW,)))
    assert kind is Kind.EXTERNAL
    assert why == "Disk vda is raw, and only qcow2 can hold snapshots."


def test_a_machine_stays_with_the_kind_that_it_stands_on(
    situation: Callable[..., Situation], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    tree = (snapshot("i"), snapshot("e", **external), snapshot("e2", "e", disks=(), memory=external["memory"]))
    why = "Like the snapshots that the machine stands on."
    assert default_kind(situation(*tree, current="i", state=RUNNING)) == (Kind.INTERNAL, why)
    assert default_kind(situation(*tree, current="e", state=RUNNING)) == (Kind.EXTERNAL, why)
    assert default_kind(situation(*tree, current="e2")) == (Kind.EXTERNAL, why)


def test_disks_alone_are_followed_only_while_there_is_memory_to_leave_out(
    situation: Callable[..., Situation], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    tree = (snapshot("d", **{**external, "state": SnapshotState.DISK_ONLY}),)
    assert default_kind(situation(*tree, current="d", state=RUNNING))[0] is Kind.DISK_ONLY
    assert default_kind(situation(*tree, current="d"))[0] is Kind.EXTERNAL


def test_disks_alone_among_snapshots_with_memory_are_an_exception(
    situation: Callable[..., Situation], snapshot: Callable[..., Any], external: Mapping[str, Any]
) -> None:
    with_memory = snapshot("e", **{**external, "memory": Mode.EXTERNAL})
    tree = (with_memory, snapshot("d", "e", **{**external, "state": SnapshotState.DISK_ONLY, "memory": Mode.NO}))
    assert default_kind(situation(*tree, current="d", state=RUNNING))[0] is Kind.EXTERNAL


def test_a_kind_that_has_become_impossible_is_not_followed(
    situation: Callable[..., Situation], snapshot: Callable[..., Any]
) -> None:
    kind, why = default_kind(situation(snapshot("i"), current="i", disks=(RAW,)))
    assert (kind, "raw" in why) == (Kind.EXTERNAL, True)


def test_where_memory_can_not_be_kept_the_disks_are(situation: Callable[..., Situation]) -> None:
    remote = Disk("vda", source_type="block", source="/dev/sdb", format="raw")
    disks = (replace(RAW, transient=True), remote)
    assert default_kind(situation(state=RUNNING, disks=disks))[0] is Kind.EXTERNAL  # none works
    kind, _ = default_kind(situation(state=RUNNING, disks=(RAW,), config={"unsaved": ("shmem",)}))
    assert kind is Kind.DISK_ONLY


def test_a_machine_that_is_not_read_yet_is_no_reason_to_change(situation: Callable[..., Situation]) -> None:
    assert default_kind(replace(situation(disks=(RAW,)), config=None)) == (Kind.INTERNAL, "")
