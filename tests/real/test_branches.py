"""Deleting a part of a tree with branches."""

from testbed.daemon import Daemon
from testbed.guest import Guest
from testbed.user import User


def test_a_tree_with_branches_is_deleted_and_the_daemon_lives(user: User, daemon: Daemon, guest: Guest) -> None:
    # libvirt 11.3 (at least) walks into freed memory when it deletes such a tree by its own flag, and takes every
    # other client's connection down with it. So nothing may leave that walk to it.
    for name in ("root", "top", "stem", "left-1", "left-2", "left-3"):
        daemon.virsh("snapshot-create-as", guest.name, name)
    daemon.virsh("snapshot-current", guest.name, "stem")
    for name in ("right-1", "right-2"):
        daemon.virsh("snapshot-create-as", guest.name, name)
    process = daemon.pid
    user.choose_machine(daemon.uri, guest.name)
    user.until(lambda: user.complete() == 8, "all snapshots")

    user.delete("top", reach="This snapshot and everything below it")
    assert daemon.snapshots(guest.name) == ["root"]
    assert daemon.running(process)
    user.until(lambda: user.parents() == {"root": ""}, "the rest of the tree")
    assert user.here() == "root"
