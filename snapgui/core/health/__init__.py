"""What can be wrong with a machine's snapshots and files, and how it is found: ``examine``, from an inventory.

Loaded when a machine is first checked.
"""

from typing import TYPE_CHECKING

from snapgui.core.later import when_used

if TYPE_CHECKING:
    from snapgui.core.health import dependents as dependents
    from snapgui.core.health import examine as examine
    from snapgui.core.health import inventory as inventory
else:
    __getattr__ = when_used(__name__)
