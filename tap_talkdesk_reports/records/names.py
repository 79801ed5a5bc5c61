"""Converts a field's name, in any spelling, to a snake_case column name. Pure."""

from __future__ import annotations

import re


def plain_name(name: str) -> str:
    """Returns the snake_case name of a field, such as `in_business_hours` for `in_business_hours?`.

    CSV headers differ from JSON keys in blanks and case. One key was seen with a dot and with an
    underscore (talkdesk-api, B6 and C7). All spellings of a name have the same plain name.
    """
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")
