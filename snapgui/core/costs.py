"""What each snapshot costs its machine's images, or why that is not known."""

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from snapgui.core.chains import FilesOf, Gain, Merging, gain_with_files
from snapgui.core.errors import Problem
from snapgui.core.records import Kind, Size, SnapshotRecord
from snapgui.core.text import translate
from snapgui.core.usage import Held, Usage, alone, freed, freed_in, grown, shared, unsettled


@dataclass(frozen=True, slots=True)
class Cost:
    """What a snapshot takes in its machine's images, in bytes, or why that is not known.

    ``disk``: data of the disks that nothing else holds. ``shared``: what others hold, too. ``frees``: what deleting it
    alone gives back, its memory and its tables with it. ``as_of``: when that was read, in seconds since the epoch.
    ``merges``: what becomes of an external one's files.
    """

    disk: Size
    shared: Size
    frees: Size
    as_of: float | None = field(default=None, compare=False)
    merges: tuple["MergeCost", ...] = ()


@dataclass(frozen=True, slots=True)
class MergeCost:
    """One disk of an external snapshot: its overlay goes into the image below. In bytes; None: not known.

    ``depth``: how many files the disk is on.
    """

    merging: Merging
    allocated: int | None
    gain: Gain | None
    depth: int


def costs(usage: Usage, snapshots: Mapping[str, SnapshotRecord]) -> dict[str, Cost]:
    """What each snapshot costs, by its name. Missing: what has come since they were counted.

    What is not whole is not told: a part of it would be taken for all.
    """
    found: dict[str, Cost] = {}
    unwritten = unsettled(usage)
    unknown: dict[str, Cost] = {}  # one for each reason: 1,000 of the same would take 0.3 MB
    for name, record in snapshots.items():
        if record.external and record.problem is None:
            if name in usage.external:
                found[name] = _external_cost(usage, name)
            continue
        held = alone(usage, name)
        if held is None and _is_newer(record, usage):
            continue  # counted soon
        why = _unknown(usage, record, held)
        if held is None or why:
            size = Size(None, why)
            found[name] = unknown.setdefault(why, Cost(size, size, size))
        else:
            frees = Size(None, _unwritten()) if name in unwritten else Size(held.total)
            found[name] = Cost(Size(held.disk), Size(shared(usage, name).disk), frees, usage.as_of)
    return found


def _external_cost(usage: Usage, name: str) -> Cost:
    files = usage.external[name]
    merges = tuple(_merge_cost(usage, merging) for merging in files.merges)
    gain = gain_with_files(usage.chains, usage.files, [files])
    why = stood_on(usage, name) or ("" if gain is not None else _unknown_gain(usage, files))
    if gain is None or why:
        return Cost(Size(None, why), Size(None, why), Size(None, why), merges=merges)
    disk = gain.hidden + sum(usage.files[path] for path in set(files.dropped))
    return Cost(Size(disk), Size(None, _not_shared()), Size(max(0, gain.freed)), usage.as_of, merges)


def _merge_cost(usage: Usage, merging: Merging) -> MergeCost:
    chain = usage.chains.get(merging.target)
    places = chain.places(merging) if chain is not None else None
    if chain is None or places is None:
        return MergeCost(merging, None, None, len(chain.paths) if chain is not None else 0)
    gain = None if {merging.base, merging.file} & usage.others.keys() else chain.gain(*places)
    return MergeCost(merging, chain.allocated[places[1]], gain, len(chain.paths))


def stood_on(usage: Usage, name: str) -> str:
    """Why deleting it is refused for other machines' sake, and what it holds is theirs too; "" where it is not."""
    files = usage.external.get(name, FilesOf())
    stood = [path for path in files.touched if path in usage.others]
    if not stood:
        return ""
    names = dict.fromkeys(each for path in stood for each in usage.others[path])
    text = translate("Usage", "Other machines stand on {files}: {names}. It can’t be deleted while they do.")
    files_text = ", ".join(dict.fromkeys(map(posixpath.basename, stood)))
    return text.format(files=files_text, names=", ".join(f"“{each}”" for each in names))


def _not_shared() -> str:
    return translate("Usage", "What it shares with others lies in the files below, and is not counted.")


