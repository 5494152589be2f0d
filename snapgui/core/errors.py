"""A failure as the user reads it: what was tried, why it failed, what to do; the raw text on demand."""

import re
from dataclasses import dataclass

from snapgui.core.text import translate
from snapgui.core.uris import driver_of, is_known_driver


@dataclass(frozen=True, slots=True)
class Problem:
    """``code`` is libvirt's virErrorNumber, None where the failure is not libvirt's. ``raw`` is the text as it came.

    ``machine`` is the name of the one that was not taken, of several.
    """

    tried: str
    why: str
    remedy: str = ""
    raw: str = ""
    code: int | None = None
    machine: str = ""


class SnapguiError(Exception):
    """Raised where an operation fails; carries the problem to show."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.why)
        self.problem = problem


_RPC = 38


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What an error means. ``part`` is searched in libvirt's message; its named groups fill the texts."""

    codes: tuple[int, ...]
    part: str
    why: str
    remedy: str = ""


def explain(code: int, message: str, tried: str, uri: str = "") -> Problem:
    """libvirt's error in plain words; in its own where it is not known.

    ``tried`` says what was being done. ``uri``: what libvirt was to connect to, where it was.
    """
    if code == _RPC and (found_out := _about_driver(driver_of(uri), message)) is not None:
        return Problem(tried, *found_out, message, code)
    for meaning in (*_about_snapshots(), *_about_machines(), *_about_uris(), *_about_connections()):
        found = re.search(meaning.part, message, re.IGNORECASE | re.DOTALL) if code in meaning.codes else None
        if found is not None:
            parts = found.groupdict()
            return Problem(tried, meaning.why.format(**parts), meaning.remedy.format(**parts), message, code)
    return Problem(tried, message.strip() or translate("Error", "libvirt gave no reason."), "", message, code)


def _about_driver(driver: str, message: str) -> tuple[str, str] | None:
    """What libvirt does not say of a driver that is not QEMU's: its client passes the URI on to a daemon."""
    if driver and not is_known_driver(driver):
        return translate("Error", "libvirt has no driver “{driver}”.").format(driver=driver), _check_the_beginning()
    if driver not in ("", "qemu") and "Failed to connect socket" in message and "No such file" in message:
        why = translate("Error", "No libvirt daemon with the driver “{driver}” listens there.").format(driver=driver)
        return why, translate("Error", "Install that driver of libvirt’s daemon on the host, or start it.")
    return None


# The numbers are virErrorNumber, from libvirt's include/libvirt/virterror.h; the texts are of libvirt 9.0 to 11.3.
# Within a code, the first whose part is found counts, so an empty part comes last.


