"""Everything that calls libvirt. Knows no Qt. What only plans and jobs need is loaded when it is first used."""

import os
from typing import TYPE_CHECKING

from snapgui.core.later import when_used

if TYPE_CHECKING:
    from snapgui.virt import bundles as bundles
    from snapgui.virt import chain_usage as chain_usage
    from snapgui.virt import changes as changes
    from snapgui.virt import files as files
    from snapgui.virt import inventory as inventory
    from snapgui.virt import making as making
    from snapgui.virt import progress as progress
    from snapgui.virt import steps as steps
    from snapgui.virt import survey as survey
    from snapgui.virt import volume as volume
else:
    __getattr__ = when_used(__name__)

# libvirt reads its logging settings once, as it is loaded, and by default writes warnings of drivers in this process
# to stderr. What matters of them reaches the user as an error. The user's own settings are left alone.
_SETTINGS = ("LIBVIRT_DEBUG", "LIBVIRT_LOG_OUTPUTS", "LIBVIRT_LOG_FILTERS")
if not any(name in os.environ for name in _SETTINGS):
    os.environ["LIBVIRT_LOG_OUTPUTS"] = "4:file:/dev/null"
    try:
        import libvirt
    finally:
        del os.environ["LIBVIRT_LOG_OUTPUTS"]
else:
    import libvirt

# Every error is raised as an exception as well; libvirt's own handler would print it to stderr.
libvirt.registerErrorHandler(lambda _context, _error: None, None)
