"""The outermost run: all selected streams, each failure its own, the last STATE, the exit code."""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from singer_sdk.exceptions import SingerSDKError
from singer_sdk.singerlib import StateMessage

from tap_talkdesk_reports.core.clock import Stopped, TimeIsUp, in_words
from tap_talkdesk_reports.core.errors import AuthenticationError
from tap_talkdesk_reports.core.timespans import rfc3339
from tap_talkdesk_reports.singer.logs import add_fields
from tap_talkdesk_reports.sync.lookahead import OWNER
from tap_talkdesk_reports.sync.run import Run

if TYPE_CHECKING:
    from tap_talkdesk_reports.sync.report_stream import ReportStream
    from tap_talkdesk_reports.tap import TapTalkdeskReports

logger = logging.getLogger("tap-talkdesk-reports")

FAILED = 1
#: What a shell adds to the number of the signal that ended a process.
SIGNALLED = 128


def sync(tap: TapTalkdeskReports) -> int:
    """Read all selected streams to the end of their plans.

    The SDK's own `sync_all` ends at the first error, with a traceback and without a STATE.

    Returns:
        The exit code: 0 only if every selected stream is complete, or the time of the run is up.
    """
    logger.addFilter(add_fields)
    started = tap.clock.monotonic()
    streams = [stream for stream in tap.report_streams if stream.selected]
    errors: dict[str, str] = {}
    code = _code_of(tap, streams, errors)
    ends = ", ".join(
        f"{stream.name}{' FAILED' * (stream.name in errors)}: {stream.records_made} rows, complete through "
        f"{rfc3339(stream.bookmark) if stream.bookmark else '-'}"
        for stream in streams
    )
    lasted = f"{'Ended after' if code else 'Done in'} {in_words(tap.clock.monotonic() - started)}"
    # Some programs, such as `meltano config test`, show nothing but the last line.
    why = f"; error: {next(iter(errors.values()))}" if errors else ""
    logger.info("%s: %s%s", lasted, ends or "no stream is selected", why)
    return code


def _code_of(tap: TapTalkdeskReports, streams: list[ReportStream], errors: dict[str, str]) -> int:
    """The exit code; `errors` takes the message of each stream that failed, or of all together as `*`."""
    try:
        _read(tap, streams, errors)
    except Stopped:
        logger.warning("Stopped by signal %s; the next run goes on from the last bookmark", tap.stop_signal)
        return SIGNALLED + (tap.stop_signal or 0)
    except BrokenPipeError:
        # Nobody reads any more. What Python still holds for them must not become a second error at exit.
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        errors["*"] = f"its output could not be written: {error.strerror or error}"
        logger.error("The output cannot be written: %s", error.strerror or error)
        return FAILED
    except SingerSDKError as error:
        errors["*"] = str(error)
        logger.error("%s", error)
        return FAILED
    return FAILED if errors else 0


def _read(tap: TapTalkdeskReports, streams: list[ReportStream], errors: dict[str, str]) -> None:
    """Read the streams, and note which fail, and why. However it ends, a STATE is the last message."""
    try:
        with Run(tap, streams) as run:
            tap.run = run
            for stream in run.streams:
                OWNER.set(stream.name)
                try:
                    stream.sync()
                except AuthenticationError:
                    raise
                except SingerSDKError as error:
                    run.drop(stream)
                    errors[stream.name] = str(error)
                    logger.error("%s: %s", stream.name, error)
    except TimeIsUp:
        logger.info("The time of this run is up, by stop_after_minutes; the next one goes on from here")
    finally:
        OWNER.set(None)
        # Some targets keep only what the last message says.
        tap.message_writer.write_message(StateMessage(value=tap.state))
