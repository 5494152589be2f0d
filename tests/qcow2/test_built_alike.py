"""What an image's header says of how it is built is what qemu-img makes another one of the same kind by."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from snapgui.qcow2.header import read_header
from snapgui.qcow2.source import LocalFile


def _header(path: Path) -> Any:
    source = LocalFile(str(path))
    try:
        return read_header(source)
    finally:
        source.close()


def _told(path: Path) -> Any:
    ran = subprocess.run(["qemu-img", "info", "--output=json", path], check=True, capture_output=True)
    found = json.loads(ran.stdout)
    return found["cluster-size"], found["format-specific"]["data"]


@pytest.mark.parametrize(
    "options",
    [
        "compat=1.1",
        "compat=0.10,cluster_size=4096",
        "cluster_size=2M,refcount_bits=1,lazy_refcounts=on",
        "extended_l2=on,cluster_size=16k,compression_type=zstd",
        "refcount_bits=64",
    ],
)
def test_an_image_is_made_like_another(tmp_path: Path, options: str) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-o", options, one, "64M"], check=True)
    subprocess.run(["qemu-img", "convert", "-O", "qcow2", "-o", _header(one).options, one, other], check=True)
    assert _told(other) == _told(one)
    assert not _header(one).encrypted


def test_an_encrypted_image_is_known(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    options = "encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10"
    key = ["--object", "secret,id=key,data=abc"]
    subprocess.run(["qemu-img", "create", "-q", *key, "-f", "qcow2", "-o", options, path, "1M"], check=True)
    assert _header(path).encrypted
