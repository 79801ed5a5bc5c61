"""The example dbt models, on records of the tap, compared with figures computed from the truth."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from statistics import fmean

import pytest

from talkdesk_sandbox import Sandbox
from tests.support import run_tap, utc
from tests.support.dbt_project import (
    PROJECT,
    VARIABLES,
    create_models,
    failures,
    load,
    open_database,
    query,
    rendered,
    schema_of,
    wrong_of_column,
)

SCHEMA = schema_of("models")
#: The period contains a night shift and the end of a month.
BEGIN, END = "2026-03-24", "2026-04-03"
DAY = timedelta(days=1)
KINDS = {"Available": "available", "On A Call": "on_call", "After Call Work": "after_call", "Away": "away"}
OUTBOUND = {"outbound", "outbound_missed"}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(calls_per_day=120, agents=9) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def database(sandbox, tmp_path_factory):
    """Creates a database with all rows of a run, those of the last days twice, and all models."""
    folder = tmp_path_factory.mktemp("models")
    config = sandbox.explore_config | {"start_date": BEGIN, "end_date": END}
    first = run_tap(folder, config)
    again = run_tap(folder, config | {"lookback_hours": 72}, state=first.states[-1])
    assert again.records("calls")
    database = open_database()
    for stream in ("calls", "user_status"):
        load(database, folder, stream, first.records(stream) + again.records(stream))
    assert set(create_models(database, "models")) == set(SCHEMA)
    return database


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def truth(sandbox, report):
    return sandbox.rows(report, utc(BEGIN), utc(END), api="explore")


def calls_by_queue(sandbox):
    """Returns the inbound calls of each day and queue. A call may be in several queues."""
    queues = defaultdict(list)
    for call in truth(sandbox, "calls"):
        if call["type"] not in OUTBOUND:
            for queue in (call["ring_groups"] or "none").split("+"):
                queues[moment(call["start_at"]).date(), queue].append(call)
    return queues


def by_queue(database, columns):
    return {
        (row.pop("day"), row.pop("queue")): row
        for row in query(database, f"select day, queue, {columns} from queue_per_day")
    }


def seconds_by_day(status):
    """Yields the days of a status, with its seconds on each."""
    start, end = moment(status["status_start_at"]), moment(status["status_end_at"])
    while start < end:
        cut = min(end, moment(str(start.date())) + DAY)
        yield start.date(), (cut - start).total_seconds()
        start = cut


def test_each_queue_has_the_calls_of_the_contact_centre_by_how_they_ended(sandbox, database):
    expected = {
        key: {
            "offered": sum(call["type"] != "short_abandoned" for call in calls),
            "answered": sum(call["type"] == "inbound" for call in calls),
            "abandoned": sum(call["type"] == "abandoned" for call in calls),
            "missed": sum(call["type"] in {"missed", "voicemail"} for call in calls),
            "short_abandoned": sum(call["type"] == "short_abandoned" for call in calls),
        }
        for key, calls in calls_by_queue(sandbox).items()
    }

    figures = by_queue(database, "offered, answered, abandoned, missed, short_abandoned")

    assert figures == expected
    assert len({queue for _, queue in figures}) > 4
    for ending in ("answered", "abandoned", "missed", "short_abandoned"):
        assert any(row[ending] for row in figures.values()), f"no call was {ending}"


def test_the_times_of_each_queue_are_those_of_the_contact_centre(sandbox, database):
    expected = {}
    for key, calls in calls_by_queue(sandbox).items():
        answered = [call for call in calls if call["type"] == "inbound"]
        offered = [call["wait_time"] for call in calls if call["type"] != "short_abandoned"]
        expected[key] = {
            "average_speed_of_answer": fmean(c["wait_time"] for c in answered) if answered else None,
            "average_handle_time": fmean(c["talk_time"] for c in answered) if answered else None,
            "longest_wait": max(offered, default=None),
        }

    figures = by_queue(database, "average_speed_of_answer, average_handle_time, longest_wait")

    assert figures.keys() == expected.keys()
    for key, row in figures.items():
        assert row == pytest.approx(expected[key]), key


@pytest.mark.parametrize("seconds", [20, 8])
def test_the_service_level_is_the_share_of_offered_calls_answered_in_time(sandbox, database, seconds):
    expected = {}
    for key, calls in calls_by_queue(sandbox).items():
        offered = [call for call in calls if call["type"] != "short_abandoned"]
        in_time = [call for call in offered if call["type"] == "inbound" and call["wait_time"] <= seconds]
        expected[key] = len(in_time) / len(offered) if offered else None

    sql = rendered((PROJECT / "models" / "queue_per_day.sql").read_text(), service_level_seconds=seconds)
    rows = query(database, sql)

    assert {(row["day"], row["queue"]): row["service_level"] for row in rows} == pytest.approx(expected)
    assert len(set(expected.values())) > 5
    assert VARIABLES["service_level_seconds"] == 20


def test_the_time_in_each_status_is_that_of_the_contact_centre(sandbox, database):
    expected = defaultdict(float)
    for status in truth(sandbox, "user_status"):
        if status["status_label"] != "Offline":
            for day, seconds in seconds_by_day(status):
                expected[day, status["user_id"], status["status_label"].lower()] += seconds

    rows = query(database, "select day, user_id, status, seconds from status_per_day")

    assert {(row["day"], row["user_id"], row["status"]): row["seconds"] for row in rows} == expected
    assert len({row["status"] for row in rows}) == 4


def test_the_time_of_each_agent_and_the_occupancy_are_those_of_the_contact_centre(sandbox, database):
    expected = defaultdict(lambda: dict.fromkeys(KINDS.values(), 0.0))
    for status in truth(sandbox, "user_status"):
        if status["status_label"] in KINDS:
            for day, seconds in seconds_by_day(status):
                expected[day, status["user_id"]][KINDS[status["status_label"]]] += seconds

    rows = query(database, "select * from agent_per_day where occupancy is not null or seconds_away > 0")

    assert {
        (row["day"], row["user_id"]): {kind: row[f"seconds_{kind}"] for kind in KINDS.values()}
        for row in rows
    } == expected
    for row in rows:
        busy = row["seconds_on_call"] + row["seconds_after_call"]
        there = busy + row["seconds_available"]
        assert row["occupancy"] == (pytest.approx(busy / there) if there else None)
    nights = [status for status in truth(sandbox, "user_status") if status["status_label"] == "Available"]
    assert any(s["status_start_at"][:10] != s["status_end_at"][:10] for s in nights), "nothing was cut"


def test_the_calls_of_an_agent_are_beside_the_occupancy(sandbox, database):
    expected = defaultdict(lambda: [0, 0])
    for call in truth(sandbox, "calls"):
        user = call["handling_user_id"] or call["user_id"]
        if call["type"] in {"inbound", "outbound"} and user:
            figures = expected[moment(call["start_at"]).date(), user]
            figures[0] += 1
            figures[1] += call["talk_time"]

    rows = query(database, "select day, user_id, calls, seconds_talked from agent_per_day where calls > 0")

    assert {(r["day"], r["user_id"]): [r["calls"], r["seconds_talked"]] for r in rows} == expected


def test_rows_that_came_twice_count_once(sandbox, database):
    calls = len(truth(sandbox, "calls"))

    [[came]], [[once]] = (
        database.execute(f"select count(*) from {table}").fetchall() for table in ("talkdesk.calls", "calls")
    )

    assert came > calls
    assert once == calls


@pytest.mark.parametrize("test", sorted(path.stem for path in PROJECT.glob("tests/*.sql")))
def test_the_models_pass_the_project_s_own_tests(database, test):
    assert failures(database, test) == []


def column_tests():
    for model in SCHEMA.values():
        for column in model["columns"]:
            for test in column.get("data_tests", ()):
                yield model["name"], column["name"], test


@pytest.mark.parametrize(("model", "column", "test"), list(column_tests()), ids=str)
def test_the_columns_pass_the_tests_of_the_schema(database, model, column, test):
    assert query(database, wrong_of_column(model, column, test)) == []


def test_every_column_of_the_schema_exists(database):
    for name, model in SCHEMA.items():
        columns = {row["column_name"] for row in query(database, f"describe {name}")}
        assert {column["name"] for column in model["columns"]} <= columns
