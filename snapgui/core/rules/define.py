"""Snapshots from XML that a person or a file gives: another one for a snapshot, or new snapshots.

What libvirt refuses comes from virDomainSnapshotRedefinePrep and virDomainMomentCheckCycles, and was tried on 11.3.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import replace

from snapgui.core import tree
from snapgui.core.plan import CreateFlag, Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import Mode, Situation, SnapshotRecord, Snapshots, SnapshotState
from snapgui.core.requests import Delete, Import, Redefine
from snapgui.core.rules import facts
from snapgui.core.rules.edit import unchanged, unread
from snapgui.core.rules.naming import check_name
from snapgui.core.rules.rename import forget, redefine
from snapgui.core.text import translate
from snapgui.core.xml import secrets
from snapgui.core.xml.definition import Definition, DefinitionError, read_definition
from snapgui.core.xml.fault import at_line
from snapgui.core.xml.read import read_config_then

SINCE_VALIDATE = 5_006_000

_AT_WORK = frozenset({SnapshotState.RUNNING, SnapshotState.PAUSED})  # what libvirt calls online


def plan_redefine(request: Redefine, situation: Situation) -> Plan:
    """The plan of giving a snapshot another XML. The mark of the current snapshot stays where it is."""
    title = translate("Plan", "Change the XML of snapshot “{name}” of {machine}").format(
        name=request.snapshot, machine=situation.domain.name
    )
    record = situation.snapshots.records.get(request.snapshot)
    if record is None:
        return Plan(request, title, findings=tuple(facts.missing(situation, (request.snapshot,))))
    there = situation.snapshot_xml.get(request.snapshot)
    if there is None:
        return Plan(request, title, findings=(unread(situation),))
    if request.base and request.base != there:
        reason = translate("Plan", "Somebody else has changed this snapshot since you began.")
        remedy = translate("Plan", "Take over what is there now, or replace it knowingly.")
        return Plan(request, title, findings=(Finding("changed-elsewhere", Level.BLOCKER, reason, remedy),))
    if request.xml == there:
        return Plan(request, title, findings=(unchanged(translate("Plan", "The XML is the same as before.")),))
    try:
        wanted, before = read_definition(request.xml), read_definition(there)
    except DefinitionError as error:
        return Plan(request, title, findings=(Finding("xml", Level.BLOCKER, str(error), line=error.line),))
    findings = [*_other_identity(wanted, before, situation), *_losses(request.xml, there, wanted, before)]
    validates = request.validate and facts.at_least(situation, SINCE_VALIDATE)
    flags = CreateFlag.VALIDATE if validates else CreateFlag.NONE
    return Plan(
        request,
        title,
        steps=(redefine(situation, wanted.record, request.xml, flags),),
        findings=tuple(findings),
        effects=tuple(_changes(wanted.record, before.record)),
        undo=Redefine(request.domain, request.snapshot, there, request.xml),
    )


def _other_identity(wanted: Definition, before: Definition, situation: Situation) -> list[Finding]:
    """What makes the XML one of another snapshot or machine, or puts it where none can be."""
    record, old = wanted.record, before.record
    found = []
    if record.name != old.name:
        reason = translate("Plan", "The name is another one here: “{name}”. That would be another snapshot.")
        remedy = translate("Plan", "Put “{name}” back; “Rename” gives a snapshot another name.")
        text = remedy.format(name=old.name)
        found.append(_blocker("xml-name", reason.format(name=record.name), text, wanted.lines.get("name")))
    if wanted.domain_uuid and wanted.domain_uuid.replace("-", "").lower() != _plain(situation):
        reason = translate("Plan", "The machine’s settings in it have another UUID than {machine}.")
        remedy = translate("Plan", "Put {uuid} back.").format(uuid=situation.domain.id.uuid)
        found.append(
            _blocker("xml-machine", reason.format(machine=situation.domain.name), remedy, wanted.lines.get("domain"))
        )
    elif wanted.domain_uuid and before.domain_uuid and wanted.domain_name != before.domain_name:
        reason = translate("Plan", "The machine’s settings in it have another name than before.")
        remedy = translate("Plan", "Put “{name}” back.").format(name=before.domain_name)
        found.append(_blocker("xml-machine", reason, remedy, wanted.lines.get("domain")))
    disk_only = SnapshotState.DISK_ONLY
    if (record.state in _AT_WORK) != (old.state in _AT_WORK) or (record.state is disk_only) != (old.state is disk_only):
        reason = translate("Plan", "The state can’t change from “{before}” to “{after}”: its data is of the first.")
        text = reason.format(before=old.state.value, after=record.state.value)
        remedy = translate("Plan", "Put “{state}” back.").format(state=old.state.value)
        found.append(_blocker("xml-state", text, remedy, wanted.lines.get("state")))
    return [*found, *_misplaced(wanted, situation)]


def _misplaced(wanted: Definition, situation: Situation) -> list[Finding]:
    record, records = wanted.record, situation.snapshots.records
    if record.parent is None:
        return []
    line = wanted.lines.get("parent")
    if record.parent == record.name or record.name in tree.ancestors(situation.snapshots, record.parent):
        reason = translate("Plan", "“{parent}” can’t be above it: it is the snapshot itself, or lies below it.")
        remedy = translate("Plan", "Name a snapshot that lies elsewhere.")
        return [_blocker("xml-cycle", reason.format(parent=record.parent), remedy, line)]
    if record.parent not in records:
        reason = translate("Plan", "There is no snapshot “{parent}” to be its parent.")
        remedy = translate("Plan", "Name one that is there, or remove <parent> to make it a root.")
        return [_blocker("xml-parent", reason.format(parent=record.parent), remedy, line)]
    return []


def _losses(xml: str, there: str, wanted: Definition, before: Definition) -> list[Finding]:
    """What libvirt would take without a word."""
    found = []
    lost = secrets.count_in(there) - secrets.count_in(xml)
    if lost > 0:
        reason = translate("Plan", "%n password(s) of the machine [is|are] not in this XML any more.", "", lost)
        found.append(Finding("xml-passwords", Level.WARNING, reason))
    if before.domain_uuid and not wanted.domain_uuid:
        reason = translate("Plan", "Without the machine’s settings in it, nobody can revert to this snapshot.")
        found.append(Finding("xml-configuration", Level.WARNING, reason))
    if _data(wanted.record) != _data(before.record):
        reason = translate("Plan", "What it says of its data changes, but the data stays as and where it is.")
        remedy = translate("Plan", "Change this only to say what is true: a revert or delete follows it.")
        found.append(Finding("xml-data", Level.WARNING, reason, remedy, line=wanted.lines.get("disks")))
    return found


def _data(record: SnapshotRecord) -> object:
    return record.memory, record.memory_file, frozenset(record.disks)


def _changes(wanted: SnapshotRecord, before: SnapshotRecord) -> list[Effect]:
    text = translate("Plan", "What libvirt notes about “{name}” changes; its data does not.")
    found = [Effect(EffectKind.CHANGES, text.format(name=before.name), (before.name,))]
    if wanted.parent != before.parent:
        text = (
            translate("Plan", "“{name}” becomes a root.")
            if wanted.parent is None
            else translate("Plan", "“{name}” moves below “{parent}”.")
        )
        found.append(
            Effect(EffectKind.MOVES, text.format(name=before.name, parent=wanted.parent or ""), (before.name,))
        )
    return found


def plan_import(request: Import, situation: Situation) -> Plan:
    """The plan of defining snapshots, parents first. Where one is refused, those before it are forgotten again."""
    title = translate("Plan", "Import %n snapshot(s) into {machine}", "", len(request.xmls)).format(
        machine=situation.domain.name
    )
    findings: list[Finding] = []
    wanted: dict[str, tuple[Definition, str, str]] = {}  # by name: what it says, its XML, what to call it
    for number, xml in enumerate(request.xmls):
        source = request.sources[number] if number < len(request.sources) else str(number + 1)
        try:
            definition = read_definition(xml)
        except DefinitionError as error:
            findings.append(_of_file("file", source, at_line(str(error), error.line), line=error.line))
            continue
        name = definition.record.name
        if name in wanted:
            reason = translate("Plan", "It defines “{name}”, as {other} does.")
            remedy = translate("Plan", "Leave one of the two out.")
            findings.append(_of_file("file-twice", source, reason.format(name=name, other=wanted[name][2]), remedy))
        else:
            wanted[name] = definition, xml, source
            findings += _file_findings(definition, xml, source, situation)
    merged = Snapshots({**{name: each[0].record for name, each in wanted.items()}, **situation.snapshots.records})
    findings += _orphans(wanted, merged, situation)
    order = [name for name in tree.tree_order(merged) if name in wanted]
    if request.current and request.current not in merged.records:
        findings += facts.missing(situation, (request.current,))
    steps = [
        replace(redefine(situation, wanted[name][0].record, wanted[name][1]), undone_by=forget(situation, name))
        for name in order
    ]
    return Plan(
        request,
        title,
        steps=(*steps, *_mark(request, situation, wanted)),
        findings=(*facts.unread(situation), *findings),
        effects=tuple(_import_effects(request, order)),
        undo=Delete(request.domain, tuple(order), metadata_only=True),
    )


def _mark(request: Import, situation: Situation, wanted: Mapping[str, tuple[Definition, str, str]]) -> list[Step]:
    """Last, since by then nothing can fail any more that would have to be taken back."""
    if request.current in wanted:
        definition, xml, _ = wanted[request.current]
        return [redefine(situation, definition.record, xml, CreateFlag.CURRENT)]
    return []


def _file_findings(definition: Definition, xml: str, source: str, situation: Situation) -> list[Finding]:
    record = definition.record
    machine = situation.domain.name
    if record.name in situation.snapshots.records:
        reason = translate("Plan", "{machine} already has a snapshot “{name}”.")
        remedy = translate("Plan", "Leave this file out. To change that snapshot, edit its XML.")
        return [_of_file("file-taken", source, reason.format(machine=machine, name=record.name), remedy)]
    if definition.domain_uuid and definition.domain_uuid.replace("-", "").lower() != _plain(situation):
        reason = translate("Plan", "It belongs to another machine: {name}, {uuid}.")
        remedy = translate("Plan", "Import it there: its settings and its data are not those of {machine}.")
        text = reason.format(name=definition.domain_name, uuid=definition.domain_uuid)
        return [_of_file("file-machine", source, text, remedy.format(machine=machine))]
    found = []
    bad_name = check_name(record.name)
    if bad_name is not None:
        found.append(_of_file(bad_name.rule, source, bad_name.reason))
    if not definition.domain_uuid:
        reason = translate("Plan", "{file} does not have the machine’s settings: nobody can revert to “{name}”.")
        text = reason.format(file=source, name=record.name)
        found.append(Finding("file-configuration", Level.WARNING, text, subject=source))
    lost = _missing_data(record, xml, situation)
    if lost:
        reason = translate("Plan", "{file}: the data of “{name}” is not there any more: {places}.")
        remedy = translate("Plan", "It can be imported, but not reverted to.")
        text = reason.format(file=source, name=record.name, places=", ".join(lost))
        found.append(Finding("file-data", Level.WARNING, text, remedy, subject=source))
    return found


def _missing_data(record: SnapshotRecord, xml: str, situation: Situation) -> list[str]:
    """Where its data should be and is known not to be.

    An external one's are the images of then and the memory file. Its own overlays hold what came after it.
    """
    found = []
    for disk in record.disks:
        tags = situation.image_tags.get(disk.target)
        if disk.mode is Mode.INTERNAL and tags is not None and record.name not in tags:
            found.append(translate("Plan", "the image of disk {disk}").format(disk=disk.target))
    config = read_config_then(xml)
    outside = {disk.target for disk in record.disks if disk.mode is Mode.EXTERNAL}
    images = [disk.source for disk in config.disks if disk.target in outside] if config is not None else []
    for path in (record.memory_file, *images):
        folder = situation.folders.get(posixpath.dirname(path))
        if path and folder is not None and folder.names is not None and posixpath.basename(path) not in folder.names:
            found.append(path)
    return found


def _orphans(
    wanted: Mapping[str, tuple[Definition, str, str]], merged: Snapshots, situation: Situation
) -> list[Finding]:
    found = []
    above = tree.parents(merged)
    for name, (definition, _, source) in wanted.items():
        parent = definition.record.parent
        if parent is None or name in situation.snapshots.records or above[name] == parent:
            continue
        if parent in merged.records:
            reason = translate("Plan", "“{name}” would lie above itself: the parents of these files form a ring.")
            remedy = translate("Plan", "Leave it out, or correct <parent> in the file.")
            found.append(_of_file("file-cycle", source, reason.format(name=name), remedy))
        else:
            reason = translate("Plan", "Its parent “{parent}” is neither on {machine} nor among these files.")
            remedy = translate("Plan", "Add the file of “{parent}” too, or leave this one out.")
            text = reason.format(parent=parent, machine=situation.domain.name)
            found.append(_of_file("file-parent", source, text, remedy.format(parent=parent)))
    return found


def _import_effects(request: Import, order: list[str]) -> list[Effect]:
    found = []
    if order:
        text = translate("Plan", "%n snapshot(s) [is|are] added; no data is written.", "", len(order))
        found.append(Effect(EffectKind.ADDS, text, tuple(order)))
    if request.current in order:
        text = translate("Plan", "“{name}” becomes the current snapshot: the next one is put under it.")
        found.append(Effect(EffectKind.CHANGES, text.format(name=request.current), (request.current,)))
    return found


def _plain(situation: Situation) -> str:
    return situation.domain.id.uuid.replace("-", "").lower()


def _blocker(rule: str, reason: str, remedy: str, line: int | None) -> Finding:
    return Finding(rule, Level.BLOCKER, reason, remedy, line)


def _of_file(rule: str, source: str, reason: str, remedy: str = "", line: int | None = None) -> Finding:
    text = translate("Plan", "{file}: {reason}").format(file=source, reason=reason)
    return Finding(rule, Level.BLOCKER, text, remedy, line, source)
