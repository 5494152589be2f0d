"""The embedded demonstration: a throw-away machine on qemu:///embed."""

import snapgui.virt  # noqa: F401 - it loads libvirt so that drivers in our own process keep quiet
