"""A real libvirtd of the tests' own: its sockets, settings, images and QEMUs lie in one private folder.

libvirtd keeps everything below the XDG folders when it runs as a plain user, so this needs no mount namespace, no init
system and nothing of the machine's own libvirt. As root it is started as ``nobody``, because a root libvirtd would use
/etc/libvirt and /run/libvirt.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_QEMU_CONF = """\
stdio_handler = "file"
security_driver = "none"
namespaces = []
"""


def dying_with_us() -> list[str]:
    """What to put before a command so that the process does not outlive this one, whatever this one dies of."""
    return ["setpriv", "--pdeathsig", "KILL", "--"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Daemon:
    """A running libvirtd. ``uri`` reaches it; ``images`` is the folder of its active storage pool ``images``.

    ``far_uri`` reaches one that ``listens`` by TCP, as another host: nobody takes its paths for this computer's.
    """

    def __init__(self, *, listens: bool = False) -> None:
        # Not pytest's tmp_path: QEMU's monitor sockets lie below it, and a socket's path ends at 108 characters.
        self.root = Path(tempfile.mkdtemp(prefix="snapgui-", dir="/tmp"))
        self.images = self.root / "images"
        self._run = self.root / "run"
        self._socket = self._run / "libvirt" / "libvirt-sock"
        self.uri = f"qemu+unix:///session?socket={self._socket}"
        settings = self.root / "config" / "libvirt"
        for folder in (self.images, self._run, settings, self.root / "cache", self.root / "data"):
            folder.mkdir(parents=True)
        (settings / "qemu.conf").write_text(_QEMU_CONF)
        config = f'unix_sock_dir = "{self._socket.parent}"\n'
        self._listen = ["--listen"] if listens else []
        if listens:
            port = _free_port()
            self.far_uri = f"qemu+tcp://127.0.0.1:{port}/session"
            config += (
                f'listen_tls = 0\nlisten_tcp = 1\nauth_tcp = "none"\nlisten_addr = "127.0.0.1"\ntcp_port = "{port}"\n'
            )
        (self.root / "libvirtd.conf").write_text(config)
        self.user: str | None = "nobody" if os.geteuid() == 0 else None
        for path in (self.root, *self.root.rglob("*")):
            self.hand_over(path)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The daemon's process."""
        assert self._process is not None, "the daemon is not running"
        return self._process.pid

    @property
    def log(self) -> str:
        """What the daemon has said."""
        path = self.root / "libvirtd.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def hand_over(self, path: Path) -> Path:
        """Give a file made by the test to the user that QEMU runs as."""
        if self.user is not None:
            entry = pwd.getpwnam(self.user)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        return path

    def hand_over_new(self, name: str) -> Path:
        """A new folder of that user's, below the daemon's own."""
        folder = self.root / name
        folder.mkdir()
        return self.hand_over(folder)

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "XDG_RUNTIME_DIR": str(self._run),
            "XDG_CONFIG_HOME": str(self.root / "config"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "XDG_DATA_HOME": str(self.root / "data"),
        }
        program = shutil.which("libvirtd", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None, "libvirtd is not installed"
        with (self.root / "libvirtd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *dying_with_us(),
                    program,
                    *self._listen,
                    "-f",
                    self.root / "libvirtd.conf",
                    "-p",
                    self._run / "libvirtd.pid",
                ],
                env=environment,
                start_new_session=True,  # Ctrl+C ends the tests, which end the machines first
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                extra_groups=[] if self.user else None,
            )
        deadline = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, f"libvirtd ended:\n{self.log}"
            assert time.monotonic() < deadline, f"libvirtd does not answer:\n{self.log}"
            time.sleep(0.05)
        if "images" not in self.virsh("pool-list", "--name").split():
            self.virsh("pool-create-as", "images", "dir", "--target", str(self.images))

    def _answers(self) -> bool:
        if not self._socket.exists():
            return False
        asked = subprocess.run(["virsh", "-c", self.uri, "uri"], capture_output=True, timeout=30, check=False)
        return asked.returncode == 0

    def _left(self) -> Iterator[int]:
        """The QEMUs that this daemon has started, also those that it lost sight of: they name files in its folder."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                program, *arguments = (process / "cmdline").read_text(errors="replace").split("\0")
                if "/qemu-system-" in program and any(f"{self.root}/" in argument for argument in arguments):
                    yield int(process.name)

    def virsh(self, *args: str, check: bool = True) -> str:
        """What virsh prints for a command."""
        ran = subprocess.run(
            ["virsh", "-q", "-c", self.uri, *args], capture_output=True, text=True, timeout=180, check=False
        )
        assert ran.returncode == 0 or not check, f"virsh {' '.join(args)}: {ran.stderr}"
        return ran.stdout.strip()

    def define(self, xml: str) -> None:
        """Define a domain from its XML."""
        with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
            file.write(xml)
            file.flush()
            self.virsh("define", file.name)

    def remove(self, name: str) -> None:
        """Force a domain off and forget it with its snapshots; its images stay."""
        self.virsh("destroy", name, check=False)
        self.virsh("undefine", name, "--managed-save", "--snapshots-metadata", check=False)

    def snapshots(self, name: str) -> list[str]:
        """The names of a domain's snapshots."""
        return [line for line in self.virsh("snapshot-list", name, "--name", check=False).splitlines() if line]

    def parents(self, name: str) -> dict[str, str]:
        """The parent of each snapshot, "" for a root."""
        return {
            snapshot: self.virsh("snapshot-parent", name, f"--snapshotname={snapshot}", check=False)
            for snapshot in self.snapshots(name)
        }

    def state(self, name: str) -> str:
        """The domain's state in virsh's words: "running", "paused", "shut off"."""
        return self.virsh("domstate", name)

    def running(self, pid: int) -> bool:
        """Whether the daemon still is the process that it was."""
        return self._process is not None and self._process.pid == pid and self._process.poll() is None

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """For as long as the block runs, the daemon is there but answers nobody."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def crash(self) -> None:
        """End the daemon at once, as a crash would. Its QEMUs go on; ``start`` brings it back to them."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """End the daemon and the QEMUs that it started, and remove the folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        for pid in self._left():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root, ignore_errors=True)
