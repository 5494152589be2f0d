"""The steps of a plan as libvirt calls."""

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

import libvirt

from snapgui.core.plan import Call, CreateFlag, Step
from snapgui.core.records import Agent
from snapgui.core.text import translate
from snapgui.core.xml.read import read_domain
from snapgui.virt import files


def _set_time(domain: libvirt.virDomain, flags: int) -> None:
    """Set the guest's clock to this computer's. Without an agent in the guest there is nothing to do and no failure.

    Right after a revert the channel's state is that of the snapshot: seen on 11.3, with no wait in between.
    """
    if read_domain(domain.XMLDesc()).agent is Agent.CONNECTED:
        domain.setTime({"seconds": int(time.time())}, flags)


_ON_THE_DOMAIN: Mapping[Call, Callable[[libvirt.virDomain, Step], object]] = MappingProxyType(
    {
        Call.SNAPSHOT_CREATE: lambda domain, step: domain.snapshotCreateXML(step.xml, step.flags),
        Call.SNAPSHOT_REVERT: lambda domain, step: domain.revertToSnapshot(
            domain.snapshotLookupByName(step.snapshot), step.flags
        ),
        Call.SNAPSHOT_DELETE: lambda domain, step: domain.snapshotLookupByName(step.snapshot).delete(step.flags),
        Call.MANAGED_SAVE_REMOVE: lambda domain, step: domain.managedSaveRemove(step.flags),
        Call.CREATE: lambda domain, step: domain.createWithFlags(step.flags),
        Call.SUSPEND: lambda domain, _: domain.suspend(),
        Call.RESUME: lambda domain, _: domain.resume(),
        Call.SHUTDOWN: lambda domain, step: domain.shutdownFlags(step.flags),
        Call.REBOOT: lambda domain, step: domain.reboot(step.flags),
        Call.DESTROY: lambda domain, step: domain.destroyFlags(step.flags),
        Call.UNDEFINE: lambda domain, step: domain.undefineFlags(step.flags),
        Call.FS_FREEZE: lambda domain, step: domain.fsFreeze(None, step.flags),
        Call.FS_THAW: lambda domain, step: domain.fsThaw(None, step.flags),
        Call.AGENT_ASK: lambda domain, step: domain.getTime(step.flags),
        Call.AGENT_TIMEOUT: lambda domain, step: domain.agentSetResponseTimeout(step.seconds, step.flags),
        Call.SET_TIME: lambda domain, step: _set_time(domain, step.flags),
    }
)
_ON_THE_HOST: Mapping[Call, Callable[[libvirt.virConnect, Step], object]] = MappingProxyType(
    {
        Call.DEFINE: lambda connection, step: connection.defineXMLFlags(step.xml, step.flags),
        Call.DEFINE_NEW: lambda connection, step: connection.defineXMLFlags(step.xml, step.flags),
        Call.VOLUME_CREATE: lambda connection, step: connection.storagePoolLookupByName(step.source).createXML(
            step.xml, step.flags
        ),
        Call.VOLUME_DELETE: lambda connection, step: connection.storageVolLookupByPath(step.path).delete(step.flags),
        Call.FILE_DELETE: lambda _, step: files.delete(step.path, step.proof),
        Call.PICTURE_DELETE: lambda _, step: files.delete(step.path, step.proof),
    }
)


def run(connection: libvirt.virConnect, step: Step) -> None:
    """Make the step's call and wait for its end. Raises libvirtError."""
    if step.call in _ON_THE_HOST:
        _ON_THE_HOST[step.call](connection, step)
    else:
        _ON_THE_DOMAIN[step.call](connection.lookupByUUIDString(step.domain.uuid), step)


def tried(step: Step) -> str:
    """What the step does, in the user's words."""
    redefines = step.call is Call.SNAPSHOT_CREATE and step.flags & CreateFlag.REDEFINE
    texts = {
        Call.SNAPSHOT_CREATE: translate("Step", "Changing the snapshot “{snapshot}” of {machine}")
        if redefines
        else translate("Step", "Taking the snapshot “{snapshot}” of {machine}"),
        Call.SNAPSHOT_REVERT: translate("Step", "Reverting {machine} to the snapshot “{snapshot}”"),
        Call.SNAPSHOT_DELETE: translate("Step", "Deleting the snapshot “{snapshot}” of {machine}"),
        Call.MANAGED_SAVE_REMOVE: translate("Step", "Removing the saved state of {machine}"),
        Call.CREATE: translate("Step", "Starting {machine}"),
        Call.SUSPEND: translate("Step", "Pausing {machine}"),
        Call.RESUME: translate("Step", "Resuming {machine}"),
        Call.SHUTDOWN: translate("Step", "Shutting down {machine}"),
        Call.REBOOT: translate("Step", "Rebooting {machine}"),
        Call.DESTROY: translate("Step", "Forcing {machine} off"),
        Call.DEFINE: translate("Step", "Changing the settings of {machine}"),
        Call.DEFINE_NEW: translate("Step", "Making the machine {machine}"),
        Call.UNDEFINE: translate("Step", "Removing the machine {machine} again"),
        Call.FS_FREEZE: translate("Step", "Holding the file systems of {machine} still"),
        Call.FS_THAW: translate("Step", "Letting the file systems of {machine} go on"),
        Call.AGENT_ASK: translate("Step", "Asking the agent of {machine} whether it answers"),
        Call.AGENT_TIMEOUT: translate("Step", "Setting how long the agent of {machine} is waited for"),
        Call.SET_TIME: translate("Step", "Setting the clock of {machine}"),
        Call.VOLUME_CREATE: translate("Step", "Making the volume {path}"),
        Call.VOLUME_DELETE: translate("Step", "Deleting the file {path}"),
        Call.FILE_DELETE: translate("Step", "Deleting the file {path}"),
        Call.PICTURE_DELETE: translate("Step", "Deleting the picture {path}"),
        Call.PROGRAM: translate("Step", "Writing {path}") if step.path else translate("Step", "Running {program}"),
        Call.FILE_WRITE: translate("Step", "Writing {path}"),
        Call.FOLDER_MAKE: translate("Step", "Making the folder {path}"),
        Call.MOVE: translate("Step", "Giving {path} its name"),
        Call.REPLACE: translate("Step", "Putting the smaller image in the place of {path}"),
        Call.VOLUME_DOWNLOAD: translate("Step", "Downloading {source} to {path}"),
        Call.VOLUME_UPLOAD: translate("Step", "Uploading {source} to {path}"),
        Call.REMOVE: translate("Step", "Removing {path} again"),
    }
    if "sha256sum" in step.program and not step.path:
        return translate("Step", "Checking whether the files are as they were written")
    program = " ".join(step.program[:2])  # "qemu-img check"
    return texts[step.call].format(
        machine=step.domain_name, snapshot=step.snapshot, path=step.path, source=step.source, program=program
    )
