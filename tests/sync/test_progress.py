"""The content of progress lines."""

from __future__ import annotations

from tap_talkdesk_reports.sync.progress import Progress


def test_time_left_is_told_from_what_is_done(clock, caplog):
    caplog.set_level("INFO")
    progress = Progress({"calls": 4}, lambda: (0, 0.0), clock, watched=False)

    clock.sleep(600)
    progress.add_rows("calls", 1000)
    clock.sleep(50)
    progress.add_timespan("calls", planned=4)
    clock.sleep(10)
    progress.show()

    assert caplog.messages == [
        "calls: 0 of 4 timespans, 1,000 rows, 1,000 rows/s; no job at Talkdesk",
        "calls: 1 of 4 timespans, 1,000 rows, 17 rows/s; no job at Talkdesk; about 33 minutes left",
    ]
