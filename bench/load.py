"""Loads rows into a database: PostgreSQL in four ways, and DuckDB in two.

Each way runs the tap and a target, joined by a pipe, into an empty database. The CPU time of
the database server is not counted, but its duration is part of the time.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import run, run_joined
from bench.part import Outcome
from bench.ranges import Range
from bench.ratios import Ratio
from bench.rows import BATCH, THIS, contestants
from bench.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.measure import Command
    from bench.part import Options
    from bench.rows import Commands
    from tests.integration.postgres import Database

_ROOT = Path(__file__).parent.parent
_ENVIRONMENTS = (".venv-judges/built", ".venv-targets/built")
_POSTGRES = _ROOT / ".venv-targets/meltanolabs-target-postgres/bin/target-postgres"
_DUCKDB = _ROOT / ".venv-targets/target-duckdb/bin/target-duckdb"
#: Python of the target's environment, for its DuckDB.
_PYTHON = _DUCKDB.with_name("python")
_ROWS = 50_000
_FAST = {"use_copy": True, "validate_records": False}
#: Settings of target-postgres, and whether the tap writes BATCH.
_WAYS: Mapping[str, tuple[Mapping[str, Any], bool]] = {
    "defaults": ({}, False),
    "use_copy": ({"use_copy": True}, False),
    "use_copy, no validation": (_FAST, False),
    "use_copy, no validation, BATCH": (_FAST, True),
}
_READ_BATCHES = """
import duckdb, sys
duckdb.connect(sys.argv[1]).execute(f"create table calls as from read_json('{sys.argv[2]}/*.gz')")
"""
_COUNT = """
import duckdb, sys
print(duckdb.connect(sys.argv[1]).execute("select count(*) from main.calls").fetchone()[0])
"""


@dataclass(frozen=True)
class Loaded:
    """The figures of one run."""

    wall: float
    #: CPU seconds of the tap, and of the target.
    tap: float
    target: float
    #: Number of rows in the database.
    rows: int


def measured(options: Options) -> Outcome:
    """Loads the calls in each way, in turns.

    Raises:
        CalledProcessError: the server or a target cannot be installed.
    """
    subprocess.run(["make", *_ENVIRONMENTS], cwd=_ROOT, check=True)  # noqa: S607 - the make that began this
    from tests.integration.postgres import Database  # noqa: PLC0415 - of the environment that was just built

    loads: dict[str, list[Loaded]] = {}
    with contestants(options.folder / "loaded", _ROWS) as commands, Database() as database:
        for number in range(1, options.rounds + 1):
            for what, take in _ways(options.folder, commands, database).items():
                loads.setdefault(what, []).append(loaded := take())
                options.log(f"{what}, round {number} of {options.rounds}: {loaded.wall:.1f} s")
    print(_table(loads, options.rounds))
    return Outcome({what: list(map(asdict, each)) for what, each in loads.items()}, _ratios(loads))


def _ways(
    folder: Path, commands: Mapping[str, Commands], database: Database
) -> dict[str, Callable[[], Loaded]]:
    """Returns the ways to load, by name."""
    taps = {is_batch: commands[BATCH if is_batch else "json"][THIS] for is_batch in (False, True)}
    batches = folder / "loaded" / "tap-batches"
    return {
        **{
            f"PostgreSQL: {what}": partial(
                _into_postgres, folder, taps[is_batch], settings, batches, database
            )
            for what, (settings, is_batch) in _WAYS.items()
        },
        "DuckDB: target-duckdb": partial(_into_duckdb, folder, taps[False]),
        "DuckDB: BATCH, files read by DuckDB": partial(_batches_into_duckdb, folder, taps[True], batches),
    }


def _into_postgres(
    folder: Path, tap: Command, settings: Mapping[str, Any], batches: Path, database: Database
) -> Loaded:
    config = folder / "target.json"
    server = {"host": "127.0.0.1", "port": database.port, "user": database.user, "password": "unused"}
    schema = {"database": database.name, "default_target_schema": "bench"}
    config.write_text(json.dumps({**server, **schema, **settings}))
    database.query("drop schema if exists bench cascade")
    used, target = run_joined([tap, [_POSTGRES, "--config", config]])
    _remove_files(batches)
    return Loaded(target.wall, used.cpu, target.cpu, database.count("bench.calls"))


def _into_duckdb(folder: Path, tap: Command) -> Loaded:
    config, file = folder / "target.json", folder / "loaded.duckdb"
    config.write_text(json.dumps({"filepath": str(file), "default_target_schema": "main"}))
    used, target = run_joined([tap, [_DUCKDB, "--config", config]])
    return Loaded(target.wall, used.cpu, target.cpu, _rows_of(file))


def _batches_into_duckdb(folder: Path, tap: Command, batches: Path) -> Loaded:
    file = folder / "loaded.duckdb"
    used = run(tap)
    target = run([_PYTHON, "-c", _READ_BATCHES, file, batches])
    _remove_files(batches)
    return Loaded(used.wall + target.wall, used.cpu, target.cpu, _rows_of(file))


def _rows_of(file: Path) -> int:
    """Returns the number of calls in a DuckDB file, and deletes it."""
    command: Command = [_PYTHON, "-c", _COUNT, file]
    count = int(subprocess.run(command, capture_output=True, check=True).stdout)
    file.unlink()
    return count


def _remove_files(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def _table(loads: Mapping[str, Sequence[Loaded]], rounds: int) -> str:
    lines = [
        (
            what,
            Range.of(loaded.wall for loaded in each).text(1),
            Range.of(loaded.tap for loaded in each).text(1),
            Range.of(loaded.target for loaded in each).text(1),
            Range.of(100 * loaded.tap / (loaded.tap + loaded.target) for loaded in each).text(0),
            Range.of(loaded.rows for loaded in each).text(0),
        )
        for what, each in loads.items()
    ]
    headings = ("", "wall s", "CPU s, tap", "target", "tap's share, %", "rows arrived")
    return table(f"Into a database, {_ROWS:,} calls, {rounds} runs in turns", headings, lines)


def _ratios(loads: Mapping[str, Sequence[Loaded]]) -> list[Ratio]:
    slow, *_, fast = (what for what in loads if what.startswith("PostgreSQL"))
    by_target, by_files = (what for what in loads if what.startswith("DuckDB"))
    ratios = []
    for one, other in ((slow, fast), (by_target, by_files)):
        what = f"{one} / {other.partition(': ')[2]}"
        walls = ([loaded.wall for loaded in loads[name]] for name in (one, other))
        cpus = ([loaded.tap + loaded.target for loaded in loads[name]] for name in (one, other))
        ratios += [
            Ratio(f"{what}: time", Range.of_ratios(*walls)),
            Ratio(f"{what}: processor, tap and target", Range.of_ratios(*cpus)),
        ]
    return ratios
