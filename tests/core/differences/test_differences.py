"""What differs between two configurations: everything that says something, and nothing else."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapgui.core.differences.compare import Change, Configuration, compare, differences, of_snapshot
from snapgui.core.xml.document import XmlError

_FILES = Path(__file__).parent.parent / "domains"  # as libvirt 11.3 wrote them
OFF = (_FILES / "off.xml").read_text()
RUNNING = (_FILES / "running.xml").read_text()


def texts(before: str, after: str) -> list[str]:
    return [difference.text for difference in differences(before, after)]


def parsed(text: str) -> Element:
    return ET.fromstring(text)  # noqa: S314 - a file of the tests' own


def written(root: Element) -> str:
    return ET.tostring(root, encoding="unicode")


def _places(root: Element) -> list[tuple[tuple[str, ...], Callable[[Element], Element], str]]:
    """Every attribute ("@name") and every text ("") of a document: its path, how to find its element, and its name."""
    found: list[tuple[tuple[str, ...], Callable[[Element], Element], str]] = []

    def walk(element: Element, path: tuple[str, ...], find: Callable[[Element], Element]) -> None:
        found.extend(((*path, element.tag), find, f"@{name}") for name in element.attrib)
        if len(element) == 0:
            found.append(((*path, element.tag), find, ""))
        for number, child in enumerate(element):
            walk(child, (*path, element.tag), lambda top, find=find, number=number: find(top)[number])

    walk(root, (), lambda top: top)
    return found


_NOISY = (  # below <devices>
    r"[^/]+/(backingStore|address|alias)(/.*|@.*|)",
    r"graphics@(port|listen)",
    r"disk/source@index",
    r"(serial|console)(@tty|/source.*)",
    r"channel(/target@state|/source.*)",
)


def _is_noise(path: tuple[str, ...], name: str) -> bool:
    if path == ("domain",):
        return name == "@id"
    return path[1] == "devices" and any(re.fullmatch(each, "/".join(path[2:]) + name) for each in _NOISY)


_SEMANTIC = [
    (document, place)
    for document in (OFF, RUNNING)
    for place in _places(parsed(document))
    if not _is_noise(place[0], place[2])
]
_NOISE = [place for place in _places(parsed(RUNNING)) if _is_noise(place[0], place[2])]


@given(st.sampled_from(_SEMANTIC), st.text("abc019-/ ", min_size=1).filter(str.strip))
def test_whatever_says_something_is_told(
    chosen: tuple[str, tuple[tuple[str, ...], Callable[[Element], Element], str]], value: str
) -> None:
    document, (_, find, name) = chosen
    root = parsed(document)
    element = find(root)
    before = element.get(name[1:]) if name else element.text
    if name:
        element.set(name[1:], value)
    else:
        element.text = value
    if before != value and not (name == "@unit" or (before == "0" and value.strip("0") == "")):
        assert differences(document, written(root)), f"{chosen[1][0]} {name}"


def test_an_element_that_goes_or_comes_is_told() -> None:
    for path, find, _ in (place for document, place in _SEMANTIC if document is OFF):
        root = parsed(OFF)
        gone = find(root)
        above = next((each for each in root.iter() if gone in list(each)), None)
        if above is None:
            continue
        above.remove(gone)
        assert differences(OFF, written(root)), path
        assert differences(written(root), OFF), path


@given(st.lists(st.sampled_from(_NOISE), min_size=1, max_size=5))
def test_what_libvirt_chooses_anew_is_not_told(
    places: list[tuple[tuple[str, ...], Callable[[Element], Element], str]],
) -> None:
    root = parsed(RUNNING)
    for _, find, name in places:
        if name:
            find(root).set(name[1:], "/var/lib/libvirt/qemu/channel/1-other/agent" if name == "@path" else "4711")
    assert texts(RUNNING, written(root)) == []


@given(st.randoms(use_true_random=False))
def test_the_order_of_devices_says_nothing(random: object) -> None:
    root = parsed(OFF)
    devices = root.find("devices")
    assert devices is not None
    children = list(devices)
    random.shuffle(children)  # type: ignore[attr-defined]
    devices[:] = children
    assert texts(OFF, written(root)) == []


def test_a_running_machine_is_what_it_was_started_as() -> None:
    assert texts(OFF, RUNNING) == ["Current memory: 48 MiB → 64 MiB"]  # the guest has not given any back yet
    assert texts(OFF, OFF) == []


@pytest.mark.parametrize("name", ["snapshot-running.xml", "snapshot-off.xml"])
def test_a_snapshot_taken_just_now_does_not_differ_from_now(name: str) -> None:
    taken = of_snapshot((_FILES / name).read_text())
    assert taken is not None
    assert compare(taken, Configuration(OFF, RUNNING)) == ()
    assert compare(taken, Configuration(OFF)) == ()


def test_what_only_the_running_machine_has_is_told_as_that() -> None:
    taken = of_snapshot((_FILES / "snapshot-running.xml").read_text())
    assert taken is not None
    now = Configuration(OFF, RUNNING.replace("install.iso", "drivers.iso"))
    (found,) = compare(taken, now)
    assert found.running_only
    assert found.text.startswith("CD-ROM sda: medium: /srv/")
    both = Configuration(OFF.replace("install.iso", "drivers.iso"), RUNNING.replace("install.iso", "drivers.iso"))
    (found,) = compare(taken, both)
    assert not found.running_only


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("<memory unit='KiB'>65536", "<memory unit='MiB'>128", "Memory: 64 MiB → 128 MiB"),
        ("<memory unit='KiB'>65536", "<memory unit='KiB'>65537", "Memory: 64 MiB → 65537 KiB"),
        ("current='1'>2<", "current='1'>4<", "vCPUs: 2 → 4"),
        ("machine='pc-q35-10.0'", "machine='pc-q35-9.2'", "Machine type: pc-q35-10.0 → pc-q35-9.2"),
        ("<boot dev='hd'/>\n    <boot dev='cdrom'/>", "<boot dev='cdrom'/><boot dev='hd'/>",
         "Boot order: hd, cdrom → cdrom, hd"),
        ("cache='none' ", "", "Disk vda: cache: none → not set"),
        ("<readonly/>\n      <serial>", "<serial>", "Disk vdb: read-only: yes → no"),
        ("bus='virtio'/>\n      <readonly/>", "bus='scsi'/><readonly/>", "Disk vdb: bus: virtio → scsi"),
        ("<apic/>", "", "Feature APIC: yes → no"),
        ("offset='utc'", "offset='localtime'", "Clock: utc → localtime"),
        ("<model type='e1000'/>", "<model type='virtio'/>",
         "Network interface 52:54:00:11:22:44: model: e1000 → virtio"),
        ("<title>A rich machine</title>", "", "Title: A rich machine → not set"),
        ("<model type='virtio' heads", "<model type='qxl' heads", "Video: model: virtio → qxl"),
        ("sockets='2' dies='1' clusters='1' cores='1'", "sockets='1' dies='1' clusters='1' cores='1'",
         "CPU sockets: 2 → 1"),
        ("fallback='allow'>qemu64", "fallback='allow'>Nehalem", "CPU model: qemu64 → Nehalem"),
    ],
)  # fmt: skip
def test_words(old: str, new: str, text: str) -> None:
    assert old in OFF
    assert texts(OFF, OFF.replace(old, new)) == [text]


def test_a_disk_comes_and_goes_with_what_it_is() -> None:
    disk = "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/x.img'/><target dev='vdx' bus='virtio'/></disk>"  # noqa: E501 - as it stands in XML
    more = OFF.replace("<controller type='usb'", disk + "<controller type='usb'")
    (found,) = differences(OFF, more)
    assert (found.change, found.text) == (Change.ADDED, "Disk vdx added: /x.img, raw, virtio")
    (found,) = differences(more, OFF)
    assert (found.change, found.text) == (Change.REMOVED, "Disk vdx removed: /x.img, raw, virtio")


def test_a_password_is_never_told() -> None:
    one, other = (OFF.replace("<graphics type='vnc'", f"<graphics type='vnc' passwd='{word}'") for word in "ab")
    assert texts(one, other) == ["Graphics vnc: password changed"]
    assert texts(OFF, other) == ["Graphics vnc: password set"]
    assert texts(one, OFF) == ["Graphics vnc: password removed"]
    gone = OFF.replace("<graphics type='vnc'", "<graphics type='spice' passwd='geheim'")
    assert not any("geheim" in text for text in texts(OFF, gone))


def test_long_values_are_cut_where_they_differ() -> None:
    one, other = (OFF.replace("Two lines", "x" * 5000 + end) for end in ("a", "b"))
    (text,) = texts(one, other)
    assert len(text) < 300
    assert "a" in text.partition("→")[0]
    assert "b" in text.partition("→")[2]


@pytest.mark.parametrize(
    "text", ["", "<domain>", "<network/>", "<!DOCTYPE x><domain/>", "\ud800", "<domain>\0</domain>"]
)
def test_what_is_no_configuration_is_said_to_be_none(text: str) -> None:
    with pytest.raises(XmlError):
        differences(OFF, text)


def test_a_snapshot_without_configuration_has_nothing_to_compare() -> None:
    assert of_snapshot("<domainsnapshot><name>x</name></domainsnapshot>") is None


def test_very_many_devices_are_compared_at_once() -> None:
    disks = "".join(f"<disk type='file'><source file='/{n}'/><target dev='d{n}'/></disk>" for n in range(500))
    one = f"<domain type='qemu'><devices>{disks}</devices></domain>"
    assert len(differences(one, one.replace("file='/", "file='/x/"))) == 500
