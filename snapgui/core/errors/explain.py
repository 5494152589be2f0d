"""libvirt's errors in plain words."""

import re

from snapgui.core.errors import Problem
from snapgui.core.errors.connections import about_connections, about_uris, about_virtlogd, check_the_beginning
from snapgui.core.errors.machines import about_machines
from snapgui.core.errors.snapshots import about_snapshots
from snapgui.core.text import translate
from snapgui.core.uris import driver_of, is_known_driver

_RPC = 38


def explain(code: int, message: str, tried: str, uri: str = "") -> Problem:
    """libvirt's error in plain words; in its own where it is not known.

    ``tried`` says what was being done. ``uri``: what libvirt was to connect to, or is connected to, where that is told.
    """
    if code == _RPC and "virtlogd-sock" in message:
        return Problem(tried, *about_virtlogd(uri), message, code)
    if code == _RPC and (found_out := _about_driver(driver_of(uri), message)) is not None:
        return Problem(tried, *found_out, message, code)
    for meaning in (*about_snapshots(), *about_machines(), *about_uris(), *about_connections()):
        found = re.search(meaning.part, message, re.IGNORECASE | re.DOTALL) if code in meaning.codes else None
        if found is not None:
            parts = found.groupdict()
            return Problem(tried, meaning.why.format(**parts), meaning.remedy.format(**parts), message, code)
    return Problem(tried, _sentence(message) or translate("Error", "libvirt gave no reason."), "", message, code)


def _sentence(message: str) -> str:
    """Others are read after it."""
    text = message.strip()
    return f"{text}." if text and text[-1].isalnum() else text


def _about_driver(driver: str, message: str) -> tuple[str, str] | None:
    """What libvirt does not say of a driver that is not QEMU's: its client passes the URI on to a daemon."""
    if driver and not is_known_driver(driver):
        return translate("Error", "libvirt has no driver “{driver}”.").format(driver=driver), check_the_beginning()
    if driver not in ("", "qemu") and "Failed to connect socket" in message and "No such file" in message:
        why = translate("Error", "No libvirt daemon with the driver “{driver}” listens there.").format(driver=driver)
        return why, translate("Error", "Install that driver of libvirt’s daemon on the host, or start it.")
    return None
