"""A snapshot that is to be copied out of its machine, as libvirt has noted it."""

from dataclasses import dataclass

from snapgui.core.plan import Finding, Level
from snapgui.core.records import DomainConfig, Situation, SnapshotRecord
from snapgui.core.rules import facts
from snapgui.core.rules.edit import unread
from snapgui.core.rules.held_disks import HeldDisk, held_disks
from snapgui.core.text import translate
from snapgui.core.xml.clone import Belongings, read_belongings
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import read_config_then


@dataclass(frozen=True, slots=True)
class Source:
    """The machine as it was then. ``disks``: those that the snapshot holds, or of them those that are wanted."""

    record: SnapshotRecord
    xml: str
    then: DomainConfig
    belongings: Belongings
    disks: tuple[HeldDisk, ...]


def read_source(snapshot: str, situation: Situation) -> Source | tuple[Finding, ...]:
    """The source, or what stands against reading it."""
    record = situation.snapshots.records.get(snapshot)
    if record is None:
        return tuple(facts.missing(situation, (snapshot,)))
    xml = situation.snapshot_xml.get(snapshot)
    if xml is None or situation.config is None:
        return (unread(situation),)
    try:
        then, belongings = read_config_then(xml), read_belongings(xml)
    except XmlError as error:
        return (Finding("xml", Level.BLOCKER, str(error)),)
    if then is None:
        reason = translate("Plan", "libvirt has noted no settings of the machine with this snapshot.")
        return (Finding("no-settings", Level.BLOCKER, reason),)
    return Source(record, xml, then, belongings, held_disks(record, then))
