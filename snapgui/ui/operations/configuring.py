"""From “Settings” to a machine that has them: the dialog stays until libvirt has taken what was written."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from snapgui.core.activity import JobRecord, JobState
from snapgui.core.errors import Problem
from snapgui.core.plan import Level
from snapgui.core.records import DomainId, Situation
from snapgui.core.requests import Configure
from snapgui.core.rules import make_plan
from snapgui.core.text import translate
from snapgui.jobs.backend import Backend
from snapgui.models.store import Store
from snapgui.ui import dialogs
from snapgui.ui.operations.under_way import UnderWay


class Configuring(QObject):
    """Opens the settings of machines, and brings them what they ask for. Nothing here waits."""

    def __init__(self, store: Store, backend: Backend, window: QWidget) -> None:
        super().__init__(window)
        self._hosts = backend.hosts
        self._runner = backend.runner
        self._window = window
        self._open: list[dialogs.SettingsDialog] = []
        self._saving: dict[int, dialogs.SettingsDialog] = {}  # by job
        self._under_way = UnderWay(backend, self)
        backend.runner.job_changed.connect(self._job_changed)
        store.snapshots_changed.connect(self._follow)
        store.domain_changed.connect(self._follow)

    def settings(self, domain: DomainId) -> None:
        """Show the machine's settings, to change them."""
        known = self._runner.situation(domain)
        if known is None:
            return
        dialog = dialogs.SettingsDialog(known, self._window)
        self._open.append(dialog)
        dialog.save_wanted.connect(partial(self._save, dialog))
        dialog.reading_wanted.connect(partial(self._read, dialog))
        dialog.finished.connect(partial(self._closed, dialog))
        self._under_way.watch(dialog, {domain: partial(self._read, dialog)})
        dialog.open()
        self._read(dialog)

    def _read(self, dialog: "dialogs.SettingsDialog", then: Callable[[], None] = lambda: None) -> None:
        domain = dialog.situation.domain.id

        def answered(read: Situation) -> None:
            self._was_read(dialog, read)
            then()

        def failed(problem: Problem) -> None:
            self._was_not_read(dialog, problem)
            then()

        self._hosts.survey(domain, (), answered, failed, next_xml=True)

    def _was_read(self, dialog: "dialogs.SettingsDialog", read: Situation) -> None:
        if dialog in self._open:
            dialog.set_situation(read)

    def _was_not_read(self, dialog: "dialogs.SettingsDialog", problem: Problem) -> None:
        if dialog in self._open:
            dialog.set_reading_failed(problem)

    def _follow(self, domain: DomainId) -> None:
        for dialog in self._open:
            known = self._runner.situation(domain)
            if dialog.situation.domain.id == domain and known is not None:
                changed = replace(dialog.situation, host=known.host, domain=known.domain, snapshots=known.snapshots)
                if changed != dialog.situation:
                    dialog.set_situation(changed)

    def _save(self, dialog: "dialogs.SettingsDialog", request: Configure) -> None:
        """Somebody else may have changed the configuration since it was read, so it is read once more."""

        def surveyed(read: Situation) -> None:
            plan = make_plan(request, read)
            if plan.ready:
                self._saving[self._runner.start(plan)] = dialog
                return
            blocker = next((each for each in plan.findings if each.level is Level.BLOCKER), None)
            why = blocker.reason if blocker else translate("SettingsDialog", "There is nothing to save.")
            refused(Problem(plan.title, why, blocker.remedy if blocker else ""))

        def refused(problem: Problem) -> None:
            if dialog in self._open:
                dialog.set_refused(problem)

        self._hosts.survey(request.domain, (), surveyed, refused, next_xml=True)

    def _job_changed(self, job: JobRecord) -> None:
        if job.id not in self._saving or not job.state.ended:
            return
        dialog = self._saving.pop(job.id)
        if dialog not in self._open:
            return
        if job.state is JobState.DONE:
            dialog.set_saved()
        else:
            cancelled = Problem(job.plan.title, translate("SettingsDialog", "It was cancelled."))
            dialog.set_refused(job.problem or cancelled)

    def _closed(self, dialog: "dialogs.SettingsDialog", _result: int) -> None:
        self._open.remove(dialog)
        dialog.deleteLater()
