"""What is written above bars that show nothing."""

from collections.abc import Sequence

from snapgui.core.text import translate
from snapgui.models.stack import Part, Stack, is_whole


def note_of(stacks: Sequence[Stack], parts: tuple[Part, ...]) -> str:
    """Why none of these parts has a size; "" while some have not been looked up. To be asked where all sums are 0."""
    if not stacks:
        return ""
    if all(is_whole(stack, parts) for stack in stacks):
        if parts == (Part.MEMORY,):
            return translate("Sizes", "No memory state: taken while the machine was off, or of its disks only.")
        return translate("Sizes", "The snapshots take nothing of what is shown here.")
    sizes = [size for stack in stacks for _part, size in stack.only(parts)]
    if None in sizes:
        return ""
    if any(size is not None and size.bytes is not None for size in sizes):
        return translate("Sizes", "Not all sizes can be known: point at a bar for the reason.")
    return translate("Sizes", "No size can be known: point at a bar for the reason.")
