"""Which listed jobs may be adopted, as a table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tap_talkdesk_reports.jobs.adoption import adoptable
from tests.support.jobs import NOW, job

AGE = timedelta(hours=2)


def adopted_of(jobs):
    return list(adoptable(jobs, report="calls", file_format="json", now=NOW, age=AGE))


@pytest.mark.parametrize(
    ("case", "candidate", "taken"),
    [
        ("running", job(), True),
        ("done", job(status="done"), True),
        ("a word that nobody knows", job(status="frobnicating"), True),
        ("failed", job(status="failed"), False),
        ("canceled", job(status="canceled"), False),
        ("deleted", job(status="deleted"), False),
        ("just young enough", job(made=120), True),
        ("too old", job(made=121), False),
        ("of another format", job(file_format="csv"), False),
        ("of another report", job(report="contacts"), False),
        ("without a name", job(name=""), False),
        ("of somebody else", job(name="weekly calls for the board"), False),
        ("of another version", job(name=job().name.replace("json/1", "json/0")), False),
        ("with a name that is nearly ours", job(name=job().name + " copy"), False),
    ],
)
def test_a_listed_job_is_adopted_only_if_it_is_own_alive_and_young(case, candidate, taken):
    assert bool(adopted_of([candidate])) == taken, case


def test_the_list_is_read_no_further_than_to_the_first_own_job_that_is_too_old():
    def listed():
        yield job(made=10)
        yield job(name="of somebody else", made=500)
        yield job(made=121)
        pytest.fail("nothing behind it can be young enough")

    assert [each.id for each in adopted_of(listed())] == ["calls-2-3-10"]
