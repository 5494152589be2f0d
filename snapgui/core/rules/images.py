"""What becomes of the files of external snapshots that are deleted, in words: ``core.overlays`` says which."""

import posixpath
from collections.abc import Sequence
from functools import partial

from snapgui.core.chains import Gain, Merging, gain_with_files, gains_one_after_another
from snapgui.core.overlays import Layout, external_disks
from snapgui.core.plan import Effect, EffectKind, Finding, Level
from snapgui.core.records import DomainConfig, Situation, SnapshotState
from snapgui.core.rules import facts
from snapgui.core.rules.asleep import asleep_finding
from snapgui.core.rules.room import shortage
from snapgui.core.rules.standing import standing_findings
from snapgui.core.text import size_text, translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then

_SAID_ONE_BY_ONE = 4


def external_effects(situation: Situation, going: Sequence[str]) -> list[Effect]:
    """What deleting does to files, for those of ``going`` that are external; without the unreadable ones."""
    external = [name for name in going if facts.is_external(situation.snapshots.records[name])]
    if not external:
        return []
    line = _layout(situation).line()
    merged = [name for name in line if name in external]
    dropped = [name for name in external if name not in line]
    effects = _merge_effects(situation, merged, line)
    effects += [_drop_effect(situation, name) for name in dropped]
    return effects + _memory_effects(situation, external) + _freed_effects(situation, external)


def _freed_effects(situation: Situation, external: Sequence[str]) -> list[Effect]:
    """What the file systems get back of all files together, where that is known."""
    usage = situation.usage
    if usage is None:
        return []
    found = _layout(situation).files()
    gain = gain_with_files(usage.chains, usage.files, [found[name] for name in external])
    if gain is None:
        return []
    text = translate("Plan", "Frees {size} of the storage in all.")
    if gain.freed <= 0:
        text = translate("Plan", "Frees nothing of the storage.")
    return [Effect(EffectKind.CHANGES, text.format(size=size_text(gain.freed)))]


def _layout(situation: Situation) -> Layout:
    disks = () if situation.config is None else situation.config.disks
    return Layout(situation.snapshots, {disk.target: disk.source for disk in disks}, partial(images_of, situation))


def merge_findings(situation: Situation, external: Sequence[str]) -> list[Finding]:
    """What stands around a machine and gets in the way of deleting its external snapshots."""
    findings = []
    if situation.block_jobs:
        # qemuSnapshotDeleteValidate, "when there is another active block job"
        reason = translate("Plan", "Something is still copying or merging disk {disks} of the machine.")
        # [run] 11.3: after its daemon died in a merge, the machine stays paused and the job waits to be finished.
        remedy = translate(
            "Plan",
            "Wait until that has ended. Where libvirt itself was cut off in a merge, it never does: "
            "force the machine off, and delete again.",
        )
        reason = reason.format(disks=", ".join(sorted(situation.block_jobs)))
        findings.append(Finding("block-job", Level.BLOCKER, reason, remedy))
    line = _layout(situation).line()
    merged = [name for name in reversed(line) if name in external]
    kept = {name for name in line if name not in external}
    deep = [name for name in merged if kept.intersection(line[line.index(name) + 1 :])]
    if deep and not situation.domain.state.active and facts.before(situation, facts.SINCE_MERGE_OFF):
        reason = translate(
            "Plan", "This libvirt can’t merge the files of {names} into those below while the machine is off."
        )
        remedy = translate("Plan", "Start the machine first, or delete the snapshots below too.")
        findings.append(Finding("merge-off", Level.BLOCKER, reason.format(names=facts.quoted(deep)), remedy))
    if merged and situation.domain.managed_save:
        # libvirt merges all the same, and the machine can't start then: seen on 11.3.
        reason = translate("Plan", "The machine’s saved state needs the files that would be merged.")
        remedy = translate("Plan", "Start the machine first, which uses up its saved state.")
        findings.append(Finding("managed-save", Level.BLOCKER, reason, remedy))
    findings += _unmergeable(situation, merged)
    findings += [
        finding for name in merged for finding in _parted(situation, name, _layout(situation).merges(name, line))
    ]
    if merged and (finding := asleep_finding("merge-paused", situation)) is not None:
        findings.append(finding)
    merges = [each for name in merged for each in _layout(situation).merges(name, line)]
    touched = [path for merge in merges for path in (merge.base, merge.file)]
    touched += [path for name in external if name not in line for path in _layout(situation).dropped(name)]
    way_out = translate("Plan", "Under “Advanced”, the snapshot can be forgotten without a change to any file.")
    return [*findings, *standing_findings(touched, situation, way_out), *_space_findings(situation, merges)]


