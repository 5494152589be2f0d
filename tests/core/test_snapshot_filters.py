"""The filters of the list choose what ``virsh snapshot-list`` chooses."""

import itertools
from pathlib import Path

import libvirt
import pytest
from testbed.mock import Machine, mock_uri

from snapgui.core.records import Snapshots
from snapgui.core.snapshot_filters import SnapshotFilter, matching
from snapgui.core.xml.read import read_snapshot

_FLAGS = {
    SnapshotFilter.ROOTS: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ROOTS,
    SnapshotFilter.LEAVES: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_LEAVES,
    SnapshotFilter.BRANCHES: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_NO_LEAVES,
    SnapshotFilter.ACTIVE: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_ACTIVE,
    SnapshotFilter.INACTIVE: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_INACTIVE,
    SnapshotFilter.DISK_ONLY: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_DISK_ONLY,
    SnapshotFilter.INTERNAL: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_INTERNAL,
    SnapshotFilter.EXTERNAL: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_EXTERNAL,
    SnapshotFilter.METADATA: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_METADATA,
    SnapshotFilter.NO_METADATA: libvirt.VIR_DOMAIN_SNAPSHOT_LIST_NO_METADATA,
}


@pytest.fixture
def machine() -> Machine:
    """A machine with a snapshot of every state and place, in every place of the tree."""
    made = Machine("pisces", disks=["/images/a.qcow2"])
    made.snapshot("root")
    made.snapshot("paused", parent="root", state="paused")
    made.snapshot("off", parent="root", state="shutoff", memory="no")
    made.snapshot("external", parent="off", memory="/images/x.mem")
    made.snapshot("asleep", parent="off", state="pmsuspended")
    made.snapshot("crashed", parent="external", state="crashed")
    made.snapshot("disks", parent="external", state="disk-snapshot", memory="no")
    made.snapshots["disks"] += "<disks><disk name='vda' snapshot='external'><source file='/o'/></disk></disks>"
    made.snapshot("other root", state="shutoff", memory="no")
    return made


def test_every_combination_finds_what_libvirt_finds(machine: Machine, tmp_path: Path) -> None:
    connection = libvirt.open(mock_uri(tmp_path, machine))
    domain = connection.lookupByName("pisces")
    records = [read_snapshot(each.getXMLDesc()) for each in domain.listAllSnapshots()]
    snapshots = Snapshots({record.name: record for record in records})
    assert len(records) == 8
    tried = 0
    for size in range(len(_FLAGS) + 1):
        for filters in itertools.combinations(_FLAGS, size):
            flags = sum(_FLAGS[each] for each in filters)
            named = {each.getName() for each in domain.listAllSnapshots(flags)}
            assert matching(snapshots, set(filters)) == named, filters
            tried += 1
    connection.close()
    assert tried == 1024


def test_what_has_not_been_read_matches_by_its_place_only(machine: Machine, tmp_path: Path) -> None:
    connection = libvirt.open(mock_uri(tmp_path, machine))
    record = read_snapshot(connection.lookupByName("pisces").snapshotLookupByName("root").getXMLDesc())
    connection.close()
    unread = Snapshots({"root": type(record)("root", complete=False)})
    assert matching(unread, {SnapshotFilter.ROOTS, SnapshotFilter.LEAVES}) == {"root"}
    assert matching(unread, {SnapshotFilter.ACTIVE}) == set()
    assert matching(Snapshots(), set(SnapshotFilter)) == set()
