"""Rows per second: the tap, its ordinary path, a plain tap, two msgspec loops, and `cat`.

The files are prepared before, and a minimal server serves them. The tap creates a job, polls and
downloads as usual. The plain tap downloads the file from the same server. The loops and `cat` read
it from disk. All output goes to /dev/null.
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

    #: Usage by contestant.
    Commands = dict[str, Command]
    #: Usages by form, number of rows and contestant; one for each round.
    Figures = dict[str, dict[int, dict[str, list[Usage]]]]

THIS, ORDINARY, PLAIN, CAT = "tap", "tap, ordinary path", "plain tap", "cat"
LOOP, BOUND = "msgspec loop", "lower bound"
#: Slow contestants, and the most rows for them: with more they take minutes, and the plain tap gigabytes.
_SLOW, MOST_SLOW_ROWS = (ORDINARY, PLAIN), 100_000
BATCH = "batch"
#: The forms in which rows are read or written.
FORMS = (*FORMATS, BATCH)

_SERVER = Path(__file__).with_name("server.py")
#: Changes nothing, but passes every record through the SDK's mapper, as any stream map does.
_STREAM_MAPS = {"calls": {"__alias__": "calls"}}
_CREDENTIALS = ("account", "client_id", "client_secret", "username", "password")
#: Enough rows that files are read in more than one chunk.
_COMPARED = 5000


def measured(
    folder: Path, sizes: Sequence[int], rounds: int, log: Callable[[str], None]
) -> Iterator[tuple[str, int, dict[str, list[Usage]]]]:
    """Yields form, number of rows, and what each contestant used; no BATCH if the tap does not write it.

    Args:
        folder: Folder for files; about 1.3 GB for a million rows.
        sizes: Numbers of rows. Zero rows give the cost of the start.
        rounds: Number of runs of each.
        log: Receives progress messages.

    Raises:
        ValueError: the contestants do not write the same records.
    """
    log("do all write the same records?")
    with contestants(folder / "compared", _COMPARED) as commands:
        forms = [form for form in FORMS if form != BATCH or _writes_batches(commands[form][THIS])]
        for form in forms:
            compare(commands[form], folder / "output", _COMPARED)
    for rows in sizes:
        log(f"preparing {rows:,} rows")
        with contestants(folder / "measured", rows) as commands:
            for form in forms:
                log(f"{rows:,} rows, {form}")
                left_out = _SLOW if rows > MOST_SLOW_ROWS else ()
                running = {name: each for name, each in commands[form].items() if name not in left_out}
                yield form, rows, in_turns(running, rounds, log)


@contextmanager
def contestants(folder: Path, rows: int) -> Generator[dict[str, Commands]]:
    """Serves a number of rows, and yields the commands by form."""
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
    """Returns the setting for BATCH messages, with files in this folder."""
    folder.mkdir()
    encoding = {"format": "jsonl", "compression": "gzip"}
    return {"batch_config": {"encoding": encoding, "storage": {"root": folder.as_uri(), "prefix": ""}}}


def _configured(folder: Path, name: str, config: dict[str, Any]) -> list[str | Path]:
    """Writes a config, and returns the option that names it."""
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
    """Checks that all write the same records, and as many as expected.

    Raises:
        ValueError: the records differ.
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
    """Yields the records of RECORD messages and of the files of BATCH messages, without the tap's nulls."""
    for line in output.read_bytes().splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            yield _without_nulls(message["record"])
        for file in message.get("manifest", ()):
            with gzip.open(file.removeprefix("file://")) as lines:
                yield from map(_without_nulls, map(json.loads, lines))


def _without_nulls(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if value is not None}
