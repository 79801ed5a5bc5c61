"""A failed stream releases its slots to the others at once, during any wait."""

from __future__ import annotations

import threading
import time

import pytest

from talkdesk_sandbox import Fault
from tap_talkdesk_reports.config.settings import Settings, normalize
from tap_talkdesk_reports.core.clock import Clock
from tap_talkdesk_reports.core.errors import RequestRefusedError
from tap_talkdesk_reports.jobs.lifecycle import Jobs
from tap_talkdesk_reports.sync.connect import Connection
from tap_talkdesk_reports.sync.lookahead import LookAhead
from tap_talkdesk_reports.sync.plan import Due, StreamPlan, StreamToRead
from tests.support import utc
from tests.support.plans import DAY, days


def test_a_stream_that_waits_out_a_429_is_dropped_within_a_second(start_sandbox):
    """Its second job waits for a minute because of Retry-After. Its first is refused permanently."""
    refused = Fault("create", "invalid", report="calls")
    busy = Fault("create", "rate_limited", report="calls", retry_after=60)
    sandbox = start_sandbox(faults=[refused, busy])
    settings = Settings.from_config(
        normalize(sandbox.config | {"start_date": "2026-03-02"}), user_agent="test"
    )
    jobs = Jobs(Connection(settings, Clock()).api, Clock(), file_format="json", timeout=600)
    plans = {
        name: StreamPlan(StreamToRead(name, name, None), Due(days("2026-03-02", "2026-03-04")), DAY)
        for name in ("calls", "user_status")
    }
    for plan in plans.values():
        plan.begin(Due(days("2026-03-02", "2026-03-04")))
    is_begun, is_refused = threading.Event(), threading.Event()

    def create(piece):
        if piece.stream == "calls" and piece.timespan.start > utc("2026-03-02"):
            is_begun.set()
            is_refused.wait(20)
        elif piece.stream == "calls":
            is_begun.wait(20)  # pieces after a failed one do not begin
        try:
            return jobs.create(piece.report, piece.timespan)
        finally:
            is_refused.set()

    with LookAhead(plans, create, width=2) as ahead:
        with pytest.raises(RequestRefusedError):
            ahead.next("calls", lambda: None)
        while sandbox.unmet_faults():  # until the second job waits
            time.sleep(0.01)
        ahead.cancel("calls")
        began = time.monotonic()
        first = ahead.next("user_status", lambda: None)
        took = time.monotonic() - began

    assert first.result.report == "user_status"
    assert took < 30, "it waited as long as Retry-After says"
    assert sandbox.unmet_faults() == []
