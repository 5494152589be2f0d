"""The XML of a new machine that begins where another one was.

What two machines can't both have is given anew or left to libvirt: https://libvirt.org/formatdomain.html.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element, tostring

from snapgui.core.xml.document import XmlError, child, expect, parse, parse_as_written

_CHARACTER_DEVICES: Final = ("serial", "parallel", "console", "channel")
_OWN_FILES: Final = frozenset({"unix", "file", "pipe"})  # where two machines would get in each other's way


@dataclass(frozen=True, slots=True)
class Belongings:
    """What a machine has beside its disks, and what is special about these.

    ``nvram``: the path of the firmware's settings, "" without any, and ``nvram_format`` what they are in.
    ``encrypted``: the targets of disks that QEMU needs a key for. ``tpm``: it has one that libvirt keeps by the UUID.
    ``shared``: what of the host it uses that no second machine can use at the same time, as libvirt calls it.
    ``arguments``: it has arguments for QEMU beside libvirt's own.
    """

    nvram: str = ""
    nvram_format: str = "raw"
    encrypted: frozenset[str] = frozenset()
    tpm: bool = False
    shared: tuple[str, ...] = ()
    arguments: bool = False


def read_belongings(snapshot_xml: str) -> Belongings:
    """Of the machine's configuration in a ``<domainsnapshot>``. Raises XmlError."""
    root = parse(snapshot_xml)
    expect(root, "domainsnapshot")
    domain = root.find("domain")
    if domain is None:
        return Belongings()
    nvram, loader = domain.find("os/nvram"), domain.find("os/loader")
    disks = domain.findall("devices/disk")
    formats = (each.get("format") for each in (nvram, loader) if each is not None)
    return Belongings(
        nvram="" if nvram is None else _nvram_path(nvram),
        nvram_format=next(filter(None, formats), "raw"),
        encrypted=frozenset(read_target(disk) for disk in disks if next(disk.iter("encryption"), None) is not None),
        tpm=domain.find("devices/tpm/backend[@type='emulator']") is not None,
        shared=tuple(
            dict.fromkeys(
                [f"hostdev {each.get('type', '')}".strip() for each in domain.iterfind("devices/hostdev")]
                + [f"memory {each.get('model', '')}" for each in domain.iterfind("devices/memory[source]")]
                + ["pstore" for _ in domain.iterfind("devices/pstore")]
            )
        ),
        arguments=any(each.tag.endswith("}commandline") for each in domain),
    )


def read_target(disk: Element) -> str:
    """The name that a guest's ``<disk>`` goes by in libvirt."""
    target = disk.find("target")
    return "" if target is None else target.get("dev", "")


def clone_xml(snapshot_xml: str, name: str, disks: Mapping[str, str | None], nvram: str = "") -> str:
    """A ``<domain>`` of that name, as the machine was configured when a ``<domainsnapshot>`` was taken.

    ``disks``: the new qcow2 image of each disk, by its target; None: it does without. A disk that is not in it stays as
    it is. ``nvram``: the path of the firmware's settings. UUID and MAC addresses are left to libvirt, which makes new
    ones. Raises XmlError.
    """
    text = child(snapshot_xml, "domain")
    if not text:
        raise XmlError("domain")
    root = parse_as_written(text)
    before = root.findtext("name", "")
    for element in root.findall("name"):
        element.text = name
    for element in root.findall("uuid"):  # what libvirt makes one for where there is none
        root.remove(element)
    for element in root.findall("genid"):
        element.text = None
    for system in root.findall("sysinfo/system"):
        for entry in system.findall("entry[@name='uuid']"):  # it has to be the machine's
            system.remove(entry)
    if (place := root.find("os/nvram")) is not None and nvram:
        set_nvram(place, nvram)
    devices = root.find("devices")
    if devices is not None:
        change_disks(devices, disks)
        change_networks(devices)
        _change_ports(devices)
        _change_character_devices(devices, before, name)
    return tostring(root, encoding="unicode").strip()


def named_after(path: str, before: str, name: str) -> str:
    """The path of a file that is a machine's own, for another machine: beside it, and named after that."""
    folder, file = posixpath.split(path)
    if before and before in file:
        return posixpath.join(folder, file.replace(before, name))
    stem, suffix = posixpath.splitext(file)
    return posixpath.join(folder, f"{stem}-{name}{suffix}")


def _nvram_path(nvram: Element) -> str:
    source = nvram.find("source")
    return (source.get("file", "") if source is not None else nvram.text or "").strip()


def set_nvram(nvram: Element, path: str) -> None:
    source = nvram.find("source")
    if source is not None and source.get("file"):
        source.set("file", path)
    else:
        nvram.text = path


def change_disks(devices: Element, images: Mapping[str, str | None]) -> None:
    for disk in devices.findall("disk"):
        target = read_target(disk)
        if target not in images:
            continue
        image = images[target]
        if image is None:
            devices.remove(disk)
            continue
        disk.set("type", "file")
        for tag in ("backingStore", "mirror"):
            for each in disk.findall(tag):
                disk.remove(each)
        source = disk.find("source")
        if source is not None:
            for attribute in ("dev", "dir", "index", "startupPolicy"):
                source.attrib.pop(attribute, None)
            source.set("file", image)
        driver = disk.find("driver")
        if driver is not None:
            driver.set("type", "qcow2")


def change_networks(devices: Element) -> None:
    for interface in devices.findall("interface"):
        for each in (*interface.findall("mac"), *interface.findall("target")):
            interface.remove(each)
        for source in interface.findall("source"):
            for attribute in ("portid", "portgroupid"):
                source.attrib.pop(attribute, None)
    for cid in devices.findall("vsock/cid"):
        cid.attrib.clear()
        cid.set("auto", "yes")


def _change_ports(devices: Element) -> None:
    """A screen on a port of its own choice gets a free one."""
    for graphics in devices.findall("graphics"):
        for attribute in ("port", "tlsPort", "websocket"):
            if graphics.get(attribute, "-1") != "-1":
                graphics.set(attribute, "-1")
        if graphics.get("type") in ("vnc", "spice", "rdp"):
            graphics.set("autoport", "yes")


def _change_character_devices(devices: Element, before: str, name: str) -> None:
    for tag in _CHARACTER_DEVICES:
        for device in devices.findall(tag):
            source, log = device.find("source"), device.find("log")
            if source is not None and tag == "channel" and device.get("type") == "unix":
                device.remove(source)  # libvirt finds a place
            elif source is not None and device.get("type") in _OWN_FILES and source.get("mode") != "connect":
                _rename(source, "path", before, name)
            if log is not None:
                _rename(log, "file", before, name)


def _rename(element: Element, attribute: str, before: str, name: str) -> None:
    path = element.get(attribute)
    if path:
        element.set(attribute, named_after(path, before, name))
