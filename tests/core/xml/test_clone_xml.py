"""The XML of a new machine that begins where a snapshot is: what it has of its own, and what stays."""

from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from snapgui.core.xml.clone import clone_xml, named_after, read_belongings
from snapgui.core.xml.document import XmlError, parse
from snapgui.core.xml.read import read_domain

_RUNNING = Path(__file__).parent.parent / "domains" / "snapshot-running.xml"


def _snapshot(devices: str = "", rest: str = "") -> str:
    return (
        "<domainsnapshot><name>s</name><domain type='kvm'><name>pisces</name><uuid>u</uuid>"
        f"{rest}<devices>{devices}</devices></domain></domainsnapshot>"
    )


def _cloned(devices: str = "", rest: str = "", **changes: object) -> Element:
    return parse(clone_xml(_snapshot(devices, rest), "virgo", {}, **changes))  # type: ignore[arg-type]


def test_a_whole_machine_keeps_all_but_what_is_its_own() -> None:
    text = _RUNNING.read_text()
    cloned = clone_xml(text, "new & <x>", {"vda": "/new/a.qcow2", "vdb": None})
    root, then = parse(cloned), parse(text).find("domain")
    assert then is not None
    assert (root.findtext("name"), root.find("uuid")) == ("new & <x>", None)
    assert [disk.source for disk in read_domain(cloned).disks] == ["/new/a.qcow2", "/srv/snapgui/images/install.iso"]
    assert root.findall(".//mac") == []
    assert len(root.findall("devices/interface")) == 2
    for path in ("memory", "vcpu", "os", "cpu", "metadata", "devices/video", "devices/graphics", "devices/channel"):
        assert _plain(root.find(path)) == _plain(then.find(path)), path
    driver = root.find("devices/disk/driver")
    assert driver is not None
    assert driver.attrib == {"name": "qemu", "type": "qcow2", "cache": "none", "discard": "unmap"}


def test_prefixes_stay_as_they_were_written() -> None:
    cloned = clone_xml(_RUNNING.read_text(), "virgo", {})
    assert "<app:mark xmlns:app=" in cloned
    assert "<qemu:arg value=" in cloned
    assert 'xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"' in cloned


def _plain(element: Element | None) -> object:
    assert element is not None
    return element.tag, element.attrib, (element.text or "").strip(), [_plain(each) for each in element]


def test_a_disk_that_was_a_device_or_raw_becomes_a_qcow2_file() -> None:
    devices = (
        "<disk type='block' device='disk'><driver name='qemu' type='raw' io='native'/><source dev='/dev/sdx' index='1'>"
        "<seclabel model='dac' relabel='no'/></source><backingStore type='file'/><target dev='vda'/></disk>"
    )
    (disk,) = parse(clone_xml(_snapshot(devices), "virgo", {"vda": "/new.qcow2"})).findall("devices/disk")
    source, driver = disk.find("source"), disk.find("driver")
    assert source is not None
    assert driver is not None
    assert (disk.get("type"), source.attrib) == ("file", {"file": "/new.qcow2"})
    assert (driver.get("type"), driver.get("io"), disk.find("backingStore")) == ("qcow2", "native", None)


def test_identities_go_and_are_made_anew_by_libvirt() -> None:
    root = _cloned(
        "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default' portid='p'/>"
        "<target dev='tap7'/></interface><vsock><cid auto='no' address='3'/></vsock>",
        "<genid>g</genid><sysinfo type='smbios'><system><entry name='uuid'>u</entry><entry name='sku'>1</entry>"
        "</system></sysinfo>",
    )
    assert root.find("uuid") is None
    assert root.findtext("genid") in ("", None)
    assert root.find("genid") is not None
    assert [entry.get("name") for entry in root.iterfind("sysinfo/system/entry")] == ["sku"]
    interface = root.find("devices/interface")
    assert interface is not None
    assert [(each.tag, each.attrib) for each in interface] == [("source", {"network": "default"})]
    cid = root.find("devices/vsock/cid")
    assert cid is not None
    assert cid.attrib == {"auto": "yes"}


def test_screens_and_consoles_do_not_meet_those_of_the_other_machine() -> None:
    root = _cloned(
        "<graphics type='vnc' port='5901' autoport='no' passwd='secret'/>"
        "<serial type='unix'><source mode='bind' path='/run/pisces.console'/></serial>"
        "<serial type='file'><source path='/log/serial.txt'/><log file='/log/pisces.log'/></serial>"
        "<serial type='unix'><source mode='connect' path='/run/server'/></serial>"
        "<channel type='unix'><source mode='bind' path='/var/lib/domain-1-pisces/agent'/></channel>"
    )
    graphics = root.find("devices/graphics")
    assert graphics is not None
    assert graphics.attrib == {"type": "vnc", "port": "-1", "autoport": "yes", "passwd": "secret"}
    paths = [source.get("path") for source in root.iterfind("devices/serial/source")]
    assert paths == ["/run/virgo.console", "/log/serial-virgo.txt", "/run/server"]
    log = root.find("devices/serial/log")
    assert log is not None
    assert log.get("file") == "/log/virgo.log"
    assert root.find("devices/channel/source") is None


@pytest.mark.parametrize(
    "nvram", ["<nvram template='/t.fd'>/nvram/pisces_VARS.fd</nvram>", "<nvram><source file='/nvram/p'/></nvram>"]
)
def test_the_firmware_has_settings_of_its_own(nvram: str) -> None:
    root = _cloned("", f"<os><type>hvm</type>{nvram}</os>", nvram="/nvram/virgo_VARS.fd")
    place = root.find("os/nvram")
    assert place is not None
    source = place.find("source")
    assert (place.text if source is None else source.get("file")) == "/nvram/virgo_VARS.fd"


def test_what_is_special_about_a_machine_is_found() -> None:
    rest = (
        "<os><loader type='pflash' format='qcow2'>/c</loader><nvram> /nvram/p.fd </nvram></os>"
        "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'/>"
    )
    devices = (
        "<disk type='file'><source file='/a'><encryption format='luks'/></source><target dev='vda'/></disk>"
        "<disk type='file'><source file='/b'/><target dev='vdb'/></disk>"
        "<tpm model='tpm-crb'><backend type='emulator'/></tpm><hostdev type='pci'/><hostdev type='pci'/>"
        "<memory model='nvdimm'><source><path>/n</path></source></memory><memory model='dimm'/>"
    )
    found = read_belongings(_snapshot(devices, rest))
    assert (found.nvram, found.nvram_format) == ("/nvram/p.fd", "qcow2")
    assert found.encrypted == {"vda"}
    assert found.tpm
    assert found.arguments
    assert found.shared == ("hostdev pci", "memory nvdimm")
    plain = read_belongings(_snapshot())
    assert (plain.nvram, plain.tpm, plain.shared, plain.arguments) == ("", False, (), False)


def test_a_snapshot_without_settings_can_not_become_a_machine() -> None:
    with pytest.raises(XmlError):
        clone_xml("<domainsnapshot><name>s</name></domainsnapshot>", "virgo", {})


def test_a_file_is_named_after_the_new_machine() -> None:
    assert named_after("/a/pisces/pisces_VARS.fd", "pisces", "virgo") == "/a/pisces/virgo_VARS.fd"
    assert named_after("/a/vars.fd", "pisces", "virgo") == "/a/vars-virgo.fd"
