"""What the rules ask of a situation, and what all plans say alike."""

from collections.abc import Iterable, Sequence
from typing import Final

from snapgui.core import tree
from snapgui.core.plan import Call, Finding, Level, Step
from snapgui.core.records import Disk, Situation, SnapshotRecord, SnapshotState
from snapgui.core.text import translate

# libvirt's versions that change what works: https://libvirt.org/news.html
SINCE_EXTERNAL_DELETE: Final = 9_000_000
SINCE_MEMORY_FILE_DELETE: Final = 9_001_000  # before it, deleting an external snapshot left its memory file behind
SINCE_MERGE_OFF: Final = 9_001_000  # before it (seen on 9.0.0), only the last overlay of a machine that is off merges
SINCE_INTERNAL_BESIDE_CHECKPOINTS: Final = 9_001_000  # while the machine is off; before it: seen on 9.0.0
SINCE_RESET_NVRAM: Final = 8_001_000
SINCE_UEFI_OFF: Final = 9_003_000
SINCE_SAFE_REVERT: Final = 9_010_000  # before it, reverting to an internal snapshot could crash QEMU
SINCE_JOBS: Final = 10_009_000  # QEMU's jobs replace its monitor's savevm; they allow UEFI with NVRAM in qcow2
SINCE_UEFI_REVERT: Final = 10_010_000
SINCE_BASE_IS_KEPT: Final = 11_000_000  # deleting an external child of an internal snapshot could destroy the disk
SINCE_BROKEN_REVERT: Final = 11_002_000  # could not revert to internal snapshots
SINCE_MENDED_REVERT: Final = 11_004_000
SINCE_PRIVATE_FILES: Final = 11_010_000  # before it, files made for a machine that is off could be read by everybody
SINCE_MANY_FILES: Final = 12_000_000

PATIENCE: Final = 20  # seconds for each answer of a guest's agent, where nothing else may go on meanwhile

_NAMED_IN_A_SENTENCE: Final = 5


def is_qemu(situation: Situation) -> bool:
    """Whether QEMU's rules hold; libvirt's test driver has none of them."""
    return situation.host.driver == "QEMU"


def at_least(situation: Situation, version: int) -> bool:
    """Whether the host's libvirt is of that version or later."""
    return situation.host.libvirt_version >= version


def before(situation: Situation, version: int) -> bool:
    """Whether the host's libvirt is known to be older than that version."""
    return 0 < situation.host.libvirt_version < version


def version_text(version: int) -> str:
    """A version as people write it. libvirt counts 1,000,000 * major + 1,000 * minor + release."""
    return f"{version // 1_000_000}.{version // 1_000 % 1_000}.{version % 1_000}"


def nothing_to_take() -> Finding:
    """Why a machine that is off, and has no disk, can't have a snapshot of any kind."""
    reason = translate(
        "Plan", "The machine is off and has no writable disk: there is nothing that a snapshot could hold."
    )
    return Finding("diskless", Level.BLOCKER, reason)


def writable_disks(situation: Situation) -> list[Disk]:
    """The disks that a snapshot has to hold; none while the configuration is not read."""
    return [] if situation.config is None else [disk for disk in situation.config.disks if disk.writable]


def has_memory(record: SnapshotRecord) -> bool:
    """Whether reverting to it brings back a guest that was at work."""
    return record.state in (SnapshotState.RUNNING, SnapshotState.PAUSED)


def is_external(record: SnapshotRecord) -> bool:
    """Whether it keeps anything in files of its own."""
    return record.external


def overlays(situation: Situation) -> dict[str | None, str | None]:
    """For each snapshot the external one on whose files the machine stood then; None for the first images.

    Two snapshots with different answers were taken of different image files.
    """
    records = situation.snapshots.records
    above = tree.parents(situation.snapshots)
    found: dict[str | None, str | None] = {None: None}
    for name in tree.tree_order(situation.snapshots):
        found[name] = name if is_external(records[name]) else found[above[name]]
    return found


def depth(situation: Situation) -> int:
    """How many external snapshots the machine stands on."""
    current = situation.snapshots.current
    if current is None or current not in situation.snapshots.records:
        return 0
    line = (current, *tree.ancestors(situation.snapshots, current))
    return sum(is_external(situation.snapshots.records[name]) for name in line)


def step(situation: Situation, call: Call, snapshot: str = "", xml: str = "", flags: int = 0) -> Step:
    """A step on the situation's machine."""
    return Step(call, situation.domain.id, situation.domain.name, snapshot, xml, int(flags))


def unread(situation: Situation) -> list[Finding]:
    """The finding for a machine that is still being read: no obstacle, but there is nothing to run yet."""
    if situation.config is not None:
        return []
    return [Finding("unread", Level.NOTE, translate("Plan", "The machine’s settings have not been read yet."))]


def missing(situation: Situation, names: Sequence[str]) -> list[Finding]:
    """A blocker for each snapshot that is not there (any more)."""
    text = translate("Plan", "There is no snapshot “{name}”. Somebody else may have deleted it.")
    return [
        Finding("gone", Level.BLOCKER, text.format(name=name))
        for name in names
        if name not in situation.snapshots.records
    ]


def total(sizes: Iterable[int | None]) -> int | None:
    """The sum; None where one of them is not known."""
    found = list(sizes)
    known = [size for size in found if size is not None]
    return sum(known) if len(known) == len(found) else None


def listed(paths: Sequence[str]) -> str:
    """Paths for a sentence; many are cut short by their number."""
    shown = ", ".join(paths[:_NAMED_IN_A_SENTENCE])
    rest = len(paths) - _NAMED_IN_A_SENTENCE
    return shown if rest <= 0 else translate("Plan", "{names} and %n more", "", rest).format(names=shown)


def quoted(names: Sequence[str]) -> str:
    """Names for a sentence; many are cut short by their number."""
    shown = ", ".join(f"“{name}”" for name in names[:_NAMED_IN_A_SENTENCE])
    rest = len(names) - _NAMED_IN_A_SENTENCE
    return shown if rest <= 0 else translate("Plan", "{names} and %n more", "", rest).format(names=shown)
