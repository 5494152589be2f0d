"""libvirt's errors about machines and what they need."""

from snapgui.core.errors.meaning import Meaning
from snapgui.core.text import translate


def about_machines() -> tuple[Meaning, ...]:
    return (
        Meaning(
            (1, 9, 38),
            "No space left on device",
            translate("Error", "The host’s disk is full."),
            translate("Error", "Make room on the host, then try again."),
        ),
        Meaning(
            (1, 9, 38),
            r"(?:create|open) (?:file )?'(?P<path>/[^']+)': Permission denied",
            translate("Error", "The host’s libvirt or QEMU may not write {path}."),
            translate("Error", "Choose a place among the host’s images, or allow it: permissions, AppArmor, SELinux."),
        ),
        Meaning(
            (1, 9, 38),
            r"(?:create|open) (?:file )?'(?P<path>/[^']+)': No such file or directory",
            translate("Error", "There is no folder for {path} on the host."),
            translate("Error", "Make it first, or choose another."),
        ),
        Meaning(
            (55,),
            r"volume target path '(?P<path>/[^']+)' already exists",
            translate("Error", "{path} is there already, and nothing is replaced."),
            translate("Error", "Choose another name."),
        ),
        Meaning(
            (90,),
            r"storage volume '(?P<volume>[^']+)' exists already",
            translate("Error", "{volume} is there already, and nothing is replaced."),
            translate("Error", "Choose another name."),
        ),
        Meaning(
            (38,),
            r"missing existing file for disk (?P<disk>[^:]+): (?P<path>/.+): No such file",
            translate("Error", "{path}, which was to be prepared for disk {disk}, is not there."),
            translate("Error", "Make it first, or do without prepared files."),
        ),
        Meaning(
            (1,),
            "paused due to previous migration",
            translate("Error", "QEMU saves a paused machine’s memory but once."),
            translate("Error", "Resume the machine first."),
        ),
        Meaning(
            (9,),
            "domain is not running",
            translate("Error", "The machine stopped in the middle of it."),
            translate("Error", "See its log on the host for why, then start it again."),
        ),
        Meaning(
            (84,),
            "while checkpoint exists",
            translate("Error", "The machine has checkpoints, beside which libvirt can’t do this while it is off."),
            translate("Error", "Start the machine first."),
        ),
        Meaning(
            (55,),
            "active block job",
            translate("Error", "Something is still copying or merging a disk of the machine."),
            translate("Error", "Wait until that has ended."),
        ),
        Meaning(
            (55,),
            r"cannot delete inactive domain with (?P<count>\d+) snapshot",
            translate("Error", "The machine still has snapshots ({count})."),
            translate("Error", "Delete its snapshots first."),
        ),
        Meaning(
            (55,),
            "transient disk",
            translate("Error", "The machine has a transient disk: its memory can’t be saved beside it."),
            translate("Error", "Shut the machine off first."),
        ),
        Meaning(
            (38,),
            "(from|to) monitor",  # libvirt's own connection to QEMU, not ours to libvirt
            translate("Error", "QEMU ended in the middle of it."),
            translate("Error", "Look at what state the machine is in, then try again."),
        ),
        Meaning(
            (9,),
            "domain is no longer running",
            translate("Error", "QEMU ended in the middle of it."),
            translate("Error", "Look at what state the machine is in, then try again."),
        ),
        Meaning((55,), "domain is not running", translate("Error", "The machine is off.")),
        Meaning((55,), "domain is already running", translate("Error", "The machine is already running.")),
        Meaning(
            (74,),
            "guest agent is not configured",
            translate("Error", "The machine has no channel for a guest agent."),
            translate("Error", "Add one to the machine’s settings and install qemu-guest-agent in the guest."),
        ),
        Meaning(
            (113,),
            "has been disabled: the agent is in frozen state",
            translate("Error", "The guest’s file systems are held still already, by something else."),
            translate("Error", "Wait until that has ended, or let them go on by virsh domfsthaw."),
        ),
        Meaning(
            (86, 112),
            "",
            translate("Error", "The guest agent does not answer."),
            translate("Error", "See that qemu-guest-agent is installed and running in the guest."),
        ),
        Meaning(
            (68,),
            "",
            translate("Error", "The machine is busy with another operation, and libvirt gave up waiting for it."),
            translate("Error", "Wait until that has ended, then try again."),
        ),
        Meaning((78,), "", translate("Error", "It was cancelled.")),
        Meaning((42,), "", translate("Error", "That machine is not there any more.")),
    )
