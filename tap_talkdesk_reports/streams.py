"""Declares each stream: name, keys, replication key, `_row_id` fields, selection by default. No logic.

Its schema has the same name in `schemas`. If the key is `_row_id`, `row_id_fields` lists
the fields that identify a row and do not change (talkdesk-api, part C).
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
    """A report of the Explore API, read only if it is selected: few accounts may use all reports."""

    schemas = SchemaDirectory(explore)
    selected_by_default = False


class ReportingCalls(ReportingStream):
    """Calls. Source: the seed document; https://docs.talkdesk.com/docs/calls-report-reporting."""

    name = "calls"
    primary_keys = ("callsid",)
    replication_key = "end_at"
    never_null = (*payloads.CALLS_NEVER_NULL, "hangup")


class ReportingUserStatus(ReportingStream):
    """Statuses of users. Source: https://docs.talkdesk.com/docs/user-status-report.

    No key is documented. Talkdesk splits a status at the end of a month and at a change of
    team. Label and team may be empty, and so may the end: a status that had none and ends
    later is a second row.
    """

    name = "user_status"
    primary_keys = (ROW_ID,)
    row_id_fields = payloads.STATUS_ROW_ID
    replication_key = "status_end_at"
    never_null = ("user_name", "user_email", "status_label")


class Calls(ExploreStream):
    """Calls. Source: https://docs.talkdesk.com/docs/calls-report.

    The page showed two payloads in 2026, and clients knew the later one before. Both load:
    fields that only differ in name are aliases. In the other payload durations are
    fractions of a day.
    """

    name = "calls"
    selected_by_default = True
    primary_keys = ("call_id",)
    replication_key = "end_at"
    never_null = (*payloads.CALLS_NEVER_NULL, "callsid", "csat_survey_time", "rating_reason")
    aliases = payloads.CALLS_ALIASES
    day_fractions = payloads.CALLS_DAY_FRACTIONS


class ExploreCalls(ExploreStream):
    """The user interface's Calls report. Source: https://docs.talkdesk.com/docs/explore-calls-report.

    Talkdesk changed its payload for all requests from 2026-05-11 on. Nobody outside Talkdesk
    has published the new one: these columns are those of the payload before, and a field
    that is new arrives in `_unknown_fields`.
    """

    name = "explore_calls"
    primary_keys = ("interaction_id",)
    replication_key = "end_time"
    never_null = ("call_type", "csat_survey_time", "ivr_options", "rating_reason", "tags")


class UserStatus(ExploreStream):
    """Statuses of users. Source: https://docs.talkdesk.com/docs/user-status-explore.

    Talkdesk warns of apparent repeats, at the end of a month and at a change of team or
    campaign. The digest distinguishes them. Team and end may be null.
    """

    name = "user_status"
    selected_by_default = True
    primary_keys = (ROW_ID,)
    row_id_fields = payloads.STATUS_ROW_ID
    replication_key = "status_end_at"
    never_null = ("user_name", "user_email", "status_label", "ring_groups")


class Contacts(ExploreStream):
    """Contacts. Source: https://data-dictionary.talkdesk.com/docs/contacts-report."""

    name = "contacts"
    primary_keys = ("contact_id",)
    replication_key = "finished_at"


class AuditLogs(ExploreStream):
    """Audited operations. Source: https://docs.talkdesk.com/docs/audit-logs-report."""

    name = "audit_logs"
    primary_keys = (ROW_ID,)
    row_id_fields = ("platform_tid", "timestamp", "generator_name", "operation", "resource_id", "actor_id")
    replication_key = "timestamp"


class RingAttempts(ExploreStream):
    """Attempts to ring a user. Known from other programs only (talkdesk-api, C6)."""

    name = "ring_attempts"
    primary_keys = ("ring_attempt_id",)
    replication_key = "ring_finished_at_time"


class StudioFlowExecution(ExploreStream):
    """Executed steps. Source: https://docs.talkdesk.com/docs/studio-flow-execution-report.

    `flow_id` identifies the flow and not its execution, and a loop passes the same step
    again within a second. Only the order distinguishes such rows, and the id of the
    execution, if the file has it.
    """

    name = "studio_flow_execution"
    primary_keys = (ROW_ID,)
    row_id_fields = payloads.STUDIO_ROW_ID
    replication_key = "studio_flow_executions_aggregated_flow_execution_finished_time"
    aliases = payloads.STUDIO_ALIASES


class MessagingContacts(ExploreStream):
    """Messaging contacts. Source: https://docs.talkdesk.com/docs/messaging-contacts-report."""

    name = "messaging_contacts"
    primary_keys = ("contact_id",)
    replication_key = "contact_finished_at"
    never_null = ("contact_person_name",)


class FeedbackFlow(ExploreStream):
    """Questions and answers. Source: https://data-dictionary.talkdesk.com/docs/feedback-flow.

    No fields are known that identify a row for good, so its digest is over the whole row.
    """

    name = "feedback_flow"
    primary_keys = (ROW_ID,)
    replication_key = "date_time"


class OutboundDialerCalls(ExploreStream):
    """Calls of the outbound dialer. Known from other programs only (talkdesk-api, C11)."""

    name = "outbound_dialer_calls"
    primary_keys = (ROW_ID,)
    row_id_fields = ("interaction_id", "campaign_id", "record_id", "attempt_number", "call_started_time")
    replication_key = "call_finished_time"


class QmEvaluationAnalysis(ExploreStream):
    """Questions of evaluations. Source: https://data-dictionary.talkdesk.com/docs/qm-evaluation-analysis."""

    name = "qm_evaluation_analysis"
    primary_keys = (ROW_ID,)
    row_id_fields = ("evaluation_id", "question_id", "evaluation_version", "section_id", "header_id")
    replication_key = "evaluation_time"
    never_null = ("evaluator_name",)


class CsatScore(ExploreStream):
    """Scores of surveys. Only the whole row is known to identify one (talkdesk-api, C12)."""

    name = "csat_score"
    primary_keys = (ROW_ID,)
    replication_key = "sent_at"


class AgentTotals(ExploreStream):
    """The common declaration of the totals for each agent and stretch of time (talkdesk-api, C12)."""

    primary_keys = (ROW_ID,)
    row_id_fields: ClassVar[Sequence[str]] = ("agent_id", "team_id", "started_at", "ring_groups_name")
    replication_key = "started_at"


class AcwTimeData(AgentTotals):
    """Totals of after-call work."""

    name = "acw_time_data"


class TalkTimeData(AgentTotals):
    """Totals of talking."""

    name = "talk_time_data"


class HoldTimeData(AgentTotals):
    """Totals of holding."""

    name = "hold_time_data"


class InboundContactVolume(AgentTotals):
    """Numbers of inbound contacts."""

    name = "inbound_contact_volume"


class ContactOnlineTime(AgentTotals):
    """Totals of time online; not divided by ring groups."""

    name = "contact_online_time"
    row_id_fields = ("agent_id", "team_id", "started_at")


class ReportFiles(EvidenceStream):
    """What was read: one record for each report file, in both APIs."""

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
