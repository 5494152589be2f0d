"""What is there: hosts, domains and snapshots as read from libvirt. Immutable values; nothing here asks anybody."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from snapgui.core.errors import Problem

if TYPE_CHECKING:
    from snapgui.core.bundle import FoundBundle
    from snapgui.core.health.ailments import Health
from snapgui.core.usage import Usage


class DomainId(NamedTuple):
    """A domain for good: the connection that it is reached by, and its UUID there."""

    uri: str
    uuid: str


class HostState(Enum):
    """Where a connection stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"


class DomainState(Enum):
    """virDomainState, by libvirt's own words."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    PAUSED = "paused"
    SHUTTING_DOWN = "in shutdown"
    SHUT_OFF = "shut off"
    CRASHED = "crashed"
    PM_SUSPENDED = "pmsuspended"

    @property
    def active(self) -> bool:
        """Whether a hypervisor process exists for it."""
        return self in _ACTIVE


# libvirt says "crashed" only of a machine whose process it has kept; of another, "shut off".
_ACTIVE = frozenset(DomainState) - {DomainState.UNKNOWN, DomainState.SHUT_OFF}


class Pause(Enum):
    """Where the memory of a paused machine comes from that has not run since: the reason that libvirt gives."""

    OTHER = ""
    REVERTED = "from a snapshot"
    RESTORED = "from a file"


class SnapshotState(Enum):
    """The state of the guest in a snapshot: the text of ``<state>`` in its XML."""

    UNKNOWN = "unknown"
    RUNNING = "running"
    PAUSED = "paused"
    SHUT_OFF = "shutoff"
    DISK_ONLY = "disk-snapshot"
    CRASHED = "crashed"
    PM_SUSPENDED = "pmsuspended"


class Mode(Enum):
    """How one part of a machine is kept in a snapshot: the attribute ``snapshot`` of ``<memory>`` and ``<disk>``."""

    NO = "no"
    INTERNAL = "internal"
    EXTERNAL = "external"
    MANUAL = "manual"
    UNKNOWN = ""


class Kind(Enum):
    """What a user calls the kind of a snapshot."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    DISK_ONLY = "disk only"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HostRecord:
    """One connection. Versions are libvirt's numbers: major * 1,000,000 + minor * 1,000 + release."""

    uri: str
    state: HostState = HostState.CONNECTING
    hostname: str = ""
    driver: str = ""  # virConnectGetType: "QEMU", "TEST"
    libvirt_version: int = 0
    hypervisor_version: int = 0
    near: bool = False  # its paths are paths of this computer
    external_revert: bool = False  # <externalSnapshot/> among the guest features of its capabilities
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class DomainRecord:
    """One machine as a list shows it."""

    id: DomainId
    name: str
    state: DomainState = DomainState.UNKNOWN
    persistent: bool = True
    managed_save: bool = False
    snapshot_count: int | None = None  # None: not known
    problem: Problem | None = None
    pause: Pause = Pause.OTHER
    title: str = ""  # what its owner calls it, besides its name


@dataclass(frozen=True, slots=True)
class Disk:
    """A ``<disk>`` of a domain's XML."""

    target: str  # "vda"
    device: str = "disk"  # "disk", "cdrom", "floppy", "lun"
    source_type: str = "file"  # the attribute type: "file", "block", "volume", "network"
    source: str = ""  # path; "" for an empty drive, or where the source is no path
    format: str = ""  # the driver's type: "qcow2", "raw"; "" where not given
    readonly: bool = False
    snapshot: Mode = Mode.UNKNOWN  # its default for snapshots, as set in the domain's XML
    transient: bool = False  # thrown away when the machine stops

    @property
    def has_medium(self) -> bool:
        """Whether anything is in the drive."""
        return bool(self.source) or self.source_type not in ("file", "block")

    @property
    def writable(self) -> bool:
        """Whether a snapshot has to hold it: a disk with a medium that the guest can write."""
        return self.has_medium and not self.readonly and self.device != "cdrom"


