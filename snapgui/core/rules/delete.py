"""Deleting snapshots. Their children never stand in the way: they move up to the next snapshot that stays.

Whatever the scope, each goes by a call of its own, children first. libvirt has flags that take children along, but its
QEMU driver then walks over entries that it has freed: seen on 11.3, where deleting with children crashed the daemon if
a snapshot below had both a child and a sibling.
"""

from snapgui.core import tree
from snapgui.core.plan import Call, Effect, EffectKind, Finding, Level, Plan
from snapgui.core.records import Mode, Situation, Snapshots
from snapgui.core.requests import Delete, Scope
from snapgui.core.rules import facts
from snapgui.core.rules.images import external_effects
from snapgui.core.rules.naming import fit_for_a_job, undeletable
from snapgui.core.text import size_text, translate


def plan_delete(request: Delete, situation: Situation) -> Plan:
    """The plan of deleting; a snapshot that is chosen twice over is deleted once."""
    title = _title(request, situation)
    findings = facts.missing(situation, request.snapshots)
    if not request.snapshots:
        findings.append(Finding("nothing", Level.BLOCKER, translate("Plan", "No snapshot is chosen.")))
    if findings:
        return Plan(request, title, findings=tuple(findings))
    going = _going(request, situation.snapshots)
    if not going:
        reason = translate("Plan", "There are no snapshots below the chosen ones.")
        return Plan(request, title, findings=(Finding("nothing", Level.BLOCKER, reason),))
    return Plan(
        request,
        title,
        steps=tuple(facts.step(situation, Call.SNAPSHOT_DELETE, name) for name in reversed(going)),
        findings=tuple(_findings(situation, going)),
        effects=tuple(_effects(situation, going)),
    )


