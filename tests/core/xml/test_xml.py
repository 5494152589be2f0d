"""Reading and writing libvirt's XML."""

import time
from contextlib import suppress
from datetime import UTC, datetime

import libvirt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapgui.core.records import Agent, DomainId, Kind, Mode, SnapshotState
from snapgui.core.requests import DiskChoice, Take
from snapgui.core.safety_mark import MARK
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.edit import with_description
from snapgui.core.xml.read import external_revert, read_domain, read_snapshot
from snapgui.core.xml.take import SnapshotWords, simple_snapshot, take_xml

ID = DomainId("test:///default", "6695eb01-f6a4-8304-79aa-97f2502e193f")

SNAPSHOT = """<domainsnapshot>
  <name>pisces-1</name>
  <description>before the update
&lt;domain type='x'&gt; &amp; more</description>
  <state>running</state>
  <parent>
    <name>clean</name>
  </parent>
  <creationTime>1795383187</creationTime>
  <memory snapshot='external' file='/images/pisces.mem'/>
  <disks>
    <disk name='vda' snapshot='external' type='file'>
      <driver type='qcow2'/>
      <source file='/images/pisces.overlay'/>
    </disk>
    <disk name='hdc' snapshot='no'/>
  </disks>
  <domain type='qemu'>
    <name>pisces</name>
    <memory unit='KiB'>524288</memory>
    <description>not this one</description>
    <state>paused</state>
  </domain>
  <cookie><cpu/></cookie>
</domainsnapshot>
"""


def test_a_snapshot_is_read_with_all_that_a_list_shows() -> None:
    record = read_snapshot(SNAPSHOT)
    assert record.name == "pisces-1"
    assert record.description == "before the update\n<domain type='x'> & more"
    assert record.state is SnapshotState.RUNNING
    assert record.parent == "clean"
    assert record.created is not None
    assert datetime.fromtimestamp(record.created, UTC).year == 2026
    assert (record.memory, record.memory_file) == (Mode.EXTERNAL, "/images/pisces.mem")
    assert [(disk.target, disk.mode, disk.path) for disk in record.disks] == [
        ("vda", Mode.EXTERNAL, "/images/pisces.overlay"),
        ("hdc", Mode.NO, ""),
    ]
    assert record.kind is Kind.EXTERNAL
    assert record.has_domain


def test_what_libvirt_writes_is_read_the_same_with_and_without_the_configuration() -> None:
    connection = libvirt.open("test:///default")
    try:
        domain = connection.listAllDomains()[0]
        text = "a\n  <domain type='x'>\n</domainsnapshot><![CDATA[ ]]> <!-- & \" ' >"
        domain.snapshotCreateXML(take_xml(Take(ID, "first", text)))
        second = domain.snapshotCreateXML(take_xml(Take(ID, "second")))
        written = domain.snapshotLookupByName("first").getXMLDesc()
        assert read_snapshot(written).description == text
        assert read_snapshot(second.getXMLDesc()).parent == "first"
        # A comment in front has the whole text parsed.
        assert read_snapshot(written.replace("<name>", "<!-- --><name>", 1)) == read_snapshot(written)
    finally:
        connection.close()


def test_fields_after_the_configuration_count_only_where_the_head_is_not_whole() -> None:
    hidden = "<domainsnapshot><x><domain type='a'/></x><name>real</name></domainsnapshot>"
    assert read_snapshot(hidden).name == "real"
    fooled = "<domainsnapshot><!-- <name>fake</name><domain type='a'> --><name>real</name></domainsnapshot>"
    assert read_snapshot(fooled).name == "real"
    data = "<domainsnapshot><name>real<![CDATA[<domain >]]></name></domainsnapshot>"
    assert read_snapshot(data).name == "real<domain >"


def test_a_snapshot_without_a_whole_configuration_is_told_apart() -> None:
    text = "<domainsnapshot><name>old</name><domain><uuid>x</uuid></domain></domainsnapshot>"
    assert not read_snapshot(text).has_domain


@pytest.mark.parametrize(
    ("written", "read"),
    [("0", 0), (" 12 ", 12), ("-1", None), ("soon", None), ("", None), ("9" * 5000, None), ("99999999999999", None)],
)
def test_a_time_that_makes_no_sense_is_unknown(written: str, read: int | None) -> None:
    text = f"<domainsnapshot><name>a</name><creationTime>{written}</creationTime></domainsnapshot>"
    assert read_snapshot(text).created == read


def test_words_that_are_new_to_us_are_unknown() -> None:
    text = "<domainsnapshot><name>a</name><state>flying</state><memory snapshot='cloud'/></domainsnapshot>"
    record = read_snapshot(text)
    assert record.state is SnapshotState.UNKNOWN
    assert record.memory is Mode.UNKNOWN
    assert record.kind is Kind.UNKNOWN


LAUGHS = (
    '<!DOCTYPE l [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><domainsnapshot><name>&i;</name></domainsnapshot>"
)


