"""What the application knows and decides, in plain Python: neither Qt nor libvirt is imported here."""
