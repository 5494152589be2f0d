"""What a running machine has only after its next start, without what libvirt works out when it starts one."""

from pathlib import Path

import pytest

from snapgui.core.differences.compare import Configuration
from snapgui.core.differences.outlook import outlook

_FILES = Path(__file__).parent.parent / "domains"  # as libvirt 11.3 wrote them
OFF = (_FILES / "off.xml").read_text()
RUNNING = (_FILES / "running.xml").read_text()
_SMALL = "<domain{id}><name>a</name><memory>65536</memory>{now}<devices>{devices}</devices></domain>"
_MAC = "<mac address='52:54:00:00:00:01'/>"


def small(devices: str = "", *, now: int = 65536, live: bool = False) -> str:
    now_xml = f"<currentMemory>{now}</currentMemory>"
    return _SMALL.format(id=" id='1'" if live else "", now=now_xml, devices=devices)


def waiting(live: str, defined: str) -> list[str]:
    return [each.text for each in outlook(Configuration(defined, live)).waiting]


def test_a_machine_that_runs_as_it_is_defined_waits_for_nothing() -> None:
    assert waiting(RUNNING, OFF) == []


def test_what_is_defined_alone_is_told_from_what_runs_to_what_will() -> None:
    assert waiting(RUNNING, OFF.replace("cache='none' ", "")) == ["Disk vda: cache: none → not set"]


def test_a_machine_that_is_off_or_transient_waits_for_nothing() -> None:
    assert outlook(Configuration(persistent=OFF)).waiting == ()
    assert outlook(Configuration(live=RUNNING)).waiting == ()


def test_memory_that_the_guest_has_not_given_back_is_no_change_but_other_memory_is() -> None:
    assert waiting(small(live=True), small(now=32768)) == []
    assert waiting(small(now=49152, live=True), small(now=32768)) == ["Current memory: 48 MiB → 32 MiB"]


_WORKED_OUT = {  # what runs, and what is defined
    "empty-drive": (
        "<disk type='file' device='cdrom'><driver name='qemu'/><target dev='sda'/></disk>",
        "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sda'/></disk>",
    ),
    "listens": (
        "<graphics type='vnc' port='5900' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>",
        "<graphics type='vnc' port='-1' autoport='yes'><listen type='address'/></graphics>",
    ),
    "gpu": (
        "<graphics type='spice'><listen type='none'/><gl enable='yes' rendernode='/dev/dri/renderD128'/></graphics>",
        "<graphics type='spice'><listen type='none'/><gl enable='yes'/></graphics>",
    ),
    "nat": (
        f"<interface type='network'>{_MAC}<source network='a' portid='77b7' bridge='virbr0'/></interface>",
        f"<interface type='network'>{_MAC}<source network='a'/></interface>",
    ),
    "bridge": (
        f"<interface type='bridge'>{_MAC}<source network='a' bridge='br0'/><vlan><tag id='7'/></vlan></interface>",
        f"<interface type='network'>{_MAC}<source network='a'/></interface>",
    ),
    "copied": (
        "<disk type='file'><source file='/a'/><mirror type='file' job='copy'/><target dev='vda'/></disk>",
        "<disk type='file'><source file='/a'/><target dev='vda'/></disk>",
    ),
}


@pytest.mark.parametrize(("live", "defined"), _WORKED_OUT.values(), ids=_WORKED_OUT)
def test_what_libvirt_works_out_at_the_start_is_no_change(live: str, defined: str) -> None:
    assert waiting(small(live, live=True), small(defined)) == []


def test_another_network_is_a_change() -> None:
    interface = f"<interface type='network'>{_MAC}<source network='%s'/></interface>"
    live = interface % "a' portid='77b7' bridge='virbr0"
    (said,) = waiting(small(live, live=True), small(interface % "b"))
    assert said == "Network interface 52:54:00:00:00:01: network: a → b"


@pytest.mark.parametrize("text", ["<domain", "<!DOCTYPE a []><domain/>", "<network/>"])
def test_what_can_t_be_read_says_nothing(text: str) -> None:
    found = outlook(Configuration(persistent=text))
    assert (found.waiting, found.has_screen) == ((), None)
