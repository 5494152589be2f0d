"""What programs of this computer say when they fail, and what the system says of files, in plain words.

The texts are those of QEMU 7.2 to 10.0 and of GNU coreutils, in English.
"""

import errno
import os
import re
from collections.abc import Sequence

from snapgui.core.errors import Problem
from snapgui.core.errors.meaning import Meaning
from snapgui.core.text import translate

_PACKAGES = {"qemu-img": "qemu-utils (Debian, Ubuntu), qemu-img (Fedora)"}
# Where these qemu-img commands name the image that they read, counted from the end.
_READS = {"convert": 2, "measure": 1, "check": 1}


def explain_program(words: Sequence[str], status: int | None, said: str, tried: str) -> Problem:
    """The problem of a program that ended with that status, having ``said`` this; None: it could not be begun.

    ``words``: the program and its arguments.
    """
    program = words[0]
    if status is None:
        why = translate("Error", "The program {program} is not on this computer.").format(program=program)
        remedy = translate("Error", "Install it: {package}.").format(package=_PACKAGES.get(program, program))
        return Problem(tried, why, remedy)
    raw = said or translate("Error", "{program} ended with status {status}.").format(program=program, status=status)
    for meaning in _meanings():
        found = re.search(meaning.part, said, re.IGNORECASE | re.DOTALL)
        if found is not None:
            told = {name: part for name, part in found.groupdict().items() if part is not None}
            parts = {"image": _image_read(words), **told}
            return Problem(tried, meaning.why.format(**parts), meaning.remedy.format(**parts), raw)
    return Problem(tried, raw, raw=raw)


def explain_file(number: int | None, path: str, tried: str, raw: str) -> Problem:
    """The problem of an OSError about a file or folder that was to be made."""
    if number in (errno.ENOSPC, errno.EDQUOT):
        return Problem(tried, *_no_space(), raw)
    if number == errno.EEXIST:
        why = translate("Error", "{path} is there already, and nothing is replaced.").format(path=path)
        return Problem(tried, why, translate("Error", "Choose another name."), raw)
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        why = translate("Error", "You may not write {path}.").format(path=path)
        return Problem(tried, why, translate("Error", "Choose another folder."), raw)
    if number in (errno.ENOENT, errno.ENOTDIR):
        why = translate("Error", "There is no folder for {path}.").format(path=path)
        return Problem(tried, why, translate("Error", "Make it first, or choose another."), raw)
    return Problem(tried, f"{os.strerror(number)}." if number else raw, raw=raw)


def _image_read(words: Sequence[str]) -> str:
    from_end = _READS.get(words[1], 0) if len(words) > 2 else 0  # noqa: PLR2004 - a program, its command and an image
    return words[-from_end] if from_end else translate("Error", "an image")


def _no_space() -> tuple[str, str]:
    return translate("Error", "There is no room left for it."), translate(
        "Error", "Make room, or choose another place."
    )


def _meanings() -> tuple[Meaning, ...]:
    path = r"(?:open|stat|access) '(?P<path>/[^']+)'.*?: "
    return (
        Meaning((), "No space left on device|Disk quota exceeded|File too large", *_no_space()),
        Meaning(
            (),
            r"Failed to (get|lock)|another process using the image",
            translate("Error", "Another program is working with an image that is needed: the machine runs, or a copy."),
            translate("Error", "Shut the machine off, or wait until that has ended."),
        ),
        Meaning(
            (),
            f"{path}Permission denied",
            translate("Error", "You may not read or write {path}."),
            translate("Error", "Allow it, or choose another place."),
        ),
        Meaning(
            (),
            f"{path}No such file or directory",
            translate("Error", "{path} is not there."),
        ),
        Meaning(
            (),
            "Permission denied",
            translate("Error", "You may not read or write one of the files."),
            translate("Error", "Allow it, or choose another place."),
        ),
        Meaning(
            (),
            "Can't find (the )?snapshot|Failed to load snapshot",
            translate("Error", "The image does not hold the snapshot."),
            translate("Error", "Check the machine’s health."),
        ),
        Meaning(
            (),
            r"^(?:sha256sum: )?(?P<file>[^\n]+?): FAILED",
            translate("Error", "{file} is not what it was when the bundle was made."),
            translate("Error", "Copy the bundle again from where it was made."),
        ),
        Meaning(
            (),
            "Content mismatch|Images are not identical|Strict mode: Images",
            translate("Error", "The copy does not hold the same as the original."),
        ),
        Meaning((), "encrypt.*key-secret", translate("Error", "An image is encrypted, and its key is not known here.")),
        Meaning(
            (),
            "image is corrupt|errors were found on the image|is corrupted",
            translate("Error", "qemu-img could not read all of {image}: that, or an image below it, is damaged."),
            translate("Error", "See what qemu-img check says about it."),
        ),
        Meaning(
            (),
            r"(?:while reading offset \d+ of (?P<image>/[^\n]+)|(?:while|could not) read[^\n]*): Input/output error",
            translate(
                "Error", "qemu-img could not read all of {image}: the image is damaged, or the disk that it is on."
            ),
            translate("Error", "See what qemu-img check says about it; where it finds nothing, see the kernel’s log."),
        ),
        Meaning(
            (),
            "Input/output error",
            translate("Error", "A disk of this computer could not be read or written."),
            translate("Error", "See the kernel’s log for what is wrong with it."),
        ),
    )
