"""Another name for a snapshot. libvirt has no call for it: the snapshot is defined anew, and the old one forgotten."""

from dataclasses import replace

from snapgui.core import tree
from snapgui.core.plan import Call, CreateFlag, DeleteFlag, Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import Mode, Situation, SnapshotRecord
from snapgui.core.requests import Rename
from snapgui.core.rules import facts
from snapgui.core.rules.edit import kind_flag, unchanged, unread
from snapgui.core.rules.naming import new_name_findings
from snapgui.core.text import translate
from snapgui.core.xml.definition import with_name
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.edit import with_parent


def plan_rename(request: Rename, situation: Situation) -> Plan:
    """The plan of renaming a snapshot that keeps nothing inside images, where its data goes by its name."""
    title = translate("Plan", "Rename snapshot “{name}” of {machine}").format(
        name=request.snapshot, machine=situation.domain.name
    )
    record = situation.snapshots.records.get(request.snapshot)
    if record is None:
        return Plan(request, title, findings=tuple(facts.missing(situation, (request.snapshot,))))
    children = tree.children(situation.snapshots).get(request.snapshot, [])
    findings = _findings(request, situation, record, children)
    if any(each.level is Level.BLOCKER or each.rule in ("unchanged", "unread") for each in findings):
        return Plan(request, title, findings=tuple(findings))
    try:
        steps = _steps(request, situation, record, children)
    except XmlError as error:
        return Plan(request, title, findings=(*findings, Finding("rename-xml", Level.BLOCKER, str(error))))
    files = translate("Plan", "Its files keep their names: libvirt finds them by what the snapshot says of them.")
    return Plan(
        request,
        title,
        steps=steps,
        findings=(*findings, Finding("files-keep-names", Level.NOTE, files)),
        effects=tuple(_effects(request, children)),
        undo=Rename(request.domain, request.name, request.snapshot),
    )


def _findings(request: Rename, situation: Situation, record: SnapshotRecord, children: list[str]) -> list[Finding]:
    if is_inside(record):
        return [_inside(record)]
    if request.name == request.snapshot:
        return [unchanged(translate("Plan", "The name is the same as before."))]
    # A running QEMU minds the names only of what it keeps in images.
    found = [each for each in new_name_findings(request.name, situation) if each.rule != "name-job"]
    if any(name not in situation.snapshot_xml for name in (request.snapshot, *children)):
        found.append(unread(situation))
    return found


def is_inside(record: SnapshotRecord) -> bool:
    """Whether it keeps anything inside images, under its name."""
    return Mode.INTERNAL in {record.memory, *(disk.mode for disk in record.disks)}


def forget(situation: Situation, name: str) -> Step:
    """The step by which libvirt forgets a snapshot and nothing else changes. The test driver knows no other delete."""
    flags = DeleteFlag.METADATA_ONLY if facts.is_qemu(situation) else DeleteFlag.NONE
    return facts.step(situation, Call.SNAPSHOT_DELETE, name, flags=flags)


def redefine(situation: Situation, record: SnapshotRecord, xml: str, flags: CreateFlag = CreateFlag.NONE) -> Step:
    """The step that gives libvirt a snapshot's XML."""
    return facts.step(
        situation, Call.SNAPSHOT_CREATE, record.name, xml, CreateFlag.REDEFINE | kind_flag(record) | flags
    )


def _steps(request: Rename, situation: Situation, record: SnapshotRecord, children: list[str]) -> tuple[Step, ...]:
    """At every moment each snapshot is there under one name at least, so that whatever fails, nothing is lost.

    Children are put under the new name first: they would move to their grandparent when the old one is forgotten.
    """
    old, xmls = situation.snapshots.records, situation.snapshot_xml
    new = replace(record, name=request.name)
    renamed = with_name(xmls[record.name], request.name)
    steps = [_undone(redefine(situation, new, renamed), forget(situation, request.name))]
    for name in children:
        there = redefine(situation, old[name], with_parent(xmls[name], request.name))
        steps.append(_undone(there, redefine(situation, old[name], xmls[name])))
    if situation.snapshots.current == record.name:
        mark = redefine(situation, new, renamed, CreateFlag.CURRENT)
        steps.append(_undone(mark, redefine(situation, record, xmls[record.name], CreateFlag.CURRENT)))
    return (*steps, forget(situation, record.name))


def _undone(step: Step, by: Step) -> Step:
    return replace(step, undone_by=by)


def _effects(request: Rename, children: list[str]) -> list[Effect]:
    text = translate("Plan", "“{name}” is called “{new}” from now on; its data does not change.")
    found = [
        Effect(EffectKind.CHANGES, text.format(name=request.snapshot, new=request.name), (request.snapshot,)),
    ]
    if children:
        text = translate("Plan", "%n snapshot(s) below it [stays|stay] below it.", "", len(children))
        found.append(Effect(EffectKind.CHANGES, text, tuple(children)))
    return found


def _inside(record: SnapshotRecord) -> Finding:
    reason = translate(
        "Plan",
        "The data of “{name}” lies in the machine’s images under this name, where libvirt can’t rename it: "
        "a later revert would not find it.",
    )
    remedy = translate(
        "Plan", "Say what it is in its description, or revert to it and take a new snapshot under the name you want."
    )
    return Finding("rename-internal", Level.BLOCKER, reason.format(name=record.name), remedy)
