"""Names of fields that any database column can bear. Pure."""

from __future__ import annotations

import re


def plain_name(name: str) -> str:
    """A field's name in snake case: `in_business_hours?`, `wrap-up_duration` and `Interaction ID` made plain.

    CSV headers differ from JSON keys in blanks and case, and one dotted key was seen
    with an underscore as well (talkdesk-api, B6 and C7): all spellings of a name have
    the same plain one.
    """
    return re.sub(r"[^0-9a-z]+", "_", name.lower()).strip("_")
