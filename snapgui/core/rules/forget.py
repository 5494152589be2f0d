"""Letting libvirt forget snapshots: their metadata goes, and what they keep stays where it is."""

from snapgui.core.plan import Call, DeleteFlag, Effect, EffectKind, Finding, Level, Plan
from snapgui.core.records import Situation
from snapgui.core.requests import Delete
from snapgui.core.rules import facts
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
            "Plan", "No space is freed: {names} stay in the images. The health check can make them known again."
        )
        effects.append(Effect(EffectKind.CHANGES, text.format(names=facts.quoted(internal))))
    if external:
        text = translate("Plan", "No space is freed: the files of {names} stay, and the machine goes on with them.")
        effects.append(Effect(EffectKind.CHANGES, text.format(names=facts.quoted(external))))
    return Plan(request, title, steps, tuple(_findings(situation, going, external)), tuple(effects))


def _findings(situation: Situation, going: list[str], external: list[str]) -> list[Finding]:
    if not facts.is_qemu(situation):
        reason = translate("Plan", "This host can’t forget a snapshot and keep its data: only QEMU’s can.")
        return [Finding("metadata-driver", Level.BLOCKER, reason)]
    if not external or len(going) == len(situation.snapshots.records):
        return []
    # "snapshot VM disk source and parent disk source are not the same": seen on 11.3
    reason = translate(
        "Plan", "Once {names} are forgotten, libvirt may not be able to delete or merge what is next to them."
    )
    remedy = translate("Plan", "Export their XML first: importing that brings them back.")
    return [Finding("metadata-external", Level.WARNING, reason.format(names=facts.quoted(external)), remedy)]
