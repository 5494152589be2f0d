"""Looking at this computer's files."""

import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from snapgui.core.errors import SnapguiError
from snapgui.core.health.inventory import Content, Seen
from snapgui.virt.files import Local, delete


def _image(path: Path, *options: str) -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, path, "1M"], check=True)
    return path


def test_an_image_with_all_that_counts(tmp_path: Path) -> None:
    base = _image(tmp_path / "base")
    path = _image(tmp_path / "a.s1", "-b", "base", "-F", "qcow2")
    subprocess.run(["qemu-img", "snapshot", "-c", "inside", path], check=True)
    found = Local().look(str(path))
    assert (found.seen, found.content, found.names, found.locked) == (Seen.FILE, Content.QCOW2, 1, False)
    assert (found.backing, found.backing_format, [tag.name for tag in found.tags]) == (str(base), "qcow2", ["inside"])
    assert found.allocated == path.stat().st_blocks * 512
    told = subprocess.run(["stat", "--format=%d:%i:%s:%.9Y", path], capture_output=True, text=True, check=True).stdout
    assert found.proof == told.strip()


def test_links_share_an_identity(tmp_path: Path) -> None:
    path = _image(tmp_path / "a")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "hard").hardlink_to(path)
    (tmp_path / "nowhere").symlink_to("missing")
    local = Local()
    names = [local.look(str(tmp_path / name)) for name in ("a", "link", "hard")]
    assert len({each.identity for each in names}) == 1
    assert [each.seen for each in names] == [Seen.FILE, Seen.LINK, Seen.FILE]
    assert names[0].names == 2
    assert local.look(str(tmp_path / "nowhere")).seen is Seen.MISSING
    assert local.look(str(tmp_path / "a" / "below")).seen is Seen.MISSING


@pytest.mark.parametrize(
    ("backing", "leads_to"),
    [
        ("/x/base", "/x/base"),
        ("file:/x/base", "/x/base"),
        ("file:///x/base", "/x/base"),
        ('json:{"file":{"driver":"file","filename":"/x/base"}}', "/x/base"),
        ('json:{"file.filename":"/x/base"}', "/x/base"),
        ("nbd://localhost/base", ""),
    ],
)
def test_a_backing_file_in_every_way_that_qemu_names_it(tmp_path: Path, backing: str, leads_to: str) -> None:
    path = _image(tmp_path / "a", "-u", "-b", backing, "-F", "raw")
    found = Local().look(str(path))
    assert (found.content, found.backing) == (Content.QCOW2, leads_to)


@pytest.mark.parametrize("backing", ["json:{}", "json:[1", "blkdebug:x:/y"])
def test_a_backing_file_that_is_not_understood_makes_the_image_unread(tmp_path: Path, backing: str) -> None:
    found = Local().look(str(_image(tmp_path / "a", "-u", "-b", backing, "-F", "raw")))
    assert found.content is Content.UNREAD
    assert found.why


def test_other_formats_that_may_need_files_are_unread_and_the_rest_needs_nothing(tmp_path: Path) -> None:
    for kind, content in (("qed", Content.UNREAD), ("vmdk", Content.UNREAD), ("raw", Content.OTHER)):
        path = tmp_path / f"a.{kind}"
        subprocess.run(["qemu-img", "create", "-q", "-f", kind, path, "1M"], check=True)
        assert Local().look(str(path)).content is content
    (tmp_path / "empty").touch()
    assert Local().look(str(tmp_path / "empty")).content is Content.OTHER


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        for name in ("pipe", "door", "."):
            found = Local().look(str(tmp_path / name))
            assert (found.seen, found.content) == (Seen.OTHER, Content.OTHER)
    assert Local().look("/\0").seen is Seen.UNREAD


_BY_ANOTHER_USER = """
import sys
from snapgui.virt.files import Local, look_through
from snapgui.qcow2.source import LocalFile

opened = LocalFile(sys.argv[1])  # as a volume, by who may
import os
os.setresuid(65534, 65534, 65534)
direct = Local().look(sys.argv[1])
filled = Local(lambda path: look_through(lambda _: opened, path)).look(sys.argv[1])
same = filled.identity == direct.identity != ""
print(direct.content.value, filled.content.value, filled.backing, same, filled.locked)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_only_a_volume_shows_keeps_what_the_file_system_says() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o711)
        base = _image(Path(folder) / "base")
        path = _image(Path(folder) / "a", "-b", str(base), "-F", "qcow2")
        path.chmod(0o600)

        def told() -> str:
            command = [sys.executable, "-c", _BY_ANOTHER_USER, str(path)]
            return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

        assert told() == f"unread qcow2 {base} True False"
        with subprocess.Popen(["qemu-io", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.read(1)
            assert told() == f"unread qcow2 {base} True True"
            other.communicate(b"quit\n")


def test_saved_memory_names_its_machine(tmp_path: Path) -> None:
    xml = b"<domain><uuid>1f0c</uuid></domain>\0"
    head = struct.pack("=16sIIIII14I", b"LibvirtQemudSave", 2, len(xml), 1, 0, 0, *[0] * 14)
    (tmp_path / "memory").write_bytes(head + xml + b"memory")
    found = Local().look(str(tmp_path / "memory"))
    assert (found.content, found.owner) == (Content.MEMORY, "1f0c")
    (tmp_path / "short").write_bytes(head[:40])
    assert Local().look(str(tmp_path / "short")).owner == ""


def test_only_what_is_still_the_same_is_deleted(tmp_path: Path) -> None:
    path = _image(tmp_path / "a")
    proof = Local().look(str(path)).proof
    os.utime(path, (1, 1))
    with pytest.raises(SnapguiError, match="changed since"):
        delete(str(path), proof)
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(SnapguiError, match="changed since"):
        delete(str(tmp_path / "link"), Local().look(str(tmp_path / "link")).proof)
    delete(str(path), Local().look(str(path)).proof)
    assert not path.exists()
    with pytest.raises(SnapguiError, match="No such file"):
        delete(str(path), proof)
