"""A plan: what exactly will happen, before it happens. ``make_plan`` (in ``snapgui.core.rules``) is a pure function."""

from dataclasses import dataclass
from enum import Enum, IntFlag
from typing import Final

from snapgui.core.records import DomainId
from snapgui.core.requests import Request


class CreateFlag(IntFlag):
    """virDomainSnapshotCreateFlags."""

    NONE = 0
    REDEFINE = 1
    CURRENT = 2
    NO_METADATA = 4
    HALT = 8
    DISK_ONLY = 16
    REUSE_EXT = 32
    QUIESCE = 64
    ATOMIC = 128
    LIVE = 256
    VALIDATE = 512


class RevertFlag(IntFlag):
    """virDomainSnapshotRevertFlags."""

    NONE = 0
    RUNNING = 1
    PAUSED = 2
    FORCE = 4
    RESET_NVRAM = 8


class DeleteFlag(IntFlag):
    """virDomainSnapshotDeleteFlags."""

    NONE = 0
    CHILDREN = 1
    METADATA_ONLY = 2
    CHILDREN_ONLY = 4


class Call(Enum):
    """The libvirt call that a step makes."""

    SNAPSHOT_CREATE = "virDomainSnapshotCreateXML"
    SNAPSHOT_REVERT = "virDomainRevertToSnapshot"
    SNAPSHOT_DELETE = "virDomainSnapshotDelete"
    MANAGED_SAVE_REMOVE = "virDomainManagedSaveRemove"
    CREATE = "virDomainCreate"
    SUSPEND = "virDomainSuspend"
    RESUME = "virDomainResume"
    SHUTDOWN = "virDomainShutdown"
    REBOOT = "virDomainReboot"
    DESTROY = "virDomainDestroy"
    DEFINE = "virDomainDefineXMLFlags"
    DEFINE_NEW = "virDomainDefineXMLFlags, of a machine that is not there yet"
    UNDEFINE = "virDomainUndefineFlags"
    FS_FREEZE = "virDomainFSFreeze"
    FS_THAW = "virDomainFSThaw"
    SET_TIME = "virDomainSetTime"
    AGENT_ASK = "virDomainGetTime"  # changes nothing: whether the agent answers
    AGENT_TIMEOUT = "virDomainAgentSetResponseTimeout"
    VOLUME_CREATE = "virStorageVolCreateXML"  # ``xml`` as the new volume ``path`` of the pool ``source``
    VOLUME_DELETE = "virStorageVolDelete"
    FILE_DELETE = "unlink"  # of this computer, and no call of libvirt's
    PICTURE_DELETE = "unlink of a picture"  # likewise, in our own cache
    PROGRAM = (
        "exec"  # likewise: a program of this computer, which makes the new file ``path``, or none where that is ""
    )
    FILE_WRITE = "open"  # likewise: ``xml`` as the new file ``path``
    FOLDER_MAKE = "mkdir"
    MOVE = "rename"  # likewise: ``source`` to ``path``, where nothing is yet
    REPLACE = "rename over"  # likewise: ``source``, which is the same but smaller, in the place of ``path``
    VOLUME_DOWNLOAD = "virStorageVolDownload"  # of the host's volume ``source``, as the new file ``path``
    VOLUME_UPLOAD = "virStorageVolUpload"  # of this computer's file ``source``, into the host's volume ``path``
    REMOVE = "rm -r"  # what the same plan has made at ``path``


# What they make is put in place once it is whole, and never over anything that is there.
MAKING: Final = frozenset(
    {
        Call.PROGRAM,
        Call.FILE_WRITE,
        Call.FOLDER_MAKE,
        Call.MOVE,
        Call.REPLACE,
        Call.VOLUME_DOWNLOAD,
        Call.VOLUME_UPLOAD,
        Call.REMOVE,
    }
)
AGENT_WAITS: Final = -2  # VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK: without end, as it is unless somebody sets it


@dataclass(frozen=True, slots=True)
class Step:
    """One libvirt call, or what this computer does itself (``MAKING``).

    ``flags`` are the call's own; ``xml`` may hold passwords: show it through ``core.virsh``.
    ``path`` is the file that a call on storage is about, or that is made.
    ``program``: a program and its arguments; an argument that is ``path`` stands for the new file. Where none is, what
    the program prints becomes the file.
    ``bytes``: about how many it writes or reads, for the progress.
    ``may_fail``: its failure is told, and the plan goes on.
    ``always``: it runs whatever happened before, since it ends a state in which the plan holds the guest. As what takes
    another step back: it is made up for where the connection has been lost.
    ``seconds``: how long the guest's agent has for an answer.
    ``proof``: what has to be so still when the step runs, as ``core.health`` found it.
    ``undone_by``: what takes it back, where a plan that fails later is rolled back.
    ``abortable``: it can be ended in the middle, and nothing is lost by that.
    ``merges``: the targets of the disks whose overlays it merges into the images below.
    """

    call: Call
    domain: DomainId
    domain_name: str
    snapshot: str = ""
    xml: str = ""
    flags: int = 0
    path: str = ""
    source: str = ""
    program: tuple[str, ...] = ()
    bytes: int = 0
    proof: str = ""
    seconds: int = 0
    abortable: bool = False
    merges: tuple[str, ...] = ()
    may_fail: bool = False
    always: bool = False
    undone_by: "Step | None" = None

    @property
    def has_progress(self) -> bool:
        """Whether its host can be asked how far it is."""
        return self.abortable or bool(self.merges) or self.call in MAKING

    @property
    def takes(self) -> bool:
        """Whether it takes a new snapshot."""
        return self.call is Call.SNAPSHOT_CREATE and not self.flags & CreateFlag.REDEFINE


class Level(Enum):
    """How much a finding matters. A plan with a blocker does not run."""

    BLOCKER = "blocker"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's word on the plan. ``rule`` names it for tests and for the code that offers the remedy.

    ``line`` is the place in the request's XML, counted from 1. ``subject`` is which of several things it is about.
    """

    rule: str
    level: Level
    reason: str
    remedy: str = ""
    line: int | None = None
    subject: str = ""


class EffectKind(Enum):
    """What sort of change an effect is; picks its icon and its order."""

    ADDS = "adds"
    LOSES = "loses"
    MOVES = "moves"
    CHANGES = "changes"
    PAUSES = "pauses"


@dataclass(frozen=True, slots=True)
class Effect:
    """One consequence in words, and the names that it is about."""

    kind: EffectKind
    text: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What will run and what comes of it. ``lacks``: what ``undo`` does not bring back, each in a few words."""

    request: Request
    title: str  # "Take snapshot “a” of pisces"
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    effects: tuple[Effect, ...] = ()
    undo: Request | None = None
    lacks: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing stands in its way."""
        return bool(self.steps) and all(finding.level is not Level.BLOCKER for finding in self.findings)

    @property
    def makes(self) -> bool:
        """Whether it makes files of this computer, which go again where it is cancelled or fails."""
        return not MAKING.isdisjoint(step.call for step in self.steps)

    def progress(self, index: int, done: float) -> float:
        """How much of all is done, 0 to 1, where that step is done to that part: by bytes where they are known."""
        weights = [step.bytes for step in self.steps]
        if not any(weights):
            weights = [1] * len(weights)
        return (sum(weights[:index]) + done * weights[index]) / sum(weights)
