"""A plan that is on screen while another job changes its machine may not hold any more once that has ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from snapgui.core.activity import JobRecord
from snapgui.core.records import DomainId
from snapgui.core.requests import domains
from snapgui.core.text import translate
from snapgui.jobs.backend import Backend

if TYPE_CHECKING:
    from snapgui.ui import dialogs

Read = Callable[[Callable[[], None]], None]  # reads a machine for a dialog, then calls its argument


@dataclass(slots=True)
class _Watched:
    """A dialog's machines: how each is read, which of them a job changes, which are being read since one has ended."""

    reads: Mapping[DomainId, Read]
    changing: set[DomainId] = field(default_factory=set)
    reading: set[DomainId] = field(default_factory=set)


class UnderWay(QObject):
    """Holds dialogs back for as long as a job of their machines waits or runs, and until these are read again."""

    def __init__(self, backend: Backend, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = backend.runner
        self._dialogs: dict[dialogs.PlanDialog, _Watched] = {}
        backend.runner.job_changed.connect(self._job_changed)
        backend.hosts.listed.connect(self._listed)

    def watch(self, dialog: "dialogs.PlanDialog", reads: Mapping[DomainId, Read]) -> None:
        """Follow the jobs of the dialog's machines, each of which is read by its own of ``reads``."""
        self._dialogs[dialog] = _Watched(reads)
        dialog.finished.connect(partial(self._forget, dialog))
        dialog.concerns_changed.connect(partial(self._show, dialog))
        self._follow(dialog)

    def _forget(self, dialog: "dialogs.PlanDialog", _result: int) -> None:
        self._dialogs.pop(dialog, None)

    def _job_changed(self, job: JobRecord) -> None:
        touched = domains(job.plan.request)
        for dialog, watched in tuple(self._dialogs.items()):
            if not watched.reads.keys().isdisjoint(touched):
                self._follow(dialog)

    def _follow(self, dialog: "dialogs.PlanDialog") -> None:
        watched = self._dialogs[dialog]
        if not dialog.busy:
            touched = {domain for job in self._runner.busy for domain in domains(job.plan.request)}
            changing = touched & watched.reads.keys()
            watched.reading |= watched.changing
            watched.reading -= changing
            watched.changing = changing
        self._show(dialog)

    def _show(self, dialog: "dialogs.PlanDialog") -> None:
        watched = self._dialogs.get(dialog)
        if watched is None:
            return
        concerns = dialog.concerns()
        if not watched.changing.isdisjoint(concerns):
            dialog.hold(self._what_runs(concerns))
        elif not watched.reading.isdisjoint(concerns):
            dialog.hold(translate("UnderWay", "Reading the machine once more…"))
        elif dialog.held:
            dialog.hold("")

    def _what_runs(self, concerns: tuple[DomainId, ...]) -> str:
        text = translate("UnderWay", "Under way on this machine: {title}. The plan may change when that is done.")
        if len(concerns) > 1:
            text = translate(
                "UnderWay", "Under way on one of these machines: {title}. The plan may change when that is done."
            )
        busy = (job.plan for job in self._runner.busy)
        title = next((plan.title for plan in busy if not set(concerns).isdisjoint(domains(plan.request))), "")
        return text.format(title=title)

    def _listed(self, domain: DomainId) -> None:
        for dialog, watched in tuple(self._dialogs.items()):
            if domain in watched.reading:
                watched.reads[domain](partial(self._let_go, dialog, domain))

    def _let_go(self, dialog: "dialogs.PlanDialog", domain: DomainId) -> None:
        watched = self._dialogs.get(dialog)
        if watched is not None and domain in watched.reading:  # no other job has begun meanwhile
            watched.reading.remove(domain)
            self._show(dialog)
