"""One libvirt connection, with a way to end the calls on it that would never come back."""

import contextlib
import os
import socket
from collections.abc import Callable

import libvirt

from snapgui.core.uris import by_daemon
from snapgui.virt import eventloop
from snapgui.virt.errors import code_of

# A host that does not answer is given up after interval * (count + 1) = 25 seconds.
_KEEPALIVE_SECONDS = 5
_KEEPALIVE_COUNT = 4


class Connection:
    """An open ``virConnect`` to ``uri`` under ``libvirt``. Raises libvirtError.

    ``in_process``: its driver runs in this process; there is nothing that could be lost.
    """

    def __init__(self, uri: str, on_close: Callable[[int], None], *, watched: bool = True) -> None:
        """Connect. ``on_close`` is given libvirt's reason when the connection ends without ``close``.

        One that is not ``watched`` has no events and does not notice a host that is gone until it is ``cut``. But with
        each call of a watched one libvirt takes its socket from the event loop and gives it back, for each of which it
        needs Python's lock: 1,000 calls take 0.14 s without and 0.17 s with it, and twice that while others hold it.
        """
        self.uri = uri
        eventloop.start()
        with eventloop.noticing(watch=watched) as descriptors:
            self.libvirt = libvirt.open(by_daemon(uri))
        self.in_process = not self._keep_alive() if watched else False
        # Of several calls that wait when the keepalive gives up, libvirt ends the one that polls; the next one polls in
        # its turn, on a socket where nothing will ever happen, without a timeout (virNetClientIOEventLoop in libvirt's
        # src/rpc/virnetclient.c). Only the socket itself can tell it, so a duplicate is kept to shut it down.
        self._sockets = [] if self.in_process else [_socket(descriptor) for descriptor in descriptors]
        self.libvirt.registerCloseCallback(lambda _connection, reason, _opaque: on_close(reason), None)

    def _keep_alive(self) -> bool:
        """False where there is nothing that could be lost."""
        try:
            self.libvirt.setKeepAlive(_KEEPALIVE_SECONDS, _KEEPALIVE_COUNT)
        except libvirt.libvirtError as error:
            if code_of(error) != libvirt.VIR_ERR_NO_SUPPORT:
                raise
            return False
        return True

    @property
    def dead(self) -> bool:
        """Whether it has ended; asks nobody."""
        return not self.in_process and not self.libvirt.isAlive()

    def cut(self) -> None:
        """End it at once: every call on it comes back, with an error. From any thread."""
        for end in self._sockets:
            with contextlib.suppress(OSError):  # it is shut already
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close it; waits for the host. Nobody may be using it."""
        with contextlib.suppress(libvirt.libvirtError):
            self.libvirt.unregisterCloseCallback()  # it holds the connection open
        with contextlib.suppress(libvirt.libvirtError):
            self.libvirt.close()
        for end in self._sockets:
            end.close()


def _socket(descriptor: int) -> socket.socket:
    own = socket.socket(fileno=os.dup(descriptor))
    own.settimeout(0)  # as libvirt has it: the mode belongs to both, and libvirt would hang in a read that blocks
    return own
