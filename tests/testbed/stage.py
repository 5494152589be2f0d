"""The application's side of a host on libvirt's test driver, and a second client that changes things meanwhile."""

from dataclasses import dataclass

import libvirt

from snapgui.core.records import DomainId
from snapgui.jobs.backend import Backend
from snapgui.models.store import Store

URI = "test:///default"


@dataclass
class Stage:
    """What a test acts with: the application's side, and somebody else's."""

    store: Store
    backend: Backend
    other: libvirt.virConnect
    domain: DomainId

    @property
    def others(self) -> libvirt.virDomain:
        return self.other.lookupByUUIDString(self.domain.uuid)

    def names(self) -> set[str]:
        return set(self.store.snapshots(self.domain).records)

    def take(self, name: str) -> None:
        self.others.snapshotCreateXML(f"<domainsnapshot><name>{name}</name></domainsnapshot>")
