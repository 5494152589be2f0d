"""Steps that make files of this computer or volumes of a host, each of which goes again where a later one fails."""

from dataclasses import replace

from snapgui.core.plan import Call, Step
from snapgui.core.records import Situation
from snapgui.core.rules import facts


def program(situation: Situation, words: tuple[str, ...], path: str = "", size: int = 0) -> Step:
    """A program of this computer; what it makes is ``path``, about ``size`` bytes, or nothing where that is ""."""
    step = replace(facts.step(situation, Call.PROGRAM), program=words, path=path, bytes=size, abortable=True)
    return taken_back(situation, step) if path else step


def write(situation: Situation, path: str, text: str) -> Step:
    """A text as a new file."""
    return taken_back(situation, replace(facts.step(situation, Call.FILE_WRITE, xml=text), path=path))


def folder(situation: Situation, path: str) -> Step:
    """A new folder; with all that is in it, it goes where a later step fails."""
    return taken_back(situation, replace(facts.step(situation, Call.FOLDER_MAKE), path=path))


def download(situation: Situation, source: str, path: str, size: int = 0) -> Step:
    """A volume of the host as a new file of this computer."""
    step = replace(facts.step(situation, Call.VOLUME_DOWNLOAD), source=source, path=path, bytes=size, abortable=True)
    return taken_back(situation, step)


def volume(situation: Situation, pool: str, path: str, xml: str) -> Step:
    """A new volume of the host's pool, which is deleted again where a later step fails."""
    step = replace(facts.step(situation, Call.VOLUME_CREATE, xml=xml), source=pool, path=path)
    return replace(step, undone_by=replace(facts.step(situation, Call.VOLUME_DELETE), path=path, always=True))


def upload(situation: Situation, source: str, path: str, size: int = 0) -> Step:
    """A file of this computer into a volume that the same plan has made."""
    return replace(facts.step(situation, Call.VOLUME_UPLOAD), source=source, path=path, bytes=size, abortable=True)


def remove(situation: Situation, path: str) -> Step:
    """What the plan has made and needs no more."""
    return replace(facts.step(situation, Call.REMOVE), path=path)


def move(situation: Situation, source: str, path: str) -> Step:
    """What the plan has made under another name gets its own, where nothing has that yet."""
    return taken_back(situation, replace(facts.step(situation, Call.MOVE), source=source, path=path))


def replace_by(situation: Situation, source: str, path: str) -> Step:
    """What the plan has made takes the place of an image that holds the same."""
    return replace(facts.step(situation, Call.REPLACE), source=source, path=path)


def taken_back(situation: Situation, step: Step) -> Step:
    """The step, whose file is removed again where a later step fails or is cancelled."""
    return replace(step, undone_by=remove(situation, step.path))
