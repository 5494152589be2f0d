"""snapgui: point-and-click snapshot management for libvirt machines."""

__version__ = "0.1.0"
