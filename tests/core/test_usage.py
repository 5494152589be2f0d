"""What snapshots cost: alone, together, and what is not known."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from snapgui.core.chains import ChainUsage, FilesOf, Merging
from snapgui.core.costs import costs, frees, written
from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, DomainRecord, Kind, Mode, Size, SnapshotDisk, SnapshotRecord, Snapshots
from snapgui.core.totals import Total, of_machine
from snapgui.core.usage import NOW, Held, ImageUsage, Usage, freed, grown

GIB = 2**30


@pytest.fixture
def usage() -> Usage:
    """Two disks: a and b share 4 GiB, a alone has 1 and its memory, b and now share 2; the other disk has only a."""
    one = ImageUsage(
        "/images/one",
        ("a", "b", NOW),
        (Held(GIB, 512, 64), Held(0, 0, 64), Held(3 * GIB)),
        (Held(4 * GIB), Held(6 * GIB), Held(2 * GIB)),
        (
            (0b001, Held(GIB, 512, 64)),
            (0b010, Held(0, 0, 64)),
            (0b100, Held(3 * GIB)),
            (0b011, Held(4 * GIB)),
            (0b110, Held(2 * GIB)),
        ),
        as_of=2e9,
    )
    groups = ((1, Held(5)), (2, Held(7)))
    other = ImageUsage("/images/other", ("a", NOW), (Held(5), Held(7)), (Held(), Held()), groups, as_of=2e9)
    return Usage({"vda": one, "vdb": other})


def test_deleting_several_gives_back_what_they_hold_together_too(usage: Usage) -> None:
    assert freed(usage, ["a"]) == Held(GIB + 5, 512, 64)
    assert freed(usage, ["b"]) == Held(0, 0, 64)
    assert freed(usage, ["a", "b"]) == Held(5 * GIB + 5, 512, 128)
    assert freed(usage, []) == freed(usage, ["gone"]) == Held()


def test_what_was_written_between_two_is_what_the_first_does_not_hold(
    usage: Usage, snapshot: Callable[..., SnapshotRecord], external: dict[str, object]
) -> None:
    assert grown(usage, "a", NOW) == Held(5 * GIB + 7)
    assert grown(usage, "b", NOW) == Held(3 * GIB + 7)
    assert grown(usage, "a", "b") == Held(2 * GIB, 0, 64)
    a, b = snapshot("a"), snapshot("b")
    assert written(usage, a, b) == Size(2 * GIB)
    assert written(usage, b, a) == Size(GIB + 5)
    for other in (snapshot("gone"), snapshot("e", **external)):
        assert written(usage, a, other).bytes is written(usage, other, a).bytes is None
    assert "Compare tells it" in written(usage, a, snapshot("e", **external)).why
    broken = Usage({**usage.images, "vdc": Problem("Counting", "No image there.")})
    assert written(broken, a, b) == Size(None, "No image there.")


def test_a_cost_is_told_only_where_all_of_it_is_known(
    usage: Usage, snapshot: Callable[..., SnapshotRecord], external: dict[str, object]
) -> None:
    records = {name: snapshot(name) for name in ("a", "b", "elsewhere")} | {"e": snapshot("e", **external)}
    told = costs(usage, records)
    assert told["a"].disk == Size(GIB + 5)
    assert told["a"].shared == Size(4 * GIB)
    assert told["a"].frees == Size(GIB + 5 + 512 + 64)
    assert told["elsewhere"].frees == Size(None, "No image of the machine holds a snapshot of this name.")
    assert "e" not in told, "its files were not looked at yet"
    counted = Usage({"vda": replace(usage.images["vda"], as_of=1_700_000_000.5)})
    found = costs(counted, {**records, "new": snapshot("new"), "old": snapshot("old", created=1)})
    assert set(found) == {"a", "b", "old"}, "what came since is counted soon"
    broken = Usage({**usage.images, "vdc": Problem("Counting", "No image there.")})
    assert costs(broken, records)["a"].frees == Size(None, "No image there.")


def test_the_first_of_several_with_one_tag_counts() -> None:
    twice = ImageUsage("", ("a", "a", NOW), (Held(1), Held(2), Held()), (Held(),) * 3, ((1, Held(1)), (2, Held(2))))
    record = SnapshotRecord("a", disks=(SnapshotDisk("vda", Mode.INTERNAL),))
    assert record.kind is Kind.INTERNAL
    assert costs(Usage({"vda": twice}), {"a": record})["a"].frees == Size(1)
    assert freed(Usage({"vda": twice}), ["a"]) == Held(1)


def test_snapshots_that_are_unknown_for_the_same_reason_share_what_is_said_of_them() -> None:
    """With 1,000 of them, 0.3 MB."""
    records = {name: SnapshotRecord(name, memory=Mode.INTERNAL) for name in ("a", "b")}
    found = costs(Usage(), records)
    assert found["a"] is found["b"]
    assert found["a"].frees.why == "No image of the machine holds a snapshot of this name."


def test_memory_that_a_running_machine_still_seems_to_hold_makes_no_small_figure(
    snapshot: Callable[..., SnapshotRecord],
) -> None:
    """As the image is between a take and QEMU's next flush."""
    none = (Held(),) * 3
    image = ImageUsage("", ("a", "b", NOW), none, none, ((0b001, Held(0, 5)), (0b110, Held(7, 9))))
    records = {name: snapshot(name) for name in "ab"}
    off, live = Usage({"vda": image}), Usage({"vda": image}, live=True)
    assert costs(off, records)["b"].frees == Size(0)
    told = costs(live, records)
    assert told["a"].frees.bytes is not None
    assert told["b"].frees.bytes is None
    why = told["b"].frees.why
    assert why.startswith("The image says that the running machine uses this snapshot")
    assert why.endswith("What deleting it frees is known at the latest once the machine is off.")
    assert told["b"].disk == Size(0)
    assert frees(live, [records["b"]]) is None
    assert frees(live, [records["a"]]) == 5


