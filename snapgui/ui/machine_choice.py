"""Which machine is chosen when the user has chosen none: the one that was asked for, else that of last time, else a
host's first.
"""

from PySide6.QtCore import QObject, QTimer, Signal

from snapgui.core.records import DomainId, HostState
from snapgui.models.store import Store
from snapgui.ui.machines import MachinesPanel


class MachineChoice(QObject):
    """Chooses in the machines panel. What the user has chosen stays."""

    missing = Signal(str)  # the machine that was asked for is on none of the hosts

    def __init__(self, store: Store, machines: MachinesPanel) -> None:
        super().__init__(machines)
        self._store = store
        self._machines = machines
        self._preferred = ""  # the machine to choose once it appears
        self._entering = ""  # the host whose first machine to choose once it appears
        self._last: DomainId | None = None  # the machine of last time, as long as it may appear
        self._waits = False

    def prefer(self, domain: str) -> None:
        """Choose the first machine of this name that appears."""
        self._preferred = domain

    def remember(self, domain: DomainId) -> None:
        """Choose this machine, as long as its host does not turn out to be without it."""
        self._last = domain

    def enter(self, uri: str) -> None:
        """Choose the first machine of this host once there is one; until then the host itself."""
        self._entering, self._last = uri, None
        self._machines.choose(uri)

    def wait(self, *, waits: bool) -> None:
        """Nothing is settled while machines are still being made."""
        self._waits = waits

    def follow(self) -> None:
        """Hosts or machines have come, gone or changed."""
        self._choose_preferred()
        if any(host.state is HostState.FAILED for host in self._store.hosts()):
            self.settle()

    def settle(self) -> None:
        """Once every host has answered or failed: say where the machine that was asked for is on none of them.

        Not at once: a host tells that it is connected before it tells its machines.
        """
        QTimer.singleShot(0, self, self._settle)

    def _settle(self) -> None:
        hosts = self._store.hosts()
        if self._waits or not hosts or any(host.state is HostState.CONNECTING for host in hosts):
            return
        if self._preferred:
            name, self._preferred = self._preferred, ""
            self.missing.emit(name)
        self._choose_first()
        failed = next((host for host in hosts if host.state is HostState.FAILED), None)
        if self._machines.uri() is None and failed is not None:
            self._machines.choose(failed.uri)  # its reason stands where its snapshots would

    def _choose_preferred(self) -> None:
        """Choose the machine that was asked for as soon as it appears, or the first one where none was asked for.

        The first one once all of its host are there: they come one by one, in libvirt's order.
        """
        if not self._preferred:
            if self._machines.uri() is None or self._machines.uri() == self._entering:
                QTimer.singleShot(0, self, self._choose_first)
            return
        for host in self._store.hosts():
            for domain in self._store.domains(host.uri):
                if self._preferred == domain.name and self._machines.choose(domain.id):
                    self._preferred = ""
                    return

    def _comes_back(self) -> bool:
        """Whether the machine of last time is chosen now, or its host has yet to say whether there is one."""
        last = self._last
        if last is None or self._machines.choose(last):
            self._last = None
            return last is not None
        host = self._store.host(last.uri)
        return host is not None and host.state is HostState.CONNECTING

    def _choose_first(self) -> None:
        if self._preferred or self._machines.domain() is not None or self._comes_back():
            return
        chosen = self._machines.uri()
        if chosen is None or chosen == self._entering:
            first = self._machines.first(chosen)
            if first is not None and self._machines.choose(first):
                self._entering = ""
