"""What is wrong with a machine's snapshots and files: a pure function of an inventory."""

from collections.abc import Iterator, Mapping

from snapgui.core.health.ailments import Ailment, Found, Health, Ill
from snapgui.core.health.evidence import Evidence, about
from snapgui.core.health.inventory import Content, File, Inventory, Seen
from snapgui.core.health.leftovers import unused
from snapgui.core.plan import Call, Step
from snapgui.core.records import Mode, SnapshotRecord
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import delete_broke_off


def examine(inventory: Inventory) -> Health:
    """What is wrong. Raises XmlError where the machine's own configuration can't be read."""
    case = Evidence(inventory)
    gone = translate("Health", "Its snapshot is gone.")
    ailments = [
        *_broken(case),
        *_unfinished(case),
        *_unknown(case),
        *_lost(case),
        *unused(case),
        *(
            Ailment(Ill.PICTURE, each.path, gone, (each.path,), each.size, proof=each.proof)
            for each in inventory.pictures
        ),
    ]
    case.unseen += [about(folder, why) for folder, why in inventory.folders.items() if why]
    images = {key: path for by_target in case.images.values() for key, path in by_target.items()}
    return Health(
        inventory,
        tuple(ailments),
        tuple(dict.fromkeys((*case.unseen, *(case.blind if inventory.near else _far())))),
        images=len(images),
        folders=sum(not why for why in inventory.folders.values()),
        machines=len(inventory.machines),
        snapshots=len(case.own.snapshots),
    )


def still_so(inventory: Inventory, step: Step) -> bool:
    """Whether what a step was planned for is in the inventory as it was then."""
    ill = {Call.SNAPSHOT_CREATE: Ill.UNKNOWN, Call.SNAPSHOT_DELETE: Ill.LOST}.get(step.call, Ill.UNUSED)
    name = step.snapshot or step.path
    try:
        ailments = examine(inventory).ailments
    except XmlError:
        return False
    return any((each.ill, each.name, each.proof, each.why_not) == (ill, name, step.proof, "") for each in ailments)


def _far() -> tuple[str, ...]:
    return (translate("Health", "Which files nothing uses can only be told on the host itself."),)


def _broken(case: Evidence) -> Iterator[Ailment]:
    for disk in case.config.disks:
        if not disk.writable or disk.source_type not in ("file", "block"):
            continue
        missing = next((file.path for file in case.chain(disk.source) if file.seen is Seen.MISSING), "")
        if missing:
            text = translate("Health", "An image of disk {disk} is missing; the machine can’t start.")
            why_not = translate("Health", "Bring the file back, or revert to a snapshot that needs it not.")
            yield Ailment(Ill.BROKEN, disk.target, text.format(disk=disk.target), (missing,), why_not=why_not)


def _unfinished(case: Evidence) -> Iterator[Ailment]:
    """[run] 11.3: so it is left by a QEMU that dies while the overlay of the current snapshot is merged."""
    for snapshot in case.snapshots:
        name = snapshot.record.name
        if not delete_broke_off(case.own.snapshots[name]):
            continue
        after = [each.record.name for each in case.snapshots if each.record.parent == name]
        text = translate("Health", "Deleting the snapshot after it broke off: its data is half merged.")
        why_not = translate("Health", "Delete “{name}” again, which merges the rest.")
        if not after:
            why_not = translate("Health", "The snapshot after it is gone, so nothing can merge the rest any more.")
        where = tuple(filter(None, (snapshot.image(disk.target) for disk in snapshot.record.disks)))
        yield Ailment(Ill.UNFINISHED, name, text, where, why_not=why_not.format(name="”, “".join(after)))


# Snapshots in the images


def _unknown(case: Evidence) -> Iterator[Ailment]:
    known = _known_tags(case)
    places: dict[str, dict[str, File]] = {}  # by tag and target
    for target, by_key in case.images.items():
        for key, path in by_key.items():
            file = case.file(path)
            if file.content is Content.UNREAD and file.seen is not Seen.MISSING:
                case.unseen.append(about(path, file.why or translate("Health", "It can’t be read.")))
            for tag in file.tags:
                if (key, tag.name) not in known:
                    places.setdefault(tag.name, {}).setdefault(target, file)
    for name, found in sorted(places.items(), key=lambda item: _oldest(item[1], item[0])):
        yield _stranger(case, name, found)


def _oldest(places: Mapping[str, File], name: str) -> int:
    return min(tag.created for file in places.values() for tag in file.tags if tag.name == name)


def _known_tags(case: Evidence) -> set[tuple[str, str]]:
    """Which tags some machine of the host knows, by the image's key: images may be shared."""
    found: set[tuple[str, str]] = set()
    for machine in case.inventory.machines:
        for name, text in machine.snapshots.items():
            try:
                keys = case.needed(case.paths(text))
            except XmlError:
                keys = case.used.get(machine.uuid, set())
            found.update((key, name) for key in keys)
    return found


