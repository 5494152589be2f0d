"""The chart of the snapshots' memory sizes: a Qt list view whose items are bars."""
