"""Whether a guest that has been asked to shut down or to restart does so.

Asking takes no time and promises nothing; that the guest does it, libvirt tells by an event.
"""

from functools import partial
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.job_words import is_asking
from snapgui.core.records import DomainId, DomainState
from snapgui.core.requests import Power
from snapgui.jobs.hosts import Hosts
from snapgui.jobs.records import Records
from snapgui.jobs.runner import Runner
from snapgui.virt.events import DomainChanged

PATIENCE_MS: Final = 20_000  # a guest that does as it is asked mostly begins to within this time
_REACTIONS: Final = frozenset({"shutdown", "stopped", "started", "crashed", "reboot", "pmsuspended"})


class Reactions(QObject):
    """Waits for what comes of asking, and tells where nothing does."""

    missed = Signal(object)  # JobRecord: its guest has not done yet what that asked for
    settled = Signal(object)  # DomainId: a guest has reacted, is gone, or has been asked anew

    def __init__(self, hosts: Hosts, runner: Runner, records: Records, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._records = records
        self._waiting: dict[DomainId, QTimer] = {}
        self._reacted: dict[DomainId, float] = {}  # when last, in seconds since the epoch
        runner.job_changed.connect(self._job_changed)
        hosts.event_seen.connect(self._event_seen)

    def _job_changed(self, job: JobRecord) -> None:
        request = job.plan.request
        if not isinstance(request, Power) or not is_asking(request) or job.state is not JobState.DONE:
            return
        self._settle(request.domain)
        if self._reacted.get(request.domain, 0.0) < (job.started or 0.0):  # an event may come before the call's end
            timer = QTimer(self, singleShot=True, interval=PATIENCE_MS)
            timer.timeout.connect(partial(self._look, job))
            self._waiting[request.domain] = timer
            timer.start()

    def _event_seen(self, event: DomainChanged) -> None:
        if event.event in _REACTIONS:
            self._reacted[event.id] = event.at
            self._settle(event.id)

    def _settle(self, domain: DomainId) -> None:
        timer = self._waiting.pop(domain, None)
        if timer is not None:
            timer.stop()
            timer.deleteLater()
            self.settled.emit(domain)

    def _look(self, job: JobRecord) -> None:
        record = self._records.domain(job.plan.request.domain)
        if record is not None and record.state is DomainState.RUNNING:
            self.missed.emit(job)
        else:
            self._settle(job.plan.request.domain)
