"""The example dbt project: its models and tests as SQL, and tables to run them on."""

from __future__ import annotations

import json
import re
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import jinja2
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PROJECT = Path(__file__).parents[2] / "examples" / "dbt"
VARIABLES = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]


def rendered(sql: str, **variables: Any) -> str:
    """Render a model or a test as dbt does, with some of the project's variables changed."""
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(sql)
    return template.render(
        source=lambda schema, table: f"{schema}.{table}",
        ref=lambda model: model,
        var=(VARIABLES | variables).__getitem__,
    )


def open_database() -> duckdb.DuckDBPyConnection:
    """Opens an empty database with the settings of the project's profile."""
    database = duckdb.connect()
    database.execute("set TimeZone = 'UTC'")
    database.execute("create schema talkdesk")
    return database


def load(
    database: duckdb.DuckDBPyConnection, folder: Path, stream: str, records: Iterable[Mapping[str, Any]]
) -> None:
    """Creates a table of all records of a stream."""
    file = folder / f"{stream}.jsonl"
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    database.execute(f"create table talkdesk.{stream} as select * from read_json('{file}', sample_size = -1)")


def create_models(database: duckdb.DuckDBPyConnection, folder: str, **variables: Any) -> list[str]:
    """Creates a view of each model of a folder, after those that it refers to, and returns their names."""
    waiting = {path.stem: path.read_text() for path in PROJECT.glob(f"{folder}/*.sql")}
    made: list[str] = []
    while waiting:
        ready = sorted(
            name
            for name, sql in waiting.items()
            if not set(re.findall(r"ref\('(\w+)'\)", sql)) & set(waiting)
        )
        assert ready, f"models that refer to each other: {sorted(waiting)}"
        for name in ready:
            database.execute(f"create view {name} as {rendered(waiting.pop(name), **variables)}")
        made += ready
    return made


def failures(database: duckdb.DuckDBPyConnection, test: str, **variables: Any) -> list[dict[str, Any]]:
    """Returns the rows that a test of the project finds; no rows are a success."""
    return query(database, rendered((PROJECT / "tests" / f"{test}.sql").read_text(), **variables))


def query(database: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """Returns the rows of a query, by column. Times are in UTC."""
    found = database.sql(sql)
    columns = dict(zip(found.columns, found.types, strict=True))
    times = [name for name, kind in columns.items() if str(kind) == "TIMESTAMP WITH TIME ZONE"]
    if times:
        # DuckDB returns a time with a zone only if pytz is installed.
        zoneless = (f'cast("{name}" as timestamp) as "{name}"' for name in times)
        found = found.project(f"* replace ({', '.join(zoneless)})")
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    return [row | {name: row[name] and row[name].replace(tzinfo=UTC) for name in times} for row in rows]


def schema_of(folder: str) -> dict[str, Any]:
    """Returns what `schema.yml` declares for each model of a folder."""
    return {
        model["name"]: model
        for model in yaml.safe_load((PROJECT / folder / "schema.yml").read_text())["models"]
    }


def wrong_of_column(model: str, column: str, test: Any) -> str:
    """Returns a query for the rows of a column that fail a test in `schema.yml`."""
    match test:
        case "unique":
            return f"select {column} from {model} group by {column} having count(*) > 1"
        case "not_null":
            return f"select 1 from {model} where {column} is null"
        case {"accepted_values": {"arguments": {"values": values}}}:
            return f"select {column} from {model} where {column} not in {tuple(values)}"
    raise AssertionError(f"unknown test: {test}")
