"""Making the machine of a bundle anew: its files are copied, then libvirt gets to know it and its snapshot."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from snapgui.core import bundle
from snapgui.core.bundle import FoundBundle
from snapgui.core.file_names import safe_stem
from snapgui.core.plan import Call, CreateFlag, Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import Mode, Situation, SnapshotRecord
from snapgui.core.requests import ImportBundle
from snapgui.core.rules import facts, making
from snapgui.core.rules.clone import name_findings
from snapgui.core.rules.held_disks import room_findings
from snapgui.core.rules.import_places import Placing, into_folder, into_pool, pool_of, scratch_folder, scratch_size
from snapgui.core.rules.rename import redefine
from snapgui.core.rules.room import shortage
from snapgui.core.rules.take_disks import names_in
from snapgui.core.rules.take_external import path_finding
from snapgui.core.text import size_text, translate
from snapgui.core.xml.clone import read_belongings
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.imported import (
    Moved,
    disks_in,
    domains_in,
    has_arguments,
    imported_domain,
    imported_snapshot,
    places_in,
)
from snapgui.core.xml.read import read_snapshot

_UNDEFINE: Final = 2 | 8  # VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA, VIR_DOMAIN_UNDEFINE_KEEP_NVRAM


@dataclass(frozen=True, slots=True)
class _Source:
    """A bundle, and what its texts say."""

    found: FoundBundle
    record: SnapshotRecord


def plan_import_bundle(request: ImportBundle, situation: Situation) -> Plan:
    """The plan of making the machine of a bundle. Where it fails or is cancelled, nothing is left of it."""
    found = situation.bundle
    if found is None or found.folder != request.bundle:
        reason = translate("Plan", "No bundle has been read yet.")
        title = translate("Plan", "Import a machine")
        return Plan(request, title, findings=(Finding("unread", Level.NOTE, reason),))
    situation = replace(situation, domain=replace(situation.domain, id=request.domain))
    named = replace(situation, domain=replace(situation.domain, name=request.name))
    title = translate("Plan", "Import {machine} with its snapshot “{snapshot}”").format(
        machine=request.name, snapshot=found.bundle.snapshot
    )
    try:
        source = _Source(found, read_snapshot(found.snapshot_xml))
        findings = tuple(_findings(request, situation, source))
        steps = tuple(_steps(request, named, source))
    except XmlError as error:
        return Plan(request, title, findings=(Finding("xml", Level.BLOCKER, str(error)),))
    if any(each.level is Level.BLOCKER for each in findings):
        return Plan(request, title, findings=findings)
    return Plan(request, title, steps, findings, tuple(_effects(request, situation, source)))


def paths(request: ImportBundle, found: FoundBundle) -> dict[str, str]:
    """Where each file of the bundle goes that is copied."""
    stem = posixpath.join(request.folder, safe_stem(request.name))
    placed = {}
    for disk in found.bundle.disks:
        own = stem if len(found.bundle.disks) == 1 else f"{stem}-{safe_stem(disk.target)}"
        placed[disk.file] = f"{own}.qcow2"
        if disk.base:
            placed[disk.base] = f"{own}-base.qcow2"
    if keeps_memory(request, found):
        placed[found.bundle.memory] = f"{stem}.{safe_stem(found.bundle.snapshot)}.mem"
    if found.bundle.nvram:
        placed[found.bundle.nvram] = f"{stem}_VARS.fd"
    return placed


def keeps_memory(request: ImportBundle, found: FoundBundle) -> bool:
    """Whether there is a memory file, and libvirt takes it: its head names the machine, which libvirt compares.

    [run] on 11.3: "Target domain name 'b' does not match source 'a'"; the memory inside an image has no such head.
    """
    same = (request.name, request.domain.uuid) == (found.bundle.machine, found.bundle.uuid)
    return bool(found.bundle.memory) and same


def _overlays(request: ImportBundle, source: _Source) -> dict[str, str]:
    """For each disk that an external snapshot put an overlay upon, by its target, the overlay that is made for it."""
    placed = paths(request, source.found)
    outside = {disk.target for disk in source.record.disks if disk.mode is Mode.EXTERNAL}
    suffix = safe_stem(source.record.name)
    return {
        disk.target: f"{posixpath.splitext(placed[disk.file])[0]}.{suffix}"
        for disk in source.found.bundle.disks
        if disk.target in outside
    }


def _steps(request: ImportBundle, situation: Situation, source: _Source) -> Iterator[Step]:
    found, placed, overlays = source.found, paths(request, source.found), _overlays(request, source)
    words = ("env", f"--chdir={found.folder}", "sha256sum", "--check", "--strict", "--quiet", "--", bundle.SUMS)
    yield making.program(situation, words, size=sum(found.sizes.values()))
    above = {disk.file: overlays[disk.target] for disk in found.bundle.disks if disk.target in overlays}
    placing, pool = Placing(found, placed, above), pool_of(request, situation)
    yield from into_pool(situation, placing, pool) if pool else into_folder(situation, placing)
    moved = Moved(
        request.name,
        request.domain.uuid,
        {**_without(source), **{disk.target: placed[disk.file] for disk in found.bundle.disks}},
        placed.get(found.bundle.nvram, ""),
        placed.get(found.bundle.memory, ""),
        addresses=request.domain.uuid != found.bundle.uuid,
    )
    now = replace(moved, disks={**moved.disks, **overlays})
    define = facts.step(situation, Call.DEFINE_NEW, xml=imported_domain(found.domain_xml, now))
    yield replace(define, undone_by=facts.step(situation, Call.UNDEFINE, flags=_UNDEFINE))
    xml = imported_snapshot(found.snapshot_xml, replace(moved, addresses=False), overlays)
    yield redefine(situation, read_snapshot(xml), xml)
    yield redefine(situation, read_snapshot(xml), xml, CreateFlag.CURRENT)  # virsh does the one or the other


def _without(source: _Source) -> dict[str, None]:
    """The disks that are not in the bundle: where they were, there may be anything here."""
    held = {disk.target for disk in source.found.bundle.disks}
    disks = {target: drive for text in _domains(source) for target, drive in disks_in(text).items()}
    return {target: None for target, drive in disks.items() if not drive and target not in held}


def _domains(source: _Source) -> tuple[str, ...]:
    """Every configuration that the machine can have: as it begins, and after a revert."""
    return (source.found.domain_xml, *domains_in(source.found.snapshot_xml))


def _findings(request: ImportBundle, situation: Situation, source: _Source) -> Iterator[Finding]:
    found = source.found
    if not facts.is_qemu(situation):
        reason = translate("Plan", "Only QEMU can run it.")
        yield Finding("not-qemu", Level.BLOCKER, reason)
        return
    yield from name_findings(request.name, situation)
    if found.twin and request.domain.uuid == found.bundle.uuid:
        reason = translate("Plan", "“{machine}” on this host has the same UUID.").format(machine=found.twin)
        remedy = translate("Plan", "Import it as a new machine.")
        yield Finding("same-uuid", Level.BLOCKER, reason, remedy)
    if not request.folder:
        yield _no_folder(situation)
        return
    folder = situation.folders.get(request.folder)
    placed = (*paths(request, found).values(), *_overlays(request, source).values())
    for path in placed:
        if (finding := path_finding(path, situation)) is not None:
            yield finding
            return
        if folder is not None and folder.names is not None and posixpath.basename(path) in folder.names:
            reason = translate("Plan", "{path} is there already, and nothing is replaced.").format(path=path)
            remedy = translate("Plan", "Choose another name, or another folder.")
            yield Finding("file-exists", Level.BLOCKER, reason, remedy)
    yield from _room(request, situation, found)
    yield from _differences(request, source)


def _no_folder(situation: Situation) -> Finding:
    if situation.host.near or any(folder.pool for folder in situation.folders.values()):
        reason = translate("Plan", "Choose the folder that its files go into.")
        return Finding("folder-missing", Level.BLOCKER, reason)
    reason = translate("Plan", "The host has no active storage pool of a folder, where it could put the files.")
    remedy = translate("Plan", "Make one on the host, for example: virsh pool-create-as images dir --target /images")
    return Finding("no-pool", Level.BLOCKER, reason, remedy)


def _room(request: ImportBundle, situation: Situation, found: FoundBundle) -> Iterator[Finding]:
    """Where there is not room for it, or nobody to write there."""
    folder, size = situation.folders.get(request.folder), _size(request, situation, found)
    if pool_of(request, situation):
        reason = translate("Plan", "It needs {size} in {path}, where {free} are free.")
        if (short := shortage("space", reason, situation, request.folder, size)) is not None:
            yield short
        yield from _scratch(situation, found)
    elif folder is not None and not folder.writable and not folder.missing:
        reason = translate(
            "Plan", "You can’t write to {folder} from here, and no active storage pool of the host has its files there."
        )
        remedy = translate("Plan", "Choose the folder of a storage pool, or make one of this folder on the host.")
        yield Finding("room-closed", Level.BLOCKER, reason.format(folder=request.folder), remedy)
    else:
        yield from room_findings({request.folder: size}, situation)


def _scratch(situation: Situation, found: FoundBundle) -> Iterator[Finding]:
    """What stands against copies of this computer's own."""
    if not (need := scratch_size(found)):
        return
    folder, name = posixpath.split(scratch_folder(situation))
    yield from room_findings({folder: need}, replace(situation, folders=situation.here))
    if name in names_in(situation.here, folder):
        reason = translate("Plan", "An import that was cut off has left {path} behind.")
        reason = reason.format(path=posixpath.join(folder, name))
        yield Finding("file-exists", Level.BLOCKER, reason, translate("Plan", "Delete that first."))


