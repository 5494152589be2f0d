"""What a machine's XML says of it beside its state: whether it has a screen, and what changes at its next start."""

from dataclasses import dataclass
from typing import Final

from snapgui.core.differences.compare import Configuration, Difference, differences
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_domain

_SHOWN: Final = frozenset({"vnc", "spice"})  # the kinds of graphics that a viewer can show


@dataclass(frozen=True, slots=True)
class Outlook:
    """``has_screen``: None where the XML can't be read. ``waiting``: from what runs to what is defined."""

    configuration: Configuration
    has_screen: bool | None = None
    waiting: tuple[Difference, ...] = ()


def outlook(configuration: Configuration) -> Outlook:
    """What is read from a machine's configuration as it is now."""
    try:
        now = read_domain(configuration.live or configuration.persistent)
        waiting: tuple[Difference, ...] = ()
        if configuration.live and configuration.persistent:
            waiting = differences(configuration.live, configuration.persistent)
    except XmlError:
        return Outlook(configuration)
    if now.current_memory == now.memory:
        # A guest that does not answer to its balloon, or not yet, keeps all of its memory: nothing of that is a change.
        waiting = tuple(each for each in waiting if each.path != "currentMemory")
    return Outlook(configuration, not _SHOWN.isdisjoint(now.graphics), waiting)
