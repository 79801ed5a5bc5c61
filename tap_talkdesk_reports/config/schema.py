"""Declares the settings: name, type, default, bounds and description; also the regions and sign-in methods.

The names are the contract with the operator.
"""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

#: Base URL of the API, and domain of the sign-in host, in each region.
#: Source: https://docs.talkdesk.com/docs/how-to-guarantee-your-app-works-in-all-regions
REGIONS = {
    "us": ("https://api.talkdeskapp.com", "talkdeskid.com"),
    "eu": ("https://api.talkdeskapp.eu", "talkdeskid.eu"),
    "ca": ("https://api.talkdeskappca.com", "talkdeskidca.com"),
}

#: The settings that each sign-in method needs besides the account: OAuth, with a secret or a key, or a user's
#: password, which the Reporting API alone takes.
OAUTH_SIGN_INS = (("client_id", "client_secret"), ("client_id", "private_key", "key_id"))
PASSWORD_SIGN_IN = ("client_id", "client_secret", "username", "password")

#: The settings that a stream may have of its own, in `stream_settings`.
STREAM_SETTINGS = ("timespan_hours", "availability_delay_minutes", "lookback_hours")

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "api",
        th.StringType(allowed_values=["reporting", "explore"]),
        title="API",
        description=(
            "Which of Talkdesk's APIs to use; by default the Reporting API if there are username and "
            "password, else its successor, the Explore API. `reporting` without them signs in by OAuth."
        ),
    ),
    th.Property(
        "account",
        th.StringType,
        required=True,
        title="Account",
        description="Account name: the first label of the URL at which you sign in to Talkdesk.",
    ),
    th.Property(
        "client_id",
        th.StringType,
        title="Client id",
        description="Id of the API client or app, for both APIs.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        title="Client secret",
        description="Secret of the API client or app, for both APIs.",
    ),
    th.Property(
        "private_key",
        th.StringType,
        secret=True,
        title="Private key",
        description=(
            "OAuth, instead of the client secret: the app's private key as Talkdesk issued it, "
            "in base64, or as PEM."
        ),
    ),
    th.Property(
        "key_id",
        th.StringType,
        title="Key id",
        description="Id of the private key.",
    ),
    th.Property(
        "username",
        th.StringType,
        title="User name",
        description=(
            "Reporting API, password grant: user in whose name reports are made, usually an e-mail address."
        ),
    ),
    th.Property(
        "password",
        th.StringType,
        secret=True,
        title="Password",
        description="Reporting API, password grant: password of that user.",
    ),
    th.Property(
        "client_version",
        th.StringType,
        default="1",
        title="Client version",
        description="Reporting API, password grant: version of the API client, as issued with it.",
    ),
    th.Property(
        "region",
        th.StringType(allowed_values=list(REGIONS)),
        default="us",
        title="Region",
        description="Region of the account, which picks the hosts.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="API URL",
        description="Base URL of the API, instead of the region's. Plain http only on loopback.",
    ),
    th.Property(
        "token_url",
        th.StringType,
        title="Token URL",
        description=(
            "URL of the sign-in request, instead of the region's: `/oauth/token` on the account's sign-in "
            "host (OAuth), `/auth/token` below the API URL (password grant)."
        ),
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
        th.IntegerType(minimum=0, maximum=525_600),
        default=60,
        title="Availability delay in minutes",
        description="How far behind now the data is settled. Talkdesk's documents say one hour.",
    ),
    th.Property(
        "lookback_hours",
        th.IntegerType(minimum=0, maximum=87_600),
        default=0,
        title="Lookback in hours",
        description="Read this much before the bookmark again, for fields that are filled in later.",
    ),
    th.Property(
        "stream_settings",
        th.ObjectType(additional_properties=True),
        title="Settings of single streams",
        description=(
            "By stream name, each an object with any of `timespan_hours`, `availability_delay_minutes` and "
            "`lookback_hours` for that stream alone."
        ),
    ),
    th.Property(
        "format",
        th.StringType(allowed_values=["json", "csv"]),
        default="json",
        title="Format",
        description="Format of the report files.",
    ),
    th.Property(
        "max_concurrent_jobs",
        th.IntegerType(minimum=1, maximum=15),
        default=5,
        title="Concurrent jobs",
        description="Report jobs at the same time, over all streams. An account has 15 for all its users.",
    ),
    th.Property(
        "job_timeout_minutes",
        th.IntegerType(minimum=1, maximum=10_080),
        default=60,
        title="Job timeout in minutes",
        description="A report job that takes longer is abandoned.",
    ),
    th.Property(
        "stop_after_minutes",
        th.IntegerType(minimum=1, maximum=10_080),
        title="Stop after minutes",
        description=(
            "End the run cleanly after this long: at once if it only waits by then, else at the end of "
            "the file that is being read. The next run continues from there."
        ),
    ),
    th.Property(
        "request_timeout_seconds",
        th.IntegerType(minimum=1, maximum=3_600),
        default=60,
        title="Request timeout in seconds",
        description="A request that receives no byte for this long has failed.",
    ),
    th.Property(
        "delete_report_files",
        th.BooleanType,
        default=False,
        title="Delete report files",
        description="Delete each report file at Talkdesk after its bookmark is written.",
    ),
    th.Property(
        "unknown_fields",
        th.StringType(allowed_values=["keep", "warn", "fail"]),
        default="keep",
        title="Unknown fields",
        description=(
            "Fields that the schema does not know, and values that do not fit their type: `keep` them as "
            "JSON text in the column `_unknown_fields`, `warn` and leave them out, or `fail` the stream."
        ),
    ),
    th.Property(
        "spool_dir",
        th.StringType,
        title="Spool directory",
        description="Where report files wait to be read, as anonymous temporary files.",
    ),
    th.Property(
        "reports",
        th.ArrayType(th.ObjectType(additional_properties=True)),
        title="Custom reports",
        description=(
            "Explore API: further report types, each an object with `type`, `replication_key`, and "
            "optionally `keys`, `fields` (names and their types) and `name`."
        ),
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="Sent with each request; by default this tap's name and version.",
    ),
).to_dict()
