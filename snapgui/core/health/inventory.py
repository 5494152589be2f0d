"""What lies on a host around one machine: what its machines' XML says, and the files that this could be about.

Values only: ``snapgui.virt.inventory`` reads them, ``snapgui.core.health.examine`` judges them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Seen(Enum):
    """What a path leads to."""

    FILE = "file"
    LINK = "link"  # a symbolic link; what is said of its content is about its target
    OTHER = "other"  # a device, a folder
    MISSING = "missing"
    UNREAD = "unread"  # nobody could look: it may be there or not


class Content(Enum):
    """What is in a file."""

    QCOW2 = "qcow2"
    MEMORY = "memory"  # a guest's memory as libvirt saves it
    OTHER = "other"  # something that needs no other file
    UNREAD = "unread"  # could not be read, or is of a format whose backing files can't be


@dataclass(frozen=True, slots=True)
class Tag:
    """A snapshot in an image's own table. ``memory`` in bytes, ``created`` in seconds since the epoch.

    ``key`` tells it from every other of the same name that the image ever held.
    """

    name: str
    created: int
    memory: int
    key: str


@dataclass(frozen=True, slots=True)
class File:
    """A path as it was looked at. Sizes in bytes, times in seconds since the epoch; None: not known.

    ``identity`` is the same for two paths of one file and different for two files; "": not known. ``proof`` is
    different after any change: GNU ``stat --format=%d:%i:%s:%.9Y``. ``names``: how many hard links it has. ``locked``:
    somebody holds a lock on it, as QEMU does on each image it works with. ``backing`` and ``data_file`` are absolute
    paths. ``owner``: the UUID of the machine whose memory it is. ``volume``: an active pool of the host has it.
    ``deletable``: we may delete it. ``shared``: it is on a file system that other computers may use too.
    """

    path: str
    seen: Seen
    identity: str = ""
    proof: str = ""
    names: int = 1
    size: int | None = None
    allocated: int | None = None
    modified: float | None = None
    locked: bool | None = None
    content: Content = Content.OTHER
    backing: str = ""
    backing_format: str = ""
    data_file: str = ""
    tags: tuple[Tag, ...] = ()
    owner: str = ""
    volume: bool = False
    deletable: bool = False
    shared: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class MachineTexts:
    """All that libvirt says of one machine of the host. ``why``: not all could be read, for this reason.

    ``texts``: each XML that may name files: its configuration now and at its next start, its saved state, its
    checkpoints. ``snapshots``: their XML by name. ``paths``: of the volumes that any of these names by its pool.
    """

    uuid: str
    name: str
    texts: tuple[str, ...] = ()
    snapshots: Mapping[str, str] = field(default_factory=dict)
    paths: frozenset[str] = frozenset()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A screenshot in our own cache, whose snapshot is gone. ``proof`` as in File."""

    path: str
    size: int
    proof: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that the health of the machine ``uuid`` is judged by.

    ``config``: the machine's XML for its next start, passwords included. ``machines``: all of the host, it too.
    ``files``: every path that any XML or image names, and all in ``folders``, by path. ``folders``: where the machine's
    files lie; "", or why they could not be listed. ``block_jobs``: the machine's disks that one works on; None: not
    known. ``read_at``: seconds since the epoch. ``near``: the host is this computer, so its files can be told apart.
    """

    uuid: str
    active: bool
    config: str
    machines: tuple[MachineTexts, ...]
    files: Mapping[str, File]
    folders: Mapping[str, str]
    block_jobs: frozenset[str] | None
    read_at: float
    near: bool = True
    pictures: tuple[Picture, ...] = ()
