"""Where the disks are that a snapshot holds: in which image, and which state of it. What stands against copying them.

qemu-img copies, as a program of this computer: it needs the images as files here.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from snapgui.core.plan import Finding, Level, Step
from snapgui.core.records import Disk, DomainConfig, Layer, Mode, Situation, SnapshotRecord
from snapgui.core.rules import facts, making
from snapgui.core.rules.room import shortage
from snapgui.core.text import size_text, translate
from snapgui.core.usage import ImageUsage
from snapgui.core.xml.clone import read_belongings
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then, read_snapshot

# What qemu-img 7.2 to 10.0 reads, of libvirt's formats (https://libvirt.org/formatstorage.html).
_READABLE: Final = frozenset({"raw", "qcow2", "qcow", "qed", "vmdk", "vdi", "vpc", "vhdx", "bochs", "cloop", "dmg"})


@dataclass(frozen=True, slots=True)
class HeldDisk:
    """A disk as it was at a snapshot: ``image`` at its snapshot ``tag``, "": the image as it is."""

    target: str
    image: str
    format: str
    tag: str = ""
    source_type: str = "file"


def held_disks(record: SnapshotRecord, then: DomainConfig) -> tuple[HeldDisk, ...]:
    """Those that the snapshot holds. ``then``: the machine as it was configured when it was taken."""
    modes = {disk.target: disk.mode for disk in record.disks}
    return tuple(
        HeldDisk(
            disk.target,
            disk.source,
            disk.format or "raw",  # as libvirt takes it
            record.name if modes[disk.target] is Mode.INTERNAL else "",
            disk.source_type,
        )
        for disk in then.disks
        if modes.get(disk.target) in (Mode.INTERNAL, Mode.EXTERNAL)
    )


def not_held(record: SnapshotRecord, then: DomainConfig) -> tuple[Disk, ...]:
    """The disks with data that may have changed since, and that the snapshot does not hold."""
    held = {disk.target for disk in held_disks(record, then)}
    return tuple(disk for disk in then.disks if disk.writable and disk.target not in held)


def images_in(snapshot_xml: str) -> tuple[str, ...]:
    """The paths of the images that a ``<domainsnapshot>`` has its data in, its memory, and the firmware's settings."""
    try:
        record, then = read_snapshot(snapshot_xml), read_config_then(snapshot_xml)
        nvram = read_belongings(snapshot_xml).nvram
    except XmlError:
        return ()
    disks = held_disks(record, then) if then is not None else ()
    paths = (*(disk.image for disk in disks), record.memory_file, nvram)
    return tuple(path for path in paths if path.startswith("/"))


def copied(disk: HeldDisk, path: str, situation: Situation, *output: str) -> tuple[str, ...]:
    """The program that writes it into a new image of its own. ``output``: words for another one than plain qcow2."""
    # A running QEMU keeps the image locked. What a snapshot in it holds, nobody writes to any more.
    share = ("-U",) if situation.domain.state.active else ()
    return (
        "qemu-img",
        "convert",
        "-p",
        *share,
        "-f",
        disk.format,
        *_state(disk),
        *(output or ("-O", "qcow2")),
        disk.image,
        path,
    )


def copy_steps(disk: HeldDisk, path: str, situation: Situation, *output: str) -> Iterator[Step]:
    """The steps of that. qemu-img gives a copy the size of today's disk, which may have grown since.

    At last, of a machine that runs, one that fails where somebody else has deleted the snapshot while it was copied:
    what a snapshot in an image refers to is written anew only once that is gone, by qcow2's rule of references.
    """
    yield making.program(situation, copied(disk, path, situation, *output), path, data_size(disk, situation) or 0)
    then = _size_then(disk, situation)
    if then is not None:
        kind = output[output.index("-O") + 1] if output else "qcow2"
        yield making.program(situation, ("qemu-img", "resize", "-q", "--shrink", "-f", kind, path, str(then)))
    if disk.tag and situation.domain.state.active:
        words = ("qemu-img", "measure", "-U", "-f", disk.format, *_state(disk), "-O", "raw", disk.image)
        yield making.program(situation, words)


def _state(disk: HeldDisk) -> tuple[str, ...]:
    return ("-l", f"snapshot.name={disk.tag.replace(',', ',,')}") if disk.tag else ()


def _size_then(disk: HeldDisk, situation: Situation) -> int | None:
    """How large the disk was, where that differs from now."""
    seen = situation.prepared.get(disk.image)
    return None if seen is None else seen.tag_sizes.get(disk.tag)


def data_size(disk: HeldDisk, situation: Situation) -> int | None:
    """About how many bytes a copy of it takes; None: not known."""
    layers = layers_of(disk, situation)
    if not disk.tag:
        return facts.total(layer.allocated for layer in layers) if layers else None
    image = situation.usage.images.get(disk.target) if situation.usage is not None else None
    held = image.held(disk.tag) if isinstance(image, ImageUsage) and image.path == disk.image else None
    below = facts.total(layer.allocated for layer in layers[1:])
    if held is None or below is None or not isinstance(image, ImageUsage):
        return None
    return held.disk + image.common(disk.tag).disk + below


