"""What can be wrong with a machine's snapshots and files. ``snapgui.core.health.examine`` finds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from snapgui.core.health.inventory import Inventory


@dataclass(frozen=True, slots=True)
class Found:
    """A snapshot in the machine's images. ``places``: the image that holds it, by the disk's target."""

    name: str
    created: int  # seconds since the epoch
    memory: int  # bytes of the guest's memory in it; 0: it was off
    places: Mapping[str, str]
    parent: str | None = None


class Ill(Enum):
    """What can be wrong."""

    UNKNOWN = "unknown"  # a snapshot in the images that libvirt does not know
    LOST = "lost"  # a snapshot that libvirt knows, and whose data is gone
    UNFINISHED = "unfinished"  # a snapshot into whose image an overlay is half merged
    UNUSED = "unused"  # a file that nothing refers to
    PICTURE = "picture"  # a screenshot of a snapshot that is gone
    BROKEN = "broken"  # a disk whose images are not all there


@dataclass(frozen=True, slots=True)
class Ailment:
    """One thing that is wrong. ``name`` is the snapshot's or the file's path, and with ``ill`` tells it from others.

    ``where``: paths and words on where it lies. ``size`` in bytes, None: not known,
    or that of a snapshot, which ``snapgui.core.usage`` counts. ``why_not``: why nothing is offered
    against it. ``doubt``: what speaks against doing it unasked. ``proof`` changes when what it was found by does.
    ``found``: of an UNKNOWN one; ``adoptable``: it is in every disk. ``partly``: of a LOST one, something is left.
    """

    ill: Ill
    name: str
    text: str
    where: tuple[str, ...] = ()
    size: int | None = None
    why_not: str = ""
    doubt: str = ""
    proof: str = ""
    found: Found | None = None
    adoptable: bool = False
    partly: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """What ``inventory`` comes to. ``unseen``: what could not be looked at, each with the reason.

    The numbers say how much was.
    """

    inventory: Inventory
    ailments: tuple[Ailment, ...] = ()
    unseen: tuple[str, ...] = ()
    images: int = 0
    folders: int = 0
    machines: int = 0
    snapshots: int = 0
