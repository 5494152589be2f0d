"""Bundles made by hand, for machines that nobody has to have."""

import hashlib
import subprocess
from pathlib import Path

from snapgui.core.bundle import DOMAIN, MANIFEST, SNAPSHOT, SUMS, Bundle, BundleDisk, disk_files, manifest
from snapgui.core.rules.export_bundle import domain_xml
from snapgui.core.xml.document import parse


def make_bundle(folder: Path, snapshot_xml: str) -> Path:
    """A bundle of the snapshot, whose disks are empty and hold nothing of it."""
    folder.mkdir()
    root = parse(snapshot_xml)
    targets = [each.get("name", "") for each in root.iterfind("disks/disk") if each.get("snapshot") != "no"]
    disks = tuple(BundleDisk(target, disk_files(target)[0]) for target in targets)
    for disk in disks:
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", folder / disk.file, "64M"], check=True)
    said = Bundle(root.findtext("domain/name", ""), root.findtext("domain/uuid", ""), root.findtext("name", ""), disks)
    for name, text in ((DOMAIN, domain_xml(snapshot_xml)), (SNAPSHOT, snapshot_xml), (MANIFEST, manifest(said))):
        (folder / name).write_text(text)
    sums = (f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()} *{name}\n" for name in said.files())
    (folder / SUMS).write_text("".join(sums))
    return folder
