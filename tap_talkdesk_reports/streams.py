"""What each stream is: a declaration, and a schema of the same name in `schemas`. No logic."""

from __future__ import annotations

from tap_talkdesk_reports.report_stream import ReportStream


class CallsStream(ReportStream):
    """Calls, each in the timespan in which it ended.

    Source: the seed document, "Downloading a report file";
    https://docs.talkdesk.com/docs/calls-report-reporting
    """

    name = "calls"
    primary_keys = ("callsid",)
    replication_key = "end_at"
    never_null = (
        "type",
        "talkdesk_phone_number",
        "contact_phone_number",
        "ring_groups",
        "ivr_options",
        "hangup",
    )


class UserStatusStream(ReportStream):
    """Stretches of time that users spent in a status, each in the timespan in which it ended.

    Source: https://docs.talkdesk.com/docs/user-status-report. No key is documented.
    A status is cut in two at the end of a month and at a change of team, so that
    all of user, start, end and label are needed to tell rows apart.
    """

    name = "user_status"
    primary_keys = ("user_id", "status_start_at", "status_end_at", "status_label")
    replication_key = "status_end_at"
    never_null = ("user_name", "user_email", "status_label")


STREAMS = (CallsStream, UserStatusStream)