class Agent(Enum):
    """What is known of the guest's agent: the channel ``org.qemu.guest_agent.0`` of the domain's XML, and its state."""

    NONE = "none"  # the machine has no channel for one
    SILENT = "silent"  # there is a channel, and nobody in the guest has opened it
    CONNECTED = "connected"


@dataclass(frozen=True, slots=True)
class DomainConfig:
    """What the rules need of a domain's XML. Memory in KiB, as libvirt writes it."""

    disks: tuple[Disk, ...] = ()
    agent: Agent = Agent.NONE
    uefi: bool = False  # firmware in pflash
    nvram_format: str = ""  # "raw", "qcow2"; "" without NVRAM
    memory: int = 0
    current_memory: int = 0
    vcpus: int = 0
    graphics: tuple[str, ...] = ()  # the types: "vnc", "spice"
    host_devices: tuple[str, ...] = ()  # the types of the host's devices given to it: "pci", "usb", "mdev"
    unsaved: tuple[str, ...] = ()  # what QEMU may refuse to save the memory with: "invtsc", "virtiofs", "shmem"
    xml: str = ""


@dataclass(frozen=True, slots=True)
class SnapshotDisk:
    """A ``<disk>`` of a snapshot's XML."""

    target: str
    mode: Mode
    path: str = ""  # an external snapshot's overlay


@dataclass(frozen=True, slots=True)
class SnapshotRecord:
    """A snapshot as its XML describes it. ``complete`` is False while only its name is known."""

    name: str
    complete: bool = True
    parent: str | None = None
    state: SnapshotState = SnapshotState.UNKNOWN
    created: int | None = None  # seconds since the epoch
    description: str = ""  # without the mark of a safety snapshot
    safety: bool = False  # taken before a revert, which can be undone by it
    memory: Mode = Mode.UNKNOWN
    memory_file: str = ""
    disks: tuple[SnapshotDisk, ...] = ()
    has_domain: bool = True  # its XML holds the machine's whole configuration, without which libvirt can't revert to it
    problem: Problem | None = None  # its XML could not be read

    @property
    def kind(self) -> Kind:
        """Internal, external or disk only, by what it holds."""
        if self.state is SnapshotState.DISK_ONLY:
            return Kind.DISK_ONLY
        modes = [self.memory, *[disk.mode for disk in self.disks]]  # no set: an enum's hash takes longer than all else
        if Mode.EXTERNAL in modes:
            return Kind.EXTERNAL
        if Mode.INTERNAL in modes:
            return Kind.INTERNAL
        return Kind.UNKNOWN

    @property
    def external(self) -> bool:
        """Whether it keeps anything in files of its own."""
        return self.kind in (Kind.EXTERNAL, Kind.DISK_ONLY)


@dataclass(frozen=True, slots=True)
class Size:
    """A number of bytes, or the reason why it can't be known (in the user's words)."""

    bytes: int | None
    why: str = ""


