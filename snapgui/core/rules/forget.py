"""Letting libvirt forget snapshots: their metadata goes, and what they keep stays where it is."""

from collections.abc import Collection

from snapgui.core import tree
from snapgui.core.plan import Call, DeleteFlag, Effect, EffectKind, Finding, Level, Plan
from snapgui.core.records import Situation, Snapshots
from snapgui.core.requests import Delete
from snapgui.core.rules import facts
from snapgui.core.rules.left_files import left_by_forgetting, left_effects
from snapgui.core.text import translate


def plan_forget(request: Delete, situation: Situation, going: list[str]) -> Plan:
    """The plan of a delete with ``metadata_only``; ``going`` are the snapshots that it reaches, in tree order."""
    title = translate("Plan", "Forget snapshot “{name}” of {machine}")
    if len(going) != 1:
        title = translate("Plan", "Forget %n snapshot(s) of {machine}", "", len(going))
    title = title.format(name=going[0], machine=situation.domain.name)
    steps = tuple(
        facts.step(situation, Call.SNAPSHOT_DELETE, name, flags=DeleteFlag.METADATA_ONLY) for name in reversed(going)
    )
    text = translate("Plan", "libvirt forgets {names}.").format(names=facts.quoted(going))
    effects = [Effect(EffectKind.LOSES, text, tuple(going))]
    external = [name for name in going if facts.is_external(situation.snapshots.records[name])]
    internal = [name for name in going if name not in external]
    if internal:
        text = translate(
            "Plan",
            "No space is freed: the images keep the data of {names}. The health check can make libvirt know it again.",
        )
        effects.append(Effect(EffectKind.CHANGES, text.format(names=facts.quoted(internal))))
    if external:
        text = translate("Plan", "No space is freed: the files of {names} stay, and the machine goes on with them.")
        effects.append(Effect(EffectKind.CHANGES, text.format(names=facts.quoted(external))))
    effects += tree_effects(situation.snapshots, set(going))
    effects += left_effects([*left_by_forgetting(situation, going[::-1]), *_memory_files(situation, external)])
    return Plan(request, title, steps, tuple(_findings(situation, going, external)), tuple(effects))


def _memory_files(situation: Situation, external: list[str]) -> list[str]:
    """The files that hold the memory of these snapshots, and of no others."""
    records = situation.snapshots.records
    others = {record.memory_file for name, record in records.items() if name not in external}
    return sorted({records[name].memory_file for name in external} - others - {""})


def tree_effects(snapshots: Snapshots, gone: Collection[str]) -> list[Effect]:
    """What becomes of the snapshots that stay: which move up, and which is the current one then."""
    effects = []
    above = tree.parents(snapshots)
    staying: dict[str, str | None] = {}  # the nearest ancestor of each that stays
    lifted: dict[str | None, list[str]] = {}
    for name in tree.tree_order(snapshots):
        parent = above[name]
        staying[name] = staying[parent] if parent is not None and parent in gone else parent
        if name not in gone and staying[name] != parent:
            lifted.setdefault(staying[name], []).append(name)
    for parent, names in lifted.items():
        text = translate("Plan", "These move up to the top, with all their data: {names}.")
        if parent is not None:
            text = translate("Plan", "These move up to “{parent}”, with all their data: {names}.")
        effects.append(Effect(EffectKind.MOVES, text.format(parent=parent, names=facts.quoted(names)), tuple(names)))
    if snapshots.current is not None and snapshots.current in gone:
        current = staying[snapshots.current]
        text = translate("Plan", "No snapshot is the current one afterwards.")
        if current is not None:
            text = translate("Plan", "“{name}” becomes the current snapshot.").format(name=current)
        effects.append(Effect(EffectKind.CHANGES, text, () if current is None else (current,)))
    return effects


def _findings(situation: Situation, going: list[str], external: list[str]) -> list[Finding]:
    if not facts.is_qemu(situation):
        reason = translate("Plan", "This host can’t forget a snapshot and keep its data: only QEMU’s can.")
        return [Finding("metadata-driver", Level.BLOCKER, reason)]
    if not external or len(going) == len(situation.snapshots.records):
        return []
    # "snapshot VM disk source and parent disk source are not the same": seen on 11.3
    reason = translate("Plan", "libvirt may not be able then to delete or merge what is next to {names}.")
    remedy = translate("Plan", "Export the XML first, which can be imported again.")
    return [Finding("metadata-external", Level.WARNING, reason.format(names=facts.quoted(external)), remedy)]
