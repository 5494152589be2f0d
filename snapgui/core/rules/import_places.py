"""How the files of a bundle get to where its machine has them: by this computer's programs, or into a pool's volumes.

qcow2 notes in the image itself which one it stands on. The bundle is only read, so that is written in a copy.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from snapgui.core.bundle import FoundBundle
from snapgui.core.plan import Step
from snapgui.core.records import Situation
from snapgui.core.requests import ImportBundle
from snapgui.core.rules import making
from snapgui.core.xml.volume import overlay_volume, raw_volume


@dataclass(frozen=True, slots=True)
class Placing:
    """``paths``: where each file of the bundle goes that is wanted, by its name in it.

    ``overlays``: those that external snapshots have made, each by the file that it stands on.
    """

    found: FoundBundle
    paths: Mapping[str, str]
    overlays: Mapping[str, str]

    def source(self, name: str) -> str:
        """A file of the bundle, by its path."""
        return posixpath.join(self.found.folder, name)

    def bases(self) -> dict[str, str]:
        """For each file that stands on another one, that."""
        return {disk.file: disk.base for disk in self.found.bundle.disks if disk.base}


def pool_of(request: ImportBundle, situation: Situation) -> str:
    """The pool in which the host has to make the files, since this computer can't write them; "" for none."""
    folder = situation.folders.get(request.folder)
    return folder.pool if folder is not None and not folder.writable else ""


def into_folder(situation: Situation, placing: Placing) -> Iterator[Step]:
    """The steps where this computer writes the files itself."""
    images = [name for disk in placing.found.bundle.disks for name in (disk.base, disk.file) if name]
    bases = placing.bases()
    for name in images:
        path = placing.paths[name]
        copy = ("qemu-img", "convert", "-p", "-f", "raw", "-O", "raw", placing.source(name), path)
        yield making.program(situation, copy, path, placing.found.sizes.get(name, 0))
        if name in bases:
            yield making.program(situation, _rebase(placing, bases[name], path))
        if name in placing.overlays:
            over = placing.overlays[name]
            put = ("qemu-img", "create", "-q", "-f", "qcow2", "-b", path, "-F", "qcow2", over)
            yield making.program(situation, put, over)
    for name, path in placing.paths.items():
        if name not in images:
            words = ("cp", "--sparse=always", "--", placing.source(name), path)
            yield making.program(situation, words, path, placing.found.sizes.get(name, 0))


def into_pool(situation: Situation, placing: Placing, pool: str) -> Iterator[Step]:
    """The steps where the host makes the files. All are given their room first, before the first one is uploaded."""
    lengths, bases = placing.found.lengths, placing.bases()
    for name, path in placing.paths.items():
        yield making.volume(situation, pool, path, raw_volume(posixpath.basename(path), lengths[name]))
    scratch = scratch_folder(situation)
    if bases:
        yield making.folder(situation, scratch)
    for name, path in placing.paths.items():
        source = placing.source(name)
        if name in bases:
            source = posixpath.join(scratch, name)
            words = ("cp", "--reflink=auto", "--sparse=always", "--", placing.source(name), source)
            yield making.program(situation, words, source, placing.found.sizes.get(name, 0))
            yield making.program(situation, _rebase(placing, bases[name], source))
        yield making.upload(situation, source, path, lengths[name])
        if name in bases:
            yield making.remove(situation, source)
    if bases:
        yield making.remove(situation, scratch)
    for name, over in placing.overlays.items():
        yield making.volume(situation, pool, over, overlay_volume(posixpath.basename(over), placing.paths[name]))


def scratch_folder(situation: Situation) -> str:
    """A new folder of this computer for copies that go again; the situation is that of the machine to be."""
    return posixpath.join(next(iter(situation.here), "/"), f"snapgui-{situation.domain.id.uuid}")


def scratch_size(found: FoundBundle) -> int:
    """How many bytes there are in it at the most: one image after the other."""
    return max((found.sizes.get(disk.file, 0) for disk in found.bundle.disks if disk.base), default=0)


def _rebase(placing: Placing, base: str, path: str) -> tuple[str, ...]:
    """The program that notes in a copy of an image which one it stands on, where that goes."""
    return ("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", placing.paths[base], "-F", "qcow2", path)
