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
from tap_talkdesk_reports.core.clock import Scope, Stopped, TimeIsUp
from tap_talkdesk_reports.core.errors import (
    AuthenticationError,
    BookmarkError,
    OutputError,
    ReaderGoneError,
    TalkdeskError,
)
from tap_talkdesk_reports.core.signals import SIGNALLED
from tap_talkdesk_reports.core.timespans import rfc3339
from tap_talkdesk_reports.core.words import counted, in_words
from tap_talkdesk_reports.singer.logs import add_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_talkdesk_reports.sync.evidence import EvidenceStream
    from tap_talkdesk_reports.sync.report_stream import ReportStream
    from tap_talkdesk_reports.sync.runs import Runs

logger = logging.getLogger("tap-talkdesk-reports")

FAILED = 1
CONTINUES = "the next run continues at the last bookmark"
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
        logger.warning("%s: no other stream is selected, so no report is read", evidence.name)
    code, stopped = _exit_code(runs, selected, state, errors, evidence)
    for name, stream in selected.items():
        why = f": {errors[name]}" if name in errors else ""
        logger.info("%s: %s%s%s", name, "FAILED, " if why else "", _done(stream), why)
    for name, why in refused.items():
        logger.info("%s: FAILED, not read: %s", name, why)
    lasted = in_words(runs.clock.monotonic() - started)
    logger.info("%s", _last_line(lasted, list(selected.values()), errors, stopped))
    return code


def _done(stream: ReportStream) -> str:
    """Formats what was read of a stream, and the time up to which it is complete."""
    try:
        complete = f"complete through {rfc3339(stream.bookmark)}" if stream.bookmark else "no bookmark"
    except BookmarkError:
        complete = "no usable bookmark"
    return f"{counted(stream.rows_read, 'row')}, {complete}"


def _last_line(
    lasted: str, streams: Sequence[ReportStream], errors: Mapping[str, str], stopped: str | None
) -> str:
    """Says how the run ended, and why. Some programs, such as `meltano config test`, show only this line."""
    reasons = [error if name == "*" else f"{name}: {error}" for name, error in errors.items()]
    if stopped is not None:
        more = f" (and {counted(len(reasons), 'error')})" if reasons else ""
        return f"Stopped after {lasted}: {stopped}{more}"
    if reasons:
        more = f" (and {counted(len(reasons) - 1, 'more error')})" if len(reasons) > 1 else ""
        return f"Failed after {lasted}: {reasons[0]}{more}"
    if not streams:
        return f"Done in {lasted}: no stream is selected"
    rows = sum(stream.rows_read for stream in streams)
    return f"Done in {lasted}: {counted(len(streams), 'stream')}, {counted(rows, 'row')}"


def _exit_code(
    runs: Runs,
    streams: dict[str, ReportStream],
    state: Callable[[], Any],
    errors: dict[str, str],
    evidence: EvidenceStream | None,
) -> tuple[int, str | None]:
    """Reads the streams; returns the exit code, and what stopped the run before its end.

    Adds failures to `errors` by stream, or `*` for all.
    """
    try:
        if evidence:
            evidence.sync()
            runs.evidence = evidence
        _read(runs, streams, state, errors)
    except TimeIsUp:
        return (FAILED, None) if errors else (0, f"stop_after_minutes is over; {CONTINUES}")
    except Stopped:
        logger.warning("Stopped by signal %s; the next run continues at the last bookmark", runs.stop.number)
        return SIGNALLED + (runs.stop.number or 0), f"signal {runs.stop.number}; {CONTINUES}"
    except ReaderGoneError:
        # The reader has ended. Python flushes its buffer at exit, which must not raise a second error.
        if sys.stdout is not None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED, "the program that reads the output has ended; see its log"
    except OutputError as error:
        why = error.strerror or error
        errors["*"] = f"The output cannot be written: {why}"
        logger.error("The output cannot be written: %s", why)
        return FAILED, None
    except Exception as error:  # noqa: BLE001 - any other error ends the run, in one line
        errors["*"] = described(error)
        logger.error("%s", errors["*"])
        return FAILED, None
    return (FAILED if errors else 0), None


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
            logger.error("%s: %s", name, error)
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
    return f"{kind} in {file}, line {line}: an error in this tap; report it with the log at level DEBUG"
