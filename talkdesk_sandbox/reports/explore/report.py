"""`Report`: an Explore report, with fields, CSV headings, and rows filtered by one of their times."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from talkdesk_sandbox.centre.centre import Centre, days
from talkdesk_sandbox.reports.explore.workingday import WorkingDay
from talkdesk_sandbox.reports.reporting import Row, Value

if TYPE_CHECKING:
    from datetime import datetime

#: Yields rows whose time t has first <= t < stop, in seconds since the Unix epoch.
Rows = Callable[[Centre, float, float], Iterator[Row]]


class Event(NamedTuple):
    """A row not yet built: the time that its report filters on, its key, and a function that builds it."""

    at: float
    key: str
    row: Callable[[], Row]


@dataclass(frozen=True)
class Report:
    """One report."""

    name: str
    fields: tuple[str, ...]
    rows: Rows
    #: The first line of a CSV file, if it is not the names of the fields.
    display_names: tuple[str, ...] = ()
    #: Members of a JSON file besides entries and total.
    envelope: Mapping[str, str] = field(default_factory=dict)

    @property
    def headings(self) -> tuple[str, ...]:
        """The first line of a CSV file."""
        return self.display_names or self.fields

    def with_field(
        self, field: str, name: str | None = None, change: Callable[[Value], Value] | None = None
    ) -> Report:
        """Returns the report with one field renamed (`""` removes it), or with changed values."""
        to = field if name is None else name

        def rows(centre: Centre, first: float, stop: float) -> Iterator[Row]:
            for row in self.rows(centre, first, stop):
                changed = change(row[field]) if change else row[field]
                yield {
                    to if each == field else each: changed if each == field else value
                    for each, value in row.items()
                    if to or each != field
                }

        fields = tuple(to if each == field else each for each in self.fields if to or each != field)
        return replace(self, fields=fields, rows=rows)

    def between(self, centre: Centre, start: datetime, end: datetime) -> Iterator[Row]:
        """Yields rows whose time t has start <= t < end, sorted by that time, then by key."""
        return self.rows(centre, start.timestamp(), end.timestamp())

    def csv_rows(self, centre: Centre, start: datetime, end: datetime) -> Iterator[Row]:
        """Yields the same rows, with lists as text."""
        for row in self.between(centre, start, end):
            yield {
                name: json.dumps(value) if isinstance(value, list) else value for name, value in row.items()
            }


def by_day(events: Callable[[WorkingDay], Iterable[Event]]) -> Rows:
    """Returns a function that yields the rows of a report, one working day after the other."""

    def rows(centre: Centre, first: float, stop: float) -> Iterator[Row]:
        for number in days(math.floor(first), math.ceil(stop)):
            due = [event for event in events(WorkingDay(centre, number)) if first <= event.at < stop]
            due.sort(key=lambda event: event[:2])
            for event in due:
                yield event.row()

    return rows


def names(text: str) -> tuple[str, ...]:
    """Splits a text into names of fields."""
    return tuple(text.split())
