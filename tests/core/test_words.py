"""How messages write a number with its noun."""

from __future__ import annotations

import pytest

from tap_talkdesk_reports.core.words import counted


@pytest.mark.parametrize(
    ("number", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (8431, "8,431 rows")]
)
def test_a_number_has_its_noun_in_singular_or_plural(number, words):
    assert counted(number, "row") == words
