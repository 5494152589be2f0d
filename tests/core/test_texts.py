"""Sizes in sentences, and the English plural."""

import pytest

from snapgui.core import text
from snapgui.models import format as views


@pytest.mark.parametrize("size", [0, 1, 309, 1023, 1024, 1535, 2**20, 1_762_000, 543 * 2**20, 2**40, 2**63 - 1])
def test_a_size_in_a_sentence_is_written_as_in_the_views(size: int) -> None:
    plain = views.size_text(size).replace(",", "")  # some languages group thousands
    assert text.size_text(size) == plain


def test_the_english_plural_is_in_the_text_itself() -> None:
    source = "%n snapshot(s) below [stays|stay] where [it|they] [is|are]"
    assert text.translate("Test", source, "", 1) == "1 snapshot below stays where it is"
    assert text.translate("Test", source, "", 2) == "2 snapshots below stay where they are"
