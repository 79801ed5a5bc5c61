"""The two proofs that no row is missing, as dbt tests and as in `docs/evidence.md`.

They run on the records of three runs, as a target that upserts keeps them.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from talkdesk_sandbox import Fault, Pace, Sandbox
from tests.support import Outcome, run_tap, utc
from tests.support.catalogs import catalog_of, with_metadata
from tests.support.dbt_project import (
    VARIABLES,
    create_models,
    failures,
    load,
    open_database,
    query,
    schema_of,
    wrong_of_column,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

PAGE = (Path(__file__).parents[2] / "docs" / "evidence.md").read_text()
START, KEPT, LOST, END = "2026-03-02", "2026-03-06", "2026-03-10", "2026-03-12"
KEYS = {"explore": "call_id", "reporting": "callsid"}
STREAMS = VARIABLES["streams"]
TABLES = (*STREAMS, "report_files")
#: The queries of the page, in order.
QUERIES = ["gaps", "bookmarks", "counts", "A", "B", "C", "D", "E"]


@dataclass
class Warehouse:
    """A database with the records of three runs, and the models on it."""

    api: str
    database: duckdb.DuckDBPyConnection
    variables: dict[str, Any]
    read_again: Callable[[str, str], Outcome]

    def gaps(self, **variables):
        return failures(self.database, "evidence/no_gap", **self.variables | variables)

    def disagreements(self):
        found = failures(self.database, "evidence/counts_agree", **self.variables)
        return [(row["stream"], row["timespan_start"], row["surplus"]) for row in found]

    def files(self, condition):
        """Returns the report files, in the order in which they were read."""
        return query(self.database, f"select * from report_file_counts where {condition} order by read_at")

    def change(self, sql):
        [[rows]] = self.database.execute(sql).fetchall()
        assert rows > 0, sql


@pytest.fixture(scope="module", params=["explore", "reporting"])
def warehouse(request, tmp_path_factory):
    """Loads runs: with halves, a boundary row and a lost response, one with a lookback, one without state."""
    folder, api = tmp_path_factory.mktemp(request.param), request.param
    added = {"key": KEYS[api], "field": "end_at"}
    faults = [
        Fault("create", "invalid", report="calls"),  # so the timespan is halved
        Fault("create", "on_boundary", report="calls", **added),
        Fault("create", "on_boundary", report="calls", at="from", **added),
        Fault("create", "accepted_then_reset", report="calls"),
    ]
    with Sandbox(calls_per_day=60, agents=4, faults=faults, pace=Pace.after_polls(1)) as sandbox:
        config = sandbox.explore_config if api == "explore" else sandbox.config
        catalog = with_metadata(catalog_of(folder, config), "report_files", [], selected=True)

        def run(start, end, state=None, **settings):
            span = {"start_date": start, "end_date": end, "timespan_hours": 48}
            return run_tap(folder, config | span | settings, catalog=catalog, state=state)

        first = run(START, KEPT, max_concurrent_jobs=1)
        second = run(START, LOST, first.states[-1], lookback_hours=24)
        third = run(START, END, first.states[-1], lookback_hours=24)
        outcomes = [first, second, third]
        assert [outcome.code for outcome in outcomes] == [0, 0, 0], [outcome.errors for outcome in outcomes]
        assert sandbox.unmet_faults() == []
        database = open_database()
        for stream in TABLES:
            load(database, folder, stream, upserted(outcomes, stream))
        streams = STREAMS | {"calls": {"key": KEYS[api], "replication_key": "end_at"}}
        variables = {"start_date": START, "streams": streams}
        create_models(database, "models/evidence", **variables)
        yield Warehouse(api, database, variables, run)


@pytest.fixture
def loaded(warehouse):
    """Returns the warehouse, and roll its changes back after the test."""
    warehouse.database.begin()
    yield warehouse
    warehouse.database.rollback()


explore_only = pytest.mark.parametrize("warehouse", ["explore"], indirect=True)


def upserted(outcomes: list[Outcome], stream: str):
    """Returns the records that a target keeps that upserts by the key in the SCHEMA."""
    messages = [message for outcome in outcomes for message in outcome.messages]
    [keys, *_] = [m["key_properties"] for m in messages if m["type"] == "SCHEMA" and m["stream"] == stream]
    records = [m["record"] for m in messages if m["type"] == "RECORD" and m["stream"] == stream]
    return list({tuple(record[key] for key in keys): record for record in records}.values())


def within(file):
    """Returns a condition for the rows of a file's timespan."""
    column = STREAMS[file["stream"]]["replication_key"]
    return f"{column} >= '{file['timespan_start']}' and {column} < '{file['timespan_end']}'"


def delete_row(loaded, file):
    stream = file["stream"]
    [key] = query(loaded.database, f"select rowid from talkdesk.{stream} where {within(file)} limit 1")
    loaded.change(f"delete from talkdesk.{stream} where rowid = {key['rowid']}")


