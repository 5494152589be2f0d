"""Where files that the user saves or opens are likely to lie."""

from PySide6.QtCore import QDir, QStandardPaths


def documents_folder() -> str:
    """The user's folder for documents where there is one, else the home: never where the program was started."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return folder if QDir(folder).exists() else QDir.homePath()
