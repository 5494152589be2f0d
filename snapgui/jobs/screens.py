"""Pictures of machines' screens as they were when a snapshot was taken, in a folder of the user's cache."""

import hashlib
from pathlib import Path

from snapgui.core.records import SnapshotRecord


class Screens:
    """One file for each snapshot. Blocking: for worker threads only. A picture is a comfort: failures are silent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, uuid: str, snapshot: SnapshotRecord, picture: bytes) -> None:
        """Keep the picture, an image file's bytes as libvirt gave them."""
        path = self._path(uuid, snapshot)
        partial = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial.write_bytes(picture)
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)

    def load(self, uuid: str, snapshot: SnapshotRecord) -> bytes | None:
        """The picture's bytes, None where there is none."""
        try:
            return self._path(uuid, snapshot).read_bytes()
        except OSError:
            return None

    def remove(self, uuid: str, snapshot: SnapshotRecord) -> None:
        """Drop the picture of a snapshot that is gone."""
        try:
            self._path(uuid, snapshot).unlink(missing_ok=True)
        except OSError:
            return

    def _path(self, uuid: str, snapshot: SnapshotRecord) -> Path:
        # A name may hold what a file name can't; its creation time tells a snapshot from a later one of the same name.
        name = hashlib.sha256(snapshot.name.encode(errors="surrogatepass")).hexdigest()[:32]
        return self._folder / uuid / f"{name}-{snapshot.created}"
