"""New files of this computer, made by its programs: whole or not at all, and never over one that is there.

Each is made beside its place under a hidden name that ends with ``.part``, written through to the disk, and then put in
place; where that fails or is cancelled, the part is removed.
"""

import contextlib
import errno
import os
import re
import select
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.errors.programs import explain_file, explain_program
from snapgui.core.plan import Call, Step
from snapgui.core.text import translate
from snapgui.virt import replacing

Carry = Callable[[str, BinaryIO, Callable[[float], None]], None]  # ``Host.download`` and ``Host.upload``

_PROGRESS = re.compile(rb"\s*\((\d+\.\d+)/100%\)\s*")  # qemu-img's, with -p
_LONGEST = 64 * 1024  # bytes of what a program says
_PIECE = 4096
_LOOK_MS = 250
_PRIVATE = 0o077  # a mask: what is made of a machine's disks is nobody else's to read
_ABORTED = 78  # VIR_ERR_OPERATION_ABORTED


class Work:
    """A step of ``snapgui.core.plan.MAKING``. One thread runs it; others may ask how far it is, or end it."""

    def __init__(self, step: Step, tried: str, carry: Carry | None = None) -> None:
        """``carry`` is the step's host's way for a volume's bytes, where it is connected."""
        self._step = step
        self._carry = carry
        self._tried = tried
        self._lock = threading.Lock()
        self._ended = False
        self._process: subprocess.Popen[bytes] | None = None
        self.progress: float | None = None  # from 0 to 1; None where nobody knows

    def run(self) -> None:
        """Do it, and wait for its end. Raises SnapguiError."""
        step = self._step
        try:
            match step.call:
                case Call.PROGRAM if not step.path:
                    self._run(step.program)
                case Call.PROGRAM:
                    part = part_of(step.path)
                    program = [str(part) if word == step.path else word for word in step.program]
                    self._made(part, lambda: self._run(program, part))
                case Call.FILE_WRITE:
                    part = part_of(step.path)
                    self._made(part, lambda: _write(part, step.xml))
                case Call.VOLUME_DOWNLOAD:
                    part = part_of(step.path)
                    self._made(part, lambda: self._fetch(part))
                case Call.VOLUME_UPLOAD:
                    self._send()
                case Call.FOLDER_MAKE:
                    Path(step.path).mkdir(0o700)
                    _give(Path(step.path))
                case Call.MOVE:
                    put(Path(step.source), step.path)
                case Call.REPLACE:
                    replacing.replace(Path(step.source), Path(step.path), self._tried)
                case _:
                    remove(Path(step.path))
        except OSError as error:
            raise SnapguiError(explain_file(error.errno, step.path, self._tried, str(error))) from error

    def end(self) -> None:
        """Have it end now, as cancelled, where it is a program, a download or an upload."""
        with self._lock:
            self._ended = True
            if self._process is not None:
                self._process.terminate()

    def _made(self, part: Path, make: Callable[[], None]) -> None:
        part.parent.stat()  # before anything takes its time
        if os.path.lexists(self._step.path):
            raise FileExistsError(errno.EEXIST, "", self._step.path)
        if not os.access(part.parent, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), self._step.path)
        try:
            make()
            _give(part)
            put(part, self._step.path)
        except BaseException:
            remove(part)
            raise

    def _run(self, program: Sequence[str], part: Path | None = None) -> None:
        with self._begin(program, part) as process:
            said = b""
            for piece in _pieces(process):
                said = (said + piece)[-_LONGEST:]
                if told := _PROGRESS.findall(said):
                    self.progress = float(told[-1]) / 100
                    said = _PROGRESS.sub(b"", said)
                elif self._step.bytes and "-p" not in program:
                    done = _written(part) if part is not None and str(part) in program else _read(process.pid)
                    self.progress = min(1.0, done / self._step.bytes)
            status = process.wait()
        if self._ended:
            raise SnapguiError(self._cancelled())
        if status:
            words = said.decode(errors="replace").replace(str(part), self._step.path).strip()
            raise SnapguiError(explain_program(program, status, words, self._tried))

    def _fetch(self, part: Path) -> None:
        part.touch(0o600, exist_ok=False)
        with part.open("r+b") as file:
            self._connected()(self._step.source, file, self._go_on)

    def _send(self) -> None:
        try:
            with Path(self._step.source).open("rb") as file:
                self._connected()(self._step.path, file, self._go_on)
        except OSError as error:
            raise SnapguiError(Problem(self._tried, f"{error.strerror or error}.", raw=str(error))) from error

    def _connected(self) -> Carry:
        if self._carry is None:
            why = translate("Making", "There is no connection to the host.")
            raise SnapguiError(Problem(self._tried, why, translate("Making", "Connect again.")))
        return self._carry

    def _go_on(self, done: float) -> None:
        if self._ended:
            raise SnapguiError(self._cancelled())
        self.progress = done

    def _begin(self, program: Sequence[str], part: Path | None) -> subprocess.Popen[bytes]:
        with contextlib.ExitStack() as stack, self._lock:
            if self._ended:
                raise SnapguiError(self._cancelled())
            output = None
            if part is not None and str(part) not in program:
                part.touch(0o600, exist_ok=False)
                output = stack.enter_context(part.open("wb"))
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the plan's own program, and no shell
                    program,
                    stdin=subprocess.DEVNULL,
                    stdout=output or subprocess.PIPE,
                    stderr=subprocess.PIPE if output else subprocess.STDOUT,
                    env={**os.environ, "LC_ALL": "C"},  # its words are looked at
                    umask=_PRIVATE,
                )
            except FileNotFoundError as error:
                raise SnapguiError(explain_program(program, None, "", self._tried)) from error
            return self._process

    def _cancelled(self) -> Problem:
        return Problem(self._tried, translate("Making", "It was cancelled."), code=_ABORTED)


def _pieces(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """What the program says, as it says it; nothing, now and then, while it is silent."""
    pipe = process.stdout or process.stderr
    if pipe is None:
        return
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while True:
        ready = poll.poll(_LOOK_MS)
        piece = os.read(pipe.fileno(), _PIECE) if ready else b""
        if ready and not piece:
            return
        yield piece


def _written(part: Path) -> int:
    try:
        return part.stat().st_blocks * 512
    except OSError:
        return 0


def _read(pid: int) -> int:
    """How many bytes a program has read (man 5 proc_pid_io)."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("rchar:")), 0)


def part_of(path: str) -> Path:
    """A name beside that place that nobody else has."""
    return Path(path).with_name(f".{os.urandom(8).hex()}.part")


def put(part: Path, path: str) -> None:
    """Give what was made its name, where nothing has it yet. Raises OSError."""
    place = Path(path)
    # Not every file system can rename without replacing, or has hard links: the name is taken first.
    is_folder = part.is_dir()
    if is_folder:
        place.mkdir(0o700)
    else:
        place.touch(0o600, exist_ok=False)
    try:
        part.replace(place)
    except BaseException:
        place.rmdir() if is_folder else place.unlink()
        raise
    _sync(place.parent)


def remove(path: Path) -> None:
    """Remove what was made, if it is there. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, text: str) -> None:
    path.touch(0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8", newline="")


def _give(path: Path) -> None:
    """See that it is on the disk; what root makes is the folder's owner's, for whom it was made there."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():  # which some file systems can't do
            raise
    finally:
        os.close(descriptor)
