"""What a snapshot may be called."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from itertools import count

from snapgui.core.plan import Finding, Level
from snapgui.core.records import Situation
from snapgui.core.rules.facts import SINCE_JOBS, at_least, is_qemu, quoted
from snapgui.core.text import translate
from snapgui.core.xml.document import can_carry

# libvirt writes NAME.xml by way of NAME.xml.new, and a file's name has at most 255 bytes.
LONGEST = 255 - len(".xml.new")

# QEMU's job is "internal-snapshot-save-NAME", which has to pass id_wellformed (util/id.c): letters, digits, - . _
_FIT_FOR_A_JOB = re.compile(r"[A-Za-z0-9._-]*")
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_FALLBACK = "snapshot"
_LONGEST_SUGGESTION = 60


def check_name(name: str) -> Finding | None:
    """What stands against a name on any host and for any machine, as a blocker; None where nothing does."""
    if not name.strip():
        return _bad("name-blank", translate("Plan", "A snapshot needs a name."))
    if "/" in name:
        return _bad("name-slash", translate("Plan", "A snapshot’s name can’t contain “/”."))
    if name.startswith("."):
        return _bad("name-dot", translate("Plan", "A snapshot’s name can’t start with a dot."))
    if not can_carry(name):
        return _bad("name-characters", translate("Plan", "The name has a character that libvirt can’t store."))
    size = len(name.encode())
    if size > LONGEST:
        text = translate("Plan", "The name has {size} bytes in UTF-8; at most {longest} can be stored.")
        return _bad("name-long", text.format(size=size, longest=LONGEST))
    return None


def new_name_findings(name: str, situation: Situation, *, tagged: bool = True) -> list[Finding]:
    """What stands against a new snapshot's name on this machine. ``tagged``: images get a snapshot of that name."""
    found = check_name(name)
    if found is not None:
        return [found]
    if name in situation.snapshots.records:
        text = translate("Plan", "{machine} already has a snapshot “{name}”.")
        return [_bad("name-taken", text.format(machine=situation.domain.name, name=name))]
    return [*(_tag_findings(name, situation) if tagged else ()), *_control_findings(name)]


def _control_findings(name: str) -> list[Finding]:
    if "\n" not in name and "\t" not in name:
        if name == name.strip():
            return []
        text = translate("Plan", "The name begins with a space, which is part of it.")
        if name == name.lstrip():
            text = translate("Plan", "The name ends with a space, which is part of it.")
        return [Finding("name-outer-blank", Level.NOTE, text)]
    text = translate("Plan", "The name has a line break or a tab in it, which is hard to type in other tools.")
    return [Finding("name-control", Level.WARNING, text)]


def _tag_findings(name: str, situation: Situation) -> list[Finding]:
    findings = []
    # A running QEMU refuses a tag that is in an image; qemu-img, which serves the stopped ones, makes a second one.
    marked = [target for target, tags in situation.image_tags.items() if name in tags]
    if marked:
        text = translate(
            "Plan", "The image of disk {disks} already holds a snapshot “{name}” that libvirt does not know."
        )
        remedy = translate("Plan", "Choose another name: with this one, nobody could tell the two apart.")
        findings.append(_bad("tag-taken", text.format(disks=", ".join(sorted(marked)), name=name), remedy))
    if is_qemu(situation) and _is_number(name):
        text = translate(
            "Plan", "QEMU may take a name of digits only for a snapshot’s number, and revert to another one."
        )
        findings.append(_bad("name-number", text, translate("Plan", "Put a letter into the name.")))
    if not fit_for_a_job(name, situation):
        findings.append(_job_finding(name, situation))
    return findings


def _job_finding(name: str, situation: Situation) -> Finding:
    suggestion = fit_name(name, situation.snapshots.records)
    if situation.domain.state.active:
        remedy = translate("Plan", "Call it “{name}”, for example, or shut the machine off first.")
        reason = translate(
            "Plan", "While the machine runs, QEMU accepts only names of English letters, digits, “-”, “.” and “_”."
        )
        return _bad("name-job", reason, remedy.format(name=suggestion))
    # Taking, reverting and describing it work in every state; deleting it while the machine runs does not: on 11.3.
    remedy = translate("Plan", "“{name}” has no such limit.").format(name=suggestion)
    return Finding("name-job", Level.WARNING, undeletable((name,)), remedy)


def fit_name(name: str, taken: Collection[str]) -> str:
    """A name like this one that is free, and that a running QEMU accepts."""
    base = portable(name)[:_LONGEST_SUGGESTION]
    if base.isdigit():
        base = f"{_FALLBACK}-{base}"
    numbered = (base if n == 1 else f"{base}-{n}" for n in count(1))
    return next(each for each in numbered if each not in taken)


def portable(text: str) -> str:
    """The text with only the characters that a running QEMU accepts in a name, and never empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return _UNFIT.sub("-", plain).strip("-.") or _FALLBACK


def may_be_mistaken(name: str, situation: Situation) -> bool:
    """Whether QEMU may take the name for another snapshot's number: it looks among the numbers in an image first."""
    return is_qemu(situation) and _is_number(name)


def fit_for_a_job(name: str, situation: Situation, since: int = SINCE_JOBS) -> bool:
    """Whether a running QEMU can work on a snapshot of that name; a libvirt before ``since`` does not mind."""
    return not (is_qemu(situation) and at_least(situation, since)) or _FIT_FOR_A_JOB.fullmatch(name) is not None


def undeletable(names: Sequence[str]) -> str:
    """What not being ``fit_for_a_job`` means for snapshots that are there."""
    text = translate(
        "Plan",
        "{names} can’t be deleted while the machine runs: "
        "QEMU then accepts only names of English letters, digits, “-”, “.” and “_”.",
    )
    return text.format(names=quoted(names))


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdigit()


def _bad(rule: str, reason: str, remedy: str = "") -> Finding:
    return Finding(rule, Level.BLOCKER, reason, remedy)