def _about_snapshots() -> tuple[_Meaning, ...]:
    return (
        _Meaning(
            (35,),
            "name can't contain '/'",
            translate("Error", "A snapshot’s name can’t contain “/”."),
            translate("Error", "Choose another name."),
        ),
        _Meaning(
            (35,),
            r"name can't start with '\.'",
            translate("Error", "A snapshot’s name can’t start with a dot."),
            translate("Error", "Choose another name."),
        ),
        _Meaning(
            (9,),
            "already exists in one or more devices",
            translate("Error", "An image of the machine already holds a snapshot of that name, unknown to libvirt."),
            translate(
                "Error", "Choose another name, or make the old one known or delete it: check the machine’s health."
            ),
        ),
        _Meaning(
            (9,),
            "domain moment .* already exists",
            translate("Error", "The machine already has a snapshot of that name."),
            translate("Error", "Choose another name."),
        ),
        _Meaning(
            (1, 9),
            "while writing VM state",
            translate("Error", "The memory could not be written into the image; most often, the host’s disk is full."),
            translate("Error", "Make room on the host, then try again."),
        ),
        _Meaning(
            (9,),
            "while loading VM state|load of internal snapshot",
            translate("Error", "QEMU could not bring back the memory of the snapshot. The machine is off now."),
            translate("Error", "Its disks may be reverted already. Revert to another snapshot to have a whole state."),
        ),
        _Meaning(
            (67,),
            r"internal snapshot for disk (?P<disk>\S+) unsupported for storage type (?P<format>\S+)",
            translate("Error", "Disk {disk} is {format}, and only qcow2 can hold snapshots."),
            translate("Error", "Convert the disk to qcow2, or make it read-only."),
        ),
        _Meaning(
            (67,),
            "require all disks to be selected|nothing selected for snapshot",
            translate("Error", "An internal snapshot has to hold every writable disk, and there has to be one."),
            translate("Error", "See whether a disk is set to be left out of snapshots, or the machine has none."),
        ),
        _Meaning(
            (67,),
            "mixing internal and external",
            translate("Error", "Some disks are set to internal snapshots and others to external ones."),
            translate("Error", "Set all disks to the same kind in the machine’s configuration."),
        ),
        _Meaning(
            (67,),
            r"external snapshot file for disk '?(?P<disk>[^\s']+)'? already exists",
            translate("Error", "The file that disk {disk} should go on in is already there."),
            translate("Error", "Choose another name, or move that file away."),
        ),
        _Meaning(
            (67, 84),
            r"(source|disk) for (disk )?'(?P<disk>[^']+)' is not a regular file",
            translate("Error", "Disk {disk} is not a file, and libvirt does this only with files."),
        ),
        _Meaning(
            (67,),
            "deletion of (active )?external|deletion of non-leaf external",
            translate("Error", "libvirt can’t delete an external snapshot at this place of the tree."),
            translate("Error", "Delete the snapshots below it one by one, from the last."),
        ),
        _Meaning(
            (84,),
            "pflash",
            translate("Error", "The firmware (UEFI) keeps its settings in a format that can’t hold snapshots."),
            translate("Error", "Shut the machine off first, or keep its NVRAM in qcow2."),
        ),
        _Meaning(
            (84,),
            "must include the memory state",
            translate("Error", "An internal snapshot of a running machine always includes its memory."),
            translate("Error", "Take it with its memory, or shut the machine off first."),
        ),
        _Meaning(
            (84,),
            "internal snapshot as parent",
            translate("Error", "libvirt can’t delete an external snapshot that lies below an internal one."),
        ),
        _Meaning(
            (84,),
            r"disk image '(?P<disk>[^']+)' for internal snapshot .* is not the same",
            translate("Error", "The snapshot is in another image of disk {disk} than the machine runs on now."),
            translate("Error", "Shut the machine off first."),
        ),
        _Meaning(
            (84,),
            "PMSUSPENDED",
            translate("Error", "The guest has put itself to sleep. QEMU can’t take a snapshot of it in that state."),
            translate("Error", "Wake the machine up first."),
        ),
        _Meaning(
            (77,),
            "managed save",
            translate("Error", "The machine has a saved state, which would not fit the reverted disks."),
            translate("Error", "Remove the saved state first."),
        ),
        _Meaning(
            (77,),
            "rollback info",
            translate(
                "Error", "The snapshot does not say how the machine was configured, so libvirt can’t revert to it."
            ),
        ),
        _Meaning(
            (55,),
            "needs to request run or pause",
            translate("Error", "The machine is transient and was off in this snapshot: it would vanish."),
            translate("Error", "Choose that it goes on running or paused."),
        ),
        _Meaning(
            (55,),
            r"snapshot disk '(?P<disk>[^']+)' was target of not completed",
            translate("Error", "Deleting another snapshot broke off earlier, and disk {disk} is still half merged."),
            translate("Error", "Delete that other snapshot again first."),
        ),
        _Meaning(
            (72,),
            "",
            translate("Error", "That snapshot is not there any more. Somebody else may have deleted it."),
        ),
        _Meaning(
            (1,),
            "Invalid job ID",
            translate("Error", "A running QEMU accepts only names of English letters, digits, “-”, “.” and “_”."),
            translate("Error", "Use another name, or shut the machine off first."),
        ),
        _Meaning(
            (1,),
            "unable to save metadata for snapshot",
            translate("Error", "libvirt could not write the snapshot’s description, so it does not know the snapshot."),
            translate("Error", "Use a shorter name, and look at the space on the host."),
        ),
        _Meaning(
            (1,),
            "the cause is unknown",
            translate(
                "Error", "libvirt gave no reason. After a revert, most often an image does not hold the snapshot."
            ),
            translate("Error", "Some of the machine’s disks may be reverted already, and others not. Check them."),
        ),
    )


