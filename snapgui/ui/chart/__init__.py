"""The chart of what the snapshots take: a Qt list view whose items are bars, stacked of memory and disk.

``export`` is loaded when a chart is first saved: with csv, datetime and Qt's writer of SVG.
"""

from typing import TYPE_CHECKING

from snapgui.core.later import when_used

if TYPE_CHECKING:
    from snapgui.ui.chart import export as export
else:
    __getattr__ = when_used(__name__)
