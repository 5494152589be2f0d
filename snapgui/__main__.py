"""The command line: ``snapgui`` and ``python -m snapgui``."""

import argparse
import builtins
import linecache
import sys

from snapgui import __version__


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse the command line; exits by itself for --help, --version and mistakes."""
    parser = argparse.ArgumentParser(prog="snapgui", description="Manage snapshots of libvirt machines.")
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument(
        "-c",
        "--connect",
        metavar="URI",
        action="append",
        type=_host,
        default=[],
        help="connect to this host, such as qemu:///system; may be given several times",
    )
    parser.add_argument("--domain", metavar="NAME", help="show this machine first")
    parser.add_argument("--demo", action="store_true", help="try everything on a small machine that is thrown away")
    parser.add_argument("--debug", action="store_true", help="say on standard error what is done and how long it takes")
    return parser.parse_args(argv)


def _host(uri: str) -> str:
    """An empty one, of an unset variable say, would be libvirt's default under no name."""
    if not uri.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return uri


def import_plainly() -> None:
    """Let modules be imported by Python alone from here on, although PySide is there.

    PySide's way reads the source of every module, in case it says ``from __feature__ import snake_case``, and Python
    keeps what was read: 6 MB of memory, 30 ms of the start.
    """
    import PySide6.QtCore  # noqa: F401, PLC0415 - puts PySide's way in place

    linecache.clearcache()  # of what was imported so far, 0.2 MB
    builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)


def main() -> int:
    """Run the application; its exit status."""
    chosen = arguments(sys.argv[1:])
    # Qt and libvirt take their time to load: --help and --version answer without them.
    import_plainly()
    from snapgui.app import run  # noqa: PLC0415

    return run(chosen)


if __name__ == "__main__":
    sys.exit(main())
