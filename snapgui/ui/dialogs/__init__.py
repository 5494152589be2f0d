"""Dialogs: each asks what is needed for one request and shows the plan that comes of it. None of them runs anything.

A dialog's module is loaded when it is first opened: together they take 3 MB, and most of the time none is open.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from snapgui.ui.dialogs.about import about_box as about_box
    from snapgui.ui.dialogs.clone import CloneDialog as CloneDialog
    from snapgui.ui.dialogs.compact import CompactDialog as CompactDialog
    from snapgui.ui.dialogs.compare import CompareDialog as CompareDialog
    from snapgui.ui.dialogs.confirm import ConfirmDialog as ConfirmDialog
    from snapgui.ui.dialogs.connect import ConnectDialog as ConnectDialog
    from snapgui.ui.dialogs.delete import DeleteDialog as DeleteDialog
    from snapgui.ui.dialogs.describe import DescribeDialog as DescribeDialog
    from snapgui.ui.dialogs.edit_xml import EditXmlDialog as EditXmlDialog
    from snapgui.ui.dialogs.export_data import ExportDataDialog as ExportDataDialog
    from snapgui.ui.dialogs.export_snapshots import ExportDialog as ExportDialog
    from snapgui.ui.dialogs.health import HealthDialog as HealthDialog
    from snapgui.ui.dialogs.import_bundle import ImportBundleDialog as ImportBundleDialog
    from snapgui.ui.dialogs.import_snapshots import ImportDialog as ImportDialog
    from snapgui.ui.dialogs.lasting_dialog import LastingDialog as LastingDialog
    from snapgui.ui.dialogs.plan_box import PlanBox as PlanBox
    from snapgui.ui.dialogs.plan_dialog import PlanDialog as PlanDialog
    from snapgui.ui.dialogs.problem import ProblemBox as ProblemBox
    from snapgui.ui.dialogs.rename import RenameDialog as RenameDialog
    from snapgui.ui.dialogs.revert import RevertDialog as RevertDialog
    from snapgui.ui.dialogs.settings import SettingsDialog as SettingsDialog
    from snapgui.ui.dialogs.shortcuts import ShortcutsDialog as ShortcutsDialog
    from snapgui.ui.dialogs.take import TakeDialog as TakeDialog
    from snapgui.ui.dialogs.together import TogetherDialog as TogetherDialog
    from snapgui.ui.dialogs.waiting import WaitingDialog as WaitingDialog

_MODULES: Final = {
    "about_box": "about",
    "CloneDialog": "clone",
    "CompactDialog": "compact",
    "CompareDialog": "compare",
    "ConfirmDialog": "confirm",
    "ConnectDialog": "connect",
    "DeleteDialog": "delete",
    "DescribeDialog": "describe",
    "EditXmlDialog": "edit_xml",
    "ExportDataDialog": "export_data",
    "ExportDialog": "export_snapshots",
    "HealthDialog": "health",
    "ImportBundleDialog": "import_bundle",
    "ImportDialog": "import_snapshots",
    "LastingDialog": "lasting_dialog",
    "PlanBox": "plan_box",
    "PlanDialog": "plan_dialog",
    "ProblemBox": "problem",
    "RenameDialog": "rename",
    "RevertDialog": "revert",
    "SettingsDialog": "settings",
    "ShortcutsDialog": "shortcuts",
    "TakeDialog": "take",
    "TogetherDialog": "together",
    "WaitingDialog": "waiting",
}


def __getattr__(name: str) -> Any:
    """Python's hook for what a module does not have yet (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
