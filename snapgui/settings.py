"""What is remembered between starts: every key, its type and its default."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QByteArray, QSettings

T = TypeVar("T", str, bool, list[str], QByteArray)


@dataclass(frozen=True, slots=True)
class Option(Generic[T]):
    """A key and its default, whose type is the option's."""

    key: str
    default: T


CONNECTIONS: Option[list[str]] = Option("connections", [])
NAME_TEMPLATE = Option("take/name_template", "{machine}-{n}")
EXPORT_FOLDER = Option("export/folder", "")  # where data was exported to the last time
WINDOW_GEOMETRY = Option("window/geometry", QByteArray())
SPLITTERS: Option[list[str]] = Option("window/splitters", [])  # each splitter's state in base64, outermost first
SNAPSHOT_HEADER = Option("window/snapshot_columns", QByteArray())
LAST_MACHINE: Option[list[str]] = Option("window/machine", [])  # the one that is shown: its host's URI, and its UUID
NAMES_RESIZED = Option("window/names_resized", default=False)  # the width of the snapshots' names is the user's
XML_GEOMETRY = Option("xml/geometry", QByteArray())  # of the editor of a snapshot's XML


class Settings:
    """Reads and writes options. A value that is not of its option's type counts as absent."""

    def __init__(self, store: QSettings) -> None:
        self._store = store

    @property
    def path(self) -> str:
        """The file that they are kept in."""
        return self._store.fileName()

    def get(self, option: Option[T]) -> T:
        """The stored value, or the default."""
        if not self._store.contains(option.key):
            return option.default
        kind = type(option.default)
        value = self._store.value(option.key, option.default, kind)
        return value if isinstance(value, kind) else option.default

    def set(self, option: Option[T], value: T) -> None:
        """Store a value; it is written to disk by Qt, soon."""
        self._store.setValue(option.key, value)
