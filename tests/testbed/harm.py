"""What libvirt does without a word though a plan refuses it, and how each is seen to do harm, or to do something else.

The exceptions to "a plan with a blocker is refused by libvirt too", by the rule of the blocker. Four more are not even
tried: a name that is too long has libvirt 11.3 forget the snapshot that it keeps calling the current one, and crash
at the next revert; with ``no-current`` and ``branch`` it crashes at once; and ``depth`` needs 200 images above one
another.
"""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from snapgui.core.plan import Plan
from snapgui.core.records import Kind, Mode, Situation
from snapgui.core.requests import Delete, Import, Redefine, Revert, Take
from snapgui.core.rules.revert_files import config_then


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there was before and is after libvirt did what the plan refuses.

        ``contents``: what the guest finds on its disks, by target, None where a disk can't be read any more; ``files``:
        the bytes of the files that the request names;
        ``backing``: what is seen through images that overlays of the machine's snapshots have behind them, by path.
    ``tries``: runs a step, and says whether libvirt did it.
    """

    plan: Plan
    before: Situation
    after: Situation
    contents: tuple[Mapping[str, bytes] | None, Mapping[str, bytes] | None]
    files: tuple[Mapping[str, bytes], Mapping[str, bytes]]
    backing: tuple[Mapping[str, bytes], Mapping[str, bytes]]


def image_info(path: str) -> dict[str, object]:
    """What qemu-img says of an image; nothing where it can't read it."""
    ran = subprocess.run(["qemu-img", "info", "-U", "--output=json", path], capture_output=True, check=False)
    return dict(json.loads(ran.stdout)) if ran.returncode == 0 else {}


def tags(path: str) -> list[str]:
    """The names of the snapshots in an image; a name can be there twice."""
    found = image_info(path).get("snapshots", [])
    return [entry["name"] for entry in found] if isinstance(found, list) else []


def _disks_damaged(outcome: Outcome) -> bool:
    """A disk is not there any more, or holds something else; so does a medium in a drive."""
    before, after = outcome.contents
    return after is None or after != before or _overwritten(outcome)


def _no_disk(outcome: Outcome) -> bool:
    """The machine goes on in a file that does not exist, or two disks in one."""
    config = outcome.after.config
    disks = () if config is None else config.disks
    sources = [disk.source for disk in disks if disk.source]
    return len(set(sources)) < len(sources) or not all(Path(path).exists() for path in sources)


def _overwritten(outcome: Outcome) -> bool:
    """A file that was there holds something else."""
    before, after = outcome.files
    return any(after.get(path) != held for path, held in before.items())


def _twice(outcome: Outcome) -> bool:
    """An image holds two snapshots of one name, which nobody can tell apart."""
    request, config = outcome.plan.request, outcome.after.config
    assert isinstance(request, Take)
    return config is not None and any(tags(disk.source).count(request.name) > 1 for disk in config.disks)


def _other_kind(outcome: Outcome) -> bool:
    """The snapshot is of another kind than was asked for."""
    request = outcome.plan.request
    assert isinstance(request, Take)
    record = outcome.after.snapshots.records.get(request.name)
    if request.no_metadata:  # then the disks tell: only an external one moves them
        return (_sources(outcome.before) != _sources(outcome.after)) is (request.kind is Kind.INTERNAL)
    return record is not None and record.kind is not request.kind


def _sources(situation: Situation) -> dict[str, str]:
    return {disk.target: disk.source for disk in situation.config.disks} if situation.config is not None else {}


def _other_name(outcome: Outcome) -> bool:
    """There is one of another name than was asked for; without metadata, a file is named after it."""
    request = outcome.plan.request
    assert isinstance(request, Take | Redefine)
    if isinstance(request, Take) and request.no_metadata:
        moved = set(_sources(outcome.after).values()) - set(_sources(outcome.before).values())
        return any(not path.endswith(f".{request.name}") for path in moved)
    new = set(outcome.after.snapshots.records) - set(outcome.before.snapshots.records)
    asked = request.name if isinstance(request, Take) else request.snapshot
    return bool(new) and asked not in new


def _in_no_image(outcome: Outcome) -> bool:
    """libvirt notes that a drive without a medium holds the snapshot; it will end the machine at a revert to it."""
    request, config = outcome.plan.request, outcome.after.config
    assert isinstance(request, Take)
    record = outcome.after.snapshots.records.get(request.name)
    empty = {disk.target for disk in config.disks if not disk.has_medium} if config is not None else set()
    return record is not None and any(disk.target in empty and disk.mode is Mode.INTERNAL for disk in record.disks)


def _replaced(outcome: Outcome) -> bool:
    """What libvirt notes of a snapshot gives way to what was to be another one."""
    return outcome.plan.steps[0].snapshot in outcome.before.snapshots.records


def _not_marked(outcome: Outcome) -> bool:
    """What was to be the current snapshot is not."""
    request = outcome.plan.request
    return isinstance(request, Import) and outcome.after.snapshots.current != request.current


