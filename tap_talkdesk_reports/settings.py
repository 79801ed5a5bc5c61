"""The settings of a run: read with tolerance, checked before the first request, typed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tap_talkdesk_reports.records import read_timestamp
from tap_talkdesk_reports.settings_schema import API_URL, CREDENTIALS, SCHEMA
from tap_talkdesk_reports.transport import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Settings:
    """All settings, checked and in the types that the program works with."""

    account: str
    client_id: str
    client_secret: str = field(repr=False)
    client_version: str
    username: str
    password: str = field(repr=False)
    api_url: str
    token_url: str
    start_date: datetime
    end_date: datetime | None
    timespan: timedelta
    availability_delay: timedelta
    lookback: timedelta
    format: str
    max_concurrent_jobs: int
    job_timeout: float  # seconds, as are all durations that are not timedeltas
    request_timeout: float
    delete_report_files: bool
    unknown_fields: str
    spool_dir: str | None
    user_agent: str

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, user_agent: str) -> Settings:
        """Read a config in which `problems` finds none."""
        api_url = config.get("api_url", API_URL).rstrip("/")
        return cls(
            **{name: config[name] for name in CREDENTIALS},
            client_version=config["client_version"],
            api_url=api_url,
            token_url=config.get("token_url") or f"{api_url}/auth/token",
            start_date=read_timestamp(config["start_date"]),
            end_date=read_timestamp(config["end_date"]) if config.get("end_date") else None,
            timespan=timedelta(hours=config["timespan_hours"]),
            availability_delay=timedelta(minutes=config["availability_delay_minutes"]),
            lookback=timedelta(hours=config["lookback_hours"]),
            format=config["format"],
            max_concurrent_jobs=config["max_concurrent_jobs"],
            job_timeout=config["job_timeout_minutes"] * 60.0,
            request_timeout=float(config["request_timeout_seconds"]),
            delete_report_files=config["delete_report_files"],
            unknown_fields=config["unknown_fields"],
            spool_dir=config.get("spool_dir"),
            user_agent=config.get("user_agent") or user_agent,
        )

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never be seen outside a request."""
        return (self.client_secret, self.password)


def tidy(config: Mapping[str, Any]) -> dict[str, Any]:
    """The config with defaults filled in, `""` and null left out, and numbers and booleans read from text.

    Environment variables are text, and Meltano hands on some of its values as text.
    """
    tidied = {name: value for name, value in config.items() if value is not None and value != ""}
    for name, setting in SCHEMA["properties"].items():
        if name not in tidied:
            if "default" in setting:
                tidied[name] = setting["default"]
        elif isinstance(tidied[name], str):
            tidied[name] = _from_text(tidied[name], setting["type"])
    return tidied


def _from_text(text: str, types: list[str]) -> object:
    if "integer" in types:
        try:
            return int(text)
        except ValueError:
            return text
    if "boolean" in types:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(
            text.strip().lower(), text
        )
    return text


def problems(config: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a tidied config, each as a line that names the setting and holds no secret."""
    for name in SCHEMA["required"]:
        if name not in config:
            yield f"{name}: missing; set it in the config, or as {env_name(name)} with --config=ENV"
    if "batch_config" in config:
        yield "batch_config: this tap writes no BATCH messages; leave the setting out"
    for name, setting in SCHEMA["properties"].items():
        if name in config and (problem := _problem(config[name], setting)):
            yield f"{name}: {problem}"
    start, end = (_moment_or_none(config.get(name)) for name in ("start_date", "end_date"))
    if start and end and end < start:
        yield f"end_date: {config['end_date']} lies before start_date {config['start_date']}"
    for name in ("api_url", "token_url"):
        if isinstance(url := config.get(name), str) and (problem := _url_problem(url)):
            yield f"{name}: {problem}"
    if isinstance(directory := config.get("spool_dir"), str):
        try:
            with tempfile.TemporaryFile(dir=directory):
                pass
        except OSError as error:
            yield f"spool_dir: {directory!r} cannot be written to: {error.strerror}"


def env_name(setting: str) -> str:
    """The environment variable of a setting."""
    return f"TAP_TALKDESK_REPORTS_{setting.upper()}"


def _problem(value: object, setting: Mapping[str, Any]) -> str | None:
    """What is wrong with one value, without showing it where the setting is a secret."""
    secret = setting.get("secret", False)
    shown = "the value" if secret else repr(value)
    if "integer" in setting["type"]:
        return _number_problem(value, shown, setting)
    if "boolean" in setting["type"]:
        return None if isinstance(value, bool) else f"{shown} is neither true nor false"
    if not isinstance(value, str):
        return f"{shown} is {type(value).__name__}, not text; put it in quotation marks"
    if (allowed := setting.get("enum")) and value not in allowed:
        return f"{shown} is none of {', '.join(allowed)}"
    if setting.get("format") == "date-time" and _moment_or_none(value) is None:
        return f"{shown} is not a date; write 2026-01-31 or 2026-01-31T00:00:00Z"
    return None


def _number_problem(value: object, shown: str, setting: Mapping[str, Any]) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"{shown} is not a whole number"
    if value < setting["minimum"]:
        return f"{shown} is less than {setting['minimum']}"
    if value > setting.get("maximum", value):
        return f"{shown} is more than {setting['maximum']}"
    return None


def _moment_or_none(value: object) -> datetime | None:
    try:
        return read_timestamp(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _url_problem(url: str) -> str | None:
    # The address itself is not shown: people put passwords into them.
    try:
        parts = urlsplit(url)
        host = parts.hostname
        _ = parts.port
    except ValueError:
        return "not an address; write https://host"
    if parts.scheme not in {"http", "https"} or not host:
        return "not an address; write https://host"
    if parts.username or parts.query or parts.fragment:
        return "an address with a user, a query or a fragment is not accepted; write https://host"
    if parts.scheme == "http" and not is_loopback(host):
        return f"plain http to {host} would show the credentials to the network; write https://{host}"
    return None
