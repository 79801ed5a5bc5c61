"""Gives the columns of fields that another payload of a report names differently. Data only."""

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
}

#: Columns of `studio_flow_execution`. The name of the dotted field in CSV files is not documented; a shorter
#: one is likely.
STUDIO_ALIASES = {
    "flow_execution_finished_time": "studio_flow_executions_aggregated_flow_execution_finished_time"
}
