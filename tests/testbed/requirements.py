"""What the machine has to have for the tests that need more than Python, so that a skip can name what is missing."""

import importlib.util
import os
import shutil

import pytest

_PROGRAMS = {
    "real": ("libvirtd", "virsh", "qemu-system-x86_64", "qemu-img"),
    "desktop": ("Xvfb", "openbox", "dbus-daemon", "xdotool", "import"),
}
_MODULES = {
    "real": ("libvirt",),
    "desktop": ("pyatspi", "gi"),
}


def missing(kind: str) -> list[str]:
    """The programs and Python modules that tests of a kind ("real", "desktop") need and the machine lacks."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    programs = [name for name in _PROGRAMS[kind] if shutil.which(name, path=path) is None]
    modules = [f"Python's {name}" for name in _MODULES[kind] if importlib.util.find_spec(name) is None]
    return programs + modules


def lacking(what: str) -> None:
    """End the test because the machine lacks something: skipped at home, failed under CI, where it has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing on this machine: {what}", pytrace=False)
    pytest.skip(f"missing on this machine: {what}")
