"""Who else stands on the files of a machine: a pure function of an inventory."""

from collections import Counter
from collections.abc import Mapping

from snapgui.core.health.evidence import Evidence
from snapgui.core.health.inventory import Content, Inventory, Seen
from snapgui.core.records import Dependents
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_domain, read_revert_disks, read_snapshot


def dependents(inventory: Inventory) -> Dependents:
    """Other machines, and images that no machine has, whose data comes through files that the machine uses.

    A machine stands on what its XML, its snapshots' or its saved state's names, and on all that is behind that.
    """
    case = Evidence(inventory)
    own = case.used.get(inventory.uuid, set())
    machines: dict[str, tuple[str, ...]] = {}
    images: dict[str, tuple[str, ...]] = {}
    writers: dict[str, tuple[str, ...]] = {}
    written = _written(case)
    strays = _strays(case)
    for path, file in inventory.files.items():
        key = case.key(path)
        if file.seen is Seen.MISSING or not {path, key} & own:
            continue
        users = [
            each.name
            for each in inventory.machines
            if each.uuid != inventory.uuid and {path, key} & case.used[each.uuid]
        ]
        writing = [name for name in users if {path, key} & written[name]]
        above = [stray for stray, behind in strays.items() if key in behind]
        if users:
            machines[path] = tuple(sorted(users))
        if writing:
            writers[path] = tuple(sorted(writing))
        if above:
            images[path] = tuple(sorted(above))
    return Dependents(machines, images, _noted(case), _unseen(case), writers)


def _written(case: Evidence) -> Mapping[str, set[str]]:
    """For each machine by its name, the keys of the images that it writes to when it runs."""
    found: dict[str, set[str]] = {}
    for machine in case.inventory.machines:
        keys = found.setdefault(machine.name, set())
        for text in machine.texts:
            try:
                disks = read_domain(text).disks
            except XmlError:
                continue  # ``blind`` says so, or it is no configuration of a machine
            keys |= {case.key(disk.source) for disk in disks if disk.writable and disk.source}
    return found


def _strays(case: Evidence) -> Mapping[str, set[str]]:
    """The images that no machine uses, by path, each with the keys of all that is behind it."""
    used = set().union(*case.used.values()) if case.used else set()
    return {
        path: {case.key(each.path) for each in case.chain(file.backing)}
        for path, file in case.inventory.files.items()
        if file.content is Content.QCOW2 and file.backing and not {path, case.key(path)} & used
    }


def _noted(case: Evidence) -> Mapping[str, tuple[str, ...]]:
    """For each snapshot, the overlays there are that nothing else leads to, but where the machine itself is on them.

    A revert to the snapshot puts the machine elsewhere, and the new overlays in the place of these.
    """
    notes: dict[str, frozenset[str]] = {}
    roots = set(case.own.paths)
    try:
        for name, text in case.own.snapshots.items():
            overlays = (*(disk.path for disk in read_snapshot(text).disks), *read_revert_disks(text))
            notes[name] = frozenset(overlays) - {""}
            roots |= case.paths(text) - notes[name]
    except XmlError:
        return {}  # that text could name any of them
    times = Counter(key for paths in notes.values() for key in {case.key(path) for path in paths})
    below = {case.file(path).backing for paths in notes.values() for path in paths} - {""}
    used = case.needed(roots | below).union(*(keys for uuid, keys in case.used.items() if uuid != case.own.uuid))
    alone = {
        name: tuple(
            path
            for path in sorted(paths)
            if case.file(path).seen is Seen.FILE and times[case.key(path)] == 1 and not {path, case.key(path)} & used
        )
        for name, paths in notes.items()
    }
    return {name: paths for name, paths in alone.items() if paths}


def _unseen(case: Evidence) -> str:
    """Why there may be more; "" where there is no reason."""
    for machine in case.inventory.machines:
        if machine.uuid == case.inventory.uuid:
            continue
        if machine.why:
            return translate("Health", "{name}: {reason}").format(name=machine.name, reason=machine.why)
        for path in sorted(case.used[machine.uuid]):
            file = case.inventory.files.get(path)
            if file is not None and file.content is Content.UNREAD and file.seen is not Seen.MISSING:
                return translate("Health", "{name}: {reason}").format(name=path, reason=file.why)
    return next((why for why in case.inventory.folders.values() if why), "")
