"""What the user has chosen: the subject of the actions."""

from dataclasses import dataclass

from snapgui.core.differences.outlook import Outlook
from snapgui.core.records import DomainRecord, HostRecord, HostState, SnapshotRecord


@dataclass(frozen=True, slots=True)
class Focus:
    """The chosen host, machine and snapshots, as far as there are any."""

    host: HostRecord | None = None
    domain: DomainRecord | None = None
    snapshots: tuple[SnapshotRecord, ...] = ()
    current: str | None = None  # the machine's current snapshot
    others: tuple[DomainRecord, ...] = ()  # machines that are chosen besides the one that is shown
    outlook: Outlook | None = None  # what the machine's XML says; None: it has not been read
    left_at: SnapshotRecord | None = None  # the safety snapshot of the last revert, as long as that can be undone

    @property
    def connected(self) -> bool:
        """Whether the host answers."""
        return self.host is not None and self.host.state is HostState.CONNECTED

    @property
    def snapshot(self) -> SnapshotRecord | None:
        """The chosen snapshot, where it is exactly one."""
        return self.snapshots[0] if len(self.snapshots) == 1 else None

    @property
    def safety(self) -> SnapshotRecord | None:
        """What undoing a revert goes back to: the chosen safety snapshot, or else that of the last revert."""
        return self.snapshot if self.snapshot is not None and self.snapshot.safety else self.left_at
