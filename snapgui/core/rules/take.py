"""Taking a snapshot. What holds for every kind is here; the kinds' own rules are in the modules ``take_…``."""

from collections.abc import Sequence
from dataclasses import replace

from snapgui.core.plan import AGENT_WAITS, Call, CreateFlag, Finding, Level, Plan, Step
from snapgui.core.records import Agent, DomainState, Kind, Mode, Situation
from snapgui.core.requests import Delete, Take
from snapgui.core.rules import facts
from snapgui.core.rules.naming import new_name_findings
from snapgui.core.rules.take_disks import DiskPlace, disk_places, memory_place
from snapgui.core.rules.take_effects import take_effects
from snapgui.core.rules.take_external import external_findings
from snapgui.core.rules.take_internal import internal_findings
from snapgui.core.rules.take_memory import memory_findings
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.take import take_xml


def plan_take(request: Take, situation: Situation) -> Plan:
    """The plan of taking a snapshot."""
    asked = replace(request, memory_file=memory_place(request, situation))
    findings = [
        *facts.unread(situation),
        *new_name_findings(request.name, situation, tagged=request.kind is Kind.INTERNAL),
        *_machine_findings(request, situation),
        *_option_findings(request, situation),
        *_kind_findings(asked, situation),
    ]
    try:
        xml = take_xml(asked, with_memory=situation.domain.state.active and facts.is_qemu(situation))
    except XmlError as error:
        xml = ""
        if not any(finding.rule == "name-characters" for finding in findings):
            findings.append(Finding("description-characters", Level.BLOCKER, str(error)))
    step = facts.step(situation, Call.SNAPSHOT_CREATE, request.name, xml, create_flags(request, situation))
    step = replace(step, abortable=bool(asked.memory_file))
    title = translate("Plan", "Take snapshot “{name}” of {machine}")
    return Plan(
        request,
        title.format(name=request.name, machine=situation.domain.name),
        steps=_with_agent(step, situation) if xml and situation.config is not None else (),
        findings=tuple(findings),
        effects=tuple(take_effects(asked, situation)),
        undo=None if request.no_metadata else Delete(request.domain, (request.name,)),
    )


def _with_agent(step: Step, situation: Situation) -> tuple[Step, ...]:
    """The step, and the agent asked before it where it is to hold the guest still.

    [run] libvirt 11.3 sends an agent that hangs the freeze all the same, and waits for it without end.
    """
    if not step.flags & CreateFlag.QUIESCE or not facts.is_qemu(situation) or not situation.domain.state.active:
        return (step,)
    patience = facts.step(situation, Call.AGENT_TIMEOUT)
    return (
        replace(patience, seconds=facts.PATIENCE),
        facts.step(situation, Call.AGENT_ASK),
        step,
        replace(patience, seconds=AGENT_WAITS, always=True),
    )


def create_flags(request: Take, situation: Situation) -> CreateFlag:
    """libvirt's flags for the request; without memory, an external one is one of disks only."""
    disk_only = request.kind is Kind.DISK_ONLY or (request.kind is Kind.EXTERNAL and not situation.domain.state.active)
    wanted = {
        CreateFlag.DISK_ONLY: disk_only,
        CreateFlag.LIVE: request.live,
        CreateFlag.HALT: request.halt,
        CreateFlag.QUIESCE: request.quiesce,
        CreateFlag.REUSE_EXT: request.reuse,
        CreateFlag.NO_METADATA: request.no_metadata,
        CreateFlag.VALIDATE: request.validate,
    }
    flags = CreateFlag.NONE
    for flag, is_on in wanted.items():
        flags |= flag if is_on else CreateFlag.NONE
    return flags


def _kind_findings(request: Take, situation: Situation) -> list[Finding]:
    if situation.config is None:
        return []
    if not facts.is_qemu(situation):
        if request.kind is Kind.INTERNAL:
            return []
        reason = translate("Plan", "Only QEMU’s machines have snapshots in files of their own.")
        return [Finding("kind", Level.BLOCKER, reason)]
    places = disk_places(request, situation)
    findings = internal_findings if request.kind is Kind.INTERNAL else external_findings
    return [
        *_missing_findings(places, situation),
        *findings(request, situation, places),
        *memory_findings(request, situation, places),
    ]


def _missing_findings(places: Sequence[DiskPlace], situation: Situation) -> list[Finding]:
    """[run] libvirt 11.3 says that such a disk is not a regular file, or leaves it to QEMU to fail."""
    held = [place.disk.target for place in places if place.mode in (Mode.INTERNAL, Mode.EXTERNAL)]
    reason = translate("Plan", "{path} is missing, which disk {disk} needs.")
    remedy = translate("Plan", "Bring the file back, or revert to a snapshot that does without it.")
    return [
        Finding("image-missing", Level.BLOCKER, reason.format(path=situation.missing[target], disk=target), remedy)
        for target in held
        if target in situation.missing
    ]