def _unmergeable(situation: Situation, merged: Sequence[str]) -> list[Finding]:
    """Disks that libvirt does not merge the overlays of: seen on 11.3."""
    findings = []
    records = situation.snapshots.records
    targets = {target for name in merged for target in external_disks(records[name])}
    transient = [] if situation.config is None else [disk.target for disk in situation.config.disks if disk.transient]
    if kept := sorted(targets.intersection(transient)):
        reason = translate("Plan", "Disk {disks} is transient: libvirt can’t merge its files.")
        remedy = translate("Plan", "Take that out of the machine’s settings while it is off.")
        findings.append(Finding("disk-transient", Level.BLOCKER, reason.format(disks=", ".join(kept)), remedy))
    # "snapshot VM disk source and parent disk source are not the same": it has looked the volume up only where the
    # machine was running then, and only the daemon that did so remembers it.
    of_volumes = [name for name in merged if _volumes_in(situation, name)]
    off = [name for name in of_volumes if records[name].state is SnapshotState.SHUT_OFF]
    if off:
        reason = translate("Plan", "{names} was taken of a storage pool’s volume, into which libvirt can’t merge.")
        remedy = translate("Plan", "Under “Advanced”, the snapshot can be forgotten without a change to any file.")
        findings.append(Finding("merge-volume", Level.BLOCKER, reason.format(names=facts.quoted(off)), remedy))
    elif of_volumes:
        reason = translate(
            "Plan",
            "{names} was taken of a storage pool’s volume, into which libvirt can’t merge once it has been restarted.",
        )
        findings.append(Finding("merge-volume", Level.WARNING, reason.format(names=facts.quoted(of_volumes))))
    return findings


def _parted(situation: Situation, name: str, merges: Sequence[Merging]) -> list[Finding]:
    """Files between those that would merge, as a snapshot left them that libvirt was told to forget.

    [run] 11.3: "snapshot VM disk source and parent disk source are not the same".
    """
    chains = [[layer.path for layer in chain] for chain in situation.chains.values()]
    between = [
        path
        for merge in merges
        for chain in chains
        if merge.file in chain and merge.base in chain
        for path in chain[chain.index(merge.file) + 1 : chain.index(merge.base)]
    ]
    if not between:
        return []
    reason = translate("Plan", "{files} is between the files of “{name}”, of no snapshot: libvirt can’t merge them.")
    remedy = translate("Plan", "Under “Advanced”, the snapshot can be forgotten without a change to any file.")
    reason = reason.format(files=facts.listed(between), name=name)
    return [Finding("merge-parted", Level.BLOCKER, reason, remedy, subject=name)]


def _volumes_in(situation: Situation, name: str) -> list[str]:
    """The targets of the disks in a snapshot that were volumes when it was taken, and have overlays since."""
    config = _config_then(situation, name)
    kept = external_disks(situation.snapshots.records[name])
    disks = () if config is None else config.disks
    return [disk.target for disk in disks if disk.source_type == "volume" and disk.target in kept]


def _space_findings(situation: Situation, merges: Sequence[Merging]) -> list[Finding]:
    """What a merge adds to the image below is needed until its overlay goes; of several, the largest counts.

    Where that is not known, it is as much as the overlay takes at most.
    """
    allocated = {layer.path: layer.allocated or 0 for chain in situation.chains.values() for layer in chain}
    needed: dict[str, int] = {}
    for merge, gain in zip(merges, _gains(situation, merges), strict=True):
        path = posixpath.dirname(merge.base)
        needed[path] = max(needed.get(path, 0), allocated.get(merge.file, 0) if gain is None else gain.grows)
    reason = translate("Plan", "Merging may need {size} in {path}, where {free} are free.")
    found = (shortage("space", reason, situation, path, size) for path, size in needed.items())
    return [finding for finding in found if finding is not None]


