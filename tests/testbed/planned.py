"""A tiny machine on a real libvirtd, for which plans are made and run as the dialogs and the jobs do it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from testbed.asking import run, survey
from testbed.daemon import Daemon
from testbed.heard import Events

from snapgui.core.errors import Problem
from snapgui.core.plan import Level, Plan
from snapgui.core.records import DomainId
from snapgui.core.requests import MachineRequest
from snapgui.core.rules import make_plan
from snapgui.virt.host import Host


class Planned:
    """Has an empty ``disk``; whoever uses it makes the machine of that name, by ``testbed.tiny``."""

    def __init__(self, daemon: Daemon, host: Host, name: str) -> None:
        self.daemon = daemon
        self.host = host
        self.name = name
        self.disk = daemon.images / f"{name}.qcow2"
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", self.disk, "8M"], check=True)
        daemon.hand_over(self.disk)

    @cached_property
    def id(self) -> DomainId:
        """Of the machine: to be asked for while it is there."""
        return DomainId(self.host.uri, self.daemon.virsh("domuuid", self.name))

    def plan(self, request: MachineRequest) -> Plan:
        """Made of what a dialog would read now."""
        return make_plan(request, survey(self.host, self.id, request))

    def do(self, request: MachineRequest) -> None:
        """The plan is ready, and works."""
        plan = self.plan(request)
        assert plan.ready, plan.findings
        assert run(self.host, plan.steps) is None

    def refused(self, request: MachineRequest, rule: str) -> Problem | None:
        """What libvirt says to a plan that is against it for this reason alone."""
        plan = self.plan(request)
        assert [each.rule for each in plan.findings if each.level is Level.BLOCKER] == [rule]
        return run(self.host, plan.steps)


@contextmanager
def planned(daemon: Daemon, name: str) -> Iterator[Planned]:
    """For as long as the block runs; the machine and its files go then."""
    host = Host.open(daemon.uri, Events().append)
    try:
        yield Planned(daemon, host, name)
    finally:
        host.close()
        daemon.remove(name)
        for file in daemon.images.glob(f"{name}*"):
            file.unlink()
        daemon.virsh("pool-refresh", "images")
