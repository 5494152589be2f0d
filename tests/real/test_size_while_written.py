"""The size of a memory file that is read while it is written: the whole one is shown in the end, unasked."""

from pathlib import Path
from re import search

from testbed.daemon import Daemon
from testbed.user import User


def test_a_memory_file_that_grows_is_read_again_until_it_stays(user: User, daemon: Daemon, frail: str) -> None:
    """As with a snapshot that is just being taken: libvirt lists it before its memory is written."""
    memory, overlay = daemon.images / "growing.mem", daemon.images / "growing.overlay"
    daemon.virsh(
        *("snapshot-create-as", frail, "whole", "--memspec", f"{memory},snapshot=external"),
        *("--diskspec", f"vda,snapshot=external,file={overlay}"),
    )
    whole = memory.read_bytes()
    memory.write_bytes(b"")
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.complete() == 2, "the snapshots")
    user.rest(1.5)
    assert user.tree_size("whole") is None, "0 bytes would be no memory"
    _write(memory, whole[: len(whole) // 2])
    _write(memory, whole)
    user.until(lambda: user.tree_size("whole") == len(whole), "the whole size", 5)
    assert search(r"growing\.mem", daemon.virsh("snapshot-dumpxml", frail, "whole"))


def _write(path: Path, content: bytes) -> None:
    """Into the same file, whoever owns it."""
    path.write_bytes(content)
