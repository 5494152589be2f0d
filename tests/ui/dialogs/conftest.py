"""Situations to make plans from: a running machine on QEMU with snapshots in qcow2."""

from collections.abc import Callable, Sequence
from dataclasses import replace

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
    Situation,
    SnapshotDisk,
    SnapshotRecord,
    Snapshots,
    SnapshotState,
)

_HOST = HostRecord("qemu:///system", HostState.CONNECTED, "host", "QEMU", 11_004_000, 10_000_002)
_CONFIG = DomainConfig(
    disks=(Disk("vda", source="/images/pisces.qcow2", format="qcow2"),), memory=131072, current_memory=131072
)

MakeSituation = Callable[..., Situation]


def _snapshot(name: str, parent: str | None, created: int) -> SnapshotRecord:
    disks = (SnapshotDisk("vda", Mode.INTERNAL),)
    return SnapshotRecord(
        name,
        parent=parent,
        state=SnapshotState.RUNNING,
        created=created,
        description=f"Before {name}",
        memory=Mode.INTERNAL,
        disks=disks,
        has_domain=True,
    )


def _xml(record: SnapshotRecord) -> str:
    description = f"<description>{record.description}</description>"
    return f"<domainsnapshot><name>{record.name}</name>{description}</domainsnapshot>"


@pytest.fixture
def make_situation() -> MakeSituation:
    """``names`` are a chain, each the child of the one before; ``tree`` gives parents by name instead."""

    def make(
        names: Sequence[str] = ("clean", "patched"),
        *,
        tree: dict[str, str | None] | None = None,
        machine: str = "pisces",
        read: bool = True,
        **domain: object,
    ) -> Situation:
        parents = tree if tree is not None else dict(zip(names, (None, *names), strict=False))
        records = {
            name: _snapshot(name, parent, 1_700_000_000 + 60 * n) for n, (name, parent) in enumerate(parents.items())
        }
        record = DomainRecord(DomainId(_HOST.uri, "1f0c"), machine, DomainState.RUNNING)
        return Situation(
            _HOST,
            replace(record, **domain),  # type: ignore[arg-type]
            Snapshots(records, next(reversed(records), None)),
            _CONFIG if read else None,
            image_tags={"vda": frozenset(records)} if read else {},
            snapshot_xml={name: _xml(record) for name, record in records.items()},
        )

    return make
