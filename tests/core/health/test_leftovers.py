"""What is never found unused: a small host is made up, a file is left over on it, and then something speaks for it."""

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapgui.core.health.ailments import Ailment, Ill
from snapgui.core.health.examine import examine
from snapgui.core.health.inventory import Content, File, Inventory, MachineTexts, Seen

_BASE, _LEFT = "/images/pisces.qcow2", "/images/pisces.s1"
_NOW = 1_800_000_000.0


def _domain(name: str, *disks: str, more: str = "", driver: str = "qcow2") -> str:
    each = "".join(
        f"<disk type='file'><driver name='qemu' type='{driver}'/><source file={quoteattr(path)}/>"
        f"<target dev='vd{'abcdefgh'[number]}'/></disk>"
        for number, path in enumerate(disks)
    )
    return f"<domain type='kvm'><name>{name}</name><devices>{each}{more}</devices></domain>"


def _file(path: str, backing: str = "", **changes: object) -> File:
    found = File(
        path,
        Seen.FILE,
        identity=f"1:{path}",
        proof=f"proof of {path}",
        allocated=1 << 20,
        modified=_NOW - 3600,
        locked=False,
        content=Content.QCOW2,
        backing=backing,
        deletable=True,
    )
    return replace(found, **changes)  # type: ignore[arg-type]


def _host(*files: File, machines: tuple[MachineTexts, ...] = (), own: MachineTexts | None = None) -> Inventory:
    xml = _domain("pisces", _BASE)
    every = {each.path: each for each in (_file(_BASE), _file(_LEFT, _BASE), *files)}
    own = own or MachineTexts("own", "pisces", (xml,))
    folders = {str(PurePosixPath(path).parent): "" for path in every}
    return Inventory("own", False, xml, (own, *machines), every, folders, frozenset(), _NOW)  # noqa: FBT003 - a field


def _left(inventory: Inventory, path: str = _LEFT) -> Ailment | None:
    return next((each for each in examine(inventory).ailments if (each.ill, each.name) == (Ill.UNUSED, path)), None)


def _offered(inventory: Inventory, path: str = _LEFT) -> bool:
    found = _left(inventory, path)
    return found is not None and not found.why_not


def _other(*disks: str, **changes: object) -> MachineTexts:
    return replace(MachineTexts("other", "virgo", (_domain("virgo", *disks),)), **changes)  # type: ignore[arg-type]


def test_it_is_offered_where_nothing_speaks_for_it() -> None:
    found = _left(_host())
    assert found is not None
    assert (found.why_not, found.size, found.proof) == ("", 1 << 20, f"proof of {_LEFT}")


@pytest.mark.parametrize(
    "more",
    [
        f"<disk type='file' device='cdrom'><source file='{_LEFT}'/><target dev='sda'/></disk>",
        f"<disk type='block'><source dev='{_LEFT}'/><target dev='vdb'/></disk>",
        f"<disk type='file'><source file='/images/x'/><mirror><source file='{_LEFT}'/></mirror></disk>",
        f"<disk type='file'><source file='/x'/><backingStore><source file='{_LEFT}'/></backingStore></disk>",
        f"<nvram>{_LEFT}</nvram>",
        f"<kernel>  {_LEFT}\n</kernel>",
        f"<arg value='file={_LEFT},if=none,id=x'/>",
        f"""<arg value='{{"driver":"file","filename":"{_LEFT}"}}'/>""",
        "<disk type='file'><source file='images/pisces.s1'/></disk>",
        f"<source file='{_LEFT}' startupPolicy='optional'><reservations/></source>",
    ],
)
def test_whatever_names_it_in_any_machine_s_xml_keeps_it(more: str) -> None:
    machine = MachineTexts("other", "virgo", (_domain("virgo", more=more),))
    assert _left(_host(machines=(machine,))) is None
    snapshots = {"s": f"<domainsnapshot><name>s</name>{_domain('virgo', more=more)}</domainsnapshot>"}
    assert _left(_host(machines=(MachineTexts("other", "virgo", (), snapshots),))) is None


def test_a_volume_that_a_machine_names_by_its_pool_keeps_it() -> None:
    assert _left(_host(machines=(_other(paths=frozenset({_LEFT})),))) is None


@pytest.mark.parametrize("kind", ["backing", "data_file"])
def test_an_image_that_needs_it_keeps_it(kind: str) -> None:
    top = _file("/elsewhere/top", **{kind: _LEFT})
    assert _left(_host(top, machines=(_other("/elsewhere/top"),))) is None


def test_a_long_way_down_a_chain_keeps_it_and_a_circle_ends() -> None:
    layers = [_file(f"/e/{n}", f"/e/{n + 1}" if n < 40 else _LEFT) for n in range(41)]
    assert _left(_host(*layers, machines=(_other("/e/0"),))) is None
    circle = (_file("/e/a", "/e/b"), _file("/e/b", "/e/a"))
    assert _offered(_host(*circle, machines=(_other("/e/a"),)))


