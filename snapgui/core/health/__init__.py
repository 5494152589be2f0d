"""What can be wrong with a machine's snapshots and files, and how it is found: ``examine``, from an inventory."""
