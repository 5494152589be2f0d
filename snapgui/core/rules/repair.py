"""Putting right what a check of a machine's health has found. Only what is proven is deleted."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from snapgui.core.costs import frees_from, why_uncounted
from snapgui.core.health.ailments import Ailment, Found, Ill
from snapgui.core.health.leftovers import based_on
from snapgui.core.health.references import adoption_xml
from snapgui.core.plan import Call, CreateFlag, DeleteFlag, Effect, EffectKind, Finding, Level, Plan, Step
from snapgui.core.records import Situation
from snapgui.core.requests import Delete, Mend
from snapgui.core.rules import facts
from snapgui.core.rules.freeing import freed_inside
from snapgui.core.rules.naming import check_name, fit_for_a_job, may_be_mistaken, undeletable
from snapgui.core.text import size_text, translate
from snapgui.core.usage import Usage
from snapgui.core.xml.read import read_domain

_ILLS: Final = {
    "adopt": Ill.UNKNOWN,
    "erase": Ill.UNKNOWN,
    "forget": Ill.LOST,
    "files": Ill.UNUSED,
    "pictures": Ill.PICTURE,
}


def plan_mend(request: Mend, situation: Situation) -> Plan:
    """The plan of mending; each thing that was chosen has to be found ill, and proven, in the situation's inventory."""
    machine = situation.domain.name
    title = translate("Plan", "Mend what was found wrong with {machine}").format(machine=machine)
    if situation.health is None:
        reason = translate("Plan", "The machine’s health has not been checked yet.")
        return Plan(request, title, findings=(Finding("unread", Level.NOTE, reason),))
    ailments = {(each.ill, each.name): each for each in situation.health.ailments}
    chosen = {field: tuple(getattr(request, field)) for field in _ILLS}
    findings = [
        finding for field, ill in _ILLS.items() for name in chosen[field] for finding in _known(ailments, ill, name)
    ]
    if findings or not any(chosen.values()):
        return Plan(request, title, findings=tuple(findings))
    by_name = {field: {name: ailments[ill, name] for name in chosen[field]} for field, ill in _ILLS.items()}
    steps = [
        *_adopting(situation, {**by_name["adopt"], **by_name["erase"]}),
        *(facts.step(situation, Call.SNAPSHOT_DELETE, name) for name in by_name["erase"]),
        *(_forgetting(situation, ailment) for ailment in by_name["forget"].values()),
        *_removing(situation, by_name["files"]),
        *(
            replace(facts.step(situation, Call.PICTURE_DELETE), path=name, proof=ailment.proof)
            for name, ailment in by_name["pictures"].items()
        ),
    ]
    only_adopts = not any(chosen[field] for field in _ILLS if field != "adopt")
    return Plan(
        request,
        title,
        steps=tuple(steps),
        findings=tuple(_findings(request, situation, by_name)),
        effects=tuple(_effects(by_name, situation.usage)),
        undo=Delete(request.domain, request.adopt, metadata_only=True) if only_adopts else None,
    )


def remedy_against(ailment: Ailment) -> str:
    """Why nothing can be done against it by a plan, "" where something can."""
    if ailment.why_not:
        return ailment.why_not
    if ailment.found is not None and (finding := check_name(ailment.name)) is not None:
        return f"{finding.reason} {translate('Plan', 'Delete it with qemu-img while the machine is off.')}"
    return ""


def _known(ailments: Mapping[tuple[Ill, str], Ailment], ill: Ill, name: str) -> list[Finding]:
    ailment = ailments.get((ill, name))
    if ailment is None:
        reason = translate("Plan", "“{name}” is not as it was found any more.").format(name=name)
        return [Finding("gone", Level.BLOCKER, reason, translate("Plan", "Check the machine’s health again."))]
    why = remedy_against(ailment)
    reason = translate("Plan", "“{name}” stays: {reason}").format(name=name, reason=why)
    return [Finding("unproven", Level.BLOCKER, reason)] if why else []


def _adopting(situation: Situation, ailments: Mapping[str, Ailment]) -> Iterable[Step]:
    if situation.health is None:
        return
    config = read_domain(situation.health.inventory.config)
    founds = [(ailment.found, ailment.proof) for ailment in ailments.values() if ailment.found is not None]
    records = situation.snapshots.records
    last: dict[str, Found] = {}  # the one that was adopted last, by image
    for found, proof in sorted(founds, key=lambda each: (each[0].created, each[0].name)):
        known = records[found.parent].created if found.parent is not None and found.parent in records else None
        near = next((last[path] for path in found.places.values() if path in last), None)
        is_nearer = near is not None and (known is None or near.created >= known)
        placed = replace(found, parent=near.name) if near is not None and is_nearer else found
        last.update(dict.fromkeys(found.places.values(), found))
        step = facts.step(
            situation, Call.SNAPSHOT_CREATE, found.name, adoption_xml(placed, config), CreateFlag.REDEFINE
        )
        yield replace(step, proof=proof)


def _forgetting(situation: Situation, ailment: Ailment) -> Step:
    """Without anything left, libvirt only forgets it; else it deletes what is left, and does not mind what is not."""
    flags = DeleteFlag.NONE if ailment.partly else DeleteFlag.METADATA_ONLY
    return replace(facts.step(situation, Call.SNAPSHOT_DELETE, ailment.name, flags=flags), proof=ailment.proof)


