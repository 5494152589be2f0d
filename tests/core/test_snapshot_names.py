"""Names for new snapshots from the user's template."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapgui.core.names import expand
from snapgui.core.rules.naming import check_name

NOW = datetime(2026, 11, 22, 9, 5, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("template", "machine", "taken", "name"),
    [
        ("{machine}-{n}", "pisces", (), "pisces-1"),
        ("{machine}-{n}", "pisces", ("pisces-1", "pisces-3"), "pisces-2"),
        ("{machine} {date} {time}", "pisces", (), "pisces 2026-11-22 09-05-07"),
        ("before update", "pisces", (), "before update"),
        ("before update", "pisces", ("before update", "before update-2"), "before update-3"),
        ("{n}", "pisces", (), "snapshot-1"),
        ("{n}.{n}", "pisces", ("1.1",), "2.2"),
        ("{who}{-{n}", "pisces", (), "{who}{-1"),
        ("{{n}}", "pisces", (), "{1}"),
        ("{machine.__class__}", "pisces", (), "{machine.__class__}"),
        ("", "pisces", (), "snapshot"),
        ("", "pisces", ("snapshot",), "snapshot-2"),
        ("a/b\n{n}", "pisces", (), "a-b1"),
        ("..x", "pisces", (), "x"),
        ("{machine}-{n}", "My Büro-PC {n}", (), "My-Buro-PC-n-1"),
        ("{machine}-{n}", "検証", (), "snapshot-1"),
        ("{machine}-{n}", ".hidden", (), "hidden-1"),
    ],
)
def test_a_template_is_filled_in(template: str, machine: str, taken: tuple[str, ...], name: str) -> None:
    assert expand(template, machine, taken, NOW) == name


def test_a_long_name_keeps_its_number() -> None:
    taken = [expand("{machine}-{n}", "m" * 300, (), NOW)]
    second = expand("{machine}-{n}", "m" * 300, taken, NOW)
    assert second.endswith("-2")
    assert check_name(second) is None


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_any_template_gives_a_name_that_can_be_taken(template: str, machine: str, taken: list[str]) -> None:
    for text in (template, template + "{n}", "{n}" + template, "é" * 300 + template):
        name = expand(text, machine, taken, NOW)
        assert check_name(name) is None
        assert name not in taken
        again = expand(text, machine, [*taken, name], NOW)
        assert again != name
        assert check_name(again) is None
