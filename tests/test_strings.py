"""Every text that a user reads can be translated: the tools find it, and its plural follows its number."""

import ast
from pathlib import Path

import pytest

from snapgui.core import text

PACKAGE = Path(__file__).resolve().parent.parent / "snapgui"
CALLS = [
    (path, node)
    for path in sorted(PACKAGE.rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text()))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "translate"
]


def _place(path: Path, node: ast.Call) -> str:
    return f"{path.relative_to(PACKAGE)}:{node.lineno}"


def test_there_are_strings_to_look_at() -> None:
    assert len(CALLS) > 300


def test_context_and_text_are_literals_so_that_they_are_found() -> None:
    computed = [
        _place(path, node)
        for path, node in CALLS
        if not all(isinstance(argument, ast.Constant) and isinstance(argument.value, str) for argument in node.args[:3])
        or node.keywords
    ]
    assert computed == []


def test_a_text_counts_exactly_where_a_number_is_given() -> None:
    wrong = [
        _place(path, node)
        for path, node in CALLS
        if any(sign in node.args[1].value for sign in ("%n", "(s)", "|")) != (len(node.args) == 4)
    ]
    assert wrong == []


def test_what_a_machine_is_made_of_is_called_its_settings_everywhere() -> None:
    assert [_place(path, node) for path, node in CALLS if "onfig" in node.args[1].value.replace("&", "")] == []


@pytest.mark.parametrize(("n", "words"), [(0, "0 snapshots"), (1, "1 snapshot"), (3, "3 snapshots")])
def test_english_plurals_follow_the_number(n: int, words: str) -> None:
    assert text.translate("Test", "%n snapshot(s)", "", n) == words


def test_an_installed_translation_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        text, "_translator", lambda _context, source, _comment, _n: {"Take": "取得"}.get(source, source)
    )
    assert text.translate("Test", "Take") == "取得"
    assert text.translate("Test", "Revert") == "Revert"
