"""The contact centre's data is consistent."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from talkdesk_sandbox.centre.centre import Centre
from talkdesk_sandbox.reports.reporting import REPORTS

START = datetime(2024, 5, 6, tzinfo=UTC)
WEEKS = timedelta(days=14)
ANSWERED = ("inbound", "outbound")


def rows_of(report, start=START, length=WEEKS, **options):
    return list(REPORTS[report].between(Centre(**options), start, start + length))


@pytest.fixture(scope="module")
def calls():
    return rows_of("calls")


@pytest.fixture(scope="module")
def sessions():
    return rows_of("user_status")


def at(text):
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


@pytest.mark.parametrize("report", sorted(REPORTS))
def test_rows_are_the_same_for_each_requested_timespan(report, request):
    whole = request.getfixturevalue("calls" if report == "calls" else "sessions")
    centre, piece, pieces, start = Centre(), timedelta(hours=7, minutes=13, seconds=1), [], START + WEEKS
    while start > START:
        end, start = start, max(start - piece, START)
        pieces = [*REPORTS[report].between(centre, start, end), *pieces]

    assert pieces == whole


@pytest.mark.parametrize("report", sorted(REPORTS))
def test_rows_have_the_fields_in_order_and_the_order_of_their_ends(report, request):
    rows = request.getfixturevalue("calls" if report == "calls" else "sessions")
    end = "end_at" if report == "calls" else "status_end_at"
    key = ("callsid",) if report == "calls" else ("user_id", "status_start_at", "status_label")

    assert {tuple(row) for row in rows} == {REPORTS[report].fields}
    order = [(row[end], *(row[name] for name in key)) for row in rows]
    assert order == sorted(order)


def test_keys_are_unique(calls, sessions):
    assert len({row["callsid"] for row in calls}) == len(calls)
    keys = {
        (row["user_id"], row["status_start_at"], row["status_end_at"], row["status_label"])
        for row in sessions
    }
    assert len(keys) == len(sessions)


def test_each_seed_gives_other_rows(calls):
    assert rows_of("calls", length=timedelta(days=1)) == rows_of("calls", length=timedelta(days=1))
    other = rows_of("calls", seed=2)
    assert not {row["callsid"] for row in other} & {row["callsid"] for row in calls}


def test_the_number_of_calls_is_as_configured(calls):
    assert 0.9 < len(calls) / (400 * 14) < 1.1


def test_the_times_of_a_call_add_up(calls):
    for row in calls:
        seconds = (at(row["end_at"]) - at(row["start_at"])).total_seconds()
        assert seconds == row["total_time"] == row["wait_time"] + row["talk_time"]
        assert 0 <= row["hold_time"] <= row["talk_time"]
        abandoned = row["type"] in ("abandoned", "short_abandoned")
        assert row["abandon_time"] == (row["wait_time"] if abandoned else 0)
        if row["type"] not in (*ANSWERED, "voicemail"):
            assert row["talk_time"] == 0
            assert row["recording_url"] is None


def test_every_kind_of_call_and_column_occurs(calls):
    assert {row["type"] for row in calls} == {
        "abandoned", "inbound", "missed", "outbound", "outbound_missed", "short_abandoned", "voicemail",
    }  # fmt: skip
    for name in ("is_transfer", "is_external_transfer", "is_if_no_answer", "is_call_forwarding"):
        assert {row[name] for row in calls} == {True, False}
    assert {row["is_callback_from_queue"] for row in calls} == {True, False, None}
    assert {row["agent_voice_rating"] for row in calls} == {None, 0, 1, 2, 3, 4, 5}
    notes = "".join(row["notes"] or "" for row in calls)
    assert all(letter in notes for letter in '",\n;€😀')


def test_strings_that_may_be_null_are_never_empty_and_the_others_never_null(calls):
    never_null = {"ring_groups", "ivr_options"}
    for row in calls:
        assert all(value != "" for name, value in row.items() if name not in never_null)
        assert all(row[name] is not None for name in never_null)
        assert all(row[name] is not None for name in ("contact_phone_number", "talkdesk_phone_number"))
        assert row["contact_phone_number"][1:].isdecimal()


def test_weekdays_and_business_hours_carry_the_load(calls):
    by_day = defaultdict(int)
    for row in calls:
        by_day[at(row["start_at"]).weekday()] += 1
    assert min(by_day[day] for day in range(5)) > max(by_day[5], by_day[6])
    assert sum(row["is_in_business_hours"] for row in calls) > len(calls) / 2
    assert any(at(row["start_at"]).hour < 5 for row in calls)


def test_some_call_crosses_midnight():
    calls = rows_of("calls", calls_per_day=4000)

    assert any(row["start_at"][:10] != row["end_at"][:10] for row in calls)


def test_an_agents_statuses_follow_each_other_without_gap_or_overlap(sessions):
    chains = defaultdict(list)
    for row in sessions:
        chains[row["user_id"]].append(row)
    for chain in chains.values():
        for one, next_ in pairwise(chain):
            assert one["status_end_at"] == next_["status_start_at"]
        for row in chain:
            seconds = (at(row["status_end_at"]) - at(row["status_start_at"])).total_seconds()
            assert row["status_time"] == seconds > 0
    assert {row["status_label"] for row in sessions} == {
        "Available", "On A Call", "After Call Work", "Away", "Offline",
    }  # fmt: skip


def busy_times(calls):
    """Returns the times on a call for each agent, from the calls.

    An agent is on an inbound call from its answer, and on an outbound call from its start.
    A transferred call is the second agent's from a time that is in no column.
    """
    busy = defaultdict(set)
    for row in calls:
        wait = 0 if row["type"].startswith("outbound") else row["wait_time"]
        start, end = at(row["start_at"]) + timedelta(seconds=wait), at(row["end_at"])
        email = row["agent_email"] or row["handling_agent_email"]
        if email and not row["is_transfer"]:
            busy[email].add((start, end))
    return busy


def test_no_agent_is_on_two_calls_at_once(calls):
    for times in busy_times(calls).values():
        for one, next_ in pairwise(sorted(times)):
            assert one[1] <= next_[0]


def test_an_agent_is_on_a_call_exactly_while_a_call_lasts(calls, sessions):
    said = defaultdict(set)
    for row in sessions:
        if row["status_label"] == "On A Call":
            said[row["user_email"]].add((at(row["status_start_at"]), at(row["status_end_at"])))
    transfers = [row for row in calls if row["is_transfer"]]
    for row in transfers:
        answered = at(row["start_at"]) + timedelta(seconds=row["wait_time"])
        first = next(time for time in said[row["agent_email"]] if time[0] == answered)
        second = next(time for time in said[row["handling_agent_email"]] if time[1] == at(row["end_at"]))
        assert first[1] == second[0]
        said[row["agent_email"]].remove(first)
        said[row["handling_agent_email"]].remove(second)

    assert transfers
    assert said == busy_times(calls)


def test_a_large_centre_hires_the_agents_its_calls_need():
    centre = Centre(calls_per_day=100_000)

    assert len(centre.staff.agents) == 2500
    assert len({agent.email for agent in centre.staff.agents}) == 2500
    assert len({agent.user_id for agent in centre.staff.agents}) == 2500


def test_rows_of_years_long_gone_are_there():
    assert rows_of("calls", start=datetime(1969, 12, 30, tzinfo=UTC), length=timedelta(days=3))
