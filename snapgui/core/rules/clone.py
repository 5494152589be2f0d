"""A new machine from a snapshot: with its disks and settings of then, as full copies or linked to the images of then.

A linked disk is an overlay of the image that an external snapshot was taken of, which nobody writes to any more. An
internal snapshot is no image of its own: QEMU opens a backing file as it is now, and at none of the snapshots in it.
"""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from snapgui.core.file_names import safe_stem
from snapgui.core.plan import Call, Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import Situation, SnapshotRecord
from snapgui.core.requests import Clone
from snapgui.core.rules import facts, making
from snapgui.core.rules.held_disks import (
    HeldDisk,
    copy_steps,
    copying_findings,
    data_size,
    not_held,
    room_findings,
)
from snapgui.core.rules.source import Source, read_source
from snapgui.core.rules.take_disks import names_in
from snapgui.core.rules.take_external import path_finding
from snapgui.core.text import size_text, translate
from snapgui.core.xml.clone import Belongings, clone_xml
from snapgui.core.xml.document import can_carry

_LONGEST_NAME: Final = 255 - len(".xml.new")  # libvirt keeps a machine in a file of its name
_LINKED_SIZE: Final = 1 << 20  # bytes: an overlay that is empty yet, and all its tables


def plan_clone(request: Clone, situation: Situation) -> Plan:
    """The plan of making a new machine of a snapshot."""
    title = translate("Plan", "New machine “{name}” from snapshot “{snapshot}” of {machine}").format(
        name=request.name, snapshot=request.snapshot, machine=situation.domain.name
    )
    named = list(name_findings(request.name, situation))
    source = read_source(request.snapshot, situation)
    if isinstance(source, tuple):
        return Plan(request, title, findings=(*named, *source))
    paths = disk_paths(request, source.disks)
    findings = [*named, *_findings(request, situation, source, paths)]
    if any(each.level is Level.BLOCKER for each in findings):  # what it would be like matters to nobody then
        return Plan(request, title, findings=tuple(each for each in findings if each.level is not Level.NOTE))
    return Plan(
        request,
        title,
        steps=tuple(_steps(request, situation, source, paths)),
        findings=tuple(findings),
        effects=tuple(_effects(request, situation, source, paths)),
    )


def disk_paths(request: Clone, disks: Sequence[HeldDisk]) -> Mapping[str, str]:
    """The new image of each disk, by its target."""
    stem = safe_stem(request.name)
    names = {disk.target: stem if len(disks) == 1 else f"{stem}-{disk.target}" for disk in disks}
    return {
        disk.target: posixpath.join(request.folder or posixpath.dirname(disk.image), f"{names[disk.target]}.qcow2")
        for disk in disks
    }


def can_link(record: SnapshotRecord) -> bool:
    """Whether it is external, so that the images of then are files of their own."""
    return facts.is_external(record)


def _nvram_path(request: Clone, belongings: Belongings) -> str:
    """Where the firmware's settings go: beside those of the other machine, as libvirt would name them; "": none."""
    if not belongings.nvram:
        return ""
    folder, file = posixpath.split(belongings.nvram)
    suffix = posixpath.splitext(file)[1]
    return posixpath.join(request.folder or folder, f"{safe_stem(request.name)}_VARS{suffix}")


def _steps(request: Clone, situation: Situation, source: Source, paths: Mapping[str, str]) -> Iterator[Step]:
    for disk in source.disks:
        path = paths[disk.target]
        if request.linked:
            words = ("qemu-img", "create", "-q", "-f", "qcow2", "-b", disk.image, "-F", disk.format, path)
            yield making.program(situation, words, path)
        else:
            yield from copy_steps(disk, path, situation)
    nvram = _nvram_path(request, source.belongings)
    if nvram and situation.prepared.get(source.belongings.nvram) is not None:
        kind = source.belongings.nvram_format
        state = ("-l", f"snapshot.name={_tag_of_nvram(situation, source)}") if _tag_of_nvram(situation, source) else ()
        words = ("qemu-img", "convert", "-f", kind, *state, "-O", kind, source.belongings.nvram, nvram)
        share = ("-U",) if situation.domain.state.active else ()
        yield making.program(situation, (*words[:2], *share, *words[2:]), nvram)
    without = {disk.target: None for disk in not_held(source.record, source.then)}
    xml = clone_xml(source.xml, request.name, {**paths, **without}, nvram)
    yield replace(facts.step(situation, Call.DEFINE_NEW, xml=xml), domain_name=request.name)


def _tag_of_nvram(situation: Situation, source: Source) -> str:
    """The snapshot in the file of the firmware's settings, "" where that holds none of this one."""
    seen = situation.prepared.get(source.belongings.nvram)
    return source.record.name if seen is not None and source.record.name in seen.tags else ""


def name_findings(name: str, situation: Situation) -> Iterator[Finding]:
    """libvirt's virDomainDefPostParse, and what its files can be called."""
    reason = ""
    if not name.strip():
        reason = translate("Plan", "A machine needs a name.")
    elif "/" in name or "\n" in name:
        reason = translate("Plan", "A machine’s name can’t contain “/” or a line break.")
    elif not can_carry(name):
        reason = translate("Plan", "The name has a character that libvirt can’t store.")
    elif len(name.encode()) > _LONGEST_NAME:
        reason = translate("Plan", "The name has more than {longest} bytes.").format(longest=_LONGEST_NAME)
    elif name in situation.machines or name == situation.domain.name:
        reason = translate("Plan", "The host already has a machine “{name}”.").format(name=name)
    if reason:
        yield Finding("machine-name", Level.BLOCKER, reason)


