"""The page for users of Airbyte's and Fivetran's connectors, against the tap.

What the other connectors have is not checked: they are not here.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from talkdesk_sandbox import Sandbox
from tap_talkdesk_reports.config.schema import SCHEMA
from tap_talkdesk_reports.schemas import payloads
from tap_talkdesk_reports.streams import EXPLORE_STREAMS
from tests.support import run_tap, utc
from tests.support.catalogs import catalog_of
from tests.support.dbt_project import load, open_database, query

PAGE = (Path(__file__).parents[2] / "docs" / "moving.md").read_text()
ADDED_TO_EACH_ROW = {"_unknown_fields", "_row_id"}
#: The names on the page that are neither columns nor settings nor anything in a column «… there» of a table.
OTHERS = {"messaging_traffic", "qm_evaluation_score", "airbyte", "fivetran", "old_calls"}
OTHERS |= {"only_new", "only_old", "other_time", "us", "eu", "ca"}
DECLARED = {stream.name: stream for stream in EXPLORE_STREAMS}


def names(text):
    """The names in backticks of a text: no paths, values or sample texts."""
    return [span for span in re.findall(r"`([^`\n]+)`", text) if re.fullmatch(r"_?[a-z][a-z0-9_.]*", span)]


def tables():
    """The tables of the page, each as a list of rows by column heading."""
    for text in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        head, _, *rows = [
            [cell.strip() for cell in re.split(r" ?\| ?", line)[1:-1]] for line in text.splitlines()
        ]
        yield [dict(zip(head, row, strict=True)) for row in rows]


def table(*headings):
    """The rows of the table that has these columns."""
    [found] = [rows for rows in tables() if set(headings) <= set(rows[0])]
    return found


def sql(*words):
    """The query of the page in which all these words stand."""
    blocks = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    [found] = [block for block in blocks if all(word in block for word in words)]
    return found


@pytest.fixture
def catalog(tmp_path):
    """The catalog entries of the Explore API by stream."""
    return {entry["stream"]: entry for entry in catalog_of(tmp_path, {})["streams"]}


@pytest.fixture
def columns(catalog):
    return {stream: set(entry["schema"]["properties"]) for stream, entry in catalog.items()}


def test_every_stream_in_a_table_is_one_of_the_tap(catalog):
    named = [name for rows in tables() for row in rows for name in names(row.get("stream here", ""))]

    assert len(set(named)) > 12
    assert set(named) <= set(catalog)


def test_every_column_in_a_table_of_streams_is_a_column_of_its_stream(columns):
    seen = 0
    for row in (row for rows in tables() for row in rows if "stream here" in row):
        cells = [
            cell
            for heading, cell in row.items()
            if re.search(r"\bhere\b", heading) and heading != "stream here"
        ]
        for stream, cell in ((stream, cell) for stream in names(row["stream here"]) for cell in cells):
            of_stream = re.findall(rf"`(\w+)` in `{stream}`", cell) or names(cell)
            assert set(of_stream) <= columns[stream], (stream, cell)
            seen += len(of_stream)

    assert seen > 60


def test_every_setting_on_the_right_exists():
    named = [name for rows in tables() for row in rows for name in names(row.get("setting here", ""))]

    assert len(named) > 8
    assert set(named) - {"us", "eu", "ca"} <= set(SCHEMA["properties"])


def test_every_other_name_of_the_page_is_a_name_of_the_tap(catalog, columns):
    there = {name for rows in tables() for row in rows for heading, cell in row.items() if "there" in heading
             for name in names(cell)}  # fmt: skip
    known = set(catalog) | set().union(*columns.values()) | set(SCHEMA["properties"]) | there | OTHERS
    prose = re.sub(r"^```.*?^```$|\]\(.*?\)", "", PAGE, flags=re.MULTILINE | re.DOTALL)

    assert [name for name in names(prose) if name not in known and not name.endswith((".md", ".json"))] == []


def test_the_keys_of_airbytes_streams_are_the_taps(catalog):
    for row in table("bookmark there"):
        [stream] = names(row["stream here"])
        entry = catalog[stream]

        assert names(row["key here"]) == entry["key_properties"]
        assert names(row["replication key here"]) == [entry["replication_key"]]


def test_the_columns_that_distinguish_rows_are_the_taps(columns):
    for row in table("columns here that also distinguish rows"):
        there, more = names(row["key there"]), names(row["columns here that also distinguish rows"])
        for name in names(row["stream here"]):
            fields = DECLARED[name].row_id_fields or sorted(columns[name] - ADDED_TO_EACH_ROW)

            assert sorted(there + more) == sorted(fields), name


def test_streams_said_to_have_the_same_columns_have_a_digest_as_key(catalog):
    [line] = re.findall("^- These have the same name and the same columns here: (.*)$", PAGE, re.MULTILINE)
    *streams, key = names(line)

    assert len(streams) == 6
    assert all(catalog[stream]["key_properties"] == [key] for stream in streams)


def test_the_columns_of_the_table_call_are_the_aliases_of_calls(columns):
    renamed = {
        row["column there"].strip("`"): row["in `calls` here"].strip("`") for row in table("column there")
    }
    [line] = re.findall(r"^The other eleven keep their names in both: (.*)$", PAGE, re.MULTILINE)
    kept = names(line)
    aliases = {name.replace("interaction_id", "id"): here for name, here in payloads.CALLS_ALIASES.items()}

    assert aliases.pop("tags") == "ring_groups", "Fivetran's child table call_tag"
    assert renamed == aliases
    assert len(kept) == 11
    assert set(kept) <= columns["calls"] & columns["explore_calls"]
    assert set(renamed) - {"id"} <= columns["explore_calls"]


def test_the_columns_of_contacts_said_to_be_booleans_are(catalog):
    [line] = re.findall("^- In `contacts`, these were (.*)$", PAGE, re.MULTILINE)
    kinds = catalog["contacts"]["schema"]["properties"]
    [new] = [
        row["columns only here"] for row in table("bookmark there") if row["stream here"] == "`contacts`"
    ]

    assert {name for name, kind in kinds.items() if "boolean" in kind["type"]} - set(names(new)) == set(
        names(line)
    ) - {"contacts"}


def test_the_first_state_begins_where_it_says(tmp_path):
    [text] = re.findall(r"^cat > state.json <<'END'\n(.*?)^END$", PAGE, re.MULTILINE | re.DOTALL)
    state = json.loads(text)
    wanted = {name: each["replication_key_value"] for name, each in state["bookmarks"].items()}

    with Sandbox(calls_per_day=20, agents=2) as sandbox:
        config = sandbox.explore_config | {"start_date": "2026-01-01", "end_date": "2026-03-03"}
        outcome = run_tap(tmp_path, config, state=state)
        first = {
            name: min(job.request.timespan[0] for job in sandbox.jobs if job.report == name)
            for name in wanted
        }

    assert outcome.code == 0
    assert first == {name: utc(day) for name, day in wanted.items()}


@pytest.mark.parametrize(
    "state",
    [
        {"calls": {"end_at": "2026-03-03T10:00:00"}},
        [{"type": "STREAM", "stream": {"stream_state": {"end_at": "2026-03-03T10:00:00"},
                                       "stream_descriptor": {"name": "calls"}}}],
    ],
    ids=["of tap-talkdesk-explore", "of a connection"],
)  # fmt: skip
def test_airbytes_state_is_refused_before_anything_is_read(tmp_path, state):
    with Sandbox(calls_per_day=20, agents=2) as sandbox:
        config = sandbox.explore_config | {"start_date": "2026-03-02", "end_date": "2026-03-03"}
        outcome = run_tap(tmp_path, config, state=state)

        assert outcome.code == 1
        assert sandbox.jobs == []
    assert len(outcome.errors) == 1


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """Eleven days of calls as the tap brings them."""
    with Sandbox(calls_per_day=40, agents=3) as sandbox:
        config = sandbox.explore_config | {"start_date": "2026-03-01", "end_date": "2026-03-12"}
        return run_tap(tmp_path_factory.mktemp("calls"), config).records("calls")


#: The names of the columns that the queries read, in the old tables.
OLD = {"airbyte.calls": ("call_id", "end_at"), "fivetran.call": ("id", "end_time")}


@pytest.fixture(params=OLD)
def database(request, tmp_path, calls):
    """The calls as a new table, and up to the morning of the 10th as an old one: repeated, times as text."""
    database = open_database()
    load(database, tmp_path, "calls", calls)
    database.execute("set search_path = 'main,talkdesk'")
    schema, key, time = request.param.split(".")[0], *OLD[request.param]
    database.execute(f"create schema {schema}")
    database.execute(f"""
        create table {request.param} as
        select call_id as {key}, strftime(cast(end_at as timestamp), '%Y-%m-%d %H:%M:%S') as {time}
        from calls, range(2)
        where end_at < timestamp with time zone '2026-03-10 09:00:00+00'
    """)
    database.execute(sql("create view old_calls", f"from {request.param}"))
    return database, request.param


def test_the_comparison_finds_nothing_where_both_agree(database):
    assert query(database[0], sql("only_new")) == []


def test_the_comparison_finds_each_kind_of_difference_on_its_day(database):
    database, old = database
    key, time = OLD[old]
    on = "from calls where cast(end_at as date) = '2026-03-0{}' order by end_at limit 1"
    database.execute(f"delete from {old} where {key} = (select call_id {on.format(3)})")
    database.execute(
        f"update {old} set {time} = '2026-03-05 00:00:01' where {key} = (select call_id {on.format(5)})"
    )
    database.execute(f"delete from talkdesk.calls where call_id = (select call_id {on.format(7)})")

    found = query(database, sql("only_new"))

    assert [[str(value) for value in row.values()] for row in found] == [
        ["2026-03-03", "1", "0", "0"],
        ["2026-03-05", "0", "0", "1"],
        ["2026-03-07", "0", "1", "0"],
    ]


def test_the_joined_view_has_each_call_once(database, calls):
    database, _ = database

    database.execute(sql("create view all_calls"))

    [counts] = query(database, "select count(*) as rows, count(distinct call_id) as ids from all_calls")
    assert counts == {"rows": len(calls), "ids": len(calls)}
