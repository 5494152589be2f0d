"""Files of this computer, read and written off the UI thread."""

import os
import stat
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.file_names import free_name
from snapgui.core.text import translate
from snapgui.core.xml.definition import decode, with_current
from snapgui.core.xml.document import LONGEST, XmlError
from snapgui.jobs.bridge import Bridge
from snapgui.jobs.lane import Lane
from snapgui.virt.host import Host


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file's name, and its text or why there is none."""

    name: str
    text: str = ""
    why: str = ""


class Files:
    """Everything returns at once; answers come on the UI thread."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._lane = Lane("files")
        self._numbers = count()
        self._wanted: dict[int, Callable[[Any], None]] = {}

    def read(self, paths: tuple[str, ...], answered: Callable[[tuple[ReadFile, ...]], None]) -> None:
        """Read XML files, each as far as that is possible."""
        self._submit(lambda: tuple(read_xml(path) for path in paths), answered)

    def write(self, path: str, text: str, *, private: bool, answered: Callable[[str | Problem], None]) -> None:
        """Write one file, whole or not at all; the answer is its path, or the problem."""
        self._submit(partial(write_file, path, text, private=private), answered)

    def write_folder(
        self,
        folder: str,
        name: str,
        texts: Mapping[str, str],
        *,
        private: bool,
        answered: Callable[[str | Problem], None],
    ) -> None:
        """Write files into a new folder of about that name, all or none; the answer is its path, or the problem."""
        self._submit(partial(write_folder, folder, name, texts, private=private), answered)

    def _submit(self, task: Callable[[], Any], answered: Callable[[Any], None]) -> None:
        number = next(self._numbers)
        self._wanted[number] = answered  # not given to the worker: see Connection.ask

        def work() -> None:
            answer = task()
            self._bridge.post(lambda: self._wanted.pop(number)(answer))

        self._lane.submit(work)


def read_definitions(host: Host, uuid: str, names: tuple[str, ...], *, secure: bool) -> dict[str, str]:
    """The XML of snapshots by name. Blocks; raises SnapguiError.

    The current one bears libvirt's own mark, as in the files that libvirt keeps.
    """
    current = host.list_snapshots(uuid).current
    found = {}
    for name in names:
        xml = host.snapshot_xml(uuid, name, secure=secure)
        try:
            found[name] = with_current(xml, current=True) if name == current else xml
        except XmlError as error:
            tried = translate("Files", "Export the snapshot “{name}”").format(name=name)
            raise SnapguiError(Problem(tried, str(error), raw=xml)) from error
    return found


def read_xml(path: str) -> ReadFile:
    """Read one file. What is no plain file is not even waited for."""
    name = os.fsencode(Path(path).name).decode(errors="replace")
    try:
        with open(path, "rb", opener=_open_plain) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return ReadFile(name, why=translate("Files", "It is no plain file."))
            return ReadFile(name, decode(file.read(LONGEST + 1)))
    except OSError as error:
        return ReadFile(name, why=error.strerror or str(error))
    except ValueError as error:
        return ReadFile(name, why=str(error))


def write_file(path: str, text: str, *, private: bool) -> str | Problem:
    """Write a file, whole or not at all; ``private``: for nobody else to read. Its path, or the problem."""
    try:
        _write(Path(path), text, private=private)
    except (OSError, ValueError) as error:
        return _not_written(path, error)
    return path


def write_folder(folder: str, name: str, texts: Mapping[str, str], *, private: bool) -> str | Problem:
    """Write a new folder with these files, whole or not at all. Its path, or the problem."""
    path = Path(folder, name)
    try:
        with tempfile.TemporaryDirectory(prefix=".", suffix=".part", dir=folder) as part:
            inside = Path(part, "snapshots")
            inside.mkdir(0o700 if private else 0o777)
            for file_name, text in texts.items():
                _write(inside / file_name, text, private=private)
            path = Path(folder, free_name(name, [each.name for each in Path(folder).iterdir()]))
            inside.rename(path)
    except (OSError, ValueError) as error:
        return _not_written(str(path), error)
    return str(path)


def _write(path: Path, text: str, *, private: bool) -> None:
    part = path.with_name(f".{os.urandom(8).hex()}.part")
    mode = 0o600 if private else 0o666  # less the user's mask
    try:
        with open(part, "x", encoding="utf-8", newline="", opener=partial(os.open, mode=mode)) as file:
            file.write(text)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _open_plain(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY)


def _not_written(path: str, error: OSError | ValueError) -> Problem:
    return Problem(
        tried=translate("Files", "Writing {path} failed").format(path=os.fsencode(path).decode(errors="replace")),
        why=f"{error.strerror}." if isinstance(error, OSError) and error.strerror else str(error),
        remedy=translate("Files", "Choose another folder, or make room there."),
    )