def _findings(request: Clone, situation: Situation, source: Source, paths: Mapping[str, str]) -> Iterator[Finding]:
    if not facts.is_qemu(situation):
        reason = translate("Plan", "Only QEMU’s machines have disks that could be copied.")
        yield Finding("not-qemu", Level.BLOCKER, reason)
        return
    inside = [disk.target for disk in source.disks if disk.tag]
    if request.linked and inside:
        reason = translate(
            "Plan",
            "The snapshot is inside the images: QEMU can’t put a file upon a snapshot in an image, "
            "only upon the image as it is now.",
        )
        yield Finding("linked-internal", Level.BLOCKER, reason, translate("Plan", "Make a full copy."))
    if not source.disks:
        reason = translate("Plan", "The snapshot holds no disk, so there is nothing to start a machine from.")
        yield Finding("diskless", Level.BLOCKER, reason)
    yield from copying_findings(source.disks, situation, source.belongings.encrypted)
    nvram = _nvram_path(request, source.belongings)
    for path in (*paths.values(), *filter(None, (nvram,))):
        if (finding := path_finding(path, situation) or _there(path, situation)) is not None:
            yield finding
    needs: dict[str, int] = {}
    for disk in source.disks:
        folder = posixpath.dirname(paths[disk.target])
        size = _LINKED_SIZE if request.linked else data_size(disk, situation) or 0
        needs[folder] = needs.get(folder, 0) + size
    yield from room_findings({**needs, **({posixpath.dirname(nvram): 0} if nvram and not needs else {})}, situation)
    yield from _differences(request, situation, source)


def _there(path: str, situation: Situation) -> Finding | None:
    folder, name = posixpath.split(path)
    if name not in names_in(situation.folders, folder):
        return None
    reason = translate("Plan", "{path} exists already.").format(path=path)
    return Finding("file-exists", Level.BLOCKER, reason, translate("Plan", "Choose another name, or another folder."))


def _differences(request: Clone, situation: Situation, source: Source) -> Iterator[Finding]:
    """What the new machine does not have as the other one had it."""
    belongings = source.belongings
    if without := not_held(source.record, source.then):
        reason = translate("Plan", "Disk {disks} is not in the snapshot: the new machine does without it.")
        disks = ", ".join(disk.target for disk in without)
        yield Finding("disk-left-out", Level.WARNING, reason.format(disks=disks))
    if belongings.nvram and belongings.nvram in situation.prepared:
        if situation.prepared[belongings.nvram] is None:
            reason = translate(
                "Plan", "The firmware’s settings (NVRAM) can’t be read: the new machine begins with those of new ones."
            )
            yield Finding("nvram-unread", Level.WARNING, reason)
        elif not _tag_of_nvram(situation, source):
            reason = translate(
                "Plan", "The firmware’s settings (NVRAM) are copied as they are now: no snapshot holds them."
            )
            yield Finding("nvram-now", Level.NOTE, reason)
    if belongings.tpm:
        reason = translate(
            "Plan", "The new machine’s TPM is empty: what the guest has sealed with the old one stays closed to it."
        )
        yield Finding("tpm", Level.WARNING, reason)
    if belongings.shared:
        reason = translate("Plan", "Both machines have {devices} of the host, so only one of them can run at a time.")
        yield Finding("shared-device", Level.WARNING, reason.format(devices=", ".join(belongings.shared)))
    if belongings.arguments:
        reason = translate("Plan", "The machine’s own arguments for QEMU are taken over as they are.")
        yield Finding("arguments", Level.NOTE, reason)
    if request.linked:
        reason = translate(
            "Plan",
            "As long as the new machine is there, what would change the images below it is refused here: "
            "deleting “{snapshot}”, or a snapshot before it. Other programs do not know that.",
        )
        yield Finding("linked", Level.NOTE, reason.format(snapshot=request.snapshot))
    reason = translate(
        "Plan", "Inside, the guest is the same: host name, fixed addresses and keys are those of {machine}."
    )
    yield Finding("same-inside", Level.NOTE, reason.format(machine=situation.domain.name))


def _effects(request: Clone, situation: Situation, source: Source, paths: Mapping[str, str]) -> Iterator[Effect]:
    text = translate(
        "Plan", "A new machine “{name}”, which is off: the settings of then, with a new UUID and new MAC addresses."
    )
    yield Effect(EffectKind.ADDS, text.format(name=request.name), (request.name,))
    for disk in source.disks:
        size = data_size(disk, situation)
        if request.linked:
            text = translate("Plan", "Disk {disk}: {path}, empty yet, upon {image}.")
        elif size is None:
            text = translate("Plan", "Disk {disk}: {path}, a copy of what it held then.")
        else:
            text = translate("Plan", "Disk {disk}: {path}, a copy of what it held then, about {size}.")
        path = paths[disk.target]
        text = text.format(disk=disk.target, path=path, image=disk.image, size=size_text(size or 0))
        yield Effect(EffectKind.ADDS, text, (path,))
    if facts.has_memory(source.record):
        text = translate(
            "Plan", "The guest’s memory stays behind: the new machine boots from its disks, as after a power cut."
        )
        yield Effect(EffectKind.CHANGES, text)
    text = translate("Plan", "{machine} and its snapshots stay as they are.").format(machine=situation.domain.name)
    yield Effect(EffectKind.CHANGES, text)
