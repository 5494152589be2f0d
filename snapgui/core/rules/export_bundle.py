"""The steps that write a bundle. It is built in a hidden folder beside its place, and gets its name at the end.

The memory of an internal snapshot lies in the image, from where no program takes it out: such an image is copied whole,
and what is not the snapshot's is deleted in the copy. All other images are written anew, without what is below them.
"""

import posixpath
from collections.abc import Iterator

from snapgui.core import bundle
from snapgui.core.bundle import Bundle, BundleDisk
from snapgui.core.plan import Finding, Level, Step
from snapgui.core.records import Layer, Mode, Situation
from snapgui.core.requests import Export
from snapgui.core.rules import facts, fetch, held_disks, making
from snapgui.core.rules.held_disks import HeldDisk, copy_steps
from snapgui.core.rules.source import Source
from snapgui.core.text import translate
from snapgui.core.xml.document import child, parse


def findings(situation: Situation, source: Source) -> Iterator[Finding]:
    """What stands against a bundle, beside what stands against copying its disks."""
    record = source.record
    if situation.domain.state.active and is_whole(source):
        reason = translate(
            "Plan",
            "The memory of the snapshot lies in the image that the running machine writes to: it can’t be copied.",
        )
        remedy = translate("Plan", "Shut the machine off first, export an image, or take an external snapshot.")
        yield Finding("bundle-running", Level.BLOCKER, reason, remedy)
    near = [disk for disk in source.disks if not fetch.is_far(disk.image, situation)]
    if any(_below(situation, disk) is None for disk in near if is_whole(source)):
        reason = translate("Plan", "What the images of the snapshot stand on could not be read.")
        yield Finding("bundle-below", Level.BLOCKER, reason)
    memory = record.memory_file if record.memory is Mode.EXTERNAL else ""
    seen = situation.prepared.get(memory)
    if memory and seen is None:
        reason = translate("Plan", "You can’t read {image} as a file of this computer.").format(image=memory)
        remedy = translate("Plan", "Do it on the host itself, as a user who may read it.")
        yield Finding("copy-unreadable", Level.BLOCKER, reason, remedy)
    nvram = source.belongings.nvram
    if nvram and not _has_nvram(situation, source):
        reason = translate("Plan", "The firmware’s settings (NVRAM) can’t be read: the bundle does without them.")
        yield Finding("nvram-unread", Level.WARNING, reason)
    if source.belongings.tpm:
        reason = translate("Plan", "What the machine’s TPM keeps is not in the bundle.")
        yield Finding("bundle-tpm", Level.WARNING, reason)


def part_of(request: Export) -> str:
    """The folder that a bundle is built in."""
    return posixpath.join(request.folder, f".{request.name}.part")


def most_size(situation: Situation, source: Source) -> int | None:
    """How many bytes are written at the most; None: not known."""
    sizes = []
    for disk in source.disks:
        if is_whole(source) and disk.tag:  # with all that is in it, until the rest has been deleted in the copy
            sizes += [_allocated(situation, disk), *(layer.allocated for layer in _below(situation, disk) or ())]
            sizes += [layer.allocated for layer in _fetched_below(situation, disk)]
        else:
            sizes.append(held_disks.most_size(disk, situation))
            sizes.append(fetch.size(fetch.far_disks((disk,), situation), situation))
    if source.record.memory is Mode.EXTERNAL:
        memory = situation.sizes.get(source.record.name)
        sizes.append(memory.bytes if memory is not None else None)
    return facts.total(sizes)


