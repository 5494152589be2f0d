"""How large the memory in each snapshot is, from where it lies: the images' own snapshot tables, or a file."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.records import Disk, DomainConfig, Mode, Size, SnapshotRecord, SnapshotState
from snapgui.core.text import translate
from snapgui.qcow2.equal import equal_snapshots
from snapgui.qcow2.errors import Qcow2Error
from snapgui.qcow2.snapshots import InternalSnapshot, read_snapshots
from snapgui.qcow2.source import ByteSource

Open = Callable[[str], ByteSource]  # by path on the host; raises SnapguiError
ConfigThen = Callable[[str], DomainConfig | None]  # what the machine was made of in the snapshot of that name
Tables = Mapping[str, tuple[InternalSnapshot, ...] | Problem]

_WITHOUT_MEMORY = (SnapshotState.SHUT_OFF, SnapshotState.DISK_ONLY)


def read_tables(open_image: Open, config: DomainConfig) -> Tables:
    """For each writable qcow2 disk, by its target: the image's snapshot table, or why it can't be read."""
    return {disk.target: _table(open_image, disk) for disk in config.disks if disk.writable and disk.format == "qcow2"}


def _table(open_image: Open, disk: Disk) -> tuple[InternalSnapshot, ...] | Problem:
    tried = translate("Size", "Reading the image of disk {disk}").format(disk=disk.target)
    if not disk.source or disk.source_type not in ("file", "block"):
        why = translate("Size", "The image of disk {disk} is not a file of the host.").format(disk=disk.target)
        return Problem(tried, why)
    try:
        source = open_image(disk.source)
        try:
            return read_snapshots(source)
        finally:
            source.close()
    except SnapguiError as error:
        return error.problem
    except (Qcow2Error, OSError) as error:
        why = translate("Size", "The image {path} could not be read: {error}.")
        return Problem(tried, why.format(path=disk.source, error=error), raw=str(error))


def image_tags(tables: Tables) -> dict[str, frozenset[str]]:
    """The names of the snapshots in each image that could be read, by the disk's target."""
    return {
        target: frozenset(entry.name for entry in table)
        for target, table in tables.items()
        if not isinstance(table, Problem)
    }


def equal_tags(open_image: Open, config: DomainConfig) -> dict[str, frozenset[str]]:
    """For each writable qcow2 disk, by its target: what ``equal_snapshots`` says; without those that can't be read."""
    found: dict[str, frozenset[str]] = {}
    for disk in config.disks:
        if not (disk.writable and disk.format == "qcow2" and disk.source and disk.source_type in ("file", "block")):
            continue
        with suppress(SnapguiError, Qcow2Error, OSError):
            source = open_image(disk.source)
            try:
                found[disk.target] = equal_snapshots(source)
            finally:
                source.close()
    return found


def memory_sizes(
    open_image: Open, tables: Tables, records: Iterable[SnapshotRecord], config_then: ConfigThen
) -> dict[str, Size]:
    """The size of each snapshot's memory state, by its name. ``tables``: of the images that the machine is on now.

    An internal snapshot stays in the image that the machine was on then, which an external one later makes a backing
    file: those that are not in ``tables`` are looked for there.
    """
    internal: dict[str, int] = {}
    for table in tables.values():
        if not isinstance(table, Problem):
            # Backwards, because QEMU takes the first of several entries with one name.
            for name, bytes_ in {entry.name: entry.vm_state_size for entry in reversed(table)}.items():
                internal[name] = max(bytes_, internal.get(name, 0))  # one disk alone carries the memory
    unread = [table.why for table in tables.values() if isinstance(table, Problem)]
    look_back = lru_cache(lambda disk: _table(open_image, disk))
    told: dict[str, Size] = {}
    for record in records:
        size = _size(open_image, internal, unread, record)
        if size.bytes is None and record.complete and record.memory is Mode.INTERNAL:
            size = _size_then(look_back, config_then, record) or size
        told[record.name] = size
    return told


def _size_then(
    table_of: Callable[[Disk], tuple[InternalSnapshot, ...] | Problem], config_then: ConfigThen, record: SnapshotRecord
) -> Size | None:
    """From the images that the machine was on when the snapshot was taken; None where it isn't in them."""
    config = config_then(record.name)
    if config is None:
        return None
    tables = [table_of(disk) for disk in config.disks if disk.writable and disk.format == "qcow2"]
    sizes = [
        next((entry.vm_state_size for entry in table if entry.name == record.name), None)
        for table in tables
        if not isinstance(table, Problem)
    ]
    known = [size for size in sizes if size is not None]
    if any(known) or (known and len(known) == len(tables)):
        return Size(max(known))
    return next((Size(None, table.why) for table in tables if isinstance(table, Problem)), None)


def _size(open_image: Open, internal: Mapping[str, int], unread: list[str], record: SnapshotRecord) -> Size:
    if record.problem is not None or not record.complete:
        why = record.problem.why if record.problem else translate("Size", "The snapshot has not been read yet.")
        return Size(None, why)
    if record.state in _WITHOUT_MEMORY or record.memory is Mode.NO:
        return Size(0)
    if record.memory is Mode.EXTERNAL:
        return _file_size(open_image, record.memory_file)
    size = internal.get(record.name)
    if size or (size is not None and not unread):
        return Size(size)
    if unread:
        return Size(None, unread[0])
    return Size(None, translate("Size", "No image of the machine holds a snapshot of this name."))


def _file_size(open_image: Open, path: str) -> Size:
    try:
        source = open_image(path)
    except SnapguiError as error:
        return Size(None, error.problem.why)
    try:
        return Size(source.size())
    finally:
        source.close()
