"""What views may ask of every model besides Qt's own roles."""

from enum import IntEnum

from PySide6.QtCore import Qt


class Role(IntEnum):
    """KEY finds the row again after an update: the name of a snapshot, a DomainId, a connection's URI, a job's id."""

    KEY = Qt.ItemDataRole.UserRole + 1  # None for the row "You are here"
    RECORD = Qt.ItemDataRole.UserRole + 2  # SnapshotRecord, DomainRecord, HostRecord or JobRecord
    SORT = Qt.ItemDataRole.UserRole + 3  # the column's value as a number or a text that compares
    SIZE = Qt.ItemDataRole.UserRole + 4  # Size of the memory state; None while it has not been looked up
    CURRENT = Qt.ItemDataRole.UserRole + 5  # bool: the machine stands on this snapshot
    PROBLEM = Qt.ItemDataRole.UserRole + 6  # Problem to warn of in this row, or None
    PROGRESS = Qt.ItemDataRole.UserRole + 7  # float 0..1 of a running job; None where libvirt doesn't tell
    COST = Qt.ItemDataRole.UserRole + 8  # Cost of the snapshot in the images; None while it has not been looked up