def _removing(situation: Situation, ailments: Mapping[str, Ailment]) -> list[Step]:
    """Files on top first, so that a failure leaves no overlay without its backing file."""
    if situation.health is None:
        return []
    inventory = situation.health.inventory
    left = dict(ailments)
    steps: list[Step] = []
    while left:
        free = [path for path in left if not based_on(inventory, path) & (set(left) - {path})] or list(left)
        for path in free:
            call = Call.VOLUME_DELETE if inventory.files[path].volume else Call.FILE_DELETE
            steps.append(replace(facts.step(situation, call), path=path, proof=left.pop(path).proof))
    return steps


def _findings(request: Mend, situation: Situation, by_name: Mapping[str, Mapping[str, Ailment]]) -> Iterable[Finding]:
    inventory = situation.health.inventory if situation.health is not None else None
    for name, ailment in by_name["adopt"].items():
        if not ailment.adoptable:
            yield Finding("incomplete", Level.BLOCKER, f"“{name}”: {ailment.text}")
    if request.adopt:
        reason = translate(
            "Plan",
            "Where they belong in the tree is written nowhere, nor are the machine’s settings of that time: "
            "they come under the last snapshot before them, with the settings of today.",
        )
        yield Finding("adopted-place", Level.NOTE, reason)
    # qemu-img and QEMU take digits for the number of an entry first, and would delete another one.
    mistaken = [name for name in (*request.adopt, *request.erase) if may_be_mistaken(name, situation)]
    if mistaken:
        reason = translate("Plan", "QEMU may take {names} for the number of another snapshot.")
        yield Finding("name-number", Level.BLOCKER, reason.format(names=facts.quoted(mistaken)))
    yield from _running(situation, by_name)
    for path in request.files:
        above = based_on(inventory, path) - set(request.files) if inventory is not None else set()
        if above:
            reason = translate("Plan", "{names} is based on {path}.").format(
                names=facts.quoted(sorted(above)), path=path
            )
            yield Finding("needed", Level.BLOCKER, reason, translate("Plan", "Choose it too, or keep both."))
    for ailment in by_name["files"].values():
        if ailment.doubt:
            yield Finding("doubt", Level.WARNING, f"{ailment.name}: {ailment.doubt}")
    if request.files:
        reason = translate(
            "Plan",
            "No machine of this host refers to the files. "
            "Whether another host or another user’s libvirt uses them can’t be seen from here.",
        )
        yield Finding("elsewhere", Level.NOTE, reason)


def _running(situation: Situation, by_name: Mapping[str, Mapping[str, Ailment]]) -> Iterable[Finding]:
    """What a running QEMU can't delete, though qemu-img could once the machine is off."""
    if not situation.domain.state.active or situation.health is None:
        return
    remedy = translate("Plan", "Shut the machine off first.")
    going = {**by_name["erase"], **{name: each for name, each in by_name["forget"].items() if each.partly}}
    unfit = [name for name in going if not fit_for_a_job(name, situation)]
    if unfit:
        yield Finding("name-job", Level.BLOCKER, undeletable(unfit), remedy)
    now = {disk.source for disk in read_domain(situation.health.inventory.config).disks}
    elsewhere = [
        name for name, each in going.items() if each.found is not None and not set(each.found.places.values()) <= now
    ]
    if elsewhere:
        reason = translate("Plan", "{names} is in images that the machine does not run on now.")
        yield Finding("other-image", Level.BLOCKER, reason.format(names=facts.quoted(elsewhere)), remedy)


def _effects(by_name: Mapping[str, Mapping[str, Ailment]], usage: Usage | None) -> Iterable[Effect]:
    texts = {
        "adopt": (EffectKind.ADDS, translate("Plan", "libvirt knows {names} again; nothing in the images changes.")),
        "erase": (
            EffectKind.LOSES,
            translate("Plan", "Deletes {names} and all the data in [it|them].", "", len(by_name["erase"])),
        ),
        "files": (EffectKind.LOSES, translate("Plan", "Deletes {names}.")),
        "pictures": (
            EffectKind.CHANGES,
            translate("Plan", "Deletes %n picture(s) of screens.", "", len(by_name["pictures"])),
        ),
    }
    for field, (kind, text) in texts.items():
        names = tuple(by_name[field])
        if names:
            shown = names if field != "pictures" else ()
            yield Effect(kind, text.format(names=facts.quoted(names)), shown)
    forgotten = [name for name, each in by_name["forget"].items() if not each.partly]
    if forgotten:
        text = translate("Plan", "libvirt forgets {names}. Nothing else is left there.")
        yield Effect(EffectKind.LOSES, text.format(names=facts.quoted(forgotten)), tuple(forgotten))
    partly = [name for name, each in by_name["forget"].items() if each.partly]
    if partly:
        text = translate("Plan", "Deletes {names}, with the data that is left in the images.")
        yield Effect(EffectKind.LOSES, text.format(names=facts.quoted(partly)), tuple(partly))
    yield from _freed(by_name["erase"], usage)
    sizes = [each.size for each in by_name["files"].values() if each.size]
    if sizes:
        text = translate("Plan", "Deleting the files frees {size}.").format(size=size_text(sum(sizes)))
        yield Effect(EffectKind.CHANGES, text)


def _freed(erased: Mapping[str, Ailment], usage: Usage | None) -> Iterable[Effect]:
    """What comes free inside the images, or why that is not known."""
    places = {name: each.found.places for name, each in erased.items() if each.found is not None}
    why = next(filter(None, (why_uncounted(usage, name, each) for name, each in places.items())), "")
    if why:
        text = translate("Plan", "How much it frees inside the images is not known. {why}").format(why=why)
        yield Effect(EffectKind.CHANGES, text)
    elif usage is not None:
        yield from freed_inside(frees_from(usage, places))