def _gains(situation: Situation, merges: Sequence[Merging]) -> list[Gain | None]:
    """What each of these merges comes to, in their order; None where that is not known."""
    return gains_one_after_another(situation.usage.chains if situation.usage is not None else {}, merges)


def _merge_effects(situation: Situation, merged: list[str], line: list[str]) -> list[Effect]:
    if not merged:
        return []
    merges = [merge for name in reversed(merged) for merge in _layout(situation).merges(name, line)]
    effects = []
    if len(merges) > _SAID_ONE_BY_ONE or not all(merge.file and merge.base for merge in merges):
        text = translate(
            "Plan",
            "Deletes the files of {names} once their data is merged into the images below. "
            "The machine keeps all its data.",
        )
        effects.append(Effect(EffectKind.CHANGES, text.format(names=facts.quoted(merged))))
    else:
        gains = _gains(situation, merges)
        effects += [
            Effect(EffectKind.CHANGES, _merge_text(merge, gain)) for merge, gain in zip(merges, gains, strict=True)
        ]
    if not situation.domain.state.active:
        text = translate("Plan", "QEMU starts for a moment to merge; the guest does not run.")
        effects.append(Effect(EffectKind.CHANGES, text))
    return effects


def _merge_text(merge: Merging, gain: Gain | None) -> str:
    if gain is None:
        text = translate("Plan", "Deletes {file} once its data is merged into {base}. The machine keeps all its data.")
        return text.format(file=merge.file, base=merge.base)
    text = translate(
        "Plan",
        "Merges {written} of {file} into {base}, which grows by {grows}, and deletes it. "
        "The machine keeps all its data.",
    )
    if gain.grows <= 0:
        text = translate(
            "Plan",
            "Merges {written} of {file} into {base}, which does not grow, and deletes it. "
            "The machine keeps all its data.",
        )
    written, grows = size_text(gain.written), size_text(max(0, gain.grows))
    return text.format(written=written, file=merge.file, base=merge.base, grows=grows)


def _drop_effect(situation: Situation, name: str) -> Effect:
    files = _layout(situation).dropped(name)
    if not files:
        text = translate("Plan", "“{name}” goes, and the file that it was taken of stays.").format(name=name)
        return Effect(EffectKind.CHANGES, text)
    if not all(files):
        text = translate("Plan", "Deletes the files that only “{name}” needs.").format(name=name)
    else:
        text = translate("Plan", "Deletes {files}, which only “{name}” needs.").format(
            files=", ".join(files), name=name
        )
    return Effect(EffectKind.LOSES, text)


def _memory_effects(situation: Situation, external: list[str]) -> list[Effect]:
    effects = []
    for name in external:
        file = situation.snapshots.records[name].memory_file
        if not file:
            continue
        size = situation.sizes.get(name)
        if facts.before(situation, facts.SINCE_MEMORY_FILE_DELETE):
            text = translate("Plan", "The memory file {file} stays: this libvirt does not delete it.")
        elif size is not None and size.bytes:
            text = translate("Plan", "Deletes the memory file {file}, which frees {size}.")
        else:
            text = translate("Plan", "Deletes the memory file {file}.")
        known = size.bytes if size is not None and size.bytes else 0
        effects.append(Effect(EffectKind.CHANGES, text.format(file=file, size=size_text(known))))
    return effects


def images_of(situation: Situation, name: str) -> dict[str, str]:
    """The files that the machine's disks were on when the snapshot was taken; empty where that has not been read."""
    config = _config_then(situation, name)
    return {} if config is None else {disk.target: disk.source for disk in config.disks}


def _config_then(situation: Situation, name: str) -> DomainConfig | None:
    xml = situation.snapshot_xml.get(name)
    try:
        return None if xml is None else read_config_then(xml)
    except XmlError:
        return None
