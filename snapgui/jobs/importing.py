"""What the plan of importing a machine is made from."""

from dataclasses import replace

from snapgui import virt
from snapgui.core.records import DomainId, DomainRecord, Situation
from snapgui.virt.host import Host


def read_import(host: Host, bundle: str, folder: str) -> Situation:
    """Read a bundle's folder of this computer, and what is on the host. Blocks; raises SnapguiError.

    ``bundle`` may be "" yet. ``folder`` is where the machine's files would go; "": where the host keeps its images.
    The situation is that of a machine that is not there yet.
    """
    machines = {record.id.uuid: record.name for record in host.list_domains()}
    found = virt.bundles.read_bundle(bundle) if bundle else None
    if found is not None:
        found = replace(found, twin=machines.get(found.bundle.uuid, ""))
    place = folder or host.image_folder()
    return Situation(
        host.read_host(),
        DomainRecord(DomainId(host.uri, ""), ""),
        folders=host.folders((place,) if place else ()),
        machines=frozenset(machines.values()),
        bundle=found,
    )
