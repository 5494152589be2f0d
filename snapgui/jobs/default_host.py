"""Which host to show where nobody has named one."""

import threading
from collections.abc import Callable
from functools import partial

from snapgui.core.errors import SnapguiError
from snapgui.core.records import HostRecord, HostState
from snapgui.jobs.bridge import Bridge
from snapgui.virt.host import Host

CANDIDATES = ("qemu:///system", "qemu:///session")


def find_default(bridge: Bridge, found: Callable[[str], None], none: Callable[[tuple[HostRecord, ...]], None]) -> None:
    """Call ``found`` with the first candidate that answers, or ``none`` with all of them, failed, on the UI thread."""

    def work() -> None:
        failed: list[HostRecord] = []
        for uri in CANDIDATES:
            try:
                host = Host.open(uri, lambda _event: None)
            except SnapguiError as error:
                failed.append(HostRecord(uri, HostState.FAILED, problem=error.problem))
            else:
                bridge.post(partial(found, uri))
                host.close()
                return
        bridge.post(partial(none, tuple(failed)))

    threading.Thread(target=work, name="default host", daemon=True).start()