def test_another_name_of_it_keeps_it() -> None:
    link = _file("/links/disk", _BASE, seen=Seen.LINK, identity=f"1:{_LEFT}")
    assert _left(_host(link, machines=(_other("/links/disk"),))) is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"names": 2}, "hard links"),
        ({"locked": True}, "working with it"),
        ({"locked": None}, "working with it"),
        ({"modified": _NOW - 5}, "last minute"),
        ({"modified": None}, "last minute"),
        ({"shared": True}, "another host"),
        ({"identity": ""}, "another computer"),
        ({"deletable": False}, "may not delete"),
    ],
)
def test_what_the_file_itself_says_against_it(changes: dict[str, object], word: str) -> None:
    found = _left(_host(_file(_LEFT, _BASE, **changes)))
    assert found is not None
    assert word in found.why_not


@pytest.mark.parametrize(
    "machine",
    [
        _other(why="no permission"),
        _other(texts=("<domain><broken",)),
        _other(snapshots={"s": "<!DOCTYPE x><domainsnapshot/>"}),
        _other("/unread/disk"),
        _other("/volume/disk"),
    ],
    ids=["refused", "broken XML", "hostile snapshot", "unreadable image", "image without identity"],
)
def test_what_can_t_be_read_proves_nothing(machine: MachineTexts) -> None:
    unread = _file("/unread/disk", content=Content.UNREAD, why="no permission")
    volume = _file("/volume/disk", identity="")
    health = examine(_host(unread, volume, machines=(machine,)))
    found = next(each for each in health.ailments if each.name == _LEFT)
    assert "Something else could use it" in found.why_not
    assert health.unseen


def test_an_unreadable_layer_below_a_used_image_proves_nothing() -> None:
    top, middle = _file("/e/top", "/e/middle"), _file("/e/middle", content=Content.UNREAD, why="damaged")
    assert not _offered(_host(top, middle, machines=(_other("/e/top"),)))


def test_a_socket_that_nobody_may_look_at_is_no_obstacle() -> None:
    path = "/var/lib/libvirt/qemu/channel/agent.0"
    unread = File(path, Seen.UNREAD, content=Content.UNREAD, why="no permission")
    for kind, offered in (("unix", True), ("file", False)):
        more = f"<channel type='{kind}'><source mode='bind' path='{path}'/></channel>"
        machine = MachineTexts("other", "virgo", (_domain("virgo", more=more),))
        assert _offered(_host(unread, machines=(machine,))) is offered


def test_a_missing_file_needs_nothing() -> None:
    assert _offered(_host(File("/e/gone", Seen.MISSING), machines=(_other("/e/gone"),)))


def test_its_dependents_keep_it_unless_they_go_too() -> None:
    assert not _offered(_host(_file("/images/clone.qcow2", _LEFT)))
    both = _host(_file("/images/pisces.s2", _LEFT))
    assert _offered(both)
    assert _offered(both, "/images/pisces.s2")


def test_an_overlay_of_an_image_that_others_use_may_be_theirs() -> None:
    found = _left(_host(machines=(_other(_BASE),)))
    assert found is not None
    assert "virgo uses the image below it too" in found.why_not


@pytest.mark.parametrize("folder", ["/images", "/images/", "/", "/link-to-images"])
def test_a_guest_that_is_let_into_its_folder_keeps_it(folder: str) -> None:
    more = f"<filesystem type='mount'><source dir='{folder}'/><target dir='x'/></filesystem>"
    files = [
        File(path, Seen.OTHER, identity=identity)
        for path, identity in (("/images", "1:dir"), ("/link-to-images", "1:dir"), ("/", "1:root"))
    ]
    machine = MachineTexts("other", "virgo", (_domain("virgo", more=more),))
    inventory = _host(*files, machines=(machine,))
    found = _left(replace(inventory, folders={"/images": ""}))
    assert found is not None
    assert "virgo shares its folder" in found.why_not


def test_a_block_job_or_another_computer_proves_nothing() -> None:
    assert not _offered(replace(_host(), block_jobs=frozenset({"vda"})))
    assert not _offered(replace(_host(), block_jobs=None))
    assert not _offered(replace(_host(), near=False))


@pytest.mark.parametrize(
    "file",
    [
        _file("/images/clone.qcow2", _BASE),  # a name that libvirt gives to no overlay of this image
        _file("/images/pisces.old", ""),  # a copy: it needs nothing
        _file("/images/pisces.raw", content=Content.OTHER),
        _file("/images/pisces.x", "/images/another.qcow2"),
        _file("/images/pisces.link", _BASE, seen=Seen.LINK),
        _file("/images/pisces.mem", content=Content.MEMORY, owner="somebody else"),
        _file("/images/pisces.save", content=Content.MEMORY, owner="own"),  # the managed save
    ],
    ids=lambda file: file.path,
)
def test_what_is_no_overlay_or_memory_of_this_machine_is_not_even_named(file: File) -> None:
    assert _left(_host(file), file.path) is None


