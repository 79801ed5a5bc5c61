"""What is due, cut lazily into pieces, and what follows a piece that failed. Pure."""

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

#: How many new jobs a piece gets after one that ended with this status.
NEW_JOBS = {"failed": 2, "canceled": 1, "deleted": 1}
#: The status by which a timespan is refused that is too long, or whatever else is wrong with it.
BAD_REQUEST = 400
#: How often a timespan is halved before its stream fails: a week becomes hours.
HALVINGS = 6
#: What is not longer is not halved when it is refused: from 30 days on that is five halvings.
DAY = timedelta(days=1)


@dataclass(frozen=True)
class StreamToRead:
    """What the plan knows of a stream."""

    name: str
    report: str
    #: Up to where it is complete; None: unknown, or the stream is read whole each time.
    bookmark: datetime | None
    #: Whether only the connection is tested: one small job.
    is_tested: bool = False
    #: Whether the catalog wants it read from `start_date` each time.
    is_full_table: bool = False

    def due(self, settings: Settings, horizon: datetime) -> Due:
        """What is to be read in this run.

        Args:
            settings: The run's settings.
            horizon: Up to where data is settled.
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
    """What is to be read of a stream: first what is new, then the lookback. Either may be empty."""

    #: From the bookmark on, whatever `start_date` says, so that no gap can be left behind the bookmark.
    new: Timespan
    #: The lookback: what ends at the bookmark or before, which never moves it.
    again: Timespan | None = None

    @property
    def timespans(self) -> list[Timespan]:
        """The two, without what is empty."""
        return [each for each in (self.new, self.again) if each is not None and each.start < each.end]


@dataclass(frozen=True)
class Piece:
    """A timespan of the plan, and what is to be done for it."""

    stream: str
    report: str
    timespan: Timespan
    #: The job to adopt, or the one whose file is downloaded again.
    job: ReportJob | None = None
    #: The final statuses of the jobs that were created for it and brought no file.
    ended: tuple[str, ...] = ()
    #: How many of its files were corrupt.
    corrupt: int = 0
    #: Whether the last of these had no byte: then a new job's file may prove that the report is empty.
    was_empty: bool = False
    halvings: int = 0
    #: Whether it is the first of its stream, which brings no file: the plan begins with it.
    is_first: bool = False

    @property
    def attempt(self) -> int:
        """How many attempts came before."""
        return len(self.ended) + self.corrupt

    def halves(self) -> list[Piece]:
        """Its halves as pieces of their own; none if it is too short or was halved too often."""
        return [] if self.halvings >= HALVINGS else self.cut(self.timespan.halves() or ())

    def cut(self, timespans: Iterable[Timespan]) -> list[Piece]:
        """Its parts as pieces of their own."""
        fresh = replace(self, job=None, ended=(), corrupt=0, was_empty=False, halvings=self.halvings + 1)
        return [replace(fresh, timespan=each) for each in timespans]


class StreamPlan(Iterator[Piece]):
    """The pieces of one stream, cut when their turn comes: what is new, then the lookback, each oldest first.

    A job is adopted that begins where a timespan begins and ends no later than what is
    due; the plan goes on from the job's own end. When the API refuses a length, the plan
    halves its own until that is half of it at most.
    """

    def __init__(self, stream: StreamToRead, due: Due, length: timedelta) -> None:
        """Cut into timespans of at most `length` what is due, as far as that is known before `begin`."""
        self.stream, self._length = stream, length
        self._rest = due.timespans
        #: What is left of the lookback; None: there is none, or it was read.
        self.lookback_left = due.again if due.again in self._rest else None
        self._jobs: dict[datetime, ReportJob] = {}
        self._cut = 0
        self._is_begun = False
        #: Whether a length was refused and none is known to fit.
        self._is_probing = False

    def begin(self, due: Due, jobs: Iterable[ReportJob] = ()) -> None:
        """Fix what is due; `jobs` may be adopted, newest first."""
        self._rest = due.timespans
        self.lookback_left = due.again if due.again in self._rest else None
        for job in jobs:
            self._jobs.setdefault(job.timespan.start, job)
        self._is_begun = True

    @property
    def is_narrow(self) -> bool:
        """Whether one piece at a time may be under way: the first, and one that tries a shorter length."""
        return self._is_probing or not self._is_begun

    @property
    def total(self) -> int:
        """How many timespans it has, those that were cut already included."""
        return self._cut + sum(count(rest.start, rest.end, self._length) for rest in self._rest)

    def __iter__(self) -> Self:
        """Itself."""
        return self

    def __next__(self) -> Piece:
        """The next piece; until `begin` was called, the first."""
        if not self._is_begun:
            return Piece(self.stream.name, self.stream.report, self._rest[0], is_first=True)
        while self._rest:
            rest = self._rest[0]
            for timespan in timespans(rest.start, rest.end, self._length):
                return self._piece(timespan, rest)
            self._rest.pop(0)
        raise StopIteration

    def was_read(self, timespan: Timespan) -> None:
        """Note that a timespan was read, for what is left of the lookback."""
        left = self.lookback_left
        if left is not None and timespan.end <= left.end:
            self.lookback_left = Timespan(timespan.end, left.end) if timespan.end < left.end else None

    def refuse(self, timespan: Timespan) -> None:
        """Note that the API refuses timespans of this length; the next are half as long at most."""
        self._is_probing = True
        while self._length > timespan.length / 2:
            self._length /= 2

    def accept(self, timespan: Timespan) -> bool:
        """Note that the API has taken a timespan; whether that shows which length it takes."""
        if not (self._is_probing and self._length / 2 < timespan.length <= self._length):
            return False  # what is much shorter shows nothing
        self._is_probing = False
        return True

    def fitted(self, piece: Piece) -> list[Piece]:
        """A piece that is about to begin, in parts if it is longer than the API takes."""
        if piece.is_first or piece.job is not None or piece.timespan.length <= self._length:
            return [piece]
        parts = piece.cut(timespans(piece.timespan.start, piece.timespan.end, self._length))
        self.replaced(by=len(parts))
        return parts

    def replaced(self, by: int) -> None:
        """Count the pieces that were put in the place of one."""
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
    """The pieces to try in place of one that failed; none if its stream fails.

    corrupt file        the same job's file once more, then a new job
    job failed          a new job, as often as `NEW_JOBS` allows, then both halves
    job timed out       both halves, if the job has ended since
    job covers less     both halves, if it is longer than a day; a new job in place of an adopted one
    400 for a creation  both halves, if it is longer than a day
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
