"""What a plan says of the room that deleting snapshots gives back inside the images."""

from collections.abc import Iterator

from snapgui.core.costs import where_it_goes
from snapgui.core.plan import Effect, EffectKind
from snapgui.core.text import size_text, translate
from snapgui.core.usage import Held


def freed_inside(found: Held) -> Iterator[Effect]:
    """The effect, where anything comes free."""
    if not found.total:
        return
    text = translate(
        "Plan",
        "Frees {size} inside the images: {memory} of memory, {disk} of the disks, {tables} of the images’ tables. "
        "{where}",
    )
    parts = {"memory": found.memory, "disk": found.disk, "tables": found.tables, "size": found.total}
    text = text.format(where=where_it_goes(), **{part: size_text(size) for part, size in parts.items()})
    yield Effect(EffectKind.CHANGES, text)