def test_an_overlay_whose_image_behind_it_is_gone_is_known_by_its_name() -> None:
    gone = File("/images/pisces.s1", Seen.MISSING)
    cut_off = _file("/images/pisces.s2", gone.path)
    found = _left(_host(cut_off, gone), cut_off.path)
    assert found is not None
    assert "the image behind it is gone" in found.text
    assert not found.why_not
    assert _left(_host(cut_off, replace(gone, seen=Seen.UNREAD)), cut_off.path) is None
    elsewhere = replace(gone, path="/images/another.s1")
    assert _left(_host(replace(cut_off, backing=elsewhere.path), elsewhere), cut_off.path) is None


def test_memory_of_this_machine_is_named_with_its_doubt() -> None:
    found = _left(_host(_file("/images/pisces.mem", content=Content.MEMORY, owner="own")), "/images/pisces.mem")
    assert found is not None
    assert "virsh save" in found.doubt


def test_a_name_that_is_no_text_is_left_alone_and_told() -> None:
    path = "/images/pisces.\udcff"
    health = examine(_host(_file(path, _BASE)))
    assert all(each.name != path for each in health.ailments)
    assert any("\\udcff" in text for text in health.unseen)


_PATHS = [f"/images/pisces.{name}" for name in ("qcow2", "s1", "s2", "s3", "s3.s4")] + ["/images/o.qcow2", "/b/o.s1"]


@given(st.data())
def test_nothing_that_a_machine_reaches_is_ever_found(data: st.DataObject) -> None:
    """Any files on any others under any names: what can be reached from a machine's XML is not called unused."""

    def draw(what: list[Any]) -> Any:
        return data.draw(st.sampled_from(what))

    files = {}
    for path in _PATHS:
        same = draw([path, path, draw(_PATHS)])  # now and then two names of one file
        files[path] = _file(
            path,
            draw(["", *_PATHS]),
            data_file=draw(["", "", "", *_PATHS]),
            identity=f"1:{same}",
            seen=draw([Seen.FILE, Seen.FILE, Seen.LINK, Seen.MISSING, Seen.UNREAD]),
            content=draw([Content.QCOW2, Content.QCOW2, Content.QCOW2, Content.MEMORY, Content.UNREAD]),
            owner=draw(["own", "other"]),
        )
    own, other = data.draw(st.sets(st.sampled_from(_PATHS))), data.draw(st.sets(st.sampled_from(_PATHS)))
    machines = (_other(*other),)
    inventory = replace(
        _host(*files.values(), machines=machines, own=MachineTexts("own", "pisces", (_domain("pisces", *own, _BASE),))),
        folders={"/images": "", "/b": ""},
        config=_domain("pisces", *own, _BASE),
    )
    reached, waiting = set(), [*own, *other, _BASE]
    while waiting:
        path = waiting.pop()
        if path not in reached and path in inventory.files:
            reached.add(path)
            waiting += [inventory.files[path].backing, inventory.files[path].data_file]
            waiting += [each for each in _PATHS if files[each].identity == inventory.files[path].identity]
    offered = {each.name for each in examine(inventory).ailments if each.ill is Ill.UNUSED and not each.why_not}
    names = {path for path in reached if inventory.files[path].seen is not Seen.MISSING}
    assert not offered & names


def test_a_disk_is_told_of_whose_images_are_not_all_there() -> None:
    top = _domain("pisces", _LEFT)
    lost = replace(_host(_file(_BASE, seen=Seen.MISSING), own=MachineTexts("own", "pisces", (top,))), config=top)
    (broken,) = [each for each in examine(lost).ailments if each.ill is Ill.BROKEN]
    assert (broken.name, broken.where) == ("vda", (_BASE,))
    assert "can’t start" in broken.text  # noqa: RUF001 - the window's apostrophe
    assert broken.why_not
    assert not [each for each in examine(_host()).ailments if each.ill is Ill.BROKEN]


def test_a_snapshot_that_is_half_deleted_is_told_with_what_finishes_it() -> None:
    def snapshot(name: str, above: str = "", mark: str = "") -> str:
        parent = f"<parent><name>{above}</name></parent>" if above else ""
        disks = f"<disks><disk name='vda' snapshot='external'>{mark}<source file='/images/x'/></disk></disks>"
        return f"<domainsnapshot><name>{name}</name>{parent}{disks}{_domain('pisces', _BASE)}</domainsnapshot>"

    half = snapshot("a", mark="<snapshotDeleteInProgress/>")
    for snapshots, way_out in (
        ({"a": half, "b": snapshot("b", "a")}, "Delete “b” again, which merges the rest."),
        ({"a": half}, "The snapshot after it is gone, so nothing can merge the rest any more."),
    ):
        own = MachineTexts("own", "pisces", (_domain("pisces", _BASE),), snapshots)
        found = [each for each in examine(_host(own=own)).ailments if each.ill is Ill.UNFINISHED]
        assert [(each.name, each.why_not) for each in found] == [("a", way_out)]
