"""Reading a bundle that anybody may have made: nothing in it is believed."""

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from snapgui.core import bundle
from snapgui.core.bundle import Bundle, BundleDisk, BundleError, FoundBundle
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.text import translate
from snapgui.core.xml.document import LONGEST, XmlError
from snapgui.core.xml.read import read_domain, read_snapshot
from snapgui.qcow2.backing import read_needs
from snapgui.qcow2.errors import Qcow2Error
from snapgui.qcow2.source import LocalFile

_LONGEST_SUMS: Final = 2**20


def read_bundle(folder: str) -> FoundBundle:
    """What is in a bundle; that its large files are whole is not looked at here. Raises SnapguiError."""
    try:
        return _read(folder)
    except (BundleError, XmlError) as error:
        raise SnapguiError(_problem(folder, str(error))) from error
    except OSError as error:
        raise SnapguiError(_problem(folder, f"{error.strerror or error}.")) from error


def _problem(folder: str, why: str) -> Problem:
    tried = translate("Bundle", "Reading the bundle {folder}").format(folder=folder)
    return Problem(tried, why, translate("Bundle", "Choose the folder of a bundle that this application has exported."))


def _read(path: str) -> FoundBundle:
    folder = Path(path)
    if not folder.is_absolute() or not folder.is_dir():
        raise BundleError(translate("Bundle", "There is no such folder."))
    said = _text(folder, bundle.MANIFEST, bundle.LONGEST_MANIFEST)
    found = bundle.read_manifest(said)
    sums = bundle.read_sums(_text(folder, bundle.SUMS, _LONGEST_SUMS), found)
    about = {name: _about(folder, name) for name in found.files()}
    texts = {name: _text(folder, name, LONGEST) for name in (bundle.DOMAIN, bundle.SNAPSHOT)}
    for name, text in {**texts, bundle.MANIFEST: said}.items():
        if hashlib.sha256(text.encode()).hexdigest() != sums[name]:
            raise BundleError(
                translate("Bundle", "{file} is not what it was when the bundle was made.").format(file=name)
            )
    _check_texts(found, texts[bundle.DOMAIN], texts[bundle.SNAPSHOT])
    for disk in found.disks:
        _check_images(folder, disk)
    sizes = {name: each.st_blocks * 512 for name, each in about.items()}
    lengths = {name: each.st_size for name, each in about.items()}
    return FoundBundle(path, found, texts[bundle.DOMAIN], texts[bundle.SNAPSHOT], sizes, lengths)


def _check_texts(found: Bundle, domain: str, snapshot: str) -> None:
    record, config = read_snapshot(snapshot), read_domain(domain)
    targets = {disk.target for disk in config.disks}
    if record.name != found.snapshot or not {disk.target for disk in found.disks} <= targets:
        raise BundleError(translate("Bundle", "Its files do not fit together."))
    if bool(record.memory_file) != bool(found.memory):
        raise BundleError(translate("Bundle", "It does not hold the memory of its snapshot."))


def _check_images(folder: Path, disk: BundleDisk) -> None:
    """An image could name any file of the host as one that belongs to it, which the guest could then read."""
    for name, below in ((disk.file, disk.base), (disk.base, "")):
        if not name:
            continue
        source = LocalFile(str(folder / name))
        try:
            needs = read_needs(source)
        except Qcow2Error as error:
            message = translate("Bundle", "{file} is no qcow2 image that can be read: {error}.")
            raise BundleError(message.format(file=name, error=error)) from error
        finally:
            source.close()
        if needs.data_file or needs.backing != below:
            message = translate("Bundle", "{file} would have the machine read what is not in the bundle: {what}.")
            raise BundleError(message.format(file=name, what=(needs.data_file or needs.backing or below)[:200]))


def _about(folder: Path, name: str) -> os.stat_result:
    try:
        about = (folder / name).lstat()
    except FileNotFoundError as error:
        raise BundleError(translate("Bundle", "Its file {file} is missing.").format(file=name)) from error
    if not stat.S_ISREG(about.st_mode):
        raise BundleError(translate("Bundle", "Its file {file} is no plain file.").format(file=name))
    return about


def _text(folder: Path, name: str, longest: int) -> str:
    _about(folder, name)
    with open(folder / name, "rb", opener=_open_plain) as file:
        data = file.read(longest + 1)
    try:
        if len(data) <= longest:
            return data.decode()
    except UnicodeDecodeError:
        pass
    raise BundleError(translate("Bundle", "Its file {file} can’t be read.").format(file=name))


def _open_plain(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
