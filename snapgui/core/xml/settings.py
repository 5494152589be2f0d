"""The few settings of a machine that most changes are about, read from its XML and written into it."""

from dataclasses import dataclass

from snapgui.core.xml.document import XmlError, child, read_text, with_attribute, with_child
from snapgui.core.xml.read import read_domain

_BEHIND_TITLE = ("genid", "uuid", "name")
_BEHIND_DESCRIPTION = ("title", *_BEHIND_TITLE)


@dataclass(frozen=True, slots=True)
class MachineSettings:
    """Memory in KiB. ``vcpus`` is how many there can be, ``vcpus_at_start`` how many of them are there at the start."""

    title: str = ""
    description: str = ""
    memory: int = 0
    current_memory: int = 0
    vcpus: int = 0
    vcpus_at_start: int = 0


def read_settings(xml: str) -> MachineSettings:
    """The settings in a ``<domain>``. Raises XmlError."""
    config = read_domain(xml)
    at_start = read_text(xml, "vcpu", "current")
    return MachineSettings(
        title=read_text(xml, "title"),
        description=read_text(xml, "description"),
        memory=config.memory,
        current_memory=config.current_memory,
        vcpus=config.vcpus,
        vcpus_at_start=int(at_start) if at_start.isascii() and at_start.isdigit() else config.vcpus,
    )


def with_settings(xml: str, settings: MachineSettings) -> str:
    """A ``<domain>`` with these settings. What is the same as before stays as it is, to the byte. Raises XmlError."""
    before = read_settings(xml)
    if settings.title != before.title:
        xml = with_child(xml, "title", settings.title, _BEHIND_TITLE)
    if settings.description != before.description:
        xml = with_child(xml, "description", settings.description, _BEHIND_DESCRIPTION)
    if settings.memory != before.memory:
        xml = _with_memory(xml, "memory", settings.memory)
    # Without a current memory of its own, all of the memory is: one that was left as it was stays what it was.
    if settings.current_memory != before.current_memory or settings.memory != before.memory:
        xml = _with_memory(xml, "currentMemory", settings.current_memory)
    if settings.vcpus != before.vcpus:
        xml = with_child(xml, "vcpu", str(settings.vcpus), ("currentMemory", "memory"))
    if (settings.vcpus_at_start, settings.vcpus) != (before.vcpus_at_start, before.vcpus):
        at_start = str(settings.vcpus_at_start) if settings.vcpus_at_start != settings.vcpus else ""
        xml = with_attribute(xml, "vcpu", "current", at_start)
    return xml


def _with_memory(xml: str, tag: str, kibibytes: int) -> str:
    if child(xml, tag):
        xml = with_attribute(xml, tag, "unit", "KiB")
    elif tag == "currentMemory":
        return with_child(xml, tag, str(kibibytes), ("memory",))  # KiB is what is meant without a unit
    else:
        raise XmlError(tag)
    return with_child(xml, tag, str(kibibytes), ())
