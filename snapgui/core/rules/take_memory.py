"""A running machine's memory in a snapshot, and what works on its disks meanwhile.

libvirt saves memory by migration, and refuses what can't be migrated: qemuMigrationSrcIsAllowed.
"""

import posixpath
from collections.abc import Sequence
from typing import Final

from snapgui.core.plan import Finding, Level
from snapgui.core.records import DomainState, Kind, Mode, Situation, SnapshotState
from snapgui.core.requests import Take
from snapgui.core.rules.asleep import last_memory
from snapgui.core.rules.room import free_in, make_room, shortage
from snapgui.core.rules.take_disks import DiskPlace, names_in
from snapgui.core.rules.take_external import path_finding
from snapgui.core.rules.take_room import memory_need
from snapgui.core.text import translate

_LEAST: Final = 2**19  # bytes: an idle machine of 16 MiB under QEMU 10 takes 672 KiB


def memory_findings(request: Take, situation: Situation, places: Sequence[DiskPlace]) -> list[Finding]:
    """What stands against saving the memory, and against snapshots of disks that something else works on."""
    if situation.config is None or not situation.domain.state.active:
        return []
    findings = _job_findings(request, situation, places)
    if request.kind is Kind.DISK_ONLY:
        return findings
    findings += _device_findings(request, situation)
    if request.kind is Kind.INTERNAL:
        return findings + _space_findings(request, situation)
    if not request.memory_file:
        reason = translate("Plan", "No disk is a file, so there is no place for the memory.")
        remedy = translate("Plan", "Choose a file for it.")
        return [*findings, Finding("memory-place", Level.BLOCKER, reason, remedy)]
    return findings + _file_findings(request, situation, places)


def _job_findings(request: Take, situation: Situation, places: Sequence[DiskPlace]) -> list[Finding]:
    jobs = situation.block_jobs or frozenset()
    if request.kind is Kind.DISK_ONLY:  # a disk that is left out may have one
        jobs &= {place.disk.target for place in places if place.mode is Mode.EXTERNAL}
    if not jobs:
        return []
    reason = translate("Plan", "Something else works on disk {disks}: a copy, a merge or a backup.")
    remedy = translate("Plan", "Wait until it is done, or end it by virsh blockjob --abort.")
    return [Finding("block-job", Level.BLOCKER, reason.format(disks=", ".join(sorted(jobs))), remedy)]


def _device_findings(request: Take, situation: Situation) -> list[Finding]:
    config = situation.config
    if config is None:
        return []
    findings = []
    off = translate("Plan", "Shut the machine off first, or take the disks only.")
    if any(kind != "usb" for kind in config.host_devices):
        reason = translate(
            "Plan", "The machine uses a device of its host, whose state can’t be saved. libvirt may refuse."
        )
        findings.append(Finding("host-device", Level.WARNING, reason, off))
    reasons = {
        "invtsc": translate("Plan", "The machine’s clock (CPU feature invtsc) may keep its memory from being saved."),
        "virtiofs": translate(
            "Plan", "The machine shares a folder by virtiofs, which may keep its memory from being saved."
        ),
        "shmem": translate("Plan", "The machine shares memory without being its master (shmem): it can’t be saved."),
    }
    # Whether the other two are in the way depends on the versions of QEMU and of what serves them.
    levels = {"shmem": Level.BLOCKER}
    findings += [
        Finding(f"unsaved-{what}", levels.get(what, Level.WARNING), reasons[what], off) for what in config.unsaved
    ]
    transient = [disk.target for disk in config.disks if disk.transient]
    last = last_memory(situation)
    paused = situation.domain.state is DomainState.PAUSED
    if paused and last is not None and (last.state, last.memory) == (SnapshotState.PAUSED, Mode.EXTERNAL):
        # [run] libvirt 11.3, QEMU 10.0: "Can't migrate the vm that was paused due to previous migration"
        reason = translate("Plan", "QEMU may refuse to save a paused machine’s memory twice.")
        findings.append(Finding("saved-twice", Level.WARNING, reason, translate("Plan", "Resume the machine first.")))
    if transient and request.kind is Kind.EXTERNAL:
        reason = translate("Plan", "Disk {disks} is transient: a running machine’s memory can’t be saved beside it.")
        findings.append(Finding("disk-transient", Level.BLOCKER, reason.format(disks=", ".join(transient)), off))
    return findings


def _file_findings(request: Take, situation: Situation, places: Sequence[DiskPlace]) -> list[Finding]:
    path = request.memory_file
    wrong = path_finding(path, situation)
    if wrong is not None:
        return [wrong]
    folder, name = posixpath.split(path)
    other = translate("Plan", "Choose another file for the memory.")
    # libvirt refuses neither of them: it would write the memory over what is there.
    if path in {place.path for place in places} | {place.disk.source for place in places}:
        reason = translate("Plan", "The memory would be written over a disk: {path}").format(path=path)
        return [Finding("memory-on-disk", Level.BLOCKER, reason, other)]
    known = situation.folders.get(folder)
    if name in names_in(situation.folders, folder):
        reason = translate("Plan", "{path} exists already, and would be overwritten.").format(path=path)
        return [Finding("memory-exists", Level.BLOCKER, reason, other)]
    findings = []
    if known is None or known.names is None:
        reason = translate("Plan", "Could not see whether {path} exists. libvirt would overwrite it.")
        findings.append(Finding("memory-unseen", Level.WARNING, reason.format(path=path)))
    images = {posixpath.dirname(place.disk.source) for place in places if place.disk.source.startswith("/")}
    if folder not in images:
        reason = translate(
            "Plan", "QEMU must be allowed to write to {folder}: by its permissions, AppArmor or SELinux."
        )
        findings.append(Finding("memory-allowed", Level.NOTE, reason.format(folder=folder)))
    return findings + _space_findings(request, situation)


def _space_findings(request: Take, situation: Situation) -> list[Finding]:
    """Against the most that it can need; a guest that has not used all its memory needs less."""
    need = memory_need(request, situation)
    free = free_in(situation, need.path) if need is not None else None
    if need is None or free is None:
        return []
    if free < min(_LEAST, need.most):
        reason = translate("Plan", "{folder} is full: there is no room for the memory.").format(folder=need.path)
        return [Finding("memory-full", Level.BLOCKER, reason, make_room(situation, need.path))]
    reason = translate("Plan", "{path} has {free} left, and the memory can need up to {size}.")
    finding = shortage("memory-space", reason, situation, need.path, need.most)
    return [] if finding is None else [finding]
