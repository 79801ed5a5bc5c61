"""One job from its creation to its end: done, dead, timed out, lost and stopped are different."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_talkdesk_reports.core.clock import Scope, Stopped, current_scope
from tap_talkdesk_reports.core.errors import (
    JobFailedError,
    JobTimeoutError,
    RequestRefusedError,
    ResponseLostError,
    TimespanMismatchError,
    UnavailableError,
    UnexpectedResponseError,
)
from tap_talkdesk_reports.core.report_job import RUNNING, Echo, ReportJob
from tap_talkdesk_reports.core.timespans import Timespan
from tap_talkdesk_reports.jobs.creation import LISTED_JOBS
from tap_talkdesk_reports.jobs.lifecycle import Jobs
from tests.support import SleptClock, utc
from tests.support.scripted_api import DOWN, LOST, UNKNOWN, ScriptedApi

JANUARY = Timespan(utc("2026-01-01"), utc("2026-01-08"))
TIMEOUT = 600.0
#: The timeout of a job, and as long again until a job that was given up is final.
TWICE = 2


class TimedApi(ScriptedApi):
    """An API whose job is done after so many seconds of a clock."""

    def __init__(self, clock, seconds):
        super().__init__(["created"])
        self._clock = clock
        self._seconds = seconds

    def _next_status(self, job):
        return replace(job, status="done" if self._clock.monotonic() >= self._seconds else "processing")


def done(api, clock, timeout=TIMEOUT):
    return jobs_of(api, clock, timeout).done("calls", JANUARY)


def jobs_of(api, clock, timeout=TIMEOUT):
    return Jobs(api, clock, file_format="json", timeout=timeout)


def listed(job_id, status="processing", timespan=JANUARY):
    return ReportJob(job_id, "calls", timespan, status)


def test_a_job_is_created_once_and_polled_until_it_is_done(clock):
    api = ScriptedApi(["created", "created", *sorted(RUNNING), "done"])

    job = done(api, clock)

    assert (job.id, job.status) == ("j1", "done")
    assert api.created == [("calls", JANUARY, "json")]
    assert len(api.polls) == 6
    assert api.cancelled == []


def test_a_job_is_not_polled_when_it_is_done_at_once(clock):
    api = ScriptedApi(["done"])

    done(api, clock)

    assert api.polls == []
    assert clock.monotonic() == 0


def test_an_unknown_status_is_logged_once_and_counts_as_running(clock, caplog):
    api = ScriptedApi(["created", "warming up", "warming up", "warming up", "done"])

    job = done(api, clock)

    logged = [record for record in caplog.records if "warming up" in record.getMessage()]
    assert job.status == "done"
    assert [record.levelname for record in logged] == ["WARNING"]


def test_an_unknown_status_is_logged_once_for_all_jobs_of_a_run(clock, caplog):
    jobs = jobs_of(ScriptedApi(*[["created", "warming up", "done"]] * 2), clock)

    for _ in range(2):
        jobs.done("calls", JANUARY)

    assert sum("warming up" in record.getMessage() for record in caplog.records) == 1


def test_an_unknown_status_is_bounded_by_the_deadline(clock):
    api = ScriptedApi(["created", "warming up"])

    with pytest.raises(JobTimeoutError, match="warming up"):
        done(api, clock)

    assert clock.monotonic() == pytest.approx(TWICE * TIMEOUT)


def test_a_job_that_outlasts_its_time_is_an_error_and_cancelled(clock):
    """It must never count as an empty report."""
    api = ScriptedApi(["created", "processing"])

    with pytest.raises(
        JobTimeoutError, match=r"still 'processing' after 10 minutes.*job_timeout_minutes"
    ) as caught:
        done(api, clock)

    assert (caught.value.job.id, caught.value.job.status) == ("j1", "processing")
    assert len(api.created) == 1
    assert api.cancelled == ["j1"]


@given(timeout=st.floats(0.1, 10_000))
def test_a_job_that_is_done_exactly_at_the_deadline_is_used(timeout):
    clock = SleptClock()
    api = TimedApi(clock, timeout - 1e-6)

    job = done(api, clock, timeout)

    assert job.status == "done"
    assert clock.monotonic() == pytest.approx(timeout, rel=0.15, abs=0.3)


def test_a_job_is_never_waited_for_past_its_deadline(clock):
    with pytest.raises(JobTimeoutError):
        done(ScriptedApi(["created"]), clock, timeout=61.7)

    assert clock.monotonic() == pytest.approx(TWICE * 61.7)


def test_a_job_is_polled_again_when_it_is_not_known_yet(clock):
    api = ScriptedApi(["created", UNKNOWN, UNKNOWN, "processing", "done"])

    job = done(api, clock)

    assert job.id == "j1"
    assert len(api.polls) == 4


def test_a_job_is_kept_while_polls_fail(clock):
    api = ScriptedApi(["created", DOWN, "processing", DOWN, DOWN, "done"])

    job = done(api, clock)

    assert job.id == "j1"
    assert len(api.created) == 1


def test_a_limit_of_this_machine_ends_the_wait_at_once(clock):
    """The limit does not go away while the files of this run use the resource."""
    api = ScriptedApi(["created", UnavailableError("too many open files", is_lasting=True)])

    with pytest.raises(UnavailableError, match="too many open files"):
        done(api, clock)
    assert clock.monotonic() < 1


def test_a_job_is_kept_when_a_poll_gets_an_unexpected_response(clock):
    api = ScriptedApi(["created", UnexpectedResponseError("a proxy's page"), "done"])

    assert done(api, clock).id == "j1"


def test_a_job_times_out_when_all_polls_fail(clock):
    with pytest.raises(JobTimeoutError):
        done(ScriptedApi(["created", DOWN]), clock)

    assert clock.monotonic() == pytest.approx(TWICE * TIMEOUT)


def test_a_refusal_ends_the_wait_and_the_job(clock):
    refused = RequestRefusedError("403", status=403)
    api = ScriptedApi(["created", refused])

    with pytest.raises(RequestRefusedError) as caught:
        done(api, clock)

    assert caught.value is refused
    assert api.cancelled == ["j1"]


def test_a_refused_creation_is_not_repeated(clock):
    api = ScriptedApi(*[[RequestRefusedError("400", status=400)]] * 3)

    with pytest.raises(RequestRefusedError):
        done(api, clock)

    assert len(api.created) == 1


def test_a_lost_answer_adopts_the_running_unseen_job_of_the_same_timespan(clock):
    february = Timespan(utc("2026-02-01"), utc("2026-02-08"))
    others = [listed("over", "done"), listed("dead", "canceled"), listed("other", timespan=february)]
    api = ScriptedApi([LOST], listed=[*others, listed("mine"), listed("second")])
    jobs = jobs_of(api, clock)

    job = jobs.done("calls", JANUARY)

    assert job.id == "mine"
    assert len(api.created) == 1
    assert not jobs.is_own(job)


def test_a_lost_answer_adopts_no_job_that_this_run_has_seen(clock):
    api = ScriptedApi(["created", "canceled"], [LOST], ["done"])
    api.listed = [listed("j1")]
    jobs = jobs_of(api, clock)
    with pytest.raises(JobFailedError):
        jobs.done("calls", JANUARY)

    assert jobs.done("calls", JANUARY).id == "j3"


def test_a_job_is_created_again_when_the_response_is_lost_and_no_job_is_found(clock):
    found_later = ScriptedApi([LOST], ["created", "done"])
    never = ScriptedApi(*[[LOST]] * 9)

    job = done(found_later, clock)
    with pytest.raises(ResponseLostError):
        done(never, clock)

    assert job.id == "j2"
    assert len(never.created) == 8


def test_a_creation_that_keeps_getting_unexpected_responses_is_given_up_within_a_minute(clock):
    unexpected = ResponseLostError("a proxy's page", is_unexpected=True)
    api = ScriptedApi(*[[unexpected]] * 9)

    with pytest.raises(ResponseLostError):
        done(api, clock)

    assert len(api.created) == 3
    assert clock.monotonic() < 60


@pytest.mark.parametrize("error", [DOWN, RequestRefusedError("403", status=403)])
def test_a_job_is_created_again_when_the_response_is_lost_and_jobs_cannot_be_listed(clock, error, caplog):
    api = ScriptedApi([LOST], ["done"], listed=[error])

    assert done(api, clock).id == "j2"
    assert "cannot be listed" in caplog.text


def test_a_job_is_created_again_when_the_list_of_jobs_is_an_unexpected_response(clock):
    api = ScriptedApi([LOST], ["done"], listed=[UnexpectedResponseError("a job without id")])

    assert done(api, clock).id == "j2"


def test_a_lost_answer_is_looked_for_among_recent_jobs_only(clock):
    old = [listed(f"old {n}", "done") for n in range(LISTED_JOBS)]
    api = ScriptedApi([LOST], ["done"], listed=[*old, listed("too old")])

    assert done(api, clock).id == "j2"


class StoppedAt(SleptClock):
    """A clock that cancels the current scope after so many seconds."""

    def __init__(self, seconds):
        super().__init__()
        self.stops_at = seconds

    def sleep(self, seconds):
        super().sleep(seconds)
        if self.monotonic() >= self.stops_at:
            current_scope().cancel()


def test_a_stop_cancels_a_job_of_this_run():
    api = ScriptedApi(["created", "processing"])

    with Scope().entered(), pytest.raises(Stopped):
        done(api, StoppedAt(10))

    assert api.cancelled == ["j1"]
    assert len(api.created) == 1


@pytest.mark.parametrize(("clock", "error"), [(StoppedAt(10), Stopped), (SleptClock(), JobTimeoutError)])
def test_an_adopted_job_is_never_cancelled(clock, error):
    """Another process may use it."""
    api = ScriptedApi([LOST], listed=[listed("mine")])
    jobs = jobs_of(api, clock)
    api.get = lambda job: job

    with Scope().entered(), pytest.raises(error):
        jobs.done("calls", JANUARY)

    assert api.cancelled == []


def test_a_failed_cancel_does_not_hide_why_the_job_was_given_up(clock, monkeypatch):
    def down(job):
        raise DOWN

    api = ScriptedApi(["created"])
    monkeypatch.setattr(api, "cancel", down)

    with pytest.raises(JobTimeoutError):
        done(api, clock)


def test_a_job_of_ten_minutes_is_polled_at_most_seventy_times(clock):
    api = TimedApi(clock, 600)

    done(api, clock, timeout=3600)

    assert 10 < len(api.polls) <= 70


@given(seconds=st.floats(0, 7200))
def test_the_end_of_a_job_is_noticed_soon_in_proportion_to_what_it_took(seconds):
    clock = SleptClock()

    done(TimedApi(clock, seconds), clock, timeout=20_000)

    assert clock.monotonic() - seconds <= max(0.3, 0.15 * seconds)


def test_polling_is_not_logged_at_info(clock, caplog):
    caplog.set_level(logging.INFO)

    done(ScriptedApi(["created", *["processing"] * 50, "done"]), clock)

    assert [record.getMessage() for record in caplog.records] == [
        "report 'calls', job j1, timespan 2026-01-01T00:00:00Z..2026-01-08T00:00:00Z: created"
    ]


def test_a_deadline_is_reached_on_a_clock_that_has_run_for_long():
    """The time left may be smaller than the resolution of such a clock."""
    for step in range(1, 300):
        clock = SleptClock()
        clock.sleep(step * 7.13)
        api = ScriptedApi(["processing"] * 200 + ["done"])

        with pytest.raises(JobTimeoutError):
            done(api, clock)


def stopped_after(seconds, api):
    """Returns the jobs of a thread that was stopped while it waited for its job."""
    clock = StoppedAt(seconds)
    jobs = jobs_of(api, clock)
    with Scope().entered(), pytest.raises(Stopped):
        jobs.done("calls", JANUARY)
    clock.stops_at = float("inf")
    return jobs, clock


def test_a_job_that_cannot_be_cancelled_is_waited_for_until_it_has_ended():
    api = ScriptedApi(["created", *["processing"] * 40, "done"])
    api.can_cancel = False
    jobs, _ = stopped_after(2, api)
    polled = len(api.polls)

    assert jobs.has_ended()
    assert api.cancelled == []
    assert len(api.polls) > polled
    assert jobs.has_ended(), "there is nothing more to wait for"


def test_a_job_that_was_cancelled_is_not_waited_for():
    api = ScriptedApi(["created", "processing"])
    jobs, _ = stopped_after(2, api)
    polled = len(api.polls)

    assert jobs.has_ended()
    assert (api.cancelled, len(api.polls)) == (["j1"], polled)


def test_a_job_that_never_ends_is_waited_for_once_more_and_then_given_up(caplog):
    api = ScriptedApi(["created", "processing"])
    api.can_cancel = False
    jobs, clock = stopped_after(2, api)
    began = clock.monotonic()

    assert not jobs.has_ended()
    assert clock.monotonic() - began == pytest.approx(TIMEOUT)
    assert "continues with one job slot less" in caplog.text


def test_a_job_that_timed_out_twice_is_not_waited_for_a_third_time(clock):
    api = ScriptedApi(["created", "processing"])
    api.can_cancel = False
    jobs = jobs_of(api, clock)
    with pytest.raises(JobTimeoutError):
        jobs.done("calls", JANUARY)

    assert not jobs.has_ended()
    assert clock.monotonic() == pytest.approx(TWICE * TIMEOUT)


def test_the_next_job_of_a_thread_is_waited_for_although_the_one_before_was_given_up(clock):
    api = ScriptedApi(["created", "processing"], ["created", "processing", "done"])
    api.can_cancel = False
    jobs = jobs_of(api, clock)
    with pytest.raises(JobTimeoutError):
        jobs.done("calls", JANUARY)
    assert not jobs.has_ended()

    jobs.create("calls", JANUARY)

    assert jobs.has_ended()
    assert api.polls[-2:] == ["j2", "j2"]


def test_a_job_that_is_done_leaves_nothing_open(clock):
    jobs = jobs_of(ScriptedApi(["created", "done"]), clock)
    jobs.done("calls", JANUARY)

    assert jobs.has_ended()


NARROWER = Echo(Timespan(JANUARY.start, utc("2026-01-05")), has_zone=True)


@pytest.mark.parametrize("place", ["the creation", "a poll"])
def test_a_job_for_less_than_was_requested_is_cancelled(clock, place):
    class Clamping(ScriptedApi):
        def create(self, *request):
            job = super().create(*request)
            return replace(job, echo=NARROWER) if place == "the creation" else job

        def get(self, job):
            return replace(super().get(job), echo=NARROWER)

    api = Clamping(["created", "processing", "done"])

    with pytest.raises(TimespanMismatchError, match=r"2026-01-08.*2026-01-05.*less than was requested"):
        done(api, clock)

    assert api.cancelled == ["j1"]


def test_a_job_for_less_than_was_requested_that_cannot_be_cancelled_is_waited_for_until_it_has_ended(clock):
    """It counts against the account's limit, although its file is not used."""

    class Clamping(ScriptedApi):
        can_cancel = False

        def get(self, job):
            return replace(super().get(job), echo=NARROWER)

    api = Clamping(["created", *["processing"] * 5, "done"])
    jobs = jobs_of(api, clock)
    with pytest.raises(TimespanMismatchError):
        jobs.done("calls", JANUARY)
    polled = len(api.polls)

    assert jobs.has_ended()
    assert len(api.polls) == polled + 5


def test_a_timespan_in_another_spelling_is_logged_once(clock, caplog):
    caplog.set_level(logging.INFO)
    included = Echo(Timespan(JANUARY.start, utc("2026-01-07T23:59:59")), has_zone=True)

    class Spelling(ScriptedApi):
        def get(self, job):
            return replace(super().get(job), echo=included)

    jobs = jobs_of(Spelling(*[["created", "processing", "done"]] * 2), clock)
    for _ in range(2):
        jobs.done("calls", JANUARY)

    assert sum("writes this timespan as" in record.getMessage() for record in caplog.records) == 1


def test_the_same_id_for_two_jobs_is_an_unexpected_response(clock):
    class Repeating(ScriptedApi):
        def create(self, *request):
            return replace(super().create(*request), id="j1")

    jobs = jobs_of(Repeating(["done"], ["done"]), clock)
    jobs.done("calls", JANUARY)

    with pytest.raises(UnexpectedResponseError, match="the id of an earlier job"):
        jobs.done("calls", JANUARY)
