"""Taking one snapshot of each of several machines, on any number of hosts."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain

from snapgui.core.plan import AGENT_WAITS, Call, Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import DomainId, DomainState, Kind, Mode, Situation, SnapshotDisk, SnapshotRecord, Snapshots
from snapgui.core.records import SnapshotState as State
from snapgui.core.requests import Delete, Take, TakeTogether
from snapgui.core.rules import facts
from snapgui.core.rules.delete import plan_delete
from snapgui.core.rules.naming import check_name
from snapgui.core.rules.room import free_in, place_of
from snapgui.core.rules.take import plan_take
from snapgui.core.rules.take_disks import disk_places, memory_place
from snapgui.core.rules.take_room import memory_need
from snapgui.core.text import size_text, translate


def plan_together(request: TakeTogether, situations: Mapping[DomainId, Situation]) -> Plan:
    """The plan of taking them all; a machine that is not in ``situations`` is gone.

    Machines whose file systems are held still come last, one right after the other. A freeze that fails ends the plan:
    what is not held still by all would not fit together. A take that fails ends it only where it is to be rolled back.
    """
    plans = plan_each(request, situations)
    title = translate("Plan", "Take snapshot “{name}” of %n machine(s)", "", len(request.takes))
    return Plan(
        request,
        title.format(name=request.takes[0].name if request.takes else ""),
        steps=tuple(_steps(request, plans, situations)),
        findings=(*_among_themselves(request, situations), *_merged_findings(request, plans, situations)),
        effects=(*_merged_effects(plans, situations), *_held_effects(request, situations)),
    )


def plan_each(request: TakeTogether, situations: Mapping[DomainId, Situation]) -> dict[DomainId, Plan]:
    """What the request means for each of its machines by itself."""
    return {take.domain: _plan_one(take, situations.get(take.domain), request) for take in request.takes}


def is_held(take: Take, situation: Situation | None, request: TakeTogether) -> bool:
    """Whether the guest's file systems are held still: where the disks are taken alone, under a guest that writes.

    Memory that was saved from a guest held still would come back held still.
    """
    running = situation is not None and situation.domain.state is DomainState.RUNNING
    return request.freeze and running and take.kind is Kind.DISK_ONLY


def _plan_one(take: Take, situation: Situation | None, request: TakeTogether) -> Plan:
    if situation is None:
        reason = translate("Plan", "The machine does not exist any more.")
        return Plan(take, "", findings=(Finding("gone", Level.BLOCKER, reason),))
    plan = plan_take(take, situation)
    # A snapshot that is quiesced by itself has the same rules about the agent.
    findings = plan_take(replace(take, quiesce=is_held(take, situation, request)), situation).findings
    if situation.config is None and (problem := situation.domain.problem) is not None:
        unreadable = Finding("unreadable", Level.BLOCKER, problem.why, problem.remedy)
        findings = (unreadable, *(each for each in findings if each.rule != "unread"))
    elif request.roll_back and situation.config is not None:
        findings = (*findings, *_roll_back_findings(take, situation))
    return replace(plan, findings=findings)


def _roll_back_findings(take: Take, situation: Situation) -> list[Finding]:
    """Whether the snapshot could be deleted again, by the rules of that."""
    places = disk_places(take, situation)
    active = situation.domain.state.active
    memory = Mode.NO
    if active and take.kind is not Kind.DISK_ONLY:
        memory = Mode.INTERNAL if take.kind is Kind.INTERNAL else Mode.EXTERNAL
    disk_only = State.DISK_ONLY if active else State.SHUT_OFF
    taken = SnapshotRecord(
        take.name,
        parent=situation.snapshots.current,
        state=State.RUNNING if memory is not Mode.NO else disk_only,
        memory=memory,
        memory_file=memory_place(take, situation),
        disks=tuple(SnapshotDisk(place.disk.target, place.mode, place.path) for place in places),
    )
    then = replace(situation, snapshots=Snapshots({**situation.snapshots.records, take.name: taken}, current=take.name))
    plan = plan_delete(Delete(take.domain, (take.name,)), then)
    text = translate("Plan", "It could not be rolled back. {reason}")
    remedy = translate("Plan", "Choose another kind, or keep what is taken where one fails.")
    return [
        Finding("roll-back", Level.BLOCKER, text.format(reason=finding.reason), remedy)
        for finding in plan.findings
        if finding.level is Level.BLOCKER
    ]


# Steps


def _steps(
    request: TakeTogether, plans: Mapping[DomainId, Plan], situations: Mapping[DomainId, Situation]
) -> Iterable[Step]:
    held = [take for take in request.takes if is_held(take, situations.get(take.domain), request)]
    others = [take for take in request.takes if take not in held]
    if not all(plan.steps for plan in plans.values()):
        return ()
    takes = {domain: _take_step(request, plan.steps) for domain, plan in plans.items()}
    agents = [situations[take.domain] for take in held]
    patience = (replace(facts.step(each, Call.AGENT_TIMEOUT), seconds=facts.PATIENCE) for each in agents)
    # [run] libvirt 11.3: an agent that hangs gets the freeze all the same, and freezes once it wakes up, unawaited.
    ask = (facts.step(each, Call.AGENT_ASK) for each in agents)
    freeze = (facts.step(each, Call.FS_FREEZE) for each in agents)
    thaw = (replace(facts.step(each, Call.FS_THAW), always=True) for each in agents)
    as_before = (replace(facts.step(each, Call.AGENT_TIMEOUT), seconds=AGENT_WAITS, always=True) for each in agents)
    return chain(
        (takes[take.domain] for take in others),
        patience,
        ask,
        freeze,
        (takes[take.domain] for take in held),
        thaw,
        as_before,
    )


def _take_step(request: TakeTogether, steps: Iterable[Step]) -> Step:
    step = next(step for step in steps if step.takes)
    if not request.roll_back:
        return replace(step, may_fail=True)
    undo = Step(Call.SNAPSHOT_DELETE, step.domain, step.domain_name, step.snapshot)
    return replace(step, undone_by=undo)


# What is said of several


def _merged_findings(
    request: TakeTogether, plans: Mapping[DomainId, Plan], situations: Mapping[DomainId, Situation]
) -> list[Finding]:
    of_the_name = check_name(request.takes[0].name) if request.takes else None
    found: dict[Finding, list[DomainId]] = {}
    for domain, plan in plans.items():
        for finding in plan.findings:
            found.setdefault(finding, []).append(domain)
    return [
        finding
        if finding == of_the_name or finding.rule in ("unread", "name-control")
        else replace(finding, reason=_of_machines(finding.reason, machines, plans, situations))
        for finding, machines in found.items()
    ]


def _merged_effects(plans: Mapping[DomainId, Plan], situations: Mapping[DomainId, Situation]) -> list[Effect]:
    found: dict[Effect, list[DomainId]] = {}
    for domain, plan in plans.items():
        for effect in plan.effects:
            found.setdefault(effect, []).append(domain)
    return [
        replace(effect, text=_of_machines(effect.text, machines, plans, situations))
        for effect, machines in found.items()
    ]


def _of_machines(
    text: str, machines: list[DomainId], plans: Mapping[DomainId, Plan], situations: Mapping[DomainId, Situation]
) -> str:
    names = [situations[domain].domain.name for domain in machines if domain in situations]
    if len(names) == 1 and text.startswith((f"{names[0]} ", f"“{names[0]}” ")):  # elsewhere it may be a snapshot's
        return text
    if 1 < len(machines) == len(plans):
        return translate("Plan", "Each machine: {text}").format(text=text)
    return translate("Plan", "{machines}: {text}").format(machines=facts.quoted(names), text=text) if names else text


def _held_effects(request: TakeTogether, situations: Mapping[DomainId, Situation]) -> list[Effect]:
    takes = request.takes
    held = [
        situations[take.domain].domain.name for take in takes if is_held(take, situations.get(take.domain), request)
    ]
    if not held:
        return []
    text = translate(
        "Plan",
        "The file systems of {machines} hold still from the first until the last of them is taken. They go on then, "
        "whatever happens. An agent that does not answer in {seconds} seconds ends it before any of them is taken.",
    )
    return [Effect(EffectKind.PAUSES, text.format(machines=facts.quoted(held), seconds=facts.PATIENCE), tuple(held))]


def _among_themselves(request: TakeTogether, situations: Mapping[DomainId, Situation]) -> list[Finding]:
    takes = request.takes
    if not takes:
        return [Finding("none", Level.BLOCKER, translate("Plan", "Choose the machines to take a snapshot of."))]
    findings = [*_twice(takes, situations), *_same_files(takes, situations), *_space(takes, situations)]
    failing = (
        translate("Plan", "If one fails, those that were taken are deleted again.")
        if request.roll_back
        else translate("Plan", "If one fails, the others are kept.")
    )
    stays = [
        situations[take.domain].domain.name
        for take in takes
        if take.domain in situations
        and memory_place(take, situations[take.domain])
        and facts.before(situations[take.domain], facts.SINCE_MEMORY_FILE_DELETE)
    ]
    if request.roll_back and stays:
        failing += " " + translate(
            "Plan", "The memory files of {machines} stay then: their libvirt does not delete those."
        ).format(machines=facts.quoted(stays))
    findings.append(Finding("failing", Level.NOTE, failing))
    apart = [take for take in takes if not is_held(take, situations.get(take.domain), request)]
    active = [take for take in apart if take.domain in situations and situations[take.domain].domain.state.active]
    if active and len(takes) > 1:
        reason = translate("Plan", "The machines are taken one after another, not at one moment.")
        findings.append(Finding("apart", Level.NOTE, reason))
    return findings


def _twice(takes: Iterable[Take], situations: Mapping[DomainId, Situation]) -> list[Finding]:
    """One machine by two connections to its host."""
    seen: dict[tuple[str, str], str] = {}
    findings = []
    for take in takes:
        known = situations.get(take.domain)
        machine = (known.host.hostname if known is not None else "") or take.domain.uri, take.domain.uuid
        if machine in seen and known is not None:
            reason = translate("Plan", "“{machine}” is chosen twice: two connections lead to it.")
            remedy = translate("Plan", "Leave one of them out.")
            findings.append(Finding("twice", Level.BLOCKER, reason.format(machine=known.domain.name), remedy))
        seen.setdefault(machine, take.name)
    return findings


def _same_files(takes: Iterable[Take], situations: Mapping[DomainId, Situation]) -> list[Finding]:
    """New files of two machines under one path: libvirt names an overlay after its image without the last ending."""
    writers: dict[tuple[str, str], list[str]] = {}
    for take in takes:
        known = situations.get(take.domain)
        if known is not None:
            paths = {place.path for place in disk_places(take, known) if place.mode is Mode.EXTERNAL}
            for path in sorted((paths | {memory_place(take, known)}) - {""}):
                writers.setdefault((take.domain.uri, path), []).append(known.domain.name)
    reason = translate("Plan", "{machines} would write the same file: {path}")
    remedy = translate("Plan", "Leave one of them out, or choose another kind.")
    return [
        Finding("same-file", Level.BLOCKER, reason.format(machines=facts.quoted(names), path=path), remedy)
        for (_, path), names in writers.items()
        if len(names) > 1
    ]


def _space(takes: Iterable[Take], situations: Mapping[DomainId, Situation]) -> list[Finding]:
    """Room that is enough for each machine's memory, but not for all."""
    needs: dict[tuple[str, str], list[int]] = {}
    free: dict[tuple[str, str], int] = {}
    for take in takes:
        known = situations.get(take.domain)
        if known is None:
            continue
        need = memory_need(replace(take, memory_file=memory_place(take, known)), known)
        left = free_in(known, need.path) if need is not None else None
        if need is not None and left is not None:
            where = take.domain.uri, place_of(known, need.path)
            needs.setdefault(where, []).append(need.most)
            free[where] = left
    reason = translate("Plan", "{folder} has {free} left, and the memory of all these machines can need up to {need}.")
    remedy = translate("Plan", "Make room there first.")
    return [
        Finding(
            "memory-space-together",
            Level.WARNING,
            reason.format(folder=where[1], free=size_text(free[where]), need=size_text(sum(each))),
            remedy,
        )
        for where, each in needs.items()
        if max(each) <= free[where] < sum(each)
    ]
