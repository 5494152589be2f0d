"""Requests of every kind for a machine as it is: mostly what users ask for, and now and then what can't work."""

from random import Random

from snapgui.core.records import DomainState, Kind, Mode, Situation
from snapgui.core.requests import (
    Configure,
    Delete,
    Describe,
    DiskChoice,
    Import,
    MachineRequest,
    Power,
    PowerAction,
    Redefine,
    Rename,
    Revert,
    RunState,
    Scope,
    SetCurrent,
    Take,
    Undo,
)
from snapgui.core.rules.safety import propose

# None that is too long: libvirt 11.3 refuses it, but has forgotten the current snapshot by then, and crashes later.
_ODD_NAMES = ("two words", "7", "é", "x,y", "a/b", ".dot", "<b>&", "it's", "-x", "")


def draw(random: Random, situation: Situation, number: int, folder: str) -> MachineRequest:
    """``number`` is another one each time: names are made of it. Nothing is written but in ``folder``."""
    makers = {_take: 34, _revert: 24, _delete: 20, _power: 9, _set_current: 3, _describe: 2, _rename: 4, _redefine: 4}
    makers |= {_import: 2, _configure: 3}
    if not situation.snapshots.records:
        makers = {_take: 20, _power: 4, _configure: 1}
    maker = random.choices(list(makers), list(makers.values()))[0]
    return _take(random, situation, number, folder) if maker is _take else maker(random, situation, number)


def _sometimes(random: Random, chance: float) -> bool:
    return random.random() < chance


def _any(random: Random, situation: Situation) -> str:
    """Mostly one that is there."""
    names = sorted(situation.snapshots.records)
    return "no such one" if _sometimes(random, 0.01) or not names else random.choice(names)


def _new_name(random: Random, situation: Situation, number: int) -> str:
    if _sometimes(random, 0.07):
        return random.choice(_ODD_NAMES)
    if _sometimes(random, 0.03):
        return _any(random, situation)
    return f"s{number}"


def _take(random: Random, situation: Situation, number: int, folder: str) -> Take:
    name = _new_name(random, situation, number)
    disks = () if situation.config is None else situation.config.disks
    there = _there(random, situation, folder)
    choices = []
    if _sometimes(random, 0.3):
        for disk in disks:
            if _sometimes(random, 0.5):
                mode = random.choices((Mode.EXTERNAL, Mode.NO, Mode.INTERNAL), (5, 2, 2))[0]
                choices.append(_choice(random, disk.target, mode, f"{folder}/{disk.target}-{number}", there))
    memory_file = ""
    if _sometimes(random, 0.2):
        memory_file = random.choice((f"{folder}/{number}.mem", f"{folder}/{number}.mem", there))
    off = situation.domain.state is DomainState.SHUT_OFF
    kind = random.choices((Kind.INTERNAL, Kind.EXTERNAL, Kind.DISK_ONLY), (5, 4, 1 if off else 3))[0]
    return Take(
        situation.domain.id,
        name,
        random.choice(("", "why\n<&>")),
        kind,
        disks=tuple(choices),
        memory_file=memory_file,
        live=_sometimes(random, 0.1),
        halt=_sometimes(random, 0.1),
        quiesce=_sometimes(random, 0.03),
        reuse=_sometimes(random, 0.04),
        no_metadata=_sometimes(random, 0.03),
        validate=_sometimes(random, 0.1),
    )


def _choice(random: Random, target: str, mode: Mode, path: str, there: str) -> DiskChoice:
    if mode is not Mode.EXTERNAL or _sometimes(random, 0.3):
        return DiskChoice(target, mode)
    where = random.choices((path, f"{path},comma", "relative", "/nowhere/x", there), (8, 1, 1, 1, 1))
    return DiskChoice(target, mode, where[0], random.choices(("", "qcow2", "raw"), (4, 2, 1))[0])


def _there(random: Random, situation: Situation, folder: str) -> str:
    """A file that is there already."""
    known = situation.folders.get(folder)
    names = sorted(known.names or ()) if known is not None else []
    return f"{folder}/{random.choice(names)}" if names else "/nowhere/y"


def _revert(random: Random, situation: Situation, number: int) -> Revert:
    del number
    snapshot = _any(random, situation)
    return Revert(
        situation.domain.id,
        snapshot,
        random.choices(tuple(RunState), (6, 2, 2))[0],
        remove_managed_save=_sometimes(random, 0.5),
        reset_nvram=_sometimes(random, 0.08),
        force=_sometimes(random, 0.1),
        safety=propose(snapshot, situation) if _sometimes(random, 0.2) else None,
    )


