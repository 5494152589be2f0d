"""How far a step is that takes its time, and how it is ended. Raises libvirtError.

virDomainAbortJob does nothing to a merge by virDomainSnapshotDelete, and virDomainBlockJobAbort waits for its end: seen
on libvirt 11.3. What a merge can be ended by is the end of its QEMU, and the snapshot can be deleted again then. So
that is no way for a machine that runs, and the way for one that is off, whose QEMU libvirt has started for the merge.
"""

import libvirt


def of_job(domain: libvirt.virDomain) -> float | None:
    """From 0 to 1, for a step that libvirt calls a job."""
    stats = domain.jobStats()
    total = stats.get(libvirt.VIR_DOMAIN_JOB_DATA_TOTAL, 0)
    return min(1.0, stats.get(libvirt.VIR_DOMAIN_JOB_DATA_PROCESSED, 0) / total) if total else None


def of_merge(domain: libvirt.virDomain, targets: tuple[str, ...]) -> float | None:
    """From 0 to 1, for block jobs on these disks; None before they have begun and once they have ended."""
    jobs = _jobs(domain, targets)
    if not jobs:
        return None
    # They all begin at once and end one after another: what has no job any more is done.
    return (len(targets) - len(jobs) + sum(done / end for done, end in jobs)) / len(targets)


def end_merge(domain: libvirt.virDomain, targets: tuple[str, ...]) -> bool:
    """End the QEMU that does nothing but merge, and say whether that was done: only while something is left to merge.

    Not later: with several disks, one may then have its new image already.
    """
    if all(done >= end - 1 for done, end in _jobs(domain, targets)):  # libvirt takes 1 off until it has seen the end
        return False
    domain.destroyFlags(libvirt.VIR_DOMAIN_DESTROY_GRACEFUL)
    return True


def _jobs(domain: libvirt.virDomain, targets: tuple[str, ...]) -> list[tuple[int, int]]:
    if not domain.isActive():
        return []
    found = [domain.blockJobInfo(target) for target in targets]
    return [(job["cur"], job["end"]) for job in found if job and job["end"]]
