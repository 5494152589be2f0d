"""What the activity list says of a take: how long it took, and how long the guest stood still for it."""

from testbed.daemon import Daemon
from testbed.user import User

from snapgui.core.plan import EffectKind
from snapgui.core.requests import Take
from snapgui.core.rules import make_plan
from snapgui.ui.actions import Act


def test_the_pause_of_a_running_guest_is_measured_and_told_before_the_next_take(
    user: User, daemon: Daemon, frail: str
) -> None:
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.parents() == {"before": ""}, "the snapshot")
    job = user.take("first")
    paused = user.until(lambda: user.jobs[job.id].paused, "the guest's pause")
    assert 0 < paused <= job.ended - job.started + 0.1
    domain = job.plan.request.domain
    known = user.application.backend.runner.situation(domain)
    assert known.pauses == (paused,)
    found = []
    user.application.backend.hosts.survey(domain, (), found.append, found.append)
    user.until(lambda: found, "the survey")
    plan = make_plan(Take(domain, "second"), user.application.backend.runner.with_pauses(found[0]))
    (pause,) = [effect.text for effect in plan.effects if effect.kind is EffectKind.PAUSES]
    assert "as before" in pause


def test_a_guest_that_is_off_is_not_said_to_have_paused(user: User, daemon: Daemon, frail: str) -> None:
    daemon.virsh("destroy", frail)
    user.choose_machine(daemon.uri, frail)
    user.until(lambda: user.machine_state() == "off", "the machine to be off")
    user.until(user.window.actions_[Act.TAKE].isEnabled, "the action")
    job = user.take("cold")
    user.rest(0.5)
    assert user.jobs[job.id].paused is None
