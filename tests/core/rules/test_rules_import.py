"""The machine of a bundle: into a folder of this computer, or as volumes of a host's pool. What stands against it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from snapgui.core import virsh
from snapgui.core.bundle import Bundle, BundleDisk, FoundBundle
from snapgui.core.plan import Call, Level, Plan
from snapgui.core.records import DomainId, Folder, Situation
from snapgui.core.requests import ImportBundle
from snapgui.core.rules import make_plan

MakeSituation = Callable[..., Situation]
_UUID = "6477644f-c1a8-4a03-8992-36c0fb522612"
_DOMAIN = (
    f"<domain type='kvm'><name>virgo</name><uuid>{_UUID}</uuid><os><type>hvm</type></os><devices>"
    "<disk type='file' device='disk'><source file='/old/v.qcow2'/><target dev='vda'/></disk></devices></domain>"
)
_SNAPSHOT = (
    "<domainsnapshot><name>s</name><state>{state}</state><creationTime>1</creationTime>{memory}"
    "<disks><disk name='vda' snapshot='{mode}'>{overlay}</disk></disks>" + _DOMAIN + "</domainsnapshot>"
)
_INSIDE = _SNAPSHOT.format(state="shutoff", memory="<memory snapshot='no'/>", mode="internal", overlay="")
_OUTSIDE = _SNAPSHOT.format(
    state="running",
    memory="<memory snapshot='external' file='/old/v.mem'/>",
    mode="external",
    overlay="<source file='/old/v.s'/>",
)
_POOL = Folder(1 << 30, frozenset({"old.qcow2"}), place="images", pool="images")
_OWN = Folder(1 << 30, frozenset(), writable=True, place="/")


def _bundle(*, base: str = "", xml: str = _INSIDE, **more: str) -> FoundBundle:
    said = Bundle("virgo", _UUID, "s", (BundleDisk("vda", "disk-vda.qcow2", base),), **more)
    names = said.files()
    return FoundBundle("/b", said, _DOMAIN, xml, dict.fromkeys(names, 100 << 20), dict.fromkeys(names, 300 << 20))


@pytest.fixture
def plan(situation: MakeSituation) -> Callable[..., Plan]:
    def build(found: FoundBundle | None = None, *, into: Folder = _POOL, name: str = "virgo", **changes: Any) -> Plan:
        known = situation(
            bundle=found or _bundle(), folders={"/images": into}, **{"here": {"/scratch": _OWN}, **changes}
        )
        known = replace(known, domain=replace(known.domain, id=DomainId(known.host.uri, ""), name=""))
        return make_plan(ImportBundle(DomainId(known.host.uri, _UUID), "/b", name, "/images"), known)

    return build


def _calls(plan: Plan) -> list[tuple[Call, str]]:
    return [(step.call, step.path) for step in plan.steps]


def _blockers(plan: Plan) -> list[str]:
    return [finding.rule for finding in plan.findings if finding.level is Level.BLOCKER]


def test_what_this_computer_can_write_it_writes_itself(plan: Callable[..., Plan]) -> None:
    calls = {step.call for step in plan(into=replace(_OWN, pool="images")).steps}
    assert calls == {Call.PROGRAM, Call.DEFINE_NEW, Call.SNAPSHOT_CREATE}


def test_else_the_host_makes_a_volume_that_is_filled_from_here(plan: Callable[..., Plan]) -> None:
    made = plan()
    assert _calls(made)[:3] == [
        (Call.PROGRAM, ""),  # its checksums
        (Call.VOLUME_CREATE, "/images/virgo.qcow2"),
        (Call.VOLUME_UPLOAD, "/images/virgo.qcow2"),
    ]
    create, upload = made.steps[1:3]
    assert create.undone_by is not None
    assert (create.undone_by.call, create.undone_by.path) == (Call.VOLUME_DELETE, "/images/virgo.qcow2")
    assert create.undone_by.always, "after a lost connection, too"
    assert upload.abortable
    assert f"<capacity unit='bytes'>{300 << 20}<" in create.xml, "as long as the file is"
    assert f"<allocation unit='bytes'>{300 << 20}<" in create.xml, "its room is its own before anything is uploaded"
    words = next(effect.text for effect in made.effects)
    assert words.startswith("Uploads about 300.0 MiB to /images, as volumes of the host")
    assert words.endswith("storage pool “images”.")


def test_its_commands_are_those_of_virsh(plan: Callable[..., Plan]) -> None:
    create, upload = plan().steps[1:3]
    assert virsh.command(create).startswith("virsh -c qemu:///system vol-create images /dev/stdin <<'XML'\n<volume>")
    assert virsh.command(upload) == (
        "virsh -c qemu:///system vol-upload --sparse /images/virgo.qcow2 /b/disk-vda.qcow2"
    )
    assert create.undone_by is not None
    assert virsh.command(create.undone_by) == "virsh -c qemu:///system vol-delete /images/virgo.qcow2"


def test_all_volumes_have_their_room_before_the_first_is_filled(plan: Callable[..., Plan]) -> None:
    made = plan(_bundle(memory="memory.save", nvram="nvram", xml=_OUTSIDE))
    assert _calls(made)[1:8] == [
        (Call.VOLUME_CREATE, "/images/virgo.qcow2"),
        (Call.VOLUME_CREATE, "/images/virgo.s.mem"),
        (Call.VOLUME_CREATE, "/images/virgo_VARS.fd"),
        (Call.VOLUME_UPLOAD, "/images/virgo.qcow2"),
        (Call.VOLUME_UPLOAD, "/images/virgo.s.mem"),
        (Call.VOLUME_UPLOAD, "/images/virgo_VARS.fd"),
        (Call.VOLUME_CREATE, "/images/virgo.s"),
    ]
    overlay = made.steps[7].xml
    assert "<backingStore><path>/images/virgo.qcow2</path><format type='qcow2'/></backingStore>" in overlay
    assert "<capacity" not in overlay, "as large as what it stands on"


def test_an_image_that_stands_on_another_is_told_so_in_a_private_copy(plan: Callable[..., Plan]) -> None:
    made = plan(_bundle(base="disk-vda-base.qcow2"))
    scratch = f"/scratch/snapgui-{_UUID}"
    assert _calls(made)[3:10] == [
        (Call.FOLDER_MAKE, scratch),
        (Call.PROGRAM, f"{scratch}/disk-vda.qcow2"),
        (Call.PROGRAM, ""),
        (Call.VOLUME_UPLOAD, "/images/virgo.qcow2"),
        (Call.REMOVE, f"{scratch}/disk-vda.qcow2"),
        (Call.VOLUME_UPLOAD, "/images/virgo-base.qcow2"),
        (Call.REMOVE, scratch),
    ]
    assert made.steps[5].program[-5:] == (
        "-b", "/images/virgo-base.qcow2", "-F", "qcow2", f"{scratch}/disk-vda.qcow2"
    )  # fmt: skip
    assert [step.source for step in made.steps if step.call is Call.VOLUME_UPLOAD] == [
        f"{scratch}/disk-vda.qcow2",
        "/b/disk-vda-base.qcow2",
    ]
    assert all("/b" not in step.path for step in made.steps), "the bundle is only read"


def test_room_is_that_of_the_pool_and_of_the_copies(plan: Callable[..., Plan]) -> None:
    little = replace(_POOL, free=200 << 20)
    (short,) = (each for each in plan(into=little).findings if each.rule == "space")
    assert short.reason == "It needs 300.0 MiB in /images, where 200.0 MiB are free."
    copies = {"/scratch": replace(_OWN, free=10 << 20)}
    assert "space" not in [each.rule for each in plan(here=copies).findings]


@pytest.mark.parametrize(
    ("here", "rule"),
    [
        (replace(_OWN, free=10 << 20), "space"),
        (replace(_OWN, writable=False), "room-closed"),
        (replace(_OWN, names=frozenset({f"snapgui-{_UUID}"})), "file-exists"),
    ],
)
def test_what_stands_against_the_copies_is_said(situation: MakeSituation, here: Folder, rule: str) -> None:
    known = situation(bundle=_bundle(base="disk-vda-base.qcow2"), folders={"/images": _POOL}, here={"/scratch": here})
    known = replace(known, domain=replace(known.domain, name=""))
    made = make_plan(ImportBundle(DomainId(known.host.uri, _UUID), "/b", "virgo", "/images"), known)
    assert rule in [each.rule for each in made.findings]


def test_a_volume_of_that_name_is_in_the_way(plan: Callable[..., Plan]) -> None:
    assert _blockers(plan(name="old")) == ["file-exists"]


def test_a_folder_that_is_no_pool_is_refused_with_its_reason(plan: Callable[..., Plan]) -> None:
    refused = plan(into=replace(_POOL, pool=""))
    assert _blockers(refused) == ["room-closed"]
    assert "no active storage pool of the host has its files there" in refused.findings[-1].reason


@pytest.mark.parametrize(
    ("near", "folders", "rule"),
    [(False, {}, "no-pool"), (False, {"/images": _POOL}, "folder-missing"), (True, {}, "folder-missing")],
)
def test_without_a_folder_it_is_said_where_one_could_be(
    situation: MakeSituation, *, near: bool, folders: dict[str, Folder], rule: str
) -> None:
    known = situation(bundle=_bundle(), folders=folders)
    known = replace(known, host=replace(known.host, near=near), domain=replace(known.domain, name=""))
    assert _blockers(make_plan(ImportBundle(DomainId(known.host.uri, _UUID), "/b", "virgo", ""), known)) == [rule]
