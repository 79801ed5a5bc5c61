"""Rows of calls: the tap beside its ordinary path, a plain tap, two loops over msgspec, and `cat`.

The files are prepared, and a server that has nothing else to do hands them out. The tap creates
a job, polls and downloads as always; the plain tap fetches the file from the same server; the
loops and `cat` read it from the disk. All output goes to /dev/null.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import TAP, in_turns, run, selecting, serving
from bench.report import END, FORMATS, HOURS, START, path, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from bench.measure import Command, Usage

    #: By contestant.
    Commands = dict[str, Command]
    #: By form, number of rows and contestant; one of each round.
    Figures = dict[str, dict[int, dict[str, list[Usage]]]]

THIS, ORDINARY, PLAIN, CAT = "tap", "tap, ordinary path", "plain tap", "cat"
LOOP, BOUND = "msgspec loop", "lower bound"
#: Only run with so many rows: they take minutes with more, and the plain tap gigabytes.
_SLOW, MOST_SLOW_ROWS = (ORDINARY, PLAIN), 100_000
BATCH = "batch"
#: In which form rows come, or leave.
FORMS = (*FORMATS, BATCH)

_SERVER = Path(__file__).with_name("server.py")
#: Changes nothing, but sends every record through the SDK's mapper, as any stream map does.
_STREAM_MAPS = {"calls": {"__alias__": "calls"}}
_CREDENTIALS = ("account", "client_id", "client_secret", "username", "password")
#: Enough that files are read in more than one piece.
_COMPARED = 5000


def measured(
    folder: Path, sizes: Sequence[int], rounds: int, told: Callable[[str], None]
) -> Iterator[tuple[str, int, dict[str, list[Usage]]]]:
    """Form, number of rows, and what each contestant used; no BATCH where the tap does not write it.

    Args:
        folder: Where files can lie; some 1.3 GB for a million rows.
        sizes: Numbers of rows. No rows are the cost of starting.
        rounds: How often each is run.
        told: Is given signs of life.

    Raises:
        ValueError: the contestants do not write the same records.
    """
    told("do all write the same records?")
    with contestants(folder / "compared", _COMPARED) as commands:
        forms = [form for form in FORMS if form != BATCH or _writes_batches(commands[form][THIS])]
        for form in forms:
            compare(commands[form], folder / "output", _COMPARED)
    for rows in sizes:
        told(f"preparing {rows:,} rows")
        with contestants(folder / "measured", rows) as commands:
            for form in forms:
                told(f"{rows:,} rows, {form}")
                left_out = _SLOW if rows > MOST_SLOW_ROWS else ()
                running = {name: each for name, each in commands[form].items() if name not in left_out}
                yield form, rows, in_turns(running, rounds, told)


@contextmanager
def contestants(folder: Path, rows: int) -> Generator[dict[str, Commands]]:
    """The commands by form, while so many rows are served."""
    prepare(folder, rows)
    try:
        with serving([sys.executable, _SERVER, folder], "http") as (url,):
            settings: dict[str, Any] = dict.fromkeys(_CREDENTIALS, "bench") | {
                "api_url": url,
                "token_url": f"{url}/auth/token",
                "start_date": START.isoformat(),
                "end_date": END.isoformat(),
                "timespan_hours": HOURS,
            }
            catalog = folder / "catalog.json"
            selecting(["calls"], _configured(folder, "discover", settings), catalog)
            yield {form: _commands(folder, form, settings, catalog) for form in FORMS}
    finally:
        shutil.rmtree(folder)


def _commands(folder: Path, form: str, settings: dict[str, Any], catalog: Path) -> Commands:
    file = path(folder, "json" if form == BATCH else form)
    tap = settings | {"format": file.suffix[1:]}
    plain = {"url": f"{settings['api_url']}/{file.name}"}
    if form == BATCH:
        tap |= _batches(folder / "tap-batches")
        plain |= _batches(folder / "plain-batches")

    def this(what: str, config: dict[str, Any]) -> Command:
        return [TAP, *_configured(folder, f"{form}-{what}", config), "--catalog", catalog]

    commands: Commands = {
        THIS: this("tap", tap),
        PLAIN: [sys.executable, "-m", "bench.plain_tap", *_configured(folder, f"{form}-plain", plain)],
    }
    if form != BATCH:
        commands |= {
            ORDINARY: this("ordinary", tap | {"stream_maps": _STREAM_MAPS}),
            LOOP: [sys.executable, "-m", "bench.msgspec_loop", file],
            **({BOUND: [sys.executable, "-m", "bench.lower_bound", file]} if form == "json" else {}),
            CAT: [shutil.which("cat") or "cat", file],
        }
    return commands


def _batches(folder: Path) -> dict[str, Any]:
    """The setting that asks for BATCH, in files of this folder."""
    folder.mkdir()
    encoding = {"format": "jsonl", "compression": "gzip"}
    return {"batch_config": {"encoding": encoding, "storage": {"root": folder.as_uri(), "prefix": ""}}}


def _configured(folder: Path, name: str, config: dict[str, Any]) -> list[str | Path]:
    """The option with a config, which is written."""
    written = folder / f"{name}.config.json"
    written.write_text(json.dumps(config))
    return ["--config", written]


def _writes_batches(command: Command) -> bool:
    try:
        run(command)
    except RuntimeError as error:
        if "batch_config" in str(error):
            return False
        raise
    return True


def compare(commands: Commands, output: Path, rows: int) -> None:
    """Prove that all write so many records, and the same.

    Raises:
        ValueError: they do not.
    """
    expected: list[Any] | None = None
    for name, command in commands.items():
        if name == CAT:
            continue
        run(command, output)
        records = list(_records(output))
        expected = expected or records
        if records != expected or len(records) != rows:
            unlike = next(
                (pair for pair in zip(expected, records, strict=False) if pair[0] != pair[1]), "none"
            )
            raise ValueError(
                f"{name} wrote {len(records)} records of {rows}; the first that differ: {unlike}"
            )


def _records(output: Path) -> Iterator[Any]:
    """The records of RECORD messages, and those in the files of BATCH messages, without the tap's nulls."""
    for line in output.read_bytes().splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            yield _without_nulls(message["record"])
        for file in message.get("manifest", ()):
            with gzip.open(file.removeprefix("file://")) as lines:
                yield from map(_without_nulls, map(json.loads, lines))


def _without_nulls(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
