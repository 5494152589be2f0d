"""What the plan of importing a machine is made from."""

import os
from dataclasses import replace
from typing import Final

from snapgui import virt
from snapgui.core.records import DomainId, DomainRecord, Situation
from snapgui.virt.host import Host

_LARGE: Final = "/var/tmp"  # noqa: S108 - for large files (man 7 file-hierarchy); what is made there is a private folder


def read_import(host: Host, bundle: str, folder: str) -> Situation:
    """Read a bundle's folder of this computer, and what is on the host. Blocks; raises SnapguiError.

    ``bundle`` may be "" yet. ``folder`` is where the machine's files would go; "": where the host keeps its images. The
    folders of the situation are that one and those of the host's storage pools.
    The situation is that of a machine that is not there yet.
    """
    machines = {record.id.uuid: record.name for record in host.list_domains()}
    found = virt.bundles.read_bundle(bundle) if bundle else None
    if found is not None:
        found = replace(found, twin=machines.get(found.bundle.uuid, ""))
    pools = host.pools()
    place = folder or next(iter(pools), "")
    folders = host.folders((place, *pools) if place else ())
    return Situation(
        host.read_host(),
        DomainRecord(DomainId(host.uri, ""), ""),
        folders={path: replace(known, pool=pools.get(path, "")) for path, known in folders.items()},
        here=virt.survey.own_folders((os.environ.get("TMPDIR") or _LARGE,)),
        machines=frozenset(machines.values()),
        bundle=found,
    )