def _about_machines() -> tuple[_Meaning, ...]:
    return (
        _Meaning(
            (1, 9, 38),
            "No space left on device",
            translate("Error", "The host’s disk is full."),
            translate("Error", "Make room on the host, then try again."),
        ),
        _Meaning(
            (1, 9, 38),
            r"(?:create|open) (?:file )?'(?P<path>/[^']+)': Permission denied",
            translate("Error", "The host’s libvirt or QEMU may not write {path}."),
            translate("Error", "Choose a place among the host’s images, or allow it: permissions, AppArmor, SELinux."),
        ),
        _Meaning(
            (1, 9, 38),
            r"(?:create|open) (?:file )?'(?P<path>/[^']+)': No such file or directory",
            translate("Error", "There is no folder for {path} on the host."),
            translate("Error", "Make it first, or choose another."),
        ),
        _Meaning(
            (38,),
            r"missing existing file for disk (?P<disk>[^:]+): (?P<path>/.+): No such file",
            translate("Error", "{path}, which was to be prepared for disk {disk}, is not there."),
            translate("Error", "Make it first, or do without prepared files."),
        ),
        _Meaning(
            (1,),
            "paused due to previous migration",
            translate("Error", "QEMU saves a paused machine’s memory but once."),
            translate("Error", "Resume the machine first."),
        ),
        _Meaning(
            (9,),
            "domain is not running",
            translate("Error", "The machine stopped in the middle of it."),
            translate("Error", "See its log on the host for why, then start it again."),
        ),
        _Meaning(
            (84,),
            "while checkpoint exists",
            translate("Error", "The machine has checkpoints, beside which libvirt can’t do this while it is off."),
            translate("Error", "Start the machine first."),
        ),
        _Meaning(
            (55,),
            "active block job",
            translate("Error", "Something is still copying or merging a disk of the machine."),
            translate("Error", "Wait until that has ended."),
        ),
        _Meaning(
            (55,),
            r"cannot delete inactive domain with (?P<count>\d+) snapshot",
            translate("Error", "The machine still has snapshots ({count})."),
            translate("Error", "Delete its snapshots first."),
        ),
        _Meaning(
            (55,),
            "transient disk",
            translate("Error", "The machine has a transient disk: its memory can’t be saved beside it."),
            translate("Error", "Shut the machine off first."),
        ),
        _Meaning(
            (38,),
            "(from|to) monitor",  # libvirt's own connection to QEMU, not ours to libvirt
            translate("Error", "QEMU ended in the middle of it."),
            translate("Error", "Look at what state the machine is in, then try again."),
        ),
        _Meaning(
            (9,),
            "domain is no longer running",
            translate("Error", "QEMU ended in the middle of it."),
            translate("Error", "Look at what state the machine is in, then try again."),
        ),
        _Meaning((55,), "domain is not running", translate("Error", "The machine is off.")),
        _Meaning((55,), "domain is already running", translate("Error", "The machine is already running.")),
        _Meaning(
            (74,),
            "guest agent is not configured",
            translate("Error", "The machine has no channel for a guest agent."),
            translate("Error", "Add one to its configuration and install qemu-guest-agent in the guest."),
        ),
        _Meaning(
            (113,),
            "has been disabled: the agent is in frozen state",
            translate("Error", "The guest’s file systems are held still already, by something else."),
            translate("Error", "Wait until that has ended, or let them go on by virsh domfsthaw."),
        ),
        _Meaning(
            (86, 112),
            "",
            translate("Error", "The guest agent does not answer."),
            translate("Error", "See that qemu-guest-agent is installed and running in the guest."),
        ),
        _Meaning(
            (68,),
            "",
            translate("Error", "The machine is busy with another operation, and libvirt gave up waiting for it."),
            translate("Error", "Wait until that has ended, then try again."),
        ),
        _Meaning((78,), "", translate("Error", "It was cancelled.")),
        _Meaning((42,), "", translate("Error", "That machine is not there any more.")),
    )


def _check_the_beginning() -> str:
    return translate("Error", "Check the beginning of the URI: for QEMU and KVM it is “qemu”.")


