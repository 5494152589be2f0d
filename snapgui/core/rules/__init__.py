"""From a request and a situation to a plan: pure functions, one module for each kind of request.

The rules are libvirt's and QEMU's own; each names in a comment what it was learnt from. A plan that has a blocker still
shows its steps where they can be written, but is never ready.
"""

from typing import assert_never

from snapgui.core.plan import Plan
from snapgui.core.records import Situation
from snapgui.core.requests import (
    Configure,
    Delete,
    Describe,
    Import,
    MachineRequest,
    Mend,
    Power,
    Redefine,
    Rename,
    Revert,
    SetCurrent,
    Take,
    Undo,
)
from snapgui.core.rules.configure import plan_configure
from snapgui.core.rules.define import plan_import, plan_redefine
from snapgui.core.rules.delete import plan_delete
from snapgui.core.rules.edit import plan_describe, plan_set_current
from snapgui.core.rules.naming import check_name
from snapgui.core.rules.power import plan_power
from snapgui.core.rules.rename import plan_rename
from snapgui.core.rules.repair import plan_mend
from snapgui.core.rules.revert import plan_revert
from snapgui.core.rules.take import plan_take
from snapgui.core.rules.together import plan_together
from snapgui.core.rules.undo import plan_undo

__all__ = ["check_name", "make_plan", "plan_together"]


def make_plan(request: MachineRequest, situation: Situation) -> Plan:  # noqa: C901, PLR0911, PLR0912 - one for each
    """What a request on one machine comes to in this situation; ``plan_together`` is for several.

    What has not been read is a finding of the rule ``unread``.
    """
    match request:
        case Take():
            return plan_take(request, situation)
        case Revert():
            return plan_revert(request, situation)
        case Undo():
            return plan_undo(request, situation)
        case Delete():
            return plan_delete(request, situation)
        case Describe():
            return plan_describe(request, situation)
        case SetCurrent():
            return plan_set_current(request, situation)
        case Power():
            return plan_power(request, situation)
        case Redefine():
            return plan_redefine(request, situation)
        case Rename():
            return plan_rename(request, situation)
        case Import():
            return plan_import(request, situation)
        case Mend():
            return plan_mend(request, situation)
        case Configure():
            return plan_configure(request, situation)
        case _:
            assert_never(request)
