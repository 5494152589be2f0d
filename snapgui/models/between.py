"""What happened to a machine between two of its snapshots, in words."""

from collections.abc import Collection, Mapping

from snapgui.core.costs import written
from snapgui.core.records import Size, Snapshots
from snapgui.core.text import translate
from snapgui.core.tree import ancestors, by_time
from snapgui.core.usage import Usage
from snapgui.models.format import listed, one_line, size_text

_TWO = 2


def between_text(snapshots: Snapshots, sizes: Mapping[str, Size], usage: Usage | None, names: Collection[str]) -> str:
    """What came from the older to the newer of two, as "Between a and b: 1.2 GiB of disk written, memory +30.0 MiB".

    "" of any other number, and while nothing has been counted.
    """
    records = [snapshots.records[name] for name in names if name in snapshots.records] if len(names) == _TWO else []
    if usage is None or len(records) != _TWO:
        return ""
    first, second = sorted(records, key=by_time)
    disk = written(usage, first, second)
    if disk.bytes is None:
        what = translate("Between", "disk not known ({reason})").format(reason=disk.why.removesuffix("."))
    elif not disk.bytes:
        what = translate("Between", "nothing written to the disks")
    elif first.name in ancestors(snapshots, second.name):
        what = translate("Between", "{size} of disk written").format(size=size_text(disk.bytes))
    else:  # they are on two branches: what one wrote, the other has never seen
        what = translate("Between", "{size} of disk only in the second").format(size=size_text(disk.bytes))
    text = translate("Between", "Between {first} and {second}: {differences}")
    differences = listed(what, _memory_text(sizes.get(first.name), sizes.get(second.name)))
    return text.format(first=one_line(first.name), second=one_line(second.name), differences=differences)


def _memory_text(first: Size | None, second: Size | None) -> str:
    """How much more memory the second one keeps; "" where none of them keeps any."""
    if first is None or second is None or first.bytes is None or second.bytes is None:
        return translate("Between", "memory not known")
    if not first.bytes and not second.bytes:
        return ""
    more = second.bytes - first.bytes
    sign = "+" if more > 0 else "−" if more else "±"
    return translate("Between", "memory {change}").format(change=f"{sign}{size_text(abs(more))}")
