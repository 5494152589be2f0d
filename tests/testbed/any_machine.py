"""Machines of every make, for tests that draw them: small, without a guest, their images of one MiB in one folder."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

from testbed.daemon import dying_with_us

_SIZE = 1 << 20
_SLOT = 1 << 16
_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
_XML = """\
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
  {memory}
  <os><type arch='x86_64' machine='pc'>hvm</type>{firmware}</os>
  <features><acpi/></features>
  {cpu}
  <on_reboot>restart</on_reboot>
  <devices>
    {disks}
    <controller type='usb' model='{usb}'/>
    {device}
    <memballoon model='none'/>
  </devices>
</domain>
"""
_INVTSC = "<cpu mode='custom'><model>qemu64</model><feature policy='require' name='invtsc'/></cpu>"
_SHARED = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
# None of them is there: libvirt looks for it when the machine starts.
_DEVICES = {
    "usb": "<hostdev mode='subsystem' type='usb'><source startupPolicy='optional'><vendor id='0x1234'/>"
    "<product id='0x5678'/></source></hostdev>",
    "pci": "<hostdev mode='subsystem' type='pci' managed='no'><source><address domain='0x0000' bus='0x7f' slot='0x1f' "
    "function='0x0'/></source></hostdev>",
    "shmem": "<shmem name='{name}' role='peer'><model type='ivshmem-plain'/><size unit='M'>4</size></shmem>",
    "virtiofs": "<filesystem type='mount'><driver type='virtiofs'/><source dir='/nowhere'/><target dir='x'/>"
    "</filesystem>",
}
_ROOMY = 32 << 20  # bytes: for qcow2 in what can't grow, with the memory of several snapshots


@dataclass(frozen=True, slots=True)
class DrawnDisk:
    """One disk of a machine to be. ``snapshot`` is the attribute of its XML, "" for none; ``source`` its type."""

    target: str
    format: str
    readonly: bool
    snapshot: str
    source: str = "file"
    transient: bool = False


@dataclass(frozen=True, slots=True)
class Make:
    """What a machine is made of. ``cdrom``: "none", "empty" or "medium". ``nvram``: "" without UEFI, "raw", "qcow2".

    ``device``: what may keep its memory from being saved, or the machine from starting; "" for nothing.
    """

    disks: tuple[DrawnDisk, ...]
    cdrom: str
    nvram: str
    persistent: bool
    device: str = ""

    @property
    def odd(self) -> bool:
        """Whether it has what few machines have."""
        return bool(self.device) or any(disk.transient or disk.source != "file" for disk in self.disks)


def sources(*, pools: bool) -> tuple[str, ...]:
    """The types of disks that this computer can have; ``pools``: the driver has storage pools."""
    found = {
        "block": os.geteuid() == 0 and Path("/dev/loop-control").exists() and _works("losetup", "--find"),
        "network": shutil.which("qemu-nbd") is not None,
        "volume": pools,
    }
    return tuple(name for name, is_there in found.items() if is_there)


def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def draw(random: Random, others: Sequence[str]) -> Make:
    """Mostly what users have, and now and then what gets in the way. ``others``: ``sources``."""
    rare = random.random() < 0.3 and others
    disks = []
    for number in range(random.choice((1, 1, 1, 2, 2, 3))):
        source = random.choice(others) if rare and random.random() < 0.7 else "file"
        readonly = number > 0 and random.random() < 0.15
        disks.append(
            DrawnDisk(
                f"vd{'abc'[number]}",
                random.choices(("qcow2", "raw"), (9, 2))[0],
                readonly=readonly,
                snapshot=random.choices(("", "no", "internal", "external"), (30, 2, 1, 1))[0],
                source=source,
                # libvirt takes no others
                transient=source == "file" and not readonly and random.random() < 0.03,
            )
        )
    nvram = random.choices(("", "raw", "qcow2"), (12, 1, 1))[0] if _CODE.exists() and _VARS.exists() else ""
    devices = ("", "usb", "pci", "shmem", "virtiofs", "invtsc", "memfd")
    return Make(
        tuple(disks),
        random.choices(("none", "empty", "medium"), (8, 2, 1))[0],
        nvram,
        persistent=random.random() < 0.9,
        device=random.choices(devices, (40, 1, 1, 1, 1, 1, 1))[0],
    )


def build(make: Make, folder: Path, name: str, uuid: str, *, stack: ExitStack, own: Callable[[Path], object]) -> str:
    """Its images in the folder, which is made; its XML. What it needs besides goes with the stack.

    ``own`` gives a file to the user that QEMU runs as. The pool of the volumes is called as the machine.
    """
    folder.mkdir()
    own(folder)
    disks = []
    for disk in make.disks:
        path = folder / f"{disk.target}.{disk.format}"
        source = _image(disk, path, stack, own)
        attribute = disk.snapshot and f" snapshot='{disk.snapshot}'"
        disks.append(
            f"<disk type='{disk.source}' device='disk'{attribute}><driver name='qemu' type='{disk.format}'/>"
            f"{source.format(pool=name)}<target dev='{disk.target}' bus='virtio'/>"
            f"{'<readonly/>' if disk.readonly else ''}{'<transient/>' if disk.transient else ''}</disk>"
        )
    if make.cdrom != "none":
        medium = folder / "medium.iso"
        medium.write_bytes(bytes(_SLOT))
        own(medium)
        source = f"<source file='{medium}'/>" if make.cdrom == "medium" else ""
        disks.append(
            f"<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>{source}"
            "<target dev='sda' bus='scsi'/><readonly/></disk>"
        )
    return _XML.format(
        name=name,
        uuid=uuid,
        firmware=_firmware(make, folder, own),
        disks="".join(disks),
        memory=_SHARED if make.device in ("memfd", "virtiofs") else "",
        cpu=_INVTSC if make.device == "invtsc" else "",
        usb="qemu-xhci" if make.device == "usb" else "none",
        device=_DEVICES.get(make.device, "").format(name=name),
    )


def _image(disk: DrawnDisk, path: Path, stack: ExitStack, own: Callable[[Path], object]) -> str:
    """Make a disk's image; the XML of its source."""
    image, fixed = path, disk.source in ("block", "network")
    if fixed:
        # Room for a qcow2 to grow in what itself can't, as it lies on a real device.
        path.touch()
        os.truncate(path, _SIZE if disk.format == "raw" else _ROOMY)
    if disk.source == "block":
        # Never in the way of others: the kernel gives each a device that nobody has.
        ran = subprocess.run(["losetup", "--find", "--show", path], check=True, capture_output=True, text=True)
        image = Path(ran.stdout.strip())
        stack.callback(subprocess.run, ["losetup", "--detach", image], check=True)
        owner = image.stat()
        stack.callback(os.chown, image, owner.st_uid, owner.st_gid)
        own(image)
    if disk.format == "qcow2" or not fixed:
        subprocess.run(["qemu-img", "create", "-q", "-f", disk.format, image, str(_SIZE)], check=True)
    if fixed:
        os.truncate(path, _SIZE if disk.format == "raw" else _ROOMY)  # what made it has cut it short
    own(path)
    match disk.source:
        case "block":
            return f"<source dev='{image}'/>"
        case "network":
            return f"<source protocol='nbd'><host transport='unix' socket='{_serve(path, stack, own)}'/></source>"
        case "volume":
            return f"<source pool='{{pool}}' volume='{path.name}'/>"
        case _:
            return f"<source file='{path}'/>"


