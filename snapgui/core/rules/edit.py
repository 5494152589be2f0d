"""Changing what libvirt notes about a snapshot. Neither images nor the machine are touched."""

from snapgui.core.plan import Call, CreateFlag, Effect, EffectKind, Finding, Level, Plan
from snapgui.core.records import Mode, Situation, SnapshotRecord, SnapshotState
from snapgui.core.requests import Describe, SetCurrent
from snapgui.core.rules import facts
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.edit import with_description
from snapgui.core.xml.read import read_snapshot

_SHOWN = 300  # characters of a description in a sentence


def plan_describe(request: Describe, situation: Situation) -> Plan:
    """The plan of changing a description. Redefining leaves the mark of the current snapshot where it is."""
    title = translate("Plan", "Describe snapshot “{name}” of {machine}").format(
        name=request.snapshot, machine=situation.domain.name
    )
    record = situation.snapshots.records.get(request.snapshot)
    if record is None:
        return Plan(request, title, findings=tuple(facts.missing(situation, (request.snapshot,))))
    xml = situation.snapshot_xml.get(request.snapshot)
    same = Plan(request, title, findings=(unchanged(translate("Plan", "The description is the same as before.")),))
    if xml is None:
        known = record.complete and record.problem is None
        not_read = Plan(request, title, findings=(unread(situation),))
        return same if known and record.description == request.description else not_read
    try:
        there = _descriptions(xml, record)
        if set(there) == {request.description}:
            return same
        changed = with_description(xml, request.description)
    except XmlError as error:
        return Plan(request, title, findings=(Finding("description-characters", Level.BLOCKER, str(error)),))
    text = translate("Plan", "The description of “{name}” changes; its data does not.").format(name=record.name)
    return Plan(
        request,
        title,
        steps=(
            facts.step(situation, Call.SNAPSHOT_CREATE, record.name, changed, CreateFlag.REDEFINE | kind_flag(record)),
        ),
        findings=tuple(_overtaken(request, there)),
        effects=(Effect(EffectKind.CHANGES, text, (record.name,)),),
        undo=Describe(request.domain, record.name, there[0], before=(request.description,)),
    )


def _descriptions(xml: str, record: SnapshotRecord) -> tuple[str, ...]:
    """What the description is by the XML and by the record: either may be the later reading. Raises XmlError."""
    known = record.complete and record.problem is None
    there = read_snapshot(xml).description
    return (there, record.description) if known else (there,)


def _overtaken(request: Describe, there: tuple[str, ...]) -> list[Finding]:
    foreign = [text for text in there if text not in (*request.before, request.description)]
    if not request.before or not foreign:
        return []
    reason = translate("Plan", "Somebody else has emptied the description meanwhile.")
    if foreign[0]:
        reason = translate("Plan", "Somebody else has changed the description meanwhile, to “{text}”.")
    remedy = translate("Plan", "Saving replaces it.")
    return [Finding("overtaken", Level.WARNING, reason.format(text=_shortened(foreign[0])), remedy)]


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN].rstrip() + "…"


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
        return Plan(request, title, findings=(unchanged(translate("Plan", "It is the current snapshot already.")),))
    xml = situation.snapshot_xml.get(request.snapshot)
    if xml is None:
        return Plan(request, title, findings=(unread(situation),))
    flags = CreateFlag.REDEFINE | CreateFlag.CURRENT | kind_flag(record)
    text = translate("Plan", "“{name}” becomes the current snapshot: the next one is put under it.").format(
        name=record.name
    )
    return Plan(
        request,
        title,
        steps=(facts.step(situation, Call.SNAPSHOT_CREATE, record.name, xml, flags),),
        findings=tuple(_mark_findings(record, situation)),
        effects=(Effect(EffectKind.CHANGES, text, (record.name,)),),
        undo=None if current is None else SetCurrent(request.domain, current),
    )


def _mark_findings(record: SnapshotRecord, situation: Situation) -> list[Finding]:
    reason = translate(
        "Plan", "Only the mark moves: the machine’s disks stay as they are, and may differ from the snapshot."
    )
    findings = [Finding("mark-only", Level.NOTE, reason)]
    files = {disk.path for disk in record.disks if disk.mode is Mode.EXTERNAL}
    now = {disk.source for disk in facts.writable_disks(situation)}
    if situation.config is not None and files and not files <= now:
        # [run] 11.3: a revert to an external snapshot deletes what it takes for the disks that the machine leaves.
        reason = translate(
            "Plan",
            "libvirt then takes the machine to be on the files of “{name}”, and deletes them with the next revert "
            "to an external snapshot.",
        )
        remedy = translate("Plan", "Revert to it instead, or take a new snapshot right after this.")
        findings.append(Finding("mark-external", Level.WARNING, reason.format(name=record.name), remedy))
    return findings


def kind_flag(record: SnapshotRecord) -> CreateFlag:
    """libvirt takes the XML of a disk-only snapshot only with this flag."""
    return CreateFlag.DISK_ONLY if record.state is SnapshotState.DISK_ONLY else CreateFlag.NONE


def unchanged(reason: str) -> Finding:
    return Finding("unchanged", Level.NOTE, reason)


def unread(situation: Situation) -> Finding:
    """No obstacle while the machine is being read, but one when that is done and the snapshot was not to be had."""
    level = Level.NOTE if situation.config is None else Level.BLOCKER
    return Finding("unread", level, translate("Plan", "The snapshot’s full description has not been read."))
