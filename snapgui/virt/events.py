"""What a connection tells on its own. Handed out on the thread of libvirt's event loop."""

from dataclasses import dataclass

import libvirt

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId

LIFECYCLE = {
    libvirt.VIR_DOMAIN_EVENT_DEFINED: "defined",
    libvirt.VIR_DOMAIN_EVENT_UNDEFINED: "undefined",
    libvirt.VIR_DOMAIN_EVENT_STARTED: "started",
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: "suspended",
    libvirt.VIR_DOMAIN_EVENT_RESUMED: "resumed",
    libvirt.VIR_DOMAIN_EVENT_STOPPED: "stopped",
    libvirt.VIR_DOMAIN_EVENT_SHUTDOWN: "shutdown",
    libvirt.VIR_DOMAIN_EVENT_PMSUSPENDED: "pmsuspended",
    libvirt.VIR_DOMAIN_EVENT_CRASHED: "crashed",
}


@dataclass(frozen=True, slots=True)
class DomainChanged:
    """A domain began to exist, changed or went.

    ``event`` is a value of ``LIFECYCLE``, "metadata" or "reboot". ``detail`` is libvirt's number for the cause, whose
    meaning depends on the event. ``at`` is when it was received, in seconds since the epoch.
    """

    id: DomainId
    event: str
    detail: int
    at: float


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """The connection ended without being asked to: once per Host, and nothing follows."""

    uri: str
    problem: Problem


Event = DomainChanged | ConnectionLost