@pytest.mark.parametrize(
    "text",
    [
        LAUGHS,
        '<!DOCTYPE a SYSTEM "file:///etc/passwd"><domainsnapshot><name>a</name></domainsnapshot>',
        "<domain><name>a</name></domain>",
        "<domainsnapshot/>",
        "<domainsnapshot><name/></domainsnapshot>",
        "<domainsnapshot><name>a</name>",
        "<domainsnapshot><name>\ud800</name></domainsnapshot>",
        "<domainsnapshot><name>\x00</name></domainsnapshot>",
        "<domainsnapshot><name>" + "a" * 10_500_000 + "</name></domainsnapshot>",
        "<domainsnapshot>" + "<a>" * 100_000,
        "<domainsnapshot>" + "<a>" * 100_000 + "</a>" * 100_000 + "</domainsnapshot>",
        '<?xml version="1.0" encoding="utf-7"?>+ADw-domainsnapshot/+AD4-',
        "<domainsnapshot><name>&a;</name></domainsnapshot>",
        "",
        "no such thing",
    ],
    ids=[
        "laughs",
        "doctype",
        "root",
        "empty",
        "nameless",
        "open",
        "surrogate",
        "null",
        "long",
        "deep",
        "closed",
        "encoding",
        "entity",
        "none",
        "words",
    ],
)
def test_hostile_xml_is_refused_with_a_reason(text: str) -> None:
    started = time.monotonic()
    with pytest.raises(XmlError) as raised:
        read_snapshot(text)
    assert len(str(raised.value)) > 10
    assert time.monotonic() - started < 1


@given(st.text(), st.sampled_from(["name", "state", "creationTime", "description", "disks", "domain", "parent"]))
def test_no_text_in_any_element_can_crash_the_reader(text: str, tag: str) -> None:
    for document in (text, f"<domainsnapshot><name>a</name><{tag}>{text}</{tag}></domainsnapshot>"):
        with suppress(XmlError):
            assert read_snapshot(document).name


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1), st.text())
def test_a_request_carries_name_and_description_unchanged_or_refuses(name: str, description: str) -> None:
    try:
        text = take_xml(Take(ID, name, description))
    except XmlError:
        return
    assert simple_snapshot(text) == SnapshotWords(name, description)


@given(st.text())
def test_a_description_can_be_changed_and_all_else_stays(description: str) -> None:
    try:
        changed = with_description(SNAPSHOT, description)
    except XmlError:
        return
    assert read_snapshot(changed).description == description
    before, after = SNAPSHOT.split("</description>\n", 1)
    begin, _, _ = before.partition("<description>")
    assert changed.startswith(begin.rstrip())
    assert changed.endswith(after)


def test_a_description_can_be_added_and_removed() -> None:
    bare = "<domainsnapshot><name>a</name><state>shutoff</state></domainsnapshot>"
    added = with_description(bare, "x")
    assert read_snapshot(added).description == "x"
    assert "<description" not in with_description(added, "")


def test_the_mark_of_a_safety_snapshot_is_out_of_its_description_and_stays_in_its_xml() -> None:
    text = f"<domainsnapshot><name>a</name><description>x\n{MARK}</description></domainsnapshot>"
    for description in ("y", "", "two\nlines"):
        text = with_description(text, description)
        assert (read_snapshot(text).description, read_snapshot(text).safety) == (description, True)
        assert text.count(MARK) == 1
    plain = with_description(text.replace(MARK, ""), "y")
    assert not read_snapshot(plain).safety


@pytest.mark.parametrize("empty", ["<description/>", "<description></description>", "<description a='>'/>"])
def test_a_description_is_put_in_the_place_of_an_empty_one(empty: str) -> None:
    text = "<domainsnapshot><x><description/></x><name>ä</name>{}<state/></domainsnapshot>"
    assert with_description(text.format(empty), "ö") == text.format("<description>ö</description>")


DOMAIN = """<domain type='kvm'>
  <name>pisces</name><memory unit='GiB'>1</memory><currentMemory unit='KiB'>524288</currentMemory><vcpu>2</vcpu>
  <os firmware='efi'><loader type='pflash' format='qcow2'>/code</loader><nvram>/vars</nvram></os>
  <devices>
    <disk type='file' device='disk' snapshot='no'>
      <driver name='qemu' type='qcow2'/><source file='/a.qcow2'/><target dev='vda' bus='virtio'/></disk>
    <disk type='block' device='lun'><source dev='/dev/sdx'/><target dev='sda'/></disk>
    <disk type='network'><source protocol='rbd' name='pool/x'/><target dev='vdb'/></disk>
    <disk type='volume'><source pool='default' volume='v'/><target dev='vdc'/><transient/></disk>
    <disk type='file' device='cdrom'><target dev='hdc'/><readonly/></disk>
    <disk type='file' device='cdrom'><source file='/x.iso'/><target dev='hdd'/></disk>
    <disk type='file' device='floppy'><source file='/f.img'/><target dev='fda'/></disk>
    <graphics type='vnc'/><graphics type='spice'/>
    <hostdev mode='subsystem' type='pci'/>
  </devices>
</domain>"""


