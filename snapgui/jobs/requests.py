"""What a job has to know of a request: what it touches, what its time depends on, and how it went if nobody saw."""

from snapgui.core.plan import Call, Plan
from snapgui.core.records import DomainId, Kind
from snapgui.core.requests import (
    Delete,
    Describe,
    Import,
    Power,
    Redefine,
    Rename,
    Request,
    Revert,
    SetCurrent,
    Take,
    TakeTogether,
    Undo,
)
from snapgui.core.text import translate
from snapgui.virt.host import Host, SnapshotNames


def sort(request: Request) -> str:
    """What decides how long a request takes, besides its machine."""
    match request:
        case Take(kind=kind):
            return f"{type(request).__name__} {kind.value}"
        case Power(action=action):
            return f"{type(request).__name__} {action.value}"
        case _:
            return type(request).__name__


def pauses_for_memory(request: Request, domain: DomainId) -> bool:
    """Whether a machine's pause during it tells how long saving its memory takes."""
    takes = request.takes if isinstance(request, TakeTogether) else (request,)
    take = next((take for take in takes if take.domain == domain), None)
    return isinstance(take, Take) and take.kind is not Kind.DISK_ONLY and not take.live


def is_group(plan: Plan) -> bool:
    return isinstance(plan.request, TakeTogether)


def touched(plan: Plan) -> tuple[str, ...]:
    """The snapshots whose XML a plan changes under the same name."""
    request = plan.request
    match request:
        case Take():
            return (request.name,)
        case TakeTogether():
            return tuple(dict.fromkeys(take.name for take in request.takes))
        case Describe() | SetCurrent() | Revert():
            return (request.snapshot,)
        case Redefine() | Rename() | Import():
            return tuple(step.snapshot for step in plan.steps if step.call is Call.SNAPSHOT_CREATE)
        case _:
            return ()


def outcome_on(request: Request, host: Host) -> dict[str, str]:
    """What is found on this host, by the machine's name; "" where it is the only one."""
    if not isinstance(request, TakeTogether):
        return {"": outcome(request, host.list_snapshots(request.domain.uuid))}
    takes = [take for take in request.takes if take.domain.uri == host.uri]
    records = {take: host.read_domain(take.domain.uuid) for take in takes}
    return {
        record.name: outcome(take, host.list_snapshots(take.domain.uuid))
        for take, record in records.items()
        if record is not None
    }


def outcome(request: Request, listing: SnapshotNames) -> str:  # noqa: C901, PLR0911 - one for each request
    """What a list read afterwards proves about a request whose end nobody saw, in words; "" where it proves nothing."""
    match request:
        case Take(name=name):
            if name in listing.names:
                return translate("Runner", "The snapshot is there now; check it before you rely on it.")
            return translate("Runner", "The snapshot was not taken.")
        case Delete(snapshots=names):
            left = sum(name in listing.names for name in names)
            if left in (0, len(names)):
                gone = translate("Runner", "The chosen snapshot(s) [is|are] gone.", "", len(names))
                there = translate("Runner", "The chosen snapshot(s) [is|are] still there.", "", len(names))
                return there if left else gone
            return translate("Runner", "%n of the chosen snapshots [is|are] still there.", "", left)
        case Revert(snapshot=name, safety=safety):
            if listing.current == name:
                return translate("Runner", "The machine stands on this snapshot now.")
            if safety is not None and safety.name in listing.names:
                return translate("Runner", "Only the safety snapshot was taken: delete it, or revert again.")
            return translate("Runner", "The machine does not stand on this snapshot.")
        case Undo(snapshot=name):
            if name in listing.names:
                return translate("Runner", "The safety snapshot is there still: the revert can be undone again.")
            return translate("Runner", "The revert is undone.")
        case Rename(name=name):
            if name in listing.names:
                return translate("Runner", "The new name is there now; the old one may be there too.")
            return translate("Runner", "The snapshot still has its old name.")
        case _:
            return ""