def told_by_xml(snapshots: Snapshots, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The snapshots whose whole XML tells what deleting the chosen ones, or all below them, does to files."""
    records = snapshots.records
    reached = {name for name in chosen if name in records} | _all_below(snapshots, chosen)
    if not any(facts.is_external(records[name]) for name in reached):
        return ()
    return tuple(name for name, record in records.items() if facts.is_external(record))


def _title(request: Delete, situation: Situation) -> str:
    machine = situation.domain.name
    if len(request.snapshots) != 1:
        text = translate("Plan", "Delete %n snapshot(s) of {machine}", "", len(request.snapshots))
        if request.scope is Scope.WITH_CHILDREN:
            text = translate("Plan", "Delete %n snapshot(s) of {machine} and all below", "", len(request.snapshots))
        elif request.scope is Scope.CHILDREN_ONLY:
            text = translate("Plan", "Delete all below %n snapshot(s) of {machine}", "", len(request.snapshots))
        return text.format(machine=machine)
    text = {
        Scope.THIS: translate("Plan", "Delete snapshot “{name}” of {machine}"),
        Scope.WITH_CHILDREN: translate("Plan", "Delete snapshot “{name}” of {machine} and all below"),
        Scope.CHILDREN_ONLY: translate("Plan", "Delete all below snapshot “{name}” of {machine}"),
    }[request.scope]
    return text.format(name=request.snapshots[0], machine=machine)


def _all_below(snapshots: Snapshots, names: tuple[str, ...]) -> set[str]:
    below = tree.children(snapshots)
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        fresh = [child for child in below.get(waiting.pop(), ()) if child not in found]
        found.update(fresh)
        waiting += fresh
    return found


def _going(request: Delete, snapshots: Snapshots) -> list[str]:
    """Every snapshot that goes, in tree order."""
    gone = set() if request.scope is Scope.THIS else _all_below(snapshots, request.snapshots)
    if request.scope is not Scope.CHILDREN_ONLY:
        gone.update(request.snapshots)
    return [name for name in tree.tree_order(snapshots) if name in gone]


def _findings(situation: Situation, going: list[str]) -> list[Finding]:
    records = situation.snapshots.records
    findings = []
    unreadable = [name for name in going if records[name].problem is not None]
    if unreadable:
        reason = translate("Plan", "{names} can’t be read, so it is not known where the data is kept.")
        findings.append(Finding("unreadable", Level.WARNING, reason.format(names=facts.quoted(unreadable))))
    unread = [name for name in going if not records[name].complete]
    if unread:
        reason = translate("Plan", "Not everything about {names} has been read yet.")
        findings.append(Finding("unread", Level.NOTE, reason.format(names=facts.quoted(unread))))
    if not facts.is_qemu(situation):
        return findings
    internal = [name for name in going if not facts.is_external(records[name])]
    if situation.domain.state.active:
        findings += _running_findings(situation, internal)
    external = [name for name in going if facts.is_external(records[name])]
    if external and facts.before(situation, facts.SINCE_EXTERNAL_DELETE):
        reason = translate("Plan", "This libvirt can’t delete external snapshots; 9.0 and later can.")
        findings.append(Finding("external-version", Level.BLOCKER, reason))
    elif external:
        findings += _external_findings(situation, going) + _buried_findings(situation, going)
    return findings


def _running_findings(situation: Situation, internal: list[str]) -> list[Finding]:
    """What a running QEMU can't do, though qemu-img could once the machine is off."""
    findings = []
    remedy = translate("Plan", "Shut the machine off first.")
    unfit = [name for name in internal if not fit_for_a_job(name, situation)]
    if unfit:
        findings.append(Finding("name-job", Level.BLOCKER, undeletable(unfit), remedy))
    # qemuSnapshotDeleteValidate, "not the same as disk image currently used by VM"
    overlays = facts.overlays(situation)
    stands_on = overlays.get(situation.snapshots.current)
    elsewhere = [name for name in internal if overlays[name] != stands_on]
    if elsewhere:
        reason = translate("Plan", "The machine does not run on the images that hold {names}.")
        findings.append(Finding("other-image", Level.BLOCKER, reason.format(names=facts.quoted(elsewhere)), remedy))
    return findings


def _buried_findings(situation: Situation, going: list[str]) -> list[Finding]:
    """libvirt merges an overlay and deletes its file without a look at the internal snapshots in it: seen on 11.3."""
    gone = set(going)
    overlays = facts.overlays(situation)
    buried = [name for name in situation.snapshots.records if name not in gone and overlays[name] in gone]
    internal = [name for name in buried if not facts.is_external(situation.snapshots.records[name])]
    if not internal:
        return []
    reason = translate("Plan", "This would lose {names}, kept in the files of an external snapshot that is deleted.")
    remedy = translate("Plan", "Delete what is kept there first, or keep the external snapshot.")
    return [Finding("buried", Level.BLOCKER, reason.format(names=facts.quoted(internal)), remedy)]


def _external_findings(situation: Situation, going: list[str]) -> list[Finding]:
    """qemuSnapshotDeleteValidate, for each step on an external snapshot, on the tree as the steps before leave it."""
    records = situation.snapshots.records
    above = tree.parents(situation.snapshots)
    count: dict[str | None, int] = {
        name: len(names) for name, names in tree.children(situation.snapshots).items() if name
    }
    current = situation.snapshots.current
    active_line = set() if current is None else set(tree.ancestors(situation.snapshots, current))
    findings = []
    for name in reversed(going):
        parent = above[name]
        if facts.is_external(records[name]):
            place = _place_finding(
                name,
                parent if parent is not None and not facts.is_external(records[parent]) else None,
                children=count.get(name, 0),
                is_current=name == current,
                on_the_line=name in active_line,
            )
            findings += [] if place is None else [place]
        count[parent] = count.get(parent, 0) - 1 + count.get(name, 0)
        if current == name:
            current = parent
    return findings


def _place_finding(
    name: str, internal_parent: str | None, *, children: int, is_current: bool, on_the_line: bool
) -> Finding | None:
    """Why an external snapshot can't be deleted at its place of the tree, and what has to go before it."""
    remedy = translate("Plan", "Delete those below it first.")
    if is_current and children:
        reason = translate("Plan", "“{name}” is external and current, with snapshots below: libvirt can’t delete it.")
    elif children > 1:
        reason = translate("Plan", "“{name}” is external, with several snapshots right below: libvirt can’t delete it.")
        remedy = translate("Plan", "Delete all but one of those first.")
    elif children and not on_the_line:
        reason = translate(
            "Plan",
            "“{name}” is external, with a snapshot below, and the machine is elsewhere: libvirt can’t delete it.",
        )
    elif internal_parent is not None:
        reason = translate("Plan", "“{name}” is external, below an internal snapshot: libvirt can’t delete it.")
        remedy = translate("Plan", "Delete “{parent}” first.").format(parent=internal_parent)
    else:
        return None
    return Finding("external-place", Level.BLOCKER, reason.format(name=name), remedy)


def _effects(situation: Situation, going: list[str]) -> list[Effect]:
    snapshots = situation.snapshots
    gone = set(going)
    text = translate("Plan", "Deletes {names}.").format(names=facts.quoted(going))
    effects = [Effect(EffectKind.LOSES, text, tuple(going))]
    effects += external_effects(situation, going)
    freed = sum(_memory_inside(situation, name) for name in going)
    if freed:
        text = translate("Plan", "Frees {size} of saved memory inside the images.")
        effects.append(Effect(EffectKind.CHANGES, text.format(size=size_text(freed))))
    above = tree.parents(snapshots)
    staying: dict[str, str | None] = {}  # the nearest ancestor of each that stays
    lifted: dict[str | None, list[str]] = {}
    for name in tree.tree_order(snapshots):
        parent = above[name]
        staying[name] = staying[parent] if parent in gone else parent
        if name not in gone and parent in gone:
            lifted.setdefault(staying[name], []).append(name)
    for parent, names in lifted.items():
        text = translate("Plan", "These move up to the top, with all their data: {names}.")
        if parent is not None:
            text = translate("Plan", "These move up to “{parent}”, with all their data: {names}.")
        effects.append(Effect(EffectKind.MOVES, text.format(parent=parent, names=facts.quoted(names)), tuple(names)))
    if snapshots.current in gone:
        current = staying[snapshots.current]
        text = translate("Plan", "No snapshot is the current one afterwards.")
        if current is not None:
            text = translate("Plan", "“{name}” becomes the current snapshot.").format(name=current)
        effects.append(Effect(EffectKind.CHANGES, text, () if current is None else (current,)))
    return effects


def _memory_inside(situation: Situation, name: str) -> int:
    """How many bytes of memory the images hold for a snapshot, where that is known."""
    size = situation.sizes.get(name)
    if size is None or situation.snapshots.records[name].memory is not Mode.INTERNAL:
        return 0
    return size.bytes or 0
