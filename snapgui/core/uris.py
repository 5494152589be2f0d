"""libvirt's connection URIs: what one is made of, and what is wrong with one. https://libvirt.org/uri.html"""

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from snapgui.core.text import translate

# src/libvirt.c and the drivers of libvirt 11.3; one more may come with a later one.
_DRIVERS: Final = re.compile(
    "bhyve|ch|esx|gsx|hyperv|lxc|openvz|qemu|test|vbox|vmwarefusion|vmwareplayer|vmwarews|vpx|vz|xen"
)
_TRANSPORTS: Final = ("ssh", "libssh", "libssh2", "tls", "tcp", "unix", "ext")
DEMO_PREFIX: Final = "snapgui-demo-"  # what the name of a demo's folder begins with
_SCHEME: Final = re.compile(r"([a-z][a-z0-9]*)(?:\+([a-z0-9]+))?:(.*)", re.IGNORECASE | re.DOTALL)


def driver_of(uri: str) -> str:
    """The hypervisor driver that a URI asks for, "" where it has none."""
    found = _SCHEME.fullmatch(uri)
    return found[1].lower() if found else ""


def is_known_driver(driver: str) -> bool:
    """Whether libvirt 11.3 has, or can have, a driver of that name."""
    return _DRIVERS.fullmatch(driver) is not None


def is_in_process(uri: str) -> bool:
    """Whether the hypervisor's driver lives in this process, where no other program reaches its machines."""
    parts = urlsplit(uri)
    return not parts.netloc and "+" not in parts.scheme and (parts.scheme == "test" or parts.path == "/embed")


def by_daemon(uri: str) -> str:
    """The URI in the form that only libvirt's client answers to, where it means QEMU by a daemon of this computer.

    Once QEMU's driver is in this process for a ``qemu:///embed``, libvirt asks that one for ``qemu:///system`` as well:
    it refuses ("Missing URI parameter 'root'"), or ends the process while it is only half there. Seen on 11.3.
    """
    parts = urlsplit(uri)
    local = parts.scheme == "qemu" and not parts.netloc and parts.path != "/embed"
    return f"qemu+unix{uri[len('qemu') :]}" if local else uri


def embedded_root(uri: str) -> str:
    """The folder that QEMU's driver in this process keeps everything in; "" where the URI has none.

    https://libvirt.org/drvqemu.html#embedded-driver
    """
    parts = urlsplit(uri)
    root = parse_qs(parts.query).get("root", [""])[0] if parts.path == "/embed" else ""
    return root.rstrip("/")


def embedded_folder(uri: str) -> str:
    """The name of that folder."""
    return embedded_root(uri).rpartition("/")[2]


def is_demo(uri: str) -> bool:
    """Whether the host is the demo, which is gone with this process."""
    return embedded_folder(uri).startswith(DEMO_PREFIX)


def complaint(uri: str) -> str:
    """Why this can't be a URI for libvirt, in the user's words; empty where it can be tried."""
    if not uri:
        return translate("Uri", "Give a libvirt URI, such as qemu+ssh://host/system.")
    if re.search(r"\s", uri):
        return translate("Uri", "A URI has no spaces in it.")
    found = _SCHEME.fullmatch(uri)
    if found is None:
        return translate("Uri", "A URI begins with a driver, as qemu:///system does.")
    transport, rest = found[2], found[3]
    if transport is not None and transport.lower() not in _TRANSPORTS:
        text = translate("Uri", "“{transport}” is no way to reach a host. These are: {known}.")
        return text.format(transport=transport, known=", ".join(_TRANSPORTS))
    return _place_complaint(rest)


def _place_complaint(rest: str) -> str:
    """What is wrong with the part after the driver's colon."""
    try:
        parts = urlsplit(rest)
        possible = parts.port != 0
    except ValueError:
        possible = False
    if not possible:
        return translate("Uri", "The host’s name or port in it can’t be right.")
    if not rest.startswith("/") or not (parts.netloc or parts.path):
        return translate("Uri", "After the driver and “://” come the host, if any, and a path, as in qemu:///system.")
    return ""