def _unknown_gain(usage: Usage, files: FilesOf) -> str:
    if files.stuck:
        return translate("Usage", "The machine is elsewhere: libvirt can’t delete it before what is below it.")
    chains = (usage.chains.get(merging.target) for merging in files.merges)
    why = next((chain.why for chain in chains if chain is not None and chain.why), "")
    return why or translate("Usage", "Not all of its files could be found.")


def frees(usage: Usage | None, snapshots: Collection[SnapshotRecord]) -> int | None:
    """The bytes that deleting all of these gives back; None where that is not known of each of them.

    Inside the images, whose files do not shrink by that, and of the external ones' files.
    """
    external = [record for record in snapshots if record.external and record.problem is None]
    inside = [record for record in snapshots if not record.external or record.problem is not None]
    if usage is None or not unsettled(usage).isdisjoint(record.name for record in inside):
        return None
    if any(_unknown(usage, record, alone(usage, record.name)) for record in inside):
        return None
    if any(record.name not in usage.external or stood_on(usage, record.name) for record in external):
        return None
    gain = gain_with_files(usage.chains, usage.files, [usage.external[record.name] for record in external])
    return None if gain is None else freed(usage, [record.name for record in inside]).total + max(0, gain.freed)


def why_uncounted(usage: Usage | None, name: str, places: Mapping[str, str]) -> str:
    """Why it is not known what a snapshot takes that libvirt need not know; "" where it is.

    ``places``: the images that hold it, by their disks' targets.
    """
    if usage is None:
        return _not_yet()
    read = {image.path: image for image in usage.read}
    for target, path in places.items():
        if path not in read:
            told = (usage.images.get(target), usage.below.get(path), usage.problem)
            why = next((each.why for each in told if isinstance(each, Problem)), "")
            return why or translate("Usage", "{path} is not among the images that are counted.").format(path=path)
        if read[path].held(name) is None:
            return _not_yet()
    return _unwritten() if name in unsettled(usage) else ""


def frees_from(usage: Usage, snapshots: Mapping[str, Mapping[str, str]]) -> Held:
    """What deleting these gives back, each from the images of its places. They are known to be counted."""
    names: dict[str, set[str]] = {}
    for name, places in snapshots.items():
        for path in places.values():
            names.setdefault(path, set()).add(name)
    read = {image.path: image for image in usage.read}
    return sum((freed_in(read[path], going) for path, going in names.items()), Held())


def shares_from(usage: Usage, name: str, places: Mapping[str, str]) -> Held:
    """What a snapshot holds there together with others. It is known to be counted."""
    read = {image.path: image for image in usage.read}
    return sum((read[path].common(name) for path in set(places.values())), Held())


def written(usage: Usage, since: SnapshotRecord, until: SnapshotRecord) -> Size:
    """The data of the disks that ``until`` holds and ``since`` does not."""
    for record in (since, until):
        why = _unknown(usage, record, alone(usage, record.name))
        if record.external and record.problem is None:
            why = translate("Usage", "Of snapshots in files of their own, Compare tells it.")
        if why:
            return Size(None, why)
    return Size(grown(usage, since.name, until.name).disk)


def where_it_goes() -> str:
    """What becomes of room inside images that deleting a snapshot frees. [run] QEMU 10.0 on ext4 and tmpfs."""
    return translate(
        "Usage",
        "The images’ files stay as long as they are. Where the host’s file system can have holes in files, "
        "it gets the room back at once; elsewhere, later writes use it again.",
    )


def _is_newer(record: SnapshotRecord, usage: Usage) -> bool:
    """Whether it may have been taken since the images were counted."""
    return record.created is not None and usage.as_of is not None and record.created >= int(usage.as_of)


def _not_yet() -> str:
    return translate("Usage", "The images have not been counted since it came into them.")


def _unwritten() -> str:
    return translate(
        "Usage",
        "The image says that the running machine uses this snapshot’s memory, too. QEMU corrects that only later. "
        "What deleting it frees is known at the latest once the machine is off.",
    )


def _unknown(usage: Usage, record: SnapshotRecord, held: Held | None) -> str:
    """Why the figures of a snapshot are not known; "" where they are."""
    if record.problem is not None:
        return record.problem.why
    if record.kind is not Kind.INTERNAL:
        return translate("Usage", "Only snapshots inside the images are counted.")
    if usage.problem is not None:
        return usage.problem.why
    return "" if held is not None else translate("Usage", "No image of the machine holds a snapshot of this name.")
