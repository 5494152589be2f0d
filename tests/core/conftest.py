"""Situations for the rules, built from a few words."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core.records import (
    Disk,
    DomainConfig,
    DomainId,
    DomainRecord,
    DomainState,
    HostRecord,
    HostState,
    Mode,
    Pause,
    Situation,
    SnapshotDisk,
    SnapshotRecord,
    Snapshots,
    SnapshotState,
)

DOMAIN = DomainId("qemu:///system", "6477644f-c1a8-4a03-8992-36c0fb522612")


@pytest.fixture
def domain() -> DomainId:
    """The machine that the situations are about."""
    return DOMAIN


@pytest.fixture
def snapshot() -> Callable[..., SnapshotRecord]:
    """An internal snapshot of a running machine, with what a test wants otherwise."""

    def build(name: str, parent: str | None = None, **changes: Any) -> SnapshotRecord:
        record = SnapshotRecord(
            name,
            parent=parent,
            state=SnapshotState.RUNNING,
            created=1_700_000_000,
            memory=Mode.INTERNAL,
            disks=(SnapshotDisk("vda", Mode.INTERNAL),),
        )
        return replace(record, **changes)

    return build


@pytest.fixture
def off() -> Mapping[str, Any]:
    """What makes a snapshot one of a machine that was off."""
    return {"state": SnapshotState.SHUT_OFF, "memory": Mode.NO}


@pytest.fixture
def external() -> Mapping[str, Any]:
    """What makes a snapshot an external one."""
    return {
        "state": SnapshotState.RUNNING,
        "memory": Mode.EXTERNAL,
        "disks": (SnapshotDisk("vda", Mode.EXTERNAL, "/images/vda.x"),),
    }


@pytest.fixture
def situation() -> Callable[..., Situation]:
    """A machine named pisces with one qcow2 disk on QEMU under libvirt 11.4, with what a test wants otherwise."""

    def build(
        *records: SnapshotRecord,
        current: str | None = None,
        state: DomainState = DomainState.SHUT_OFF,
        disks: tuple[Disk, ...] = (Disk("vda", source="/images/vda.qcow2", format="qcow2"),),
        version: int = 11_004_000,
        driver: str = "QEMU",
        external_revert: bool = True,
        managed_save: bool = False,
        persistent: bool = True,
        pause: Pause = Pause.OTHER,
        config: Mapping[str, Any] | None = None,
        **changes: Any,
    ) -> Situation:
        return replace(
            Situation(
                HostRecord(
                    DOMAIN.uri,
                    HostState.CONNECTED,
                    driver=driver,
                    libvirt_version=version,
                    external_revert=external_revert,
                ),
                DomainRecord(DOMAIN, "pisces", state, persistent=persistent, managed_save=managed_save, pause=pause),
                Snapshots({record.name: record for record in records}, current),
                DomainConfig(disks=disks, current_memory=512 * 1024, **(config or {})),
                image_tags={disk.target: frozenset(record.name for record in records) for disk in disks},
            ),
            **changes,
        )

    return build
