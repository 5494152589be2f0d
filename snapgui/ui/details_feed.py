"""Brings the details panel what it asks for: a snapshot's XML, its picture, how the saving of a description went."""

from functools import partial

from PySide6.QtCore import QObject

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.differences.compare import Configuration
from snapgui.core.errors import Problem
from snapgui.core.records import DomainId
from snapgui.core.requests import Describe, Take
from snapgui.core.text import translate
from snapgui.jobs.backend import Backend
from snapgui.jobs.screens import why_not
from snapgui.models.store import Store
from snapgui.ui.details.panel import DetailsPanel
from snapgui.ui.operations.operations import Operations


class DetailsFeed(QObject):
    """Answers the panel's questions from the host and the cache, always later, never at once."""

    def __init__(
        self,
        panel: DetailsPanel,
        store: Store,
        backend: Backend,
        operations: Operations,
    ) -> None:
        super().__init__(panel)
        self._panel = panel
        self._store = store
        self._hosts = backend.hosts
        self._screens = backend.screens
        self._runner = backend.runner
        panel.xml_wanted.connect(self._read_xml)
        panel.differences_wanted.connect(self._read_configurations)
        panel.picture_wanted.connect(self._load_picture)
        panel.screen_wanted.connect(self._look_at)
        panel.describe.connect(operations.describe)
        operations.describe_refused.connect(self._describe_refused)
        backend.runner.job_changed.connect(self._job_changed)

    def _read_xml(self, domain: DomainId, name: str) -> None:
        answered = partial(self._panel.set_xml, domain, name)
        self._hosts.read_xml(domain, name, answered, partial(self._panel.set_xml_problem, domain, name))

    def _read_configurations(self, domain: DomainId, name: str) -> None:
        def answered(found: tuple[Configuration | None, ...]) -> None:
            self._panel.set_differences(domain, name, *found)

        failed = partial(self._panel.set_differences_problem, domain, name)
        self._hosts.read_configurations(domain, (name, None), answered, failed)

    def _load_picture(self, domain: DomainId, name: str) -> None:
        record = self._store.snapshots(domain).records.get(name)
        if record is not None:
            # A choice is also the time to notice what another client has edited under the same name.
            self._hosts.read_xml(domain, name, lambda _xml: None, lambda _problem: None)
            self._screens.want(domain.uuid, record, partial(self._picture_loaded, domain, name))

    def _picture_loaded(self, domain: DomainId, name: str, picture: bytes | None) -> None:
        why = why_not(picture)
        self._panel.set_picture(domain, name, None if why else picture, why)

    def _look_at(self, domain: DomainId) -> None:
        """A job on the machine would keep the question waiting, and libvirt would give up on it."""
        host = self._hosts.host(domain.uri)
        busy = any(record.plan.request.domain == domain for record in self._runner.busy)
        if host is not None and not busy:
            self._screens.want_now(host, domain.uuid, partial(self._panel.set_screen, domain))
        else:
            self._panel.skip_screen()

    def _describe_refused(self, request: Describe, problem: Problem | None) -> None:
        self._panel.set_describe_result(request.domain, request.snapshot, problem)

    def _job_changed(self, record: JobRecord) -> None:
        request = record.plan.request
        if isinstance(request, Describe) and record.state.ended:
            problem = record.problem
            if record.state is JobState.CANCELLED:
                problem = Problem(record.plan.title, translate("Details", "It was cancelled."))
            self._panel.set_describe_result(request.domain, request.snapshot, problem)
            if problem is not None:
                self._panel.keep_description(request, problem)
        elif isinstance(request, Take) and record.state is JobState.DONE:
            self._load_picture(request.domain, request.name)
