"""What an error of libvirt's means.

The numbers are virErrorNumber, from libvirt's include/libvirt/virterror.h; the texts are of libvirt 9.0 to 11.3. Within
a code, the first whose part is found counts, so an empty part comes last.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an error means. ``part`` is searched in libvirt's message; its named groups fill the texts."""

    codes: tuple[int, ...]
    part: str
    why: str
    remedy: str = ""