def _lost(outcome: Outcome) -> bool:
    """A snapshot that is to stay has lost what an image held of it; other disks may hold their part still."""
    assert isinstance(outcome.plan.request, Delete)
    going, now = {step.snapshot for step in outcome.plan.steps}, _sources(outcome.before)
    for name, record in outcome.before.snapshots.records.items():
        then = config_then(name, outcome.before) if name not in going else None
        images = {disk.target: disk.source for disk in then.disks} if then is not None else {}
        for disk in record.disks:
            image = images.get(disk.target, "")
            known = outcome.before.image_tags.get(disk.target) if now.get(disk.target) == image else None
            held = known is None or name in known
            if disk.mode is Mode.INTERNAL and held and image and name not in tags(image):
                return True
    return False


def _number_mistaken(outcome: Outcome) -> bool:
    """A revert takes a name of digits for another snapshot's number: shown on an image of its own."""
    folder = next(iter(outcome.before.folders))
    image, raw = f"{folder}/numbers", Path(f"{folder}/numbers.raw")

    def qemu_img(*command: str) -> None:
        subprocess.run(["qemu-img", *command], check=True, stdout=subprocess.DEVNULL)

    qemu_img("create", "-f", "qcow2", image, "64K")
    for number, name in enumerate(("2", "x"), start=1):
        subprocess.run(["qemu-io", "-c", f"write -q -P {number} 0 64K", image], check=True)
        qemu_img("snapshot", "-c", name, image)
    qemu_img("snapshot", "-a", "2", image)
    qemu_img("convert", "-O", "raw", image, str(raw))
    found = raw.read_bytes()[0]
    Path(image).unlink()
    raw.unlink()
    return found == 2  # what the other one holds


def _for_nobody(outcome: Outcome) -> bool:
    """Without metadata libvirt does not look at the name, with which the snapshot can never be adopted."""
    request, config = outcome.plan.request, outcome.after.config
    assert isinstance(request, Take)
    held = [] if config is None else [name for disk in config.disks for name in tags(disk.source)]
    return request.no_metadata and request.name in held


def _nothing_reset(outcome: Outcome) -> bool:
    """The firmware's settings are as they were, though they were to be made anew."""
    request = outcome.plan.request
    assert isinstance(request, Revert)
    before, after = outcome.files
    return before == after


def _saved_state_lost(outcome: Outcome) -> bool:
    """The saved state stays beside other disks, or needs a file that is gone: the machine can't start from it."""
    if isinstance(outcome.plan.request, Revert):
        return outcome.after.domain.managed_save
    config = outcome.before.config
    return config is not None and not all(Path(disk.source).exists() for disk in config.disks if disk.source)


def _file_lost(outcome: Outcome) -> bool:
    """A file is gone that another snapshot was taken of or has put upon one, or that the machine is on."""
    staying = outcome.after.snapshots.records
    configs = [config_then(name, outcome.before) for name in staying]
    disks = [disk for config in (outcome.after.config, *configs) if config is not None for disk in config.disks]
    files = [disk.path for record in staying.values() for disk in record.disks]
    return not all(Path(path).exists() for path in (*files, *(disk.source for disk in disks)) if path)


def _nothing_done(outcome: Outcome) -> bool:
    """libvirt says that it has paused a paused machine."""
    return outcome.after.domain.state is outcome.before.domain.state


def _checkpoints_lost(outcome: Outcome) -> bool:
    """What stood in the way had gone before: a merge or a revert left the checkpoints without their bitmaps.

    No harm, but a plan that is too careful: which images hold bitmaps is not read.
    """
    config = outcome.before.config
    held = [image_info(disk.source) for disk in config.disks if disk.writable] if config is not None else []
    return not any("bitmaps" in json.dumps(info.get("format-specific", {})) for info in held)


def _stays_off(outcome: Outcome) -> bool:
    """Nothing started that could have made the firmware's settings anew."""
    return not outcome.after.domain.state.active


def _spoilt(outcome: Outcome) -> bool:
    """What an overlay has behind it changes under it, or will at the guest's next write, for the machine is on it."""
    before, after = outcome.backing
    config = outcome.after.config
    now = {disk.source for disk in config.disks if disk.writable} if config is not None else set()
    return any(after.get(path) != held or path in now for path, held in before.items())


HARM: Mapping[str, Callable[[Outcome], bool]] = MappingProxyType(
    {
        "buried": _lost,
        "checkpoints": _checkpoints_lost,
        "disk-empty": _in_no_image,
        "disk-external": _other_kind,
        "disk-internal": _other_kind,
        "file-comma": _no_disk,
        "file-twice": _no_disk,
        "file-taken": _replaced,
        "gone": _not_marked,
        "managed-save": _saved_state_lost,
        "memory-exists": _overwritten,
        "memory-place": _other_kind,
        "memory-on-disk": _disks_damaged,
        "name-blank": _other_name,
        "name-dot": _for_nobody,
        "name-number": _number_mistaken,
        "name-slash": _for_nobody,
        "needed": _file_lost,
        "reset-nvram": _nothing_reset,
        "reset-nvram-off": _stays_off,
        "reuse-backing": _disks_damaged,
        "reuse-format": _disks_damaged,
        "reuse-size": _disks_damaged,
        "spoils": _spoilt,
        "state": _nothing_done,
        "tag-taken": _twice,
        "xml-name": _other_name,
    }
)
