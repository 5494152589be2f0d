"""The way onto the screen, or one line about why there is none."""

import os
import sys

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

_CHOOSING = ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY")  # what Qt looks at, in this order


def open_screen() -> QApplication:
    """The QApplication. Where Qt finds no screen, this process ends with status 1 after a line on standard error.

    Qt would abort, with a page of advice and a core dump. Only Qt knows which of its platforms can be used: it tries.
    """
    said: list[str] = []

    def heard(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if kind is QtMsgType.QtDebugMsg:  # somebody has asked for it: QT_DEBUG_PLUGINS, QT_LOGGING_RULES
            print(text, file=sys.stderr)
            return
        said.append(text)
        if kind is QtMsgType.QtFatalMsg:  # Qt aborts as soon as this returns
            print(f"snapgui: {_why(said[0])}", file=sys.stderr, flush=True)
            os._exit(1)

    previous = qInstallMessageHandler(heard)
    qt = QApplication([sys.argv[0]])
    qInstallMessageHandler(previous)
    for text in said:  # one of several platforms failed: worth knowing, and no reason to stop
        print(text, file=sys.stderr)
    return qt


def _why(first: str) -> str:
    """``first`` is what Qt said first: later it only concludes from that."""
    chosen = [f"{name}={value}" for name in _CHOOSING if (value := os.environ.get(name))]
    if not chosen:
        return "there is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set."
    return f"the screen can’t be opened ({', '.join(chosen)}): {' '.join(first.split())}"
