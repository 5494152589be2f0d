"""libvirt's errors about snapshots."""

from snapgui.core.errors.meaning import Meaning
from snapgui.core.text import translate


def about_snapshots() -> tuple[Meaning, ...]:
    return (
        Meaning(
            (35,),
            "name can't contain '/'",
            translate("Error", "A snapshot’s name can’t contain “/”."),
            translate("Error", "Choose another name."),
        ),
        Meaning(
            (35,),
            r"name can't start with '\.'",
            translate("Error", "A snapshot’s name can’t start with a dot."),
            translate("Error", "Choose another name."),
        ),
        Meaning(
            (9,),
            "already exists in one or more devices",
            translate("Error", "An image of the machine already holds a snapshot of that name, unknown to libvirt."),
            translate(
                "Error", "Choose another name, or make the old one known or delete it: check the machine’s health."
            ),
        ),
        Meaning(
            (9,),
            "domain moment .* already exists",
            translate("Error", "The machine already has a snapshot of that name."),
            translate("Error", "Choose another name."),
        ),
        Meaning(
            (1, 9),
            "while writing VM state",
            translate("Error", "The memory could not be written into the image; most often, the host’s disk is full."),
            translate("Error", "Make room on the host, then try again."),
        ),
        Meaning(
            (9,),
            "while loading VM state|load of internal snapshot",
            translate("Error", "QEMU could not bring back the memory of the snapshot. The machine is off now."),
            translate("Error", "Its disks may be reverted already. Revert to another snapshot to have a whole state."),
        ),
        Meaning(
            (67,),
            r"internal snapshot for disk (?P<disk>\S+) unsupported for storage type (?P<format>\S+)",
            translate("Error", "Disk {disk} is {format}, and only qcow2 can hold snapshots."),
            translate("Error", "Convert the disk to qcow2, or make it read-only."),
        ),
        Meaning(
            (67,),
            "require all disks to be selected|nothing selected for snapshot",
            translate("Error", "An internal snapshot has to hold every writable disk, and there has to be one."),
            translate("Error", "See whether a disk is set to be left out of snapshots, or the machine has none."),
        ),
        Meaning(
            (67,),
            "mixing internal and external",
            translate("Error", "Some disks are set to internal snapshots and others to external ones."),
            translate("Error", "Set all disks to the same kind in the machine’s settings."),
        ),
        Meaning(
            (67,),
            r"external snapshot file for disk '?(?P<disk>[^\s']+)'? already exists",
            translate("Error", "The file that disk {disk} should go on in is already there."),
            translate("Error", "Choose another name, or move that file away."),
        ),
        Meaning(
            (67, 84),
            r"(source|disk) for (disk )?'(?P<disk>[^']+)' is not a regular file",
            translate("Error", "Disk {disk} is not a file, and libvirt does this only with files."),
        ),
        Meaning(
            (67,),
            "deletion of (active )?external|deletion of non-leaf external",
            translate("Error", "libvirt can’t delete an external snapshot at this place of the tree."),
            translate("Error", "Delete the snapshots below it one by one, from the last."),
        ),
        Meaning(
            (84,),
            "pflash",
            translate("Error", "The firmware (UEFI) keeps its settings in a format that can’t hold snapshots."),
            translate("Error", "Shut the machine off first, or keep its NVRAM in qcow2."),
        ),
        Meaning(
            (84,),
            "must include the memory state",
            translate("Error", "An internal snapshot of a running machine always includes its memory."),
            translate("Error", "Take it with its memory, or shut the machine off first."),
        ),
        Meaning(
            (27,),
            "memory state cannot be saved with offline",
            translate("Error", "The machine has stopped meanwhile: there is no memory to save any more."),
            translate("Error", "Start it first, or take the snapshot again as it is now."),
        ),
        Meaning(
            (84,),
            "internal snapshot as parent",
            translate("Error", "libvirt can’t delete an external snapshot that lies below an internal one."),
        ),
        Meaning(
            (84,),
            r"disk image '(?P<disk>[^']+)' for internal snapshot .* is not the same",
            translate("Error", "The snapshot is in another image of disk {disk} than the machine runs on now."),
            translate("Error", "Shut the machine off first."),
        ),
        Meaning(
            (84,),
            "PMSUSPENDED",
            translate("Error", "The guest has put itself to sleep. QEMU can’t take a snapshot of it in that state."),
            translate("Error", "Wake the machine up first."),
        ),
        Meaning(
            (77,),
            "managed save",
            translate("Error", "The machine has a saved state, which would not fit the reverted disks."),
            translate("Error", "Remove the saved state first."),
        ),
        Meaning(
            (77,),
            "rollback info",
            translate("Error", "The snapshot does not have the machine’s settings, so libvirt can’t revert to it."),
        ),
        Meaning(
            (55,),
            "needs to request run or pause",
            translate("Error", "The machine is transient and was off in this snapshot: it would vanish."),
            translate("Error", "Choose that it goes on running or paused."),
        ),
        Meaning(
            (55,),
            r"snapshot disk '(?P<disk>[^']+)' was target of not completed",
            translate("Error", "Deleting another snapshot broke off earlier, and disk {disk} is still half merged."),
            translate("Error", "Delete that other snapshot again first."),
        ),
        Meaning(
            (72,),
            "",
            translate("Error", "That snapshot is not there any more. Somebody else may have deleted it."),
        ),
        Meaning(
            (1,),
            "Invalid job ID",
            translate("Error", "A running QEMU accepts only names of English letters, digits, “-”, “.” and “_”."),
            translate("Error", "Use another name, or shut the machine off first."),
        ),
        Meaning(
            (1,),
            "unable to save metadata for snapshot",
            translate("Error", "libvirt could not write the snapshot’s description, so it does not know the snapshot."),
            translate("Error", "Use a shorter name, and look at the space on the host."),
        ),
        Meaning(
            (1,),
            "the cause is unknown",
            translate(
                "Error", "libvirt gave no reason. After a revert, most often an image does not hold the snapshot."
            ),
            translate("Error", "Some of the machine’s disks may be reverted already, and others not. Check them."),
        ),
    )
