"""What states and kinds are called on screen."""

from collections.abc import Sequence

from snapgui.core.records import DomainRecord, DomainState, HostState, Kind, Size, SnapshotState
from snapgui.core.text import translate
from snapgui.core.totals import Total
from snapgui.models.format import size_text


def domain_state_text(state: DomainState) -> str:
    """A machine's state as a word; "" where it is not known."""
    return {
        DomainState.UNKNOWN: "",
        DomainState.RUNNING: translate("State", "running"),
        DomainState.PAUSED: translate("State", "paused"),
        DomainState.SHUTTING_DOWN: translate("State", "shutting down"),
        DomainState.SHUT_OFF: translate("State", "off"),
        DomainState.CRASHED: translate("State", "crashed"),
        DomainState.PM_SUSPENDED: translate("State", "asleep"),
    }[state]


def machine_state_text(machine: DomainRecord) -> str:
    """The same of a machine that may have been saved: it is off, and goes on from where it was when it is started."""
    return translate("State", "saved") if is_saved(machine) else domain_state_text(machine.state)


def is_saved(machine: DomainRecord) -> bool:
    """Whether libvirt has kept the memory of a machine that is off (virsh managedsave)."""
    return machine.managed_save and not machine.state.active


def snapshot_state_text(state: SnapshotState) -> str:
    """The state of the machine in a snapshot as a word; "" where it is not known."""
    return {
        SnapshotState.UNKNOWN: "",
        SnapshotState.RUNNING: translate("State", "running"),
        SnapshotState.PAUSED: translate("State", "paused"),
        SnapshotState.SHUT_OFF: translate("State", "off"),
        SnapshotState.DISK_ONLY: translate("State", "disk only"),
        SnapshotState.CRASHED: translate("State", "crashed"),
        SnapshotState.PM_SUSPENDED: translate("State", "asleep"),
    }[state]


def kind_text(kind: Kind) -> str:
    """Where a snapshot keeps its data, as a word; "" where it is not known."""
    return {
        Kind.INTERNAL: translate("Kind", "internal"),
        Kind.EXTERNAL: translate("Kind", "external"),
        Kind.DISK_ONLY: translate("Kind", "disk only"),
        Kind.UNKNOWN: "",
    }[kind]


def host_state_text(state: HostState) -> str:
    """Where a connection stands; "" while all is well."""
    return {
        HostState.CONNECTING: translate("State", "connecting…"),
        HostState.CONNECTED: "",
        HostState.FAILED: translate("State", "not connected"),
    }[state]


def frees_text(total: Total) -> str:
    """What deleting all these snapshots gives back: at least, where some is not known; "" where nothing is."""
    if not total.counted and not total.part:
        return ""
    size = size_text(total.size + total.part)
    return translate("Machines", "≥ {size}").format(size=size) if total.uncounted or total.unknown else size


def held_by_machine(total: Total) -> str:
    """What deleting the snapshots of one machine gives back, and what else its images keep; "" where nothing."""
    texts = [_held_by_snapshots(total)]
    if total.left:
        text = translate(
            "Machines",
            "Its images also keep {size} of memory that no snapshot needs: a revert leaves it behind. "
            "The next internal snapshot of the running machine uses as much of this room as it needs.",
        )
        texts.append(text.format(size=size_text(total.left)))
    return "\n".join(filter(None, texts))


def _held_by_snapshots(total: Total) -> str:
    if total.counted:
        return translate("Machines", "Deleting all its snapshots frees {size}.").format(size=size_text(total.size))
    if total.uncounted:
        return translate("Machines", "What deleting all its snapshots frees has not been counted yet.")
    if total.part:
        text = translate("Machines", "Deleting all its snapshots frees at least {size}: of some, it is not known.")
        return text.format(size=size_text(total.part))
    return translate("Machines", "What its snapshots free is not known of all of them.") if total.unknown else ""


def held_on_host(total: Total) -> str:
    """What deleting the snapshots of all machines of a host gives back, of how many that is not known, what is left."""
    texts = []
    if total.counted:
        text = translate("Machines", "Deleting all snapshots of %n machine(s) frees {size}.", "", total.counted)
        texts.append(text.format(size=size_text(total.size)))
    if total.uncounted:
        text = translate("Machines", "The snapshots of %n machine(s) have not been counted yet.", "", total.uncounted)
        texts.append(text)
    if total.part:
        text = translate(
            "Machines",
            "What the snapshots of %n machine(s) free is not known of all of them: at least {size}.",
            "",
            total.unknown,
        )
        texts.append(text.format(size=size_text(total.part)))
    elif total.unknown:
        text = translate(
            "Machines", "What the snapshots of %n machine(s) free is not known of all of them.", "", total.unknown
        )
        texts.append(text)
    if total.left:
        text = translate("Machines", "Images of its machines also keep {size} of memory that no snapshot needs.")
        texts.append(text.format(size=size_text(total.left)))
    return " ".join(texts)


def sum_text(sizes: Sequence[Size | None], frees: int | None = None) -> str:
    """How many snapshots these are, and what they take together, as far as it is known.

    ``sizes``: of their memory states. ``frees``: the bytes that deleting all of them gives back; None: not known.
    """
    total, unknown = _together(sizes)
    count = translate("Details", "%n snapshot(s)", "", len(sizes))
    if total is None:
        return translate("Details", "{snapshots}, size of their memory state not known").format(snapshots=count)
    text = translate("Details", "{snapshots}, {size} of memory state").format(snapshots=count, size=size_text(total))
    text += unknown
    if frees is not None:
        text += " " + translate("Details", "– deleting them frees {size}").format(size=size_text(frees))
    return text


def sum_parts(sizes: Sequence[Size | None], frees: int | None, growth: str) -> tuple[str, ...]:
    """The same in short, the most important part first; ``growth``: what came from one to the other, "" if anything."""
    total, unknown = _together(sizes)
    memory = translate("Sizes", "Memory not known")
    if total is not None:
        memory = translate("Sizes", "Memory {size}").format(size=size_text(total)) + unknown
    gain = "" if frees is None else translate("Sizes", "Frees {size}").format(size=size_text(frees))
    parts = (translate("Details", "%n snapshot(s)", "", len(sizes)), gain, growth, memory)
    return tuple(filter(None, parts))


def _together(sizes: Sequence[Size | None]) -> tuple[int | None, str]:
    """The sum of those that are known, None of none, and how many are not, in words."""
    known = [size.bytes for size in sizes if size is not None and size.bytes is not None]
    unknown = len(sizes) - len(known)
    words = translate("Details", "; %n unknown", "", unknown) if unknown else ""
    return (sum(known) if known else None), words
