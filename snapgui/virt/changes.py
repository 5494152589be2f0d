"""Which blocks of a machine's disks differ between two moments: from the images' tables, without reading data."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from snapgui.core.changed import Blocks, Changed, Side
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.records import Disk, DomainConfig, Layer
from snapgui.core.rules.held_disks import HeldDisk, held_disks
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then, read_snapshot
from snapgui.qcow2 import apart
from snapgui.qcow2.errors import NoSnapshotError, Qcow2Error
from snapgui.qcow2.snapshots import NOTHING
from snapgui.qcow2.source import ByteSource
from snapgui.virt.host import Host
from snapgui.virt.usage import identity

Open = Callable[[str], ByteSource]  # by path on the host; raises SnapguiError
Chain = Callable[[Disk], Sequence[Layer] | str]  # a disk's images, the active one first; else the missing one's path
Progress = Callable[[float], None]
_Piece = tuple[str, str | None, str | None]  # an image's path, and the moments between which what differs counts


def read_changes(host: Host, uuid: str, sides: tuple[Side, Side], known: Changed | None, progress: Progress) -> Changed:
    """Compare two moments of a domain, disk by disk, again where it may differ from ``known``. Raises SnapguiError.

    ``progress`` is called with what part is done; what it raises ends the reading.
    """
    now, record = host.read_config(uuid), host.read_domain(uuid)
    one, other = (
        moment_now(now) if name is None else moment_then(name, host.snapshot_xml(uuid, name)) for name in sides
    )

    def chain(disk: Disk) -> Sequence[Layer] | str:
        found, missing = host.chains(DomainConfig(disks=(disk,)))
        return found.get(disk.target, missing.get(disk.target, ""))

    found = Comparison(host.open_image, chain, (one, other), now).read(known, progress)
    return replace(found, live=None in sides and record is not None and record.state.active)


@dataclass(frozen=True, slots=True)
class Moment:
    """A machine's disks at a moment, by their targets; ``left_out``: those that it does not hold."""

    side: Side
    disks: dict[str, HeldDisk] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()


def moment_now(config: DomainConfig) -> Moment:
    """Of a machine as it is."""
    disks = [disk for disk in config.disks if disk.writable]
    return Moment(None, {disk.target: _as_it_is(disk) for disk in disks})


def _as_it_is(disk: Disk) -> HeldDisk:
    return HeldDisk(disk.target, disk.source, disk.format or "raw", source_type=disk.source_type)


def moment_then(name: str, xml: str) -> Moment:
    """Of a snapshot by its XML. Raises SnapguiError."""
    tried = translate("Changes", "Looking where the disks of “{name}” are").format(name=name)
    try:
        record, then = read_snapshot(xml), read_config_then(xml)
    except XmlError as error:
        raise SnapguiError(Problem(tried, str(error), raw=xml)) from error
    if then is None:
        raise SnapguiError(Problem(tried, translate("Changes", "The snapshot does not have the machine’s settings.")))
    writable = {disk.target for disk in then.disks if disk.writable}
    disks = {disk.target: disk for disk in held_disks(record, then) if disk.target in writable}
    return Moment(name, disks, frozenset(writable - disks.keys()))


