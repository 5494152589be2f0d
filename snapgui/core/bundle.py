"""A bundle: a folder with all that one snapshot holds, from which its machine can be made again on another host.

Beside the files that ``bundle.json`` names there are ``domain.xml``, ``snapshot.xml`` as libvirt gave it, and
``SHA256SUMS`` over all of them, as GNU sha256sum writes it. No file lies in a folder of its own.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from snapgui.core.text import translate

MANIFEST: Final = "bundle.json"
DOMAIN: Final = "domain.xml"
SNAPSHOT: Final = "snapshot.xml"
SUMS: Final = "SHA256SUMS"
MEMORY: Final = "memory.save"
NVRAM: Final = "nvram"
LONGEST_MANIFEST: Final = 2**20  # bytes

_KIND: Final = "snapgui bundle"
_VERSION: Final = 1
_MOST_DISKS: Final = 1000
_PLAIN: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}")
_SUM: Final = re.compile(r"([0-9a-f]{64}) [ *](.+)")


class BundleError(ValueError):
    """Why a folder is no bundle that could be imported; its message is for the user."""


@dataclass(frozen=True, slots=True)
class BundleDisk:
    """A disk by its target in the machine. ``base``: the file that ``file`` stands on, "" for none."""

    target: str
    file: str
    base: str = ""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What ``bundle.json`` says. ``memory`` and ``nvram`` are files, "" where there is none."""

    machine: str
    uuid: str
    snapshot: str
    disks: tuple[BundleDisk, ...]
    memory: str = ""
    nvram: str = ""

    def files(self) -> tuple[str, ...]:
        """Every file but the sums, those of the disks first."""
        disks = [name for disk in self.disks for name in (disk.file, disk.base) if name]
        return (*disks, *filter(None, (self.memory, self.nvram)), DOMAIN, SNAPSHOT, MANIFEST)


@dataclass(frozen=True, slots=True)
class FoundBundle:
    """A bundle as it was read from ``folder``. ``sizes``: what its files take, in bytes, by name.

    ``lengths``: how long each of them is, which is more where it has holes.
    ``twin``: the name of a machine that has its UUID where it is to be imported, "" for none.
    """

    folder: str
    bundle: Bundle
    domain_xml: str
    snapshot_xml: str
    sizes: Mapping[str, int]
    lengths: Mapping[str, int]
    twin: str = ""


def disk_files(target: str) -> tuple[str, str]:
    """The names of a disk's file and of what it stands on."""
    plain = re.sub(r"[^A-Za-z0-9]", "_", target)
    return f"disk-{plain}.qcow2", f"disk-{plain}-base.qcow2"


def manifest(bundle: Bundle) -> str:
    """The text of ``bundle.json``."""
    return json.dumps({"kind": _KIND, "version": _VERSION, **asdict(bundle)}, ensure_ascii=False, indent=2) + "\n"


def read_manifest(text: str) -> Bundle:
    """Read ``bundle.json``, which anybody may have written. Raises BundleError."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_one() from error
    if not isinstance(found, dict) or found.get("kind") != _KIND:
        raise _not_one()
    if found.get("version") != _VERSION:
        message = translate("Bundle", "It is a bundle of another version of this application: {version}.")
        raise BundleError(message.format(version=str(found.get("version"))[:20]))
    disks = found.get("disks")
    if not isinstance(disks, list) or len(disks) > _MOST_DISKS or not all(isinstance(each, dict) for each in disks):
        raise _not_one()
    bundle = Bundle(
        _text(found, "machine"),
        _text(found, "uuid"),
        _text(found, "snapshot"),
        tuple(BundleDisk(_text(each, "target"), _text(each, "file"), _text(each, "base")) for each in disks),
        _text(found, "memory"),
        _text(found, "nvram"),
    )
    _check_names(bundle)
    return bundle


def read_sums(text: str, bundle: Bundle) -> dict[str, str]:
    """The SHA-256 of every file of the bundle, by name. Raises BundleError."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        parts = _SUM.fullmatch(line)
        if parts is None:
            raise BundleError(translate("Bundle", "Its file {file} can’t be read.").format(file=SUMS))
        found[parts[2]] = parts[1]
    if set(found) != set(bundle.files()):
        odd = min(set(found).symmetric_difference(bundle.files()))
        message = translate("Bundle", "Its files and what {sums} says of them do not fit together: {file}.")
        raise BundleError(message.format(sums=SUMS, file=odd[:80]))
    return found


def _check_names(bundle: Bundle) -> None:
    names = bundle.files()
    for name in names:
        if _PLAIN.fullmatch(name) is None:
            message = translate("Bundle", "It names a file that does not lie in it: {file}.")
            raise BundleError(message.format(file=name[:80] or "“”"))
    if len({name.casefold() for name in (*names, SUMS)}) <= len(names):
        raise BundleError(translate("Bundle", "It names a file twice."))
    if not bundle.disks or not bundle.machine or not bundle.snapshot:
        raise _not_one()
    if any(not disk.file or not disk.target for disk in bundle.disks):
        raise _not_one()


def _text(found: dict[str, Any], name: str) -> str:
    value = found.get(name, "")
    if not isinstance(value, str):
        raise _not_one()
    return value


def _not_one() -> BundleError:
    return BundleError(translate("Bundle", "It is no bundle: {file} is not what it should be.").format(file=MANIFEST))
