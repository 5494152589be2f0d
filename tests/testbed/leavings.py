"""Files that nothing of a machine uses any more: those that a plan says it leaves, and those that there are."""

from snapgui.core.health.ailments import Ill
from snapgui.core.health.examine import examine
from snapgui.core.plan import Plan
from snapgui.virt.host import Host


def said(plan: Plan) -> set[str]:
    """The files that a plan says it leaves behind."""
    texts = (*(each.reason for each in plan.findings), *(each.text for each in plan.effects))
    words = [word.rstrip(",") for text in texts if "behind" in text for word in text.split()]
    return {word for word in words if word.startswith("/")}


def found(host: Host, uuid: str) -> set[str]:
    """The files that a check of the machine's health finds unused."""
    return {each.name for each in examine(host.inventory(uuid)).ailments if each.ill is Ill.UNUSED}
