"""Steps that run on a host: how far they are, and how they are ended."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import libvirt

from snapgui import virt
from snapgui.core.errors import SnapguiError
from snapgui.core.plan import Call, Step
from snapgui.core.text import translate
from snapgui.virt.line import Line

_OVERLAY_SECONDS: Final = 1.1
_ABORTED: Final = 78  # VIR_ERR_OPERATION_ABORTED


class Running:
    """Runs steps on one line of a host and asks about them on another. Thread-safe; raises SnapguiError."""

    def __init__(self, long: Line, quick: Line, domain: Callable[[libvirt.virConnect, str], libvirt.virDomain]) -> None:
        """``domain`` finds one by its UUID."""
        self._long = long
        self._quick = quick
        self._domain = domain
        # By the UUIDs of domains that are off but for the merge that runs: set once we end that.
        self._merging: dict[str, threading.Event] = {}
        self._reverts: dict[str, float] = {}  # when the last one of a domain began, by UUID

    def run(self, step: Step) -> None:
        """Make the step, and wait for its end."""
        if step.merges and step.abortable:
            self._merge(step)
            return
        if step.call is Call.SNAPSHOT_REVERT:
            self._let_a_second_pass(step.domain.uuid)
        with self._long.calling(virt.steps.tried(step)) as connection:
            virt.steps.run(connection, step)

    def abort(self, step: Step) -> None:
        """End the step, which runs; only for one that is abortable, else it waits for the step's end."""
        uuid = step.domain.uuid
        with self._quick.calling(translate("Host", "Cancelling")) as connection:
            domain = self._domain(connection, uuid)
            if not step.merges:
                domain.abortJob()
            elif (ended := self._merging.get(uuid)) is not None:
                ended.set()  # first, for the step fails while this call is on its way
                if not virt.progress.end_merge(domain, step.merges):
                    ended.clear()

    def progress(self, step: Step) -> float | None:
        """How far the step is, which runs, from 0 to 1; None where that is not known.

        Only for one that has progress: with another it waits until libvirt gives up after 30 seconds.
        """
        with self._quick.calling(translate("Host", "Asking for the progress")) as connection:
            domain = self._domain(connection, step.domain.uuid)
            return virt.progress.of_merge(domain, step.merges) if step.merges else virt.progress.of_job(domain)

    def _let_a_second_pass(self, uuid: str) -> None:
        """libvirt names the overlays of an external revert after the second, and fails where they are there already."""
        now = time.monotonic()
        begins = max(now, self._reverts.get(uuid, 0.0) + _OVERLAY_SECONDS)
        self._reverts[uuid] = begins
        time.sleep(begins - now)

    def _merge(self, step: Step) -> None:
        """Make a step that merges on a domain that is off, and that can be ended."""
        uuid = step.domain.uuid
        ended = threading.Event()
        try:
            with self._long.calling(virt.steps.tried(step)) as connection:
                # Only what libvirt started for the merge may be ended to cancel that, never somebody's running guest.
                if not self._domain(connection, uuid).isActive():
                    self._merging[uuid] = ended
                virt.steps.run(connection, step)
        except SnapguiError as error:
            if not ended.is_set():
                raise
            why = translate("Host", "It was cancelled.")
            raise SnapguiError(replace(error.problem, why=why, remedy="", code=_ABORTED)) from error
        finally:
            self._merging.pop(uuid, None)
