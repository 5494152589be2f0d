"""Sizes in sentences."""

import pytest

from snapgui.core import text
from snapgui.models import format as views


@pytest.mark.parametrize("size", [0, 1, 309, 1023, 1024, 1535, 2**20, 1_762_000, 543 * 2**20, 2**40, 2**63 - 1])
def test_a_size_in_a_sentence_is_written_as_in_the_views(size: int) -> None:
    plain = views.size_text(size).replace(",", "")  # some languages group thousands
    assert text.size_text(size) == plain
