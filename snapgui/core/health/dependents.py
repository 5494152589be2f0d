"""Who else stands on the files of a machine: a pure function of an inventory."""

from collections.abc import Iterable, Mapping

from snapgui.core.health.evidence import Evidence
from snapgui.core.health.inventory import Content, Inventory, Seen
from snapgui.core.records import Dependents, Ties
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
    return Dependents(machines, images, _ties(case), _unseen(case), writers)


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


def _ties(case: Evidence) -> Ties | None:
    """What leads to the machine's overlays: all files that an image of the inventory is behind."""
    overlays = {
        case.key(file.path): file.path
        for file in case.inventory.files.values()
        if file.seen is Seen.FILE and file.content is Content.QCOW2 and file.backing
    }

    def reached(paths: Iterable[str]) -> frozenset[str]:
        return frozenset(overlays[key] for key in case.needed(paths) if key in overlays)

    images, own, since = {}, {}, {}
    try:
        for name, text in case.own.snapshots.items():
            went_on = {disk.path for disk in read_snapshot(text).disks} - {""}
            again = set(read_revert_disks(text))
            images[name] = reached(case.paths(text) - went_on - again)
            own[name], since[name] = reached(went_on), reached(again)
        machine = reached(path for text in case.own.texts for path in case.paths(text))
    except XmlError:
        return None
    others = (keys for uuid, keys in case.used.items() if uuid != case.own.uuid)
    elsewhere = reached(case.own.paths.union(*others))
    return Ties(machine, elsewhere, images, own, since)


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