def test_a_configuration_is_read_as_the_rules_need_it() -> None:
    config = read_domain(DOMAIN)
    assert (config.memory, config.current_memory, config.vcpus) == (1024 * 1024, 512 * 1024, 2)
    assert (config.uefi, config.nvram_format) == (True, "qcow2")
    assert config.graphics == ("vnc", "spice")
    assert config.host_devices == ("pci",)
    found = {disk.target: disk for disk in config.disks}
    assert (found["vda"].format, found["vda"].source, found["vda"].snapshot) == ("qcow2", "/a.qcow2", Mode.NO)
    assert (found["sda"].source_type, found["sda"].source) == ("block", "/dev/sdx")
    assert (found["vdb"].source_type, found["vdb"].source) == ("network", "")
    assert found["vdc"].transient
    assert [disk.target for disk in config.disks if disk.writable] == ["vda", "sda", "vdb", "vdc", "fda"]


@pytest.mark.parametrize(
    ("os", "uefi", "nvram"),
    [
        ("", False, ""),
        ("<loader type='rom'>/x</loader>", False, ""),
        ("<loader type='pflash'>/x</loader>", True, ""),
        ("<loader type='pflash'>/x</loader><nvram>/v</nvram>", True, "raw"),
        ("<loader type='pflash'>/x</loader><nvram format='qcow2'>/v</nvram>", True, "qcow2"),
    ],
)
def test_firmware_is_recognised(os: str, uefi: bool, nvram: str) -> None:  # noqa: FBT001 - parameters of a test
    config = read_domain(f"<domain><os>{os}</os></domain>")
    assert (config.uefi, config.nvram_format) == (uefi, nvram)


def test_firmware_that_libvirt_chooses_keeps_its_settings_in_raw_unless_it_keeps_none() -> None:
    config = read_domain("<domain><os firmware='efi'/></domain>")
    assert (config.uefi, config.nvram_format) == (True, "raw")
    config = read_domain("<domain><os firmware='efi'><loader stateless='yes'/></os></domain>")
    assert (config.uefi, config.nvram_format) == (True, "")


def test_capabilities_tell_whether_external_snapshots_can_be_reverted_to() -> None:
    guest = "<guest><arch name='{arch}'/><features>{features}</features></guest>"
    text = (
        "<capabilities>"
        + guest.format(arch="x86_64", features="<externalSnapshot/>")
        + guest.format(arch="mips", features="")
        + "</capabilities>"
    )
    assert external_revert(text)
    assert external_revert(text, "x86_64")
    assert not external_revert(text, "mips")
    assert not external_revert("<capabilities/>")


@pytest.mark.parametrize(
    ("devices", "agent"),
    [
        ("", Agent.NONE),
        (
            "<channel type='unix'><target type='virtio' name='com.redhat.spice.0' state='connected'/></channel>",
            Agent.NONE,
        ),
        ("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>", Agent.SILENT),
        (
            (
                "<channel><target name='com.redhat.spice.0'/></channel>"
                "<channel type='unix'><target name='org.qemu.guest_agent.0' state='connected'/></channel>"
            ),
            Agent.CONNECTED,
        ),
    ],
)
def test_an_agent_is_one_whose_channel_the_guest_has_opened(devices: str, agent: Agent) -> None:
    assert read_domain(f"<domain><name>a</name><devices>{devices}</devices></domain>").agent is agent


@pytest.mark.parametrize(
    ("devices", "unsaved"),
    [
        ("", ()),
        ("<cpu><feature policy='require' name='invtsc'/></cpu>", ("invtsc",)),
        ("<cpu><feature policy='disable' name='invtsc'/></cpu>", ()),
        (
            "<clock><timer name='tsc' frequency='1'/></clock><cpu><feature policy='require' name='invtsc'/></cpu>",
            (),
        ),
        ("<devices><filesystem><driver type='virtiofs'/></filesystem></devices>", ("virtiofs",)),
        ("<devices><filesystem><driver type='path'/></filesystem></devices>", ()),
        ("<devices><shmem name='a'/></devices>", ("shmem",)),
        ("<devices><shmem name='a' role='master'/></devices>", ()),
    ],
)
def test_what_memory_may_not_be_saved_with_is_known(devices: str, unsaved: tuple[str, ...]) -> None:
    assert read_domain(f"<domain>{devices}</domain>").unsaved == unsaved


@pytest.mark.parametrize("path", ["/a b/c", "/it's", '/<&>"', "/line\nbreak\ttab"])
def test_paths_reach_libvirt_as_they_are(path: str) -> None:
    disks = (DiskChoice("vda", Mode.EXTERNAL, path, "qcow2"), DiskChoice("vdb", Mode.NO))
    found = simple_snapshot(take_xml(Take(ID, "x", kind=Kind.EXTERNAL, disks=disks, memory_file=path)))
    assert found == SnapshotWords("x", "", Mode.EXTERNAL, path, disks)
