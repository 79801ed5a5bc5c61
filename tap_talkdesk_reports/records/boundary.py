"""The boundary between two timespans: no row is lost there, and none is repeated in a run. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_talkdesk_reports.core.timespans import rfc3339

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tap_talkdesk_reports.core.timespans import Timespan


class Boundary:
    """Leaves out of a timespan's records what stood at the end of the timespan before, too.

    Whether the API counts a timespan's end in is unknown for most reports. So what is
    stamped exactly there is kept, wherever it turns up first, and only its repeat in the
    next timespan is left out.
    """

    def __init__(self, timespan: Timespan, before: Collection[bytes]) -> None:
        """Begin a timespan; `before` is `at_end` of the one before."""
        self._start, self._end = rfc3339(timespan.start), rfc3339(timespan.end)
        self._before = before
        #: Records stamped exactly at the end, as JSON.
        self.at_end: set[bytes] = set()

    def without_repeats(self, records: list[Any], stamps: Sequence[str | None]) -> list[Any]:
        """The records but for the repeats; `stamps` are the values of their replication key."""
        if self._end in stamps:
            at_end = (r for r, stamp in zip(records, stamps, strict=True) if stamp == self._end)
            self.at_end.update(map(msgspec.json.encode, at_end))
        if not self._before or self._start not in stamps:
            return records
        return [
            record
            for record, stamp in zip(records, stamps, strict=True)
            if stamp != self._start or msgspec.json.encode(record) not in self._before
        ]
