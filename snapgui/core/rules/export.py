"""Writing what a snapshot holds into files of this computer: an image of each disk, or a bundle of all."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from snapgui.core.plan import Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import Situation
from snapgui.core.requests import Export, Form
from snapgui.core.rules import export_bundle, facts, fetch
from snapgui.core.rules.held_disks import (
    HeldDisk,
    copy_steps,
    copying_findings,
    data_size,
    held_disks,
    most_size,
    not_held,
    room_findings,
)
from snapgui.core.rules.source import Source, read_source
from snapgui.core.text import size_text, translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then

SUFFIXES: Final = {Form.QCOW2: ".qcow2", Form.COMPRESSED: ".qcow2", Form.RAW: ".raw", Form.BUNDLE: ""}
_WORDS: Final = {Form.COMPRESSED: ("-c", "-O", "qcow2"), Form.RAW: ("-O", "raw")}
_LONGEST_NAME: Final = 255 - len(".-.part")  # bytes, with what a bundle is called until it is whole


def plan_export(request: Export, situation: Situation) -> Plan:
    """The plan of writing a snapshot's data into files. It changes nothing of the machine."""
    title = translate("Plan", "Export the data of snapshot “{snapshot}” of {machine}").format(
        snapshot=request.snapshot, machine=situation.domain.name
    )
    source = read_source(request.snapshot, situation)
    if isinstance(source, tuple):
        return Plan(request, title, findings=source)
    bundled = request.form is Form.BUNDLE
    disks = tuple(disk for disk in source.disks if bundled or not request.disks or disk.target in request.disks)
    source = replace(source, disks=disks)
    findings = tuple(_findings(request, situation, source))
    if any(each.level is Level.BLOCKER for each in findings):
        return Plan(request, title, findings=findings)
    steps = export_bundle.steps(request, situation, source) if bundled else _steps(request, situation, disks)
    return Plan(
        request,
        title,
        steps=tuple(steps),
        findings=findings,
        effects=(_effect(request, situation, source),),
    )


def disk_targets(situation: Situation, snapshot: str) -> tuple[str, ...]:
    """The disks that the snapshot holds, by target; none while it is not read."""
    record, xml = situation.snapshots.records.get(snapshot), situation.snapshot_xml.get(snapshot)
    try:
        then = read_config_then(xml) if xml is not None else None
    except XmlError:
        return ()
    return tuple(disk.target for disk in held_disks(record, then)) if record is not None and then is not None else ()


def paths(request: Export, disks: Sequence[HeldDisk]) -> tuple[str, ...]:
    """Where it is written: a bundle's folder, or the image of each disk."""
    stem = posixpath.join(request.folder, request.name)
    suffix = SUFFIXES[request.form]
    if request.form is Form.BUNDLE:
        return (stem,)
    stem = stem.removesuffix(suffix)
    return tuple(f"{stem}{suffix}" if len(disks) == 1 else f"{stem}-{disk.target}{suffix}" for disk in disks)


def _steps(request: Export, situation: Situation, disks: Sequence[HeldDisk]) -> Iterator[Step]:
    for disk, path in zip(disks, paths(request, disks), strict=True):
        got = fetch.fetch(disk, situation, posixpath.join(request.folder, f".{request.name}-{disk.target}.fetched"))
        yield from got.steps
        yield from copy_steps(got.disk, path, got.situation, *_WORDS.get(request.form, ()))
        yield from got.removal


