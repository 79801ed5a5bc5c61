"""Declares each stream: name, keys, replication key, `_row_id` fields, selection by default. No logic.

Its schema has the same name in `schemas`. If the key is `_row_id`, `row_id_fields` lists
the fields that identify a row and do not change (talkdesk-api, part C). `docs/streams.md`
repeats what a docstring says after its first sentence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from singer_sdk import SchemaDirectory

from tap_talkdesk_reports import schemas
from tap_talkdesk_reports.config.catalog import REPORT_FILES
from tap_talkdesk_reports.records.schema import ROW_ID
from tap_talkdesk_reports.schemas import explore, payloads, reporting
from tap_talkdesk_reports.sync.evidence import EvidenceStream
from tap_talkdesk_reports.sync.report_stream import ReportStream

if TYPE_CHECKING:
    from collections.abc import Sequence


class ReportingStream(ReportStream):
    """A report of the Reporting API."""

    schemas = SchemaDirectory(reporting)


class ExploreStream(ReportStream):
    """A report of the Explore API, not selected by default: few accounts may use all reports."""

    schemas = SchemaDirectory(explore)
    selected_by_default = False


class ReportingCalls(ReportingStream):
    """Reads calls. Source: https://docs.talkdesk.com/docs/calls-report-reporting."""

    name = "calls"
    primary_keys = ("callsid",)
    replication_key = "end_at"
    never_null = (*payloads.CALLS_NEVER_NULL, "hangup")


class ReportingUserStatus(ReportingStream):
    """Reads statuses of users. Source: https://docs.talkdesk.com/docs/user-status-report.

    No key is documented. Talkdesk splits a status at the end of a month and at a change of
    team. Label, team and end may be empty. If a status has no end and gets one later, it
    appears as a second row.
    """

    name = "user_status"
    primary_keys = (ROW_ID,)
    row_id_fields = payloads.STATUS_ROW_ID
    replication_key = "status_end_at"
    never_null = ("user_name", "user_email", "status_label")


class Calls(ExploreStream):
    """Reads calls. Source: https://docs.talkdesk.com/docs/calls-report.

    Talkdesk's page showed two payloads in 2026, and other programs knew the second one
    before. The tap loads both. A field with another name in the first payload arrives in the
    column of the second. The first payload has durations as fractions of a day; the tap
    converts them to seconds.
    """

    name = "calls"
    selected_by_default = True
    primary_keys = ("call_id",)
    replication_key = "end_at"
    never_null = (*payloads.CALLS_NEVER_NULL, "callsid", "csat_survey_time", "rating_reason")
    aliases = payloads.CALLS_ALIASES
    day_fractions = payloads.CALLS_DAY_FRACTIONS


class ExploreCalls(ExploreStream):
    """Reads the user interface's calls. Source: https://docs.talkdesk.com/docs/explore-calls-report.

    Talkdesk changed the payload for all requests from 2026-05-11 on. The new payload is not
    published, so these are the columns of the earlier one. New fields arrive in
    `_unknown_fields`.
    """

    name = "explore_calls"
    primary_keys = ("interaction_id",)
    replication_key = "end_time"
    never_null = ("call_type", "csat_survey_time", "ivr_options", "rating_reason", "tags")


class UserStatus(ExploreStream):
    """Reads statuses of users. Source: https://docs.talkdesk.com/docs/user-status-explore.

    Talkdesk warns of rows that look like repeats, at the end of a month and at a change of
    team or campaign. They have different values of `_row_id`. Team and end may be null.
    """

    name = "user_status"
    selected_by_default = True
    primary_keys = (ROW_ID,)
    row_id_fields = payloads.STATUS_ROW_ID
    replication_key = "status_end_at"
    never_null = ("user_name", "user_email", "status_label", "ring_groups")


class Contacts(ExploreStream):
    """Reads contacts. Source: https://data-dictionary.talkdesk.com/docs/contacts-report."""

    name = "contacts"
    primary_keys = ("contact_id",)
    replication_key = "finished_at"


class AuditLogs(ExploreStream):
    """Reads audited operations. Source: https://docs.talkdesk.com/docs/audit-logs-report."""

    name = "audit_logs"
    primary_keys = (ROW_ID,)
    row_id_fields = ("platform_tid", "timestamp", "generator_name", "operation", "resource_id", "actor_id")
    replication_key = "timestamp"


