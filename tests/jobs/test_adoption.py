"""Adoption of listed jobs: which may be adopted, as a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tap_talkdesk_reports.jobs.adoption import adoptable, brings_new_rows
from tests.support import utc
from tests.support.jobs import NOW, job

AGE = timedelta(hours=2)


def adopted_of(jobs):
    return list(adoptable(jobs, report="calls", file_format="json", now=lambda: NOW, age=AGE))


@pytest.mark.parametrize(
    ("case", "candidate", "taken"),
    [
        ("running", job(), True),
        ("done", job(status="done"), True),
        ("an unknown status", job(status="frobnicating"), True),
        ("failed", job(status="failed"), False),
        ("canceled", job(status="canceled"), False),
        ("deleted", job(status="deleted"), False),
        ("just young enough", job(made=120), True),
        ("too old", job(made=121), False),
        ("of another format", job(file_format="csv"), False),
        ("of another report", job(report="contacts"), False),
        ("without a name", job(name=""), False),
        ("of another program", job(name="weekly calls for the board"), False),
        ("of another version", job(name=job().name.replace("json/1", "json/0")), False),
        ("with a name that is nearly ours", job(name=job().name + " copy"), False),
    ],
)
def test_a_listed_job_is_adopted_only_if_it_is_own_alive_and_young(case, candidate, taken):
    assert bool(adopted_of([candidate])) == taken, case


def test_a_job_whose_listed_timespan_is_not_that_of_its_name_is_not_adopted():
    narrower = replace(job(2, 5), timespan=job(2, 3).timespan)

    assert adopted_of([narrower]) == []


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("case", "candidate", "bookmark", "delay", "brings"),
    [
        ("new", job(2, 9), None, HOUR, True),
        ("beyond the bookmark", job(2, 9), "2026-03-08", HOUR, True),
        ("up to the bookmark, as in a lookback", job(2, 9), "2026-03-09", HOUR, False),
        ("before the bookmark", job(2, 8), "2026-03-09", HOUR, False),
        ("just settled when it was created", job(2, 9, made=23 * 60), None, HOUR, True),
        ("not settled when it was created", job(2, 9, made=23 * 60 + 1), None, HOUR, False),
        ("settled by a shorter delay", job(2, 9, made=23 * 60 + 1), None, 0 * HOUR, True),
        (
            "created earlier than its name says",
            replace(job(2, 9, made=60), created_at=utc("2026-03-09T00:59")),
            None,
            HOUR,
            False,
        ),
        (
            "created later than its name says",
            replace(job(2, 9, made=24 * 60), created_at=utc("2026-03-09T12:00")),
            None,
            HOUR,
            False,
        ),
    ],
)
def test_an_adopted_job_has_all_rows_of_its_timespan_and_some_that_are_new(
    case, candidate, bookmark, delay, brings
):
    assert brings_new_rows(candidate, utc(bookmark) if bookmark else None, delay) == brings, case


def test_the_list_is_read_up_to_the_first_own_job_that_is_too_old():
    def listed():
        yield job(made=10)
        yield job(name="of another program", made=500)
        yield job(made=121)
        pytest.fail("nothing behind it can be young enough")

    assert [each.id for each in adopted_of(listed())] == ["calls-2-3-10"]