_NOTHING: Mapping[str, "SnapshotRecord"] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Snapshots:
    """All snapshots of one domain, by name, and the current one."""

    records: Mapping[str, SnapshotRecord] = field(default_factory=lambda: _NOTHING)
    current: str | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """One image of a disk's chain. ``allocated`` is what it takes on its file system, in bytes; None: not known."""

    path: str
    format: str = ""
    allocated: int | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of the host: bytes that can still be written in it, and the names of what is there. None: not known.

    ``writable``: by us, as a folder of this computer. ``place``: what its room is of, the same for folders that share
    it: where a file system is mounted, or a storage pool's name. ``pool``: the host's active storage pool of this very
    folder, in which it makes new files for us; "" for none, or where that was not asked.
    """

    free: int | None = None
    names: frozenset[str] | None = None
    missing: bool = False  # it is known not to exist
    writable: bool = False
    place: str = ""
    pool: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An image that was made to go on in, or to copy from: its format by its header, and what that says is behind it.

    ``size``: of the disk that it holds, in bytes; None: not known. ``tags``: the names of the snapshots in it,
    and ``tag_sizes`` how large the disk was at those where it was not as large as now.
    ``near``: it is a file of this computer that we may read, and so may a program that we start. ``options``: what
    qemu-img has to be told to make a qcow2 image like it; "" where none can be: it is encrypted, damaged, or has a data
    file of its own.
    """

    format: str  # "qcow2", or "" for anything else
    backing: str = ""
    size: int | None = None
    tags: frozenset[str] = frozenset()
    near: bool = False
    options: str = ""
    tag_sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ties:
    """What leads to which of a machine's overlays, and to those behind these; each overlay has one path here.

    ``machine``: its own XML; ``elsewhere``: other machines. By the names of its snapshots, ``images``: its disks as
    they were then; ``own``: the note of the files that it went on in; ``since``: of those since the last revert there.
    """

    machine: frozenset[str] = frozenset()
    elsewhere: frozenset[str] = frozenset()
    images: Mapping[str, frozenset[str]] = field(default_factory=dict)
    own: Mapping[str, frozenset[str]] = field(default_factory=dict)
    since: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dependents:
    """Who else stands on a machine's files, each by the file's path: directly, or on what is above it.

    ``machines``: the names of other machines of the host. ``writers``: those of them that write to it when they run.
    ``images``: the paths of images that no machine uses.
    ``ties``: what keeps the machine's overlays in use; None where some XML can't be read, which could name any.
    ``unseen``: why there may be more, "" where all could be looked at.
    """

    machines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    images: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ties: Ties | None = None
    unseen: str = ""
    writers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that a plan is made from. What has not been read is None or missing, never guessed.

    ``image_tags``: for each disk target whose image could be read, the snapshot tags in the image's own table.
    ``equal_tags``: for each disk target of a machine that is off, those of these tags that hold what the disk holds
    now, and "" where nothing has been written to the image since it was made.
    ``chains``: for each disk target whose chain could be read, its images, the active one first; where a snapshot is
    copied that has others, those that it was taken of. ``missing``: for each that an image is not there of, its path.
    ``folders``: those that hold the disks' images, and others that were asked for, by path. ``here``: folders of this
    computer, whether or not the host is it.
    ``prepared``: images that were asked for, and then the disks' own, by path; None for one that can't be read.
    ``checkpoints``: how many checkpoints the domain has. ``block_jobs``: the targets of disks that one works on.
    ``snapshot_xml``: the security-sensitive XML of snapshots that a request would redefine, or whose files it deletes,
    by name.
    ``health``: what a check of it has found. ``dependents``: read only where a plan changes files below others.
    ``next_xml``: the security-sensitive XML that the machine starts with the next time, where that was asked for.
    ``usage``: what the machine's images hold. ``machines``: the names of all machines of the host.
    ``pauses``: how long earlier snapshots of this machine paused it, in seconds. ``memory_used``: bytes of the host's
    memory that its QEMU has.
    """

    host: HostRecord
    domain: DomainRecord
    snapshots: Snapshots = field(default_factory=Snapshots)
    config: DomainConfig | None = None
    image_tags: Mapping[str, frozenset[str]] = field(default_factory=dict)
    equal_tags: Mapping[str, frozenset[str]] = field(default_factory=dict)
    chains: Mapping[str, tuple[Layer, ...]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, Folder] = field(default_factory=dict)
    here: Mapping[str, Folder] = field(default_factory=dict)
    prepared: Mapping[str, Prepared | None] = field(default_factory=dict)
    checkpoints: int | None = None
    block_jobs: frozenset[str] | None = None
    snapshot_xml: Mapping[str, str] = field(default_factory=dict)
    next_xml: str | None = None
    sizes: Mapping[str, Size] = field(default_factory=dict)
    usage: Usage | None = None
    machines: frozenset[str] = frozenset()
    pauses: tuple[float, ...] = ()
    memory_used: int | None = None
    health: "Health | None" = None
    dependents: Dependents | None = None
    bundle: "FoundBundle | None" = None  # that its machine is to be made of

    def as_seen(self, known: "Situation") -> "Situation":
        """With what events tell as it is in ``known``: host, snapshots, their sizes, and what the images hold."""
        return replace(
            self,
            host=known.host,
            machines=known.machines,
            snapshots=known.snapshots,
            sizes=known.sizes,
            usage=known.usage,
        )
