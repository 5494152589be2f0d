"""From an action to a job: each operation reads top to bottom as situation, dialog, plan, run."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget

from snapgui.core import rules
from snapgui.core.differences.compare import Configuration
from snapgui.core.errors import Problem
from snapgui.core.plan import EffectKind, Finding, Level, Plan
from snapgui.core.records import DomainId, Situation, SnapshotRecord
from snapgui.core.requests import Describe, MachineRequest, Power, PowerAction, SetCurrent, Undo
from snapgui.core.rules import make_plan
from snapgui.jobs.backend import Backend
from snapgui.jobs.files import ReadFile
from snapgui.models.store import Store
from snapgui.settings import EXPORT_FOLDER, NAME_TEMPLATE, XML_GEOMETRY, Settings
from snapgui.ui import dialogs
from snapgui.ui.details.picture import Decoder
from snapgui.ui.documents import documents_folder
from snapgui.ui.operations.under_way import UnderWay


class Operations(QObject):
    """Asks the user where something is to be decided or lost, and starts the job. Nothing here waits."""

    refused = Signal(object)  # Problem: an operation without a dialog could not start
    settled = Signal()  # one of ``unsettled`` has become a job, or was refused
    describe_refused = Signal(object, object)  # Describe, and its Problem; None: it changes nothing

    def __init__(self, store: Store, backend: Backend, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._hosts = backend.hosts
        self._runner = backend.runner
        self._files = backend.files
        self._settings = settings
        self._window = window
        self._screens = backend.screens
        self._check_health = backend.check_health
        self._unsettled: dict[MachineRequest, str] = {}
        self._open: dict[DomainId, list[dialogs.PlanDialog]] = {}
        self._under_way = UnderWay(backend, self)
        self._decoder = Decoder()
        self._decoder.decoded.connect(self._picture_decoded)
        store.snapshots_changed.connect(self._follow)
        store.domain_changed.connect(self._follow)
        store.usage_changed.connect(self._follow)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """What has been asked for without a dialog and is not a job yet, by its plan's title."""
        return tuple(self._unsettled.values())

    def take(self, domain: DomainId) -> None:
        """Ask for a name and take a snapshot."""
        if (known := self._runner.situation(domain)) is not None:
            dialog = dialogs.TakeDialog(known, self._settings.get(NAME_TEMPLATE), self._window)
            dialog.accepted.connect(partial(self._keep_template, dialog))
            self._ask(dialog)

    def revert(self, domain: DomainId, snapshot: SnapshotRecord) -> None:
        """Ask how, and bring the machine back."""
        if (known := self._runner.situation(domain)) is not None:
            dialog = dialogs.RevertDialog(known, snapshot.name, self._window)
            dialog.comparison_wanted.connect(partial(self._compare_with_now, dialog, snapshot.name))
            self._ask(dialog, rules.revert_files.told_by_xml(snapshot.name, known.snapshots))
            self._screens.want(domain.uuid, snapshot, partial(self._picture_loaded, domain))

    def undo(self, domain: DomainId, safety: str) -> None:
        """Take a revert back by its safety snapshot; asks where that loses something."""
        request = Undo(domain, safety)
        known = self._runner.situation(domain)
        about = (safety,) if known is None else rules.revert_files.told_by_xml(safety, known.snapshots)

        def surveyed(read: Situation) -> None:
            plan = make_plan(request, read)
            if plan.ready and any(effect.kind is EffectKind.LOSES for effect in plan.effects):
                self._confirm(plan)
            else:
                self._run_or_refuse(plan, self.refused.emit)

        if known is not None and safety not in known.snapshots.records:
            self._run_or_refuse(make_plan(request, known), self.refused.emit)
        else:
            dependents = known is not None and rules.revert_files.gives_up_files(safety, known.snapshots)
            self._hosts.survey(domain, about, surveyed, self.refused.emit, dependents=dependents)

    def undo_by(self, domain: DomainId, safety: SnapshotRecord) -> None:
        """The same, by the snapshot itself."""
        self.undo(domain, safety.name)

    def delete(self, domain: DomainId, snapshots: tuple[SnapshotRecord, ...]) -> None:
        """Ask how far, and delete."""
        if (known := self._runner.situation(domain)) is not None:
            names = tuple(snapshot.name for snapshot in snapshots)
            about = (*names[: len(names) == 1], *rules.delete.told_by_xml(known.snapshots, names))
            self._ask(dialogs.DeleteDialog(known, names, self._window), tuple(dict.fromkeys(about)))

    def edit(self, domain: DomainId, snapshot: SnapshotRecord) -> None:
        """Ask for another description."""
        if (known := self._runner.situation(domain)) is not None:
            self._ask(dialogs.DescribeDialog(known, snapshot.name, self._window), (snapshot.name,))

    def edit_xml(self, domain: DomainId, snapshot: SnapshotRecord) -> None:
        """Ask for another XML."""
        if (known := self._runner.situation(domain)) is not None:
            dialog = dialogs.EditXmlDialog(known, snapshot.name, self._window)
            dialog.restoreGeometry(self._settings.get(XML_GEOMETRY))
            dialog.finished.connect(lambda: self._settings.set(XML_GEOMETRY, dialog.saveGeometry()))
            self._ask_lasting(dialog)

    def rename(self, domain: DomainId, snapshot: SnapshotRecord) -> None:
        """Ask for another name."""
        if (known := self._runner.situation(domain)) is not None:
            dialog = dialogs.RenameDialog(known, snapshot.name, self._window)
            dialog.describe_wanted.connect(partial(self.edit, domain, snapshot))
            self._ask_lasting(dialog)

    def clone(self, domain: DomainId, snapshot: SnapshotRecord) -> None:
        """Ask for a name, and make a new machine of the snapshot."""
        if (known := self._runner.situation(domain)) is not None:
            self._ask(dialogs.CloneDialog(known, snapshot.name, self._window), (snapshot.name,))

    def export_data(self, domain: DomainId, snapshot: SnapshotRecord) -> None:
        """Ask as what and where to, and write the snapshot's data."""
        if (known := self._runner.situation(domain)) is not None:
            folder = self._settings.get(EXPORT_FOLDER) or documents_folder()
            dialog = dialogs.ExportDataDialog(known, snapshot.name, folder, self._window)
            dialog.accepted.connect(partial(self._keep_folder, dialog))
            self._ask(dialog, (snapshot.name,))

    def compact(self, domain: DomainId) -> None:
        """Show what compacting the machine's disks gives back, and do it."""
        if (known := self._runner.situation(domain)) is not None:
            self._ask(dialogs.CompactDialog(known, self._window))
            self._hosts.refresh(domain)  # what its images hold may have been counted before its guest wrote to them

    def import_files(self, domain: DomainId) -> None:
        """Ask for files, and define the snapshots in them."""
        if (known := self._runner.situation(domain)) is not None:
            dialog = dialogs.ImportDialog(known, self._window)
            dialog.files_wanted.connect(partial(self._read_files, dialog))
            self._ask_lasting(dialog)
            dialog.choose_files()

    def describe(self, request: Describe) -> None:
        """Save a description that was edited in place."""
        self._run_at_once(request, (request.snapshot,), partial(self.describe_refused.emit, request))

    def set_current(self, domain: DomainId, snapshot: SnapshotRecord) -> None:
        """Show what moving the mark of the current snapshot means, and move it."""
        request = SetCurrent(domain, snapshot.name)

        def surveyed(read: Situation) -> None:
            plan = make_plan(request, read)
            if plan.ready:
                self._confirm(plan)
            else:
                self._run_or_refuse(plan, self.refused.emit)

        self._hosts.survey(domain, (snapshot.name,), surveyed, self.refused.emit)

    def power(self, domain: DomainId, action: PowerAction) -> None:
        """Start, pause and so on; asks before what the guest can lose by."""
        known = self._runner.situation(domain)
        if known is None:
            return
        request = Power(domain, action)

        def planned(situation: Situation) -> None:
            plan = make_plan(request, situation)
            loses = any(effect.kind is EffectKind.LOSES for effect in plan.effects)
            if plan.ready and (loses or any(finding.level is Level.WARNING for finding in plan.findings)):
                self._confirm(plan)
            else:
                self._run_or_refuse(plan, self.refused.emit)

        if action is PowerAction.START and known.domain.managed_save:
            self._hosts.survey(domain, (), planned, self.refused.emit)  # whether the disks still fit what was saved
        else:
            planned(known)

    def force_off(self, domain: DomainId) -> None:
        """The same, for a guest that does not react to anything else."""
        self.power(domain, PowerAction.FORCE_OFF)

    def check_health(self, domain: DomainId) -> None:
        """Show what is wrong with the machine's snapshots and files, and mend what is chosen."""
        if (known := self._runner.situation(domain)) is not None:
            self._ask(dialogs.HealthDialog(known, self._window))

    def _compare_with_now(self, dialog: "dialogs.RevertDialog", snapshot: str) -> None:
        domain = dialog.situation.domain.id

        def answered(found: tuple[Configuration | None, ...]) -> None:
            if dialog in self._open.get(domain, ()):
                dialog.set_comparison(*found)

        def failed(problem: Problem) -> None:
            if dialog in self._open.get(domain, ()):
                dialog.set_comparison_failed(problem)

        self._hosts.read_configurations(domain, (None, snapshot), answered, failed)

    def _confirm(self, plan: Plan) -> None:
        dialog = dialogs.ConfirmDialog(plan, self._window)
        dialog.accepted.connect(partial(self._run, plan))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask(self, dialog: "dialogs.PlanDialog", about: tuple[str, ...] = ()) -> None:
        """Open the dialog on what is known, and let it go on with what its host says."""
        domain = dialog.situation.domain.id
        self._open.setdefault(domain, []).append(dialog)
        self._under_way.watch(dialog, {domain: partial(self._survey, dialog, about)})
        dialog.accepted.connect(partial(self._accepted, dialog))
        dialog.finished.connect(partial(self._closed, dialog))
        dialog.reading_wanted.connect(partial(self._survey, dialog, about))
        dialog.open()
        self._survey(dialog, about)

    def _ask_lasting(self, dialog: "dialogs.LastingDialog") -> None:
        """Open a dialog that stays until its job has been done."""
        dialog.check_wanted.connect(partial(self._check, dialog))
        dialog.run_wanted.connect(partial(self._run_lasting, dialog))
        dialog.cancel_wanted.connect(self._runner.cancel)
        self._runner.job_changed.connect(dialog.job_changed)
        self._ask(dialog, dialog.about())

    def _check(self, dialog: "dialogs.LastingDialog") -> None:
        def surveyed(read: Situation) -> None:
            self._surveyed(dialog, read)
            if dialog in self._open.get(read.domain.id, ()):
                dialog.checked()

        domain = dialog.situation.domain.id
        failed = partial(self._not_surveyed, dialog)
        self._hosts.survey(domain, dialog.about(), surveyed, failed, dialog.folders())

    def _run_lasting(self, dialog: "dialogs.LastingDialog") -> None:
        dialog.follow(self._runner.start(dialog.plan))

    def _read_files(self, dialog: "dialogs.ImportDialog", paths: tuple[str, ...]) -> None:
        def read(files: tuple[ReadFile, ...]) -> None:
            if dialog in self._open.get(dialog.situation.domain.id, ()):
                dialog.add(files)

        self._files.read(paths, read)

    def _survey(
        self, dialog: "dialogs.PlanDialog", about: tuple[str, ...], then: Callable[[], None] = lambda: None
    ) -> None:
        """Read the machine for the dialog, and call ``then`` once that is done or has failed."""
        domain = dialog.situation.domain.id

        def answered(read: Situation) -> None:
            self._surveyed(dialog, read)
            then()

        def failed(problem: Problem) -> None:
            self._not_surveyed(dialog, problem)
            then()

        if dialog.examines:
            self._check_health(domain, answered, failed)
            return
        self._hosts.survey(
            domain,
            about,
            answered,
            failed,
            dialog.folders(),
            prepared=dialog.prepared(),
            dependents=dialog.dependents(),
            copied=dialog.copies(),
            here=dialog.here(),
        )

    def _picture_loaded(self, domain: DomainId, picture: bytes | None) -> None:
        if picture is not None:
            self._decoder.submit(domain, picture)

    def _picture_decoded(self, domain: DomainId, _whole: QImage, preview: QImage) -> None:
        for dialog in self._open.get(domain, ()):
            dialog.set_picture(preview)

    def _surveyed(self, dialog: "dialogs.PlanDialog", read: Situation) -> None:
        if dialog in self._open.get(read.domain.id, ()):
            dialog.set_situation(self._runner.with_pauses(read))

    def _not_surveyed(self, dialog: "dialogs.PlanDialog", problem: Problem) -> None:
        if dialog in self._open.get(dialog.situation.domain.id, ()):
            dialog.set_reading_failed(problem)

    def _follow(self, domain: DomainId) -> None:
        """What others change while a dialog is open changes its plan too."""
        for dialog in self._open.get(domain, ()):
            known = self._runner.situation(domain)
            if known is not None:
                changed = replace(dialog.situation.as_seen(known), domain=known.domain)
                if changed != dialog.situation:
                    dialog.set_situation(changed)

    def _keep_folder(self, dialog: "dialogs.ExportDataDialog") -> None:
        self._settings.set(EXPORT_FOLDER, dialog.folder)

    def _keep_template(self, dialog: "dialogs.TakeDialog") -> None:
        self._settings.set(NAME_TEMPLATE, dialog.template)

    def _accepted(self, dialog: "dialogs.PlanDialog") -> None:
        self._run(dialog.plan)

    def _closed(self, dialog: "dialogs.PlanDialog", _result: int) -> None:
        self._open[dialog.situation.domain.id].remove(dialog)
        dialog.deleteLater()

    def _run(self, plan: Plan) -> None:
        self._runner.start(plan)

    def _run_at_once(
        self, request: MachineRequest, redefines: tuple[str, ...], refuse: Callable[[Problem], None]
    ) -> None:
        known = self._runner.situation(request.domain)
        self._unsettled[request] = make_plan(request, known).title if known is not None else ""

        def surveyed(read: Situation) -> None:
            self._run_or_refuse(make_plan(request, read), refuse)
            settle()

        def refused(problem: Problem) -> None:
            refuse(problem)
            settle()

        def settle() -> None:
            self._unsettled.pop(request, None)
            self.settled.emit()

        self._hosts.survey(request.domain, redefines, surveyed, refused)

    def _run_or_refuse(self, plan: Plan, refuse: Callable[[Problem], None]) -> None:
        blocker = next((finding for finding in plan.findings if finding.level is Level.BLOCKER), None)
        if blocker is not None:
            refuse(Problem(plan.title, blocker.reason, blocker.remedy))
        elif isinstance(plan.request, Describe) and (overtaken := _warning(plan)) is not None:
            # There is no dialog that could show it: the one who edits is asked in place.
            refuse(Problem(plan.title, overtaken.reason, overtaken.remedy))
        elif plan.ready:
            self._run(plan)
        elif isinstance(plan.request, Describe):
            self.describe_refused.emit(plan.request, None)


def _warning(plan: Plan) -> Finding | None:
    return next((finding for finding in plan.findings if finding.level is Level.WARNING), None)
