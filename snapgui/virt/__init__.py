"""Everything that calls libvirt. Knows no Qt."""