def most_size(disk: HeldDisk, situation: Situation) -> int | None:
    """How many bytes a copy of it takes at the most: as many as its images; None: not known."""
    known, layers = data_size(disk, situation), layers_of(disk, situation)
    return known if known is not None or not layers else facts.total(layer.allocated for layer in layers)


def layers_of(disk: HeldDisk, situation: Situation) -> tuple[Layer, ...]:
    """The disk's image and those below; none where they are not known."""
    layers = situation.chains.get(disk.target, ())
    place = next((place for place, layer in enumerate(layers) if layer.path == disk.image), len(layers))
    return layers[place:]


def room_findings(needs: Mapping[str, int], situation: Situation) -> Iterator[Finding]:
    """Where there is not room for so many bytes more in a folder, or we may not write there."""
    for path, size in needs.items():
        folder = situation.folders.get(path)
        if folder is None or folder.missing:
            continue
        if not folder.writable:
            reason = translate("Plan", "You may not write to {folder}, as a folder of this computer.")
            remedy = translate("Plan", "Choose another folder.")
            yield Finding("room-closed", Level.BLOCKER, reason.format(folder=path), remedy)
        else:
            reason = translate("Plan", "It may need {size} in {path}, where {free} are free.")
            if (finding := shortage("space", reason, situation, path, size)) is not None:
                yield finding


def copying_findings(
    disks: Sequence[HeldDisk], situation: Situation, encrypted: Collection[str] = ()
) -> Iterator[Finding]:
    """What stands against reading the disks; the situation has their images among those that are ``prepared``."""
    for disk in disks:
        finding = _unreadable(disk, situation, encrypted)
        if finding is None and disk.tag:
            finding = _untagged(disk, situation)
        elif finding is None:
            finding = _written(disk, situation)
        if finding is not None:
            yield finding
    if situation.domain.state.active and any(disk.tag for disk in disks):
        reason = translate(
            "Plan", "The machine runs: its snapshot must not be deleted by anybody else until it has been copied."
        )
        yield Finding("copy-running", Level.NOTE, reason)


def _unreadable(disk: HeldDisk, situation: Situation, encrypted: Collection[str]) -> Finding | None:
    rule, reason, remedy = "", "", ""
    seen = situation.prepared.get(disk.image)
    if disk.source_type not in ("file", "block") or not disk.image:
        rule = "copy-remote"
        reason = translate(
            "Plan", "Disk {disk} is no file or device of the host: qemu-img can’t be told to read it here."
        )
    elif disk.target in encrypted or disk.format == "luks":
        rule = "copy-encrypted"
        reason = translate("Plan", "Disk {disk} is encrypted, and its key is libvirt’s secret: it can’t be read here.")
    elif disk.format not in _READABLE:
        rule = "copy-format"
        reason = translate("Plan", "Disk {disk} is in the format {format}, which qemu-img does not read.")
    elif disk.image in situation.prepared and (seen is None or not seen.near):
        rule = "copy-unreadable"
        reason = translate("Plan", "You can’t read {image} as a file of this computer.")
        remedy = translate("Plan", "Do it on the host itself, as a user who may read it.")
    if not rule:
        return None
    reason = reason.format(disk=disk.target, format=disk.format, image=disk.image)
    return Finding(rule, Level.BLOCKER, reason, remedy)


def _untagged(disk: HeldDisk, situation: Situation) -> Finding | None:
    seen = situation.prepared.get(disk.image)
    then = _size_then(disk, situation)
    if seen is not None and seen.size is not None and then is not None and then > seen.size:
        # [run] qemu-img 10.0 reads as much as the disk has now, and says nothing.
        reason = translate(
            "Plan", "{image} has been made smaller since, from {then} to {now}: a copy would be cut off."
        )
        reason = reason.format(image=disk.image, then=size_text(then), now=size_text(seen.size))
        return Finding(
            "copy-cut", Level.BLOCKER, reason, translate("Plan", "Make it as large again (qemu-img resize).")
        )
    if seen is None or disk.tag in seen.tags:
        return None
    reason = translate("Plan", "{image} does not hold the snapshot any more.").format(image=disk.image)
    return Finding("copy-lost", Level.BLOCKER, reason, translate("Plan", "Check the machine’s health."))


def _written(disk: HeldDisk, situation: Situation) -> Finding | None:
    """An image that an overlay was put upon holds what it held then as long as nobody writes to it."""
    own = situation.config.disks if situation.config is not None else ()
    if any(each.source == disk.image and each.writable for each in own):
        reason = translate("Plan", "The machine stands on {image} itself again: it is not what it was then.")
        return Finding("copy-written", Level.BLOCKER, reason.format(image=disk.image))
    writers = situation.dependents.writers.get(disk.image, ()) if situation.dependents is not None else ()
    if not writers:
        return None
    reason = translate("Plan", "{machines} writes to {image}: it is not what it was then.")
    return Finding("copy-written", Level.BLOCKER, reason.format(machines=facts.quoted(writers), image=disk.image))
