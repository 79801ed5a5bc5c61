"""The invariants after every fault, checked with the tap's output and the sandbox's ledger."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support import Outcome, as_record, utc
from tests.support.truth import as_set

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from talkdesk_sandbox import Fault, Sandbox

STREAMS = {"calls": "end_at", "user_status": "status_end_at"}
#: `times` of a fault that must happen each time.
ALWAYS = 999
#: The tap takes about 60 MiB before it reads the first byte.
PEAK_BYTES = 110 << 20


@dataclass
class Measured(Outcome):
    """The result of a run, with its peak memory in bytes."""

    peak: int | None = None


def as_list(faults: Fault | list[Fault]) -> list[Fault]:
    return faults if isinstance(faults, list) else [faults]


def assert_met(sandbox: Sandbox, faults: Iterable[Fault]) -> None:
    """Asserts that each fault happened `times` times, and an `ALWAYS` fault at least once."""
    assert [fault for fault in sandbox.unmet_faults() if fault.times < ALWAYS] == []
    assert {fault.name for fault in faults} <= {entry.fault for entry in sandbox.ledger}


def assert_invariants(
    sandbox: Sandbox,
    outcome: Outcome,
    config: Mapping[str, Any],
    *,
    failed: Collection[str] = (),
    new_jobs: int = 0,
    truth: Mapping[str, list[dict[str, Any]]] | None = None,
    state: Mapping[str, Any] | None = None,
    now: datetime | None = None,
) -> None:
    """Asserts I1 to I9 (`tests/README.md`).

    Args:
        sandbox: The sandbox that the run read from.
        outcome: The result of the run.
        config: The settings of the run, with its own spool directory.
        failed: Streams that must not have reached the end of the plan.
        new_jobs: Number of jobs allowed in addition to one for each timespan.
        truth: Expected records, if a fault changed the content of files.
        state: State at the start of the run.
        now: Time of the clock that is behind; by default, now.
    """
    begin, end = utc(config["start_date"]), utc(config["end_date"])
    before = {stream: _bookmark(state, stream) for stream in STREAMS}
    after = {stream: _bookmark((outcome.states or [state])[-1], stream) for stream in STREAMS}
    for stream in STREAMS:
        _assert_complete(
            sandbox,
            outcome,
            stream,
            begin=before[stream] or begin,
            through=after[stream],
            end=end,
            truth=truth,
        )
        _assert_no_needless_repeat(outcome, stream, before[stream])
        _assert_bookmarks(outcome, stream, before[stream], now or datetime.now(UTC))
    # I4, I5
    assert sandbox.most_open_jobs <= config["max_concurrent_jobs"]
    timespans = len(STREAMS) * math.ceil((end - begin) / timedelta(hours=config["timespan_hours"]))
    assert len(sandbox.jobs) <= timespans + new_jobs
    # I6
    shown = "\n".join([outcome.stdout, outcome.stderr, *(message for _, message in outcome.log)])
    assert [secret for secret in sandbox.secrets if secret in shown] == []
    # I7
    assert {stream for stream in STREAMS if after[stream] != end} == set(failed), (
        outcome.stderr or outcome.log
    )
    assert (outcome.code == 0) == (not failed)
    # I8
    assert list(Path(config["spool_dir"]).iterdir()) == []
    # I9
    assert not isinstance(outcome, Measured) or outcome.peak is None or outcome.peak < PEAK_BYTES


def _assert_complete(
    sandbox: Sandbox,
    outcome: Outcome,
    stream: str,
    *,
    begin: datetime,
    through: datetime | None,
    end: datetime,
    truth: Mapping[str, list[dict[str, Any]]] | None,
) -> None:
    """Asserts I1: all rows that end before the bookmark arrived unchanged, and no others."""
    arrived = set(as_set(outcome.records(stream)))
    if truth and stream in truth:
        assert arrived == set(as_set(truth[stream]))
        return
    known = set(as_set(map(as_record, sandbox.rows(stream, begin, end + timedelta(seconds=1)))))
    assert arrived <= known
    if through:
        assert set(as_set(map(as_record, sandbox.rows(stream, begin, through)))) <= arrived


def _assert_no_needless_repeat(outcome: Outcome, stream: str, bookmark: datetime | None) -> None:
    """Asserts I2: a repeated row ends at or after the bookmark of that time."""
    seen: Counter[str] = Counter()
    for message in outcome.messages:
        if message["type"] == "STATE":
            bookmark = _bookmark(message["value"], stream) or bookmark
        elif message["type"] == "RECORD" and message["stream"] == stream:
            row = str(message["record"])
            stamp = message["record"].get(STREAMS[stream])
            if seen[row] and bookmark and stamp:
                assert datetime.fromisoformat(stamp) >= bookmark, row
            seen[row] += 1


def _assert_bookmarks(outcome: Outcome, stream: str, bookmark: datetime | None, now: datetime) -> None:
    """Asserts I3: no bookmark is closer to now than the delay, and none goes back."""
    for state in outcome.states:
        moved = _bookmark(state, stream)
        if bookmark or moved:
            assert moved is not None
            assert moved >= (bookmark or moved)
            assert moved <= max(now - timedelta(hours=1), bookmark or datetime.min.replace(tzinfo=UTC))
        bookmark = moved


def _bookmark(state: Mapping[str, Any] | None, stream: str) -> datetime | None:
    value = (state or {}).get("bookmarks", {}).get(stream, {}).get("replication_key_value")
    return datetime.fromisoformat(value) if value else None
