"""Faults 22 to 34: from the presigned URL to a complete file."""

from __future__ import annotations

from itertools import pairwise

import pytest

from talkdesk_sandbox import Fault
from tap_talkdesk_reports.api.download import FLOOR_BYTES, FLOOR_SECONDS
from tests.support.invariants import ALWAYS, PEAK_BYTES, STREAMS, assert_invariants, assert_met


def objects(sandbox, report="calls"):
    return [entry for entry in sandbox.ledger if entry.operation == "object" and entry.report == report]


def test_the_rest_of_a_cut_file_is_requested_with_a_new_url(start_sandbox, process, days):
    faults = [Fault("object", "cut", after=2000)]
    sandbox = start_sandbox(faults=faults)
    config = sandbox.config | days

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config)
    ranges = [entry for entry in sandbox.ledger if entry.range]
    assert [(entry.range, entry.status) for entry in ranges] == [("bytes=2000-", 206)]
    signed = [entry for entry in sandbox.ledger if entry.operation == "files" and entry.job == ranges[0].job]
    assert len(signed) == 2


def test_the_rest_of_a_stalled_file_is_requested(start_sandbox, process, days):
    faults = [Fault("object", "stall", after=2000, seconds=30)]
    sandbox = start_sandbox(faults=faults)
    config = sandbox.config | days | {"request_timeout_seconds": 1}

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config)
    assert [entry.range for entry in sandbox.ledger if entry.range] == ["bytes=2000-"]


def dripping(start_sandbox, clock, times=1):
    """Starts a sandbox with a file of `calls` that comes too slowly. Only pauses move its clock."""
    fault = Fault("object", "drip", times, "calls", after=5000, size=1024, seconds=10)
    sandbox = start_sandbox(calls_per_day=300, faults=[fault], clock=clock.now, sleep=clock.sleep)
    return fault, sandbox


def test_a_file_that_drips_is_requested_again_from_its_position(start_sandbox, in_process, clock, days):
    fault, sandbox = dripping(start_sandbox, clock)
    config = sandbox.config | days | {"max_concurrent_jobs": 1, "request_timeout_seconds": 3600}

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, now=clock.now())
    dripped, rest, *_ = objects(sandbox)
    assert rest.status == 206
    assert 5000 < int(rest.range[6:-1]) < 5000 + FLOOR_BYTES
    # Soon after the minimum time, although the whole file would have arrived in drops within the hour.
    assert FLOOR_SECONDS <= (rest.at - dripped.at).total_seconds() < 20 * FLOOR_SECONDS


def test_a_file_that_always_drips_is_given_up(start_sandbox, in_process, clock, days):
    fault, sandbox = dripping(start_sandbox, clock, ALWAYS)
    config = sandbox.config | days | {"max_concurrent_jobs": 1, "request_timeout_seconds": 3600}

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=1, now=clock.now())
    assert "the download stopped 5 times" in outcome.errors[0]
    assert "bytes arrived in" in outcome.errors[0]
    # Three downloads, each given up after five attempts.
    assert len(objects(sandbox)) == 3 * 5


CUT = Fault("object", "cut", report="calls", after=70_000)
IGNORED = Fault("object", "ignore_range", 4, "calls", after=70_000)
REFUSED = Fault("object", "range_refused", report="calls")
ELSEWHERE = Fault("object", "wrong_range", report="calls")


@pytest.mark.parametrize(
    "each_time",
    [[CUT, IGNORED], [CUT, REFUSED] * 4, [CUT, ELSEWHERE] * 2],
    ids=lambda faults: faults[1].name,
)
def test_a_file_whose_rest_never_comes_is_restarted_a_limited_number_of_times(
    start_sandbox, in_process, clock, days, each_time
):
    """Each of three downloads is restarted three times, or once if the rest is of another place."""
    faults = each_time * 3
    sandbox = start_sandbox(calls_per_day=300, faults=faults, clock=clock.now)
    config = sandbox.config | days | {"max_concurrent_jobs": 1}

    outcome = in_process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=1, now=clock.now())
    assert "the download started over" in outcome.errors[0]


