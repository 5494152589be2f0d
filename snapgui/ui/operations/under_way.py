"""A plan that is on screen while another job changes its machine may not hold any more once that has ended."""

from collections.abc import Callable
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

Read = Callable[[Callable[[], None]], None]


class UnderWay(QObject):
    """Holds dialogs back for as long as a job of their machine waits or runs, and until the machine is read again."""

    def __init__(self, backend: Backend, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = backend.runner
        self._dialogs: dict[dialogs.PlanDialog, Read] = {}
        self._ended: list[dialogs.PlanDialog] = []  # their machines' snapshots are being listed
        backend.runner.job_changed.connect(self._job_changed)
        backend.hosts.listed.connect(self._listed)

    def watch(self, dialog: "dialogs.PlanDialog", read: Read) -> None:
        """Follow the jobs of the dialog's machine. ``read`` reads it for the dialog, then calls its argument."""
        self._dialogs[dialog] = read
        dialog.finished.connect(partial(self._forget, dialog))
        self._follow(dialog)

    def _forget(self, dialog: "dialogs.PlanDialog", _result: int) -> None:
        self._dialogs.pop(dialog, None)
        if dialog in self._ended:
            self._ended.remove(dialog)

    def _job_changed(self, job: JobRecord) -> None:
        touched = domains(job.plan.request)
        for dialog in tuple(self._dialogs):
            if dialog.situation.domain.id in touched:
                self._follow(dialog)

    def _follow(self, dialog: "dialogs.PlanDialog") -> None:
        domain = dialog.situation.domain.id
        title = next((job.plan.title for job in self._runner.busy if domain in domains(job.plan.request)), "")
        if title and not dialog.busy:
            if dialog in self._ended:
                self._ended.remove(dialog)
            text = translate("UnderWay", "Under way on this machine: {title}. The plan may change when that is done.")
            dialog.hold(text.format(title=title))
        elif not title and dialog.held and dialog not in self._ended:
            self._ended.append(dialog)
            dialog.hold(translate("UnderWay", "Reading the machine once more…"))

    def _listed(self, domain: DomainId) -> None:
        for dialog in tuple(self._ended):
            if dialog.situation.domain.id == domain:
                self._dialogs[dialog](partial(self._let_go, dialog))

    def _let_go(self, dialog: "dialogs.PlanDialog") -> None:
        if dialog in self._ended:  # no other job has begun meanwhile
            self._ended.remove(dialog)
            dialog.hold("")
