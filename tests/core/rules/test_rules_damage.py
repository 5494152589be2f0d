"""An image that is damaged is warned of before anything is done with what is in it."""

from collections.abc import Callable
from typing import Any

import pytest

from snapgui.core.plan import Level
from snapgui.core.records import DomainId, Situation
from snapgui.core.requests import Delete, Describe, Revert, Take
from snapgui.core.rules import make_plan
from snapgui.core.usage import DamagedImage, Usage


@pytest.mark.parametrize("request_", [Take, Revert, Delete, Describe])
def test_it_is_said_with_the_way_out_and_only_where_the_images_matter(
    domain: DomainId, situation: Callable[..., Situation], snapshot: Callable[..., Any], request_: type
) -> None:
    damage = DamagedImage("Counting", "The image is damaged.", raw="L2 table at byte 65536: no such cluster")
    known = situation(snapshot("a"), current="a", usage=Usage({"vda": damage}))
    asked = {
        Take: Take(domain, "b"),
        Revert: Revert(domain, "a"),
        Delete: Delete(domain, ("a",)),
        Describe: Describe(domain, "a", "other"),
    }
    found = [each for each in make_plan(asked[request_], known).findings if each.rule == "image-damaged"]
    if request_ is Describe:
        assert not found
        return
    (finding,) = found
    assert finding.level is Level.WARNING
    assert "disk vda is damaged: L2 table at byte 65536" in finding.reason
    assert finding.remedy.startswith("Export what can still be read")
    whole = make_plan(asked[request_], situation(snapshot("a"), current="a"))
    assert "image-damaged" not in {each.rule for each in whole.findings}
