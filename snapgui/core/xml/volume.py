"""The XML of a new volume of a storage pool (https://libvirt.org/formatstorage.html)."""

from snapgui.core.xml.document import escaped


def raw_volume(name: str, length: int) -> str:
    """A file of so many bytes, all of which it is given at once. Raises XmlError."""
    size = f"<capacity unit='bytes'>{length}</capacity><allocation unit='bytes'>{length}</allocation>"
    return f"<volume><name>{escaped(name)}</name>{size}<target><format type='raw'/></target></volume>"


def overlay_volume(name: str, below: str) -> str:
    """A qcow2 image that is empty yet, and as large as the qcow2 image that it is put upon. Raises XmlError."""
    # Without "compat", libvirt before 8.0 makes the qcow2 of 2008.
    target = "<target><format type='qcow2'/><compat>1.1</compat></target>"
    stands = f"<backingStore><path>{escaped(below)}</path><format type='qcow2'/></backingStore>"
    return f"<volume><name>{escaped(name)}</name>{target}{stands}</volume>"
