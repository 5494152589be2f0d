"""The line of a description by which a safety snapshot is known, whatever application or language shows it later.

It is taken away where a description is read from XML and put back where one is written, so that nobody who edits the
description meets it or loses it; virsh shows it. Who takes it out of the XML makes the snapshot one like any other.
"""

from typing import Final

MARK: Final = "[snapgui: before-revert]"


def is_marked(text: str) -> bool:
    """Whether the description, as libvirt has it, is that of a safety snapshot."""
    return MARK in text.split("\n")


def unmarked(text: str) -> str:
    """The description without the mark."""
    return "\n".join(line for line in text.split("\n") if line != MARK)


def marked(text: str) -> str:
    """The description with the mark as its last line."""
    return f"{text}\n{MARK}" if text else MARK
