"""Machines to test with: the small Linux that ``tests/real/guest/build`` makes, with a shell on its serial console."""

import contextlib
import itertools
import socket
import subprocess
import time
import uuid
from pathlib import Path

from testbed.daemon import Daemon

_BUILD = Path(__file__).resolve().parent.parent / "real" / "guest" / "build"
_DOMAIN = """\
<domain type='qemu'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initramfs}</initrd>
    <cmdline>console=ttyS0 quiet mitigations=off tsc=unstable random.trust_cpu=on</cmdline>
  </os>
  <features><acpi/></features>
  <on_poweroff>destroy</on_poweroff>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <serial type='unix'>
      <source mode='bind' path='{console}'/>
      <target port='0'/>
    </serial>
    <video><model type='vga' vram='16384'/></video>
    {channel}
    <memballoon model='none'/>
  </devices>
</domain>
"""
_CHANNEL = """\
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
"""


def build() -> Path:
    """The folder with the guest's ``vmlinuz``, ``initramfs`` and ``agent``.

    Raises CalledProcessError where it can't be made.
    """
    ran = subprocess.run([_BUILD], check=True, stdout=subprocess.PIPE, text=True)
    return Path(ran.stdout.strip())


class Guest:
    """A Linux machine on a daemon: defined at once, booted by whoever starts it (virsh, the application).

    The console belongs to the QEMU process, and a revert replaces that: every ``run`` connects anew.
    """

    def __init__(
        self, daemon: Daemon, name: str, *, memory: int = 128, disk_size: str = "64M", agent: bool = False
    ) -> None:
        """``memory`` in MiB. ``agent``: QEMU's guest agent runs in it."""
        self.daemon = daemon
        self.name = name
        self.uuid = str(uuid.uuid4())
        self.disk = daemon.images / f"{name}.qcow2"
        self._console = daemon.root / f"{name}.console"
        self._memory = memory
        self._marks = itertools.count(1)
        built = build()
        self._channel = _CHANNEL if agent else ""
        archives = ("initramfs", "agent") if agent else ("initramfs",)
        self._kernel = self._lend("vmlinuz", [built / "vmlinuz"])
        self._initramfs = self._lend("-".join(archives), [built / archive for archive in archives])
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", self.disk, disk_size], check=True)
        daemon.hand_over(self.disk)
        daemon.virsh("pool-refresh", "images")
        self.define(memory)

    def _lend(self, name: str, files: list[Path]) -> Path:
        """The files as one. The cache may lie in a home that the daemon's user can't enter."""
        lent = self.daemon.root / name
        if not lent.exists():
            lent.write_bytes(b"".join(file.read_bytes() for file in files))
            self.daemon.hand_over(lent)
        return lent

    def define(self, memory: int) -> None:
        """(Re)define the machine with that much memory (MiB); it holds from the next start."""
        self._memory = memory
        self.daemon.define(
            _DOMAIN.format(
                name=self.name,
                uuid=self.uuid,
                memory=memory,
                kernel=self._kernel,
                initramfs=self._initramfs,
                channel=self._channel,
                disk=self.disk,
                console=self._console,
            )
        )

    def start(self) -> None:
        """Boot it by virsh and wait for its shell."""
        self.daemon.virsh("start", self.name)
        self.wait_until_up()

    def wait_until_up(self, seconds: float = 90) -> None:
        """Wait until the shell answers."""
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(TimeoutError, ConnectionError):
                self.run("true", seconds=2)
                return
            assert time.monotonic() < deadline, f"{self.name} did not come up"
            time.sleep(0.1)

    def run(self, command: str, seconds: float = 60) -> str:
        """What a shell command prints in the guest, both streams. TimeoutError, ConnectionError without a QEMU."""
        mark = f"mark-{next(self._marks)}-{time.monotonic_ns()}"
        with socket.socket(socket.AF_UNIX) as console:
            console.settimeout(seconds)
            try:
                console.connect(str(self._console))
            except FileNotFoundError as error:
                raise ConnectionRefusedError(*error.args) from None
            # An empty line first: the snapshot may have been taken in the middle of one. The quotes keep an echo of
            # the line from looking like its result.
            console.sendall(f"\necho 'begin-'{mark}; {{ {command}\n}} 2>&1; echo 'end-'{mark}\n".encode())
            begin, end = f"begin-{mark}", f"end-{mark}"
            deadline = time.monotonic() + seconds
            text = ""
            while end not in text:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{command!r} in {self.name}: {text!r}")
                got = console.recv(65536)
                if not got:
                    raise ConnectionResetError(f"{self.name} went away during {command!r}")
                text += got.decode(errors="replace")
        return text.partition(begin)[2].partition(end)[0].replace("\r", "").strip()

    def fill_memory(self, mebibytes: int) -> None:
        """Keep that much of the guest's memory in use with pages that are not zero."""
        self.run(f"tr '\\0' 'x' </dev/zero | dd of=/tmp/filling bs=1M count={mebibytes} iflag=fullblock", seconds=180)

    def begin_counting(self) -> None:
        """Count in the guest's memory for as long as it runs; the shell is free meanwhile."""
        # Moved into place, so that it is never read half written.
        self.run("(while :; do n=$((n+1)); echo $n >/tmp/next; mv /tmp/next /tmp/count; sleep 0.05; done) >/dev/null &")
        self.run("until [ -e /tmp/count ]; do sleep 0.05; done")

    def counted(self, *, later: float = 0) -> int:
        """How far it has counted by now, or so many seconds later; 0 where it does not count."""
        return int(self.run(f"sleep {later}; [ ! -e /tmp/count ] || cat /tmp/count") or 0)

    def qemu_pid(self) -> int:
        """The process that the machine runs in."""
        (file,) = self.daemon.root.glob(f"run/libvirt/qemu/run/{self.name}.pid")
        return int(file.read_text())

    def remove(self) -> None:
        """Force it off, forget it, delete its disk."""
        self.daemon.remove(self.name)
        self.disk.unlink(missing_ok=True)
        self.daemon.virsh("pool-refresh", "images")
