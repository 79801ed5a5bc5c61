"""Leaves out rows at the start of a timespan that the previous timespan has delivered, too. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_talkdesk_reports.core.timespans import rfc3339

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tap_talkdesk_reports.core.timespans import Timespan


class Boundary:
    """Removes records from a timespan that were also at the end of the previous timespan.

    For most reports it is unknown whether the API includes the end of a timespan. So a row
    stamped exactly at the end is kept. Only an identical row in the next timespan is left out.
    """

    def __init__(self, timespan: Timespan, before: Collection[bytes]) -> None:
        """Starts a timespan; `before` is `at_end` of the previous timespan."""
        self._start, self._end = rfc3339(timespan.start), rfc3339(timespan.end)
        self._before = before
        #: Records stamped exactly at the end of this timespan, as JSON.
        self.at_end: set[bytes] = set()
        #: The number of records that were left out.
        self.left_out = 0

    def without_repeats(self, records: list[Any], stamps: Sequence[str | None]) -> list[Any]:
        """Returns the records without the repeats; `stamps` are the values of their replication key."""
        if self._end in stamps:
            at_end = (r for r, stamp in zip(records, stamps, strict=True) if stamp == self._end)
            self.at_end.update(map(msgspec.json.encode, at_end))
        if not self._before or self._start not in stamps:
            return records
        kept = [
            record
            for record, stamp in zip(records, stamps, strict=True)
            if stamp != self._start or msgspec.json.encode(record) not in self._before
        ]
        self.left_out += len(records) - len(kept)
        return kept
