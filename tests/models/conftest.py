"""A store with one machine, and records that differ only in what a test is about."""

from collections.abc import Callable
from typing import Any

import pytest

from snapgui.core.records import DomainId, DomainRecord, DomainState, Mode, SnapshotRecord, Snapshots, SnapshotState
from snapgui.models.store import Store

DOMAIN = DomainId("qemu:///system", "5a0dcd57-1fbd-4f6d-a6a9-fb2f0ac1b4d5")


@pytest.fixture
def domain() -> DomainId:
    """The machine that the store holds."""
    return DOMAIN


@pytest.fixture
def store(qapp: Any) -> Store:  # noqa: ARG001 - signals need the application
    """A store in which the machine runs; its snapshots have not been read."""
    made = Store()
    made.put_domain(DomainRecord(DOMAIN, "pisces", DomainState.RUNNING))
    return made


def taken(name: str, parent: str | None = None, created: int | None = 1_794_312_000, **fields: Any) -> SnapshotRecord:
    """A snapshot of a running machine, kept inside the image."""
    known = {"state": SnapshotState.RUNNING, "memory": Mode.INTERNAL} | fields
    return SnapshotRecord(name, parent=parent, created=created, **known)


@pytest.fixture
def snapshot() -> Callable[..., SnapshotRecord]:
    """Makes records."""
    return taken


@pytest.fixture
def put(store: Store) -> Callable[..., None]:
    """Puts snapshots of the machine into the store."""

    def put_them(*records: SnapshotRecord, current: str | None = None) -> None:
        store.put_snapshots(DOMAIN, Snapshots({record.name: record for record in records}, current))

    return put_them
