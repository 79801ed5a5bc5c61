"""Whole runs of the tap, and assertions for runs with transient errors only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support import run_tap
from tests.support.truth import STREAMS, as_set, explore_truth, truth, without_digest

if TYPE_CHECKING:
    from pathlib import Path

    from talkdesk_sandbox import Sandbox
    from tests.integration.proxy import Proxy
    from tests.support import Outcome

APIS = ("reporting", "explore")
#: Two timespans for each of two streams.
DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-06", "timespan_hours": 48, "max_concurrent_jobs": 2}
PLANNED = 4
END = "2026-03-06T00:00:00Z"


def config_of(sandbox: Sandbox, api: str, proxy: Proxy | None = None) -> dict[str, Any]:
    """Returns settings of a tap that reads from one API of a sandbox, through a proxy if given."""
    config = sandbox.config if api == "reporting" else sandbox.explore_config
    if proxy is None:
        return config
    return {name: value.replace(sandbox.url, proxy.url) for name, value in config.items()}


def run(tmp_path: Path, config: dict[str, Any], **options: Any) -> Outcome:
    """Runs the tap to its end, and asserts that it leaves no report file."""
    spool = tmp_path / "spool"
    spool.mkdir(exist_ok=True)
    outcome = run_tap(tmp_path, config | {"spool_dir": str(spool)}, **options)
    assert list(spool.iterdir()) == []
    return outcome


def assert_complete(
    sandbox: Sandbox, api: str, outcome: Outcome, start: str = "2026-03-02", end: str = "2026-03-06"
) -> None:
    """Asserts that the run succeeded, with every row once and each bookmark at the end."""
    assert outcome.code == 0, outcome.stderr
    assert outcome.errors == []
    schemas = {m["stream"]: m["schema"] for m in outcome.messages if m["type"] == "SCHEMA"}
    for stream in STREAMS:
        records = outcome.records(stream)
        if api == "reporting":
            wanted = truth(sandbox, stream, start, end)
        else:
            wanted = explore_truth(sandbox, stream, schemas[stream], start, end)
            records = without_digest(records)
        assert len(wanted) > 20
        assert as_set(records) == as_set(wanted), stream
        assert outcome.bookmark(stream) == f"{end}T00:00:00Z"
    assert sandbox.most_open_jobs <= DAYS["max_concurrent_jobs"]
