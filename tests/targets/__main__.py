"""Runs the targets whose names contain one of the arguments, or all, and writes the page if it ran all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.integration.postgres import Database
from tests.integration.s3 import S3Server
from tests.targets import page
from tests.targets.compare import differences
from tests.targets.install import installed
from tests.targets.page import Result
from tests.targets.readers import Place
from tests.targets.source import APIS, source
from tests.targets.table import REPEATS, TARGETS

if TYPE_CHECKING:
    from tests.targets.readers import Record, Table
    from tests.targets.source import Source
    from tests.targets.table import Target


def main(*names: str) -> int:
    """Runs the targets; returns the exit code."""
    chosen = [target for target in TARGETS if not names or any(name in target.name for name in names)]
    results, failed = [], 0
    with tempfile.TemporaryDirectory() as temporary, Database() as database:
        folder = Path(temporary)
        (folder / "s3").mkdir()
        server = S3Server(folder / "s3")
        try:
            sources = [source(api, folder) for api in APIS]
            for number, target in enumerate(chosen):
                results.append(result := Result(target))
                for each in sources:
                    name = f"t{number}_{each.api}"
                    place = Place(name, folder / name, database, server)
                    place.output.mkdir(parents=True)
                    failed += not _succeeds(target, each, place, result)
        finally:
            server.close()
    print(page.table(results))  # noqa: T201
    if not failed and not names:
        page.write(results)
    return 1 if failed else 0


def _succeeds(target: Target, sent: Source, place: Place, result: Result) -> bool:
    """Runs a target for one API and prints one line; returns whether everything is as expected."""
    began = time.monotonic()
    try:
        outcome = _run(target, sent, place, result)
    except (AssertionError, subprocess.CalledProcessError) as error:
        outcome = f"FAILED: {error}"
    print(f"{target.name}, {sent.api}: {outcome} ({time.monotonic() - began:.1f} s)", flush=True)  # noqa: T201
    return not outcome.startswith("FAILED")


def _run(target: Target, sent: Source, place: Place, result: Result) -> str:
    """Loads everything twice and compares the rows.

    Returns:
        The result in words.

    Raises:
        AssertionError: the target fails, or something is not as expected.
        CalledProcessError: the packages cannot be installed.
    """
    program = installed(target)
    _load(target, program, place, sent.file, sent)
    rows = result.sent[sent.api] = sum(map(len, sent.records.values()))
    lost: dict[str, int] = {}
    for stream, records in sent.records.items():
        table = target.read(place, stream)
        result.add_types(sent.schemas[stream], table.types)
        if missing := _missing(target, stream, table, records, sent):
            lost[stream] = missing
    if target.loses:
        assert lost, "no row is missing any more: set `loses` to False"
        result.missing += sum(lost.values())
        return f"{sum(lost.values())} of {rows:,} rows are missing, as is known; by stream: {lost}"
    time.sleep(1)  # some targets name a file by the second, and would replace the one of the first load
    _load(target, program, place, sent.again(), sent)
    for stream, records in sent.records_again.items():
        wanted = REPEATS[target.again](sent.records[stream], records)
        _missing(target, stream, target.read(place, stream), wanted, sent)
    return f"{rows:,} rows of {len(sent.records)} streams arrived as expected; sent again: {target.again}"


def _missing(target: Target, stream: str, table: Table, wanted: list[Record], sent: Source) -> int:
    """How many rows are missing.

    Raises:
        AssertionError: a row is not as expected, or is missing though the target is not known to lose rows.
    """
    missing, surplus = differences(table.rows, wanted, sent.schemas[stream], target.kept)
    if surplus or (missing and not target.loses):
        some = "\n".join(next(iter(each), "") for each in (missing, surplus))
        raise AssertionError(f"{stream}: {missing.total()} rows missing, {surplus.total()} others\n{some}")
    return missing.total()


def _load(target: Target, program: Path, place: Place, file: Path, sent: Source) -> None:
    """Runs the target to its end.

    Raises:
        AssertionError: it fails, or its last STATE is not the tap's.
    """
    config = place.folder / "config.json"
    config.write_text(json.dumps({**target.connection(place), **target.settings}))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TARGET_")}
    with file.open("rb") as messages:
        run = subprocess.run(
            [program, "--config", config],
            stdin=messages,
            capture_output=True,
            cwd=place.folder,
            env=environment,
            check=False,
        )
    assert run.returncode == 0, f"exit code {run.returncode}\n{run.stderr.decode()[-2000:]}"
    last = run.stdout.splitlines()[-1:]
    assert list(map(json.loads, last)) == [sent.state], f"the last STATE is {last}"
    place.download()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
