"""Finds wrong settings before the first request; the line for each names the setting and no secret."""

from __future__ import annotations

import re
import tempfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from fsspec import get_filesystem_class  # type: ignore[import-untyped]
from singer_sdk.helpers._batch import StorageTarget

from tap_talkdesk_reports.api.signing_key import SigningKey
from tap_talkdesk_reports.api.urls import is_loopback, read_url
from tap_talkdesk_reports.config.catalog import REPORT_FILES
from tap_talkdesk_reports.config.custom_reports import custom_report_problems
from tap_talkdesk_reports.config.schema import (
    OAUTH_SIGN_INS,
    PASSWORD_SIGN_IN,
    SCHEMA,
    STREAM_SETTINGS,
)
from tap_talkdesk_reports.config.settings import api_of, custom_reports
from tap_talkdesk_reports.core.timespans import timestamp_or_none

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


BATCH_EXAMPLE = (
    '{"encoding": {"format": "jsonl", "compression": "gzip"}, "storage": {"root": "file:///var/batches"}}'
)


def problems(config: Mapping[str, Any], streams: set[str]) -> Iterator[str]:
    """Yields the problems of a normalized config, one line each, without secrets.

    Args:
        config: The config.
        streams: The names of the declared streams of the config's API.
    """
    for name in (*SCHEMA["required"], *_missing_credentials(config)):
        if name not in config:
            yield f"{name}: missing; set it in the config, or as {env_name(name)} with --config=ENV"
    if problem := _batch_problem(config):
        yield f"batch_config: {problem}"
    for name, setting in SCHEMA["properties"].items():
        if name in config and (problem := _problem(config[name], setting)):
            yield f"{name}: {problem}"
    start, end = (timestamp_or_none(config.get(name)) for name in ("start_date", "end_date"))
    if start and end and end < start:
        yield f"end_date: {config['end_date']} is before start_date {config['start_date']}; correct one"
    for name in ("api_url", "token_url"):
        if isinstance(url := config.get(name), str) and (problem := _url_problem(name, url)):
            yield f"{name}: {problem}"
    yield from _other_problems(config, streams)


def _missing_credentials(config: Mapping[str, Any]) -> list[str]:
    """Returns the missing settings of the sign-in method that lacks the fewest."""
    if api_of(config) == "reporting" and ("username" in config or "password" in config):
        return [name for name in PASSWORD_SIGN_IN if name not in config]
    ways = OAUTH_SIGN_INS[::-1] if "private_key" in config else OAUTH_SIGN_INS
    return min(([name for name in way if name not in config] for way in ways), key=len, default=[])


def _batch_problem(config: Mapping[str, Any]) -> str | None:
    """Returns the problem of `batch_config`; None if it has none."""
    batch = config.get("batch_config")
    if batch is None:
        return None
    parts = batch if isinstance(batch, dict) else {}
    encoding, storage = parts.get("encoding"), parts.get("storage")
    if not isinstance(encoding, dict) or not isinstance(storage, dict) or not storage.get("root"):
        return f"it must be like {BATCH_EXAMPLE}"
    if encoding.get("format") != "jsonl" or encoding.get("compression") not in {None, "gzip", "none"}:
        return "format must be jsonl, and compression gzip or none"
    size = parts.get("batch_size")
    if size is not None and (not isinstance(size, int) or size < 1):
        return "batch_size must be a whole number of 1 or more"
    try:
        scheme, is_url, _ = str(StorageTarget(**storage).root).partition("://")
        get_filesystem_class(scheme if is_url else "file")
    except (ImportError, TypeError, ValueError) as error:  # unknown option or scheme, or missing package
        return f"storage: {error}"
    for name in ("stream_maps", "flattening_enabled"):
        if config.get(name):
            return f"batch files cannot be combined with {name}; leave one of the two out"
    return None


