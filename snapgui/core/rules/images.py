"""What becomes of the files of external snapshots that are deleted.

libvirt's qemuSnapshotDeleteExternalPrepareData, seen on 11.3: where the machine stands on a snapshot's overlay, the
overlay is committed into the file below it; elsewhere the file goes that only this snapshot's state was in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from snapgui.core import tree
from snapgui.core.plan import Effect, EffectKind
from snapgui.core.records import Mode, Situation, SnapshotRecord
from snapgui.core.rules import facts
from snapgui.core.text import size_text, translate
from snapgui.core.xml import XmlError, read_config_then

_SAID_ONE_BY_ONE = 4


@dataclass(frozen=True, slots=True)
class _Merge:
    """``file`` is committed into ``base``, and goes; "" where a name is not known."""

    file: str
    base: str


def external_effects(situation: Situation, going: Sequence[str]) -> list[Effect]:
    """What deleting does to files, for those of ``going`` that are external; without the unreadable ones."""
    external = [name for name in going if facts.is_external(situation.snapshots.records[name])]
    if not external:
        return []
    line = _line(situation)
    merged = [name for name in line if name in external]
    dropped = [name for name in external if name not in line]
    effects = _merge_effects(situation, merged, line)
    effects += [_drop_effect(situation, name) for name in dropped]
    return effects + _memory_effects(situation, external)


def _line(situation: Situation) -> list[str]:
    """The external snapshots whose overlays the machine stands on, from the root."""
    current = situation.snapshots.current
    if current is None:
        return []
    names = [current, *tree.ancestors(situation.snapshots, current)]
    return [name for name in reversed(names) if facts.is_external(situation.snapshots.records[name])]


def _merge_effects(situation: Situation, merged: list[str], line: list[str]) -> list[Effect]:
    if not merged:
        return []
    merges = [merge for name in reversed(merged) for merge in _merges(situation, name, line)]
    effects = []
    if len(merges) > _SAID_ONE_BY_ONE or not all(merge.file and merge.base for merge in merges):
        text = translate(
            "Plan",
            "Deletes the files of {names} once their data is merged into the images below. "
            "The machine keeps all its data.",
        )
        effects.append(Effect(EffectKind.CHANGES, text.format(names=facts.quoted(merged))))
    else:
        text = translate("Plan", "Deletes {file} once its data is merged into {base}. The machine keeps all its data.")
        effects += [Effect(EffectKind.CHANGES, text.format(file=merge.file, base=merge.base)) for merge in merges]
    if not situation.domain.state.active:
        text = translate("Plan", "QEMU starts for a moment to merge; the guest does not run.")
        effects.append(Effect(EffectKind.CHANGES, text))
    return effects


def _merges(situation: Situation, name: str, line: list[str]) -> list[_Merge]:
    """For each disk in the snapshot. The overlay that it made may have given way to another at a later revert."""
    bases = _images(situation, name)
    after = line[line.index(name) + 1 :]
    if after:
        files = _images(situation, after[0])
    else:
        files = {} if situation.config is None else {disk.target: disk.source for disk in situation.config.disks}
    record = situation.snapshots.records[name]
    return [_Merge(files.get(target, ""), bases.get(target, "")) for target in _external_disks(record)]


def _drop_effect(situation: Situation, name: str) -> Effect:
    bases = _images(situation, name)
    files = [bases.get(target, "") for target in _external_disks(situation.snapshots.records[name])]
    if not files or not all(files):
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


def _external_disks(record: SnapshotRecord) -> list[str]:
    return [disk.target for disk in record.disks if disk.mode is Mode.EXTERNAL]


def _images(situation: Situation, name: str) -> dict[str, str]:
    """The files that the machine's disks were on when the snapshot was taken; empty where that has not been read."""
    xml = situation.snapshot_xml.get(name)
    try:
        config = None if xml is None else read_config_then(xml)
    except XmlError:
        config = None
    return {} if config is None else {disk.target: disk.source for disk in config.disks}
