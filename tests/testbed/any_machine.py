"""Machines of every make, for tests that draw them: small, without a guest, their images of one MiB in one folder."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from random import Random

_SIZE = 1 << 20
_SLOT = 1 << 16
_CODE = Path("/usr/share/OVMF/OVMF_CODE_4M.fd")
_VARS = Path("/usr/share/OVMF/OVMF_VARS_4M.fd")
_XML = """\
<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type>{firmware}</os>
  <features><acpi/></features>
  <on_reboot>restart</on_reboot>
  <devices>
    {disks}
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
  </devices>
</domain>
"""


@dataclass(frozen=True, slots=True)
class DrawnDisk:
    """One disk of a machine to be. ``snapshot`` is the attribute of its XML, "" for none."""

    target: str
    format: str
    readonly: bool
    snapshot: str


@dataclass(frozen=True, slots=True)
class Make:
    """What a machine is made of. ``cdrom``: "none", "empty" or "medium". ``nvram``: "" without UEFI, "raw", "qcow2"."""

    disks: tuple[DrawnDisk, ...]
    cdrom: str
    nvram: str
    persistent: bool


def draw(random: Random) -> Make:
    """Mostly what users have, and now and then what gets in the way."""
    disks = [
        DrawnDisk(
            f"vd{'abc'[number]}",
            random.choices(("qcow2", "raw"), (9, 2))[0],
            readonly=number > 0 and random.random() < 0.15,
            snapshot=random.choices(("", "no", "internal", "external"), (30, 2, 1, 1))[0],
        )
        for number in range(random.choice((1, 1, 1, 2, 2, 3)))
    ]
    nvram = random.choices(("", "raw", "qcow2"), (12, 1, 1))[0] if _CODE.exists() and _VARS.exists() else ""
    return Make(
        tuple(disks),
        random.choices(("none", "empty", "medium"), (8, 2, 1))[0],
        nvram,
        persistent=random.random() < 0.93,
    )


def build(make: Make, folder: Path, name: str, uuid: str) -> str:
    """Its images in the folder, which is made; its XML."""
    folder.mkdir()
    disks = []
    for disk in make.disks:
        path = folder / f"{disk.target}.{disk.format}"
        subprocess.run(["qemu-img", "create", "-q", "-f", disk.format, path, str(_SIZE)], check=True)
        attribute = disk.snapshot and f" snapshot='{disk.snapshot}'"
        disks.append(
            f"<disk type='file' device='disk'{attribute}><driver name='qemu' type='{disk.format}'/>"
            f"<source file='{path}'/><target dev='{disk.target}' bus='virtio'/>"
            f"{'<readonly/>' if disk.readonly else ''}</disk>"
        )
    if make.cdrom != "none":
        medium = folder / "medium.iso"
        medium.write_bytes(bytes(_SLOT))
        source = f"<source file='{medium}'/>" if make.cdrom == "medium" else ""
        disks.append(
            f"<disk type='file' device='cdrom'><driver name='qemu' type='raw'/>{source}"
            "<target dev='sda' bus='scsi'/><readonly/></disk>"
        )
    firmware = ""
    if make.nvram:
        nvram = folder / f"nvram.{make.nvram}"
        if make.nvram == "raw":
            shutil.copyfile(_VARS, nvram)
        else:
            subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", _VARS, nvram], check=True)
        firmware = (
            f"<loader readonly='yes' type='pflash' format='raw'>{_CODE}</loader>"
            f"<nvram format='{make.nvram}'>{nvram}</nvram>"
        )
    return _XML.format(name=name, uuid=uuid, firmware=firmware, disks="".join(disks))


def write(path: str, kind: str, random: Random) -> None:
    """Other bytes in one part of an image that nothing has open."""
    pattern, slot = random.randrange(1, 256), random.randrange(_SIZE // _SLOT)
    command = f"write -q -P {pattern} {slot * _SLOT} {_SLOT}"
    subprocess.run(["qemu-io", "-f", kind, "-c", command, path], check=True, stdout=subprocess.DEVNULL)


def content(path: str, kind: str, scratch: Path) -> bytes:
    """What a guest finds on an image, whoever has it open."""
    subprocess.run(["qemu-img", "convert", "-U", "-f", kind, "-O", "raw", path, scratch], check=True)
    return scratch.read_bytes()
