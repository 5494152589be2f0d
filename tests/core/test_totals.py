"""What the snapshots of machines hold in all, and of how many that is not known."""

from collections.abc import Callable

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, DomainRecord, SnapshotRecord, Snapshots
from snapgui.core.totals import Total, of_machine, of_machines
from snapgui.core.usage import NOW, Held, ImageUsage, Usage
from snapgui.models.words import frees_text, held_by_machine, held_on_host

GIB = 2**30


def _machine(count: int | None) -> DomainRecord:
    return DomainRecord(DomainId("test:///default", "uuid"), "pisces", snapshot_count=count)


def test_what_all_snapshots_of_a_machine_hold_is_what_deleting_them_all_gives_back(
    snapshot: Callable[..., SnapshotRecord],
) -> None:
    snapshots = Snapshots({name: snapshot(name) for name in "ab"})
    groups = ((0b001, Held(GIB)), (0b011, Held(2 * GIB)), (0b110, Held(4 * GIB)))
    image = ImageUsage("", ("a", "b", NOW), (Held(GIB), Held(), Held()), (Held(),) * 3, groups, as_of=2e9)
    total = of_machine(_machine(2), snapshots, Usage({"vda": image}))
    assert total == Total(3 * GIB, 1), "what the disk needs now is no snapshot's"
    assert held_by_machine(total) == "Deleting all its snapshots frees 3.0 GiB."


def test_where_one_can_not_be_known_the_others_are_told_as_the_least(snapshot: Callable[..., SnapshotRecord]) -> None:
    snapshots = Snapshots({name: snapshot(name) for name in "ab"})
    groups = ((0b001, Held(GIB)), (0b110, Held(memory=2 * GIB)))  # QEMU has not written down yet whose it is
    image = ImageUsage("", ("a", "b", NOW), (Held(GIB), Held(), Held()), (Held(),) * 3, groups, as_of=2e9)
    total = of_machine(_machine(2), snapshots, Usage({"vda": image}, live=True))
    assert total == Total(unknown=1, part=GIB)
    assert frees_text(total) == "≥ 1.0 GiB"
    assert held_by_machine(total) == "Deleting all its snapshots frees at least 1.0 GiB: of some, it is not known."
    assert held_on_host(total + Total(GIB, 1)) == (
        "Deleting all snapshots of 1 machine frees 1.0 GiB. "
        "What the snapshots of 1 machine free is not known of all of them: at least 1.0 GiB."
    )


def test_what_is_not_counted_or_not_known_is_said(snapshot: Callable[..., SnapshotRecord]) -> None:
    snapshots = Snapshots({"a": snapshot("a")})
    uncounted = of_machine(_machine(1), snapshots, None)
    assert held_by_machine(uncounted) == "What deleting all its snapshots frees has not been counted yet."
    unknown = of_machine(_machine(1), snapshots, Usage({"vda": Problem("Counting", "No image there.")}))
    assert [frees_text(each) for each in (uncounted, unknown, uncounted + unknown, Total())] == [""] * 4
    assert frees_text(Total(GIB, 1)) == "1.0 GiB"
    assert frees_text(Total(GIB, 1) + uncounted) == frees_text(Total(GIB, 1) + unknown) == "≥ 1.0 GiB"
    assert held_by_machine(unknown) == "What its snapshots free is not known of all of them."
    assert held_by_machine(of_machine(_machine(0), Snapshots(), None)) == ""
    everything = of_machines([uncounted, uncounted, unknown, Total(GIB, 1), Total(GIB, 1), Total()])
    assert held_on_host(everything) == (
        "Deleting all snapshots of 2 machines frees 2.0 GiB. "
        "The snapshots of 2 machines have not been counted yet. "
        "What the snapshots of 1 machine free is not known of all of them."
    )


def test_memory_that_only_the_disk_as_it_is_now_still_refers_to_is_named(
    snapshot: Callable[..., SnapshotRecord],
) -> None:
    """As a revert leaves it behind once the snapshot is deleted; in an image below it stays for good."""
    now = Held(GIB, 17 * 2**20)
    image = ImageUsage("", ("a", NOW), (Held(GIB), now), (Held(),) * 2, ((0b01, Held(GIB)), (0b10, now)), as_of=2e9)
    usage = Usage({"vda": image, "vdb": Problem("Counting", "No image there.")}, below={"/base": image})
    total = of_machine(_machine(0), Snapshots(), usage)
    assert held_by_machine(total) == (
        "Its images also keep 17.0 MiB of memory that no snapshot needs: a revert leaves it behind. "
        "The next internal snapshot of the running machine uses as much of this room as it needs."
    )
    whole = of_machine(_machine(1), Snapshots({"a": snapshot("a")}), Usage({"vda": image}))
    assert held_by_machine(whole).startswith("Deleting all its snapshots frees 1.0 GiB.\nIts images also keep 17.0 MiB")
    assert held_on_host(total + whole) == (
        "Deleting all snapshots of 1 machine frees 1.0 GiB. "
        "Images of its machines also keep 34.0 MiB of memory that no snapshot needs."
    )
