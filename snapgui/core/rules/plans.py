"""From a request to its plan: each kind of request has a module of its own here."""

from typing import Final, assert_never

from snapgui.core import rules
from snapgui.core.plan import Plan
from snapgui.core.records import Situation
from snapgui.core.requests import (
    Clone,
    Compact,
    Configure,
    Delete,
    Describe,
    Export,
    Import,
    ImportBundle,
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


def make_plan(request: MachineRequest, situation: Situation) -> Plan:
    """What a request on one machine comes to in this situation; ``plan_together`` is for several.

    What has not been read is a finding of the rule ``unread``.
    """
    plan = _plan(request, situation)
    return rules.damage.with_damage(plan, situation) if isinstance(request, _ON_IMAGES) else plan


_ON_IMAGES: Final = (Take, Revert, Undo, Delete, Clone, Export, Compact)


def _plan(request: MachineRequest, situation: Situation) -> Plan:  # noqa: C901, PLR0911, PLR0912 - one for each
    match request:
        case Take():
            return rules.take.plan_take(request, situation)
        case Revert():
            return rules.revert.plan_revert(request, situation)
        case Undo():
            return rules.undo.plan_undo(request, situation)
        case Delete():
            return rules.delete.plan_delete(request, situation)
        case Describe():
            return rules.edit.plan_describe(request, situation)
        case SetCurrent():
            return rules.edit.plan_set_current(request, situation)
        case Power():
            return rules.power.plan_power(request, situation)
        case Redefine():
            return rules.define.plan_redefine(request, situation)
        case Rename():
            return rules.rename.plan_rename(request, situation)
        case Import():
            return rules.define.plan_import(request, situation)
        case Mend():
            return rules.repair.plan_mend(request, situation)
        case Configure():
            return rules.configure.plan_configure(request, situation)
        case Clone():
            return rules.clone.plan_clone(request, situation)
        case Export():
            return rules.export.plan_export(request, situation)
        case ImportBundle():
            return rules.import_bundle.plan_import_bundle(request, situation)
        case Compact():
            return rules.compact.plan_compact(request, situation)
        case _:
            assert_never(request)
