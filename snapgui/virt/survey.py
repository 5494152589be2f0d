"""What stands around a machine and can get in the way of a plan."""

import os
import posixpath
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

import libvirt

from snapgui.core.errors import SnapguiError
from snapgui.core.records import DomainConfig, Folder, Prepared
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError, parse
from snapgui.qcow2.backing import read_needs
from snapgui.qcow2.errors import NotQcow2Error, Qcow2Error
from snapgui.qcow2.header import read_header
from snapgui.qcow2.snapshots import read_snapshots
from snapgui.qcow2.source import ByteSource, LocalFile
from snapgui.virt.line import Line

_USUAL_POOLS = ("default", "images")
_OF_FILES = (
    libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_DIR
    | libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_FS
    | libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_NETFS
)
_AVAILABLE = 3  # in virStoragePoolInfo: state, capacity, allocation, available


def checkpoints(domain: libvirt.virDomain) -> int | None:
    """How many checkpoints the domain has; None where the driver knows of none. Raises libvirtError."""
    try:
        return len(domain.listAllCheckpoints())
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
            return None
        raise


def block_jobs(domain: libvirt.virDomain, config: DomainConfig) -> frozenset[str] | None:
    """The targets of the disks that a block job works on; None where the driver does not say. Raises libvirtError."""
    if not domain.isActive():
        return frozenset()
    try:
        targets = [disk.target for disk in config.disks if disk.writable]
        return frozenset(target for target in targets if domain.blockJobInfo(target))
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_SUPPORT:
            return None
        raise


def memory_used(domain: libvirt.virDomain) -> int | None:
    """Bytes of the host's memory that its process has, what QEMU needs for itself too; None where nobody says."""
    try:
        kibibytes = domain.memoryStats().get("rss")
    except libvirt.libvirtError:
        return None  # it has just stopped, or its driver does not know
    return None if not kibibytes else kibibytes * 1024


def prepared(open_image: Callable[[str], ByteSource], paths: Iterable[str]) -> dict[str, Prepared | None]:
    """What images are by their own headers, by path; None for those that can't be read."""
    return {path: _prepared(open_image, path) for path in dict.fromkeys(paths)}


def _prepared(open_image: Callable[[str], ByteSource], path: str) -> Prepared | None:
    try:
        source = open_image(path)
        near = isinstance(source, LocalFile)
        try:
            header = read_header(source)
            tags = {each.name: each.disk_size for each in reversed(read_snapshots(source))}  # QEMU means the first one
            others = {name: size for name, size in tags.items() if size != header.disk_size}
            options = "" if header.encrypted or header.corrupt or header.data_file else header.options
            return Prepared(
                "qcow2", read_needs(source).backing, header.disk_size, frozenset(tags), near, options, others
            )
        except NotQcow2Error:
            return Prepared("", size=source.size(), near=near)
        finally:
            source.close()
    except (SnapguiError, Qcow2Error, OSError):
        return None


def folders(line: Line, paths: Iterable[str], *, local: bool, pools: bool) -> dict[str, Folder]:
    """What is known of folders of the host: from the file system where it is this computer's, else from a pool."""
    return {path: _folder(line, path, local=local, pools=pools) for path in dict.fromkeys(paths)}


def own_folders(paths: Iterable[str]) -> dict[str, Folder]:
    """What is known of folders of this computer, by path."""
    return {path: _own_folder(path) or Folder() for path in dict.fromkeys(paths)}


def _own_folder(path: str) -> Folder | None:
    """None: it may not be looked at."""
    try:
        space = os.statvfs(path)
    except (FileNotFoundError, NotADirectoryError):
        return Folder(missing=True)
    except OSError:
        return None
    writable = os.access(path, os.W_OK | os.X_OK)
    return Folder(space.f_bavail * space.f_frsize, _names(path), writable=writable, place=_mounted(path))


def _folder(line: Line, path: str, *, local: bool, pools: bool) -> Folder:
    own = _own_folder(path) if local else None
    if own is not None and (own.missing or own.names is not None):
        return own
    if pools:
        tried = translate("Survey", "Reading the folder {path}").format(path=path)
        with suppress(SnapguiError), line.calling(tried) as connection:
            pool = connection.storagePoolLookupByTargetPath(path)
            names = frozenset(pool.listVolumes())
            if own is not None:  # it may not be listed, as libvirt's own folder of images
                return replace(own, names=names)
            return Folder(pool.info()[_AVAILABLE], names, place=pool.name())
    return own or Folder()


def pools(line: Line) -> dict[str, str]:
    """The names of the active pools whose volumes are files, by their folders; first where images most likely are."""
    found: dict[str, str] = {}
    tried = translate("Survey", "Reading the storage pools of the host")
    with suppress(SnapguiError), line.calling(tried) as connection:
        for pool in connection.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE | _OF_FILES):
            with suppress(XmlError):
                found[pool.name()] = parse(pool.XMLDesc()).findtext("target/path", "")
    names = dict.fromkeys((*_USUAL_POOLS, *sorted(found)))
    return {found[name]: name for name in names if found.get(name)}


def _mounted(path: str) -> str:
    """Where the file system of a folder of this computer is mounted."""
    path = os.path.realpath(path)
    while not os.path.ismount(path):
        path = posixpath.dirname(path)
    return path


def _names(path: str) -> frozenset[str] | None:
    try:
        return frozenset(entry.name for entry in os.scandir(path))
    except OSError:
        return None
