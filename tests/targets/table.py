"""The targets that `make targets` runs, and what is expected of each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.integration.truth import as_kept, as_kept_by_pipelinewise
from tests.targets import readers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.targets.readers import Place, Record, Table


@dataclass(frozen=True)
class Target:
    """One target with the packages that it needs."""

    #: Requirements for pip, the target's own first.
    packages: tuple[str, ...]
    #: The executable.
    program: str
    #: Settings of the connection.
    connection: Callable[[Place], Mapping[str, Any]]
    read: Callable[[Place, str], Table]
    #: Settings that the page shows.
    settings: Mapping[str, Any] = field(default_factory=dict)
    #: The text that the target stores for a text, and what the page shows for `""`.
    kept: Callable[[str], str | None] = as_kept
    empty: str = "kept"
    #: What the target does if a record is sent again: one of REPEATS.
    again: str = "upsert"
    #: Whether the target is known to lose rows. If so, no record is sent again.
    loses: bool = False

    @property
    def name(self) -> str:
        """Names and versions, such as `target-jsonl 0.1.4`."""
        return ", ".join(package.replace("==", " ") for package in self.packages)

    @property
    def slug(self) -> str:
        """Names of the folder that the packages are installed in."""
        return "-".join(self.packages).replace("==", "-")


#: The rows that must be there after a load and a second one, which sends all records but the first again.
REPEATS: Mapping[str, Callable[[list[Record], list[Record]], list[Record]]] = {
    "upsert": lambda before, again: before[:1] + again,
    "append": lambda before, again: before + again,
    "the file is replaced": lambda _, again: again,
}


def null_if_empty(text: str) -> str | None:
    """Text in a target that stores null instead of an empty text."""
    return text or None


def whole_seconds(text: str) -> str:
    """Text in a target that cuts the fraction of a second off a time."""
    return re.sub(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$", r"\1Z", text)


def _s3(place: Place) -> dict[str, Any]:
    return {
        "aws_access_key_id": place.s3.access_id,
        "aws_secret_access_key": place.s3.secret,
        "aws_endpoint_url": f"http://127.0.0.1:{place.s3.port}",
        "s3_bucket": place.s3.bucket,
        "s3_key_prefix": f"{place.name}/",
    }


def _plinxore(place: Place) -> dict[str, Any]:
    aws = {
        "aws_access_key_id": place.s3.access_id,
        "aws_secret_access_key": place.s3.secret,
        "aws_region": place.s3.region,
        "aws_bucket": place.s3.bucket,
        "aws_endpoint_override": f"http://127.0.0.1:{place.s3.port}",
    }
    return {"cloud_provider": {"cloud_provider_type": "aws", "aws": aws}, "prefix": place.name}


def _postgres(place: Place) -> dict[str, Any]:
    server = {"host": "127.0.0.1", "port": place.database.port, "user": place.database.user}
    return server | {"password": "unused", "default_target_schema": place.name}


def _duckdb(place: Place) -> dict[str, Any]:
    # The file's name without its suffix must be an identifier. Many batches show more lost rows.
    return {"filepath": str(place.output / "talkdesk.duckdb"), "batch_size_rows": 100}


TARGETS = (
    Target(
        ("target-jsonl==0.1.4",),
        "target-jsonl",
        lambda place: {"destination_path": str(place.output)},
        readers.json_lines,
        settings={"do_timestamp_file": False},
        again="append",
    ),
    Target(
        ("meltanolabs-target-csv==0.5.0",),
        "target-csv",
        lambda place: {"output_path": str(place.output)},
        readers.csv_files,
        settings={"overwrite_behavior": "append_records"},
        kept=null_if_empty,
        empty="as null",
        again="the file is replaced",
    ),
    Target(
        ("meltanolabs-target-csv==0.5.0",),
        "target-csv",
        lambda place: {"output_path": str(place.output)},
        readers.csv_files,
        settings={"file_naming_scheme": "{stream_name}-{timestamp}.csv"},
        kept=null_if_empty,
        empty="as null",
        again="append",
    ),
    Target(
        ("meltanolabs-target-postgres==0.8.1",),
        "target-postgres",
        lambda place: {"database": place.database.name, **_postgres(place)},
        readers.postgres,
    ),
    Target(
        ("pipelinewise-target-postgres==2.1.2",),
        "target-postgres",
        lambda place: {"dbname": place.database.name, **_postgres(place)},
        readers.postgres,
        kept=as_kept_by_pipelinewise,
        empty="null",
    ),
    Target(
        ("target-duckdb==0.8.0", "duckdb==1.2.2"),
        "target-duckdb",
        _duckdb,
        readers.duckdb_file,
        settings={"default_target_schema": "main"},
        kept=null_if_empty,
        empty="null",
    ),
    Target(
        ("target-duckdb==0.8.0", "duckdb==1.3.2"),
        "target-duckdb",
        _duckdb,
        readers.duckdb_file,
        settings={"default_target_schema": "main"},
        kept=null_if_empty,
        empty="null",
        again="not compared",
        loses=True,
    ),
    Target(
        ("plinxore-target-s3==0.1.7",),
        "target-s3",
        _plinxore,
        readers.parquet,
        settings={"format": {"format_type": "parquet"}},
        kept=whole_seconds,
        again="append",
    ),
    Target(
        ("target-s3-jsonl==2.0.1",),
        "target-s3-jsonl",
        lambda place: {**_s3(place), "path_template": place.name + "/{stream}-{date_time}.jsonl"},
        readers.json_lines,
        again="append",
    ),
    Target(
        ("pipelinewise-target-s3-csv==2.0.0",),
        "target-s3-csv",
        _s3,
        readers.csv_files,
        kept=null_if_empty,
        empty="as null",
        again="append",
    ),
)