def _size(request: ImportBundle, situation: Situation, found: FoundBundle) -> int:
    """How many bytes it takes where it goes: a volume is given room for its holes, too."""
    sizes = found.lengths if pool_of(request, situation) else found.sizes
    return sum(sizes.get(name, 0) for name in paths(request, found))


def _differences(request: ImportBundle, source: _Source) -> Iterator[Finding]:
    """What the machine does not have as it had it, and what it wants of this host."""
    if without := _without(source):
        reason = translate("Plan", "Disk {disks} is not in the bundle: the machine does without it.")
        yield Finding("disk-left-out", Level.WARNING, reason.format(disks=", ".join(without)))
    belongings = read_belongings(source.found.snapshot_xml)
    if belongings.nvram and not source.found.bundle.nvram:
        reason = translate("Plan", "The firmware’s settings (NVRAM) are not in the bundle: it begins with new ones.")
        yield Finding("nvram-unread", Level.WARNING, reason)
    if places := tuple(dict.fromkeys(place for text in _domains(source) for place in places_in(text))):
        reason = translate("Plan", "Its settings lead to these places of this host: {places}.")
        remedy = translate("Plan", "Go on only if you trust where the bundle comes from.")
        yield Finding("import-places", Level.WARNING, reason.format(places=facts.listed(places)), remedy)
    if any(has_arguments(text) for text in _domains(source)):
        reason = translate(
            "Plan", "Its settings have arguments for QEMU beside libvirt’s own, which may reach any file."
        )
        remedy = translate("Plan", "Go on only if you trust where the bundle comes from.")
        yield Finding("import-arguments", Level.WARNING, reason, remedy)
    if source.found.bundle.memory and not keeps_memory(request, source.found):
        reason = translate(
            "Plan",
            "The memory fits no other machine than “{machine}” with its UUID: a revert will bring back disks alone.",
        )
        reason = reason.format(machine=source.found.bundle.machine)
        remedy = translate("Plan", "Import it under that name and with its UUID to have the memory too.")
        yield Finding("import-memory", Level.WARNING, reason, remedy)
    elif request.domain.uuid != source.found.bundle.uuid and facts.has_memory(source.record):
        reason = translate("Plan", "After a revert to “{name}”, its network has the addresses of the other machine.")
        yield Finding("import-addresses", Level.NOTE, reason.format(name=source.record.name))


def _effects(request: ImportBundle, situation: Situation, source: _Source) -> Iterator[Effect]:
    size = size_text(_size(request, situation, source.found))
    if pool := pool_of(request, situation):
        text = translate("Plan", "Uploads about {size} to {folder}, as volumes of the host’s storage pool “{pool}”.")
        text = text.format(size=size, folder=request.folder, pool=pool)
    else:
        text = translate("Plan", "Writes about {size} to {folder}.").format(size=size, folder=request.folder)
    yield Effect(EffectKind.ADDS, text)
    text = translate("Plan", "Makes the machine {machine}. It is off, and its disks are as in “{snapshot}”.")
    yield Effect(EffectKind.ADDS, text.format(machine=request.name, snapshot=source.record.name), (request.name,))
