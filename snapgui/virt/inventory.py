"""Reads what the health of a machine is judged by: what libvirt says of every machine, and the files behind it."""

import posixpath
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

import libvirt

from snapgui.core.errors import SnapguiError
from snapgui.core.health.inventory import Content, File, Inventory, MachineTexts, Seen
from snapgui.core.health.references import paths_in, volumes_in
from snapgui.core.records import DomainConfig, Layer
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then, read_domain, read_snapshot
from snapgui.virt import files, images, survey
from snapgui.virt.errors import code_of
from snapgui.virt.line import Line

_MOST_LAYERS = 256
Look = Callable[[str], File]


def looking(line: Line, *, local: bool, pools: bool) -> Look:
    """A way to look at the host's files: directly where it is this computer and that is allowed, else as volumes."""

    def through(path: str) -> File:
        return files.look_through(lambda path: images.open_image(line, path, local=False, pools=pools), path)

    if local:
        return files.Local(through if pools else None).look
    return through


def chains(look: Look, config: DomainConfig) -> tuple[dict[str, tuple[Layer, ...]], dict[str, str]]:
    """The images of each disk, the active one first, by target; without the disks whose chain can't be read.

    With it, of those the ones that an image is missing of, by target, with its path.
    """
    found, missing = {}, {}
    for disk in config.disks:
        if disk.source_type in ("file", "block") and disk.source:
            chain = tuple(_layers(look, disk.source, disk.format))
            found[disk.target] = tuple(layer for layer in chain if isinstance(layer, Layer))
            for end in chain:
                if isinstance(end, File):
                    del found[disk.target]
                    missing.update({disk.target: end.path} if end.seen is Seen.MISSING else {})
    return found, missing


def _layers(look: Look, path: str, kind: str) -> Iterator[Layer | File]:
    """From an image down; at last the file where it can't be read on, if there is one."""
    seen: set[str] = set()
    while path:
        file = look(path)
        if path in seen or len(seen) >= _MOST_LAYERS or file.why or (not file.identity and not file.volume):
            yield file
            return
        seen.add(path)
        yield Layer(path, kind or file.content.value, file.allocated)
        # A raw disk's first bytes are the guest's: QEMU looks for no header in them.
        path, kind = ("", "") if kind == "raw" else (file.backing, file.backing_format)


def read_inventory(line: Line, uuid: str, *, local: bool, pools: bool) -> Inventory:
    """Everything around one machine. Raises SnapguiError where the machine itself can't be read."""
    tried = translate("Inventory", "Reading all that belongs to the machine")
    with line.calling(tried) as connection:
        domain = connection.lookupByUUIDString(uuid)
        flags = libvirt.VIR_DOMAIN_XML_SECURE | (libvirt.VIR_DOMAIN_XML_INACTIVE if domain.isPersistent() else 0)
        config, active = domain.XMLDesc(flags), bool(domain.isActive())
        others = connection.listAllDomains()
        jobs = survey.block_jobs(domain, read_domain(domain.XMLDesc()))
    machines = tuple(found for each in others if (found := _machine(line, each)) is not None)
    look = looking(line, local=local, pools=pools)
    own = next((machine for machine in machines if machine.uuid == uuid), MachineTexts(uuid, ""))
    named = {path for machine in machines for path in _paths(machine)}
    seen = _follow(look, named)
    folders: dict[str, str] = {}
    for folder in sorted(_places(own, seen)):
        names, folders[folder] = _list(line, folder, local=local, pools=pools)
        seen |= _follow(look, (posixpath.join(folder, name) for name in names))
        seen |= _follow(look, map(str, (PurePosixPath(folder), *PurePosixPath(folder).parents)))
    if pools and local:
        seen |= {path: _as_volume(line, file) for path, file in seen.items() if posixpath.dirname(path) in folders}
    return Inventory(uuid, active, config, machines, seen, folders, jobs, time.time(), near=local)


