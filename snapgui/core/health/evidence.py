"""What an inventory says when it is asked: which files a machine's disks stand on, and which any machine may use."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from snapgui.core.health.inventory import Content, File, Inventory, MachineTexts, Seen
from snapgui.core.health.references import paths_in, shared_folders_in
from snapgui.core.records import DomainConfig, Mode, SnapshotRecord
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then, read_domain, read_snapshot


@dataclass(frozen=True)
class SnapshotThen:
    record: SnapshotRecord
    then: DomainConfig | None

    def image(self, target: str) -> str:
        """The image that the disk stood on then; "" where that is not told."""
        disks = self.then.disks if self.then is not None else ()
        return next((disk.source for disk in disks if disk.target == target), "")

    def went_on_in(self) -> set[str]:
        """The images that the machine wrote to after it."""
        overlays = {disk.path for disk in self.record.disks if disk.mode is Mode.EXTERNAL and disk.path}
        return overlays or {disk.source for disk in (self.then.disks if self.then else ()) if disk.writable}


@dataclass
class Evidence:
    """What examining one inventory keeps at hand."""

    inventory: Inventory
    unseen: list[str] = field(default_factory=list)
    _paths: dict[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def own(self) -> MachineTexts:
        found = (machine for machine in self.inventory.machines if machine.uuid == self.inventory.uuid)
        return next(found, MachineTexts(self.inventory.uuid, ""))

    @cached_property
    def config(self) -> DomainConfig:
        return read_domain(self.inventory.config)

    @cached_property
    def snapshots(self) -> list[SnapshotThen]:
        found = []
        for name, text in self.own.snapshots.items():
            try:
                found.append(SnapshotThen(read_snapshot(text), read_config_then(text)))
            except XmlError as error:
                self.unseen.append(about(name, str(error)))
        return found

    def paths(self, text: str) -> frozenset[str]:
        """``paths_in``, once for each text. Raises XmlError."""
        if text not in self._paths:
            self._paths[text] = paths_in(text)
        return self._paths[text]

    @cached_property
    def shared_folders(self) -> Mapping[str, str]:
        """The folders that guests are let into, each with the name of a machine."""
        found: dict[str, str] = {}
        for machine in self.inventory.machines:
            for text in (*machine.texts, *machine.snapshots.values()):
                try:
                    found.update(dict.fromkeys(shared_folders_in(text), machine.name))
                except XmlError:
                    continue  # ``blind`` says so
        return found

    def file(self, path: str) -> File:
        return self.inventory.files.get(path) or File(path, Seen.UNREAD, content=Content.UNREAD)

    def key(self, path: str) -> str:
        """What two paths of one file have in common, as far as that is known."""
        return self.file(path).identity or path

    def chain(self, path: str) -> Iterator[File]:
        """From an image down, as far as that can be read."""
        seen: set[str] = set()
        while path and path not in seen:
            seen.add(path)
            file = self.file(path)
            yield file
            path = file.backing

    def needed(self, paths: Iterable[str]) -> set[str]:
        """The keys of these and of all that they need."""
        found: set[str] = set()
        waiting, seen = list(paths), set()
        while waiting:
            path = waiting.pop()
            if path not in seen:
                seen.add(path)
                found |= {path, self.key(path)}
                file = self.file(path)
                waiting += [each for each in (file.backing, file.data_file) if each]
        return found

    @cached_property
    def used(self) -> Mapping[str, set[str]]:
        """For each machine that could be read, by its UUID, the keys of all files that it may use."""
        found = {}
        for machine in self.inventory.machines:
            paths = set(machine.paths)
            for text in (*machine.texts, *machine.snapshots.values()):
                try:
                    paths |= self.paths(text)
                except XmlError:
                    continue  # ``blind`` says so
            found[machine.uuid] = self.needed(paths)
        return found

    @cached_property
    def blind(self) -> tuple[str, ...]:
        """Why nothing can be proven of any file of this host."""
        found = []
        for machine in self.inventory.machines:
            why = machine.why
            try:
                for text in () if why else (*machine.texts, *machine.snapshots.values()):
                    self.paths(text)
            except XmlError as error:
                why = str(error)
            if why:
                found.append(about(machine.name, why))
        reach = set().union(*self.used.values()) if self.used else set()
        for path, file in self.inventory.files.items():
            if path not in reach or file.seen is Seen.MISSING:
                continue
            if file.content is Content.UNREAD:
                found.append(about(path, file.why or translate("Health", "It can’t be read.")))
            elif not file.identity:
                why = translate("Health", "It is only reached as a volume, so it can’t be told from other files.")
                found.append(about(path, why))
        return tuple(found)

    @cached_property
    def images(self) -> dict[str, dict[str, str]]:
        """The images that the machine stands on or stood on: by target, each with its key, the nearest first."""
        found: dict[str, dict[str, str]] = {}
        for config in (self.config, *(each.then for each in self.snapshots if each.then is not None)):
            for disk in config.disks:
                if disk.writable and disk.source:
                    for file in self.chain(disk.source):
                        found.setdefault(disk.target, {}).setdefault(self.key(file.path), file.path)
        return found


def about(name: str, why: str) -> str:
    return translate("Health", "{name}: {reason}").format(name=printable(name), reason=printable(why))


def is_text(name: str) -> bool:
    """Whether a file's name is Unicode: others are kept with surrogates in them, which nobody can show."""
    return not any("\ud800" <= character <= "\udfff" for character in name)


def printable(name: str) -> str:
    """A file's name as it can be shown."""
    return name.encode(errors="backslashreplace").decode()