def _stranger(case: Evidence, name: str, places: Mapping[str, File]) -> Ailment:
    tags = [next(tag for tag in file.tags if tag.name == name) for file in places.values()]
    needs = {disk.target for disk in case.config.disks if disk.writable}
    memory = max(tag.memory for tag in tags)
    found = Found(
        name,
        min(tag.created for tag in tags),
        memory,
        {target: file.path for target, file in places.items()},
        _before(case, name, min(tag.created for tag in tags), places),
    )
    missing = sorted(needs - set(places))
    text = translate("Health", "libvirt does not know it.")
    if missing:
        text = translate("Health", "libvirt does not know it, and it is not in {disks}, so nobody can revert to it.")
    why_not = ""
    shared = [
        machine.name
        for machine in case.inventory.machines
        if machine.uuid != case.inventory.uuid
        and (machine.why or any({file.path, case.key(file.path)} & case.used[machine.uuid] for file in places.values()))
    ]
    if name in case.own.snapshots:
        why_not = translate("Health", "libvirt has another snapshot of that name, so it can’t be told which is meant.")
    elif shared:
        why = translate("Health", "{machine} may use the image too, and rely on this snapshot.")
        why_not = why.format(machine=", ".join(shared))
    elif not set(places) <= {disk.target for disk in case.config.disks}:
        why_not = translate("Health", "The machine no longer has the disk that it is in.")
    return Ailment(
        Ill.UNKNOWN,
        name,
        text.format(disks=", ".join(missing)),
        tuple(file.path for file in places.values()),
        why_not=why_not,
        proof="\n".join(f"{file.path} {tag.key}" for file, tag in zip(places.values(), tags, strict=True)),
        found=found,
        adoptable=not missing,
    )


def _before(case: Evidence, name: str, created: int, places: Mapping[str, File]) -> str | None:
    """The last snapshot before it after which the machine went on in the same images; None without one.

    A guess at the parent: nobody has noted it. QEMU puts each snapshot at the end of an image's table, which tells more
    than the times do, in seconds and by two clocks.
    """
    paths = {file.path for file in places.values()}
    order = [tag.name for tag in next(iter(places.values())).tags]
    before = []
    for each in case.snapshots:
        if each.record.created is None or not each.went_on_in() & paths:
            continue
        place = order.index(each.record.name) if each.record.name in order else -1
        earlier = place < order.index(name) if place >= 0 else each.record.created < created
        if earlier:
            before.append((each.record.created, place, each.record.name))
    return max(before)[2] if before else None


# Snapshots without data


def _lost(case: Evidence) -> Iterator[Ailment]:
    for snapshot in case.snapshots:
        record = snapshot.record
        lost: list[str] = []
        held = 0
        for disk in record.disks:
            if disk.mode not in (Mode.INTERNAL, Mode.EXTERNAL):
                continue
            path = snapshot.image(disk.target)
            answer = _holds(case, record, path, internal=disk.mode is Mode.INTERNAL)
            if answer is None:
                why = translate("Health", "The image of disk {disk} then can’t be read, so its data can’t be checked.")
                case.unseen.append(about(record.name, why.format(disk=disk.target)))
            held += answer is not False
            if answer is False:
                lost.append(path)
        if record.memory is Mode.EXTERNAL:
            seen = case.file(record.memory_file).seen
            if seen is Seen.UNREAD:
                case.unseen.append(about(record.memory_file, case.file(record.memory_file).why))
            held += seen is not Seen.MISSING
            if seen is Seen.MISSING:
                lost.append(record.memory_file)
        if lost:
            yield _without_data(case, record, lost, partly=bool(held))


def _holds(case: Evidence, record: SnapshotRecord, path: str, *, internal: bool) -> bool | None:
    """Whether an image has its part of the snapshot; None where that can't be read.

    What an external one keeps is the image below its overlay. The overlay itself is not: it holds what came after, and
    libvirt deletes it when the machine is reverted [seen on 11.3].
    """
    if not path:
        return None
    chain = list(case.chain(path))
    if any(file.seen is Seen.MISSING for file in chain):
        return False
    if any(file.content is Content.UNREAD for file in chain):
        return None
    return not internal or any(tag.name == record.name for tag in chain[0].tags)


def _without_data(case: Evidence, record: SnapshotRecord, lost: list[str], *, partly: bool) -> Ailment:
    elsewhere = sorted(
        path
        for by_key in case.images.values()
        for path in by_key.values()
        if path not in lost and any(tag.name == record.name for tag in case.file(path).tags)
    )
    internal = record.memory is not Mode.EXTERNAL and any(disk.mode is Mode.INTERNAL for disk in record.disks)
    moved = bool(elsewhere) and not partly and internal
    text = translate("Health", "All of its data is gone.")
    if partly:
        text = translate(
            "Health", "A part of its data is gone: nobody can revert to it. qemu-img can still read the rest."
        )
    if moved:
        text = translate("Health", "Its images are not where they were.")
    why = translate("Health", "A snapshot of that name is in {path}; move the image back to have it again.")
    return Ailment(
        Ill.LOST,
        record.name,
        text,
        tuple(lost),
        why_not=why.format(path=elsewhere[0]) if moved else "",
        proof="\n".join(lost),
        partly=partly and internal,
    )
