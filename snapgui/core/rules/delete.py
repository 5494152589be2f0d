"""Deleting snapshots. Their children never stand in the way: they move up to the next snapshot that stays.

Whatever the scope, each goes by a call of its own, children first where that is possible. libvirt has flags that take
children along, but its QEMU driver then walks over entries that it has freed: seen on 11.3, where deleting with
children crashed the daemon if a snapshot below had both a child and a sibling.
"""

from collections.abc import Iterator
from dataclasses import replace

from snapgui.core import tree
from snapgui.core.overlays import external_disks
from snapgui.core.plan import Call, Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import Mode, Situation, Snapshots
from snapgui.core.requests import Delete, Scope
from snapgui.core.rules import facts
from snapgui.core.rules.asleep import asleep_finding
from snapgui.core.rules.forget import plan_forget, tree_effects
from snapgui.core.rules.freeing import freed_inside
from snapgui.core.rules.images import external_effects, images_of, merge_findings
from snapgui.core.rules.left_files import left_by_delete, left_effects
from snapgui.core.rules.naming import fit_for_a_job, undeletable
from snapgui.core.rules.removal import Facts, Obstacle, Tree, find_order
from snapgui.core.rules.revert_files import config_then
from snapgui.core.text import size_text, translate
from snapgui.core.usage import alone, freed, unsettled
from snapgui.core.xml.read import delete_broke_off


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
    if request.metadata_only:
        return plan_forget(request, situation, going)
    known = _facts(situation)
    order = find_order(known, going)[0] if facts.is_qemu(situation) else going[::-1]
    ordered = set(order)
    stuck = [name for name in reversed(going) if name not in ordered]
    return Plan(
        request,
        title,
        steps=tuple(_steps(situation, known, [*order, *stuck])),
        findings=tuple(_findings(situation, going)) + tuple(_stuck_findings(situation, known, order, stuck)),
        effects=(*_effects(situation, going), *left_effects(left_by_delete(situation, known, order))),
    )


def told_by_xml(snapshots: Snapshots, chosen: tuple[str, ...]) -> tuple[str, ...]:
    """The snapshots whose whole XML tells what deleting the chosen ones, or all below them, does to files.

    Where any is external, these are all: any may need a file that would go, or be the last that needs one that stays.
    """
    records = snapshots.records
    reached = bool(_all_below(snapshots, chosen).union(chosen).intersection(records))
    return tuple(records) if reached and any(facts.is_external(each) for each in records.values()) else ()


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
    external = [name for name in going if facts.is_external(records[name])]
    unfit = [name for name in going if name not in external and not fit_for_a_job(name, situation)]
    if unfit and situation.domain.state.active:
        findings.append(Finding("name-job", Level.BLOCKER, undeletable(unfit), _shut_off_first()))
    remote = [name for name in going if name not in external and not _is_local(name, situation)]
    if remote and not situation.domain.state.active:
        # qemuSnapshotForEachQcow2, "can't manipulate inactive snapshots of disk"
        reason = translate(
            "Plan", "{names} is in an image that is not on this host’s own storage, where libvirt can’t delete it now."
        )
        remedy = translate("Plan", "Start the machine first.")
        findings.append(Finding("disk-remote", Level.BLOCKER, reason.format(names=facts.quoted(remote)), remedy))
    inside = len(external) < len(going)
    if inside and (finding := asleep_finding("inside-paused", situation)) is not None:
        findings.append(finding)
    if external and facts.before(situation, facts.SINCE_EXTERNAL_DELETE):
        reason = translate("Plan", "This libvirt can’t delete external snapshots; 9.0 and later can.")
        findings.append(Finding("external-version", Level.BLOCKER, reason))
    elif external:
        findings += merge_findings(situation, external)
    return findings


def _is_local(name: str, situation: Situation) -> bool:
    """Whether all images of an internal snapshot are files or devices of the host."""
    config = config_then(name, situation) or situation.config
    kept = {disk.target for disk in situation.snapshots.records[name].disks if disk.mode is Mode.INTERNAL}
    disks = [disk for disk in config.disks if disk.target in kept] if config is not None else []
    return all(disk.source_type in ("file", "block", "volume") for disk in disks)


