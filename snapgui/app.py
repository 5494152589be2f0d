"""Puts the application together: the only place that knows every layer."""

import argparse
import logging
import signal
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QCoreApplication,
    QLibraryInfo,
    QLocale,
    QObject,
    QSettings,
    QStandardPaths,
    QTimer,
    QTranslator,
)
from PySide6.QtWidgets import QApplication

from snapgui import __version__
from snapgui.core import text
from snapgui.core.errors import SnapguiError
from snapgui.core.text import translate
from snapgui.core.uris import is_demo
from snapgui.jobs.backend import Backend
from snapgui.jobs.default_host import find_default
from snapgui.jobs.garbage import GarbageCollector
from snapgui.models.format import size_text
from snapgui.models.store import Store
from snapgui.paths import resources
from snapgui.screen import open_screen
from snapgui.settings import CONNECTIONS, Settings
from snapgui.ui.icons import app_icon
from snapgui.ui.main_window import MainWindow
from snapgui.ui.palette import tell_fields_apart

if TYPE_CHECKING:
    from snapgui.demo.session import Demo

# A worker that parses gives the interpreter back this often, in seconds: the UI thread never waits long for its turn.
_SWITCH_INTERVAL = 0.001
_SIGNALS_MS = 250  # how often Python gets a look at signals such as Ctrl+C


class Application:
    """The running application. Tests drive this same object.

    ``cache`` is the folder for what can be lost. A QApplication has to exist.
    """

    def __init__(self, settings: Settings, cache: Path) -> None:
        self.settings = settings
        self.store = Store()
        self.backend = Backend(self.store, cache)
        self.window = MainWindow(self.store, self.backend, settings)
        self.window.closed.connect(self.close)
        self.window.demo_wanted.connect(self.start_demo)
        self.window.default_wanted.connect(self.connect_default)
        self._demo: Demo | None = None
        self._opened: set[str] = set()
        self._let_go: set[str] = set()
        self.backend.hosts.opened.connect(self._opened.add)
        self.store.host_removed.connect(self._let_go.add)
        self._ending: threading.Thread | None = None
        self._closed = False

    def connect(self, uris: list[str], domain: str = "") -> None:
        """Show these hosts; without any, those of last time; without those, the default. ``domain`` is chosen first.

        Where hosts are named, those of last time are not shown and stay remembered.
        """
        self.window.prefer(domain)
        wanted = uris or self.settings.get(CONNECTIONS)
        if wanted:
            for uri in wanted:
                self.backend.hosts.connect_host(uri)
        else:
            self.connect_default()

    def connect_default(self) -> None:
        """Show the local host that answers; where none does, the start page says why."""
        find_default(self.backend.bridge, self.backend.hosts.connect_host, self.window.show_start_page)

    def start_demo(self) -> None:
        """Show a machine that is thrown away at the end."""
        if self._demo is None:
            from snapgui.demo import session  # noqa: PLC0415 - most starts are none of the demo

            self._demo = session.Demo()
            self.window.demo_progress(translate("Demo", "Starting the demo…"))
            threading.Thread(target=self._run_demo, args=(self._demo,), name="demo", daemon=True).start()

    def close(self) -> None:
        """Remember the hosts and let go of them, without waiting for any; have the demo end by itself."""
        if self._closed:
            return
        self._closed = True
        shown = self.backend.hosts.uris
        kept = [uri for uri in self.settings.get(CONNECTIONS) if uri in shown or uri not in self._let_go]
        worked = [uri for uri in shown if uri in self._opened and uri not in kept]  # others may be slips of the pen
        self.settings.set(CONNECTIONS, [uri for uri in (*kept, *worked) if not is_demo(uri)])
        self.backend.close()
        if self._demo is not None:
            # It waits for what its machine is at. The window is gone meanwhile, instead of standing there frozen.
            self._ending = threading.Thread(target=self._demo.stop, name="end of the demo")
            self._ending.start()

    def wait(self) -> None:
        """After ``close``: until nothing of the demo is left."""
        if self._ending is not None:
            self._ending.join()

    def _run_demo(self, demo: "Demo") -> None:
        """On a thread of its own."""
        post, window = self.backend.bridge.post, self.window
        try:
            uri = demo.start()
            post(partial(self.backend.hosts.connect_host, uri))
            screens = self.backend.screens
            demo.populate(lambda doing: post(partial(window.demo_progress, doing)), screens.keep)
            post(partial(window.demo_progress, ""))
        except SnapguiError as error:
            post(partial(window.demo_failed, error.problem))


def keep_responsive(parent: QObject | None = None) -> GarbageCollector:
    """See to it that neither workers nor garbage hold the UI thread up for long. What it returns has to be stopped."""
    sys.setswitchinterval(_SWITCH_INTERVAL)
    return GarbageCollector(parent)


def run(arguments: argparse.Namespace) -> int:
    """Start, show the window, and return the exit status once it is closed."""
    if arguments.debug:
        logging.basicConfig(level=logging.DEBUG, format="%(relativeCreated)8d %(threadName)s %(name)s: %(message)s")
    qt = open_screen()
    qt.setApplicationName("snapgui")
    qt.setApplicationVersion(__version__)
    qt.setDesktopFileName("org.snapgui.Snapgui")
    qt.setWindowIcon(app_icon())
    tell_fields_apart(qt)
    _translate(qt)
    if QLocale().language() is QLocale.Language.C:  # its dates are made for programs
        QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedKingdom))
    garbage = keep_responsive(qt)
    # Not at once: before exec, quit would be lost. Python looks at signals only when it runs, hence the timer below.
    signal.signal(signal.SIGINT, lambda *_: QTimer.singleShot(0, qt.quit))
    signal.signal(signal.SIGTERM, lambda *_: QTimer.singleShot(0, qt.quit))
    awake = QTimer(qt)
    awake.timeout.connect(lambda: None)
    awake.start(_SIGNALS_MS)

    cache = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.CacheLocation))
    stored = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "snapgui", "snapgui")
    with tempfile.TemporaryDirectory(prefix="snapgui-") as fleeting:
        if arguments.demo:  # leaves nothing behind, so nothing that lasts may be written
            cache = Path(fleeting)
            stored = QSettings(str(cache / "snapgui.ini"), QSettings.Format.IniFormat)
        application = Application(Settings(stored), cache)
        application.window.show()
        if arguments.demo:
            application.window.prefer(arguments.domain or "")
            application.start_demo()
        if arguments.connect or not arguments.demo:
            application.connect(arguments.connect, arguments.domain or "")
        status = qt.exec()
        application.close()
        application.wait()
        stored.sync()
    garbage.stop()
    return status


def _translate(qt: QApplication) -> None:
    """Speak the user's language where there is a translation."""
    translator = QTranslator(qt)
    if translator.load(QLocale(), "snapgui", "_", str(resources() / "translations")):
        qt.installTranslator(translator)
    own = QTranslator(qt)  # the words of Qt's own dialogs
    if own.load(QLocale(), "qtbase", "_", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
        qt.installTranslator(own)
    text.install(QCoreApplication.translate, size_text)
