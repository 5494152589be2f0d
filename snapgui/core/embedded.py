"""What libvirt's QEMU driver reads from its folder where it runs in this process (``qemu:///embed?root=FOLDER``)."""

from typing import Final

# libvirt would have its daemon virtlogd write down what QEMU says, and start no machine where that does not answer.
LOG_SETTING: Final = 'stdio_handler = "file"'


def settings_path(root: str) -> str:
    """The file of the driver's settings. [run] libvirt 11.3: nothing counts of etc/libvirt/qemu.conf."""
    return f"{root}/etc/qemu.conf"
