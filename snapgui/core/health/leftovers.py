"""Files of a machine that nothing refers to any more, and what is proven of each.

A file is proven unused where nothing that libvirt has of any machine of the host leads to it by any of its names: not
an XML, not an image that one names, not an image that such an image needs. Where any of that can't be read, nothing is
proven. What other hosts and other users' libvirt use can't be seen from here.
"""

import posixpath
from collections.abc import Collection, Iterator, Mapping
from typing import Final

from snapgui.core.health.ailments import Ailment, Ill
from snapgui.core.health.evidence import Evidence, about, is_text
from snapgui.core.health.inventory import Content, File, Inventory, Seen
from snapgui.core.text import translate

_STILL_SECONDS: Final = 60  # a file that was written to since then may be at work, and not be locked


def unused(case: Evidence) -> Iterator[Ailment]:
    used = set().union(*case.used.values()) if case.used else set()
    candidates = {
        file.path: file
        for file in case.inventory.files.values()
        if file.seen is Seen.FILE
        and posixpath.dirname(file.path) in case.inventory.folders
        and not {file.path, case.key(file.path)} & used
    }
    overlays = _overlays(case, candidates)
    chosen = {path: file for path, file in candidates.items() if path in overlays or _is_own_memory(case, file)}
    unnamed = [path for path in chosen if not is_text(path)]
    case.unseen += [about(path, translate("Health", "Its name is not text, so it is left alone.")) for path in unnamed]
    for path in sorted(set(chosen) - set(unnamed)):
        yield _left_over(case, chosen, chosen[path])


def _is_own_memory(case: Evidence, file: File) -> bool:
    """Not the managed save, which libvirt keeps under this name without a word of it in any XML."""
    managed = posixpath.basename(file.path) == f"{case.own.name}.save"
    return file.content is Content.MEMORY and file.owner == case.inventory.uuid and not managed


def _overlays(case: Evidence, candidates: Mapping[str, File]) -> set[str]:
    """Those that are based on an image of the machine, or were, and are called as libvirt calls an overlay of it.

    That name is the image's, up to its last dot, and the snapshot's, or the time of a revert
    (virDomainSnapshotDefAssignExternalNames). With another name it may be somebody's copy or clone. [run] 11.3: of a
    branch that is deleted, the image behind may go and the overlay stay: such an image is known by its name alone.
    """
    mine = {path for by_key in case.images.values() for path in by_key.values()}
    mine |= {disk.path for snapshot in case.snapshots for disk in snapshot.record.disks if disk.path}
    found: set[str] = set()
    while True:
        keys = {case.key(path) for path in mine | found}
        stems = {_stem(path) for path in mine | found}
        fresh = {
            path
            for path, file in candidates.items()
            if path not in found
            and file.content is Content.QCOW2
            and any(path.startswith(f"{stem}.") and _is_on(case, file, keys, stem) for stem in stems)
        }
        if not fresh:
            return found
        found |= fresh


def _is_on(case: Evidence, file: File, keys: Collection[str], stem: str) -> bool:
    return case.key(file.backing) in keys or (_is_cut_off(case, file) and file.backing.startswith(f"{stem}."))


def _is_cut_off(case: Evidence, file: File) -> bool:
    """Whether what is behind it is gone, so that nobody can read it."""
    return case.file(file.backing).seen is Seen.MISSING if file.backing else False


def _stem(path: str) -> str:
    folder, name = posixpath.split(path)
    return posixpath.join(folder, name.rpartition(".")[0] or name)


def _left_over(case: Evidence, chosen: Mapping[str, File], file: File) -> Ailment:
    memory = file.content is Content.MEMORY
    text = translate("Health", "No machine of the host uses this overlay.")
    if _is_cut_off(case, file):
        text = translate("Health", "No machine of the host uses this overlay, and the image behind it is gone.")
    doubt = ""
    if memory:
        text = translate("Health", "Saved memory of this machine that no snapshot refers to.")
        doubt = translate("Health", "It may have been saved by hand, with “virsh save”, and be wanted still.")
    elif file.tags:
        doubt = translate("Health", "There are %n snapshot(s) inside it.", "", len(file.tags))
    return Ailment(
        Ill.UNUSED,
        file.path,
        text,
        (file.path,),
        file.allocated,
        why_not=_unproven(case, chosen, file),
        doubt=doubt,
        proof=file.proof,
    )


def _unproven(case: Evidence, chosen: Mapping[str, File], file: File) -> str:
    """Why it is not proven that the file can go; "" where it is."""
    return _of_itself(case, file) or _of_others(case, chosen, file) or _out_of_reach(file)


def _of_itself(case: Evidence, file: File) -> str:
    if not case.inventory.near or not file.identity:
        return translate("Health", "From another computer it can’t be told whether a used file is this one.")
    if file.names != 1:
        return translate("Health", "The file has other names (hard links), by which it may be used.")
    if file.shared:
        return translate("Health", "Its file system is shared: another host’s machine may use it.")
    if file.locked is not False:
        return translate("Health", "A program is working with it.")
    if file.modified is None or file.modified > case.inventory.read_at - _STILL_SECONDS:
        return translate("Health", "It was written to in the last minute.")
    return ""


def _of_others(case: Evidence, chosen: Mapping[str, File], file: File) -> str:
    if case.blind:
        return translate("Health", "Something else could use it: {reason}").format(reason=case.blind[0])
    if case.inventory.block_jobs is None or case.inventory.block_jobs:
        return translate("Health", "A block job may be working with the machine’s images.")
    if others := _dependents(case, chosen, file):
        return translate("Health", "{path} is based on it.").format(path=", ".join(others))
    if guests := _guests(case, file):
        why = translate("Health", "{machine} shares its folder with the guest.")
        return why.format(machine=", ".join(guests))
    if strangers := _strangers(case, file):
        why = translate("Health", "{machine} uses the image below it too, so it may be that machine’s.")
        return why.format(machine=", ".join(strangers))
    return ""


def _out_of_reach(file: File) -> str:
    if file.volume or file.deletable:
        return ""
    return translate("Health", "You may not delete it, and it lies in no active storage pool of the host.")


def _dependents(case: Evidence, chosen: Mapping[str, File], file: File) -> list[str]:
    """What is based on the file and does not go with it."""
    key = case.key(file.path)
    return sorted(
        path
        for path, other in case.inventory.files.items()
        if path not in chosen and key in (case.key(other.backing), case.key(other.data_file)) and path != file.path
    )


def _guests(case: Evidence, file: File) -> list[str]:
    """The machines whose guests can reach the file: by a folder that is, or leads to, one above it."""
    above, folder = set(), posixpath.dirname(file.path)
    while folder not in above:
        above |= {folder, case.key(folder)}
        folder = posixpath.dirname(folder)
    return sorted(
        {machine for path, machine in case.shared_folders.items() if {path.rstrip("/") or "/", case.key(path)} & above}
    )


def _strangers(case: Evidence, file: File) -> list[str]:
    """The other machines that use an image below the file."""
    below = {case.key(each.path) for each in case.chain(file.path)} - {case.key(file.path)}
    return [
        machine.name
        for machine in case.inventory.machines
        if machine.uuid != case.inventory.uuid and below & case.used[machine.uuid]
    ]


def based_on(inventory: Inventory, path: str) -> set[str]:
    """The files of the inventory whose backing file is the one at ``path``."""
    case = Evidence(inventory)
    key = case.key(path)
    return {other.path for other in inventory.files.values() if other.backing and case.key(other.backing) == key}
