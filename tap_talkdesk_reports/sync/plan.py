"""Plans a run: lists what is due, cuts it lazily into pieces, and replaces failed pieces. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from tap_talkdesk_reports.core.errors import (
    EmptyFileError,
    JobFailedError,
    JobTimeoutError,
    ReportFileError,
    RequestRefusedError,
    TimespanMismatchError,
)
from tap_talkdesk_reports.core.timespans import Timespan, count, last_hour, timespans

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_talkdesk_reports.config.settings import Settings
    from tap_talkdesk_reports.core.report_job import ReportJob

#: How many new jobs a piece gets after jobs that ended with each status.
NEW_JOBS = {"failed": 2, "canceled": 1, "deleted": 1}
#: The HTTP status if a timespan is too long; it may have other reasons, too.
BAD_REQUEST = 400
#: How many times a timespan is halved before its stream fails: a week becomes hours.
HALVINGS = 6
#: A refused timespan is halved only if it is longer than this: 30 days are halved five times.
DAY = timedelta(days=1)


@dataclass(frozen=True)
class StreamToRead:
    """The facts about a stream that the plan needs."""

    name: str
    report: str
    #: The time up to which the stream is complete; None if unknown, or for FULL_TABLE.
    bookmark: datetime | None
    #: Whether to read only one small job, for a connection test.
    is_tested: bool = False
    #: Whether the catalog sets FULL_TABLE: read from `start_date` in each run.
    is_full_table: bool = False

    def due(self, settings: Settings, horizon: datetime) -> Due:
        """Returns what is to be read in this run.

        Args:
            settings: The stream's settings.
            horizon: The time up to which data is settled.
        """
        if self.is_tested:
            return Due(last_hour(horizon))
        start, end = settings.start_date, min(settings.end_date or horizon, horizon)
        if self.bookmark is None:
            return Due(Timespan(start, end))
        again = Timespan(max(start, self.bookmark - settings.lookback), min(self.bookmark, end))
        return Due(Timespan(self.bookmark, end), again)


@dataclass(frozen=True)
class Due:
    """The timespans of a stream to read: first the new one, then the lookback. Each may be empty."""

    #: Starts at the bookmark even if `start_date` is later, so that there is no gap after the bookmark.
    new: Timespan
    #: The lookback. It ends at or before the bookmark, and never moves it.
    again: Timespan | None = None

    @property
    def timespans(self) -> list[Timespan]:
        """The two timespans, without those that are empty."""
        return [each for each in (self.new, self.again) if each is not None and each.start < each.end]


@dataclass(frozen=True)
class Piece:
    """A timespan of the plan with what to do for it: create a job, adopt one, or download again."""

    stream: str
    report: str
    timespan: Timespan
    #: The job to adopt, or the job whose file is downloaded again.
    job: ReportJob | None = None
    #: The final statuses of the piece's earlier jobs that ended without a file.
    ended: tuple[str, ...] = ()
    #: The number of the piece's files that were corrupt.
    corrupt: int = 0
    #: Whether the last corrupt file had 0 bytes: then a new job's file may prove that the report is empty.
    was_empty: bool = False
    halvings: int = 0
    #: Whether it is the first piece of its stream. It has no file; the work on it begins the plan.
    is_first: bool = False

    @property
    def attempt(self) -> int:
        """The number of earlier attempts."""
        return len(self.ended) + self.corrupt

    def halves(self) -> list[Piece]:
        """Cuts the piece in two; returns none if it is too short or was halved too often."""
        return [] if self.halvings >= HALVINGS else self.cut(self.timespan.halves() or ())

    def cut(self, timespans: Iterable[Timespan]) -> list[Piece]:
        """Creates a new piece for each of the timespans, and counts one more halving."""
        fresh = replace(self, job=None, ended=(), corrupt=0, was_empty=False, halvings=self.halvings + 1)
        return [replace(fresh, timespan=each) for each in timespans]


class StreamPlan(Iterator[Piece]):
    """Yields the pieces of one stream, cut lazily: first what is new, then the lookback, each oldest first.

    A job is adopted if it begins where a timespan begins and ends no later than what is
    due; the plan then continues at the job's end. When the API refuses a length, the plan
    halves its own length until it is at most half of the refused one.
    """

    def __init__(self, stream: StreamToRead, due: Due, length: timedelta) -> None:
        """Plans what seems due by this machine's clock; `begin` sets what is really due.

        Args:
            stream: The stream.
            due: What seems due.
            length: Longest timespan of a piece.
        """
        self.stream, self._length = stream, length
        self._rest = due.timespans
        #: The part of the lookback that was not read yet; None if there is none left.
        self.lookback_left = due.again if due.again in self._rest else None
        self._jobs: dict[datetime, ReportJob] = {}
        self._cut = 0
        self._is_begun = False
        #: Whether the API has refused a length and has not accepted a shorter one yet.
        self._is_probing = False

    def begin(self, due: Due, jobs: Iterable[ReportJob] = ()) -> None:
        """Sets what is due, and the jobs that may be adopted, newest first."""
        self._rest = due.timespans
        self.lookback_left = due.again if due.again in self._rest else None
        for job in jobs:
            self._jobs.setdefault(job.timespan.start, job)
        self._is_begun = True

    @property
    def is_narrow(self) -> bool:
        """Whether only one piece may be in progress: the first, or one that tries a shorter length."""
        return self._is_probing or not self._is_begun

    @property
    def total(self) -> int:
        """The number of timespans of the plan, including those that were cut already."""
        return self._cut + sum(count(rest.start, rest.end, self._length) for rest in self._rest)

    def __iter__(self) -> Self:
        """Returns this object."""
        return self

    def __next__(self) -> Piece:
        """Returns the next piece; before `begin`, the piece with `is_first`."""
        if not self._is_begun:
            return Piece(self.stream.name, self.stream.report, self._rest[0], is_first=True)
        while self._rest:
            rest = self._rest[0]
            for timespan in timespans(rest.start, rest.end, self._length):
                return self._piece(timespan, rest)
            self._rest.pop(0)
        raise StopIteration

    def was_read(self, timespan: Timespan) -> None:
        """Records that a timespan was read, which shortens `lookback_left`."""
        left = self.lookback_left
        if left is not None and timespan.end <= left.end:
            self.lookback_left = Timespan(timespan.end, left.end) if timespan.end < left.end else None

    def refuse(self, timespan: Timespan) -> None:
        """Records that the API refuses a timespan of this length; later ones are at most half as long."""
        self._is_probing = True
        while self._length > timespan.length / 2:
            self._length /= 2

    def accept(self, timespan: Timespan) -> bool:
        """Records an accepted timespan; returns whether it shows, after a refusal, which length fits."""
        if not (self._is_probing and self._length / 2 < timespan.length <= self._length):
            return False  # a much shorter timespan shows nothing
        self._is_probing = False
        return True

    def fitted(self, piece: Piece) -> list[Piece]:
        """Returns a piece that is about to begin, cut in parts if it is longer than the API accepts."""
        if piece.is_first or piece.job is not None or piece.timespan.length <= self._length:
            return [piece]
        parts = piece.cut(timespans(piece.timespan.start, piece.timespan.end, self._length))
        self.replaced(by=len(parts))
        return parts

    def replaced(self, by: int) -> None:
        """Counts the pieces that replace one piece."""
        self._cut += by - 1

    def _piece(self, timespan: Timespan, rest: Timespan) -> Piece:
        job = self._jobs.get(timespan.start)
        if job is not None and timespan.start < job.timespan.end <= rest.end:
            timespan = job.timespan
        else:
            job = None
        self._rest[0] = Timespan(timespan.end, rest.end)
        self._cut += 1
        return Piece(self.stream.name, self.stream.report, timespan, job)


def instead_of(piece: Piece, error: Exception) -> list[Piece]:
    """Returns the pieces that replace a failed one; none if its stream fails.

    corrupt file        the same job's file once more, then a new job
    job failed          a new job, as often as `NEW_JOBS` allows, then both halves
    canceled, deleted   a new job, as often as `NEW_JOBS` allows
    job timed out       both halves, if the job has ended since
    job covers less     a new job if it was adopted; else both halves, if longer than a day
    400 at a creation   both halves, if longer than a day
    """
    if isinstance(error, ReportFileError):
        if piece.corrupt >= 2:
            return []
        job, is_empty = None if piece.corrupt else error.job, isinstance(error, EmptyFileError)
        return [replace(piece, job=job, corrupt=piece.corrupt + 1, was_empty=is_empty)]
    if isinstance(error, TimespanMismatchError):
        if piece.job is not None:
            return [replace(piece, job=None)]
        return piece.halves() if piece.timespan.length > DAY else []
    if isinstance(error, JobFailedError):
        ended = (*piece.ended, status := error.job.status)
        if ended.count(status) <= NEW_JOBS.get(status, 1):
            return [replace(piece, job=None, ended=ended)]
        return piece.halves() if status == "failed" else []
    if isinstance(error, JobTimeoutError):
        return piece.halves() if error.job.is_over else []
    if isinstance(error, RequestRefusedError) and error.status == BAD_REQUEST:
        return piece.halves() if piece.timespan.length > DAY else []
    return []
