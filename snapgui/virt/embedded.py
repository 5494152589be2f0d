"""The folder of libvirt's QEMU driver where that runs in this process."""

import contextlib
from pathlib import Path

from snapgui.core.embedded import LOG_SETTING, settings_path
from snapgui.core.uris import embedded_root, is_in_process


def settle(root: Path, more: str = "") -> None:
    """Write the driver's settings, so that its machines start without a daemon: before the driver is opened.

    ``more``: lines besides. Settings that are there already stay as they are. Raises OSError.
    """
    path = Path(settings_path(str(root)))
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError), path.open("x") as file:
        file.write(f"{LOG_SETTING}\n{more}")


def settle_for(uri: str) -> None:
    """The same for a host, where it is in such a folder. A folder that can't be written is libvirt's to tell."""
    root = embedded_root(uri)
    if is_in_process(uri) and root.startswith("/"):
        with contextlib.suppress(OSError):
            settle(Path(root))
