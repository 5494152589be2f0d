"""What a machine's external snapshots take: the images that its disks are on, and the files beside them."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace

import libvirt

from snapgui.core.chains import ChainUsage, FilesOf
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.health.inventory import File
from snapgui.core.overlays import Layout
from snapgui.core.records import Disk, Kind, Layer, Snapshots
from snapgui.core.text import translate
from snapgui.core.usage import ImageUsage, Usage
from snapgui.qcow2.errors import Qcow2Error
from snapgui.qcow2.source import ByteSource, LocalFile
from snapgui.virt.usage import Open, Progress, read_image

Look = Callable[[str], File]
Chains = Mapping[str, tuple[Layer, ...]]  # by target, the active image first

_RAW = ("raw", "other")


@dataclass(frozen=True, slots=True)
class Counting:
    """How images are reached and how far the counting is; ``known`` is what was counted before."""

    open_image: Open
    look: Look
    known: Usage | None
    progress: Progress  # raises what ends the counting


def with_chains(counting: Counting, found: Usage, chains: Chains, layout: Layout) -> Usage:
    """``found`` with what is in the files of external snapshots, if there are any."""
    if all(len(layers) == 1 for layers in chains.values()) and not layout.has_external():
        return found
    external = layout.files()
    return replace(
        found,
        below=_below(counting, found, chains, layout.snapshots),
        chains=_chains(counting, chains, external),
        external=external,
        files=_other_files(counting.look, chains, external),
    )


def _below(counting: Counting, found: Usage, chains: Chains, snapshots: Snapshots) -> dict[str, ImageUsage | Problem]:
    """The images behind the active ones, by path, where internal snapshots are in none of these: some may be there."""
    internal = {name for name, record in snapshots.records.items() if record.kind is Kind.INTERNAL}
    if internal <= {name for image in found.read for name in image.states}:
        return {}
    before = counting.known.below if counting.known is not None else {}
    below = {layer.path: target for target, layers in chains.items() for layer in layers[1:] if layer.format == "qcow2"}
    disks = {path: Disk(target, source=path, format="qcow2") for path, target in below.items()}
    return {
        path: read_image(counting.open_image, disk, before.get(path), counting.progress) for path, disk in disks.items()
    }


def _chains(counting: Counting, chains: Chains, external: Mapping[str, FilesOf]) -> dict[str, ChainUsage]:
    """Of the disks that are on more than one image. What merging does is counted where a delete merges."""
    merged = {merging.target for files in external.values() for merging in files.merges}
    before = counting.known.chains if counting.known is not None else {}
    return {
        target: _chain(counting, layers[::-1], before.get(target), counts=target in merged)
        for target, layers in chains.items()
        if len(layers) > 1
    }


def _chain(counting: Counting, layers: tuple[Layer, ...], before: ChainUsage | None, *, counts: bool) -> ChainUsage:
    """``layers`` begin at the bottom."""
    paths = tuple(layer.path for layer in layers)
    allocated = tuple(layer.allocated for layer in layers)
    proofs = [counting.look(path).proof for path in paths]
    identity = " ".join(proofs) if all(proofs) else ""
    if not counts:
        return ChainUsage(paths, allocated)
    if before is not None and (before.paths, before.identity) == (paths, identity) and identity and before.merges:
        return before
    if any(layer.format not in ("qcow2", "") for layer in layers[1:]):
        return ChainUsage(paths, allocated, why=translate("Usage", "Only of qcow2 images merging can be foretold."))
    try:
        with ExitStack() as opened:
            sources = [opened.enter_context(closing(counting.open_image(path))) for path in paths]
            merges, why = _merges(sources, counting.progress, raw=layers[0].format in _RAW)
    except SnapguiError as error:
        return ChainUsage(paths, allocated, why=error.problem.why)
    except (Qcow2Error, OSError) as error:
        why = translate("Usage", "The images of the disk could not be read: {error}.").format(error=error)
        return ChainUsage(paths, allocated, why=why)
    return ChainUsage(paths, allocated, merges, why, identity)


def _merges(
    sources: list[ByteSource], progress: Progress, *, raw: bool
) -> tuple[dict[tuple[int, int], tuple[int, int]], str]:
    from snapgui.qcow2 import apart  # noqa: PLC0415 - json and all that: the start does without

    if not raw or isinstance(sources[0], LocalFile):
        return apart.merges(sources, raw=raw, progress=progress), ""
    why = translate("Usage", "How much of a raw image is in use is known on its own host alone.")
    upper = apart.merges(sources[1:], progress=progress) if len(sources) > 2 else {}  # noqa: PLR2004 - two that are qcow2
    return {(base + 1, top + 1): merge for (base, top), merge in upper.items()}, why


def running_chains(domain: libvirt.virDomain) -> dict[str, tuple[Layer, ...]]:
    """What QEMU says of the images of a running machine, where nobody else may look. Raises libvirtError.

    What an image has in use is, for QEMU, up to where it has been written to.
    """
    kinds = libvirt.VIR_DOMAIN_STATS_BLOCK
    told = domain.connect().domainListGetStats([domain], kinds, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_BACKING)
    found: dict[str, list[Layer]] = {}
    for _, stats in told:
        for number in range(stats.get("block.count", 0)):
            path = stats.get(f"block.{number}.path")
            if path:
                size = stats.get(f"block.{number}.allocation")
                layers = found.setdefault(stats[f"block.{number}.name"], [])
                layers.append(Layer(path, "", size))
    return {target: tuple(layers) for target, layers in found.items()}


def _other_files(look: Look, chains: Chains, external: Mapping[str, FilesOf]) -> dict[str, int]:
    """What the files of external snapshots take that are in no chain, by path; without those that can't be seen."""
    in_chains = {layer.path for layers in chains.values() for layer in layers}
    paths = {path for files in external.values() for path in (*files.dropped, files.memory)} - in_chains - {""}
    seen = {path: look(path).allocated for path in sorted(paths)}
    return {path: size for path, size in seen.items() if size is not None}
