"""A damaged image is told from one that can't be read, through the process that counts."""

import struct
import subprocess
from pathlib import Path

from snapgui.core.errors import Problem
from snapgui.core.records import Disk
from snapgui.core.usage import DamagedImage, ImageUsage
from snapgui.qcow2.source import LocalFile
from snapgui.virt.usage import read_image


def _read(path: Path) -> ImageUsage | Problem:
    disk = Disk("vda", source=str(path), format="qcow2")
    return read_image(lambda where: LocalFile(Path(where)), disk, None, lambda _: None)


def test_damage_is_told_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "vda.qcow2"
    for command in (["create", "-q", "-f", "qcow2", path, "8M"], ["snapshot", "-c", "a", path]):
        subprocess.run(["qemu-img", *command], check=True)
    assert isinstance(_read(path), ImageUsage)
    with path.open("r+b") as image:
        image.seek(40)  # l1_table_offset, docs/interop/qcow2.txt
        image.write(struct.pack(">Q", 0x1234567))
    found = _read(path)
    assert isinstance(found, DamagedImage)
    assert str(path) in found.why
    assert "is damaged" in found.why
    path.write_bytes(b"no image")
    assert not isinstance(_read(path), DamagedImage)
