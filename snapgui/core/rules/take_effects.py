"""What comes of taking a snapshot."""

import posixpath
from typing import Final

from snapgui.core.plan import Effect, EffectKind
from snapgui.core.records import DomainState, Kind, Mode, Situation
from snapgui.core.requests import Take
from snapgui.core.rules import facts
from snapgui.core.rules.take_disks import DiskPlace, disk_places
from snapgui.core.rules.take_room import room_effects
from snapgui.core.text import translate

_SAID_ONE_BY_ONE: Final = 3


def take_effects(request: Take, situation: Situation) -> list[Effect]:
    """In the order in which they are read. ``request`` names the memory's file."""
    current = situation.snapshots.current
    text = translate("Plan", "Adds “{name}” under “{parent}”.")
    if current is None:
        text = translate("Plan", "Adds “{name}”, the machine’s first snapshot.")
        if situation.snapshots.records:
            text = translate("Plan", "Adds “{name}” under no other: the machine stands on no snapshot.")
    effects = []
    if not request.no_metadata:
        effects.append(Effect(EffectKind.ADDS, text.format(name=request.name, parent=current), (request.name,)))
    effects += _disk_effects(request, situation)
    if situation.domain.state.active:
        effects += _memory_effects(request, situation)
    if facts.is_qemu(situation):
        effects += room_effects(request, situation)
    if not situation.domain.state.active:
        return effects
    if situation.domain.state is DomainState.RUNNING:
        goes_on = request.kind is Kind.DISK_ONLY
        kind = EffectKind.CHANGES if goes_on else EffectKind.PAUSES
        effects.append(Effect(kind, _pause(request, situation.pauses)))
    if request.halt:
        effects.append(_halt(request))
    return effects


def _disk_effects(request: Take, situation: Situation) -> list[Effect]:
    on_files = [place for place in disk_places(request, situation) if place.mode is Mode.EXTERNAL and place.path]
    if len(on_files) > _SAID_ONE_BY_ONE:
        text = translate("Plan", "%n disks go on in new files; their images stay as they are.", "", len(on_files))
        return [Effect(EffectKind.ADDS, text, tuple(place.path for place in on_files))]
    return [Effect(EffectKind.ADDS, _goes_on(place, reuse=request.reuse)) for place in on_files]


def _goes_on(place: DiskPlace, *, reuse: bool) -> str:
    text = (
        translate("Plan", "Disk {disk} goes on in the prepared file {path}; {image} stays as it is.")
        if reuse
        else translate("Plan", "Disk {disk} goes on in the new file {path}; {image} stays as it is.")
    )
    image = posixpath.basename(place.disk.source) or translate("Plan", "its image")
    return text.format(disk=place.disk.target, path=place.path, image=image)


def _memory_effects(request: Take, situation: Situation) -> list[Effect]:
    memory = 0 if situation.config is None else situation.config.current_memory * 1024
    if request.kind is Kind.DISK_ONLY or not memory:
        return []
    if request.kind is Kind.INTERNAL:
        inside = (place.disk for place in disk_places(request, situation) if place.mode is Mode.INTERNAL)
        first = next(inside, None)
        text = translate("Plan", "Keeps the memory inside {path}.")
        path = (first.source if first is not None else "") or translate("Plan", "an image")
    elif request.memory_file:
        text, path = translate("Plan", "Keeps the memory in {path}."), request.memory_file
    else:
        return []
    return [Effect(EffectKind.ADDS, text.format(path=path))]


def _halt(request: Take) -> Effect:
    if request.kind is Kind.DISK_ONLY:
        text = translate("Plan", "The machine is then turned off at once: what its memory holds is lost.")
        return Effect(EffectKind.LOSES, text)
    return Effect(
        EffectKind.CHANGES, translate("Plan", "The machine is then turned off; the snapshot keeps its state.")
    )


def _pause(request: Take, pauses: tuple[float, ...]) -> str:
    if request.kind is Kind.DISK_ONLY:
        if request.quiesce:
            return translate("Plan", "The guest’s file systems hold still for a moment; the machine does not pause.")
        return translate("Plan", "The machine does not pause.")
    if request.live:
        return translate("Plan", "The machine goes on while its memory is saved, and pauses for a moment at the end.")
    if not pauses:
        return translate("Plan", "The machine pauses while its memory is saved.")
    seconds = round(sorted(pauses)[len(pauses) // 2])  # the median
    if seconds < 1:
        return translate("Plan", "The machine pauses while its memory is saved: under a second, as before.")
    return translate(
        "Plan", "The machine pauses while its memory is saved: about %n second(s), as before.", "", seconds
    )
