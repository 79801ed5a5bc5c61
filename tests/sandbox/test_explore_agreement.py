"""Explore's reports agree with each other and with the Reporting API."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from talkdesk_sandbox import Sandbox

#: Whole working days, over the end of a month.
SPAN = datetime(2024, 4, 25, 6, tzinfo=UTC), datetime(2024, 5, 9, 6, tzinfo=UTC)
DAY = 86_400


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def rows(sandbox):
    found = {}

    def of(report):
        if report not in found:
            found[report] = sandbox.rows(report, *SPAN, api="explore")
        return found[report]

    return of


@pytest.fixture(scope="module")
def calls(rows):
    return {row["call_id"]: row for row in rows("calls")}


def by(rows, field):
    groups = defaultdict(list)
    for row in rows:
        groups[row[field]].append(row)
    return groups


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_both_apis_have_the_same_calls(sandbox, calls):
    legacy = {row["callsid"]: row for row in sandbox.rows("calls", *SPAN)}

    assert {row["callsid"] for row in calls.values()} == legacy.keys()
    for row in calls.values():
        found = legacy[row["callsid"]]
        for name in ("type", "total_time", "talk_time", "hold_time", "ring_groups", "notes", "is_transfer"):
            assert row[name] == found[name]
        assert row["user_email"] == found["agent_email"]
        assert at(row["end_at"]) == at(found["end_at"])


def test_explore_calls_are_the_calls_in_parts_of_a_day(rows, calls):
    assert {row["interaction_id"] for row in rows("explore_calls")} == calls.keys()
    for row in rows("explore_calls"):
        call = calls[row["interaction_id"]]
        assert round(row["talk_time"] * DAY) == call["talk_time"]
        assert round(row["waiting_time"] * DAY) == call["wait_time"]
        assert round(row["holding_time"] * DAY) == call["hold_time"]
        assert (row["call_type"], row["csat_score"]) == (call["type"], call["csat_score"])
        assert (row["end_time"], row["agent_name"]) == (
            call["end_at"][:-1].replace("T", " "),
            call["user_name"],
        )


def test_the_contacts_of_an_interaction_add_up_to_its_call(rows, calls):
    contacts = by(rows("contacts"), "interaction_id")

    assert contacts.keys() == calls.keys()
    for interaction, legs in contacts.items():
        call = calls[interaction]
        transferred = call["is_transfer"] or call["is_external_transfer"]
        assert len(legs) == 1 + transferred
        first, *others = sorted(legs, key=lambda leg: leg["transfer_in"])
        assert at(first["started_at"]) == at(call["start_at"])
        assert max(at(leg["finished_at"]) for leg in legs) == at(call["end_at"])
        assert [leg["transfer_in"] for leg in others] == ["Yes"] * transferred
        assert first["transfer_out"] == ("Yes" if transferred else "No")
        assert sum(leg["hold_time"] or 0 for leg in legs) == call["hold_time"]
        if call["user_id"] and call["type"] in ("inbound", "outbound"):
            assert sum(leg["talk_time"] for leg in legs if leg["user_id"]) == call["talk_time"]
            assert first["user_id"] == call["user_id"]
            assert (others or legs)[-1]["user_id"] == (call["handling_user_id"] or call["user_id"])


def test_attempts_ring_within_their_contact_and_end_with_its_answer(rows, calls):
    contacts = {row["contact_id"]: row for row in rows("contacts")}
    attempts = by(rows("ring_attempts"), "contact_id")

    assert attempts.keys() <= contacts.keys()
    for contact_id, rung in attempts.items():
        contact = contacts[contact_id]
        rung.sort(key=lambda row: row["ring_started_at_time"])
        assert contact["direction"] == "IN"
        assert rung[0]["ring_started_at_time"] >= contact["started_at"]
        assert rung[-1]["ring_finished_at_time"] <= contact["finished_at"]
        assert sum(row["ring_attempt_duration"] for row in rung) == contact["ring_time"]
        if contact["contact_type"] == "Answered":
            *vain, last = rung
            assert all(row["attempt_type"] != "Answered" for row in vain)
            assert (last["attempt_type"], last["user_name"]) == ("Answered", contact["user_name"])
            assert last["ring_finished_at_time"] == contact["answered_at"]
    ringing = Counter()
    for row in rows("contacts"):
        ringing[row["interaction_id"]] += row["ring_time"]
    assert all(ringing[call_id] == call["total_ringing_time"] for call_id, call in calls.items())
    assert max(map(len, attempts.values())) == 3


def test_the_steps_of_a_flow_are_numbered_and_take_as_long_as_the_call(rows, calls):
    flows = by(rows("studio_flow_execution"), "interaction_id")

    assert flows.keys() == {key for key, call in calls.items() if not call["type"].startswith("outbound")}
    for interaction, steps in flows.items():
        call = calls[interaction]
        assert [step["step_execution_order"] for step in steps] == list(range(len(steps)))
        assert {step["call_sid"] for step in steps} == {call["callsid"]}
        assert sum(step["time_in_step"] for step in steps) * DAY == pytest.approx(call["total_time"], abs=0.1)
        pressed = [
            step["exit"].removeprefix("option_") for step in steps if step["exit"].startswith("option_")
        ]
        assert ",".join(pressed) == call["ivr_options"]


def test_a_step_can_come_again_within_a_second(rows):
    seen = Counter(
        (r["interaction_id"], r["step_name"], r["timestamp"]) for r in rows("studio_flow_execution")
    )

    assert max(seen.values()) > 1


def test_surveys_agree_with_scores_and_calls(rows, calls):
    scored = {row["interaction id"]: row for row in rows("feedback_flow") if row["is kpi"] == "Yes"}
    answered = {key: row for key, row in scored.items() if row["response"]}

    assert {key for key, call in calls.items() if call["csat_score"]} == answered.keys()
    assert len(scored) > len(answered) == len(rows("csat_score"))
    for key, row in answered.items():
        assert int(row["response"]) == calls[key]["csat_score"]
        assert row["date time"] == calls[key]["csat_survey_time"]
    assert Counter(row["sent_at"] for row in rows("csat_score")) == Counter(
        row["date time"] for row in answered.values()
    )


def test_some_outbound_calls_are_of_the_dialer(rows, calls):
    made = rows("outbound_dialer_calls")

    outbound = [call for call in calls.values() if call["type"].startswith("outbound")]
    assert 0 < len(made) < len(outbound)
    for row in made:
        call = calls[row["interaction_id"]]
        assert call["type"].startswith("outbound")
        assert (row["total_duration"], row["campaign_agent_id"]) == (call["total_time"], call["user_id"])


@pytest.mark.parametrize(
    ("report", "summed", "of_contact"),
    [
        ("talk_time_data", "talk_time_seconds_total", lambda contact: contact["talk_time"] or 0),
        ("acw_time_data", "acw_time_seconds_total", lambda contact: contact["after_call_work_time"]),
        ("hold_time_data", "hold_time_seconds_total", lambda contact: contact["hold_time"] or 0),
        ("inbound_contact_volume", "in_contact_volume", lambda contact: contact["direction"] == "IN"),
    ],
)
def test_sums_are_those_of_the_contacts_of_the_hour(rows, report, summed, of_contact):
    expected, found = Counter(), Counter()
    for contact in rows("contacts"):
        if contact["user_id"] and (amount := of_contact(contact)):
            hour = contact["finished_at"][:13] + ":00:00"
            expected[contact["user_id"], hour, contact["ring_groups"]] += amount
    for row in rows(report):
        found[row["agent_id"], row["started_at"], row["ring_groups_name"]] += row[summed]

    assert found == expected


def test_the_time_online_is_that_of_the_statuses(rows):
    expected, found = Counter(), Counter()
    for row in rows("user_status"):
        if row["status_label"] != "Offline":
            expected[row["user_id"]] += row["status_time"]
    for row in rows("contact_online_time"):
        found[row["agent_id"]] += row["status_duration_seconds"]
        assert row["status_duration_seconds"] <= 3600

    assert found == expected


def test_after_call_work_is_the_status_after_the_contact(rows):
    statuses = {
        (row["user_id"], row["status_start_at"]): row["status_time"]
        for row in rows("user_status")
        if row["status_label"] == "After Call Work"
    }
    for contact in rows("contacts"):
        if contact["user_id"]:
            assert statuses[contact["user_id"], contact["finished_at"]] >= contact["after_call_work_time"] > 0


def test_evaluations_are_of_calls_that_were_answered(rows, calls):
    for evaluation in by(rows("qm_evaluation_analysis"), "evaluation_id").values():
        call = calls[evaluation[0]["interaction_id"]]
        assert call["talk_time"] > 0
        assert evaluation[0]["agent_id"] in (call["user_id"], call["handling_user_id"])
        obtained = sum(row["question_obtained_score"] or 0 for row in evaluation)
        assert {row["evaluation_obtained_score"] for row in evaluation} == {obtained}


def chains(sandbox, start, end):
    found = by(sandbox.rows("user_status", start, end, api="explore"), "user_id")
    for chain in found.values():
        chain.sort(key=lambda row: row["status_end_at"])
    return found


def test_statuses_follow_each_other_without_gap_or_overlap(sandbox):
    for chain in chains(sandbox, SPAN[0] - timedelta(days=60), SPAN[1]).values():
        for one, next_ in pairwise(chain):
            assert one["status_end_at"] == next_["status_start_at"]
        for row in chain:
            assert (
                (at(row["status_end_at"]) - at(row["status_start_at"])).total_seconds()
                == row["status_time"]
                > 0
            )


def test_a_status_that_runs_over_a_months_end_is_cut_there(sandbox):
    boundary = "2024-05-01 00:00:00"
    legacy = [
        row
        for row in sandbox.rows("user_status", *SPAN)
        if row["status_start_at"] < boundary < row["status_end_at"]
    ]
    found = sandbox.rows("user_status", *SPAN, api="explore")

    assert legacy
    for whole in legacy:
        first, second = (
            next(row for row in found if row["user_id"] == whole["user_id"] and row[name] == boundary)
            for name in ("status_end_at", "status_start_at")
        )
        assert first["status_label"] == second["status_label"] == whole["status_label"]
        assert second["status_end_at"] == whole["status_end_at"]
    assert not any(row["status_start_at"] < boundary < row["status_end_at"] for row in found)


def test_the_cut_is_the_same_in_whichever_span_it_is_requested(sandbox):
    boundary = datetime(2024, 5, 1, tzinfo=UTC)
    whole = sandbox.rows("user_status", *SPAN, api="explore")

    at_boundary = sandbox.rows("user_status", boundary, boundary + timedelta(seconds=1), api="explore")

    assert at_boundary
    assert at_boundary == [row for row in whole if row["status_end_at"] == "2024-05-01 00:00:00"]


def test_a_change_of_team_begins_a_new_record(sandbox):
    changes = []
    for chain in chains(sandbox, SPAN[0] - timedelta(days=60), SPAN[1]).values():
        for one, next_ in pairwise(chain):
            if one["team_id"] != next_["team_id"]:
                changes.append((one, next_))

    assert changes
    for one, next_ in changes:
        assert one["status_label"] == next_["status_label"]
        assert one["status_end_at"].endswith("12:00:00")
