"""Says of payloads what no schema can: other names, fractions of a day, empty texts, what identifies a row.

Data only.
"""

#: Text fields of both `calls` reports that the API fills with `""` instead of null.
CALLS_NEVER_NULL = ("type", "talkdesk_phone_number", "contact_phone_number", "ring_groups", "ivr_options")

#: What identifies a status in both `user_status` reports.
STATUS_ROW_ID = ("user_id", "status_label", "status_start_at", "status_end_at", "team_id")

#: What identifies an executed step. The id of the execution is not in every file.
STUDIO_ROW_ID = (
    "interaction_id",
    "flow_id",
    "flow_execution_id",
    "step_execution_order",
    "timestamp",
    "step_name",
    "exit",
)

#: Columns of the Explore API's `calls`, by the names of its other payload.
CALLS_ALIASES = {
    "interaction_id": "call_id",
    "call_type": "type",
    "start_time": "start_at",
    "end_time": "end_at",
    "customer_phone_number": "contact_phone_number",
    "phone_display_name": "talkdesk_phone_display_name",
    "agent_name": "user_name",
    "waiting_time": "wait_time",
    "holding_time": "hold_time",
    "agent_speed_to_answer": "agent_speed_to_answer_time",
    "record": "recording_url",
    "in_business_hours": "is_in_business_hours",
    "callback_from_queue": "is_callback_from_queue",
    "transfer": "is_transfer",
    "handling_agent": "handling_user_name",
    "team": "team_name",
    "tags": "ring_groups",
    "calls_historical_base_data_status": "data_status",
    "mood_prompted": "is_mood_prompted",
    "rating": "user_voice_rating",
    "description": "notes",
}

#: Durations of that payload. They are fractions of a day; all other durations of `calls` are seconds.
CALLS_DAY_FRACTIONS = ("talk_time", "waiting_time", "holding_time", "agent_speed_to_answer")

#: Columns of `studio_flow_execution`. The name of the dotted field in CSV files is not documented; a shorter
#: one is likely.
STUDIO_ALIASES = {
    "flow_execution_finished_time": "studio_flow_executions_aggregated_flow_execution_finished_time"
}
