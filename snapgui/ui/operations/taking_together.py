"""From several chosen machines to one job: each is read, the dialog shows them all, and the plan runs."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, Situation
from snapgui.jobs.backend import Backend
from snapgui.models.store import Store
from snapgui.settings import NAME_TEMPLATE, Settings
from snapgui.ui import dialogs
from snapgui.ui.operations.under_way import UnderWay


class TakingTogether(QObject):
    """Asks how to take one snapshot of each of several machines. Nothing here waits."""

    def __init__(self, store: Store, backend: Backend, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._hosts = backend.hosts
        self._runner = backend.runner
        self._settings = settings
        self._window = window
        self._open: list[dialogs.TogetherDialog] = []
        self._under_way = UnderWay(backend, self)
        for changed in (store.snapshots_changed, store.domain_changed, store.domain_removed):
            changed.connect(self._follow)

    def take(self, domains: Sequence[DomainId]) -> None:
        """Ask for a name, and take a snapshot of each."""
        known = [each for domain in domains if (each := self._runner.situation(domain)) is not None]
        if not known:
            return
        dialog = dialogs.TogetherDialog(known, self._settings.get(NAME_TEMPLATE), self._window)
        self._open.append(dialog)
        dialog.accepted.connect(partial(self._accepted, dialog))
        dialog.finished.connect(partial(self._closed, dialog))
        reads = {domain: partial(self._read, dialog, domain) for domain in dialog.machines}
        self._under_way.watch(dialog, reads)
        dialog.open()
        for read in reads.values():
            read()

    def _read(
        self, dialog: "dialogs.TogetherDialog", domain: DomainId, then: Callable[[], None] = lambda: None
    ) -> None:
        def answered(read: Situation) -> None:
            self._surveyed(dialog, read)
            then()

        def failed(problem: Problem) -> None:
            self._not_surveyed(dialog, domain, problem)
            then()

        self._hosts.survey(domain, (), answered, failed)

    def _surveyed(self, dialog: "dialogs.TogetherDialog", read: Situation) -> None:
        if dialog in self._open:
            dialog.set_situation(self._runner.with_pauses(read))

    def _not_surveyed(self, dialog: "dialogs.TogetherDialog", domain: DomainId, problem: Problem) -> None:
        if dialog in self._open:
            dialog.set_unreadable(domain, problem)

    def _follow(self, domain: DomainId) -> None:
        """What others change while the dialog is open changes its plan too."""
        for dialog in self._open.copy():
            before, known = dialog.situation_of(domain), self._runner.situation(domain)
            if before is None:
                continue
            if known is None:
                dialog.set_gone(domain)
                continue
            machine = replace(known.domain, problem=known.domain.problem or before.domain.problem)
            changed = replace(
                before, host=known.host, domain=machine, snapshots=known.snapshots, sizes=known.sizes, usage=known.usage
            )
            if changed != before:
                dialog.set_situation(changed)

    def _accepted(self, dialog: "dialogs.TogetherDialog") -> None:
        self._runner.start(dialog.plan)

    def _closed(self, dialog: "dialogs.TogetherDialog", _result: int) -> None:
        self._open.remove(dialog)
        dialog.deleteLater()
