"""The plan: the due timespans in pieces, and the replacement of a failed piece."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_talkdesk_reports.config.settings import Settings, normalize
from tap_talkdesk_reports.core.errors import (
    EmptyFileError,
    JobFailedError,
    JobTimeoutError,
    MalformedFileError,
    RequestRefusedError,
    SpoolError,
    TimespanMismatchError,
)
from tap_talkdesk_reports.core.report_job import DEAD
from tap_talkdesk_reports.core.timespans import Timespan, timespans
from tap_talkdesk_reports.jobs.lifecycle import Jobs
from tap_talkdesk_reports.sync.lookahead import LookAhead
from tap_talkdesk_reports.sync.plan import HALVINGS, Due, Piece, StreamPlan, StreamToRead, instead_of
from tests.support import utc
from tests.support.jobs import job
from tests.support.plans import days
from tests.support.scripted_api import UNKNOWN, ScriptedApi

CALLS = StreamToRead("calls", "calls", None)
DUE = Timespan(utc("2026-03-02"), utc("2026-03-06"))
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEK = Piece("calls", "calls", Timespan(utc("2026-03-02"), utc("2026-03-09")))


def begun(due, length, jobs=()):
    plan = StreamPlan(CALLS, due, length)
    plan.begin(due, jobs)
    return plan


def spans(pieces):
    return [
        (piece.timespan.start.day, piece.timespan.end.day, piece.job.id if piece.job else None)
        for piece in pieces
    ]


@pytest.mark.parametrize(
    ("case", "jobs", "planned"),
    [
        ("none", [], [(2, 3, None), (3, 4, None), (4, 5, None), (5, 6, None)]),
        ("one of the grid", [job(3, 4)], [(2, 3, None), (3, 4, "calls-3-4-30"), (4, 5, None), (5, 6, None)]),
        ("longer than the grid", [job(2, 5)], [(2, 5, "calls-2-5-30"), (5, 6, None)]),
        ("to the end of the plan", [job(2, 6)], [(2, 6, "calls-2-6-30")]),
        ("past the plan", [job(4, 7)], [(2, 3, None), (3, 4, None), (4, 5, None), (5, 6, None)]),
        ("before the plan", [job(1, 3)], [(2, 3, None), (3, 4, None), (4, 5, None), (5, 6, None)]),
        ("without length", [job(2, 2)], [(2, 3, None), (3, 4, None), (4, 5, None), (5, 6, None)]),
        (
            "the newest of two",
            [job(2, 3, made=5), job(2, 4, made=9)],
            [(2, 3, "calls-2-3-5"), (3, 4, None), (4, 5, None), (5, 6, None)],
        ),
        ("within another", [job(2, 4), job(3, 4)], [(2, 4, "calls-2-4-30"), (4, 5, None), (5, 6, None)]),
    ],
)
def test_the_plan_continues_at_the_end_of_each_adopted_job(case, jobs, planned):
    plan = begun(Due(DUE), DAY, jobs)

    assert spans(plan) == planned, case
    assert plan.total == len(planned)


@pytest.mark.parametrize(
    ("case", "bookmark", "settings", "due"),
    [
        ("no bookmark", None, {}, [("03-02", "03-20")]),
        ("a bookmark", "2026-03-10", {}, [("03-10", "03-20")]),
        ("a bookmark before start_date", "2026-02-10", {}, [("02-10", "03-20")]),
        ("a lookback", "2026-03-10", {"lookback_hours": 48}, [("03-10", "03-20"), ("03-08", "03-10")]),
        (
            "a lookback cut by start_date",
            "2026-03-10",
            {"lookback_hours": 999},
            [("03-10", "03-20"), ("03-02", "03-10")],
        ),
        ("a lookback before start_date", "2026-02-10", {"lookback_hours": 48}, [("02-10", "03-20")]),
        ("a lookback alone", "2026-03-20", {"lookback_hours": 48}, [("03-18", "03-20")]),
        ("nothing", "2026-03-20", {}, []),
        ("an end_date", "2026-03-10", {"end_date": "2026-03-12"}, [("03-10", "03-12")]),
        ("a bookmark behind end_date", "2026-03-14", {"end_date": "2026-03-12"}, []),
    ],
)
def test_what_is_due_is_first_what_is_new_then_the_lookback(case, bookmark, settings, due):
    config = {"account": "a", "client_id": "c", "client_secret": "s", "start_date": "2026-03-02"}
    settings = Settings.from_config(normalize(config | settings), user_agent="test")
    stream = StreamToRead("calls", "calls", utc(bookmark) if bookmark else None)

    timespans = stream.due(settings, utc("2026-03-20")).timespans

    assert [(f"{each.start:%m-%d}", f"{each.end:%m-%d}") for each in timespans] == due, case


def test_the_pieces_of_a_lookback_come_last_and_what_is_left_of_it_is_known():
    due = Due(days("2026-03-10", "2026-03-12"), days("2026-03-08", "2026-03-10"))
    plan = begun(due, DAY)
    total, left = plan.total, []

    for piece in plan:
        plan.was_read(piece.timespan)
        left.append((piece.timespan.start.day, plan.lookback_left))

    assert total == plan.total == 4
    assert [day for day, _ in left] == [10, 11, 8, 9]
    assert [each for _, each in left] == [due.again, due.again, days("2026-03-09", "2026-03-10"), None]


@given(
    start=st.integers(0, 10_000),
    seconds=st.integers(-10, 500_000),
    length=st.integers(200, 100_000),
)
def test_the_number_of_pieces_is_known_before_they_are_cut(start, seconds, length):
    begin = utc("2026-03-02") + timedelta(seconds=start)
    due = Timespan(begin, begin + timedelta(seconds=seconds))
    plan = begun(Due(due), timedelta(seconds=length))
    total = plan.total

    assert total == len(list(plan)) == plan.total


def test_a_plan_of_ten_years_of_hours_is_cut_piece_by_piece():
    plan = begun(Due(Timespan(utc("2016-01-01"), utc("2026-01-01"))), timedelta(hours=1))

    first = list(islice(plan, 2))

    assert plan.total == 87_672
    assert [piece.timespan.start.hour for piece in first] == [0, 1]


def made(api, clock, piece=WEEK):
    """Returns the last job of a piece in the look-ahead of a run."""
    jobs = Jobs(api, clock, file_format="json", timeout=600)
    with LookAhead(
        {"calls": iter([piece])},
        lambda piece: jobs.done(piece.report, piece.timespan, piece.job),
        width=1,
        instead_of=instead_of,
    ) as ahead:
        return ahead.next("calls", lambda: None).result


def test_a_failed_job_is_replaced_by_a_new_one_twice(clock):
    api = ScriptedApi(["created", "failed"], ["created", "failed"], ["created", "processing", "done"])

    assert made(api, clock).id == "j3"
    assert api.cancelled == []


@pytest.mark.parametrize("status", sorted(DEAD - {"failed"}))
def test_a_job_that_another_process_ends_is_replaced_once(clock, status):
    once = ScriptedApi(["created", status], ["created", "done"])
    for_ever = ScriptedApi(*[["created", status]] * 9)

    job = made(once, clock)
    with pytest.raises(JobFailedError, match=status):
        made(for_ever, clock)

    assert job.id == "j2"
    assert len(for_ever.created) == 2


def test_new_jobs_are_bounded_when_jobs_end_in_every_way_in_turn(clock):
    ways = ["canceled", "deleted", "failed", "failed", "deleted"] * 100
    api = ScriptedApi(*[["created", way] for way in ways])

    with pytest.raises(JobFailedError):
        made(api, clock)

    assert len(api.created) <= 5


def test_a_job_that_is_no_longer_known_is_replaced_once(clock):
    api = ScriptedApi(*[["created", UNKNOWN]] * 9)

    with pytest.raises(JobFailedError, match="does not know the job any more"):
        made(api, clock)

    assert len(api.created) == 2
    assert 120 < clock.monotonic() < 160


def follow(piece, error, times=30):
    """Returns the pieces that replace the first piece, repeatedly."""
    trail = []
    for _ in range(times):
        pieces = instead_of(piece, error)
        if not pieces:
            return trail
        trail.append(pieces)
        piece = pieces[0]
    raise AssertionError("it never ends")


def corrupt():
    error = MalformedFileError("wrong total")
    error.job = job()
    return error


def test_a_corrupt_file_is_downloaded_again_then_created_again_then_an_error():
    trail = follow(WEEK, corrupt())

    assert [[piece.job is not None for piece in pieces] for pieces in trail] == [[True], [False]]
    assert [piece.attempt for [piece] in trail] == [1, 2]
    assert all(piece.timespan == WEEK.timespan for [piece] in trail)


def test_a_job_that_keeps_failing_is_halved_at_most_six_times_and_each_half_gets_new_jobs():
    trail = follow(WEEK, JobFailedError("failed", job=job(status="failed")))

    assert [len(pieces) for pieces in trail] == [1, 1, 2] * HALVINGS + [1, 1]
    first, second = trail[2]
    assert (first.timespan.start, first.timespan.end) == (WEEK.timespan.start, second.timespan.start)
    assert second.timespan.end == WEEK.timespan.end
    assert first.attempt == second.attempt == 0


@pytest.mark.parametrize(
    ("case", "error", "count"),
    [
        ("a job that timed out and still runs", JobTimeoutError("late", job=job()), 0),
        ("one that has ended since", JobTimeoutError("late", job=job(status="canceled")), 2),
        ("400 for a week", RequestRefusedError("no", status=400), 2),
        ("403", RequestRefusedError("no", status=403), 0),
        ("a full disk", SpoolError("full"), 0),
        ("a bug", ValueError("bug"), 0),
    ],
)
def test_what_follows_a_failure_is_a_table(case, error, count):
    assert len(instead_of(WEEK, error)) == count, case


def test_a_400_is_halved_down_to_a_day_so_that_at_most_six_requests_are_refused_for_one_timespan():
    longest = Piece("calls", "calls", Timespan(utc("2026-01-01"), utc("2026-01-31")))

    trail = follow(longest, RequestRefusedError("too long", status=400))

    refused = [longest, *(pieces[0] for pieces in trail)]
    assert [piece.timespan.length / HOUR for piece in refused] == [720, 360, 180, 90, 45, 22.5]


def test_a_plan_begins_with_a_single_piece_and_may_run_no_other_beside_it():
    plan = StreamPlan(CALLS, Due(DUE), DAY)

    first, is_narrow = next(plan), plan.is_narrow
    plan.begin(Due(days("2026-03-03", "2026-03-06")), [job(3, 5)])

    assert (first.is_first, first.timespan, is_narrow) == (True, DUE, True)
    assert not plan.is_narrow
    assert spans(plan) == [(3, 5, "calls-3-5-30"), (5, 6, None)]


def test_a_plan_of_which_nothing_is_due_after_all_has_no_further_piece():
    plan = StreamPlan(CALLS, Due(DUE), DAY)
    next(plan)

    plan.begin(Due(Timespan(DUE.end, DUE.end)))

    assert list(plan) == []


def test_a_plan_cuts_what_comes_into_equal_parts_of_its_timespans_once_a_length_was_refused():
    plan = begun(Due(days("2026-03-02", "2026-03-10")), 4 * DAY)
    first = next(plan)

    plan.refuse(first.timespan)

    assert first.timespan.length == 2 * DAY  # up to the first boundary since the epoch
    assert [piece.timespan.length for piece in plan] == [DAY] * 6
    assert plan.total == 7


def test_a_piece_that_waits_is_cut_to_the_length_that_is_left_when_it_begins():
    plan = begun(Due(DUE), 4 * DAY)
    waiting = Piece("calls", "calls", DUE)
    plan.refuse(days("2026-03-02", "2026-03-04"))

    parts = plan.fitted(waiting)

    assert [piece.timespan for piece in parts] == [
        days(f"2026-03-0{d}", f"2026-03-0{d + 1}") for d in range(2, 6)
    ]
    assert plan.fitted(parts[0]) == [parts[0]]
    assert plan.fitted(adopted := replace(waiting, job=job(2, 6))) == [adopted]


def test_a_plan_finds_once_which_length_fits_and_only_by_one_near_the_one_refused():
    plan = begun(Due(DUE), 4 * DAY)
    assert not plan.accept(DUE)
    plan.refuse(DUE)

    news = [
        plan.accept(Timespan(DUE.start, DUE.start + length)) for length in (HOUR, 4 * DAY, 2 * DAY, 2 * DAY)
    ]

    assert news == [False, False, True, False]


@given(st.integers(1, 720), st.integers(0, 6), st.integers(0, 10**7), st.integers(0, 10**6))
def test_parts_of_timespans_have_no_gap_and_begin_at_whole_seconds(hours, halvings, begin, seconds):
    start = utc("2026-01-01") + timedelta(seconds=begin)
    end = start + timedelta(seconds=seconds)

    cut = list(timespans(start, end, timedelta(hours=hours) / 2**halvings))

    assert [each.start for each in cut[1:]] == [each.end for each in cut[:-1]]
    assert not cut or (cut[0].start, cut[-1].end) == (start, end)
    assert all(each.start < each.end and not each.end.microsecond for each in cut)


def mismatch():
    return TimespanMismatchError("less", job=job())


def test_a_job_for_less_than_was_requested_is_halved_down_to_a_day():
    trail = follow(WEEK, mismatch())

    lengths = [pieces[0].timespan.end - pieces[0].timespan.start for pieces in trail]
    assert all(len(pieces) == 2 for pieces in trail)
    assert lengths == [84 * HOUR, 42 * HOUR, 21 * HOUR]


def test_a_job_for_less_than_was_requested_is_not_adopted():
    [piece] = instead_of(replace(WEEK, job=job()), mismatch())

    assert piece == WEEK


def test_only_a_new_jobs_file_may_prove_that_a_report_without_a_byte_is_empty():
    error = EmptyFileError("no byte")
    error.job = job()

    again, new = (pieces[0] for pieces in follow(WEEK, error))

    assert (again.job is not None, again.was_empty) == (True, True)
    assert (new.job, new.was_empty) == (None, True)