def _machine_findings(request: Take, situation: Situation) -> list[Finding]:
    domain = situation.domain
    findings = []
    if domain.state is DomainState.PM_SUSPENDED:
        reason = translate("Plan", "The guest has put itself to sleep. QEMU can’t take a snapshot of it in that state.")
        findings.append(Finding("asleep", Level.BLOCKER, reason, translate("Plan", "Wake the machine up first.")))
    if domain.state is DomainState.SHUTTING_DOWN:
        reason = translate("Plan", "The machine is shutting down: the snapshot would hold it half-way.")
        findings.append(Finding("shutting-down", Level.WARNING, reason, translate("Plan", "Wait until it is off.")))
    if domain.state is DomainState.CRASHED and request.kind is not Kind.DISK_ONLY and facts.is_qemu(situation):
        # qemuSnapshotRevert takes it for one of a machine that was off: seen on 11.3.
        reason = translate(
            "Plan", "The machine has crashed: its memory is saved, but reverting brings back its disks only."
        )
        remedy = translate("Plan", "Force it off first, or take the disks only.")
        findings.append(Finding("crashed", Level.WARNING, reason, remedy))
    if domain.managed_save and not domain.state.active:
        reason = translate("Plan", "The snapshot holds the disks as they are, but not the saved state of the machine.")
        remedy = translate("Plan", "Start the machine first, to take both together.")
        findings.append(Finding("managed-save", Level.WARNING, reason, remedy))
    if not domain.persistent:
        reason = translate("Plan", "The machine is transient: libvirt forgets its snapshots when it stops.")
        remedy = ""
        if request.kind is not Kind.INTERNAL:
            remedy = translate("Plan", "Start it from the new files then: what it writes to the old ones spoils them.")
        findings.append(Finding("transient", Level.WARNING, reason, remedy))
    return findings


def _option_findings(request: Take, situation: Situation) -> list[Finding]:
    """virDomainSnapshotCreateXML's documentation, and qemuSnapshotCreateXML."""
    active = situation.domain.state.active
    findings = []
    if request.live and not (active and request.kind is Kind.EXTERNAL):
        reason = translate("Plan", "A machine can go on only while its memory is saved in a file of its own.")
        remedy = translate("Plan", "Choose that kind, or leave the option off.")
        findings.append(Finding("live", Level.BLOCKER, reason, remedy))
    if request.halt and not situation.domain.persistent:
        reason = translate("Plan", "A transient machine is gone once it stops, so it can’t be turned off afterwards.")
        findings.append(Finding("halt-transient", Level.BLOCKER, reason))
    if request.quiesce:
        findings += _quiesce_findings(request, situation)
    if request.reuse and request.kind is Kind.INTERNAL:
        reason = translate("Plan", "Inside the images there are no prepared files to use.")
        findings.append(Finding("reuse", Level.WARNING, reason, translate("Plan", "Leave the option off.")))
    if request.no_metadata:
        reason = translate(
            "Plan",
            "libvirt will not know this snapshot: it is in no list, and only other tools revert to it or delete it.",
        )
        findings.append(Finding("no-metadata", Level.WARNING, reason))
    return findings


def _quiesce_findings(request: Take, situation: Situation) -> list[Finding]:
    if not create_flags(request, situation) & CreateFlag.DISK_ONLY:
        reason = translate("Plan", "File systems are held still only for a snapshot of the disks alone.")
        remedy = translate("Plan", "Choose that kind, or leave the option off.")
        return [Finding("quiesce", Level.BLOCKER, reason, remedy)]
    # While the machine is off, libvirt does not mind: nothing writes.
    if situation.config is None or not facts.is_qemu(situation) or not situation.domain.state.active:
        return []
    if situation.domain.state is not DomainState.RUNNING:
        reason = translate("Plan", "A guest that stands still itself can’t hold its file systems still.")
        return [Finding("quiesce-paused", Level.BLOCKER, reason, translate("Plan", "Resume the machine first."))]
    if situation.config.agent is Agent.CONNECTED:
        return []
    if situation.config.agent is Agent.NONE:
        reason = translate("Plan", "The machine has no channel for the guest’s agent, which holds file systems still.")
        remedy = translate(
            "Plan",
            "Add the channel org.qemu.guest_agent.0 to the machine’s settings, and qemu-guest-agent to the guest.",
        )
    else:
        reason = translate("Plan", "The guest’s agent, which holds file systems still, does not answer.")
        remedy = translate("Plan", "Install and start qemu-guest-agent in the guest, or leave the option off.")
    return [Finding("agent", Level.BLOCKER, reason, remedy)]
