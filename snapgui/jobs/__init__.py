"""Runs reads and plans on worker threads and brings the results to the UI thread."""

from typing import TYPE_CHECKING

from snapgui.core.later import when_used

if TYPE_CHECKING:
    from snapgui.jobs import check as check
else:
    __getattr__ = when_used(__name__)
