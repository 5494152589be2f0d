"""Every test runs in a home of its own, in one locale and time zone, and leaves no window and no thread behind."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QLocale, Qt
from PySide6.QtTest import QTest

# The guest's kernel is downloaded once for all runs, so this is asked before the home is replaced.
os.environ.setdefault("SNAPGUI_TEST_CACHE", str(Path.home() / ".cache" / "snapgui-tests"))
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["LC_ALL"] = "C.UTF-8"
# Not UTC, so that a time shown in the wrong zone is seen; a rule instead of a name, so that tzdata is not needed.
os.environ["TZ"] = "JST-9"
time.tzset()
for _name in (
    "LANGUAGE",
    "LIBVIRT_DEFAULT_URI",
    "VIRSH_DEFAULT_CONNECT_URI",
    "QT_STYLE_OVERRIDE",
    "QT_QPA_PLATFORMTHEME",
):
    os.environ.pop(_name, None)

from testbed import requirements  # noqa: E402 - what it imports must see this environment
from testbed.daemon import Daemon  # noqa: E402
from testbed.guest import Guest, build  # noqa: E402

_TESTS_A_COLLECTION = 20  # a full collection takes its time
_KINDS = ("real", "desktop")
# libvirt's event loop can be registered once per process, so its thread stays; Qt's and libvirt's own threads that
# called back into Python show as dummies.
_STAYING_THREADS = ("libvirt", "Dummy", "pytest", "ThreadPoolExecutor")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known that only tests use; collect garbage as the application does, never on a worker thread."""
    gc.disable()
    # Whoever ends a run from outside ends it as Ctrl+C does: the fixtures still put away what they have started.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers", "since(major, minor): needs at least this libvirt on the host")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests below tests/real and tests/desktop are of that kind by their place; so is whoever asks for the daemon."""
    here = Path(__file__).parent
    for item in items:
        parts = item.path.relative_to(here).parts if item.path.is_relative_to(here) else ()
        for kind in _KINDS:
            if parts[:1] == (kind,):
                item.add_marker(kind)
        if "daemon" in getattr(item, "fixturenames", ()):
            item.add_marker("real")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Ask the machine whether it has what the test's kind needs."""
    for kind in _KINDS:
        if item.get_closest_marker(kind) and (names := requirements.missing(kind)):
            requirements.lacking(", ".join(names))
    if since := item.get_closest_marker("since"):
        import libvirt  # noqa: PLC0415 - only after the check that it is there

        major, minor = since.args
        if libvirt.getVersion() < major * 1_000_000 + minor * 1_000:
            pytest.skip(f"needs libvirt {major}.{minor}")


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, empty; the XDG folders point into it."""
    path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(path))
    for name, folder in (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_RUNTIME_DIR", "run"),
    ):
        (path / folder).mkdir(parents=True, mode=0o700)
        monkeypatch.setenv(name, str(path / folder))
    QLocale.setDefault(QLocale(QLocale.Language.English, QLocale.Country.UnitedStates))
    return path


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Fail a test that leaves a window on the screen or a thread running, and say which."""
    threads = set(threading.enumerate())
    windows = _windows()
    yield
    _let_go_of_the_keys()
    _collect()
    for left in _windows() - windows:
        pytest.fail(f"left a window: {left}", pytrace=False)
    deadline = time.monotonic() + 2
    while left := [thread for thread in threading.enumerate() if thread not in threads and not _stays(thread)]:
        if time.monotonic() > deadline:
            pytest.fail(f"left a thread: {[thread.name for thread in left]}", pytrace=False)
        time.sleep(0.005)


def _let_go_of_the_keys() -> None:
    """After a Ctrl+A of a test's Qt takes Ctrl for held, and a view then selects nothing by itself."""
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return
    if widgets.QApplication.keyboardModifiers() != Qt.KeyboardModifier.NoModifier:
        QTest.keyClick(widgets.QWidget(), Qt.Key.Key_F35)
    assert widgets.QApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier


def _collect() -> None:
    """Collect on this thread what the test has made.

    Left to itself, Python collects on whichever thread happens to allocate, and a Qt object that dies on a worker takes
    the process down, later and elsewhere.
    """
    for name in ("last_exc", "last_value", "last_traceback"):
        # Of the test that failed last: with its variables, libvirt's objects among them, it would hold the mock
        # driver's world open, and the next tests would find in it what that one has left.
        sys.__dict__.pop(name, None)
    gc.disable()  # an application that was closed has given collection back to Python
    gc.collect(2 if gc.get_count()[2] > _TESTS_A_COLLECTION else 1)


def _windows() -> set[str]:
    widgets = sys.modules.get("PySide6.QtWidgets")
    if widgets is None or widgets.QApplication.instance() is None:
        return set()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    return {
        f"{type(widget).__name__} “{widget.windowTitle()}” {id(widget):x}"
        for widget in widgets.QApplication.topLevelWidgets()
        if widget.isVisible()
    }


def _stays(thread: threading.Thread) -> bool:
    return thread.name.startswith(_STAYING_THREADS)


@pytest.fixture(scope="session")
def daemon() -> Iterator[Daemon]:
    """A real libvirtd of our own, for the whole session."""
    daemon = Daemon(listens=True)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture(scope="session")
def guest_files() -> Path:
    """The folder of the Linux guest's kernel and initramfs."""
    try:
        return build()
    except subprocess.CalledProcessError:
        requirements.lacking("the Linux guest: tests/real/guest/build could not make it (it needs the network once)")
        raise


@pytest.fixture
def guest(daemon: Daemon, guest_files: Path, request: pytest.FixtureRequest) -> Iterator[Guest]:  # noqa: ARG001 - built first
    """A small Linux machine, shut off. ``guest.start()`` boots it."""
    machine = Guest(daemon, "pisces")
    yield machine
    machine.remove()
