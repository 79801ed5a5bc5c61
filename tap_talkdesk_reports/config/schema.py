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
            "Which of Talkdesk's APIs to use: `explore` or `reporting`. Default: `reporting` if `username` "
            "or `password` is set, else `explore`. `reporting` without these two signs in with OAuth."
        ),
    ),
    th.Property(
        "account",
        th.StringType,
        required=True,
        title="Account",
        description=(
            "Account name: the first label of the URL where you sign in to Talkdesk (`acme` in "
            "`https://acme.mytalkdesk.com`)."
        ),
    ),
    th.Property(
        "client_id",
        th.StringType,
        title="Client id",
        description="Id of the OAuth app, or of the API client of the Reporting API.",
    ),
    th.Property(
        "client_secret",
        th.StringType,
        secret=True,
        title="Client secret",
        description="Secret of the OAuth app, or of the API client of the Reporting API.",
    ),
    th.Property(
        "private_key",
        th.StringType,
        secret=True,
        title="Private key",
        description=(
            "OAuth, instead of `client_secret`: the app's private key, in base64 as Talkdesk issued it, or "
            "as PEM."
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
        title="Username",
        description=(
            "Reporting API with a user's password: the user who creates the reports, usually an e-mail "
            "address."
        ),
    ),
    th.Property(
        "password",
        th.StringType,
        secret=True,
        title="Password",
        description="Reporting API with a user's password: the password.",
    ),
    th.Property(
        "client_version",
        th.StringType,
        default="1",
        title="Client version",
        description="Reporting API with a user's password: version of the API client, as Talkdesk issued it.",
    ),
    th.Property(
        "region",
        th.StringType(allowed_values=list(REGIONS)),
        default="us",
        title="Region",
        description="Region of the account: United States, Europe or Canada. Selects the hosts.",
    ),
    th.Property(
        "api_url",
        th.StringType,
        title="API URL",
        description=(
            "Base URL of the API. Overrides the URL of the region. Plain http is accepted on loopback only."
        ),
    ),
    th.Property(
        "token_url",
        th.StringType,
        title="Token URL",
        description=(
            "URL of the sign-in request. Overrides the URL of the region. OAuth: `/oauth/token` on the "
            "account's sign-in host. A user's password: `/auth/token` below `api_url`, or its other name "
            "`/token`."
        ),
    ),
    th.Property(
        "start_date",
        th.DateTimeType,
        required=True,
        title="Start date",
        description=(
            "Start of the data to load, inclusive. A date alone means 00:00 UTC. A time without a zone is "
            "UTC."
        ),
    ),
    th.Property(
        "end_date",
        th.DateTimeType,
        title="End date",
        description="End of the data to load, exclusive. Default: now minus `availability_delay_minutes`.",
    ),
    th.Property(
        "timespan_hours",
        th.IntegerType(minimum=1, maximum=720),
        default=168,
        title="Timespan in hours",
        description="Hours of data in one report job, at most 720 (30 days).",
    ),
    th.Property(
        "availability_delay_minutes",
        th.IntegerType(minimum=0, maximum=525_600),
        default=60,
        title="Availability delay in minutes",
        description=(
            "A run reads data up to this many minutes before now, because Talkdesk needs time to complete "
            "it. Talkdesk's documents say one hour."
        ),
    ),
    th.Property(
        "lookback_hours",
        th.IntegerType(minimum=0, maximum=87_600),
        default=0,
        title="Lookback in hours",
        description=(
            "Each run reads this many hours before the bookmark again, for fields that are filled in later, "
            "such as dispositions, notes and ratings."
        ),
    ),
    th.Property(
        "stream_settings",
        th.ObjectType(additional_properties=True),
        title="Settings of single streams",
        description=(
            "`timespan_hours`, `availability_delay_minutes` and `lookback_hours` of single streams, by "
            "stream name."
        ),
    ),
    th.Property(
        "format",
        th.StringType(allowed_values=["json", "csv"]),
        default="json",
        title="Format",
        description=(
            "Format of the report files, `json` or `csv`. In CSV, empty text and null look the same."
        ),
    ),
    th.Property(
        "max_concurrent_jobs",
        th.IntegerType(minimum=1, maximum=15),
        default=5,
        title="Concurrent jobs",
        description=(
            "Maximum number of report jobs at the same time, over all streams. Talkdesk allows an account "
            "15 for all its users."
        ),
    ),
    th.Property(
        "job_timeout_minutes",
        th.IntegerType(minimum=1, maximum=10_080),
        default=60,
        title="Job timeout in minutes",
        description="Maximum minutes that the tap waits for one report job.",
    ),
    th.Property(
        "stop_after_minutes",
        th.IntegerType(minimum=1, maximum=10_080),
        title="Stop after minutes",
        description=(
            "Ends the run with exit code 0 after this many minutes: at once if it is only waiting, else at "
            "the end of the file that it reads. The next run continues at the bookmark."
        ),
    ),
    th.Property(
        "request_timeout_seconds",
        th.IntegerType(minimum=1, maximum=3_600),
        default=60,
        title="Request timeout in seconds",
        description=(
            "Maximum seconds for one request to the API. For a report file: maximum seconds without a byte."
        ),
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
            "What to do with fields that the schema does not have, and with values that do not fit their "
            "type: `keep` them as JSON text in the column `_unknown_fields`, `warn` and leave them out, or "
            "`fail` the stream."
        ),
    ),
    th.Property(
        "spool_dir",
        th.StringType,
        title="Spool directory",
        description=(
            "Directory for report files while they wait to be read, as anonymous temporary files. Default: "
            "the system's temporary directory."
        ),
    ),
    th.Property(
        "reports",
        th.ArrayType(th.ObjectType(additional_properties=True)),
        title="Custom reports",
        description=(
            "Explore API: custom reports. Each is an object with `type`, `replication_key`, and optionally "
            "`keys`, `fields` (names and types) and `name`."
        ),
    ),
    th.Property(
        "user_agent",
        th.StringType,
        title="User agent",
        description="`User-Agent` header of each request. Default: name and version of this tap.",
    ),
).to_dict()
