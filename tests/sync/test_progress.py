"""The content of progress lines, and when they come."""

from __future__ import annotations

from tap_talkdesk_reports.sync.progress import Progress


def test_time_left_follows_from_what_is_done(clock, caplog):
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


def test_the_first_line_comes_after_10_seconds_and_the_others_after_60_more(clock, caplog):
    caplog.set_level("INFO")
    came = []
    progress = Progress({"calls": 4}, lambda: (1, clock.monotonic()), clock, watched=False)

    for _ in range(150):
        before = len(caplog.messages)
        progress.show()
        came += [clock.monotonic()] * (len(caplog.messages) - before)
        clock.sleep(1)

    assert came == [10, 70, 130]
    assert caplog.messages[0] == "1 job at Talkdesk, the oldest for 10.0 s"


def test_one_of_a_kind_is_no_plural(clock, caplog):
    caplog.set_level("INFO")
    progress = Progress({"calls": 1}, lambda: (1, 3.0), clock, watched=False)

    clock.sleep(10)
    progress.add_rows("calls", 1)

    assert caplog.messages == [
        "calls: 0 of 1 timespan, 1 row, 1 row/s; 1 job at Talkdesk, the oldest for 3.0 s"
    ]


def test_while_the_run_signs_in_the_line_says_so(clock, caplog):
    caplog.set_level("INFO")
    progress = Progress({"calls": 1}, lambda: (0, 0.0), clock, watched=False)

    progress.idle = "signing in"
    clock.sleep(10)
    progress.show()

    assert caplog.messages == ["signing in"]
