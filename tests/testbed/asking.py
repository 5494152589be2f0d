"""What a dialog reads for a request, and how a job runs a plan's steps, without Qt's event loop."""

import posixpath
from dataclasses import replace

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.plan import MAKING, Step
from snapgui.core.records import DomainId, Situation, Snapshots
from snapgui.core.requests import Clone, Compact, Delete, Export, Request, Revert, Take, Undo
from snapgui.core.rules.delete import told_by_xml
from snapgui.core.rules.revert_files import gives_up_files
from snapgui.core.rules.take_disks import overlay
from snapgui.jobs.hosts import read_situation
from snapgui.jobs.works import Works
from snapgui.virt.host import Host


def survey(host: Host, domain: DomainId, request: Request | None = None, *, next_xml: bool = False) -> Situation:
    """The situation of a machine, as ``jobs.Hosts.survey`` reads it, with the XML of every snapshot."""
    listing = host.list_snapshots(domain.uuid)
    records = {each.name: each for batch in host.read_snapshots(domain.uuid, listing.names) for each in batch}
    files: list[str] = []
    if isinstance(request, Clone | Export):
        files = [posixpath.join(request.folder, "x")] if request.folder else []
    if isinstance(request, Take):
        files = [request.memory_file, *(choice.path for choice in request.disks)]
    prepared: list[str] = []
    if isinstance(request, Take) and request.reuse:
        disks = host.read_config(domain.uuid).disks
        prepared = [path for path in (*(overlay(disk, request.name) for disk in disks), *files[1:]) if path]
    folders = [posixpath.dirname(path) for path in files if path.startswith("/")]
    known = Snapshots(records, listing.current)
    dependents = _concerns_files(request, known)
    read = read_situation(
        host,
        domain,
        listing.names,
        folders,
        next_xml=next_xml,
        prepared=prepared,
        dependents=dependents,
        here=(request.folder,) if isinstance(request, Export) else (),
        copied=isinstance(request, Clone | Compact | Export),
    )
    machines = frozenset(each.name for each in host.list_domains())
    return replace(read, host=host.read_host(), snapshots=known, machines=machines)


def _concerns_files(request: Request | None, known: Snapshots) -> bool:
    """As the dialogs see it."""
    if isinstance(request, Delete):
        return bool(told_by_xml(known, request.snapshots))
    if isinstance(request, Clone | Compact | Export):
        return True
    return isinstance(request, Revert | Undo) and gives_up_files(request.snapshot, known)


def run(host: Host, steps: tuple[Step, ...]) -> Problem | None:
    """Run them as ``jobs.Runner`` does; the problem that ended it, if any."""
    problem: Problem | None = None
    undo: list[Step] = []
    for step in steps:
        if problem is not None and not step.always:
            continue
        found = run_one(host, step)
        if found is None:
            undo += [] if step.undone_by is None else [step.undone_by]
        elif problem is None and not step.may_fail and not step.always:
            problem = found
    if problem is not None:
        for step in reversed(undo):
            run_one(host, step)
    return problem


def run_one(host: Host, step: Step) -> Problem | None:
    """One of them; what it failed of, or None."""
    if step.call in MAKING:
        return Works().run(step, host)
    try:
        host.run(step)
    except SnapguiError as error:
        return error.problem
    return None
