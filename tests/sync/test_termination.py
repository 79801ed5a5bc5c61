"""The work for a timespan ends with any responses."""

from __future__ import annotations

from itertools import cycle, islice

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tap_talkdesk_reports.core.errors import TalkdeskError, TruncatedFileError
from tap_talkdesk_reports.jobs.lifecycle import Jobs
from tap_talkdesk_reports.jobs.report_files import ReportFiles
from tap_talkdesk_reports.sync.lookahead import LookAhead
from tap_talkdesk_reports.sync.plan import HALVINGS, Piece, instead_of
from tests.support import SleptClock
from tests.support.plans import days
from tests.support.scripted_api import DOWN, LOST, UNKNOWN, ScriptedApi

ANSWERS = st.sampled_from(
    [
        "created",
        "processing",
        "uploading",
        "odd",
        "done",
        "failed",
        "canceled",
        "deleted",
        UNKNOWN,
        DOWN,
        LOST,
    ]
)


class RandomApi(ScriptedApi):
    """An API that answers each request with a drawn response."""

    def open(self, job):
        raise AssertionError

    def delete_file(self, job):
        pass


class NoDownloads:
    """Downloads that always fail, to show that the attempts end."""

    def fetch(self, sign):
        msg = "stopped early"
        raise TruncatedFileError(msg)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(scripts=st.lists(st.lists(ANSWERS, min_size=1, max_size=6), min_size=1, max_size=8))
def test_the_work_for_a_timespan_ends_with_any_responses(scripts):
    clock = SleptClock()
    api = RandomApi(*islice(cycle(scripts), 2000))
    jobs = Jobs(api, clock, file_format="json", timeout=600)
    files = ReportFiles(api, jobs, NoDownloads(), clock, file_format="json")
    piece = Piece("calls", "calls", days("2026-03-02", "2026-03-09"))

    with (
        LookAhead(
            {"calls": iter([piece])},
            lambda piece: files.make(piece.report, piece.timespan, piece.job),
            width=1,
            instead_of=instead_of,
            has_ended=jobs.has_ended,
        ) as ahead,
        pytest.raises(TalkdeskError),
    ):
        ahead.next("calls", lambda: None)

    # Each level of halving has new jobs, and each of them has attempts after lost responses.
    assert len(api.created) <= (HALVINGS + 1) * 10 * 8
