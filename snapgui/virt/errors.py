"""libvirt's errors as problems."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import libvirt

from snapgui.core.errors import SnapguiError
from snapgui.core.errors.explain import explain

_log = logging.getLogger(__name__)

GONE = frozenset({libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT})


@contextmanager
def telling(tried: str, uri: str = "") -> Iterator[None]:
    """Raise what libvirt raises in it as SnapguiError.

    ``tried`` says what was being done, in the user's words; ``uri`` what was being connected to, where anything was.
    """
    started = time.perf_counter()
    try:
        yield
    except libvirt.libvirtError as error:
        raise SnapguiError(explain(code_of(error), str(error), tried, uri)) from error
    finally:
        _log.debug("%s: %.1f ms", tried, (time.perf_counter() - started) * 1000)


def code_of(error: libvirt.libvirtError) -> int:
    """virErrorNumber; VIR_ERR_INTERNAL_ERROR where libvirt set none."""
    code: int | None = error.get_error_code()
    return libvirt.VIR_ERR_INTERNAL_ERROR if code is None else code
