"""Words for what differs between two configurations. Whatever has none is told by its path; nothing is left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from snapgui.core.text import translate

_SHOWN: Final = 100  # characters of a value
_BEFORE: Final = 24  # characters of a long value before where it begins to differ
_EXACT_UNITS: Final = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


@dataclass(frozen=True, slots=True)
class Leaf:
    """An attribute or a text that differs; None: there is none. ``subject`` is the device that it belongs to."""

    path: tuple[str, ...]  # "devices", "disk[vda]", "driver", "@cache"
    before: str | None
    after: str | None
    subject: str = ""
    kind: str = ""  # the device's tag, or "drive" where its medium is changed


def local(tag: object) -> str:
    """A tag without its namespace."""
    return str(tag).rpartition("}")[2]


def device_words(element: Element, key: str) -> str:
    """What a user calls a device: "Disk vda"."""
    tag = local(element.tag)
    if tag == "disk":
        kinds = {
            "cdrom": translate("Differences", "CD-ROM {name}"),
            "floppy": translate("Differences", "Floppy disk {name}"),
        }
        return kinds.get(element.get("device", ""), translate("Differences", "Disk {name}")).format(name=key)
    names = {
        "interface": translate("Differences", "Network interface"),
        "controller": translate("Differences", "Controller"),
        "graphics": translate("Differences", "Graphics"),
        "video": translate("Differences", "Video"),
        "hostdev": translate("Differences", "Device of the host"),
        "tpm": translate("Differences", "TPM"),
        "sound": translate("Differences", "Sound"),
        "audio": translate("Differences", "Audio"),
        "input": translate("Differences", "Input device"),
        "channel": translate("Differences", "Channel"),
        "serial": translate("Differences", "Serial port"),
        "console": translate("Differences", "Console"),
        "parallel": translate("Differences", "Parallel port"),
        "filesystem": translate("Differences", "Shared folder"),
        "memballoon": translate("Differences", "Memory balloon"),
        "memory": translate("Differences", "Memory module"),
        "rng": translate("Differences", "Random number generator"),
        "watchdog": translate("Differences", "Watchdog"),
        "panic": translate("Differences", "Panic device"),
        "redirdev": translate("Differences", "USB redirection"),
        "smartcard": translate("Differences", "Smartcard reader"),
        "vsock": translate("Differences", "Socket to the host"),
        "iommu": translate("Differences", "IOMMU"),
        "shmem": translate("Differences", "Shared memory"),
        "nvram": translate("Differences", "NVRAM"),
        "emulator": translate("Differences", "Emulator"),
    }
    name = names.get(tag, tag)
    return f"{name} {key}" if key else name


def leaf_words(leaf: Leaf) -> str:
    """An attribute or text that differs, in a sentence: "Memory: 512 MiB → 128 MiB"."""
    pattern = "/".join(re.sub(r"\[.*\]$", "", step, flags=re.DOTALL) for step in leaf.path)
    inside = pattern.removeprefix("devices/")
    label = _labels().get(f"{leaf.kind}/{inside.partition('/')[2]}", _labels().get(inside))
    if label is None:
        label = inside.partition("/")[2] if leaf.subject else "/".join(leaf.path)
    what = label if not leaf.subject else f"{leaf.subject}: {label}" if label else leaf.subject
    if leaf.path[-1] in _SECRETS:
        return _secret_words(what, leaf)
    if pattern in _SIZES:
        before, after = (None if value is None else _exact_size(value) for value in (leaf.before, leaf.after))
    else:
        before, after = _shortened(leaf.before, leaf.after)
    unset = translate("Differences", "not set")
    template = translate("Differences", "{what}: {before} → {after}")
    return template.format(what=what, before=before or unset, after=after or unset)


def whole_words(path: tuple[str, ...], element: Element, subject: str, *, added: bool) -> str:
    """A thing that has come or gone, in a sentence."""
    what = subject if len(path) == 2 and path[0] == "devices" else _named(path, subject)  # noqa: PLR2004 - a device
    values = _described(element)
    if added and values:
        text = translate("Differences", "{what} added: {values}")
    elif added:
        text = translate("Differences", "{what} added")
    elif values:
        text = translate("Differences", "{what} removed: {values}")
    else:
        text = translate("Differences", "{what} removed")
    return text.format(what=what, values=values)


def _named(path: tuple[str, ...], subject: str) -> str:
    tags = [re.sub(r"\[.*\]$", "", step, flags=re.DOTALL) for step in path]
    name = _labels().get("/".join(tags).removeprefix("devices/"))
    if subject:
        return f"{subject}: {name or '/'.join(path[2:])}"
    key = path[-1].removeprefix(tags[-1]).strip("[]")
    return f"{name} {key}".rstrip() if name else "/".join(path)


def _labels() -> Mapping[str, str]:
    source = translate("Differences", "source")
    medium = translate("Differences", "medium")
    order = translate("Differences", "boot order")
    network = translate("Differences", "network")
    return {
        "@type": translate("Differences", "Hypervisor"),
        "name": translate("Differences", "Name"),
        "uuid": translate("Differences", "UUID"),
        "title": translate("Differences", "Title"),
        "description": translate("Differences", "Description"),
        "memory": translate("Differences", "Memory"),
        "currentMemory": translate("Differences", "Current memory"),
        "maxMemory": translate("Differences", "Most memory"),
        "maxMemory/@slots": translate("Differences", "Memory slots"),
        "vcpu": translate("Differences", "vCPUs"),
        "vcpu/@current": translate("Differences", "vCPUs at the start"),
        "vcpu/@placement": translate("Differences", "vCPU placement"),
        "vcpu/@cpuset": translate("Differences", "vCPUs run on the host’s CPUs"),
        "cpu": translate("Differences", "CPU"),
        "cpu/@mode": translate("Differences", "CPU mode"),
        "cpu/model": translate("Differences", "CPU model"),
        "cpu/vendor": translate("Differences", "CPU vendor"),
        "cpu/topology": translate("Differences", "CPU topology"),
        "cpu/topology/@sockets": translate("Differences", "CPU sockets"),
        "cpu/topology/@dies": translate("Differences", "CPU dies"),
        "cpu/topology/@clusters": translate("Differences", "CPU clusters"),
        "cpu/topology/@cores": translate("Differences", "CPU cores"),
        "cpu/topology/@threads": translate("Differences", "CPU threads"),
        "cpu/feature": translate("Differences", "CPU feature"),
        "os/type": translate("Differences", "Guest type"),
        "os/type/@machine": translate("Differences", "Machine type"),
        "os/type/@arch": translate("Differences", "Architecture"),
        "os/@firmware": translate("Differences", "Firmware"),
        "os/loader": translate("Differences", "Firmware"),
        "os/loader/@type": translate("Differences", "Firmware’s kind"),
        "os/loader/@secure": translate("Differences", "Secure boot"),
        "os/nvram": translate("Differences", "NVRAM"),
        "os/nvram/@template": translate("Differences", "NVRAM template"),
        "os/nvram/@format": translate("Differences", "NVRAM format"),
        "os/boot": translate("Differences", "Boot order"),
        "os/kernel": translate("Differences", "Kernel"),
        "os/initrd": translate("Differences", "Initial RAM disk"),
        "os/cmdline": translate("Differences", "Kernel’s command line"),
        "os/bootmenu": translate("Differences", "Boot menu"),
        "os/bootmenu/@enable": translate("Differences", "Boot menu"),
        "features": translate("Differences", "Features"),
        "features/acpi": translate("Differences", "Feature ACPI"),
        "features/apic": translate("Differences", "Feature APIC"),
        "features/smm": translate("Differences", "Feature SMM"),
        "features/hyperv": translate("Differences", "Features of Hyper-V"),
        "clock": translate("Differences", "Clock"),
        "clock/@offset": translate("Differences", "Clock"),
        "clock/timer": translate("Differences", "Timer"),
        "on_poweroff": translate("Differences", "When it powers off"),
        "on_reboot": translate("Differences", "When it reboots"),
        "on_crash": translate("Differences", "When it crashes"),
        "emulator": "",
        "commandline/arg": translate("Differences", "Arguments of QEMU"),
        "disk/source/@file": source,
        "disk/source/@dev": source,
        "disk/source/@dir": source,
        "disk/source/@name": source,
        "disk/source/@volume": source,
        "disk/source/@pool": translate("Differences", "storage pool"),
        "disk/source": source,
        "drive/source": medium,
        "drive/source/@file": medium,
        "drive/source/@dev": medium,
        "disk/@device": translate("Differences", "kind"),
        "disk/@type": translate("Differences", "kind of source"),
        "disk/@snapshot": translate("Differences", "in snapshots"),
        "disk/driver/@type": translate("Differences", "format"),
        "disk/driver/@cache": translate("Differences", "cache"),
        "disk/driver/@io": translate("Differences", "I/O mode"),
        "disk/driver/@discard": translate("Differences", "discard"),
        "disk/target/@dev": translate("Differences", "name"),
        "disk/target/@bus": translate("Differences", "bus"),
        "disk/readonly": translate("Differences", "read-only"),
        "disk/shareable": translate("Differences", "shareable"),
        "disk/transient": translate("Differences", "transient"),
        "disk/serial": translate("Differences", "serial number"),
        "disk/boot": order,
        "disk/boot/@order": order,
        "interface/boot": order,
        "interface/boot/@order": order,
        "interface/mac/@address": translate("Differences", "MAC address"),
        "interface/@type": translate("Differences", "connected by"),
        "interface/source": network,
        "interface/source/@network": network,
        "interface/source/@bridge": translate("Differences", "bridge"),
        "interface/source/@dev": translate("Differences", "device of the host"),
        "interface/model": translate("Differences", "model"),
        "interface/model/@type": translate("Differences", "model"),
        "interface/link/@state": translate("Differences", "link"),
        "graphics/@port": translate("Differences", "port"),
        "graphics/@passwd": translate("Differences", "password"),
        "graphics/listen/@address": translate("Differences", "listens on"),
        "video/model/@type": translate("Differences", "model"),
        "video/model/@vram": translate("Differences", "video memory"),
        "controller/@model": translate("Differences", "model"),
        "sound/@model": translate("Differences", "model"),
        "tpm/@model": translate("Differences", "model"),
        "tpm/backend/@version": translate("Differences", "version"),
        "watchdog/@action": translate("Differences", "action"),
        "memballoon/@model": translate("Differences", "model"),
    }


_SIZES: Final = frozenset({"memory", "currentMemory", "maxMemory"})  # bytes
_SECRETS: Final = frozenset({"@passwd"})


def _secret_words(what: str, leaf: Leaf) -> str:
    if leaf.before is None:
        return translate("Differences", "{what} set").format(what=what)
    if leaf.after is None:
        return translate("Differences", "{what} removed").format(what=what)
    return translate("Differences", "{what} changed").format(what=what)


def _exact_size(value: str) -> str:
    if not value.isdigit():
        return value
    size = int(value)
    for unit, name in _EXACT_UNITS:
        if size and size % unit == 0:
            return f"{size // unit} {name}"
    return translate("Differences", "{size} bytes").format(size=size)


def _shortened(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Both values on one line each, from where they begin to differ if they are long."""
    one, other = (None if value is None else " ".join(value.split("\n")) for value in (before, after))
    begin = 0
    if one is not None and other is not None and max(len(one), len(other)) > _SHOWN:
        pairs = enumerate(zip(one, other, strict=False))
        begin = next((place for place, (ours, theirs) in pairs if ours != theirs), min(len(one), len(other)))
        begin = max(0, begin - _BEFORE)
    return _cut(one, begin), _cut(other, begin)


def _cut(value: str | None, begin: int) -> str | None:
    if value is None:
        return None
    shown = value[begin : begin + _SHOWN]
    return ("…" if begin else "") + shown + ("…" if begin + _SHOWN < len(value) else "")


def _described(element: Element) -> str:
    """What is inside a thing, in a line."""
    values: list[str] = []
    for each in _TELLING.get(local(element.tag), ()):
        tag, _, attribute = each.rpartition("@")
        holder = element.find(tag.rstrip("/")) if tag else element
        if holder is not None:
            values += [value for name, value in holder.attrib.items() if attribute in (name, "*")]
    if not values:
        for part in element.iter():
            values += [value for name, value in part.attrib.items() if "@" + name not in _SECRETS]
            values.append(" ".join((part.text or "").split()))
    return _cut(", ".join(dict.fromkeys(value for value in values if value)), 0) or ""


_TELLING: Final = {  # of what has much to say, what a user knows it by
    "disk": ("source/@*", "driver/@type", "target/@bus"),
    "interface": ("@type", "source/@*", "model/@type"),
    "controller": ("@model",),
    "graphics": ("listen/@address",),
}
