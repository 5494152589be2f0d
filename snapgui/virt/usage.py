"""What a machine's images hold: counted apart, from the images' own tables."""

import stat
from collections.abc import Callable
from pathlib import Path

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.records import Disk, DomainConfig
from snapgui.core.text import translate
from snapgui.core.usage import NOW, DamagedImage, Held, ImageUsage, Usage
from snapgui.qcow2.errors import DamagedImageError, Qcow2Error
from snapgui.qcow2.source import ByteSource, LocalFile

Open = Callable[[str], ByteSource]  # by path on the host; raises SnapguiError
Progress = Callable[[float], None]


def read_usage(open_image: Open, config: DomainConfig, known: Usage | None, progress: Progress) -> Usage:
    """Count again what may differ from ``known``. Raises what ``progress`` raises: the way to cancel."""
    disks = [disk for disk in config.disks if disk.writable and disk.format == "qcow2"]
    before = known.images if known is not None else {}
    return Usage({disk.target: read_image(open_image, disk, before.get(disk.target), progress) for disk in disks})


def read_image(
    open_image: Open, disk: Disk, before: ImageUsage | Problem | None, progress: Progress
) -> ImageUsage | Problem:
    """What one image holds, or why that is not known; ``before`` where it is as it was then."""
    tried = translate("Usage", "Counting what the image of disk {disk} holds").format(disk=disk.target)
    if not disk.source or disk.source_type not in ("file", "block"):
        why = translate("Usage", "The image of disk {disk} is not a file of the host.").format(disk=disk.target)
        return Problem(tried, why)
    try:
        source = open_image(disk.source)
        try:
            mark = identity(source)
            if isinstance(before, ImageUsage) and before.path == disk.source and before.identity == mark != "":
                return before
            return _counted(source, disk.source, mark, progress)
        finally:
            source.close()
    except SnapguiError as error:
        return error.problem
    except (Qcow2Error, OSError) as error:
        why = translate("Usage", "The image {path} could not be read: {error}.")
        if isinstance(error, DamagedImageError):
            why = translate("Usage", "The image {path} is damaged: {error}.")
            return DamagedImage(tried, why.format(path=disk.source, error=error), raw=str(error))
        return Problem(tried, why.format(path=disk.source, error=error), raw=str(error))


def identity(source: ByteSource) -> str:
    """What differs once the image may hold anything else; "" where nothing tells that."""
    if not isinstance(source, LocalFile):
        return ""
    found = Path(source.path).stat()
    if not stat.S_ISREG(found.st_mode):  # a block device does not tell when it was written
        return ""
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns}"


def _counted(source: ByteSource, path: str, identity: str, progress: Progress) -> ImageUsage:
    from snapgui.qcow2 import apart  # noqa: PLC0415 - json and all that: the start does without

    found = apart.figures(source, progress)
    return ImageUsage(
        path,
        (*found.snapshots, NOW),
        tuple(Held(*each) for each in found.alone),
        tuple(Held(*each) for each in found.shared),
        tuple((owners, Held(*each)) for owners, each in found.groups),
        found.as_of,
        identity,
    )
