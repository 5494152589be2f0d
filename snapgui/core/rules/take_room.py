"""Room that taking a snapshot needs: for the memory of a machine that is on, and for new files."""

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from snapgui.core.plan import Effect, EffectKind
from snapgui.core.records import Kind, Mode, Situation
from snapgui.core.requests import Take
from snapgui.core.rules.room import free_in, place_of
from snapgui.core.rules.take_disks import disk_places
from snapgui.core.text import size_text, translate

_NEW_FILE: Final = 4 * 65536  # bytes of an overlay that nothing has been written to: its header and tables


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that will be written in the folder ``path``: about so many, and ``most`` at most."""

    path: str
    about: int
    most: int


def memory_need(request: Take, situation: Situation) -> Need | None:
    """Of an active machine's memory, inside an image or in its file; None where none is written, or not known where.

    What a guest has never touched takes no room: it is about as much as QEMU has of the host's memory by now.
    """
    if not situation.domain.state.active or request.kind is Kind.DISK_ONLY or situation.config is None:
        return None
    if request.kind is Kind.INTERNAL:
        inside = (place.disk for place in disk_places(request, situation) if place.mode is Mode.INTERNAL)
        first = next(inside, None)
        path = posixpath.dirname(first.source) if first is not None and first.source_type == "file" else ""
    else:
        path = posixpath.dirname(request.memory_file)
    most = situation.config.current_memory * 1024
    used = situation.memory_used
    return Need(path, most if used is None else min(used, most), most) if path and most else None


def room_effects(request: Take, situation: Situation) -> list[Effect]:
    """What is needed of each file system or pool, and what is free there."""
    memory = memory_need(request, situation)
    files = [] if request.reuse else disk_places(request, situation)
    new = (place.folder for place in files if place.mode is Mode.EXTERNAL and place.path)
    needs = [*([memory] if memory is not None else []), *(Need(path, _NEW_FILE, _NEW_FILE) for path in new)]
    effects = []
    for path, need in _by_place(needs, situation):
        free = free_in(situation, path)
        about, most = size_text(need.about), size_text(need.most)
        if free is not None and need.about < need.most:
            text = translate("Plan", "Needs about {about}, {most} at most; {free} are free on {place}.")
        elif free is not None:
            text = translate("Plan", "Needs up to {most}; {free} are free on {place}.")
        elif memory is not None:
            text = translate("Plan", "Needs up to {most}; how much is free on {place} is not known.")
        else:
            continue
        place = place_of(situation, path)
        text = text.format(about=about, most=most, free=size_text(free or 0), place=place)
        effects.append(Effect(EffectKind.ADDS, text))
    return effects


def _by_place(needs: Iterable[Need], situation: Situation) -> Iterable[tuple[str, Need]]:
    """Added up where they share their room; each with one of its folders."""
    found: dict[str, Need] = {}
    for need in needs:
        place = place_of(situation, need.path)
        before = found.get(place, Need(need.path, 0, 0))
        found[place] = Need(before.path, before.about + need.about, before.most + need.most)
    return [(need.path, need) for need in found.values()]