def _about_uris() -> tuple[_Meaning, ...]:
    return (
        _Meaning(
            (5,),
            "does not include a driver name",
            translate("Error", "The URI does not say which driver of libvirt is meant."),
            translate("Error", "Begin it with one, as qemu:///system does."),
        ),
        _Meaning(
            (5,),
            r"no connection driver available for (?P<uri>\S+)",
            translate("Error", "libvirt has no driver for {uri} there."),
            _check_the_beginning(),
        ),
        _Meaning(
            (67,),
            "built without the '(?P<driver>[^']+)' driver",
            translate("Error", "The libvirt here was built without the driver “{driver}”."),
            translate("Error", "Use a libvirt that has it, or connect through the libvirt of another host."),
        ),
        _Meaning(
            (8,),
            "transport in URL not recognised",
            translate("Error", "The part of the URI after “+” is no way to reach a host."),
            translate("Error", "Use ssh, libssh, libssh2, tls, tcp, unix or ext."),
        ),
        _Meaning(
            (1,),
            "unable to parse URI",
            translate("Error", "This is no URI that libvirt can read."),
            translate("Error", "It has no spaces and looks like qemu:///system or qemu+ssh://host/system."),
        ),
        _Meaning(
            (1, 8),
            r"unexpected (?P<driver>\S+) URI path '(?P<path>[^']*)'",
            translate("Error", "“{path}” is no set of machines of the driver “{driver}”."),
            translate("Error", "End the URI with /system, or with /session for your own machines."),
        ),
        _Meaning(
            (1, 38),
            "(?:address lookup for host|resolve address) '(?P<host>[^']+)'",
            translate("Error", "There is no host “{host}”, as far as this computer can find out."),
            translate("Error", "Check its name, and the network."),
        ),
        _Meaning(
            (38,),
            "Cannot read CA certificate|Cannot read certificate",
            translate("Error", "The certificates for TLS are not set up on this computer."),
            translate("Error", "Put them where the details say, or connect through SSH."),
        ),
    )


def _about_connections() -> tuple[_Meaning, ...]:
    return (
        _Meaning(
            (29,),
            "",
            translate("Error", "The connection is read-only."),
            translate("Error", "Connect again with the right to change machines."),
        ),
        _Meaning(
            (88,),
            "",
            translate("Error", "The host’s policy does not allow it to you."),
            translate("Error", "Ask whoever runs the host for the right to do it."),
        ),
        _Meaning(
            (45, 79, 94),
            "",
            translate("Error", "The host did not let you in."),
            translate("Error", "Check user name and password; on this computer, be in the group “libvirt”."),
        ),
        _Meaning(
            (38,),
            "Failed to connect socket.*No such file",
            translate("Error", "No libvirt daemon listens there."),
            translate("Error", "Install libvirt’s daemon on that host, or start it."),
        ),
        _Meaning(
            (38,),
            "Failed to connect socket.*Permission denied",
            translate("Error", "You may not talk to that host’s libvirt."),
            translate("Error", "Be in the group “libvirt”, then log in again."),
        ),
        _Meaning(
            (38,),
            "unable to connect to server|Failed to connect socket.*refused",
            translate("Error", "The host can’t be reached."),
            translate("Error", "Check its address, and that libvirt’s daemon runs there."),
        ),
        _Meaning(
            (38,),
            r"Cannot recv data: (?P<said>(?:ssh:|Host key|[^ ]+: Permission denied).*?)(?:: Connection reset.*)?$",
            translate("Error", "SSH could not connect: {said}"),
            translate("Error", "Check the host’s name, and that SSH lets you in without asking."),
        ),
        _Meaning(
            (38,),
            "Cannot recv data|End of file while reading|Broken pipe|Connection reset|Cannot write data",
            translate("Error", "The connection to the host was lost."),
            translate("Error", "Connect again, and look at what state the machine is in."),
        ),
        _Meaning(
            (1, 6, 7, 39),
            "client socket is closed|keepalive|connection (was )?closed|invalid connection|invalid domain",
            translate("Error", "The connection to the host was lost."),
            translate("Error", "Connect again, and look at what state the machine is in."),
        ),
    )
