"""The filters above the tree show what ``virsh snapshot-list`` lists."""

from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.user import User

from snapgui.core.snapshot_filters import SnapshotFilter


def test_each_sort_shows_what_virsh_lists(user: User, daemon: Daemon, guest: Guest) -> None:
    daemon.virsh("snapshot-create-as", guest.name, "off")
    daemon.virsh("start", guest.name)
    daemon.virsh("snapshot-create-as", guest.name, "running")
    daemon.virsh("suspend", guest.name)
    daemon.virsh("snapshot-create-as", guest.name, "paused")
    daemon.virsh("snapshot-revert", guest.name, "running")
    daemon.virsh("snapshot-create-as", guest.name, "disks", "--disk-only")
    user.choose_machine(daemon.uri, guest.name)
    user.until(lambda: user.complete() == 4, "the snapshots")
    model = user.window.snapshots.tree.choice.snapshots
    for sort in SnapshotFilter:
        listed = set(daemon.virsh("snapshot-list", guest.name, "--name", f"--{sort.value}").split())
        model.set_sorts(frozenset({sort}))
        shown = {name for name in user.parents() if not model.is_passing(model.index_of(name))}
        assert shown == listed, sort
    model.set_sorts(frozenset())
    for name in ("disks", "paused", "running", "off"):
        daemon.virsh("snapshot-delete", guest.name, name, "--metadata")
