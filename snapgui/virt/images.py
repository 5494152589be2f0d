"""Images of a host as bytes: its own file where this is the host, else a volume over the connection."""

import os
import socket
from urllib.parse import urlsplit

import libvirt

from snapgui import virt
from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.text import translate
from snapgui.qcow2.source import ByteSource, LocalFile
from snapgui.virt.line import Line


def is_local(uri: str, hostname: str) -> bool:
    """Whether paths of the host are paths of this computer. ``hostname`` is what the host calls itself.

    A local socket can be the end of a tunnel, so where the URI names one the host has to bear our name too.
    """
    parts = urlsplit(uri)
    transport = parts.scheme.partition("+")[2]
    if parts.netloc or transport not in ("", "unix"):
        return False
    return "socket=" not in parts.query or _short(hostname) == _short(socket.gethostname())


def _short(hostname: str) -> str:
    return hostname.partition(".")[0].lower()


def open_image(line: Line, path: str, *, local: bool, pools: bool) -> ByteSource:
    """Open for reading. Raises SnapguiError with the reason where nothing works.

    ``local``: whether the file may lie on this computer. ``pools``: whether the host may have it as a volume.
    """
    tried = translate("Image", "Reading the image {path}").format(path=path)
    refused: OSError | None = None
    if local:
        try:
            return LocalFile(path)
        except OSError as error:
            refused = error
    if pools:
        try:
            return virt.volume.Volume(line, path)
        except SnapguiError as error:
            if error.problem.code != libvirt.VIR_ERR_NO_STORAGE_VOL:
                raise
            raise SnapguiError(_in_no_pool(tried, path, refused, error.problem.raw)) from error
    why = translate("Image", "{path} can’t be read: {reason}.")
    reason = os.strerror(refused.errno) if refused is not None and refused.errno else ""
    raise SnapguiError(Problem(tried, why.format(path=path, reason=reason), raw=str(refused or "")))


def _in_no_pool(tried: str, path: str, refused: OSError | None, raw: str) -> Problem:
    if isinstance(refused, PermissionError):
        why = translate("Image", "You may not read {path}, and it lies in no active storage pool of the host.")
    elif isinstance(refused, FileNotFoundError):
        why = translate("Image", "There is no {path}, neither as a file nor in an active storage pool of the host.")
    else:
        why = translate("Image", "{path} lies in no active storage pool of the host.")
    remedy = translate("Image", "Make a storage pool of its folder, or refresh the pool that it lies in.")
    return Problem(tried, why.format(path=path), remedy, raw, libvirt.VIR_ERR_NO_STORAGE_VOL)