def _other_problems(config: Mapping[str, Any], streams: set[str]) -> Iterator[str]:
    if "reports" in config:
        if api_of(config) == "reporting":
            yield "reports: the Reporting API has no custom reports; leave the setting out"
        for problem in custom_report_problems(config["reports"], streams | {REPORT_FILES}):
            yield f"reports: {problem}"
    for problem in _stream_settings_problems(config, streams):
        yield f"stream_settings: {problem}"
    account = config.get("account")
    if isinstance(account, str) and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", account):
        yield f"account: {account!r} is not an account name; write acme for https://acme.mytalkdesk.com"
    if isinstance(key := config.get("private_key"), str):
        try:
            SigningKey(key, "")
        except ValueError as error:
            yield f"private_key: {error}"
    if isinstance(directory := config.get("spool_dir"), str):
        try:
            with tempfile.TemporaryFile(dir=directory):
                pass
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", error)
            yield f"spool_dir: {directory!r} cannot be written to; create it, or choose another: {reason}"
    if not re.fullmatch("[ -~]+", str(config.get("user_agent", "-"))):
        yield "user_agent: it has characters that an HTTP header cannot have; use ASCII only"


def _stream_settings_problems(config: Mapping[str, Any], streams: set[str]) -> Iterator[str]:
    given = config.get("stream_settings", {})
    if not isinstance(given, dict) or not all(isinstance(own, dict) for own in given.values()):
        yield 'it must be like {"user_status": {"availability_delay_minutes": 5}}'
        return
    known = streams | {report.name for report in custom_reports(config)}
    for stream, own in given.items():
        if stream not in known:
            yield f"{stream!r}: no stream of this name reads a report; --discover lists the streams"
            continue
        for name, value in own.items():
            if name not in STREAM_SETTINGS:
                yield f"{stream!r}: {name!r} is not one of {', '.join(STREAM_SETTINGS)}"
            elif problem := _problem(value, SCHEMA["properties"][name]):
                yield f"{stream!r}: {name}: {problem}"


def env_name(setting: str) -> str:
    """Returns the name of the environment variable of a setting."""
    return f"TAP_TALKDESK_REPORTS_{setting.upper()}"


def _problem(value: object, setting: Mapping[str, Any]) -> str | None:
    """Returns the problem of one value, without the value of a secret; None if it has none."""
    secret = setting.get("secret", False)
    plain = isinstance(value, Decimal)  # a number from a config file
    shown = "the value" if secret else str(value) if plain else repr(value)
    if "array" in setting["type"] or "object" in setting["type"]:
        return None  # another function checks its entries
    if "integer" in setting["type"]:
        return _number_problem(value, shown, setting)
    if "boolean" in setting["type"]:
        return None if isinstance(value, bool) else f"{shown} is not a boolean; write true or false"
    if not isinstance(value, str):
        return f"{shown} is {type(value).__name__}, not a string; put it in quotation marks"
    if (allowed := setting.get("enum")) and value not in allowed:
        return f"{shown} is not one of {', '.join(allowed)}"
    if setting.get("format") == "date-time" and timestamp_or_none(value) is None:
        return f"{shown} is not a date; write 2026-01-31 or 2026-01-31T00:00:00Z"
    return None


def _number_problem(value: object, shown: str, setting: Mapping[str, Any]) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"{shown} is not a whole number; write one without a fraction, such as 24"
    if value < setting["minimum"]:
        return f"{shown} is less than the minimum of {setting['minimum']}"
    if value > setting.get("maximum", value):
        return f"{shown} is more than the maximum of {setting['maximum']}"
    return None


def _url_problem(name: str, url: str) -> str | None:
    # The message does not show the URL: it may contain a password.
    # Users of other clients may have `?grant_type=client_credentials` in their token_url.
    signs, parts = ("@#", "a user") if name == "token_url" else ("@?#", "a user, a query")
    if set(signs) & set(url):
        return f"it must not have {parts} or a fragment; write https://host"
    try:
        parsed = read_url(url)
    except ValueError:
        return "it is not a URL; write https://host"
    host = parsed.host or ""
    if re.search("[^!-~]", url):
        return "it is not a URL; write https://host"
    if parsed.scheme == "http" and not is_loopback(host):
        return f"plain http to {host} would send the credentials unencrypted; write https://{host}"
    if name == "token_url" and not (parsed.path or "").strip("/"):
        return "it has no path; write https://host/oauth/token"
    return None
