"""The sandbox as a command: `python -m talkdesk_sandbox`."""

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

#: The options of `Explore`; each has an option of the command.
_EXPLORE = {field.name: field for field in fields(Explore)}
_HELP = {
    "done": "how a poll of a done job is answered",
    "waiting_204": "204 without a body while a job runs",
    "status_case": "letter case of statuses",
    "flat_jobs": "a job's id and other members at the top level, not within `job`",
    "files_200": "the file itself instead of a redirect to its presigned URL",
    "files_waiting": "how a request for the file is answered while the job runs",
    "longest_timespan": "the longest timespan of a job",
    "embedded_name": "name of `_embedded` in lists",
    "empty_without_entries": 'an empty report is `{"total":0}`',
    "calls_payload": "which fields the calls of Explore have",
    "queues_field": "name of the queues in ring_attempts; empty: none",
    "queues_form": "the queues in ring_attempts as a list, or as text",
    "evaluation_element_text": "qm_evaluation_analysis has evaluation_element_text",
    "flow_execution_id": "studio_flow_execution has flow_execution_id",
    "short_hours": "one-digit hours in evaluation_time",
    "token_seconds": "lifetime of an access token of OAuth",
    "scopes": "scopes of the client, separated by commas",
    "wrong_region": "every token is one of another region",
    "key_algorithm": "how the client signs assertions",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or TERM; 2 when an option or the fault file is wrong."""
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
        description="A stand-in for Talkdesk's report APIs on 127.0.0.1.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=int, default=8321, help="port of the API host; 0 is any free one")
    add("--files-port", type=int, default=8322, help="port of the file host; 0 is any free one")
    add("--seed", type=int, default=1, help="decides every row")
    add("--calls-per-day", type=int, default=400, help="calls of an average day")
    add("--agents", type=int, default=12, help="least number of agents")
    add("--pace", type=Pace.parse, default="now", help="when a job is done: now, polls:3 or seconds:1.5")
    add("--faults", type=Path, metavar="FILE.json", help="a list of faults to be met in order")
    add("--token-seconds", type=float, default=86_400, help="lifetime of an access token")
    add("--url-seconds", type=int, default=900, help="lifetime of a presigned URL")
    add("--max-open-jobs", type=int, default=15, help="unfinished jobs the account may have")
    add("--longest-timespan-hours", type=float, help="the account's own limit for the timespan of a job")
    add("--settle-seconds", type=float, default=0, help="how long after its end a row becomes available")
    add("--chunked", action="store_true", help="the API answers in chunks, without a Content-Length")
    add("--tls", action="store_true", help="serve https, with a certificate of the sandbox's own authority")
    add("--announced-url", metavar="URL", help="where clients reach the API host, if behind a proxy")
    add("--announced-files-url", metavar="URL", help="where clients reach the file host, if behind a proxy")
    add("--bounds", choices=BOUNDS, default="closed", help="whether a report counts its `to` in")
    add(
        "--reporting-fields",
        choices=tuple(GENERATIONS),
        default="2016",
        help="since when the Reporting API has the fields of its files",
    )
    for name, field in _EXPLORE.items():
        _add_explore_option(parser, name, field.default)
    add(
        "--forbid",
        dest="forbidden_reports",
        action="append",
        default=[],
        metavar="REPORT",
        help="a report the account may not make",
    )
    return parser


def _add_explore_option(parser: argparse.ArgumentParser, name: str, default: object) -> None:
    """An option of the command for one of `Explore`."""
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
        settings["or with a private key instead"] = sandbox.explore_key_config
    return "\n".join(
        (
            f"API host    {sandbox.url}",
            f"file host   {sandbox.files_url}",
            *([f"trust       REQUESTS_CA_BUNDLE={sandbox.ca_file}"] if sandbox.ca_file else []),
            f"controls    {sandbox.url}/sandbox/ledger, /sandbox/jobs, /sandbox/rows, /sandbox/faults",
            "",
            "Settings of a tap that reads from here, from one API or the other:",
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
