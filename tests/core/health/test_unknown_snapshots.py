"""Snapshots in an image that libvirt does not know: where they belong, and when they are somebody else's."""

from dataclasses import replace
from xml.sax.saxutils import quoteattr

from snapgui.core.health.ailments import Ailment, Ill
from snapgui.core.health.examine import examine
from snapgui.core.health.inventory import Content, File, Inventory, MachineTexts, Seen, Tag

_IMAGE, _OTHER = "/images/pisces.qcow2", "/images/data.qcow2"
_NOW = 1_800_000_000


def _domain(name: str, *disks: str) -> str:
    each = "".join(
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file={quoteattr(path)}/>"
        f"<target dev='vd{'ab'[number]}'/></disk>"
        for number, path in enumerate(disks)
    )
    return f"<domain type='kvm'><name>{name}</name><devices>{each}</devices></domain>"


def _image(path: str, *tags: str) -> File:
    table = tuple(Tag(name, _NOW + number, 1 << 20, f"key of {name}") for number, name in enumerate(tags))
    return File(path, Seen.FILE, identity=f"1:{path}", locked=False, content=Content.QCOW2, tags=table)


def _known(*names: str) -> dict[str, str]:
    disks = "<disks><disk name='vda' snapshot='internal'/></disks>"
    return {
        name: f"<domainsnapshot><name>{name}</name><state>running</state><creationTime>{_NOW}</creationTime>"
        f"<memory snapshot='internal'/>{disks}{_domain('pisces', _IMAGE)}</domainsnapshot>"
        for name in names
    }


def _host(*files: File, known: tuple[str, ...] = (), others: tuple[MachineTexts, ...] = ()) -> Inventory:
    xml = _domain("pisces", *(each.path for each in files))
    own = MachineTexts("own", "pisces", (xml,), _known(*known))
    return Inventory(
        "own",
        active=False,
        config=xml,
        machines=(own, *others),
        files={each.path: each for each in files},
        folders={"/images": ""},
        block_jobs=frozenset(),
        read_at=_NOW,
    )


def _unknown(inventory: Inventory) -> dict[str, Ailment]:
    return {each.name: each for each in examine(inventory).ailments if each.ill is Ill.UNKNOWN}


def test_it_belongs_below_the_one_before_it_in_the_image() -> None:
    found = _unknown(_host(_image(_IMAGE, "first", "lost", "last"), known=("first", "last")))
    assert set(found) == {"lost"}
    assert found["lost"].found is not None
    assert found["lost"].found.parent == "first"
    assert (found["lost"].adoptable, found["lost"].size, found["lost"].why_not) == (True, None, "")
    alone = _unknown(_host(_image(_IMAGE, "lost", "last"), known=("last",)))
    assert alone["lost"].found is not None
    assert alone["lost"].found.parent is None


def test_one_that_is_not_on_every_disk_can_only_be_deleted() -> None:
    found = _unknown(_host(_image(_IMAGE, "lost"), _image(_OTHER)))["lost"]
    assert not found.adoptable
    assert "not in vdb" in found.text


def test_one_in_an_image_of_another_machine_s_is_left_alone() -> None:
    other = MachineTexts("other", "virgo", (_domain("virgo", _IMAGE),))
    assert "virgo" in _unknown(_host(_image(_IMAGE, "lost"), others=(other,)))["lost"].why_not
    elsewhere = replace(other, texts=(_domain("virgo", _OTHER),))
    assert _unknown(_host(_image(_IMAGE, "lost"), others=(elsewhere,)))["lost"].why_not == ""
    unread = replace(elsewhere, why="Permission denied")
    assert "virgo" in _unknown(_host(_image(_IMAGE, "lost"), others=(unread,)))["lost"].why_not


def test_what_another_machine_knows_is_no_unknown_one() -> None:
    other = MachineTexts("other", "virgo", (_domain("virgo", _IMAGE),), _known("theirs"))
    assert set(_unknown(_host(_image(_IMAGE, "theirs", "lost"), others=(other,)))) == {"lost"}
