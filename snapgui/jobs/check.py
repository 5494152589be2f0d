"""Reads what a machine's health is judged by: from its host, and our own cache."""

from dataclasses import replace

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.health.ailments import Health
from snapgui.core.health.examine import examine
from snapgui.core.health.inventory import Inventory, Picture
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_snapshot
from snapgui.jobs.screens import Screens
from snapgui.virt.host import Host


def check(screens: Screens, uuid: str, host: Host) -> Health:
    """Examine a machine. Blocks; raises SnapguiError."""
    found = host.inventory(uuid)
    try:
        return examine(replace(found, pictures=_orphans(screens, found)))
    except XmlError as error:
        tried = translate("Check", "Checking the health of the machine")
        raise SnapguiError(Problem(tried, str(error), raw=found.config)) from error


def _orphans(screens: Screens, found: Inventory) -> tuple[Picture, ...]:
    own = next((machine for machine in found.machines if machine.uuid == found.uuid), None)
    if own is None or own.why:
        return ()
    try:
        records = [read_snapshot(text) for text in own.snapshots.values()]
    except XmlError:
        return ()  # the picture of one that can't be read would be taken for an orphan
    # An image's snapshot may be one that libvirt has forgotten, and will be made known again.
    in_images = {tag.name for file in found.files.values() for tag in file.tags}
    known = {record.name for record in records}
    return screens.orphans(found.uuid, records, in_images - known)
