"""What the user wants. A request and a situation make a plan."""

from dataclasses import dataclass
from enum import Enum

from snapgui.core.records import DomainId


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
class Take:
    """Take a snapshot of everything, kept inside the images."""

    domain: DomainId
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Revert:
    """Bring the machine back to a snapshot."""

    domain: DomainId
    snapshot: str
    run: RunState = RunState.AS_TAKEN
    remove_managed_save: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete snapshots, each with the same scope."""

    domain: DomainId
    snapshots: tuple[str, ...]
    scope: Scope = Scope.THIS


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


Request = Take | Revert | Delete | Describe | SetCurrent | Power
