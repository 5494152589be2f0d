"""Changing what libvirt notes about a snapshot. Neither images nor the machine are touched."""

from snapgui.core.plan import Call, CreateFlag, Effect, EffectKind, Finding, Level, Plan
from snapgui.core.records import Situation, SnapshotRecord, SnapshotState
from snapgui.core.requests import Describe, SetCurrent
from snapgui.core.rules import facts
from snapgui.core.text import translate
from snapgui.core.xml import XmlError, with_description


def plan_describe(request: Describe, situation: Situation) -> Plan:
    """The plan of changing a description. Redefining leaves the mark of the current snapshot where it is."""
    title = translate("Plan", "Describe snapshot “{name}” of {machine}").format(
        name=request.snapshot, machine=situation.domain.name
    )
    record = situation.snapshots.records.get(request.snapshot)
    if record is None:
        return Plan(request, title, findings=tuple(facts.missing(situation, (request.snapshot,))))
    if record.complete and record.problem is None and record.description == request.description:
        return Plan(request, title, findings=(_same(translate("Plan", "The description is the same as before.")),))
    xml = situation.snapshot_xml.get(request.snapshot)
    if xml is None:
        return Plan(request, title, findings=(_unread(situation),))
    try:
        changed = with_description(xml, request.description)
    except XmlError as error:
        return Plan(request, title, findings=(Finding("description-characters", Level.BLOCKER, str(error)),))
    text = translate("Plan", "The description of “{name}” changes; its data does not.").format(name=record.name)
    return Plan(
        request,
        title,
        steps=(
            facts.step(situation, Call.SNAPSHOT_CREATE, record.name, changed, CreateFlag.REDEFINE | _kind_flag(record)),
        ),
        effects=(Effect(EffectKind.CHANGES, text, (record.name,)),),
        undo=Describe(request.domain, record.name, record.description),
    )


def plan_set_current(request: SetCurrent, situation: Situation) -> Plan:
    """The plan of moving the mark of the current snapshot."""
    title = translate("Plan", "Mark “{name}” as the current snapshot of {machine}").format(
        name=request.snapshot, machine=situation.domain.name
    )
    record = situation.snapshots.records.get(request.snapshot)
    if record is None:
        return Plan(request, title, findings=tuple(facts.missing(situation, (request.snapshot,))))
    current = situation.snapshots.current
    if current == request.snapshot:
        return Plan(request, title, findings=(_same(translate("Plan", "It is the current snapshot already.")),))
    xml = situation.snapshot_xml.get(request.snapshot)
    if xml is None:
        return Plan(request, title, findings=(_unread(situation),))
    flags = CreateFlag.REDEFINE | CreateFlag.CURRENT | _kind_flag(record)
    reason = translate(
        "Plan", "Only the mark moves: the machine’s disks stay as they are, and need not match the snapshot."
    )
    text = translate("Plan", "“{name}” becomes the current snapshot: the next one is put under it.").format(
        name=record.name
    )
    return Plan(
        request,
        title,
        steps=(facts.step(situation, Call.SNAPSHOT_CREATE, record.name, xml, flags),),
        findings=(Finding("mark-only", Level.NOTE, reason),),
        effects=(Effect(EffectKind.CHANGES, text, (record.name,)),),
        undo=None if current is None else SetCurrent(request.domain, current),
    )


def _kind_flag(record: SnapshotRecord) -> CreateFlag:
    """libvirt takes the XML of a disk-only snapshot only with this flag."""
    return CreateFlag.DISK_ONLY if record.state is SnapshotState.DISK_ONLY else CreateFlag.NONE


def _same(reason: str) -> Finding:
    return Finding("unchanged", Level.NOTE, reason)


def _unread(situation: Situation) -> Finding:
    """No obstacle while the machine is being read, but one when that is done and the snapshot was not to be had."""
    level = Level.NOTE if situation.config is None else Level.BLOCKER
    return Finding("unread", level, translate("Plan", "The snapshot’s full description has not been read."))