def _delete(random: Random, situation: Situation, number: int) -> Delete | Undo:
    del number
    safeties = sorted(name for name, record in situation.snapshots.records.items() if record.safety)
    if safeties and _sometimes(random, 0.4):
        return Undo(situation.domain.id, random.choice(safeties))
    names = sorted(situation.snapshots.records)
    chosen = random.sample(names, min(len(names), random.choices((1, 2, 3), (8, 2, 1))[0]))
    scope = random.choices(tuple(Scope), (8, 2, 1))[0]
    return Delete(situation.domain.id, tuple(chosen), scope, metadata_only=_sometimes(random, 0.05))


def _power(random: Random, situation: Situation, number: int) -> Power:
    del number
    actions = [action for action in PowerAction if action not in (PowerAction.REBOOT, PowerAction.SHUT_DOWN)]
    likely = {
        DomainState.SHUT_OFF: PowerAction.START,
        DomainState.RUNNING: PowerAction.FORCE_OFF,
        DomainState.PAUSED: PowerAction.RESUME,
    }.get(situation.domain.state, PowerAction.START)
    return Power(situation.domain.id, likely if _sometimes(random, 0.7) else random.choice(actions))


def _set_current(random: Random, situation: Situation, number: int) -> SetCurrent:
    del number
    return SetCurrent(situation.domain.id, _any(random, situation))


def _describe(random: Random, situation: Situation, number: int) -> Describe:
    return Describe(situation.domain.id, _any(random, situation), f"number {number} <&>")


def _rename(random: Random, situation: Situation, number: int) -> Rename:
    return Rename(situation.domain.id, _any(random, situation), _new_name(random, situation, number))


def _redefine(random: Random, situation: Situation, number: int) -> Redefine:
    name = _any(random, situation)
    xml = situation.snapshot_xml.get(name, "")
    other = _any(random, situation)
    changed = random.choice(
        (
            xml.replace("<creationTime>", f"<description>by hand {number}</description>\n  <creationTime>", 1)
            if "<description>" not in xml
            else xml.replace("<description>", f"<description>{number} ", 1),
            _with_parent(xml, other),
            xml.replace(f"<name>{name}</name>", f"<name>{name}x</name>", 1),
            xml.replace("<state>", "<state>run", 1),
            xml.replace("<state>shutoff<", "<state>running<", 1),
            xml[: len(xml) // 2],
        )
    )
    return Redefine(situation.domain.id, name, changed, xml, validate=_sometimes(random, 0.3))


def _with_parent(xml: str, parent: str) -> str:
    before, found, rest = xml.partition("<parent>")
    if found:
        return f"{before}<parent>\n    <name>{parent}</name>{rest[rest.index('</name>') + len('</name>') :]}"
    return xml.replace("<creationTime>", f"<parent><name>{parent}</name></parent>\n  <creationTime>", 1)


def _import(random: Random, situation: Situation, number: int) -> Import:
    """Others made of one that is there: libvirt only notes them, and their data is missing."""
    name = _any(random, situation)
    xml = situation.snapshot_xml.get(name, "")
    other = xml.replace(f"<name>{name}</name>", f"<name>i{number}</name>", 1)
    xmls = [random.choice((other, other, xml, _with_parent(other, "nowhere")))]
    if _sometimes(random, 0.3):
        xmls.append(_with_parent(other.replace(f"<name>i{number}<", f"<name>j{number}<", 1), f"i{number}"))
    current = f"i{number}" if _sometimes(random, 0.3) else ""
    return Import(situation.domain.id, tuple(xmls), current)


def _configure(random: Random, situation: Situation, number: int) -> Configure:
    xml = situation.next_xml or ""
    changed = random.choice(
        (
            xml.replace(">1</vcpu>", ">2</vcpu>", 1),
            xml.replace("<features>", f"<title>{number}</title>\n  <features>", 1)
            if "<title>" not in xml
            else xml.replace("<title>", "<title>x", 1),
            xml.replace("<uuid>", "<uuid>0", 1),
            xml.replace("<name>", "<name>other", 1),
        )
    )
    return Configure(situation.domain.id, changed, xml)
