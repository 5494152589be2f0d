"""Images whose tables contradict themselves: what is done with them may lose what can still be read."""

from dataclasses import replace

from snapgui.core.plan import Finding, Level, Plan
from snapgui.core.records import Situation
from snapgui.core.text import translate
from snapgui.core.usage import DamagedImage


def with_damage(plan: Plan, situation: Situation) -> Plan:
    """The plan with a warning of each damaged image of the machine, as far as they have been counted."""
    images = situation.usage.images if situation.usage is not None else {}
    damaged = {target: image for target, image in images.items() if isinstance(image, DamagedImage)}
    reason = translate("Plan", "The image of disk {disk} is damaged: {error}. What is in it may not be whole.")
    remedy = translate(
        "Plan", "Export what can still be read before anything is changed; “qemu-img check” says how much is damaged."
    )
    findings = tuple(
        Finding("image-damaged", Level.WARNING, reason.format(disk=target, error=image.raw), remedy, subject=target)
        for target, image in damaged.items()
    )
    return replace(plan, findings=(*findings, *plan.findings)) if findings else plan
