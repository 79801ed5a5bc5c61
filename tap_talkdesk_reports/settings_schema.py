"""What the settings are, as the SDK wants to know them. Names are the contract with those who run the tap."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

API_URL = "https://api.talkdeskapp.com"

CREDENTIALS = ("account", "client_id", "client_secret", "username", "password")

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "account",
        th.StringType,
        required=True,
        title="Account",
        description="Account name: the first label of the address at which you sign in to Talkdesk.",
    ),
    th.Property(
        "client_id",
        th.StringType,
        required=True,
        title="Client id",
        description="Id of the API client that Talkdesk issued.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        required=True,
        secret=True,
        title="Client secret",
        description="Secret of the API client.",
    ),
    th.Property(
        "client_version",
        th.StringType,
        default="1",
        title="Client version",
        description="Version of the API client, as issued with it.",
    ),
    th.Property(
        "username",
        th.StringType,
        required=True,
        title="User name",
        description="Talkdesk user in whose name reports are made, usually an e-mail address.",
    ),
    th.Property(
        "password",
        th.StringType,
        required=True,
        secret=True,
        title="Password",
        description="Password of that user.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="API address",
        description=(
            f"Base address of the API, by default {API_URL}. Plain http is refused except on loopback."
        ),
    ),
    th.Property(
        "token_url",
        th.StringType,
        title="Token address",
        description="Address of the sign-in call, by default `/auth/token` below the API address.",
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        required=True,
        title="Start date",
        description="First instant wanted. A date alone is 00:00 UTC; a time without a zone is UTC.",
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End date",
        description="First instant not wanted. By default now less the availability delay.",
    ),
    th.Property(
        "timespan_hours",
        th.IntegerType(minimum=1, maximum=720),
        default=168,
        title="Timespan in hours",
        description="Length of the timespan of one report job.",
    ),
    th.Property(
        "availability_delay_minutes",
        th.IntegerType(minimum=0),
        default=60,
        title="Availability delay in minutes",
        description="How far behind now the data is settled. Talkdesk's documents say one hour.",
    ),
    th.Property(
        "lookback_hours",
        th.IntegerType(minimum=0),
        default=0,
        title="Lookback in hours",
        description="Read this much before the bookmark again, for fields that people fill in later.",
    ),
    th.Property(
        "format",
        th.StringType(allowed_values=["json", "csv"]),
        default="json",
        title="Format",
        description="Format to ask report files in.",
    ),
    th.Property(
        "max_concurrent_jobs",
        th.IntegerType(minimum=1, maximum=15),
        default=5,
        title="Jobs at once",
        description="Report jobs at once, over all streams. An account has 15 for all its users.",
    ),
    th.Property(
        "job_timeout_minutes",
        th.IntegerType(minimum=1),
        default=60,
        title="Job timeout in minutes",
        description="A report job that takes longer is given up.",
    ),
    th.Property(
        "request_timeout_seconds",
        th.IntegerType(minimum=1),
        default=60,
        title="Request timeout in seconds",
        description="A request without a byte for this long is dead.",
    ),
    th.Property(
        "delete_report_files",
        th.BooleanType,
        default=False,
        title="Delete report files",
        description="Delete each report file at Talkdesk once the bookmark behind it is out.",
    ),
    th.Property(
        "unknown_fields",
        th.StringType(allowed_values=["keep", "warn", "fail"]),
        default="keep",
        title="Unknown fields",
        description=(
            "Fields that the schema does not know, and values that do not fit their type: `keep` them as "
            "JSON in the column `_unknown_fields`, `warn` and leave them out, or `fail` the stream."
        ),
    ),
    th.Property(
        "spool_dir",
        th.StringType,
        title="Spool directory",
        description="Where report files wait to be read, as anonymous temporary files.",
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="Sent with each request; by default this tap's name and version.",
    ),
).to_dict()
