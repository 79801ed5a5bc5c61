"""Settings: tolerant input, checks before the first request, no secret shown."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tap_talkdesk_reports.config.schema import SCHEMA
from tap_talkdesk_reports.config.settings import Settings, normalize
from tap_talkdesk_reports.config.validation import problems as problems_with
from tests.support import new_private_key

SECRETS = {
    "client_secret": "s3cr3t-of-the-client",
    "password": "s3cr3t-of-the-user",
    "private_key": new_private_key(),
}
CREDENTIALS = ("client_id", "client_secret", "username", "password")
GOOD = {
    "account": "acme",
    "client_id": "abc",
    "username": "reports@acme.example",
    "start_date": "2026-01-01",
    **SECRETS,
}


def problems(config):
    return problems_with(config, {"calls"})


def wrong(**changes):
    return list(problems(normalize(GOOD | changes)))


def read(**changes):
    config = normalize(GOOD | changes)
    assert list(problems(config)) == []
    return Settings.from_config(config, user_agent="tap/1")


def test_settings_have_their_defaults_when_only_the_required_are_given():
    settings = read()

    assert settings.api_url == "https://api.talkdeskapp.com"
    assert settings.token_url == "https://api.talkdeskapp.com/auth/token"
    assert settings.client_version == "1"
    assert settings.start_date == datetime(2026, 1, 1, tzinfo=UTC)
    assert settings.end_date is None
    assert settings.timespan == timedelta(days=7)
    assert settings.availability_delay == timedelta(hours=1)
    assert settings.lookback == timedelta(0)
    assert (settings.format, settings.unknown_fields) == ("json", "keep")
    assert settings.max_concurrent_jobs == 5
    assert (settings.job_timeout, settings.request_timeout) == (3600.0, 60.0)
    assert settings.delete_report_files is False
    assert settings.spool_dir is None
    assert settings.user_agent == "tap/1"


@pytest.mark.parametrize("name", [*SCHEMA["required"], *CREDENTIALS])
@pytest.mark.parametrize("value", [None, "", " \n", ...])
def test_a_missing_required_setting_is_named_with_its_variable(name, value):
    config = GOOD | {name: value}
    if value is ...:
        del config[name]

    (line,) = problems(normalize(config))

    assert line.startswith(f"{name}: missing")
    assert f"TAP_TALKDESK_REPORTS_{name.upper()}" in line


@pytest.mark.parametrize(
    ("begun", "missing"),
    [
        ({}, ["client_id", "client_secret"]),
        ({"api": "explore"}, ["client_id", "client_secret"]),
        ({"api": "reporting"}, ["client_id", "client_secret"]),
        ({"api": "reporting", "password": "p"}, ["client_id", "client_secret", "username"]),
        ({"client_id": "a", "username": "u"}, ["client_secret", "password"]),
        ({"client_id": "a", "private_key": SECRETS["private_key"]}, ["key_id"]),
        ({"client_id": "a", "key_id": "k"}, ["client_secret"]),
    ],
)
def test_settings_name_what_is_missing_of_a_partly_set_sign_in(begun, missing):
    lines = list(problems(normalize(begun)))

    assert [line.partition(":")[0] for line in lines] == [*SCHEMA["required"], *missing]


WRONG = [
    ("timespan_hours", 0),
    ("timespan_hours", "0"),
    ("timespan_hours", 721),
    ("timespan_hours", -1),
    ("timespan_hours", 1.5),
    ("timespan_hours", "a week"),
    ("timespan_hours", True),
    ("timespan_hours", [168]),
    ("availability_delay_minutes", -1),
    ("lookback_hours", "-1"),
    ("max_concurrent_jobs", 0),
    ("max_concurrent_jobs", 16),
    ("job_timeout_minutes", 0),
    ("request_timeout_seconds", "0"),
    ("delete_report_files", "perhaps"),
    ("delete_report_files", 1),
    ("format", "xml"),
    ("format", "JSON"),
    ("format", ["json"]),
    ("unknown_fields", "drop"),
    ("start_date", "6 months ago"),
    ("start_date", "2026-02-30"),
    ("start_date", "01/02/2026"),
    ("start_date", 20260101),
    ("end_date", "now"),
    ("end_date", "2025-12-31"),
    ("end_date", "2026-01-01T00:00:00+00:01"),
    ("account", 5),
    ("client_id", {"id": "abc"}),
    ("client_version", 1),
    ("username", True),
    ("api_url", "http://api.talkdeskapp.com"),
    ("api_url", "http://127.0.0.1.example.com"),
    ("api_url", "http://192.168.0.1"),
    ("api_url", "api.talkdeskapp.com"),
    ("api_url", "ftp://api.talkdeskapp.com"),
    ("api_url", "https://"),
    ("api_url", "https://host:99999"),
    ("api_url", "http://[::1"),
    ("api_url", "https://api.talkdeskapp.com?x=1"),
    ("api_url", 5),
    ("token_url", "http://api.talkdeskapp.com/token"),
    ("token_url", ["https://api.talkdeskapp.com/token"]),
    ("spool_dir", "/nowhere/at/all"),
    ("spool_dir", 5),
    ("user_agent", 5),
    ("batch_config", {"encoding": {}}),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=lambda value: repr(value)[:30])
def test_a_wrong_value_is_one_line_that_names_the_setting(name, value):
    (line,) = wrong(**{name: value})

    assert line.startswith(f"{name}: ")
    assert "\n" not in line
    assert not any(secret in line for secret in SECRETS.values())


@pytest.mark.parametrize(
    "change",
    [
        {"lookback_hours": 10**12},
        {"job_timeout_minutes": 10**400},
        {"availability_delay_minutes": 10**15},
        {"request_timeout_seconds": 10**12},
        {"timespan_hours": "1_6"},
        {"spool_dir": "a\0b"},
        {"user_agent": "a\nb"},
        {"api_url": "https://:pw@host"},
        {"api_url": "https://host name"},
        {"api_url": "https://host/?"},
        {"token_url": "https://host"},
    ],
    ids=str,
)
def test_a_setting_that_could_only_fail_later_is_refused_in_one_line(change):
    (line,) = wrong(**change)

    assert line.startswith(f"{next(iter(change))}: ")


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    "value", [["s3cr3t"], {"value": "s3cr3t"}, {"s3cr3t": 1}, 98765, 98.765, True], ids=repr
)
def test_a_secret_of_a_wrong_type_is_named_and_never_shown(name, value):
    (line,) = wrong(**{name: value})

    assert line.startswith(f"{name}: ")
    assert not any(shown in line for shown in ("s3cr3t", "98", "True"))


@pytest.mark.parametrize(
    ("name", "url", "says"),
    [
        ("api_url", "https://user:hunter2@host", "a user, a query or a fragment"),
        ("api_url", "https://hunter2@host", "a user, a query or a fragment"),
        ("api_url", "https://host/?hunter2", "a user, a query or a fragment"),
        ("token_url", "https://user:hunter2@host/token", "a user or a fragment"),
        ("token_url", "https://hunter2@host/token?a=b", "a user or a fragment"),
        ("token_url", "https://host/token#hunter2", "a user or a fragment"),
        ("token_url", "https://host/?hunter2", "it has no path"),
    ],
)
def test_a_url_with_a_secret_in_it_is_refused_and_not_shown(name, url, says):
    (line,) = wrong(**{name: url})

    assert line.startswith(f"{name}: ")
    assert says in line
    assert "hunter2" not in line


def test_two_wrong_values_are_two_lines():
    assert len(wrong(format="xml", timespan_hours=0)) == 2


def test_the_repr_of_settings_has_everything_except_secrets():
    shown = repr(read())

    assert "acme" in shown
    assert not any(secret in shown for secret in SECRETS.values())


def test_the_secrets_are_all_secret_settings():
    assert set(read().secrets) == set(SECRETS.values())


def test_every_setting_marked_as_secret_is_kept_out_of_the_repr_and_counted_as_secret():
    """A secret that is added to the schema later must also be in these two places."""
    marked = {name for name, setting in SCHEMA["properties"].items() if setting.get("secret")}

    assert marked == SECRETS.keys()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://localhost:1",
        "http://[::1]:8080",
        "http://LOCALHOST",
        "http://127.8.8.8",
    ],
)
def test_plain_http_is_accepted_on_loopback(url):
    assert read(api_url=url).api_url == url


def test_a_slash_at_the_end_of_a_url_is_ignored():
    assert read(api_url="https://host/").token_url == "https://host/auth/token"


@pytest.mark.parametrize("url", ["https://host/token", "https://host/t?grant_type=client_credentials&a=%20b"])
def test_a_custom_token_url_is_used_unchanged(url):
    assert read(token_url=url).token_url == url


def test_numbers_and_booleans_are_read_from_text():
    """Environment variables are always text."""
    settings = read(timespan_hours="24", max_concurrent_jobs=" 3 ", delete_report_files="True")

    assert settings.timespan == timedelta(days=1)
    assert settings.max_concurrent_jobs == 3
    assert settings.delete_report_files is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("TRUE", True),
        ("1", True),
        ("yes", True),
        ("false", False),
        ("0", False),
        ("No", False),
    ],
)
def test_a_boolean_is_read_from_each_usual_text(text, value):
    assert read(delete_report_files=text).delete_report_files is value


def test_an_empty_text_and_null_count_as_left_out():
    empty = dict.fromkeys(SCHEMA["properties"].keys() - GOOD.keys(), "")

    assert read(**empty) == read(**dict.fromkeys(empty)) == read()


@pytest.mark.parametrize("blank", [" ", "\t", "\r\n"])
def test_white_space_around_a_text_is_no_part_of_it_and_nothing_else_is_as_good_as_left_out(blank):
    texts = {name: value for name, value in GOOD.items() if isinstance(value, str)} | {"format": "json"}
    blanks = dict.fromkeys(SCHEMA["properties"].keys() - GOOD.keys(), blank)

    assert read(**blanks | {name: f"{blank}{value}{blank}" for name, value in texts.items()}) == read()


def test_normalizing_leaves_the_given_config_as_it_was():
    config = GOOD | {"timespan_hours": "24", "format": ""}
    before = json.dumps(config)

    normalize(config)

    assert json.dumps(config) == before


def test_other_settings_of_the_sdk_are_left_to_the_sdk():
    assert normalize(GOOD | {"stream_maps": {"calls": {}}})["stream_maps"] == {"calls": {}}
    assert wrong(stream_maps={"calls": {}}, flattening_enabled=True) == []


def test_a_spool_directory_is_accepted_when_it_can_be_written_to_and_stays_empty(tmp_path):
    assert read(spool_dir=str(tmp_path)).spool_dir == str(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_spool_directory_is_refused_when_it_is_a_file(tmp_path):
    file = tmp_path / "file"
    file.touch()

    (line,) = wrong(spool_dir=str(file))

    assert line.startswith("spool_dir: ")
    assert line.endswith("Not a directory")


def test_an_end_equal_to_the_start_is_accepted():
    assert read(end_date="2026-01-01T00:00:00Z").end_date == read().start_date