def test_a_file_is_complete_when_the_host_has_nothing_left(start_sandbox, process, days):
    """The file came without a length, and the connection broke after its last byte."""
    faults = [Fault("object", "reset_at_end", times=2)]
    sandbox = start_sandbox(faults=faults)
    config = sandbox.config | days | {"format": "csv"}

    outcome = process(config)

    assert_met(sandbox, faults)
    assert_invariants(sandbox, outcome, config)
    ranges = [entry for entry in sandbox.ledger if entry.range]
    assert [entry.status for entry in ranges] == [416, 416]
    assert len([entry for entry in sandbox.ledger if entry.operation == "object"]) == 4 + 2


def test_a_csv_file_without_a_length_is_complete_if_it_is_the_same_twice(
    start_sandbox, in_process, clock, days
):
    fault = Fault("object", "no_length", 4, "calls")
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days | {"format": "csv"}

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, now=clock.now())


def test_a_json_file_without_a_length_is_complete_when_it_parses(start_sandbox, process, days):
    fault = Fault("object", "no_length", times=4)
    sandbox = start_sandbox(faults=[fault])
    config = sandbox.config | days

    outcome = process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config)


@pytest.mark.parametrize("name", ["slow_down", "server_error", "unavailable"])
def test_a_file_host_that_stays_busy_fails_the_stream_after_longer_and_longer_pauses(
    start_sandbox, in_process, clock, days, name
):
    fault = Fault("object", name, ALWAYS, "calls")
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days | {"max_concurrent_jobs": 1}

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=1, now=clock.now())
    asked = [entry.at for entry in objects(sandbox)][:5]
    pauses = [round((after - before).total_seconds()) for before, after in pairwise(asked)]
    assert pauses == [1, 2, 4, 8]


def test_a_file_that_never_comes_up_leads_to_a_new_job_and_then_fails_its_stream(
    start_sandbox, in_process, clock, days
):
    fault = Fault("object", "no_such_key", ALWAYS, "calls")
    sandbox = start_sandbox(faults=[fault], clock=clock.now)
    config = sandbox.config | days | {"max_concurrent_jobs": 1}

    outcome = in_process(config)

    assert_met(sandbox, [fault])
    assert_invariants(sandbox, outcome, config, failed=["calls"], new_jobs=1, now=clock.now())
    assert "NoSuchKey" in outcome.errors[0]
    assert len([job for job in sandbox.jobs if job.report == "calls"]) == 2


@pytest.mark.parametrize(("calls_per_day", "largest_file"), [(60, 10_000), (1, 100)])
def test_a_full_disk_is_named_with_the_needed_size_and_leaves_nothing(
    start_sandbox, process, days, calls_per_day, largest_file
):
    """Also if the whole file fits into Python's buffer: 8 KiB, or 128 KiB since Python 3.14."""
    sandbox = start_sandbox(calls_per_day=calls_per_day)
    config = sandbox.config | days
    state = {
        "bookmarks": {
            stream: {"replication_key": key, "replication_key_value": "2026-03-02T00:00:00Z"}
            for stream, key in STREAMS.items()
        }
    }

    outcome = process(config, largest_file=largest_file, state=state)

    assert_invariants(sandbox, outcome, config, failed=list(STREAMS), state=state)
    assert outcome.states[-1] == state
    assert "cannot be written to disk" in outcome.errors[0]
    needed = int(outcome.errors[0].partition("the report file of ")[2].split()[0].replace(",", ""))
    assert needed > largest_file
    assert "spool_dir" in outcome.errors[0]


@pytest.mark.wide
@pytest.mark.parametrize(
    "faults",
    [
        [Fault("object", "cut", after=3_000_000), Fault("object", "ignore_range")],
        [Fault("create", "wrong_total")],
    ],
    ids=lambda faults: faults[-1].name,
)
def test_a_fault_in_a_large_file_takes_no_more_memory(start_sandbox, process, days, faults):
    """With more than 10 MB of records, a file held in memory as text or as rows would be visible."""
    sandbox = start_sandbox(calls_per_day=8000, faults=faults)
    config = sandbox.config | days | {"end_date": "2026-03-04"}

    outcome = process(config, is_installed=True)

    assert_met(sandbox, faults)
    assert len(outcome.stdout) > 10_000_000
    assert_invariants(sandbox, outcome, config, new_jobs=1)
    assert outcome.peak < PEAK_BYTES
