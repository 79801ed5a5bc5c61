"""The example models for dbt, on what the tap really brings, against figures made from the truth."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
import yaml

from talkdesk_sandbox import Sandbox
from tests.support import run_tap, utc

PROJECT = Path(__file__).parents[2] / "examples" / "dbt"
MODELS = {path.stem: path.read_text() for path in PROJECT.glob("models/*.sql")}
SCHEMA = yaml.safe_load((PROJECT / "models" / "schema.yml").read_text())
#: A night shift and the end of a month lie within.
BEGIN, END = "2026-03-24", "2026-04-03"
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(calls_per_day=120, agents=9) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def database(sandbox, tmp_path_factory):
    """A database in which all rows of a run arrived, those of the last days twice, and all models on them."""
    folder = tmp_path_factory.mktemp("models")
    config = sandbox.explore_config | {"start_date": BEGIN, "end_date": END}
    first = run_tap(folder, config)
    again = run_tap(folder, config | {"lookback_hours": 72}, state=first.states[-1])
    assert again.records("calls")
    database = duckdb.connect()
    database.execute("set TimeZone = 'UTC'")
    database.execute("create schema talkdesk")
    for name in ("calls", "user_status"):
        lines = [
            line
            for outcome in (first, again)
            for line in outcome.stdout.splitlines()
            if line.startswith('{"type":"RECORD"') and f'"stream":"{name}"' in line
        ]
        file = folder / f"{name}.jsonl"
        file.write_text("\n".join(lines))
        rows = f"select unnest(record) from read_json('{file}', sample_size = -1)"
        database.execute(f"create table talkdesk.{name} as {rows}")
    for name in in_order():
        database.execute(f"create view {name} as {rendered(MODELS[name])}")
    return database


def rendered(sql):
    """What dbt makes of the two macros that the models use."""
    sql = re.sub(r"\{\{ source\('(\w+)', '(\w+)'\) \}\}", r"\1.\2", sql)
    sql = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r"\1", sql)
    assert "{{" not in sql
    return sql


def in_order():
    """The models, each behind those that it refers to."""
    made: list[str] = []
    while len(made) < len(MODELS):
        ready = [n for n, sql in MODELS.items() if set(re.findall(r"ref\('(\w+)'\)", sql)) <= set(made)]
        made += sorted(set(ready) - set(made))
    return made


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def truth(sandbox, report):
    return sandbox.rows(report, utc(BEGIN), utc(END), api="explore")


def test_calls_per_day_and_queue_are_those_of_the_contact_centre(sandbox, database):
    expected = defaultdict(lambda: [0, 0, 0, 0])
    for call in truth(sandbox, "calls"):
        for queue in (call["ring_groups"] or "none").split("+"):
            figures = expected[moment(call["start_at"]).date(), queue]
            figures[0] += 1
            figures[1] += call["type"] in {"inbound", "outbound"}
            figures[2] += "abandoned" in call["type"]
            figures[3] += call["talk_time"]

    rows = database.execute(
        "select day, queue, calls, answered, abandoned, seconds_talked, missed from calls_per_day_and_queue"
    ).fetchall()

    assert {(day, queue): figures[:4] for day, queue, *figures in rows} == expected
    assert all(calls == answered + abandoned + missed for _, _, calls, answered, abandoned, _, missed in rows)
    assert len({queue for _, queue, *_ in rows}) > 4


def test_occupancy_is_that_of_the_contact_centre(sandbox, database):
    kinds = {"Available": 0, "On A Call": 1, "After Call Work": 2}
    expected = defaultdict(lambda: [0.0, 0.0, 0.0])
    for status in truth(sandbox, "user_status"):
        start, end = moment(status["status_start_at"]), moment(status["status_end_at"])
        kind = kinds.get(status["status_label"])
        while kind is not None and start < end:
            cut = min(end, moment(str(start.date())) + DAY)
            expected[start.date(), status["user_id"]][kind] += (cut - start).total_seconds()
            start = cut

    rows = database.execute(
        "select day, user_id, seconds_available, seconds_on_call, seconds_after_call, occupancy "
        "from agent_occupancy where seconds_available + seconds_on_call + seconds_after_call > 0"
    ).fetchall()

    assert {(day, user): figures for day, user, *figures, _ in rows} == expected
    for _, _, available, on_call, after_call, occupancy in rows:
        assert occupancy == pytest.approx((on_call + after_call) / (available + on_call + after_call))
    nights = [status for status in truth(sandbox, "user_status") if status["status_label"] == "Available"]
    assert any(s["status_start_at"][:10] != s["status_end_at"][:10] for s in nights), "nothing was cut"


def test_the_calls_of_an_agent_stand_beside_the_occupancy(sandbox, database):
    expected = defaultdict(lambda: [0, 0])
    for call in truth(sandbox, "calls"):
        user = call["handling_user_id"] or call["user_id"]
        if call["type"] in {"inbound", "outbound"} and user:
            figures = expected[moment(call["start_at"]).date(), user]
            figures[0] += 1
            figures[1] += call["talk_time"]

    rows = database.execute("select day, user_id, calls, seconds_talked from agent_occupancy where calls > 0")

    assert {(day, user): figures for day, user, *figures in rows.fetchall()} == expected


def test_rows_that_came_twice_count_once(sandbox, database):
    ((came,),) = database.execute("select count(*) from talkdesk.calls").fetchall()

    assert came > len(truth(sandbox, "calls"))
    assert database.execute("select count(*) from calls").fetchall() == [(len(truth(sandbox, "calls")),)]


@pytest.mark.parametrize("path", sorted(PROJECT.glob("tests/*.sql")), ids=lambda path: path.stem)
def test_the_models_pass_the_project_s_own_tests(database, path):
    assert database.execute(rendered(path.read_text())).fetchall() == []


def column_tests():
    for model in SCHEMA["models"]:
        for column in model["columns"]:
            for test in column.get("data_tests", ()):
                yield model["name"], column["name"], test


@pytest.mark.parametrize(("model", "column", "test"), list(column_tests()), ids=str)
def test_the_columns_pass_the_tests_of_the_schema(database, model, column, test):
    match test:
        case "unique":
            wrong = f"select {column} from {model} group by {column} having count(*) > 1"
        case "not_null":
            wrong = f"select 1 from {model} where {column} is null"
        case {"accepted_values": {"arguments": {"values": values}}}:
            wrong = f"select {column} from {model} where {column} not in {tuple(values)}"

    assert database.execute(wrong).fetchall() == []


def test_every_model_and_column_of_the_schema_exists(database):
    assert {model["name"] for model in SCHEMA["models"]} == set(MODELS)
    for model in SCHEMA["models"]:
        columns = {row[0] for row in database.execute(f"describe {model['name']}").fetchall()}
        assert {column["name"] for column in model["columns"]} <= columns
