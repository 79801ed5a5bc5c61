"""Every report of Explore: fields, filters, formats, files."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from talkdesk_sandbox import Explore, Sandbox

DAY = datetime(2024, 5, 13, tzinfo=UTC), datetime(2024, 5, 14, tzinfo=UTC)
WEEKS = datetime(2024, 4, 25, tzinfo=UTC), datetime(2024, 5, 9, tzinfo=UTC)

FLOW_FINISHED = "studio_flow_executions_aggregated.flow_execution_finished_time"
GROUP = "ring\u00a0group"
#: The fields of each report, copied again from the documentation, so that none gets lost.
FIELDS = {
    "calls": """
        call_id callsid type start_at end_at talkdesk_phone_number talkdesk_phone_display_name
        contact_phone_number user_id user_name user_email total_time talk_time wait_time hold_time
        abandon_time total_ringing_time disposition_code notes user_voice_rating ring_groups ivr_options
        is_in_business_hours is_callback_from_queue is_transfer handling_user_id handling_user_name
        handling_user_email recording_url is_external_transfer is_if_no_answer is_call_forwarding csat_score
        csat_survey_time team_id team_name rating_reason agent_disconnected data_status int_custom_field_n1
        int_custom_field_n2 float_custom_field_n1 float_custom_field_n2 text_custom_field_n1
        text_custom_field_n2 text_custom_field_n3 text_custom_field_n4 timestamp_custom_field_n1
        disposition_set nested_disposition
    """,
    "explore_calls": """
        interaction_id call_type start_time end_time talkdesk_phone_number customer_phone_number talk_time
        waiting_time holding_time agent_speed_to_answer record hangup in_business_hours? callback_from_queue?
        transfer? rating csat_score csat_survey_time description agent_name phone_display_name
        disposition_code handling_agent team rating_reason ivr_options tags agent_disconnected disposition_set
        nested_disposition calls_historical_base.data_status mood mood_prompted user_email
    """,
    "user_status": """
        user_id user_name user_email status_label status_start_at status_end_at status_time is_user_active
        team_id team_name ring_groups
    """,
    "contacts": """
        interaction_id contact_id company_number contact_person_number phone_display_name
        external_phone_number direction contact_type started_at answered_at connected_at finished_at wait_time
        time_to_missed abandon_time short_abandon_time time_to_voicemail ring_time connect_time talk_time
        hard_hold_time soft_hold_time hold_time after_call_work_time handle_time duration
        inside_business_hours inside_service_level within_service_level_threshold transfer_in transfer_out
        callback transfer_in_type transfer_out_type disconnected_by_agent last_contact ring_groups
        handling_ring_groups user_id user_name direct_assignment_user direct_assignment_ids team_id team_name
        data_status
    """,
    "audit_logs": """
        actor_id generator_name ip_addresses operation platform_tid resource_id operation_status user_agent
        timestamp user_id agent_name agent_email
    """,
    "ring_attempts": """
        interaction_id contact_id batch_ring_id ring_attempt_id attempt_type ring_started_at_time
        ring_finished_at_time ring_attempt_duration user_name user_email team_name dial_attempts.queues
    """,
    "studio_flow_execution": f"""
        call_sid interaction_id destination_number origin_number flow_name flow_id component_title step_name
        exit time_in_step timestamp {FLOW_FINISHED} step_execution_order
    """,
    "messaging_contacts": """
        channel_type contact_id interaction_id contact_started_at contact_assigned_at contact_finished_at
        interaction_started_at interaction_finished_at contact_duration interaction_duration wrap-up_duration
        contact_handle_time interaction_handle_time first_response_time contact_finished_reason
        interaction_status direction contact_person_id contact_person_name contact_person_channel_identifier
        conversation touchpoint_identifier touchpoint_name queues handling_queues transfer_out
        is_virtual_agent virtual_agent_id virtual_agent_name user_id user_name direct_assignment_user_id
        direct_assignment_user disposition_name notes
    """,
    "outbound_dialer_calls": """
        interaction_id campaign_id campaign_agent_id campaign_transferred_agent_id record_id attempt_number
        call_started_time call_finished_time callback_mode customer_phone_number talkdesk_phone_number
        description disposition outbound_dialer_system_disposition sip_hangup_code team_name total_duration
        create_calls_analysis.in_queue create_calls_analysis.ringing_at_agent
        create_calls_analysis.ringing_at_customer create_calls_analysis.proactive_outbound_phone_type
        create_calls_analysis.outbound_dialer_record_extra_data
    """,
    "acw_time_data": "agent_id team_id started_at ring_groups_name acw_time_seconds_total",
    "talk_time_data": "agent_id team_id started_at ring_groups_name talk_time_seconds_total",
    "hold_time_data": "agent_id team_id started_at ring_groups_name hold_time_seconds_total",
    "inbound_contact_volume": "agent_id team_id started_at ring_groups_name in_contact_volume",
    "contact_online_time": "agent_id team_id started_at status_duration_seconds",
    "csat_score": "agent_id team_id sent_at ring_groups_name score",
    "qm_evaluation_analysis": """
        agent agent_id agent_name agent_email evaluation_id evaluator_id evaluator_name form_id form_name
        interaction_id question_id question_text question_answer question_type section_id section_name
        ring_group_names team_name evaluation_time evaluation_max_score evaluation_obtained_score
        evaluation_version section_max_score section_obtained_score question_max_score
        question_obtained_score branch_to first_evaluated_on header_id header_text interaction_reference
        form_element_mandatory interaction_channel interaction_date interaction_direction interaction_source
        interaction_type evaluation_element_text
    """,
}
FIELDS = {report: text.split() for report, text in FIELDS.items()} | {
    "feedback_flow": [
        "date time", "interaction id", "flow name", "component id", "component name", "component text",
        "component type", "response", "response state", "is kpi", "pertains to agent", "recording url",
        "agent name", "respondent phone number", "talkdesk phone number", GROUP, "team name",
        "interaction direction", "survey channel", "sms error", "touch point id", "touch point name",
        "touch point value",
    ],
}  # fmt: skip
#: The time that each report filters on, and the fields that make a row unique.
TIME_AND_KEY = {
    "calls": ("end_at", ["call_id"]),
    "explore_calls": ("end_time", ["interaction_id"]),
    "user_status": ("status_end_at", ["user_id", "status_start_at", "status_end_at", "status_label"]),
    "contacts": ("finished_at", ["contact_id"]),
    "audit_logs": ("timestamp", ["platform_tid"]),
    "ring_attempts": ("ring_finished_at_time", ["ring_attempt_id"]),
    "studio_flow_execution": (FLOW_FINISHED, ["interaction_id", "step_execution_order"]),
    "messaging_contacts": ("contact_finished_at", ["contact_id"]),
    "feedback_flow": ("date time", ["interaction id", "component id"]),
    "outbound_dialer_calls": ("call_finished_time", ["interaction_id"]),
    "acw_time_data": ("started_at", ["started_at", "agent_id", "ring_groups_name"]),
    "talk_time_data": ("started_at", ["started_at", "agent_id", "ring_groups_name"]),
    "hold_time_data": ("started_at", ["started_at", "agent_id", "ring_groups_name"]),
    "inbound_contact_volume": ("started_at", ["started_at", "agent_id", "ring_groups_name"]),
    "contact_online_time": ("started_at", ["started_at", "agent_id"]),
    "csat_score": ("sent_at", ["sent_at", "agent_id"]),
    "qm_evaluation_analysis": ("evaluation_time", ["evaluation_id", "question_id"]),
}
REPORTS = sorted(FIELDS)
IN_VAIN = ("Device Unavailable", "Ignored", "Rejected")


def at(text):
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@pytest.fixture(scope="module")
def rows():
    """Returns a function for the rows of a report, of two weeks over the end of a month."""
    found = {}
    with Sandbox() as sandbox:

        def of(report):
            if report not in found:
                found[report] = sandbox.rows(report, *WEEKS, api="explore")
            return found[report]

        yield of


@pytest.mark.parametrize("report", REPORTS)
def test_a_file_holds_exactly_the_rows_of_its_span(explore, report):
    content = explore.download(explore.job_id(report), report).json()

    truth = explore.sandbox.rows(report, *DAY, api="explore")
    assert truth
    assert content["entries"] == truth
    assert content["total"] == len(truth)
    names = list(content)
    assert (names[0], names[-1]) == ("entries", "total")
    extra = {"type": report, "version": "v1"} if report in ("calls", "user_status") else {}
    assert {name: content[name] for name in content if name not in ("entries", "total")} == extra


@pytest.mark.parametrize("report", REPORTS)
def test_a_csv_file_holds_the_same(explore, report):
    text = explore.download(explore.job_id(report, format="csv"), report).content.decode()

    header, *lines = csv.reader(io.StringIO(text, newline=""))
    truth = explore.sandbox.rows(report, *DAY, api="explore")
    assert len(header) == len(FIELDS[report])
    assert len(lines) == len(truth)
    assert (header == FIELDS[report]) == (report not in ("contacts", "studio_flow_execution"))
    first = [value for value in truth[0].values() if isinstance(value, str)]
    assert first == [
        cell for cell, value in zip(lines[0], truth[0].values(), strict=True) if isinstance(value, str)
    ]


def test_some_csv_files_have_display_names(explore):
    def header(report):
        return explore.download(explore.job_id(report, format="csv"), report).text.splitlines()[0].split(",")

    contacts, steps = header("contacts"), header("studio_flow_execution")

    known = {"Interaction ID", "Contact ID", "Phone Display Name", "Direction", "Contact Type", "Started At"}
    assert known | {"Ring Groups"} <= set(contacts)
    assert {"Flow Name", "Timestamp", "Interaction_ID", "Flow Execution Finished Time"} <= set(steps)


@pytest.mark.parametrize("report", REPORTS)
def test_every_row_has_the_documented_fields_in_order(rows, report):
    assert {tuple(row) for row in rows(report)} == {tuple(FIELDS[report])}


@pytest.mark.parametrize("report", REPORTS)
def test_every_row_is_in_its_timespan_in_order_with_a_unique_key(rows, report):
    time, key = TIME_AND_KEY[report]

    times = [at(row[time]) for row in rows(report)]

    assert times == sorted(times)
    assert WEEKS[0] <= times[0]
    assert times[-1] < WEEKS[1]
    assert len({tuple(row[name] for name in key) for row in rows(report)}) == len(times)


@pytest.mark.parametrize("report", REPORTS)
def test_adjoining_timespans_have_no_overlap_and_no_gap(rows, report):
    piece, pieces, start = timedelta(hours=31, minutes=13, seconds=1, milliseconds=500), [], WEEKS[0]
    with Sandbox() as sandbox:
        while start < WEEKS[1]:
            end = min(start + piece, WEEKS[1])
            pieces += sandbox.rows(report, start, end, api="explore")
            start = end

    assert pieces == rows(report)


@pytest.mark.parametrize("report", REPORTS)
def test_a_row_belongs_to_the_span_that_begins_with_it(explore, report):
    time = TIME_AND_KEY[report][0]
    row = explore.sandbox.rows(report, *DAY, api="explore")[-1]
    boundary = at(row[time])

    before = explore.sandbox.rows(report, DAY[0], boundary, api="explore")
    after = explore.sandbox.rows(report, boundary, DAY[1], api="explore")

    assert row in after
    assert row not in before


def test_calls_can_have_the_members_of_each_payload(open_explore):
    older, like = open_explore(calls_payload="2025"), open_explore(calls_payload="explore_like")

    old = older.download(older.job_id()).json()
    announced = like.download(like.job_id()).json()

    assert [*old["entries"][0]] == [*FIELDS["calls"][:36], "mood", "is_mood_prompted"]
    assert re.fullmatch(r"2024-05-13 \d\d:\d\d:\d\d", old["entries"][0]["end_at"])
    assert [*announced["entries"][0]] == FIELDS["explore_calls"]
    assert announced["type"] == "calls"
    assert {row["call_id"] for row in old["entries"]} == {
        row["interaction_id"] for row in announced["entries"]
    }


@pytest.mark.parametrize(
    ("options", "name", "kind"),
    [
        ({}, "dial_attempts.queues", list),
        ({"queues_field": "dial_attempts_queues"}, "dial_attempts_queues", list),
        ({"queues_form": "text"}, "dial_attempts.queues", str),
        ({"queues_field": ""}, None, None),
    ],
)
def test_the_queues_of_an_attempt_have_more_than_one_form(open_explore, options, name, kind):
    explore = open_explore(**options)
    rows = explore.download(explore.job_id("ring_attempts"), "ring_attempts").json()["entries"]
    header = explore.download(explore.job_id("ring_attempts", format="csv"), "ring_attempts").text

    fields = [field for field in FIELDS["ring_attempts"] if field != "dial_attempts.queues"]
    assert [*rows[0]] == fields + ([name] if name else []) == header.split("\r\n")[0].split(",")
    if name:
        assert {type(row[name]) for row in rows} == {kind}
    assert rows == explore.sandbox.rows("ring_attempts", *DAY, api="explore")


def test_fields_of_the_data_dictionary_can_be_there_or_not(open_explore):
    with_them = open_explore(flow_execution_id=True, short_hours=True, calls_per_day=900)
    without = open_explore(evaluation_element_text=False)

    def entries(explore, report):
        return explore.download(explore.job_id(report), report).json()["entries"]

    steps, evaluations = (
        entries(with_them, name) for name in ("studio_flow_execution", "qm_evaluation_analysis")
    )
    runs = {(row["interaction_id"], row["flow_execution_id"]) for row in steps}
    assert len(runs) == len({row["interaction_id"] for row in steps})
    assert any(re.fullmatch(r"2024-05-13 \d:\d\d:\d\d", row["evaluation_time"]) for row in evaluations)
    texts = {(row["question_type"], bool(row["evaluation_element_text"])) for row in evaluations}
    assert texts == {("TextQuestion", True), ("MultipleChoiceQuestion", False)}
    assert "evaluation_element_text" not in entries(without, "qm_evaluation_analysis")[0]


def test_times_and_durations_are_written_as_in_the_documents(rows):
    seconds = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["end_at"]) for row in rows("calls"))
    assert all(re.fullmatch(seconds + r"\.\d{3}", row["timestamp"]) for row in rows("audit_logs"))
    assert all(re.fullmatch(seconds, row["finished_at"]) for row in rows("contacts"))
    for row in rows("messaging_contacts"):
        assert re.fullmatch(r"\dd \d+h \d+m \d+s", row["first_response_time"])
        assert isinstance(row["wrap-up_duration"], float)
    assert 0.000069444446 in {row["waiting_time"] for row in rows("explore_calls")}
    assert any("e-" in repr(row["time_in_step"]) for row in rows("studio_flow_execution"))


@pytest.mark.parametrize(
    ("report", "field", "values"),
    [
        ("explore_calls", "transfer?", {"Yes", "No"}),
        ("explore_calls", "in_business_hours?", {"TRUE", "FALSE"}),
        ("calls", "agent_disconnected", {"Yes", "No"}),
        ("calls", "user_voice_rating", {0, 1, 2, 3, 4, 5}),
        ("calls", "is_callback_from_queue", {True, False, None}),
        ("contacts", "direction", {"IN", "OUT"}),
        ("contacts", "callback", {"Yes", "No", None}),
        ("contacts", "transfer_in_type", {"Warm", "Blind", None}),
        ("contacts", "disconnected_by_agent", {"Yes", "No", None}),
        ("messaging_contacts", "is_virtual_agent", {"YES", "NO"}),
        ("messaging_contacts", "transfer_out", {"Yes", "No"}),
        ("ring_attempts", "attempt_type", {"Answered", "Canceled", *IN_VAIN}),
        ("qm_evaluation_analysis", "question_type", {"MultipleChoiceQuestion", "TextQuestion"}),
        ("qm_evaluation_analysis", "evaluation_version", {0, 1}),
        ("feedback_flow", "is kpi", {"Yes", "No"}),
        ("feedback_flow", "pertains to agent", {"Yes", "No"}),
        ("csat_score", "score", {1, 2, 3, 4, 5}),
    ],
)  # fmt: skip
def test_every_value_of_a_kind_occurs(rows, report, field, values):
    assert {row[field] for row in rows(report)} == values


@pytest.mark.parametrize(
    ("report", "fields"),
    [
        ("calls", "call_id callsid type start_at end_at total_time talk_time total_ringing_time ring_groups"),
        ("contacts", "interaction_id contact_id company_number started_at finished_at duration transfer_in"),
        (
            "user_status",
            "user_id user_name user_email status_label status_start_at status_end_at status_time",
        ),
        ("ring_attempts", "interaction_id contact_id ring_attempt_id ring_finished_at_time user_name"),
        ("studio_flow_execution", f"call_sid interaction_id timestamp step_execution_order {FLOW_FINISHED}"),
        ("audit_logs", "platform_tid timestamp operation resource_id ip_addresses"),
        ("qm_evaluation_analysis", "evaluation_id question_id evaluation_time evaluation_version"),
    ],
)
def test_a_value_that_is_never_null_is_not_null(rows, report, fields):
    assert all(row[name] is not None for row in rows(report) for name in fields.split())


def test_lists_are_lists_and_null_is_null(rows):
    assert {type(row["ip_addresses"]) for row in rows("audit_logs")} == {list}
    assert {len(row["ip_addresses"]) for row in rows("audit_logs")} == {0, 1, 2}
    assert {row["team_id"] is None for row in rows("user_status")} == {True, False}
    assert {row["user_id"] is None for row in rows("audit_logs")} == {True, False}
    assert {row["question_max_score"] is None for row in rows("qm_evaluation_analysis")} == {True, False}
    assert {row["direct_assignment_user"] for row in rows("contacts")} >= {None, "External Phone Number"}


def test_each_seed_gives_other_rows_and_no_calls_give_no_rows():
    with Sandbox(seed=2) as other, Sandbox(calls_per_day=0) as idle, Sandbox() as one:
        for report in REPORTS:
            assert other.rows(report, *DAY, api="explore") != one.rows(report, *DAY, api="explore")
            if report not in ("user_status", "audit_logs", "contact_online_time"):
                assert idle.rows(report, *DAY, api="explore") == []


def test_the_documented_reports_are_all_there():
    with pytest.raises(ValueError, match="reports are") as refused:
        Sandbox(forbidden_reports=["walls"], explore=Explore())

    assert all(report in str(refused.value) for report in REPORTS)
