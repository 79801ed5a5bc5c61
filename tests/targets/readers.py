"""Reads the rows that a target has left: from files, PostgreSQL, DuckDB and S3."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.postgres import Database
    from tests.integration.s3 import S3Server

Record = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where one run of a target writes: a folder, a schema of the database and a prefix in the bucket."""

    name: str
    folder: Path
    database: Database
    s3: S3Server

    @property
    def output(self) -> Path:
        """The folder of the files that are to be read, those of the bucket included."""
        return self.folder / "output"

    def download(self) -> None:
        """Copies the objects of this run from the bucket."""
        client, bucket = self.s3.client, self.s3.bucket
        for each in client.list_objects(bucket, f"{self.name}/", recursive=True):
            client.fget_object(bucket, each.object_name, str(self.output / each.object_name))


@dataclass(frozen=True)
class Table:
    """The rows of one stream, and the type of each column if the target gives it one."""

    rows: list[Record]
    types: dict[str, str] = field(default_factory=dict)


def json_lines(place: Place, stream: str) -> Table:
    """Files of JSON lines, packed or not."""
    rows = [json.loads(line) for file in _files(place, stream) for line in _text(file).splitlines()]
    return Table(rows, _json_types(rows))


def csv_files(place: Place, stream: str) -> Table:
    """CSV files with a header; in CSV, null is an empty text."""
    rows = [
        {name: value or None for name, value in row.items()}
        for file in _files(place, stream)
        for row in csv.DictReader(io.StringIO(_text(file), newline=""))
    ]
    return Table(rows, dict.fromkeys(rows[0], "text") if rows else {})


def parquet(place: Place, stream: str) -> Table:
    """Parquet files, as DuckDB reads them."""
    files = [str(file) for file in _files(place, stream)]
    with duckdb.connect() as connection:
        return _duckdb(connection, f"read_parquet({files}, union_by_name=true)") if files else Table([])


def duckdb_file(place: Place, stream: str) -> Table:
    """The database file of DuckDB."""
    with duckdb.connect(str(place.output / "talkdesk.duckdb"), read_only=True) as connection:
        return _duckdb(connection, f'main."{stream}"')


def postgres(place: Place, stream: str) -> Table:
    """A table of PostgreSQL."""
    where = f"table_schema = '{place.name}' and table_name = '{stream}'"
    listed = place.database.query(
        "select column_name || ' ' || case data_type when 'ARRAY' then ltrim(udt_name, '_') || '[]'"
        f" else data_type end from information_schema.columns where {where}"
    )
    types = dict(line.split(" ", 1) for line in listed.splitlines())
    return Table(place.database.rows(f'"{place.name}".{stream}'), types)


def _duckdb(connection: duckdb.DuckDBPyConnection, table: str) -> Table:
    connection.execute("set timezone = 'UTC'")
    types = {
        name: kind.lower() for name, kind, *_ in connection.sql(f"describe select * from {table}").fetchall()
    }
    rows = connection.sql(f"select to_json(row) from {table} row").fetchall()
    return Table([json.loads(row) for (row,) in rows], types)


def _json_types(rows: list[Record]) -> dict[str, str]:
    """What the values are in JSON."""
    names = {str: "text", list: "list", int: "number", float: "number", bool: "boolean", dict: "object"}
    return {name: names[type(value)] for row in rows for name, value in row.items() if value is not None}


def _files(place: Place, stream: str) -> list[Path]:
    """The files of a stream: those whose name, or folder, is the stream's, or begins with it and a `-`."""
    name = re.compile(rf"{stream}([-.]|$)")
    files = (file for file in sorted(place.output.rglob("*")) if file.is_file())
    return [file for file in files if any(map(name.match, file.relative_to(place.output).parts))]


def _text(file: Path) -> str:
    content = file.read_bytes()
    return (gzip.decompress(content) if file.suffix == ".gz" else content).decode()
