"""All reports of Explore, and which of them have display names in CSV."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from talkdesk_sandbox.reports.explore.audit_logs import AUDIT_LOGS
from talkdesk_sandbox.reports.explore.calls import CALLS, EXPLORE_CALLS
from talkdesk_sandbox.reports.explore.contacts import CONTACTS
from talkdesk_sandbox.reports.explore.hourly_totals import (
    ACW_TIME_DATA,
    CONTACT_ONLINE_TIME,
    HOLD_TIME_DATA,
    INBOUND_CONTACT_VOLUME,
    TALK_TIME_DATA,
)
from talkdesk_sandbox.reports.explore.messaging_contacts import MESSAGING_CONTACTS
from talkdesk_sandbox.reports.explore.notation import with_short_hour
from talkdesk_sandbox.reports.explore.options import Explore
from talkdesk_sandbox.reports.explore.outbound_dialer_calls import OUTBOUND_DIALER_CALLS
from talkdesk_sandbox.reports.explore.qm_evaluation_analysis import ELEMENT_TEXT, QM_EVALUATION_ANALYSIS
from talkdesk_sandbox.reports.explore.ring_attempts import QUEUES, RING_ATTEMPTS
from talkdesk_sandbox.reports.explore.studio_flow_execution import RUN, STUDIO_FLOW_EXECUTION
from talkdesk_sandbox.reports.explore.surveys import CSAT_SCORE, FEEDBACK_FLOW
from talkdesk_sandbox.reports.explore.user_status import USER_STATUS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from talkdesk_sandbox.reports.explore.report import Report
    from talkdesk_sandbox.reports.reporting import Value


def _displayed(report: Report) -> Report:
    """Returns a report with display names in CSV: `Interaction ID` for `interaction_id`."""
    words = (name.rpartition(".")[2].split("_") for name in report.fields)
    shown = (" ".join("ID" if word == "id" else word.capitalize() for word in each) for each in words)
    return replace(report, display_names=tuple(shown))


def reports_of(options: Explore) -> Mapping[str, Report]:
    """Returns all reports by name, as the options define them."""
    chosen = CALLS[options.calls_payload], _ring_attempts(options), _steps(options), _evaluations(options)
    return {report.name: report for report in (*chosen, *_OTHERS)}


def _ring_attempts(options: Explore) -> Report:
    if options.queues_form == "text" and options.queues_field:
        return RING_ATTEMPTS.with_field(QUEUES, options.queues_field, _joined)
    return RING_ATTEMPTS.with_field(QUEUES, options.queues_field)


def _joined(queues: Value) -> Value:
    return " + ".join(queues) if isinstance(queues, list) else queues


def _steps(options: Explore) -> Report:
    report = STUDIO_FLOW_EXECUTION if options.flow_execution_id else STUDIO_FLOW_EXECUTION.with_field(RUN, "")
    shown = _displayed(report)
    return replace(shown, display_names=tuple(_STEP_NAMES.get(name, name) for name in shown.display_names))


def _evaluations(options: Explore) -> Report:
    report = QM_EVALUATION_ANALYSIS
    if options.short_hours:
        report = report.with_field("evaluation_time", change=lambda at: with_short_hour(str(at)))
    return report if options.evaluation_element_text else report.with_field(ELEMENT_TEXT, "")


#: Observed with an underscore in CSV files of `studio_flow_execution`.
_STEP_NAMES = {"Interaction ID": "Interaction_ID"}


_OTHERS = (
    EXPLORE_CALLS,
    USER_STATUS,
    _displayed(CONTACTS),
    AUDIT_LOGS,
    MESSAGING_CONTACTS,
    FEEDBACK_FLOW,
    CSAT_SCORE,
    OUTBOUND_DIALER_CALLS,
    ACW_TIME_DATA,
    TALK_TIME_DATA,
    HOLD_TIME_DATA,
    INBOUND_CONTACT_VOLUME,
    CONTACT_ONLINE_TIME,
)
NAMES = frozenset(reports_of(Explore()))