def test_runs_that_brought_everything_pass_both_proofs(loaded):
    assert loaded.gaps() == []
    assert loaded.disagreements() == []
    for stream in STREAMS:
        files = loaded.files(f"stream = '{stream}'")
        assert min(file["timespan_start"] for file in files) == utc(START)
        assert max(file["timespan_end"] for file in files) == utc(END)
        assert all(file["rows_found"] > 0 for file in files)


def test_the_runs_had_halves_a_repeat_at_a_boundary_an_adopted_job_and_a_lookback(loaded):
    [left_out] = query(
        loaded.database, "select * from talkdesk.report_files where rows_left_out > 0 and stream = 'calls'"
    )
    adopted = query(loaded.database, "select * from talkdesk.report_files where is_adopted")
    lengths = {f["timespan_end"] - f["timespan_start"] for f in loaded.files("timespan_start = '2026-03-02'")}

    assert (left_out["timespan_start"], left_out["rows_left_out"]) == (utc("2026-03-03"), 1)
    assert left_out["rows_within"] == left_out["rows"] + 1
    assert adopted
    if loaded.api == "explore":
        assert utc(KEPT) in {file["timespan_start"] for file in adopted}
    assert lengths == {timedelta(hours=24), timedelta(hours=48)}
    assert loaded.files("is_read_again and timespan_start < '2026-03-06'")


@pytest.mark.parametrize("stream", STREAMS)
def test_a_deleted_row_fails_only_the_count_of_its_file(loaded, stream):
    file = loaded.files(f"stream = '{stream}' and not is_read_again")[0]

    delete_row(loaded, file)

    assert loaded.disagreements() == [(stream, file["timespan_start"], -1)]
    assert loaded.gaps() == []


def test_a_deleted_row_of_a_timespan_that_was_read_again_fails_the_counts(loaded):
    file = loaded.files("is_read_again")[0]

    delete_row(loaded, file)

    assert (file["stream"], file["timespan_start"], -1) in loaded.disagreements()


def test_the_deleted_rows_of_a_timespan_fail_only_the_count_of_its_file(loaded):
    file = loaded.files("stream = 'calls' and not is_read_again")[0]

    loaded.change(f"delete from talkdesk.calls where {within(file)}")

    assert loaded.disagreements() == [("calls", file["timespan_start"], -file["rows_within"])]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_deleted_timespan_is_a_gap(loaded, stream):
    condition = f"stream = '{stream}' and timespan_start = '2026-03-06'"
    gap_end = min(file["timespan_end"] for file in loaded.files(condition))

    loaded.change(f"delete from talkdesk.report_files where {condition}")

    assert loaded.gaps() == [{"stream": stream, "gap_start": utc("2026-03-06"), "gap_end": gap_end}]
    assert loaded.disagreements() == []


def test_a_deleted_half_is_a_gap(loaded):
    loaded.change(
        "delete from talkdesk.report_files where stream = 'calls' and timespan_start = '2026-03-03'"
    )

    assert loaded.gaps() == [
        {"stream": "calls", "gap_start": utc("2026-03-03"), "gap_end": utc("2026-03-04")}
    ]


def test_what_a_later_file_covers_is_no_gap_without_the_earlier_one(loaded):
    """The lookback read it again."""
    earlier, *later = loaded.files("stream = 'calls' and timespan_start = '2026-03-05'")
    assert later

    loaded.change(
        f"delete from talkdesk.report_files where stream = 'calls' and job_id = '{earlier['job_id']}'"
    )

    assert loaded.gaps() == []


def test_a_beginning_that_was_not_read_is_a_gap(loaded):
    expected = [(stream, utc("2026-02-27"), utc(START)) for stream in STREAMS]

    gaps = loaded.gaps(start_date="2026-02-27")

    assert sorted(tuple(gap.values()) for gap in gaps) == expected
    assert loaded.gaps(start_date=None) == []


def test_a_stream_without_a_file_fails_the_proof_of_no_gap(loaded):
    loaded.change("delete from talkdesk.report_files where stream = 'calls'")

    assert loaded.gaps() == [{"stream": "calls", "gap_start": None, "gap_end": None}]


def test_rows_that_a_target_appends_again_change_nothing(loaded):
    for stream in TABLES:
        loaded.change(f"insert into talkdesk.{stream} select * from talkdesk.{stream}")

    assert loaded.gaps() == []
    assert loaded.disagreements() == []


def test_a_row_that_no_file_has_fails_the_counts_unless_a_later_file_may_have_added_it(loaded):
    earlier, *_, latest = loaded.files("stream = 'calls' and timespan_start = '2026-03-05'")
    assert earlier["is_read_again"]
    assert not latest["is_read_again"]

    loaded.change(
        f"insert into talkdesk.calls select * replace ('new' as {KEYS[loaded.api]}) from talkdesk.calls "
        f"where {within(latest)} limit 1"
    )

    assert loaded.disagreements() == [("calls", latest["timespan_start"], 1)]


def test_the_columns_of_the_evidence_match_the_schema(loaded):
    for name, model in schema_of("models/evidence").items():
        columns = {row["column_name"] for row in query(loaded.database, f"describe {name}")}
        assert {column["name"] for column in model["columns"]} <= columns
        for column in model["columns"]:
            for test in column.get("data_tests", ()):
                assert query(loaded.database, wrong_of_column(name, column["name"], test)) == []