def _facts(situation: Situation) -> Facts:
    """What the rules on the order need, as far as it has been read."""
    disks = () if situation.config is None else situation.config.disks
    chains = (layer.path for chain in situation.chains.values() for layer in chain)
    images = {name: _images(situation, name) for name in situation.snapshot_xml}
    return Facts(
        situation.snapshots,
        active=situation.domain.state.active,
        files={name: frozenset(by_target.values()) for name, by_target in images.items()},
        images=images,
        runs_on=frozenset(disk.source for disk in disks) - {""},
        in_use=frozenset((*(disk.source for disk in disks), *chains)) - {""},
        unfinished=frozenset(name for name, xml in situation.snapshot_xml.items() if delete_broke_off(xml)),
        keeps_base=facts.at_least(situation, facts.SINCE_BASE_IS_KEPT),
    )


def _images(situation: Situation, name: str) -> dict[str, str]:
    """The images of the disks that are in a snapshot; those that were left out are none of its business."""
    record = situation.snapshots.records.get(name)
    kept = {disk.target for disk in record.disks if disk.mode is not Mode.NO} if record is not None else set()
    return {target: path for target, path in images_of(situation, name).items() if target in kept and path}


def _steps(situation: Situation, known: Facts, order: list[str]) -> Iterator[Step]:
    """A merge on a machine that is off can be cancelled: the QEMU that libvirt starts for it is no guest's."""
    now = Tree(known)
    for name in order:
        step = facts.step(situation, Call.SNAPSHOT_DELETE, name)
        if facts.is_qemu(situation) and now.merges(name):
            targets = tuple(external_disks(situation.snapshots.records[name]))
            step = replace(step, merges=targets, abortable=bool(targets) and not situation.domain.state.active)
        yield step
        now.remove(name)


def _shut_off_first() -> str:
    return translate("Plan", "Shut the machine off first.")


def _stuck_findings(situation: Situation, known: Facts, order: list[str], stuck: list[str]) -> list[Finding]:
    """Why those can't go that no order lets go, and what to do about each."""
    if facts.before(situation, facts.SINCE_EXTERNAL_DELETE):
        stuck = [name for name in stuck if not facts.is_external(situation.snapshots.records[name])]
    now = Tree(known)
    for name in order:
        now.remove(name)
    findings = []
    elsewhere = [name for name in stuck if now.obstacle(name) is Obstacle.OTHER_IMAGE]
    if elsewhere:
        reason = translate("Plan", "The machine does not run on the images that hold {names}.")
        reason = reason.format(names=facts.quoted(elsewhere))
        findings.append(Finding("other-image", Level.BLOCKER, reason, _shut_off_first()))
    buried = dict.fromkeys(each for name in stuck if now.merges(name) for each in now.buried(name))
    if buried:
        # libvirt merges an overlay and deletes its file without a look at the internal snapshots in it: seen on 11.3.
        reason = translate(
            "Plan", "This would lose {names}, kept in the files of an external snapshot that is deleted."
        )
        remedy = translate("Plan", "Delete what is kept there first, or keep the external snapshot.")
        findings.append(Finding("buried", Level.BLOCKER, reason.format(names=facts.quoted(tuple(buried))), remedy))
    for name in stuck:
        obstacle = now.obstacle(name)
        if obstacle not in (None, Obstacle.OTHER_IMAGE, Obstacle.BURIED):
            findings.append(_place_finding(now, name, obstacle))
    return findings


