"""Keeps what the XML of the machine on screen says as it is on its host."""

from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal

from snapgui.core.activity import JobRecord
from snapgui.core.differences.outlook import Outlook
from snapgui.core.errors import Problem
from snapgui.core.records import DomainId
from snapgui.core.requests import domains
from snapgui.jobs.hosts import Hosts
from snapgui.jobs.runner import Runner
from snapgui.virt.events import DomainChanged

_SOON_MS: Final = 100  # events come in bursts
_POLL_MS: Final = 10_000  # libvirt has no event for every change of what is defined


class OutlookFeed(QObject):
    """``changed`` tells that ``outlook`` gives another answer.

    Nothing is asked while a job of ours holds the machine: libvirt would keep the question waiting, and give up on it.
    """

    changed = Signal()

    def __init__(self, hosts: Hosts, runner: Runner) -> None:
        super().__init__()
        self._hosts = hosts
        self._runner = runner
        self._domain: DomainId | None = None
        self._outlook: Outlook | None = None
        self._asked: DomainId | None = None
        self._again = False  # something happened since it was asked
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_SOON_MS)
        self._soon.timeout.connect(self._ask)
        self._poll = QTimer(self)
        self._poll.setInterval(_POLL_MS)
        self._poll.timeout.connect(self._ask)
        hosts.event_seen.connect(self._event_seen)
        hosts.opened.connect(self._host_read)
        hosts.refreshed.connect(self._host_read)
        runner.job_changed.connect(self._job_changed)

    @property
    def outlook(self) -> Outlook | None:
        """What was read last of the machine on screen; None: nothing yet."""
        return self._outlook

    def follow(self, domain: DomainId | None) -> None:
        """Another machine is on screen, or none."""
        if domain == self._domain:
            return
        self._domain = domain
        self._set(None)
        if domain is None:
            self._poll.stop()
        else:
            self._poll.start()
            self._soon.start()

    def _event_seen(self, event: DomainChanged) -> None:
        if event.id == self._domain:
            self._soon.start()

    def _host_read(self, uri: str) -> None:
        if self._domain is not None and self._domain.uri == uri:
            self._soon.start()

    def _job_changed(self, job: JobRecord) -> None:
        if job.state.ended and self._domain in domains(job.plan.request):
            self._soon.start()

    def _ask(self) -> None:
        domain = self._domain
        busy = any(domain in domains(job.plan.request) for job in self._runner.busy)
        if domain is None or busy:
            return
        if self._asked == domain:
            self._again = True
            return
        self._asked = domain
        self._again = False

        def answered(found: Outlook) -> None:
            if domain == self._asked:
                self._asked = None
                if self._again:
                    self._soon.start()
            if domain == self._domain:
                self._set(found)

        def failed(_problem: Problem) -> None:
            """Why is told elsewhere, if it matters: by the host's row, or by the machine that has gone."""
            if domain == self._asked:
                self._asked = None

        self._hosts.look(domain, answered, failed)

    def _set(self, found: Outlook | None) -> None:
        if found != self._outlook:
            self._outlook = found
            self.changed.emit()
