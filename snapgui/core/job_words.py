"""How a job went, in words."""

from snapgui.core.activity import JobRecord
from snapgui.core.errors import Problem
from snapgui.core.requests import Power, PowerAction, Request, TakeTogether
from snapgui.core.text import translate


def problem_of(record: JobRecord) -> Problem | None:
    """Everything that went wrong with a job as one problem; None where nothing did.

    Of several machines it says how many were taken, and for each that was not, why.
    """
    found = [each for each in (record.problem, *record.warnings) if each is not None]
    if not found:
        return None
    request = record.plan.request
    if not isinstance(request, TakeTogether):
        first, *rest = found
        if not rest:
            return first
        why = "\n".join((first.why, *(f"{each.tried}: {each.why}" for each in rest)))
        return Problem(first.tried, why, first.remedy, _raw(found), first.code)
    taken = sum(record.plan.steps[index].takes for index in record.done)
    words = translate("Job", "{taken} of {all} taken.").format(taken=taken, all=len(request.takes))
    if not taken:
        words = translate("Job", "No snapshot is kept.") if request.roll_back else translate("Job", "None was taken.")
    lines = (f"{each.machine or each.tried}: {each.why} {each.remedy}".rstrip() for each in found)
    return Problem(record.plan.title, "\n".join((words, *lines)), "", _raw(found), found[0].code)


def is_asking(request: Request) -> bool:
    """Whether it only asks the guest for something, which may never come of it."""
    return isinstance(request, Power) and request.action in (PowerAction.SHUT_DOWN, PowerAction.REBOOT)


def done_text(request: Request) -> str:
    """What a job has come to that went well."""
    if isinstance(request, Power) and is_asking(request):
        if request.action is PowerAction.REBOOT:
            return translate("Job", "asked to restart")
        return translate("Job", "asked to shut down")
    return translate("Job", "done")


def not_done_text(record: JobRecord) -> str:
    """That a guest does not do what the job has asked it for."""
    text = translate("Job", "{machine} has been asked to shut down, and does not react")
    if isinstance(record.plan.request, Power) and record.plan.request.action is PowerAction.REBOOT:
        text = translate("Job", "{machine} has been asked to restart, and does not react")
    return text.format(machine=record.machine)


def _raw(found: list[Problem]) -> str:
    return "\n".join(f"{each.machine or each.tried}: {each.raw}" for each in found if each.raw)
