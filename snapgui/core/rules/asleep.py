"""A paused machine whose images QEMU holds still until it runs.

QEMU gives its images up when it saves a paused machine's memory into a file, and takes them only when the machine
goes on that it has loaded from one. Until then it merges none of them and keeps no snapshot inside: seen on 10.0,
"Inactive … can't be a backing child of active …", "Device … is writable but does not support snapshots".
"""

from snapgui.core import tree
from snapgui.core.plan import Finding, Level
from snapgui.core.records import DomainState, Mode, Pause, Situation, SnapshotRecord, SnapshotState
from snapgui.core.rules import facts
from snapgui.core.text import translate


def asleep_finding(rule: str, situation: Situation) -> Finding | None:
    """The finding of that rule for what changes the images: a warning where it can't be known from outside."""
    known = _asleep(situation)
    if known is False or not facts.is_qemu(situation):
        return None
    remedy = translate("Plan", "Resume the machine first.")
    if known:
        reason = translate("Plan", "The machine is paused, and QEMU can’t change its images before it has run.")
        return Finding(rule, Level.BLOCKER, reason, remedy)
    reason = translate(
        "Plan", "QEMU may refuse to change the images of a machine that has not run since its memory was saved."
    )
    return Finding(rule, Level.WARNING, reason, remedy)


def _asleep(situation: Situation) -> bool | None:
    """Whether it has not run since its memory went through a file; None: it may have."""
    if situation.domain.state is not DomainState.PAUSED:
        return False
    if situation.domain.pause is Pause.RESTORED:
        return True
    last = last_memory(situation)
    if last is None or last.memory is not Mode.EXTERNAL:
        return False
    if situation.domain.pause is Pause.REVERTED:
        return True
    # Saving a running machine's memory lets it go on, and somebody has paused it since.
    return None if last.state is SnapshotState.PAUSED else False


def last_memory(situation: Situation) -> SnapshotRecord | None:
    """The snapshot with memory that the machine stands on: what it was reverted to, or has been taken of it since."""
    records, current = situation.snapshots.records, situation.snapshots.current
    if current is None or current not in records:
        return None
    line = (records[name] for name in (current, *tree.ancestors(situation.snapshots, current)))
    return next((record for record in line if record.memory in (Mode.INTERNAL, Mode.EXTERNAL)), None)
