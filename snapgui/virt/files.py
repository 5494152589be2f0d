"""Looking at files of the host without changing any: what they are, what they need, whether they are at work."""

import fcntl
import json
import os
import posixpath
import re
import stat
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.health.inventory import Content, File, Seen, Tag
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError, parse
from snapgui.qcow2.backing import read_needs
from snapgui.qcow2.errors import Qcow2Error
from snapgui.qcow2.header import MAGIC
from snapgui.qcow2.snapshots import InternalSnapshot, read_snapshots
from snapgui.qcow2.source import ByteSource, LocalFile
from snapgui.virt.volume import Volume

Open = Callable[[str], ByteSource]  # by path on the host; raises SnapguiError

# libvirt's src/qemu/qemu_saveimage.h: the head of a guest's saved memory, in the order of the host's bytes.
_SAVED = (b"LibvirtQemudSave", b"LibvirtQemudPart")
_SAVED_HEAD = struct.Struct("=16sIIIII14I")
_LONGEST_XML = 16 * 2**20
# Formats whose images may need others, which nobody here can read: QED, VMDK, VHD, VHDX, qcow2's predecessor.
_OTHERS_WITH_BACKING = (b"QED\0", b"KDMV", b"COWD", b"# Disk Descripto", b"conectix", b"vhdxfile", b"QFI\xfb\0\0\0\1")
_HEAD = 16

_NETWORK = re.compile(r"nbd|nbd\+tcp|https?|ftps?|ssh|iscsi|rbd|nfs|gluster(\+\w+)?")
# File systems that other computers may write to at the same time, and those that a program makes up.
_SHARED = re.compile(
    r"nfs4?|cifs|smb3?|smbfs|ceph|glusterfs|lustre|ocfs2|gfs2|9p|virtiofs|afs|beegfs|gpfs|pvfs2|orangefs|fuse(\..*)?"
)


class Local:
    """Looks at this computer's files. Nothing is asked twice: one of these is good for one inventory."""

    def __init__(self, otherwise: Callable[[str], File] | None = None) -> None:
        """``otherwise`` looks at what may not be read directly."""
        self._otherwise = otherwise
        self._seen: dict[str, File] = {}

    def look(self, path: str) -> File:
        """What there is at an absolute path; never raises."""
        if path not in self._seen:
            found = _look(path)
            if found.content is Content.UNREAD and self._otherwise is not None:
                found = _filled(found, self._otherwise(path))
            self._seen[path] = found
        return self._seen[path]


def _filled(stated: File, volume: File) -> File:
    """What the file system says of a file, with what another way of reading says is in it."""
    if not stated.identity:
        return volume
    return replace(
        stated,
        content=volume.content,
        backing=volume.backing,
        backing_format=volume.backing_format,
        data_file=volume.data_file,
        tags=volume.tags,
        owner=volume.owner,
        volume=volume.volume,
        why=volume.why,
    )


def _look(path: str) -> File:
    try:
        own = os.lstat(path)
        about = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return File(path, Seen.MISSING)
    except (OSError, ValueError) as error:
        return File(path, Seen.UNREAD, content=Content.UNREAD, why=_reason(error))
    seen = Seen.LINK if stat.S_ISLNK(own.st_mode) else Seen.FILE if stat.S_ISREG(own.st_mode) else Seen.OTHER
    found = File(
        path,
        seen,
        identity=f"{about.st_dev}:{about.st_ino}",
        proof=proof_of(about),
        names=about.st_nlink,
        size=about.st_size,
        allocated=about.st_blocks * 512,
        modified=about.st_mtime,
        deletable=os.access(posixpath.dirname(path), os.W_OK | os.X_OK),
        shared=_SHARED.fullmatch(_file_system(about.st_dev)) is not None,
    )
    if stat.S_ISBLK(about.st_mode):
        found = replace(found, identity=f"block {about.st_rdev}")
    if not (stat.S_ISREG(about.st_mode) or stat.S_ISBLK(about.st_mode)):
        return found
    try:
        source = LocalFile(path)
    except OSError as error:
        locked = _listed_as_locked(about.st_ino)
        return replace(found, content=Content.UNREAD, why=_reason(error), locked=locked)
    try:
        return with_content(replace(found, locked=_locked(path)), source)
    finally:
        source.close()


def proof_of(about: os.stat_result) -> str:
    """What changes with any change of the file: GNU ``stat --format=%d:%i:%s:%.9Y``."""
    seconds, rest = divmod(about.st_mtime_ns, 10**9)
    return f"{about.st_dev}:{about.st_ino}:{about.st_size}:{seconds}.{rest:09}"


def look_through(open_image: Open, path: str) -> File:
    """What there is at a path of a host whose files are only reached as volumes; never raises.

    Its identity stays unknown: two volumes may be two names of one file.
    """
    try:
        source = open_image(path)
    except SnapguiError as error:
        return File(path, Seen.UNREAD, content=Content.UNREAD, why=error.problem.why)
    try:
        allocated = source.allocated() if isinstance(source, Volume) else None
        return with_content(File(path, Seen.FILE, size=source.size(), allocated=allocated, volume=True), source)
    except SnapguiError as error:
        return File(path, Seen.UNREAD, content=Content.UNREAD, why=error.problem.why)
    finally:
        source.close()


