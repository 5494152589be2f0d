"""Deleting as virt-manager's own tests do it: one and the same name again, and many at once."""

from testbed.daemon import Daemon
from testbed.user import User


def test_a_snapshot_is_taken_deleted_and_taken_again_under_its_name(user: User, daemon: Daemon, frail: str) -> None:
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.parents() == {"before": ""}, "the snapshot")
    for text in ("first", "second"):
        user.take("again", text)
        assert daemon.parents(frail) == {"before": "", "again": "before"}
        assert f"<description>{text}</description>" in daemon.virsh("snapshot-dumpxml", frail, "again")
        user.delete("again")
        assert daemon.snapshots(frail) == ["before"]
        assert user.here() == "before"


def test_many_go_at_once_and_those_that_stay_move_up(user: User, daemon: Daemon, frail: str) -> None:
    for name in ("one", "two", "three", "four"):
        daemon.virsh("snapshot-create-as", frail, name)
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.complete() == 5, "the snapshots")
    user.delete("before", "two", "four")
    assert daemon.parents(frail) == {"one": "", "three": "one"}
    user.until(lambda: user.parents() == {"one": "", "three": "one"}, "the rest")
    assert user.here() == "three"
