"""Converts the config to a `Settings` object: defaults, values given as text, the choice of the API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_talkdesk_reports.api.signing_key import SigningKey
from tap_talkdesk_reports.config.custom_reports import CustomReport, custom_report_problems
from tap_talkdesk_reports.config.schema import REGIONS, SCHEMA
from tap_talkdesk_reports.core.timespans import read_timestamp
from tap_talkdesk_reports.records.values import FALSE, TRUE, to_integer

if TYPE_CHECKING:
    from collections.abc import Mapping


#: The settings that `stream_settings` can override, each with its field in `Settings` and its unit.
DURATIONS = {
    "timespan_hours": ("timespan", timedelta(hours=1)),
    "availability_delay_minutes": ("availability_delay", timedelta(minutes=1)),
    "lookback_hours": ("lookback", timedelta(hours=1)),
}


@dataclass(frozen=True)
class Settings:
    """All settings of a run, checked and converted to Python types."""

    api: str
    account: str
    client_id: str
    client_secret: str | None = field(repr=False)
    client_version: str
    #: Empty for the OAuth sign-in.
    username: str
    password: str = field(repr=False)
    private_key: str | None = field(repr=False)
    key_id: str
    api_url: str
    token_url: str
    start_date: datetime
    end_date: datetime | None
    timespan: timedelta
    availability_delay: timedelta
    lookback: timedelta
    #: By stream, the values that replace the three above.
    stream_settings: Mapping[str, Mapping[str, Any]]
    format: str
    max_concurrent_jobs: int
    job_timeout: float  # in seconds, as all durations that are not timedeltas
    stop_after: float | None
    request_timeout: float
    delete_report_files: bool
    unknown_fields: str
    spool_dir: str | None
    user_agent: str

    @classmethod
    def from_config(cls, config: Mapping[str, Any], *, user_agent: str) -> Settings:
        """Converts a normalized config that `problems` has accepted."""
        api = api_of(config)
        api_url, domain = REGIONS[config["region"]]
        api_url = config.get("api_url", api_url).rstrip("/")
        by_password = api == "reporting" and "username" in config
        sign_in = (
            f"{api_url}/auth/token" if by_password else f"https://{config['account']}.{domain}/oauth/token"
        )
        return cls(
            api=api,
            account=config["account"],
            client_id=config["client_id"],
            client_secret=config.get("client_secret"),
            client_version=config["client_version"],
            username=config["username"] if by_password else "",
            password=config["password"] if by_password else "",
            private_key=config.get("private_key"),
            key_id=config.get("key_id", ""),
            api_url=api_url,
            token_url=config.get("token_url", sign_in),
            start_date=read_timestamp(config["start_date"]),
            end_date=read_timestamp(config["end_date"]) if config.get("end_date") else None,
            **_durations(config),
            stream_settings={
                stream: _durations(own) for stream, own in config.get("stream_settings", {}).items()
            },
            format=config["format"],
            max_concurrent_jobs=config["max_concurrent_jobs"],
            job_timeout=config["job_timeout_minutes"] * 60.0,
            stop_after=config["stop_after_minutes"] * 60.0 if "stop_after_minutes" in config else None,
            request_timeout=float(config["request_timeout_seconds"]),
            delete_report_files=config["delete_report_files"],
            unknown_fields=config["unknown_fields"],
            spool_dir=config.get("spool_dir"),
            user_agent=config.get("user_agent", user_agent),
        )

    def of(self, stream: str) -> Settings:
        """Returns the settings of one stream, with its entry in `stream_settings` applied."""
        return replace(self, **self.stream_settings.get(stream, {}))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never appear outside a request."""
        return tuple(filter(None, (self.client_secret, self.password, self.private_key)))

    @property
    def key(self) -> SigningKey | None:
        """The private key to sign in with, if the user gave one."""
        return SigningKey(self.private_key, self.key_id) if self.private_key else None


def api_of(config: Mapping[str, Any]) -> str:
    """Returns the API of a config: the setting `api`, or else the API that the credentials belong to."""
    by_credentials = "reporting" if config.get("username") or config.get("password") else "explore"
    return str(config.get("api") or by_credentials)


def custom_reports(config: Mapping[str, Any]) -> list[CustomReport]:
    """Returns the custom reports; none if the setting is wrong, which `problems` reports."""
    entries = config.get("reports") or []
    if list(custom_report_problems(entries, set())):
        return []
    return [CustomReport.from_setting(entry) for entry in entries]


def normalize(config: Mapping[str, Any]) -> dict[str, Any]:
    """Adds defaults to a config, trims texts, removes `""` and null, and converts values given as text.

    Environment variables are text, and Meltano passes some values as text.
    """
    settings = SCHEMA["properties"]
    defaults = {name: setting["default"] for name, setting in settings.items() if "default" in setting}
    normalized = defaults | _typed(config)
    if isinstance(streams := normalized.get("stream_settings"), dict):
        normalized["stream_settings"] = {
            stream: _typed(own) if isinstance(own, dict) else own
            for stream, own in streams.items()
            if own is not None
        }
    return normalized


def _typed(config: Mapping[str, Any]) -> dict[str, Any]:
    trimmed = {name: value.strip() if isinstance(value, str) else value for name, value in config.items()}
    return {
        name: _from_text(value, SCHEMA["properties"].get(name, {})) if isinstance(value, str) else value
        for name, value in trimmed.items()
        if value is not None and value != ""
    }


def _from_text(text: str, setting: Mapping[str, Any]) -> object:
    types = setting.get("type", ())
    try:
        if "integer" in types:
            return to_integer(text)
        if "array" in types or "object" in types:
            return json.loads(text)
    except ValueError:
        return text
    word = text.lower()
    if "boolean" in types and (word in TRUE or word in FALSE):
        return word in TRUE
    return text


def _durations(config: Mapping[str, Any]) -> dict[str, timedelta]:
    return {to: config[name] * unit for name, (to, unit) in DURATIONS.items() if name in config}