def steps(request: Export, situation: Situation, source: Source) -> Iterator[Step]:
    """All of them, for a plan without blockers."""
    place = posixpath.join(request.folder, request.name)
    part = part_of(request)
    yield making.folder(situation, part)
    disks = []
    for disk in source.disks:
        file, base = bundle.disk_files(disk.target)
        if is_whole(source) and disk.tag:
            base = base if _below(situation, disk) else ""
            yield from _whole_image(situation, disk, f"{part}/{file}", f"{part}/{base}")
        else:
            base = ""
            got = fetch.fetch(disk, situation, f"{part}/{file}.fetched")
            yield from got.steps
            yield from copy_steps(got.disk, f"{part}/{file}", got.situation)
            yield from got.removal
            if disk.tag:
                yield making.program(situation, ("qemu-img", "snapshot", "-c", disk.tag, f"{part}/{file}"))
        disks.append(BundleDisk(disk.target, file, base))
    memory = source.record.memory_file if source.record.memory is Mode.EXTERNAL else ""
    if memory:
        known = situation.sizes.get(source.record.name)
        yield _copy(situation, memory, f"{part}/{bundle.MEMORY}", known.bytes or 0 if known is not None else 0)
    nvram = source.belongings.nvram if _has_nvram(situation, source) else ""
    if nvram:
        yield _copy(situation, nvram, f"{part}/{bundle.NVRAM}", 0)
    said = Bundle(
        parse(source.xml).findtext("domain/name", situation.domain.name),
        situation.domain.id.uuid,
        source.record.name,
        tuple(disks),
        bundle.MEMORY if memory else "",
        bundle.NVRAM if nvram else "",
    )
    yield making.write(situation, f"{part}/{bundle.DOMAIN}", domain_xml(source.xml))
    yield making.write(situation, f"{part}/{bundle.SNAPSHOT}", source.xml)
    yield making.write(situation, f"{part}/{bundle.MANIFEST}", bundle.manifest(said))
    sums = ("env", f"--chdir={part}", "sha256sum", "--binary", "--", *said.files())
    yield making.program(situation, sums, f"{part}/{bundle.SUMS}", most_size(situation, source) or 0)
    yield making.move(situation, part, place)


def domain_xml(snapshot_xml: str) -> str:
    """The machine as it was defined when the snapshot was taken, for its next start. Raises XmlError."""
    text = child(snapshot_xml, "inactiveDomain")
    if not text:
        return child(snapshot_xml, "domain")
    return "<domain" + text.removeprefix("<inactiveDomain").removesuffix("</inactiveDomain>") + "</domain>"


def is_whole(source: Source) -> bool:
    """Whether an image of it is copied whole: its memory is inside one."""
    return facts.has_memory(source.record) and source.record.memory is Mode.INTERNAL


def _below(situation: Situation, disk: HeldDisk) -> tuple[Layer, ...] | None:
    """The image that this one stands on; empty where there is none, None where that is not known."""
    if not disk.tag:
        return ()
    seen = situation.prepared.get(disk.image)
    if seen is not None and not seen.backing:
        return ()
    layers = situation.chains.get(disk.target, ())
    place = next((place for place, layer in enumerate(layers) if layer.path == disk.image), len(layers))
    return layers[place + 1 : place + 2] or None


def _whole_image(situation: Situation, disk: HeldDisk, path: str, base: str) -> Iterator[Step]:
    length = _allocated(situation, disk) or 0
    if fetch.is_far(disk.image, situation):
        yield making.download(situation, disk.image, path, length)
    else:
        # As a raw file, and so with all that is in it. While this runs, QEMU's locks keep every other program from
        # writing.
        words = ("qemu-img", "convert", "-p", "-f", "raw", "-O", "raw", disk.image, path)
        yield making.program(situation, words, path, length)
    fetching, fetched = fetch.download(_fetched_below(situation, disk), situation, f"{base}.fetched")
    yield from fetching
    for below in fetched[:1] or _below(situation, disk) or ():
        words = ("qemu-img", "convert", "-p", "-f", below.format or "raw", "-O", "qcow2", below.path, base)
        yield making.program(situation, words, base)
        stands = ("-b", posixpath.basename(base), "-F", "qcow2")
        yield making.program(situation, ("qemu-img", "rebase", "-u", "-f", "qcow2", *stands, path))
    for layer in fetched:
        yield making.remove(situation, layer.path)
    yield making.program(situation, ("qemu-img", "snapshot", "-a", disk.tag, path))
    seen = situation.prepared.get(disk.image)
    for tag in sorted((seen.tags if seen is not None else frozenset()) - {disk.tag}):
        yield making.program(situation, ("qemu-img", "snapshot", "-d", tag, path))


def _fetched_below(situation: Situation, disk: HeldDisk) -> tuple[Layer, ...]:
    """All that an image stands on that only the host reads."""
    return (fetch.images(disk, situation) or ())[1:] if fetch.is_far(disk.image, situation) else ()


def _copy(situation: Situation, source: str, path: str, length: int) -> Step:
    if fetch.is_far(source, situation):
        return making.download(situation, source, path, length)
    return making.program(situation, ("cp", "--sparse=always", "--", source, path), path, length)


def _has_nvram(situation: Situation, source: Source) -> bool:
    return situation.prepared.get(source.belongings.nvram) is not None


def _allocated(situation: Situation, disk: HeldDisk) -> int | None:
    layers = situation.chains.get(disk.target, ())
    return next((layer.allocated for layer in layers if layer.path == disk.image), None)
