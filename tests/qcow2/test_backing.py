"""What images that qemu-img has made say they need."""

import subprocess
from pathlib import Path

import pytest

from snapgui.qcow2.backing import Needs, read_needs
from snapgui.qcow2.errors import DamagedImageError, Qcow2Error
from snapgui.qcow2.source import LocalFile


def _made(path: Path, *options: str) -> Path:
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, path, "1M"], check=True, cwd=path.parent)
    return path


def _needs(path: Path) -> Needs:
    source = LocalFile(path)
    try:
        return read_needs(source)
    finally:
        source.close()


@pytest.mark.parametrize("version", ["0.10", "1.1"])
def test_a_lone_image_needs_nothing(tmp_path: Path, version: str) -> None:
    assert _needs(_made(tmp_path / "a", "-o", f"compat={version}")) == Needs()


@pytest.mark.parametrize("version", ["0.10", "1.1"])
@pytest.mark.parametrize("name", ["base", "./base", 'json:{"driver":"file","filename":"base"}'])
def test_an_overlay_names_its_backing_file_as_it_was_given(tmp_path: Path, version: str, name: str) -> None:
    _made(tmp_path / "base")
    overlay = _made(
        tmp_path / "b", "-u", "-o", f"compat={version}", "-b", name, "-F", "raw" if "json" in name else "qcow2"
    )
    needs = _needs(overlay)
    assert (needs.backing, needs.backing_format) == (name, "raw" if "json" in name else "qcow2")


def test_an_external_data_file_is_needed_too(tmp_path: Path) -> None:
    image = _made(tmp_path / "a", "-o", "data_file=a.raw,data_file_raw=on")
    assert _needs(image) == Needs(data_file="a.raw")


@pytest.mark.parametrize("at", [8, 16, 100, 116])
def test_damage_is_told_and_never_a_crash(tmp_path: Path, at: int) -> None:
    _made(tmp_path / "base")
    path = _made(tmp_path / "b", "-b", "base", "-F", "qcow2")
    damaged = bytearray(path.read_bytes())
    damaged[at : at + 4] = b"\x7f\xff\xff\xff"
    path.write_bytes(damaged)
    with pytest.raises(Qcow2Error) as raised:
        print(_needs(path))
    assert isinstance(raised.value, DamagedImageError)
