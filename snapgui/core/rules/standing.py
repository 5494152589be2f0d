"""What other machines, and images that no machine has, stand on files that a plan changes or deletes.

libvirt looks only at the machine itself: seen on 11.3, where merging an overlay into an image changed what a clone of
it read, and deleting one left the clone without its data.
"""

from collections.abc import Iterable

from snapgui.core.plan import Finding, Level
from snapgui.core.records import Situation
from snapgui.core.rules import facts
from snapgui.core.text import translate


def standing_findings(paths: Iterable[str], situation: Situation, way_out: str) -> list[Finding]:
    """What stands in the way of changing or deleting these files; nothing where nobody has looked."""
    found = situation.dependents
    touched = [path for path in dict.fromkeys(paths) if path]
    if found is None or not touched:
        return []
    findings = []
    for machine in dict.fromkeys(name for path in touched for name in found.machines.get(path, ())):
        files = ", ".join(path for path in touched if machine in found.machines.get(path, ()))
        reason = translate("Plan", "“{machine}” stands on {files}: it would find other data, or none.")
        remedy = translate("Plan", "Give “{machine}” an image of its own first (qemu-img convert).")
        remedy = f"{remedy.format(machine=machine)} {way_out}".strip()
        reason = reason.format(machine=machine, files=files)
        findings.append(Finding("stood-on", Level.BLOCKER, reason, remedy, subject=machine))
    above = list(dict.fromkeys(image for path in touched for image in found.images.get(path, ())))
    if above:
        files = ", ".join(path for path in touched if path in found.images)
        reason = translate(
            "Plan", "{images} stands on {files}, and would hold other data, or none. No machine uses it."
        )
        remedy = translate("Plan", "If it is wanted, copy it first: qemu-img convert makes an image of its own.")
        reason = reason.format(images=facts.listed(above), files=files)
        findings.append(Finding("stood-on-image", Level.WARNING, reason, remedy))
    if found.unseen:
        reason = translate("Plan", "Whether anything else stands on these files could not be seen whole: {reason}")
        findings.append(Finding("stood-on-unseen", Level.NOTE, reason.format(reason=found.unseen)))
    return findings
