"""Who else stands on a machine's files: a small host is made up, and looked at."""

from dataclasses import replace

from snapgui.core.health.dependents import dependents
from snapgui.core.health.inventory import Content, File, Inventory, MachineTexts, Seen
from snapgui.core.records import Ties

_BASE, _OVERLAY, _CLONE = "/images/pisces.qcow2", "/images/pisces.s1", "/clones/virgo.qcow2"


def _domain(name: str, disk: str) -> str:
    source = f"<disk type='file'><driver type='qcow2'/><source file='{disk}'/><target dev='vda'/></disk>"
    return f"<domain type='kvm'><name>{name}</name><devices>{source}</devices></domain>"


def _file(path: str, backing: str = "", **changes: object) -> File:
    found = File(path, Seen.FILE, identity=f"1:{path}", content=Content.QCOW2, backing=backing)
    return replace(found, **changes)  # type: ignore[arg-type]  # the names are File's own


def _host(*files: File, others: tuple[MachineTexts, ...] = ()) -> Inventory:
    own = MachineTexts("own", "pisces", (_domain("pisces", _OVERLAY),))
    every = {each.path: each for each in (_file(_BASE), _file(_OVERLAY, _BASE), *files)}
    return Inventory("own", False, "", (own, *others), every, {"/images": ""}, frozenset(), 0.0)  # noqa: FBT003 - a field


def _virgo(disk: str = _CLONE) -> MachineTexts:
    return MachineTexts("other", "virgo", (_domain("virgo", disk),))


def test_a_machine_stands_on_its_image_and_on_all_below() -> None:
    found = dependents(_host(_file(_CLONE, _OVERLAY), others=(_virgo(),)))
    assert found.machines == {_BASE: ("virgo",), _OVERLAY: ("virgo",)}
    assert found.images == {}
    assert found.unseen == ""
    assert dependents(_host(_file(_CLONE, _BASE), others=(_virgo(),))).machines == {_BASE: ("virgo",)}
    assert dependents(_host(_file(_CLONE), others=(_virgo(),))).machines == {}


def test_it_is_found_by_another_name_of_the_file_and_by_its_snapshots() -> None:
    link = _file("/other/name", "", identity=f"1:{_BASE}")
    assert dependents(_host(_file(_CLONE, "/other/name"), link, others=(_virgo(),))).machines[_BASE] == ("virgo",)
    text = f"<domainsnapshot><name>s</name>{_domain('virgo', _BASE)}</domainsnapshot>"
    then = MachineTexts("other", "virgo", (_domain("virgo", _CLONE),), {"s": text})
    assert dependents(_host(_file(_CLONE), others=(then,))).machines == {_BASE: ("virgo",)}


def test_an_image_that_no_machine_has_is_told_by_its_path() -> None:
    found = dependents(_host(_file("/images/stray.qcow2", _OVERLAY)))
    assert found.images == {_BASE: ("/images/stray.qcow2",), _OVERLAY: ("/images/stray.qcow2",)}
    assert found.machines == {}


def test_what_could_not_be_looked_at_is_said() -> None:
    unread = _file(_CLONE, content=Content.UNREAD, why="Permission denied")
    assert dependents(_host(unread, others=(_virgo(),))).unseen == f"{_CLONE}: Permission denied"
    assert dependents(_host(others=(MachineTexts("other", "virgo", why="No."),))).unseen == "virgo: No."


def _noting(name: str, base: str, own: str, *since: str) -> str:
    disk = "<disk name='vda' snapshot='external' type='file'><source file='{}'/></disk>"
    again = f"<revertDisks>{''.join(disk.format(path) for path in since)}</revertDisks>" if since else ""
    disks = f"<disks>{disk.format(own)}</disks>{again}{_domain('pisces', base)}"
    return f"<domainsnapshot><name>{name}</name><state>disk-snapshot</state>{disks}</domainsnapshot>"


def test_what_keeps_an_overlay_in_use_is_told() -> None:
    since, above, gone = "/images/pisces.1795409964", "/images/pisces.s2", "/images/pisces.gone"
    files = _file(since, _BASE), _file(above, since), _file(gone, _BASE, seen=Seen.MISSING)
    snapshots = {"s1": _noting("s1", _BASE, _OVERLAY, since), "s2": _noting("s2", since, above, gone)}

    def ties(text: str = snapshots["s1"], others: tuple[MachineTexts, ...] = ()) -> Ties | None:
        host = _host(*files, others=others)
        own = replace(host.machines[0], snapshots={**snapshots, "s1": text})
        return dependents(replace(host, machines=(own, *others))).ties

    assert ties() == Ties(
        machine=frozenset({_OVERLAY}),
        images={"s1": frozenset(), "s2": frozenset({since})},
        own={"s1": frozenset({_OVERLAY}), "s2": frozenset({above, since})},
        since={"s1": frozenset({since}), "s2": frozenset()},
    )
    assert ties(others=(_virgo(above),)) == replace(ties() or Ties(), elsewhere=frozenset({above, since}))
    assert ties("<domainsnapshot") is None, "it could name any"


def test_who_writes_to_an_image_is_told_from_who_only_reads_it() -> None:
    assert dependents(_host(_file(_CLONE, _BASE), others=(_virgo(),))).writers == {}
    assert dependents(_host(others=(_virgo(_BASE),))).writers == {_BASE: ("virgo",)}