def _chain(**words: object) -> ChainUsage:
    """An image of 8, overlays of 12 and 10: both have 4 and 6 in common with what is below, all together 14."""
    merges = {(0, 1): (12, 8), (1, 2): (10, 4), (0, 2): (16, 8)}
    return ChainUsage(("/i/base", "/i/one", "/i/two"), (8, 12, 10), merges, **words)  # type: ignore[arg-type]


def _layered(*, memory: int | None = None) -> Usage:
    one = FilesOf((Merging("vda", "/i/one", "/i/base"),), memory="/i/memory" if memory is not None else "")
    external = {"one": one, "two": FilesOf((Merging("vda", "/i/two", "/i/one"),))}
    return Usage(chains={"vda": _chain()}, external=external, files={} if not memory else {"/i/memory": memory})


@pytest.fixture
def layers() -> dict[str, SnapshotRecord]:
    return {name: SnapshotRecord(name, memory=Mode.EXTERNAL) for name in ("one", "two")}


def test_an_external_snapshot_gives_back_its_overlay_but_for_what_the_image_below_grows(
    layers: dict[str, SnapshotRecord],
) -> None:
    told = costs(_layered(), layers)
    assert (told["one"].disk, told["one"].frees) == (Size(4), Size(4))
    assert (told["two"].disk, told["two"].frees) == (Size(6), Size(6))
    assert told["one"].merges[0].depth == 3
    assert costs(_layered(memory=100), layers)["one"].frees == Size(104)


def test_overlays_that_are_merged_together_count_what_they_share_once(layers: dict[str, SnapshotRecord]) -> None:
    assert frees(_layered(), [layers["one"]]) == 4
    assert frees(_layered(), list(layers.values())) == 14


def test_of_a_file_that_could_not_be_seen_no_part_is_told(layers: dict[str, SnapshotRecord]) -> None:
    told = costs(_layered(memory=0), layers)
    assert told["one"].frees == Size(None, "Not all of its files could be found.")
    assert frees(_layered(memory=0), list(layers.values())) is None
    unread = Usage(chains={"vda": replace(_chain(), merges={}, why="You may not.")}, external=_layered().external)
    assert costs(unread, layers)["two"].frees == Size(None, "You may not.")


def test_where_the_machine_is_elsewhere_a_snapshot_goes_with_the_file_that_only_it_needs(
    layers: dict[str, SnapshotRecord],
) -> None:
    external = {"one": FilesOf(stuck=True), "two": FilesOf(dropped=("/i/old",))}
    told = costs(Usage(external=external, files={"/i/old": 7}), layers)
    assert told["two"].frees == told["two"].disk == Size(7)
    assert told["one"].frees.bytes is None
    assert "elsewhere" in told["one"].frees.why


def test_what_other_machines_stand_on_is_needed_by_them_and_gives_nothing_back(
    layers: dict[str, SnapshotRecord],
) -> None:
    """Deleting it is refused, which the rules for plans tell in their own words."""
    usage = replace(_layered(), others={"/i/base": ("capella", "mira"), "/i/elsewhere": ("vega",)})
    told = costs(usage, layers)
    assert told["one"].disk == told["one"].frees
    assert told["one"].frees.bytes is None
    assert told["one"].frees.why.startswith("Other machines stand on base: “capella”, “mira”. It can")
    assert told["one"].merges[0].gain is None, "nothing will be written"
    assert told["two"].frees == Size(6), "it is merged into a file of the machine's own"
    assert frees(usage, list(layers.values())) is None
    machine = DomainRecord(DomainId("test:///default", "uuid"), "pisces", snapshot_count=2)
    assert of_machine(machine, Snapshots(layers), usage) == Total(unknown=1, part=6)


def test_a_file_that_goes_is_kept_for_the_machines_that_stand_on_it(layers: dict[str, SnapshotRecord]) -> None:
    external = {"two": FilesOf(dropped=("/i/old",))}
    usage = Usage(external=external, files={"/i/old": 7}, others={"/i/old": ("mira",)})
    assert "stand on old: “mira”" in costs(usage, layers)["two"].frees.why
    upon = replace(_layered(), others={"/i/one": ("mira",)})
    assert "stand on one: “mira”" in costs(upon, layers)["one"].frees.why, "the overlay that is merged goes, too"
