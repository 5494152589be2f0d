"""The words for which blocks of disks differ."""

from snapgui.core.changed import Blocks, Changed
from snapgui.core.errors import Problem
from snapgui.core.text import translate
from snapgui.models.format import clock_text, one_line, round_size_text, size_text


def disk_text(target: str, found: Blocks | Problem) -> str:
    """How much of a disk differs: "vda: 1.3 GiB of 20.0 GiB differ", or why that is not known."""
    disk = one_line(target)
    if isinstance(found, Problem):
        return translate("Changes", "{disk}: not known. {reason}").format(disk=disk, reason=found.why)
    if not found.size:
        text = translate("Changes", "{disk}: nothing of {size} differs")
        return text.format(disk=disk, size=size_text(found.disk_size))
    text = translate("Changes", "{disk}: {changed} of {size} differ")
    return text.format(disk=disk, changed=size_text(found.size), size=size_text(found.disk_size))


def stretch_text(blocks: Blocks, number: int) -> str:
    """What differs between two places of a disk: "…: 12.0 MiB differ"."""
    start, end = blocks.stretch(number)
    size = blocks.bins[number]
    if not size:
        what = translate("Changes", "nothing differs")
    elif size == end - start:
        what = translate("Changes", "all differs")
    else:
        what = translate("Changes", "{changed} differ").format(changed=size_text(size))
    text = translate("Changes", "{start} – {end}: {differences}")
    return text.format(start=round_size_text(start), end=round_size_text(end), differences=what)


def note_text(changed: Changed, now: float) -> str:
    """How that was found out; "" where nothing was."""
    if not changed.known:
        return ""
    text = translate(
        "Changes", "By the images’ own tables, in whole blocks: what was written again with the same data differs, too."
    )
    if not changed.live:
        return text
    read = min(blocks.as_of for blocks in changed.known)
    late = translate(
        "Changes", "Read at {time}: what the running machine had not written into its image by then is not in it."
    )
    return f"{text} {late.format(time=clock_text(read, now))}"