class Comparison:
    """Compares two moments of a machine."""

    def __init__(self, open_image: Open, chain: Chain, moments: tuple[Moment, Moment], now: DomainConfig) -> None:
        self._open = open_image
        self._chain = chain
        self._moments = moments
        self._written = {disk.source for disk in now.disks if disk.writable and disk.source}

    def read(self, known: Changed | None, progress: Progress) -> Changed:
        """Disk by disk; as ``read_changes``."""
        one, other = self._moments
        targets = [*dict.fromkeys((*one.disks, *other.disks, *sorted(one.left_out | other.left_out)))]
        found: dict[str, Blocks | Problem] = {}
        for number, target in enumerate(targets):

            def step(part: float, number: int = number) -> None:
                progress((number + part) / len(targets))

            before = known.disks.get(target) if known is not None else None
            try:
                found[target] = self._disk(target, before if isinstance(before, Blocks) else None, step)
            except SnapguiError as error:
                found[target] = error.problem
        return Changed(found)

    def _disk(self, target: str, before: Blocks | None, progress: Progress) -> Blocks:
        tried = translate("Changes", "Comparing disk {disk}").format(disk=target)

        def refuse(why: str) -> SnapguiError:
            return SnapguiError(Problem(tried, why))

        for moment in self._moments:
            if why := self._missing(moment, target):
                raise refuse(why)
        disks = tuple(moment.disks[target] for moment in self._moments)
        pieces = self._pieces(disks[0], disks[1], refuse)
        paths = ", ".join(path for path, _since, _until in pieces)
        try:
            with ExitStack() as opened:
                sources = []
                for path, _since, _until in pieces:
                    sources.append(self._open(path))
                    opened.callback(sources[-1].close)
                marks = [identity(source) for source in sources]
                mark = "" if "" in marks else " ".join(marks)
                if before is not None and before.identity == mark != "":
                    return before
                moments = [
                    (source, since, until) for source, (_path, since, until) in zip(sources, pieces, strict=True)
                ]
                found = apart.changes(moments, progress)
        except NoSnapshotError as error:
            why = translate("Changes", "The image {path} no longer holds the snapshot.").format(path=paths)
            raise SnapguiError(Problem(tried, why, raw=str(error))) from error
        except (Qcow2Error, OSError) as error:
            why = translate("Usage", "The image {path} could not be read: {error}.").format(path=paths, error=error)
            raise SnapguiError(Problem(tried, why, raw=str(error))) from error
        return Blocks(found.disk_size, found.size, found.bin_size, found.bins, found.as_of, mark)

    def _missing(self, moment: Moment, target: str) -> str:
        """Why a disk is not known at a moment; "" where it is."""
        name = moment.side or ""
        if target in moment.left_out:
            return translate("Changes", "“{name}” does not hold this disk: it was left out.").format(name=name)
        disk = moment.disks.get(target)
        if disk is None and moment.side is None:
            return translate("Changes", "The machine no longer has this disk.")
        if disk is None:
            return translate("Changes", "The machine did not have this disk when “{name}” was taken.").format(name=name)
        if not disk.image or disk.source_type not in ("file", "block"):
            return translate("Changes", "The image of this disk is not a file of the host.")
        if moment.side is not None and not disk.tag and disk.image in self._written:
            return translate(
                "Changes", "The machine writes to {path} itself again: what it was in “{name}” is not kept."
            ).format(path=disk.image, name=name)
        return ""

    def _pieces(self, one: HeldDisk, other: HeldDisk, refuse: Callable[[str], SnapguiError]) -> list[_Piece]:
        """The images whose tables tell what differs, and the moments in them."""
        if one.image == other.image:
            self._need_tables([(one.image, one.format)], refuse)
            return [(one.image, one.tag or None, other.tag or None)]
        chains = [self._layers(disk, refuse) for disk in (one, other)]
        below = {layer.path: number for number, layer in enumerate(chains[1])}
        first = next((number for number, layer in enumerate(chains[0]) if layer.path in below), None)
        if first is None:
            raise refuse(
                translate("Changes", "The two stand on images that have nothing in common: only their data would tell.")
            )
        second = below[chains[0][first].path]
        pieces: list[_Piece] = []
        for disk, chain, end in ((one, chains[0], first), (other, chains[1], second)):
            self._need_tables([(layer.path, layer.format) for layer in chain[:end]], refuse)
            pieces += [
                (layer.path, NOTHING, (disk.tag or None) if number == 0 else None)
                for number, layer in enumerate(chain[:end])
            ]
        common = chains[0][first]
        tags = (one.tag if first == 0 else "", other.tag if second == 0 else "")
        if tags[0] != tags[1]:
            self._need_tables([(common.path, common.format)], refuse)
            pieces.append((common.path, tags[0] or None, tags[1] or None))
        return pieces

    def _layers(self, disk: HeldDisk, refuse: Callable[[str], SnapguiError]) -> Sequence[Layer]:
        found = self._chain(Disk(disk.target, source_type=disk.source_type, source=disk.image, format=disk.format))
        if isinstance(found, str):
            raise refuse(
                translate("Changes", "An image that this disk stands on can’t be read: {path}.").format(
                    path=found or disk.image
                )
            )
        return found

    def _need_tables(self, layers: Sequence[tuple[str, str]], refuse: Callable[[str], SnapguiError]) -> None:
        for path, kind in layers:
            if kind != "qcow2":
                why = translate("Changes", "{path} is {format}, which does not note what was written: only qcow2 does.")
                raise refuse(why.format(path=path, format=kind or "raw"))
