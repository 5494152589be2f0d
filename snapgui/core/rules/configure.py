"""Giving the machine another configuration. It counts from the next start on; images and snapshots stay as they are."""

from typing import Final

from snapgui.core.differences.compare import Difference, differences
from snapgui.core.plan import Call, Effect, EffectKind, Finding, Level, Plan
from snapgui.core.records import Disk, DomainConfig, Mode, Situation
from snapgui.core.requests import Configure
from snapgui.core.rules import facts
from snapgui.core.text import size_text, translate
from snapgui.core.xml.document import XmlError, read_text
from snapgui.core.xml.fault import fault
from snapgui.core.xml.read import read_domain

_VALIDATE: Final = 1  # VIR_DOMAIN_DEFINE_VALIDATE
_LEAST_MEMORY: Final = 1024  # KiB: below it no machine's firmware can even begin
_MOST_MEMORY: Final = 2**40  # KiB: 1 PiB, more than any host of today has
_IDENTITY: Final = ("name", "uuid")


def plan_configure(request: Configure, situation: Situation) -> Plan:
    """The plan of a new configuration: what changes by it, in words, and when."""
    title = translate("Plan", "Change the settings of {machine}").format(machine=situation.domain.name)
    if situation.next_xml is None:
        level = Level.NOTE if situation.config is None else Level.BLOCKER
        reason = translate("Plan", "The machine’s settings have not been read yet.")
        return Plan(request, title, findings=(Finding("unread", level, reason),))
    wrong = fault(request.xml, "domain")
    if wrong is not None:
        return Plan(request, title, findings=(Finding("xml", Level.BLOCKER, wrong.reason, line=wrong.line),))
    try:
        before, after = read_domain(request.base), read_domain(request.xml)
        changes = differences(request.base, request.xml)
    except XmlError as error:
        return Plan(request, title, findings=(Finding("xml", Level.BLOCKER, str(error)),))
    if request.xml.strip() == request.base.strip():
        reason = translate("Plan", "Nothing is changed.")
        return Plan(request, title, findings=(Finding("unchanged", Level.NOTE, reason),))
    findings = [
        *_overtaken(request, situation),
        *_identity(request),
        *_sizes(after, before),
        *_snapshots(before, after, situation),
        *_later(situation),
    ]
    flags = _VALIDATE if request.validate else 0
    return Plan(
        request,
        title,
        steps=(facts.step(situation, Call.DEFINE, xml=request.xml, flags=flags),),
        findings=tuple(findings),
        effects=_effects(changes),
    )


def _effects(changes: tuple[Difference, ...]) -> tuple[Effect, ...]:
    if not changes:
        return (Effect(EffectKind.CHANGES, translate("Plan", "Only what libvirt writes by itself is changed.")),)
    return tuple(Effect(EffectKind.CHANGES, change.text) for change in changes)


def _overtaken(request: Configure, situation: Situation) -> list[Finding]:
    if not situation.domain.persistent:
        reason = translate("Plan", "The machine is transient: settings don’t outlive its run.")
        return [Finding("transient", Level.BLOCKER, reason)]
    if situation.next_xml == request.base:
        return []
    reason = translate("Plan", "Somebody else has changed the machine’s settings meanwhile.")
    remedy = translate("Plan", "Copy what you have written, and begin again with the new ones.")
    return [Finding("changed-meanwhile", Level.BLOCKER, reason, remedy)]


def _identity(request: Configure) -> list[Finding]:
    """libvirt knows a machine by both: with either changed, it takes it for another one, and refuses [run on 11.3]."""
    reasons = {
        "name": translate("Plan", "The name can’t be changed here: libvirt would take it for another machine."),
        "uuid": translate("Plan", "The UUID can’t be changed: libvirt would take it for another machine."),
    }
    remedies = {
        "name": translate("Plan", "A machine without snapshots can be renamed by virsh domrename."),
        "uuid": "",
    }
    return [
        Finding(tag, Level.BLOCKER, reasons[tag], remedies[tag])
        for tag in _IDENTITY
        if read_text(request.base, tag).strip() != read_text(request.xml, tag).strip()
    ]


def _sizes(config: DomainConfig, before: DomainConfig) -> list[Finding]:
    """What libvirt refuses, and what it takes without a word though no host can run it [run on 11.3]."""
    found = []
    if config.memory == 0 and "<numa>" not in config.xml:
        reason = translate("Plan", "The machine needs memory: a number and a unit that libvirt knows.")
        found.append(Finding("memory", Level.BLOCKER, reason))
    elif not _LEAST_MEMORY <= config.memory <= _MOST_MEMORY and config.memory != before.memory:
        reason = translate("Plan", "With {size} of memory the machine can’t start.")
        found.append(Finding("memory", Level.WARNING, reason.format(size=size_text(config.memory * 1024))))
    if config.memory and config.current_memory > config.memory:
        reason = translate("Plan", "The current memory is more than the memory; libvirt will lower it to that.")
        found.append(Finding("current-memory", Level.WARNING, reason))
    if config.vcpus == 0:
        found.append(Finding("vcpus", Level.BLOCKER, translate("Plan", "The machine needs at least one vCPU.")))
    return found


def _snapshots(before: DomainConfig, after: DomainConfig, situation: Situation) -> list[Finding]:
    """What the change means for the snapshots that are there."""
    if not situation.snapshots.records:
        return []
    reason = translate("Plan", "A revert to a snapshot brings back the settings that the machine had in it.")
    found = [Finding("snapshots-settings", Level.NOTE, reason)]
    disks = [disk for record in situation.snapshots.records.values() for disk in record.disks]
    held = {disk.target for disk in disks if disk.mode in (Mode.INTERNAL, Mode.EXTERNAL)}
    ours, theirs = ({disk.target: disk for disk in config.disks} for config in (before, after))
    moved = [name for name in held & ours.keys() if _image(ours[name]) != _image(theirs.get(name))]
    if moved:
        text = translate("Plan", "The snapshots hold the data of {disks} where it is now: keep its images for them.")
        found.append(Finding("snapshots-disks", Level.WARNING, text.format(disks=facts.quoted(sorted(moved)))))
    return found


def _image(disk: Disk | None) -> tuple[str, ...] | None:
    return None if disk is None else (disk.source_type, disk.source, disk.format)


def _later(situation: Situation) -> list[Finding]:
    if situation.domain.managed_save:
        reason = translate("Plan", "The saved state goes on with the settings of before; they count after that.")
        return [Finding("later", Level.WARNING, reason)]
    if situation.domain.state.active:
        reason = translate("Plan", "The machine is running: it takes effect after it was shut off and started again.")
        return [Finding("later", Level.NOTE, reason)]
    return []
