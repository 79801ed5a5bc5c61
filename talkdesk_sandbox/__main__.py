"""The command `talkdesk-sandbox`, or `python -m talkdesk_sandbox`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from talkdesk_sandbox.faults.fault_queue import Fault
from talkdesk_sandbox.reports.explore import Explore
from talkdesk_sandbox.reports.generations import GENERATIONS
from talkdesk_sandbox.sandbox import BOUNDS, Sandbox
from talkdesk_sandbox.store.jobs import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: The options of `Explore`. The command has an option for each.
_EXPLORE = {field.name: field for field in fields(Explore)}
_HELP = {
    "done": "response to a poll of a done job",
    "waiting_204": "return 204 without a body while a job runs",
    "status_case": "letter case of statuses",
    "flat_jobs": "put a job's members at the top level instead of in `job`",
    "files_200": "return the file itself instead of a redirect to a presigned URL",
    "files_waiting": "response to a request for the file while the job runs",
    "longest_timespan": "longest timespan of a job",
    "embedded_name": "name of `_embedded` in lists",
    "empty_without_entries": 'return `{"total":0}` for an empty report',
    "calls_payload": "which fields the Explore report `calls` has",
    "queues_field": "field of ring_attempts with the queues; empty for none",
    "queues_form": "form of the queues in ring_attempts",
    "evaluation_element_text": "include evaluation_element_text in qm_evaluation_analysis",
    "flow_execution_id": "include flow_execution_id in studio_flow_execution",
    "short_hours": "write hours before 10:00 with one digit in evaluation_time",
    "token_seconds": "lifetime of an OAuth access token",
    "scopes": "scopes of the client, comma-separated",
    "wrong_region": "refuse every token as one of another region",
    "key_algorithm": "algorithm for signed assertions",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Serves until Ctrl-C or TERM; returns 2 if an option or the fault file is invalid."""
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        options["faults"] = _faults(options["faults"])
        options["explore"] = Explore(**{name: options.pop(f"explore_{name}") for name in _EXPLORE})
        sandbox = Sandbox(**options)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        print(f"talkdesk-sandbox: {error}", file=sys.stderr)
        return 2
    with sandbox:
        print(_greeting(sandbox), flush=True)
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="talkdesk-sandbox",
        description="Run a local server that imitates Talkdesk's report APIs on 127.0.0.1.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=8321, help="port of the API host; 0 for any free port")
    add("--files-port", type=int, default=8322, help="port of the file host; 0 for any free port")
    add("--seed", type=int, default=1, help="seed of the data; the same seed gives the same rows")
    add("--calls-per-day", type=int, default=400, help="average number of calls per day")
    add("--agents", type=int, default=12, help="minimum number of agents")
    add("--pace", type=Pace.parse, default="now", help="when a job is done: now, polls:3 or seconds:1.5")
    add("--faults", type=Path, metavar="FILE.json", help="JSON list of faults to inject, in order")
    add("--token-seconds", type=float, default=86_400, help="lifetime of an access token")
    add("--url-seconds", type=int, default=900, help="lifetime of a presigned URL")
    add("--max-open-jobs", type=int, default=15, help="limit for unfinished jobs")
    add("--longest-timespan-hours", type=float, help="limit for the timespan of a job")
    add("--settle-seconds", type=float, default=0, help="delay from a row's end until it is available")
    add("--chunked", action="store_true", help="send API responses chunked, without Content-Length")
    add("--tls", action="store_true", help="serve https, with a certificate of the sandbox's own CA")
    add("--announced-url", metavar="URL", help="public URL of the API host, if behind a proxy")
    add("--announced-files-url", metavar="URL", help="public URL of the file host, if behind a proxy")
    add("--bounds", choices=BOUNDS, default="closed", help="closed: a Reporting API report includes its `to`")
    add(
        "--reporting-fields",
        choices=tuple(GENERATIONS),
        default="2016",
        help="fields of Reporting API files: those of 2016, or those from 2017 on",
    )
    for name, field in _EXPLORE.items():
        _add_explore_option(parser, name, field.default)
    add(
        "--forbid",
        dest="forbidden_reports",
        action="append",
        default=[],
        metavar="REPORT",
        help="report that the account may not create; can be repeated",
    )
    return parser


def _add_explore_option(parser: argparse.ArgumentParser, name: str, default: object) -> None:
    """Adds the command's option for an option of `Explore`."""
    flag, text = f"--explore-{name.replace('_', '-')}", _HELP[name]
    choices = Explore.CHOICES.get(name)
    if isinstance(default, bool):
        action = argparse.BooleanOptionalAction if default else "store_true"
        parser.add_argument(flag, action=action, default=default, help=text)
    elif isinstance(default, tuple):
        parser.add_argument(flag, type=_names, default=default, help=text)
    else:
        parser.add_argument(flag, type=type(default), choices=choices, default=default, help=text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _faults(path: Path | None) -> list[Fault]:
    return [Fault(**fault) for fault in json.loads(path.read_text())] if path else []


def _greeting(sandbox: Sandbox) -> str:
    settings = {
        "Reporting API": sandbox.config,
        "Explore API, with a client secret": sandbox.explore_config,
    }
    with suppress(RuntimeError):
        settings["Explore API, with a private key"] = sandbox.explore_key_config
    return "\n".join(
        (
            f"API host    {sandbox.url}",
            f"file host   {sandbox.files_url}",
            *([f"trust       REQUESTS_CA_BUNDLE={sandbox.ca_file}"] if sandbox.ca_file else []),
            f"controls    {sandbox.url}/sandbox/ledger, /sandbox/jobs, /sandbox/rows, /sandbox/faults",
            "",
            "Settings for the tap. Use one of these groups:",
            "",
            *(line for name, config in settings.items() for line in _lines(name, config)),
            "Ctrl-C stops it.",
        )
    )


def _lines(name: str, config: Mapping[str, str]) -> Iterator[str]:
    yield f"  # {name}"
    yield from (f"  TAP_TALKDESK_REPORTS_{setting.upper()}={value}" for setting, value in config.items())
    yield ""


if __name__ == "__main__":
    sys.exit(main())
