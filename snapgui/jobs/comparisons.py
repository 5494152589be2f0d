"""Compares a machine's disks at two moments: one comparison at a time, the last that was wanted."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject

from snapgui import virt
from snapgui.core.changed import Changed, Side
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.records import DomainId
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.connection import not_connected
from snapgui.jobs.hosts import Hosts
from snapgui.jobs.lane import Lane
from snapgui.virt.host import Host

_KEPT = 16  # comparisons; each takes some KB
_TOLD = 0.02  # of the whole: what is less is not told

Sides = tuple[Side, Side]


class _UnwantedError(Exception):
    """Raised while comparing: somebody wants something else by now."""


@dataclass(frozen=True, slots=True)
class _Asker:
    """Who waits. Stays on the UI thread: a worker that dropped the last reference to a widget would end it there."""

    answered: Callable[[Changed], None]
    failed: Callable[[Problem], None]
    told: Callable[[float], None]


class Comparisons(QObject):
    """What was found is kept; of it, only what may have changed since is read again."""

    def __init__(self, hosts: Hosts, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hosts = hosts
        self._bridge = bridge
        self._lane = Lane("comparisons")
        self._round = 0  # what is read for an earlier one is of no use any more
        self._asker: _Asker | None = None
        self._known: dict[tuple[DomainId, Sides], Changed] = {}

    def compare(
        self,
        domain: DomainId,
        sides: Sides,
        answered: Callable[[Changed], None],
        failed: Callable[[Problem], None],
        told: Callable[[float], None],
    ) -> None:
        """Which blocks of the disks differ. ``told`` is called with what part is done, now and then."""
        self.stop()
        host = self._hosts.host(domain.uri)
        if host is None:
            failed(not_connected(domain.uri))
            return
        self._asker = _Asker(answered, failed, told)
        number, known = self._round, self._known.get((domain, sides))
        self._lane.submit(lambda: self._read(host, domain, sides, known, number))

    def stop(self) -> None:
        """Nobody wants the comparison any more."""
        self._round += 1
        self._asker = None

    # On the lane

    def _read(self, host: Host, domain: DomainId, sides: Sides, known: Changed | None, number: int) -> None:
        last = 0.0

        def progress(part: float) -> None:
            nonlocal last
            if number != self._round:
                raise _UnwantedError
            if part - last >= _TOLD:
                last = part
                self._bridge.post(lambda: self._told(number, part))

        try:
            progress(0)
            found = virt.changes.read_changes(host, domain.uuid, sides, known, progress)
        except _UnwantedError:
            return
        except SnapguiError as error:
            problem = error.problem
            self._bridge.post(lambda: self._failed(number, problem))
        else:
            self._bridge.post(lambda: self._answered(number, (domain, sides), found))

    # On the UI thread

    def _told(self, number: int, part: float) -> None:
        if number == self._round and self._asker is not None:
            self._asker.told(part)

    def _failed(self, number: int, problem: Problem) -> None:
        if number == self._round and self._asker is not None:
            self._asker.failed(problem)

    def _answered(self, number: int, wanted: tuple[DomainId, Sides], found: Changed) -> None:
        self._known.pop(wanted, None)
        self._known[wanted] = found
        if len(self._known) > _KEPT:
            del self._known[next(iter(self._known))]
        if number == self._round and self._asker is not None:
            self._asker.answered(found)
