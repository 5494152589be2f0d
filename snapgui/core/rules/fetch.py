"""Images that only the host reads: they are downloaded as they are, and copied here, where they go again.

A machine that writes to one meanwhile makes the download useless, which is found when that ends (``Host.download``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from snapgui.core.plan import Finding, Level, Step
from snapgui.core.records import Layer, Prepared, Situation
from snapgui.core.rules import facts, making
from snapgui.core.rules.held_disks import HeldDisk, layers_of
from snapgui.core.text import translate


@dataclass(frozen=True, slots=True)
class Fetched:
    """``disk`` as it is here between ``steps`` and ``removal``, in a situation that knows of it."""

    disk: HeldDisk
    situation: Situation
    steps: tuple[Step, ...] = ()
    removal: tuple[Step, ...] = ()


def is_far(path: str, situation: Situation) -> bool:
    """Whether that image can be read, but only through the host."""
    seen = situation.prepared.get(path)
    return seen is not None and not seen.near


def far_disks(disks: Sequence[HeldDisk], situation: Situation) -> tuple[HeldDisk, ...]:
    """Those of them whose images are far."""
    return tuple(disk for disk in disks if is_far(disk.image, situation))


def as_near(disks: Sequence[HeldDisk], situation: Situation) -> Situation:
    """The situation once these disks' images are here."""
    seen = {disk.image: situation.prepared.get(disk.image) for disk in disks}
    near = {path: replace(known, near=True) for path, known in seen.items() if known is not None}
    return replace(situation, prepared={**situation.prepared, **near})


def images(disk: HeldDisk, situation: Situation) -> tuple[Layer, ...] | None:
    """The disk's image and all that it stands on; None where that is not known, or can't be noted in copies of them."""
    seen, known = situation.prepared.get(disk.image), layers_of(disk, situation)
    own = known[0] if known else Layer(disk.image, disk.format)
    if disk.format == "raw" or (seen is not None and not seen.backing):
        return (own,)
    fits = len(known) > 1 and all((layer.format or disk.format) == "qcow2" for layer in known[:-1])
    return known if fits else None


def fetch(disk: HeldDisk, situation: Situation, stem: str) -> Fetched:
    """The disk's images as files here, whose names begin with ``stem``; as they are where they are near."""
    if not is_far(disk.image, situation):
        return Fetched(disk, situation)
    steps, here = download(images(disk, situation) or (), situation, stem)
    seen = situation.prepared[disk.image]
    known: dict[str, Prepared | None] = {here[0].path: None if seen is None else replace(seen, near=True)}
    return Fetched(
        replace(disk, image=here[0].path),
        replace(situation, prepared=known, chains={disk.target: here}),
        steps,
        tuple(making.remove(situation, layer.path) for layer in here),
    )


def download(layers: Sequence[Layer], situation: Situation, stem: str) -> tuple[tuple[Step, ...], tuple[Layer, ...]]:
    """The steps that download these images and note in each which one it stands on here; and the images here."""
    here = tuple(replace(layer, path=f"{stem}{number}") for number, layer in enumerate(layers))
    steps = [
        making.download(situation, layer.path, copy.path, layer.allocated or 0)
        for layer, copy in zip(layers, here, strict=True)
    ]
    for copy, below in pairwise(here):
        words = ("qemu-img", "rebase", "-u", "-f", "qcow2", "-b", below.path, "-F", below.format or "raw", copy.path)
        steps.append(making.program(situation, words))
    return tuple(steps), here


def size(disks: Sequence[HeldDisk], situation: Situation) -> int | None:
    """About how many bytes are downloaded of these; None: not known."""
    return facts.total(layer.allocated for disk in disks for layer in images(disk, situation) or ())


def _is_odd(layer: Layer, situation: Situation) -> bool:
    """Whether a copy of the file alone does not hold what the image does."""
    seen = situation.prepared.get(layer.path)
    return layer.format != "raw" and seen is not None and seen.format == "qcow2" and not seen.options


def findings(far: Sequence[HeldDisk], situation: Situation) -> Iterator[Finding]:
    """What stands against downloading these disks' images."""
    on_the_host = translate("Plan", "Do it on the host itself, as a user who may read it.")
    for disk in far:
        odd = next((layer.path for layer in images(disk, situation) or () if _is_odd(layer, situation)), "")
        if odd:
            reason = translate(
                "Plan", "{image} is damaged, encrypted or has its data in another file: it can’t be fetched."
            )
            yield Finding("far-odd", Level.BLOCKER, reason.format(image=odd), on_the_host)
        elif images(disk, situation) is None:
            reason = translate(
                "Plan", "{image} lies on the host, and what it stands on could not be read: it can’t be fetched alone."
            )
            yield Finding("far-below", Level.BLOCKER, reason.format(image=disk.image), on_the_host)
        elif disk.tag and situation.domain.state.active:
            reason = translate(
                "Plan", "The running machine writes to {image}, which lies on the host: it can’t be fetched."
            )
            remedy = translate("Plan", "Shut the machine off first, or do it on the host itself.")
            yield Finding("far-running", Level.BLOCKER, reason.format(image=disk.image), remedy)
    if far:
        reason = translate(
            "Plan", "Whole images are fetched from the host first; what is not needed of them goes again."
        )
        yield Finding("far", Level.NOTE, reason)