class RingAttempts(ExploreStream):
    """Reads attempts to ring a user. This report is known from other programs only (talkdesk-api, C6)."""

    name = "ring_attempts"
    primary_keys = ("ring_attempt_id",)
    replication_key = "ring_finished_at_time"


class StudioFlowExecution(ExploreStream):
    """Reads executed steps. Source: https://docs.talkdesk.com/docs/studio-flow-execution-report.

    `flow_id` identifies the flow, and not its execution. A loop may pass the same step
    twice within a second. Such rows differ only in the order, and in the id of the
    execution if the file has it.
    """

    name = "studio_flow_execution"
    primary_keys = (ROW_ID,)
    row_id_fields = payloads.STUDIO_ROW_ID
    replication_key = "studio_flow_executions_aggregated_flow_execution_finished_time"
    aliases = payloads.STUDIO_ALIASES


class MessagingContacts(ExploreStream):
    """Reads messaging contacts. Source: https://docs.talkdesk.com/docs/messaging-contacts-report."""

    name = "messaging_contacts"
    primary_keys = ("contact_id",)
    replication_key = "contact_finished_at"
    never_null = ("contact_person_name",)


class FeedbackFlow(ExploreStream):
    """Reads questions and answers. Source: https://data-dictionary.talkdesk.com/docs/feedback-flow.

    No fields are known that identify a row permanently.
    """

    name = "feedback_flow"
    primary_keys = (ROW_ID,)
    replication_key = "date_time"


class OutboundDialerCalls(ExploreStream):
    """Reads outbound dialer calls. This report is known from other programs only (talkdesk-api, C11)."""

    name = "outbound_dialer_calls"
    primary_keys = (ROW_ID,)
    row_id_fields = ("interaction_id", "campaign_id", "record_id", "attempt_number", "call_started_time")
    replication_key = "call_finished_time"


class QmEvaluationAnalysis(ExploreStream):
    """Reads evaluations. Source: https://data-dictionary.talkdesk.com/docs/qm-evaluation-analysis."""

    name = "qm_evaluation_analysis"
    primary_keys = (ROW_ID,)
    row_id_fields = ("evaluation_id", "question_id", "evaluation_version", "section_id", "header_id")
    replication_key = "evaluation_time"
    never_null = ("evaluator_name",)


class CsatScore(ExploreStream):
    """Reads scores of surveys. No fields are known that identify a row permanently (talkdesk-api, C12)."""

    name = "csat_score"
    primary_keys = (ROW_ID,)
    replication_key = "sent_at"


class AgentTotals(ExploreStream):
    """Declares what the totals per agent and period have in common (talkdesk-api, C12)."""

    primary_keys = (ROW_ID,)
    row_id_fields: ClassVar[Sequence[str]] = ("agent_id", "team_id", "started_at", "ring_groups_name")
    replication_key = "started_at"


class AcwTimeData(AgentTotals):
    """Reads totals of after-call work."""

    name = "acw_time_data"


class TalkTimeData(AgentTotals):
    """Reads totals of talk time."""

    name = "talk_time_data"


class HoldTimeData(AgentTotals):
    """Reads totals of hold time."""

    name = "hold_time_data"


class InboundContactVolume(AgentTotals):
    """Reads numbers of inbound contacts."""

    name = "inbound_contact_volume"


class ContactOnlineTime(AgentTotals):
    """Reads totals of time online, which are not divided by ring groups."""

    name = "contact_online_time"
    row_id_fields = ("agent_id", "team_id", "started_at")


class ReportFiles(EvidenceStream):
    """Writes one record for each report file that was read, in both APIs."""

    schemas = SchemaDirectory(schemas)
    name = REPORT_FILES
    selected_by_default = False
    primary_keys = ("stream", "timespan_start", "timespan_end", "job_id")
    replication_key = "read_at"


REPORTING_STREAMS = (ReportingCalls, ReportingUserStatus)
EXPLORE_STREAMS = (
    Calls,
    UserStatus,
    ExploreCalls,
    Contacts,
    RingAttempts,
    StudioFlowExecution,
    AuditLogs,
    MessagingContacts,
    FeedbackFlow,
    CsatScore,
    OutboundDialerCalls,
    QmEvaluationAnalysis,
    AcwTimeData,
    TalkTimeData,
    HoldTimeData,
    InboundContactVolume,
    ContactOnlineTime,
)
