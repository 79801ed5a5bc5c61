"""Reads all selected streams, isolates their failures, and decides the exit code."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk import mapper
from singer_sdk.exceptions import MapExpressionError, SingerSDKError
from singer_sdk.singerlib import StateMessage

from tap_talkdesk_reports.api.failures import describe_error
from tap_talkdesk_reports.core.clock import Scope, Stopped, TimeIsUp, in_words
from tap_talkdesk_reports.core.errors import (
    AuthenticationError,
    BookmarkError,
    OutputError,
    ReaderGoneError,
    TalkdeskError,
)
from tap_talkdesk_reports.core.signals import SIGNALLED
from tap_talkdesk_reports.core.timespans import rfc3339
from tap_talkdesk_reports.singer.logs import add_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_talkdesk_reports.sync.evidence import EvidenceStream
    from tap_talkdesk_reports.sync.report_stream import ReportStream
    from tap_talkdesk_reports.sync.runs import Runs

logger = logging.getLogger("tap-talkdesk-reports")

FAILED = 1
MAPPER = Path(mapper.__file__)


def sync_all(
    runs: Runs,
    streams: Sequence[ReportStream],
    state: Callable[[], Any],
    refused: Mapping[str, str],
    evidence: EvidenceStream | None = None,
) -> int:
    """Reads all selected streams to the end of their plans.

    The SDK's own `sync_all` ends at the first error, with a traceback and without a STATE.

    Args:
        runs: The tap's runs.
        streams: All streams of the tap that read reports.
        state: Returns the current state.
        refused: The selected streams that cannot be read as the catalog requires, each with the reason.
        evidence: The stream `report_files`, if it is selected.

    Returns:
        The exit code: 0 if no stream failed, also if the run ended at `stop_after_minutes`.
    """
    logger.addFilter(add_fields)
    started = runs.clock.monotonic()
    selected = {stream.name: stream for stream in streams if stream.selected}
    errors = dict(refused)
    for name, why in refused.items():
        logger.error("%s: %s", name, why)
    if evidence and not selected:
        logger.warning("%s: no other stream is selected, so that no report is read", evidence.name)
    code = _exit_code(runs, selected, state, errors, evidence)
    ends = [
        f"{name}{' FAILED' * (name in errors)}: {stream.rows_read} rows, complete through {_end(stream)}"
        for name, stream in selected.items()
    ]
    ends += [f"{name} FAILED: not read" for name in refused]
    lasted = f"{'Ended after' if code else 'Done in'} {in_words(runs.clock.monotonic() - started)}"
    # Some programs, such as `meltano config test`, show only the last line.
    why = f"; error: {next(iter(errors.values()))}" if errors else ""
    logger.info("%s: %s%s", lasted, ", ".join(ends) or "no stream is selected", why)
    return code


def _exit_code(
    runs: Runs,
    streams: dict[str, ReportStream],
    state: Callable[[], Any],
    errors: dict[str, str],
    evidence: EvidenceStream | None,
) -> int:
    """Reads the streams and returns the exit code; adds failures to `errors` by stream, or `*` for all."""
    try:
        if evidence:
            evidence.sync()
            runs.evidence = evidence
        _read(runs, streams, state, errors)
    except Stopped:
        logger.warning("Stopped by signal %s; the next run continues at the last bookmark", runs.stop.number)
        return SIGNALLED + (runs.stop.number or 0)
    except ReaderGoneError:
        # The reader has ended. Python flushes its buffer at exit, which must not raise a second error.
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OutputError as error:
        errors["*"] = f"its output could not be written: {error.strerror or error}"
        logger.error("The output cannot be written: %s", error.strerror or error)
        return FAILED
    except Exception as error:  # noqa: BLE001 - any other error ends the run, in one line
        errors["*"] = described(error)
        logger.error("%s", errors["*"])
        return FAILED
    return FAILED if errors else 0


def _read(
    runs: Runs, streams: dict[str, ReportStream], state: Callable[[], Any], errors: dict[str, str]
) -> None:
    """Reads the streams, and collects their errors; always writes a STATE as the last message."""
    to_read = []
    for name, stream in streams.items():
        try:
            to_read.append(stream.to_read)
        except TalkdeskError as error:
            errors[name] = str(error)
            logger.error("%s", error)
    try:
        with runs.open(to_read) as run:
            for name in [stream.name for stream in run.streams]:
                try:
                    with Scope(name).entered():
                        streams[name].sync()
                except (AuthenticationError, OutputError):
                    raise
                except Exception as error:  # noqa: BLE001 - the other streams must go on
                    run.cancel(name)
                    errors[name] = described(error)
                    logger.error("%s: %s", name, errors[name])
    except TimeIsUp:
        logger.info("The time of this run is up, by stop_after_minutes; the next run continues from here")
    finally:
        # Some targets keep only the last STATE.
        runs.writer.write_message(StateMessage(value=state()))


def described(error: Exception) -> str:
    """Describes an error in one line, without the content of a row.

    Errors of the tap and of the SDK have a message for the user. The text of other errors, for
    example of a stream map's expression, may contain a value of a row. So only their type and
    place are shown.
    """
    if isinstance(error, MapExpressionError):
        return f"stream_maps: {error}"
    if isinstance(error, SingerSDKError):
        return str(error)
    kind = type(error).__name__
    if isinstance(error, OSError | MemoryError | RuntimeError) and (words := describe_error(error)) != kind:
        return words
    logger.debug("%s", kind, exc_info=error)
    frames = traceback.extract_tb(error.__traceback__)
    if any(Path(frame.filename) == MAPPER for frame in frames):
        return f"an expression of stream_maps fails with {kind}; a value may be null or of another type"
    file, line = Path(frames[-1].filename).name, frames[-1].lineno
    return f"{kind} in {file}, line {line}: an error of this tap; report it with the log at level DEBUG"


def _end(stream: ReportStream) -> str:
    """Formats the time up to which a stream is complete, for the last log line; `-` if unknown."""
    try:
        return rfc3339(stream.bookmark) if stream.bookmark else "-"
    except BookmarkError:
        return "-"
