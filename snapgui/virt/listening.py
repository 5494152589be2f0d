"""What a host tells by itself: that a domain has changed, and that the connection is lost."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable

import libvirt

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId
from snapgui.core.text import translate
from snapgui.virt.errors import code_of
from snapgui.virt.events import LIFECYCLE, ConnectionLost, DomainChanged, Event

_log = logging.getLogger(__name__)


class Listening:
    """Hands on what libvirt tells, until it is hushed. Thread-safe."""

    def __init__(self, uri: str, on_event: Callable[[Event], None]) -> None:
        """``on_event`` is called on any thread; what it raises is logged."""
        self._uri = uri
        self._on_event = on_event
        self._lock = threading.Lock()
        self._quiet = False  # there is nothing more to tell: lost, or closed by us
        self._ids: list[int] = []

    def begin(self, connection: libvirt.virConnect) -> None:
        """Listen to a connection, to that which its driver can tell. Raises libvirtError."""
        kinds = (
            (libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._lifecycle),
            (libvirt.VIR_DOMAIN_EVENT_ID_METADATA_CHANGE, self._metadata),
            (libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, self._rebooted),
        )
        for kind, callback in kinds:
            try:
                self._ids.append(connection.domainEventRegisterAny(None, kind, callback, None))
            except libvirt.libvirtError as error:
                if code_of(error) != libvirt.VIR_ERR_NO_SUPPORT:
                    raise

    def end(self, connection: libvirt.virConnect) -> None:
        """Listen to it no more."""
        for event_id in self._ids:
            with contextlib.suppress(libvirt.libvirtError):
                connection.domainEventDeregisterAny(event_id)

    def hush(self) -> bool:
        """Tell of no change from now on. Whether that is new: so of several who find it lost, one says so."""
        with self._lock:
            before, self._quiet = self._quiet, True
            return not before

    def lost(self, reason: int) -> None:
        """Tell that the connection is lost, for this virConnectCloseReason."""
        tried = translate("Host", "Staying connected to {uri}").format(uri=self._uri)
        if reason == libvirt.VIR_CONNECT_CLOSE_REASON_KEEPALIVE:
            why = translate("Host", "The host stopped answering.")
        elif reason == libvirt.VIR_CONNECT_CLOSE_REASON_EOF:
            why = translate("Host", "The host ended the connection.")
        else:
            why = translate("Host", "The connection broke.")
        remedy = translate("Host", "Connect again.")
        self._tell(ConnectionLost(self._uri, Problem(tried, why, remedy, code=libvirt.VIR_ERR_RPC)))

    def _lifecycle(self, _: object, domain: libvirt.virDomain, event: int, detail: int, _opaque: object) -> None:
        self._changed(domain, LIFECYCLE.get(event, "changed"), detail)

    def _metadata(self, _: object, domain: libvirt.virDomain, kind: int, _uri: str | None, _opaque: object) -> None:
        self._changed(domain, "metadata", kind)

    def _rebooted(self, _: object, domain: libvirt.virDomain, _opaque: object) -> None:
        self._changed(domain, "reboot", 0)

    def _changed(self, domain: libvirt.virDomain, event: str, detail: int) -> None:
        if not self._quiet:
            self._tell(DomainChanged(DomainId(self._uri, domain.UUIDString()), event, detail, time.time()))

    def _tell(self, event: Event) -> None:
        _log.debug("%s", event)
        try:
            self._on_event(event)
        except Exception:  # noqa: BLE001 - this is libvirt's callback: nobody above could handle it
            _log.exception("%s was not handled", event)
