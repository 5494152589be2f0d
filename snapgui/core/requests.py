"""What the user wants. A request and a situation make a plan."""

from dataclasses import dataclass
from enum import Enum

from snapgui.core.records import DomainId, Kind, Mode


class RunState(Enum):
    """How a machine goes on after a revert."""

    AS_TAKEN = "as taken"
    RUNNING = "running"
    PAUSED = "paused"


class Scope(Enum):
    """How far a delete reaches from each chosen snapshot."""

    THIS = "this"
    WITH_CHILDREN = "with children"
    CHILDREN_ONLY = "children only"


class PowerAction(Enum):
    """What can be done to a machine as a whole."""

    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    SHUT_DOWN = "shut down"
    REBOOT = "reboot"
    FORCE_OFF = "force off"


@dataclass(frozen=True, slots=True)
class DiskChoice:
    """What becomes of one disk in a snapshot, where that is not what its kind does by itself.

    ``mode`` is INTERNAL, EXTERNAL or NO. ``path`` and ``format`` are those of an overlay; "" leaves them to libvirt.
    """

    target: str
    mode: Mode
    path: str = ""
    format: str = ""


@dataclass(frozen=True, slots=True)
class Take:
    """Take a snapshot.

    INTERNAL keeps everything inside the images, EXTERNAL the disks in overlays and an active machine's memory in
    ``memory_file`` ("": beside its first disk), DISK_ONLY the disks alone in overlays. The fields from ``live`` on are
    libvirt's flags of these names (https://libvirt.org/html/libvirt-libvirt-domain-snapshot.html).
    """

    domain: DomainId
    name: str
    description: str = ""
    kind: Kind = Kind.INTERNAL
    disks: tuple[DiskChoice, ...] = ()
    memory_file: str = ""
    live: bool = False
    halt: bool = False
    quiesce: bool = False
    reuse: bool = False
    no_metadata: bool = False
    validate: bool = False


@dataclass(frozen=True, slots=True)
class Revert:
    """Bring the machine back to a snapshot. ``safety`` is taken first, so that the revert can be undone."""

    domain: DomainId
    snapshot: str
    run: RunState = RunState.AS_TAKEN
    remove_managed_save: bool = False
    reset_nvram: bool = False
    force: bool = False
    safety: Take | None = None


@dataclass(frozen=True, slots=True)
class Undo:
    """Take a revert back: go to the safety snapshot that was taken before it, and delete that."""

    domain: DomainId
    snapshot: str


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete snapshots, each with the same scope; with ``metadata_only``, libvirt only forgets them."""

    domain: DomainId
    snapshots: tuple[str, ...]
    scope: Scope = Scope.THIS
    metadata_only: bool = False


@dataclass(frozen=True, slots=True)
class Describe:
    """Change a snapshot's description.

    ``before``: the descriptions that the writer knew of; another one that is there now is not replaced unasked. Empty:
    whatever is there gives way.
    """

    domain: DomainId
    snapshot: str
    description: str
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SetCurrent:
    """Say which snapshot the machine stands on, without reverting."""

    domain: DomainId
    snapshot: str


@dataclass(frozen=True, slots=True)
class Power:
    """Start, pause, resume, shut down, reboot or force off."""

    domain: DomainId
    action: PowerAction


@dataclass(frozen=True, slots=True)
class Redefine:
    """Give a snapshot another XML under the same name.

    ``base`` is what the user began with: where the host has another text by now, somebody else has changed it.
    ``validate``: libvirt holds it against its schema first.
    """

    domain: DomainId
    snapshot: str
    xml: str
    base: str = ""
    validate: bool = False


@dataclass(frozen=True, slots=True)
class Rename:
    """Give a snapshot another name."""

    domain: DomainId
    snapshot: str
    name: str


@dataclass(frozen=True, slots=True)
class Import:
    """Define snapshots from their XML. ``current`` is the name of the one that the machine stands on; "": no change.

    ``sources``: what to call each text in words, its file's name.
    """

    domain: DomainId
    xmls: tuple[str, ...]
    current: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configure:
    """Give the machine another configuration for its next start: its whole XML.

    ``base`` is what the change began with, so that a change by others meanwhile is not undone unseen. ``validate``: the
    host holds it against libvirt's schema first; without that, what it does not know is dropped without a word.
    """

    domain: DomainId
    xml: str
    base: str
    validate: bool = True


class Form(Enum):
    """What a snapshot's data is written as."""

    QCOW2 = "qcow2"
    COMPRESSED = "compressed qcow2"
    RAW = "raw"
    BUNDLE = "bundle"  # ``snapgui.core.bundle``


@dataclass(frozen=True, slots=True)
class Export:
    """Write what a snapshot holds into files of this computer: ``name`` in ``folder``, with a suffix if it needs one.

    A bundle is a folder with all of it. Else there is an image of each disk; ``disks`` are targets, none for all.
    """

    domain: DomainId
    snapshot: str
    folder: str
    name: str
    form: Form = Form.QCOW2
    disks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportBundle:
    """Make the machine of a bundle anew, under this name, with its files in ``folder``. ``domain`` has its new UUID."""

    domain: DomainId
    bundle: str
    name: str
    folder: str


@dataclass(frozen=True, slots=True)
class TakeTogether:
    """Take one snapshot of each of several machines.

    ``freeze``: their agents hold all file systems still until the last is taken. ``roll_back``: where one fails, those
    that were taken are deleted again.
    """

    takes: tuple[Take, ...]
    freeze: bool = False
    roll_back: bool = False

    @property
    def domain(self) -> DomainId:
        """The first machine."""
        return self.takes[0].domain


@dataclass(frozen=True, slots=True)
class Mend:
    """Put right what a check of the machine's health has found.

    ``adopt``: snapshots that are in the images only become known to libvirt. ``erase``: such are deleted. ``forget``:
    snapshots whose data is gone are deleted. ``files``: paths of files that nothing refers to any more, to be deleted.
    ``pictures``: paths of screenshots in our own cache whose snapshots are gone.
    """

    domain: DomainId
    adopt: tuple[str, ...] = ()
    erase: tuple[str, ...] = ()
    forget: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clone:
    """Make a new machine of a snapshot: with the disks and the settings of then; it is off.

    ``linked``: its disks stand on the images that an external snapshot was taken of, instead of being copies of them.
    ``folder``: where its files go; "": beside those that they are made of.
    """

    domain: DomainId
    snapshot: str
    name: str
    linked: bool = False
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Compact:
    """Put a smaller image that holds the same in the place of each of these disks' images, by the disk's target."""

    domain: DomainId
    targets: tuple[str, ...]


MachineRequest = (
    Take
    | Revert
    | Undo
    | Delete
    | Describe
    | SetCurrent
    | Power
    | Redefine
    | Rename
    | Import
    | Mend
    | Configure
    | Clone
    | Export
    | ImportBundle
    | Compact
)
Request = MachineRequest | TakeTogether


def domains(request: Request) -> tuple[DomainId, ...]:
    """Every machine that the request changes."""
    return tuple(take.domain for take in request.takes) if isinstance(request, TakeTogether) else (request.domain,)