def _findings(request: Export, situation: Situation, source: Source) -> Iterator[Finding]:
    if not facts.is_qemu(situation):
        reason = translate("Plan", "Only QEMU’s machines have disks that could be copied.")
        yield Finding("not-qemu", Level.BLOCKER, reason)
        return
    if not source.disks:
        reason = translate("Plan", "The snapshot holds no disk, so there is nothing to export.")
        if request.disks:
            reason = translate("Plan", "No disk is chosen.")
        yield Finding("diskless", Level.BLOCKER, reason)
        return
    far = fetch.far_disks(source.disks, situation)
    yield from copying_findings(source.disks, fetch.as_near(far, situation), source.belongings.encrypted)
    yield from fetch.findings(far, situation)
    yield from _places(request, situation, source)
    if left := not_held(source.record, source.then):
        reason = translate("Plan", "Disk {disks} is not in the snapshot, and so is not exported.")
        named = ", ".join(disk.target for disk in left)
        yield Finding("disk-left-out", Level.WARNING, reason.format(disks=named))
    if request.form is Form.BUNDLE:
        yield from export_bundle.findings(situation, source)
    elif facts.has_memory(source.record):
        reason = translate(
            "Plan",
            "An image holds no memory: a machine starts from it as after its plug was pulled. A bundle has both.",
        )
        yield Finding("export-no-memory", Level.NOTE, reason)


def _places(request: Export, situation: Situation, source: Source) -> Iterator[Finding]:
    reason = _no_name(request)
    if reason:
        yield Finding("export-name", Level.BLOCKER, reason)
    if not request.folder.startswith("/"):
        text = translate("Plan", "Choose a folder: a path that begins with “/”.")
        yield Finding("export-folder", Level.BLOCKER, text)
        return
    if reason:
        return
    folder = situation.here.get(request.folder)
    if folder is None:
        return
    if folder.missing:
        reason = translate("Plan", "There is no folder {folder}.").format(folder=request.folder)
        yield Finding("folder-missing", Level.BLOCKER, reason, translate("Plan", "Make it first, or choose another."))
        return
    for path in paths(request, source.disks):
        if folder.names is not None and posixpath.basename(path) in folder.names:
            reason = translate("Plan", "{path} is there already, and nothing is replaced.").format(path=path)
            yield Finding("file-exists", Level.BLOCKER, reason, translate("Plan", "Choose another name."))
    part = posixpath.basename(export_bundle.part_of(request))
    if request.form is Form.BUNDLE and folder.names is not None and part in folder.names:
        reason = translate("Plan", "An export of that name that was cut off has left {path} behind.")
        remedy = translate("Plan", "Delete that, or choose another name.")
        path = posixpath.join(request.folder, part)
        yield Finding("file-exists", Level.BLOCKER, reason.format(path=path), remedy)
    needs = {request.folder: _needs(request, situation, source) or 0}
    yield from room_findings(needs, replace(situation, folders=situation.here))


def _no_name(request: Export) -> str:
    """Why nothing can be called so; "" where it can."""
    name = request.name
    if not name.strip(" ."):
        return translate("Plan", "It needs a name.")
    if "/" in name or "\0" in name:
        return translate("Plan", "The name can’t contain “/”.")
    if len(name.encode(errors="surrogateescape")) > _LONGEST_NAME:
        return translate("Plan", "The name is too long.")
    return ""


def _needs(request: Export, situation: Situation, source: Source) -> int | None:
    """How many bytes are written at the most; None: not known."""
    if request.form is Form.BUNDLE:
        return export_bundle.most_size(situation, source)
    fetched = fetch.size(fetch.far_disks(source.disks, situation), situation)  # beside the copies
    return facts.total((fetched, *(most_size(disk, situation) for disk in source.disks)))


def _effect(request: Export, situation: Situation, source: Source) -> Effect:
    places = facts.listed(paths(request, source.disks))
    most = _needs(request, situation, source)
    if most is None:
        return Effect(EffectKind.ADDS, translate("Plan", "Writes {paths}.").format(paths=places))
    whole = request.form is Form.BUNDLE and export_bundle.is_whole(source)
    exact = request.form is not Form.COMPRESSED and not whole
    exact = exact and all(data_size(disk, situation) for disk in source.disks)
    text = (
        translate("Plan", "Writes about {size} to {paths}.")
        if exact
        else translate("Plan", "Writes at most {size} to {paths}.")
    )
    return Effect(EffectKind.ADDS, text.format(size=size_text(most), paths=places))