def with_content(file: File, source: ByteSource) -> File:
    """The file with what is in it. Raises SnapguiError where the source does."""
    try:
        head = source.read(0, min(_HEAD, source.size()))
        if head.startswith(_OTHERS_WITH_BACKING):
            why = translate("Files", "It is of a format whose backing files can’t be read.")
            return replace(file, content=Content.UNREAD, why=why)
        if head.startswith(_SAVED):
            return replace(file, content=Content.MEMORY, owner=_owner(source))
        if not head.startswith(MAGIC):
            return replace(file, content=Content.OTHER)
        needs = read_needs(source)
        folder = posixpath.dirname(file.path)
        return replace(
            file,
            content=Content.QCOW2,
            backing=_absolute(needs.backing, folder),
            backing_format=needs.backing_format,
            data_file=_absolute(needs.data_file, folder),
            tags=tuple(map(_tag, read_snapshots(source))),
        )
    except (Qcow2Error, OSError) as error:
        return replace(file, content=Content.UNREAD, why=_reason(error))


def _tag(entry: InternalSnapshot) -> Tag:
    key = f"{entry.id}.{entry.date}.{entry.date_ns}.{entry.l1_offset}"
    return Tag(entry.name, entry.date, entry.vm_state_size, key)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _absolute(name: str, folder: str) -> str:
    """The path of a file that an image names; "" for none, and for one that is reached over the network.

    Not made simpler: where a folder on the way is a link, ".." does not lead back.
    """
    if name.startswith("json:"):
        name = _in_json(name.removeprefix("json:"))
    protocol, colon, rest = name.partition(":")
    if colon and "/" not in protocol:  # QEMU's path_has_protocol
        if _NETWORK.fullmatch(protocol):
            return ""
        if protocol != "file":
            raise Qcow2Error(f"the backing file {name} is of a kind that is not known here")
        name = rest.removeprefix("//")
    return posixpath.join(folder, name) if name else ""


def _in_json(text: str) -> str:
    """The file's name in QEMU's description of an image (docs/interop: pseudo-protocol ``json:``)."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Qcow2Error(f"the backing file’s description is not JSON: {error}") from error
    while isinstance(value, dict):
        if isinstance(name := value.get("filename", value.get("file.filename")), str):
            return name
        value = value.get("file")
    raise Qcow2Error(f"the backing file’s description names no file: {text}")


def _owner(source: ByteSource) -> str:
    """The UUID of the machine whose memory it is, "" where it can't be read."""
    head = source.read(0, _SAVED_HEAD.size)
    if len(head) < _SAVED_HEAD.size:
        return ""
    length = _SAVED_HEAD.unpack(head)[2]
    text = source.read(_SAVED_HEAD.size, min(length, _LONGEST_XML)).split(b"\0", 1)[0]
    with suppress(XmlError, UnicodeDecodeError):
        return str(parse(text.decode()).findtext("uuid", ""))
    return ""


_GETLK = getattr(fcntl, "F_OFD_GETLK", 36)
_FLOCK = struct.Struct("@hhqqi4x")


def _locked(path: str) -> bool | None:
    """Whether anybody holds a lock on a part of it, as QEMU and qemu-img do while they work with an image."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        answer = fcntl.fcntl(descriptor, _GETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
        return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _listed_as_locked(inode: int) -> bool | None:
    """The same for a file that may not be opened, from the kernel's list of all locks (man 5 proc_locks).

    By the inode alone: some file systems are there by another number than ``stat`` has for them.
    """
    try:
        listed = Path("/proc/locks").read_text()
    except OSError:
        return None
    return any(line.split()[-3].rpartition(":")[2] == str(inode) for line in listed.splitlines())


def _file_system(device: int) -> str:
    """The type of the file system of that number; "" where no mount has it."""
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError):
        for line in Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
            fields = line.split()
            if fields[2] == number:
                return fields[fields.index("-") + 1]
    return ""


def delete(path: str, proof: str) -> None:
    """Delete a file of this computer that is still what it was when ``proof`` was made. Raises SnapguiError."""
    tried = translate("Files", "Deleting the file {path}").format(path=path)
    try:
        about = os.lstat(path)
        if not stat.S_ISREG(about.st_mode) or proof_of(about) != proof:
            raise SnapguiError(changed(tried))
        Path(path).unlink()
    except OSError as error:
        raise SnapguiError(Problem(tried, f"{_reason(error)}.", raw=str(error))) from error


def changed(tried: str) -> Problem:
    """The problem of something that is not any more what a plan was made for."""
    return Problem(
        tried,
        translate("Files", "It has changed since it was looked at, so nothing was done to it."),
        translate("Files", "Check the machine’s health again."),
    )