def _machine(line: Line, domain: libvirt.virDomain) -> MachineTexts | None:
    """None where it is gone meanwhile."""
    uuid, name = domain.UUIDString(), domain.name()
    tried = translate("Inventory", "Reading about {machine}").format(machine=name)
    try:
        with line.calling(tried):
            texts = [domain.XMLDesc(), *_others(domain)]
            snapshots = {each.getName(): each.getXMLDesc() for each in domain.listAllSnapshots()}
        paths = set()
        for pool, volume in {named for text in (*texts, *snapshots.values()) for named in volumes_in(text)}:
            with line.calling(tried) as connection:
                paths.add(connection.storagePoolLookupByName(pool).storageVolLookupByName(volume).path())
    except SnapguiError as error:
        return (
            None if error.problem.code == libvirt.VIR_ERR_NO_DOMAIN else MachineTexts(uuid, name, why=error.problem.why)
        )
    except XmlError as error:
        return MachineTexts(uuid, name, why=str(error))
    return MachineTexts(uuid, name, tuple(texts), snapshots, frozenset(paths))


def _others(domain: libvirt.virDomain) -> Iterator[str]:
    """What libvirt has of a domain besides its configuration now. Raises libvirtError."""
    if domain.isPersistent() and domain.isActive():
        yield domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)
    try:
        if domain.hasManagedSaveImage():
            yield domain.managedSaveGetXMLDesc()
        for checkpoint in domain.listAllCheckpoints():
            yield checkpoint.getXMLDesc()
    except libvirt.libvirtError as error:
        if code_of(error) != libvirt.VIR_ERR_NO_SUPPORT:
            raise


def _paths(machine: MachineTexts) -> set[str]:
    found = set(machine.paths)
    for text in (*machine.texts, *machine.snapshots.values()):
        try:
            found |= paths_in(text)
        except XmlError:
            continue  # examining says what follows from it
    return found


def _follow(look: Look, paths: Iterable[str]) -> dict[str, File]:
    """These, and all that they need."""
    found: dict[str, File] = {}
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in found:
            file = found[path] = look(path)
            waiting += [each for each in (file.backing, file.data_file) if each]
    return found


def _places(own: MachineTexts, seen: dict[str, File]) -> set[str]:
    """The folders of the machine's images and of its snapshots' files."""
    paths: set[str] = set(own.paths)
    for text in own.texts:
        try:
            paths.update(disk.source for disk in read_domain(text).disks if disk.writable)
        except XmlError:
            continue
    for text in own.snapshots.values():
        try:
            record, then = read_snapshot(text), read_config_then(text)
        except XmlError:
            continue
        paths.update((record.memory_file, *(disk.path for disk in record.disks)))
        paths.update(disk.source for disk in then.disks if disk.writable) if then is not None else None
    waiting, images_ = list(paths), set()
    while waiting:
        path = waiting.pop()
        if path.startswith("/") and path not in images_:
            images_.add(path)
            waiting += [seen[path].backing] if path in seen else []
    return {folder for path in images_ if not (folder := posixpath.dirname(path)).startswith("/dev")}


def _list(line: Line, folder: str, *, local: bool, pools: bool) -> tuple[Iterable[str], str]:
    """The names in a folder, and why it could not be listed."""
    ways = ((True, False), (False, True)) if local and pools else ((local, pools),)
    for is_local, by_pool in ways:  # a folder that may not be listed may be a pool's
        listed = survey.folders(line, (folder,), local=is_local, pools=by_pool)[folder].names
        if listed is not None:
            return listed, ""
    return (), translate("Inventory", "The folder {path} could not be listed.").format(path=folder)


def _as_volume(line: Line, file: File) -> File:
    """With the mark of a volume where a pool has it."""
    if file.volume or file.content not in (Content.QCOW2, Content.MEMORY):
        return file
    try:
        with line.calling(translate("Inventory", "Looking for {path}").format(path=file.path)) as connection:
            connection.storageVolLookupByPath(file.path)
    except SnapguiError:
        return file
    return replace(file, volume=True)
