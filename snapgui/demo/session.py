"""A demo from its start to its end: libvirt's QEMU driver in our own process, and a machine with a small history."""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import libvirt

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.records import DomainId
from snapgui.core.requests import Take
from snapgui.core.text import translate
from snapgui.core.xml.take import take_xml
from snapgui.demo import folder
from snapgui.demo.boot_sector import boot_sector
from snapgui.virt import embedded, eventloop
from snapgui.virt.errors import telling
from snapgui.virt.host import Host

MACHINE = "counter"
_EMULATOR = "qemu-system-x86_64"
_DISK_BYTES = 8 * 2**20

_SETTINGS = """\
security_driver = "none"
security_default_confined = 0
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""
# Root's QEMU would otherwise run as a user who can't enter the folder.
_ROOTS_SETTINGS = """\
user = "root"
group = "root"
"""

_MACHINE_XML = """\
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>{emulator}</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <video><model type='vga' vram='2048'/></video>
    <memballoon model='none'/>
  </devices>
</domain>
"""


class Demo:
    """One demo. Its methods block, on any thread: ``start``, then ``populate``; ``stop`` at any time, also meanwhile.

    qemu:///embed takes one folder per process, so there is one demo at a time in it.
    """

    def __init__(self) -> None:
        self._root: Path | None = None
        self._lock = -1
        self._uri = ""
        self._connection: Any = None
        self._host: Host | None = None  # what pictures of the screen are taken through
        self._keep: Callable[[Host, str, str, bytes], None]
        self._working = threading.Lock()
        self._stopping = threading.Event()

    def start(self) -> str:
        """Clear away what crashed demos left, and open the driver; takes some 50 ms. The URI to connect to.

        Raises SnapguiError that names the packages to install where QEMU or libvirt's driver for it is missing.
        """
        with self._working:
            if self._stopping.is_set():
                raise SnapguiError(Problem(_tried(), translate("Demo", "The demo was closed.")))
            missing = [name for name in (_EMULATOR, "qemu-img") if shutil.which(name) is None]
            if missing:
                raise SnapguiError(_not_installed(", ".join(missing)))
            folder.remove_abandoned()
            self._root, self._lock = folder.create()
            embedded.settle(self._root, _SETTINGS + (_ROOTS_SETTINGS if os.geteuid() == 0 else ""))
            eventloop.start()
            uri = self._uri = f"qemu:///embed?root={self._root}"
            try:
                # Kept open until the end: without any connection the driver would shut down under its machine.
                self._connection = _open(uri)
            except SnapguiError:
                folder.remove(self._root, self._lock)
                self._root = None
                raise
            return uri

    def populate(self, progress: Callable[[str], None], keep: Callable[[Host, str, str, bytes], None]) -> None:
        """Define the machine, run it and take its history: some seconds. ``progress`` is told what is being done.

        ``keep`` is given the picture of the screen that belongs to a snapshot, as an image file's bytes.
        Returns early when the demo is stopped. Raises SnapguiError.
        """
        with self._working, telling(_tried()):
            if self._root is None:
                return
            self._host = Host.open(self._uri, lambda _event: None)
            self._keep = keep
            for text, step in self._steps(self._root):
                if self._stopping.is_set():
                    return
                progress(text)
                step()

    def stop(self) -> None:
        """End the machine and leave nothing behind: no process, no file. Waits for the step that ``populate`` is at."""
        self._stopping.set()
        with self._working:
            if self._root is None:
                return
            try:
                if self._host is not None:
                    self._host.close()
                for domain in self._connection.listAllDomains(libvirt.VIR_CONNECT_LIST_DOMAINS_ACTIVE):
                    domain.destroy()
                self._connection.close()
            except libvirt.libvirtError:
                pass  # what libvirt couldn't end, the next line does
            folder.remove(self._root, self._lock)
            self._root = None

    def _steps(self, root: Path) -> list[tuple[str, Callable[[], object]]]:
        preparing = translate("Demo", "Preparing the machine…")
        counting = translate("Demo", "Letting it count…")
        return [
            (preparing, partial(self._define, root)),
            *self._take("clean", translate("Demo", "Before its first start: nothing was in memory.")),
            (translate("Demo", "Starting the machine…"), lambda: self._domain().create()),
            (counting, partial(self._stopping.wait, 0.8)),
            *self._take("counter-1", translate("Demo", "Soon after the start.")),
            (counting, partial(self._stopping.wait, 1.6)),
            *self._take("counter-2", translate("Demo", "A little later: more memory was in use.")),
            (translate("Demo", "Reverting to {name}…").format(name="counter-1"), partial(self._revert, "counter-1")),
            (counting, partial(self._stopping.wait, 0.8)),
            *self._take("counter-3", translate("Demo", "Back at counter-1, and on from there: a second branch.")),
        ]

    def _take(self, name: str, description: str) -> list[tuple[str, Callable[[], object]]]:
        def step() -> None:
            domain = self._domain()
            request = Take(DomainId(self._uri, domain.UUIDString()), name, description)
            picture = self._host.screenshot(request.domain.uuid) if self._host and domain.isActive() else None
            domain.snapshotCreateXML(take_xml(request))
            if self._host and picture is not None:
                self._keep(self._host, request.domain.uuid, name, picture)

        return [(translate("Demo", "Taking {name}…").format(name=name), step)]

    def _revert(self, name: str) -> None:
        domain = self._domain()
        domain.revertToSnapshot(domain.snapshotLookupByName(name))

    def _domain(self) -> Any:
        return self._connection.lookupByName(MACHINE)

    def _define(self, root: Path) -> None:
        sector, disk = root / "sector", root / f"{MACHINE}.qcow2"
        sector.write_bytes(boot_sector())
        os.truncate(sector, _DISK_BYTES)
        command = ["qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", str(sector), str(disk)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        if done.returncode != 0:
            why = translate("Demo", "qemu-img could not make the machine’s disk in {folder}.").format(folder=root)
            raise SnapguiError(Problem(_tried(), why, raw=done.stderr))
        sector.unlink()
        self._connection.defineXML(_MACHINE_XML.format(name=MACHINE, emulator=shutil.which(_EMULATOR), disk=disk))


def _open(uri: str) -> Any:
    with telling(_tried()):
        try:
            return libvirt.open(uri)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_CONNECT:
                raise
            raise SnapguiError(_not_installed("libvirt_driver_qemu.so", str(error))) from error


def _tried() -> str:
    return translate("Demo", "Starting the demo")


def _not_installed(what: str, raw: str = "") -> Problem:
    return Problem(
        _tried(),
        translate("Demo", "The demo runs a machine of its own, and this is missing for it: {what}.").format(what=what),
        translate("Demo", "Install Debian’s packages qemu-system-x86, qemu-utils and libvirt-daemon-driver-qemu."),
        raw,
    )
