"""Giving the host back what an image takes beyond what it holds: qemu-img copies it, and the copy takes its place.

QEMU gives freed clusters back by itself where the file system can have holes in a file; what is left is what was freed
otherwise, or elsewhere. An image with snapshots stays as it is: qemu-img convert has no way to take them along, QEMU
has no other way to make an image smaller, and nobody but QEMU writes into images.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from snapgui.core.plan import Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import Disk, Prepared, Situation
from snapgui.core.requests import Compact
from snapgui.core.rules import facts, making
from snapgui.core.rules.held_disks import room_findings
from snapgui.core.rules.take_disks import names_in
from snapgui.core.text import size_text, translate
from snapgui.core.usage import NOW, ImageUsage

WORTH: Final = 1 << 20  # bytes: what is less is not worth a copy
_SUFFIX: Final = ".compact"
_EXTRA: Final = 8  # clusters of a new image besides data, L1 and L2 tables: header, refcounts, room at the end


@dataclass(frozen=True, slots=True)
class Compacting:
    """One disk's image: what it takes and would take, in bytes, None: not known; ``why_not`` it can't be made smaller.

    ``remedy``: what helps against that.
    """

    disk: Disk
    takes: int | None = None
    needs: int | None = None
    backing: str = ""
    backing_format: str = ""
    options: str = ""
    why_not: str = ""
    remedy: str = ""

    @property
    def gives(self) -> int | None:
        """What the host gets back; None: not known."""
        return None if self.takes is None or self.needs is None else max(0, self.takes - self.needs)

    @property
    def is_worth_it(self) -> bool:
        """Whether there is anything to gain, as far as that is known."""
        return not self.why_not and (self.gives is None or self.gives >= WORTH)

    @property
    def path(self) -> str:
        """Where the copy is made."""
        return self.disk.source + _SUFFIX


def compactings(situation: Situation) -> tuple[Compacting, ...]:
    """All disks of the machine that can be written."""
    return tuple(_compacting(disk, situation) for disk in facts.writable_disks(situation))


def _compacting(disk: Disk, situation: Situation) -> Compacting:
    seen = situation.prepared.get(disk.source)
    why_not, remedy = _why_not(disk, seen)
    if why_not or seen is None:
        return Compacting(disk, why_not=why_not, remedy=remedy)
    layers = situation.chains.get(disk.target, ())
    takes = layers[0].allocated if layers and layers[0].path == disk.source else None
    kind = layers[1].format if len(layers) > 1 else ""
    return Compacting(
        disk,
        takes,
        _needs(disk, situation, seen),
        seen.backing,
        {"other": "raw"}.get(kind, kind),
        seen.options,
    )


def _needs(disk: Disk, situation: Situation, seen: Prepared) -> int | None:
    image = situation.usage.images.get(disk.target) if situation.usage is not None else None
    held = image.held(NOW) if isinstance(image, ImageUsage) and image.path == disk.source else None
    if held is None or not isinstance(image, ImageUsage):
        return None
    cluster = next((int(each[13:]) for each in seen.options.split(",") if each.startswith("cluster_size=")), 65536)
    common = image.common(NOW)
    return held.disk + common.disk + held.tables + common.tables + _EXTRA * cluster


def _why_not(disk: Disk, seen: Prepared | None) -> tuple[str, str]:
    if disk.source_type != "file" or disk.format != "qcow2":
        return translate("Plan", "It is no qcow2 file: only such an image knows what of it is free."), ""
    if seen is None or not seen.near:
        why = translate("Plan", "You can’t read it as a file of this computer.")
        return why, translate("Plan", "Do it on the host itself, as a user who may read it.")
    if seen.tags:
        why = translate(
            "Plan",
            "It holds %n snapshot(s), which a copy would lose: QEMU can’t make an image smaller around them.",
            "",
            len(seen.tags),
        )
        remedy = translate(
            "Plan",
            "Delete first what is not needed any more: QEMU gives its room back by itself where files can have holes.",
        )
        return why, remedy
    if not seen.options:
        return translate("Plan", "It is encrypted, damaged, or its data is in a file of its own."), ""
    return "", ""


def plan_compact(request: Compact, situation: Situation) -> Plan:
    """The plan of making the images of these disks smaller."""
    title = translate("Plan", "Compact the disks of {machine}").format(machine=situation.domain.name)
    if situation.config is None:
        return Plan(request, title, findings=tuple(facts.unread(situation)))
    if not facts.is_qemu(situation):
        reason = translate("Plan", "Only QEMU’s machines have images that could be made smaller.")
        return Plan(request, title, findings=(Finding("not-qemu", Level.BLOCKER, reason),))
    chosen = [each for each in compactings(situation) if each.disk.target in request.targets]
    if not chosen:
        reason = translate("Plan", "There is nothing to give back.")
        if all(each.why_not for each in compactings(situation)):
            reason = translate("Plan", "None of its images can be made smaller.")
        nothing = Finding("nothing", Level.NOTE, reason)
        return Plan(request, title, findings=(*_state_findings(situation), nothing))
    findings = [*_state_findings(situation), *(found for each in chosen for found in _findings(each, situation))]
    findings += _room(chosen, situation)
    return Plan(
        request,
        title,
        steps=tuple(step for each in chosen for step in _steps(each, situation)),
        findings=tuple(findings),
        effects=tuple(_effects(chosen)),
    )


def _steps(each: Compacting, situation: Situation) -> Iterator[Step]:
    old, new, size = each.disk.source, each.path, each.needs or each.takes or 0
    below = ("-B", each.backing, "-F", each.backing_format) if each.backing else ()
    bitmaps = () if "compat=0.10" in each.options else ("--bitmaps",)  # version 2 can't have any, and is refused then
    convert = ("qemu-img", "convert", "-p", *bitmaps, "-f", "qcow2", "-O", "qcow2", "-o", each.options)
    yield making.program(situation, (*convert, *below, old, new), new, size)
    yield making.program(situation, ("qemu-img", "check", "-q", "-f", "qcow2", new), size=size // 100)
    yield making.program(situation, ("qemu-img", "compare", "-p", "-f", "qcow2", "-F", "qcow2", old, new), size=size)
    yield making.replace_by(situation, new, old)


def _state_findings(situation: Situation) -> Iterator[Finding]:
    if situation.domain.state.active:
        reason = translate("Plan", "The machine runs, and QEMU has its images open.")
        remedy = translate(
            "Plan",
            "Shut it off first. Without that, “fstrim” in the guest gives back what it has deleted, "
            "where the disks are set to discard='unmap'.",
        )
        yield Finding("running", Level.BLOCKER, reason, remedy)


def _findings(each: Compacting, situation: Situation) -> Iterator[Finding]:
    path = each.disk.source
    if each.why_not:
        text = translate("Plan", "{path}: {reason}").format(path=path or each.disk.target, reason=each.why_not)
        yield Finding("compact-image", Level.BLOCKER, text, each.remedy, subject=each.disk.target)
        return
    if not each.is_worth_it:
        reason = translate(
            "Plan",
            "{path} has nothing to give back, as far as its tables tell. "
            "Only what the guest has overwritten with zeros would go.",
        )
        yield Finding("no-gain", Level.WARNING, reason.format(path=path), subject=each.disk.target)
    folder, name = posixpath.split(each.path)
    if name in names_in(situation.folders, folder):
        reason = translate("Plan", "{path} exists already.").format(path=each.path)
        remedy = translate("Plan", "Delete it, if it was left over.")
        yield Finding("file-exists", Level.BLOCKER, reason, remedy, subject=each.disk.target)
    machines = situation.dependents.machines.get(path, ()) if situation.dependents is not None else ()
    if machines:
        reason = translate("Plan", "{machines} stands on {path}, and has to be off too until this is done.")
        text = reason.format(machines=facts.quoted(machines), path=path)
        yield Finding("stood-on", Level.WARNING, text, subject=each.disk.target)


def _room(chosen: list[Compacting], situation: Situation) -> Iterator[Finding]:
    """One is done after the other: of several in a folder, the largest counts."""
    needs: dict[str, int] = {}
    for each in chosen:
        if not each.why_not:
            folder = posixpath.dirname(each.path)
            needs[folder] = max(needs.get(folder, 0), each.needs or each.takes or 0)
    return room_findings(needs, situation)


def _effects(chosen: list[Compacting]) -> Iterator[Effect]:
    for each in chosen:
        if each.takes is None:
            text = translate("Plan", "Disk {disk}: a copy of {path} takes its place.")
        elif each.needs is None:
            text = translate("Plan", "Disk {disk}: {path} takes {takes}; how much it needs is not counted yet.")
        elif not each.is_worth_it:
            text = translate("Plan", "Disk {disk}: {path} takes {takes} and needs about as much.")
        else:
            text = translate("Plan", "Disk {disk}: {path} takes {takes} and needs about {needs}: {gives} come back.")
        sizes = {name: size_text(getattr(each, name) or 0) for name in ("takes", "needs", "gives")}
        yield Effect(EffectKind.CHANGES, text.format(disk=each.disk.target, path=each.disk.source, **sizes))
    copied = sum(each.needs or each.takes or 0 for each in chosen)
    if copied:
        text = translate(
            "Plan",
            "Takes about as long as writing {size} and reading it three times. Until then, the machine can’t start.",
        )
        yield Effect(EffectKind.PAUSES, text.format(size=size_text(copied)))
    text = translate(
        "Plan",
        "What the guest reads stays the same. Each image is kept until its copy has been checked and compared with it.",
    )
    yield Effect(EffectKind.CHANGES, text)
