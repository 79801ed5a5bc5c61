"""Makes a column name of a field's name: plain snake case, however the report file spells it. Pure."""

from __future__ import annotations

import re


def plain_name(name: str) -> str:
    """The snake-case name of a field, such as `in_business_hours` for `in_business_hours?`.

    CSV headers differ from JSON keys in blanks and case. One dotted key was seen with an
    underscore, too (talkdesk-api, B6 and C7). All spellings of a name have the same plain name.
    """
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")