def _place_finding(now: Tree, name: str, obstacle: Obstacle) -> Finding:
    """Why an external snapshot can't be deleted at its place of the tree, and what has to go before it."""
    parent = now.parent(name)
    only_forget = translate("Plan", "Under “Advanced”, the snapshot can be forgotten without a change to any file.")
    match obstacle:
        case Obstacle.CURRENT:
            reason = translate(
                "Plan", "“{name}” is external and current, with snapshots below: libvirt can’t delete it."
            )
            remedy = translate("Plan", "Delete {names} first.").format(names=facts.quoted(now.below(name)))
        case Obstacle.CHILDREN:
            reason = translate(
                "Plan", "“{name}” is external, with several snapshots right below: libvirt can’t delete it."
            )
            remedy = translate("Plan", "Delete all but one of {names} first.")
            remedy = remedy.format(names=facts.quoted(now.children(name)))
        case Obstacle.NO_CURRENT:
            # [run] 11.3: qemuSnapshotDelete asks whether it is above the current one, and does not look for NULL
            reason = translate(
                "Plan",
                "“{name}” is external, with a snapshot below, and no snapshot is the current one: libvirt would crash.",
            )
            remedy = translate("Plan", "Delete {names} first.").format(names=facts.quoted(now.below(name)))
            return Finding("no-current", Level.BLOCKER, reason.format(name=name), remedy, subject=name)
        case Obstacle.OFF_THE_LINE:
            reason = translate(
                "Plan",
                "“{name}” is external, with a snapshot below, and the machine is elsewhere: libvirt can’t delete it.",
            )
            remedy = translate("Plan", "Delete {names} first, or revert there.")
            remedy = remedy.format(names=facts.quoted(now.below(name)))
        case Obstacle.BRANCH:
            # [run] 11.3: qemuSnapshotDiskHasBackingDisk reads one image deep what is behind theirs, finds nothing, and
            # goes on with it all the same.
            reason = translate(
                "Plan",
                "“{name}” is external, and {names} below it are not on the way to where the machine is: "
                "libvirt would crash.",
            )
            names = facts.quoted(now.astray(name))
            remedy = translate("Plan", "Delete {names} first.").format(names=names)
            return Finding("branch", Level.BLOCKER, reason.format(name=name, names=names), remedy, subject=name)
        case Obstacle.UNFINISHED:
            reason = translate("Plan", "Deleting the snapshot after “{name}” broke off, and its data is half merged.")
            remedy = translate("Plan", "Delete that snapshot again first.")
            return Finding("unfinished", Level.BLOCKER, reason.format(name=name), remedy, subject=name)
        case Obstacle.NEEDED:
            reason = translate("Plan", "libvirt would delete the file of “{name}”, which is needed by what stays.")
            return Finding("needed", Level.BLOCKER, reason.format(name=name), only_forget, subject=name)
        case _:
            reason = translate("Plan", "“{name}” is external, below an internal snapshot: libvirt can’t delete it.")
            remedy = translate("Plan", "Delete {names} first.").format(names=facts.quoted([parent] if parent else []))
    return Finding("external-place", Level.BLOCKER, reason.format(name=name), remedy, subject=name)


def _effects(situation: Situation, going: list[str]) -> list[Effect]:
    snapshots = situation.snapshots
    gone = set(going)
    text = translate("Plan", "Deletes {names}.").format(names=facts.quoted(going))
    effects = [Effect(EffectKind.LOSES, text, tuple(going))]
    effects += external_effects(situation, going)
    effects += _freed_effects(situation, going)
    return effects + tree_effects(snapshots, gone)


def _freed_effects(situation: Situation, going: list[str]) -> list[Effect]:
    """What comes free inside the images; where their clusters have not been counted, the memory alone."""
    internal = [name for name in going if not facts.is_external(situation.snapshots.records[name])]
    known = situation.usage
    if (
        known is None
        or known.problem is not None
        or any(alone(known, name) is None for name in internal)
        or not unsettled(known).isdisjoint(internal)
    ):
        memory = sum(_memory_inside(situation, name) for name in internal)
        text = translate("Plan", "Frees up to {size} of saved memory inside the images; how much is not known now.")
        return [Effect(EffectKind.CHANGES, text.format(size=size_text(memory)))] if memory else []
    return [*freed_inside(freed(known, internal))]


def _memory_inside(situation: Situation, name: str) -> int:
    """How many bytes of memory the images hold for a snapshot, where that is known."""
    size = situation.sizes.get(name)
    if size is None or situation.snapshots.records[name].memory is not Mode.INTERNAL:
        return 0
    return size.bytes or 0