# The page


def of_the_page(loaded, name, job_id=""):
    """Returns the result of a query of the page, for one file if the query needs it."""
    blocks = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(blocks) == len(QUERIES)
    sql = blocks[QUERIES.index(name)].replace("the job_id of the file that does not agree", str(job_id))
    loaded.database.execute("set search_path = 'talkdesk'")
    try:
        return query(loaded.database, sql)
    finally:
        loaded.database.execute("reset search_path")


@explore_only
def test_the_page_s_proofs_find_what_the_tests_find(loaded):
    assert of_the_page(loaded, "gaps") == of_the_page(loaded, "counts") == []
    assert of_the_page(loaded, "bookmarks") == [{"stream": name, "last_end": utc(END)} for name in STREAMS]

    file = loaded.files("stream = 'calls' and not is_read_again")[0]
    delete_row(loaded, file)
    loaded.change(
        "delete from talkdesk.report_files where stream = 'calls' and timespan_start = '2026-03-06'"
    )

    assert of_the_page(loaded, "gaps") == loaded.gaps() != []
    [wrong] = of_the_page(loaded, "counts")
    assert (wrong["timespan_start"], wrong["surplus"]) == (file["timespan_start"], -1)


@explore_only
def test_a_period_that_is_read_again_as_the_page_says_passes_the_proofs(loaded, tmp_path):
    condition = "timespan_start >= '2026-03-08' and timespan_start < '2026-03-10'"
    loaded.change("delete from talkdesk.calls where end_at >= '2026-03-08' and end_at < '2026-03-10'")
    loaded.change(f"delete from talkdesk.report_files where stream = 'calls' and {condition}")
    assert loaded.gaps() != []

    again = loaded.read_again("2026-03-08", "2026-03-10")

    for stream in TABLES:
        load(loaded.database, tmp_path, f"new_{stream}", upserted([again], stream))
        keys = (
            "stream, timespan_start, job_id"
            if stream == "report_files"
            else loaded.variables["streams"][stream]["key"]
        )
        table = f"talkdesk.{stream}"
        loaded.database.execute(
            f"delete from {table} where ({keys}) in (select ({keys}) from talkdesk.new_{stream})"
        )
        loaded.change(f"insert into {table} by name select * from talkdesk.new_{stream}")
    assert loaded.gaps() == []
    assert loaded.disagreements() == []


@explore_only
def test_an_edited_time_is_what_the_page_says(loaded):
    """The row is in the earlier one of two files, and missing in the later one."""
    earlier, *later = loaded.files("stream = 'calls' and timespan_start = '2026-03-05'")
    row = f"select call_id from talkdesk.calls where {within(earlier)} limit 1"
    loaded.change(f"update talkdesk.calls set end_at = '2026-03-20' where call_id = ({row})")
    jobs = ", ".join(f"'{file['job_id']}'" for file in later)
    loaded.change(f"update talkdesk.report_files set rows_within = rows_within - 1 where job_id in ({jobs})")

    assert loaded.disagreements() == [("calls", earlier["timespan_start"], -1)]
    assert {file["job_id"] for file in of_the_page(loaded, "C")} == {earlier["job_id"]}

    loaded.change(f"delete from talkdesk.report_files where job_id = '{earlier['job_id']}'")

    assert loaded.gaps() == loaded.disagreements() == []


@explore_only
def test_a_filter_is_what_the_page_says(loaded):
    assert of_the_page(loaded, "A") == []
    loaded.change("update talkdesk.report_files set rows = rows // 2 where stream = 'calls'")

    files = of_the_page(loaded, "A")

    assert {file["stream"] for file in files} == {"calls"}


@explore_only
def test_a_key_that_is_twice_in_a_file_is_what_the_page_says(loaded, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keys = [{"call_id": key} for key in ("one", "two", "one")]
    Path("calls.jsonl").write_text("\n".join(map(json.dumps, keys)))

    assert [tuple(row.values()) for row in of_the_page(loaded, "B")] == [("one", 2)]


@explore_only
def test_a_row_outside_the_timespan_of_its_file_is_what_the_page_says(loaded):
    [file] = [file for file in of_the_page(loaded, "D") if file["stream"] == "calls"]

    assert (file["timespan_end"], file["rows_outside"]) == (utc("2026-03-03"), 1)


@explore_only
def test_a_row_that_was_removed_at_talkdesk_is_what_the_page_says(loaded):
    latest = loaded.files("stream = 'calls' and timespan_start = '2026-03-05'")[-1]
    loaded.database.execute("alter table talkdesk.calls add column _sdc_received_at timestamptz")
    loaded.change("update talkdesk.calls set _sdc_received_at = '2126-01-01'")
    [gone] = query(loaded.database, f"select call_id from talkdesk.calls where {within(latest)} limit 1")
    loaded.change(
        f"update talkdesk.calls set _sdc_received_at = '2026-03-06' where call_id = '{gone['call_id']}'"
    )

    rows = of_the_page(loaded, "E", latest["job_id"])

    assert [row["call_id"] for row in rows] == [gone["call_id"]]
