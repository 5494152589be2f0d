"""The tree of a machine's snapshots: how it is drawn, narrowed and edited, and what is chosen in it."""