def _serve(path: Path, stack: ExitStack, own: Callable[[Path], object]) -> Path:
    """By NBD, without a lock: the file is looked at and written to behind its back, as its server would."""
    socket = path.with_suffix(".nbd")
    file = f"driver=raw,file.driver=file,file.locking=off,file.filename={path}"
    command = ["qemu-nbd", "--persistent", "--shared=0", f"--socket={socket}", "--image-opts", file]
    server = subprocess.Popen([*dying_with_us(), *command])
    stack.callback(server.wait)
    stack.callback(server.terminate)
    deadline = time.monotonic() + 20
    while not socket.exists():
        assert server.poll() is None, "qemu-nbd ended"
        assert time.monotonic() < deadline, "qemu-nbd does not answer"
        time.sleep(0.01)
    own(socket)
    return socket


def _firmware(make: Make, folder: Path, own: Callable[[Path], object]) -> str:
    if not make.nvram:
        return ""
    nvram = folder / f"nvram.{make.nvram}"
    if make.nvram == "raw":
        shutil.copyfile(_VARS, nvram)
    else:
        subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", _VARS, nvram], check=True)
    own(nvram)
    return (
        f"<loader readonly='yes' type='pflash' format='raw'>{_CODE}</loader>"
        f"<nvram format='{make.nvram}'>{nvram}</nvram>"
    )


def write(path: str, kind: str, random: Random) -> None:
    """Other bytes in one part of an image that nothing has open."""
    pattern, slot = random.randrange(1, 256), random.randrange(_SIZE // _SLOT)
    command = f"write -q -P {pattern} {slot * _SLOT} {_SLOT}"
    subprocess.run(["qemu-io", "-f", kind, "-c", command, path], check=True, stdout=subprocess.DEVNULL)


def content(path: str, kind: str, scratch: Path) -> bytes:
    """What a guest finds on an image, whoever has it open."""
    subprocess.run(["qemu-img", "convert", "-U", "-f", kind, "-O", "raw", path, scratch], check=True)
    return scratch.read_bytes()
