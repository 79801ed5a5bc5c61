"""`--test`: whether the credentials, the region and each selected report work, a line each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import SEEK_END
from typing import TYPE_CHECKING

from singer_sdk.exceptions import SingerSDKError

from tap_talkdesk_reports.core.clock import Stopped, in_words
from tap_talkdesk_reports.core.errors import JobTimeoutError
from tap_talkdesk_reports.core.timespans import horizon, last_hour
from tap_talkdesk_reports.jobs.lifecycle import Jobs
from tap_talkdesk_reports.jobs.report_files import ReportFiles
from tap_talkdesk_reports.sync.connect import connect, downloads
from tap_talkdesk_reports.sync.lookahead import LookAhead, Turn
from tap_talkdesk_reports.sync.run import SECONDS_TO_CANCEL, once

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_talkdesk_reports.config.settings import Settings
    from tap_talkdesk_reports.core.clock import Clock
    from tap_talkdesk_reports.tap import TapTalkdeskReports

#: A job that runs for longer was at least accepted.
SECONDS = 30
#: So many jobs may an account have at once.
MOST_JOBS = 15


def trial(tap: TapTalkdeskReports, tell: Callable[[str], None]) -> int:
    """Sign in, and order the last whole settled hour of each selected report, all at once.

    Args:
        tap: With its settings and its catalog.
        tell: Given a line for the sign-in and one for each stream.

    Returns:
        The exit code: 0 if everything works.

    Raises:
        AuthenticationError: the credentials are not accepted.
        TalkdeskError: the sign-in fails in another way.
        Stopped: the process was told to end; own jobs were cancelled.
    """

    def check(_: float) -> None:
        if tap.stop_signal is not None:
            raise Stopped

    trial = _Trial(tap.settings, tap.clock, check)
    tell(f"sign-in: works, as account {tap.settings.account} for the {tap.settings.api.capitalize()} API")
    streams = [stream for stream in tap.report_streams if stream.selected]
    turns = [trial.turn(stream.name, stream.report) for stream in streams]
    ahead = LookAhead(turns, MOST_JOBS)
    code = 0
    try:
        for stream in streams:
            for turn in ahead.turns(stream.name):
                try:
                    tell(f"{stream.name}: {turn.result(check)}")
                except SingerSDKError as error:
                    tell(f"{stream.name}: FAILED: {error}")
                    code = 1
    finally:
        ahead.close()
        ahead.is_over(SECONDS_TO_CANCEL)
    return code


class _Trial:
    """What the trials of all reports share."""

    def __init__(self, settings: Settings, clock: Clock, check: Callable[[float], None]) -> None:
        self._clock = clock
        # An API that is away is to be told of now, and not to be waited for as in a run.
        api, tokens = connect(replace(settings, job_timeout=SECONDS), clock)
        sign_in = Turn("sign-in", once(tokens.token), clock)
        sign_in.start()
        sign_in.result(check)
        self._jobs = Jobs(api, file_format=settings.format, timeout=SECONDS)
        self._files = ReportFiles(
            api, self._jobs, downloads(settings, clock), file_format=settings.format, delete=False
        )
        now = clock.now() + timedelta(seconds=min(0.0, tokens.clock_skew))
        self._hour = last_hour(horizon(now, settings.availability_delay))

    def turn(self, stream: str, report: str) -> Turn[str]:
        """The trial of a report, whose result is what came of it in words."""
        clock = self._clock.branch()
        return Turn(stream, once(partial(self._tried, report, clock)), clock)

    def _tried(self, report: str, clock: Clock) -> str:
        began = clock.monotonic()
        job = self._jobs.create(report, self._hour, clock)
        try:
            job = self._jobs.wait(job, clock)
        except JobTimeoutError:
            self._jobs.cancel(job)
            return f"accepted; its job still ran after {SECONDS} s"
        except BaseException:
            self._jobs.cancel(job)
            raise
        content, _ = self._files.downloaded(job)
        with content:
            size = content.seek(0, SEEK_END)
        return f"works; {in_words(clock.monotonic() - began)} from order to file, {size:,} bytes"
