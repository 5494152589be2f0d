"""Which kind of snapshot is taken where nobody has chosen one."""

from snapgui.core import tree
from snapgui.core.plan import Finding, Level
from snapgui.core.records import Kind, Mode, Situation
from snapgui.core.requests import Take
from snapgui.core.rules.take import plan_take
from snapgui.core.text import translate

_OF_ANY_KIND = ("name-", "tag-taken", "file-exists", "description-", "memory-full")  # rules: other than of the kind
_PROBE = "snapshot"


def default_kind(situation: Situation) -> tuple[Kind, str]:
    """The kind that the machine's current snapshots have; without any, inside the images where every rule allows it.

    Where the rules don't allow that one, the next that they allow; where they allow none, files of their own, for which
    most can be chosen. With it, why, in the user's words; "" where nothing needs to be said.
    """
    used = kind_in_use(situation)
    active = situation.domain.state.active
    if used is Kind.DISK_ONLY and not active:
        used = Kind.EXTERNAL
    rest = (Kind.INTERNAL, Kind.EXTERNAL, *((Kind.DISK_ONLY,) if active else ()))
    wanted = Kind.INTERNAL if used is None else used
    obstacle = kind_obstacle(situation, wanted)
    if obstacle is None:
        return wanted, "" if used is None else translate("Plan", "Like the snapshots that the machine stands on.")
    for kind in rest:
        if kind is not wanted and kind_obstacle(situation, kind) is None:
            return kind, obstacle.reason
    return (Kind.EXTERNAL if used is None else wanted), obstacle.reason


def kind_in_use(situation: Situation) -> Kind | None:
    """The kind of the current snapshot, or of the next one above it whose kind is known; None without any.

    One of the disks alone among such with memory is an exception, and no rule for the next.
    """
    current = situation.snapshots.current
    if current is None or current not in situation.snapshots.records:
        return None
    line = (current, *tree.ancestors(situation.snapshots, current))
    records = [situation.snapshots.records[name] for name in line]
    kind = next((record.kind for record in records if record.kind is not Kind.UNKNOWN), None)
    with_memory = any(record.kind is Kind.EXTERNAL and record.memory is Mode.EXTERNAL for record in records)
    return Kind.EXTERNAL if kind is Kind.DISK_ONLY and with_memory else kind


def kind_obstacle(situation: Situation, kind: Kind) -> Finding | None:
    """The first reason why no snapshot of that kind can be taken now; None where there is none.

    It is one of the kind: not one of a name, nor of the room on the host.
    """
    plan = plan_take(Take(situation.domain.id, _PROBE, kind=kind), situation)
    blockers = (finding for finding in plan.findings if finding.level is Level.BLOCKER)
    return next((finding for finding in blockers if not finding.rule.startswith(_OF_ANY_KIND)), None)
