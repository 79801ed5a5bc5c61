"""The outermost run: all selected streams, each failure its own, the last STATE, the exit code."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from singer_sdk.singerlib import StateMessage

from tap_talkdesk_reports.clock import Stopped, in_words
from tap_talkdesk_reports.errors import AuthenticationError, TalkdeskError
from tap_talkdesk_reports.run import Run
from tap_talkdesk_reports.timespans import rfc3339

if TYPE_CHECKING:
    from tap_talkdesk_reports.tap import TapTalkdeskReports

logger = logging.getLogger("tap-talkdesk-reports")

FAILED = 1
#: What a shell adds to the number of the signal that ended a process.
SIGNALLED = 128


def sync(tap: TapTalkdeskReports) -> int:
    """Read all selected streams to the end of their plans.

    The SDK's own `sync_all` ends at the first error, with a traceback and without a STATE.

    Returns:
        The exit code: 0 only if every selected stream is complete.
    """
    started = tap.clock.monotonic()
    streams = [stream for stream in tap.report_streams if stream.selected]
    failed: list[str] = []
    try:
        with Run(tap, streams) as run:
            tap.run = run
            try:
                for stream in run.streams:
                    try:
                        stream.sync()
                    except AuthenticationError:
                        raise
                    except TalkdeskError as error:
                        run.drop(stream)
                        failed.append(stream.name)
                        logger.error("%s: %s", stream.name, error)
            finally:
                # Some targets keep only what the last message says, so it is said again at every kind of end.
                run.end()
                tap.message_writer.write_message(StateMessage(value=tap.state))
    except Stopped:
        logger.warning("Stopped by signal %s; the next run goes on from the last bookmark", tap.stop_signal)
        return SIGNALLED + (tap.stop_signal or 0)
    except BrokenPipeError:
        # Nobody reads any more. What Python still holds for them must not become a second error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except TalkdeskError as error:
        logger.error("%s", error)
        return FAILED
    ends = ", ".join(
        f"{stream.name}{' FAILED' * (stream.name in failed)}: {stream.records_made} rows, complete through "
        f"{rfc3339(stream.bookmark) if stream.bookmark else '-'}"
        for stream in streams
    )
    logger.info("Done in %s: %s", in_words(tap.clock.monotonic() - started), ends or "no stream is selected")
    return FAILED if failed else 0
