"""Runs with settings for single streams, and with accounts that accept only shorter timespans."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support import utc
from tests.support.truth import as_set, truth

#: Two timespans of the grid.
MONTHS = {"start_date": "2026-01-07", "end_date": "2026-03-08", "timespan_hours": 720}
HOUR = timedelta(hours=1)


def lengths(sandbox, report):
    return [(job.timespan[1] - job.timespan[0]) / HOUR for job in sandbox.jobs if job.report == report]


def refused(sandbox, report):
    """Returns the number of refused create requests."""
    return sum(
        entry.operation == "create" and entry.report == report and entry.status == 400
        for entry in sandbox.ledger
    )


def test_a_stream_has_its_own_timespan_delay_and_lookback(start_sandbox, in_process, clock):
    sandbox = start_sandbox(clock=clock.now)
    config = sandbox.explore_config | {"start_date": "2026-03-25T12:00:00Z", "timespan_hours": 96}
    own = {
        "calls": {"timespan_hours": 24, "lookback_hours": 48},
        "user_status": {"availability_delay_minutes": 5},
    }
    first = in_process(config | {"stream_settings": own})
    before = len(sandbox.jobs)
    clock.sleep(3600)

    second = in_process(config | {"stream_settings": own}, state=first.states[-1])

    assert (first.code, second.code) == (0, 0)
    assert max(lengths(sandbox, "calls")) == 24
    assert max(lengths(sandbox, "user_status")) == 96
    assert (first.bookmark("calls"), first.bookmark("user_status")) == (
        "2026-04-01T11:00:00Z",
        "2026-04-01T11:55:00Z",
    )
    starts = {report: [j.timespan[0] for j in sandbox.jobs[before:] if j.report == report] for report in own}
    assert min(starts["calls"]) == utc("2026-03-30T11:00:00")
    assert min(starts["user_status"]) == utc("2026-04-01T11:55:00")


def test_a_custom_report_has_settings_under_its_streams_name(start_sandbox, in_process, clock):
    sandbox = start_sandbox(clock=clock.now)
    config = sandbox.explore_config | {
        "start_date": "2026-03-25",
        "end_date": "2026-03-28",
        "reports": [{"type": "contacts", "name": "raw contacts", "replication_key": "finished_at"}],
        "stream_settings": '{"raw_contacts": {"timespan_hours": "24"}}',
    }

    outcome = in_process(config)

    assert outcome.code == 0
    assert lengths(sandbox, "contacts") == [24, 24, 24]


@pytest.mark.parametrize("api", ["config", "explore_config"])
@pytest.mark.parametrize("case", [(1, 168, 90, 3), (5, 168, 90, 3), (5, 24, 22.5, 5)])
def test_a_timespan_that_the_account_refuses_is_halved_until_it_fits_and_no_row_is_lost(
    start_sandbox, in_process, clock, api, case
):
    width, longest, accepted, halvings = case
    sandbox = start_sandbox(clock=clock.now, calls_per_day=4, longest_timespan_hours=longest)
    config = getattr(sandbox, api) | MONTHS | {"max_concurrent_jobs": width}

    outcome = in_process(config)

    assert outcome.code == 0, outcome.log
    assert outcome.bookmark("calls") == "2026-03-08T00:00:00Z"
    assert max(lengths(sandbox, "calls")) == accepted
    assert max(lengths(sandbox, "user_status")) == accepted
    advice = [text for _, text in outcome.log if "set stream_settings to" in text]
    assert sorted(text.partition(":")[0] for text in advice) == ["calls", "user_status"]
    assert all(f'"timespan_hours": {int(accepted)}' in text for text in advice)
    if api == "config":
        assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls", "2026-01-07", "2026-03-08"))
    # The second timespan may start with the first, and be refused, too.
    assert halvings <= refused(sandbox, "calls") <= halvings + (width > 1)


def test_a_first_timespan_that_is_shorter_than_the_others_finds_the_length_for_all(
    start_sandbox, in_process, clock
):
    sandbox = start_sandbox(clock=clock.now, calls_per_day=2, longest_timespan_hours=48)
    config = sandbox.config | {"start_date": "2026-03-01", "end_date": "2026-03-26", "max_concurrent_jobs": 1}

    outcome = in_process(config)

    advice = [text for _, text in outcome.log if "set stream_settings to" in text]
    assert outcome.code == 0
    assert refused(sandbox, "calls") == 1  # 96 h, up to the first boundary since 1970
    assert [text.partition(":")[0] for text in advice] == ["calls", "user_status"]
    assert max(lengths(sandbox, "calls")) == 42


def test_later_timespans_are_created_at_the_length_that_was_accepted(start_sandbox, in_process, clock):
    sandbox = start_sandbox(clock=clock.now, calls_per_day=2, longest_timespan_hours=48)
    config = sandbox.config | {"start_date": "2025-10-01", "end_date": "2026-03-01", "timespan_hours": 168}
    catalogless = config | {"max_concurrent_jobs": 1}

    outcome = in_process(catalogless)

    assert outcome.code == 0
    assert refused(sandbox, "calls") == 2  # 168 h, 84 h; the first timespan is shorter
    assert max(lengths(sandbox, "calls")) == 42
    assert as_set(outcome.records("calls")) == as_set(truth(sandbox, "calls", "2025-10-01", "2026-03-01"))


def test_a_400_that_halving_does_not_solve_fails_the_stream_in_one_line_with_the_apis_message(
    start_sandbox, in_process, clock
):
    sandbox = start_sandbox(clock=clock.now, longest_timespan_hours=1)
    config = sandbox.explore_config | MONTHS

    outcome = in_process(config)

    assert outcome.code == 1
    errors = [text for level, text in outcome.log if level == "ERROR"]
    assert len(errors) == 2
    assert all("is longer than this account may request" in text for text in errors)
    for report in ("calls", "user_status"):
        assert 6 <= refused(sandbox, report) <= 6 + 1  # the second may start with the first
