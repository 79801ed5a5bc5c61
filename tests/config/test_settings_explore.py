"""Settings of the Explore API: choice of API, region, keys, and custom reports."""

from __future__ import annotations

import base64
import textwrap
from datetime import timedelta

import pytest

from tap_talkdesk_reports.config.settings import Settings, custom_reports, normalize
from tap_talkdesk_reports.config.validation import problems
from tests.support import new_private_key

BASIC = {"account": "acme", "client_id": "abc", "client_secret": "canary-secret", "start_date": "2026-01-01"}
KEY = new_private_key()
SIGNED = {
    "account": "acme",
    "client_id": "abc",
    "private_key": KEY,
    "key_id": "k1",
    "start_date": "2026-01-01",
}
REPORT = {"type": "adherence", "replication_key": "adherence event start time"}


def wrong(config):
    return list(problems(normalize(config), {"calls", "contacts"}))


def read(config):
    assert wrong(config) == []
    return Settings.from_config(normalize(config), user_agent="tap/1")


@pytest.mark.parametrize(
    ("config", "api"),
    [
        (BASIC, "explore"),
        (SIGNED, "explore"),
        (BASIC | {"username": "u", "password": "p"}, "reporting"),
        (BASIC | {"username": "u", "password": "p", "api": "explore"}, "explore"),
    ],
)
def test_the_api_follows_from_the_credentials_unless_it_is_set(config, api):
    assert read(config).api == api


@pytest.mark.parametrize(
    ("region", "api_url", "token_url"),
    [
        ("us", "https://api.talkdeskapp.com", "https://acme.talkdeskid.com/oauth/token"),
        ("eu", "https://api.talkdeskapp.eu", "https://acme.talkdeskid.eu/oauth/token"),
        ("ca", "https://api.talkdeskappca.com", "https://acme.talkdeskidca.com/oauth/token"),
    ],
)
def test_the_region_picks_the_hosts(region, api_url, token_url):
    settings = read(BASIC | {"region": region})

    assert (settings.api_url, settings.token_url) == (api_url, token_url)


def test_other_hosts_can_be_set():
    settings = read(
        BASIC | {"api_url": "https://api.talkdeskapp.au/", "token_url": "https://acme.talkdeskid.au/t"}
    )

    assert settings.api_url == "https://api.talkdeskapp.au"
    assert settings.token_url == "https://acme.talkdeskid.au/t"


def pem(lines):
    wrapped = lines.join(textwrap.wrap(KEY, 64))
    return f"-----BEGIN PRIVATE KEY-----{lines}{wrapped}{lines}-----END PRIVATE KEY-----{lines}"


@pytest.mark.parametrize("spelling", [KEY, pem("\n"), pem("\\n"), textwrap.fill(KEY, 40), f" {KEY}\n"])
def test_a_private_key_is_read_in_each_spelling(spelling):
    assert read(SIGNED | {"private_key": spelling}).key is not None


@pytest.mark.parametrize(
    "spelling", ["canary", "canary!", pem("\n").replace("A", "B"), base64.b64encode(b"canary" * 20).decode()]
)
def test_what_is_no_private_key_is_one_line_that_does_not_show_it(spelling):
    (line,) = wrong(SIGNED | {"private_key": spelling})

    assert line.startswith("private_key: it is not a private key")
    assert "canary" not in line
    assert spelling not in line


@pytest.mark.parametrize("account", ["acme.talkdeskid.com", "https://acme", "ac me", "a/b"])
def test_an_account_that_is_no_host_label_is_one_line(account):
    (line,) = wrong(BASIC | {"account": account})

    assert line.startswith("account: ")


def test_a_custom_report_gets_plain_names_and_a_digest_if_it_has_no_key():
    own = REPORT | {"fields": {"Agent Name": "string", "score": "number"}}

    (report,) = custom_reports(normalize(BASIC | {"reports": [own]}))

    assert report.name == "adherence"
    assert report.keys == ("_row_id",)
    assert report.replication_key == "adherence_event_start_time"
    properties = report.schema()["properties"]
    assert properties["agent_name"]["type"] == ["string", "null"]
    assert properties["adherence_event_start_time"]["format"] == "date-time"


def test_names_of_63_characters_and_a_long_type_with_a_name_are_accepted():
    own = {"type": "t" * 80, "name": "n" * 63, "keys": ["k" * 63], "replication_key": "r" * 63}

    assert wrong(BASIC | {"reports": [own]}) == []


def test_the_replication_key_may_be_a_key_and_a_declared_field():
    start = "adherence_event_start_time"
    own = REPORT | {"keys": [start], "fields": {"Adherence Event Start Time": "string"}}

    (report,) = custom_reports(normalize(BASIC | {"reports": [own]}))

    assert list(report.schema()["properties"]) == [start]


def test_reports_can_stand_in_the_environment_as_json():
    as_text = '[{"type": "feedback", "replication_key": "sent_at"}]'

    assert custom_reports(normalize(BASIC | {"reports": as_text}))


@pytest.mark.parametrize(
    ("reports", "says"),
    [
        ("feedback", "it must be a list"),
        (["feedback"], "it must be a list"),
        ([{"type": "feedback"}], "`replication_key` must be a string"),
        ([{"replication_key": "a"}], "`type` must be a string"),
        ([REPORT | {"keys": "agent"}], "`keys` must be a list"),
        ([REPORT | {"fields": {"a": "text"}}], "one of the types"),
        ([REPORT | {"type": "../calls"}], "the name of the report in the path"),
        ([REPORT | {"primary_key": ["a"]}], "`primary_key` is not one of"),
        ([REPORT | {"type": "contacts"}], "there is a stream 'contacts' already"),
        ([REPORT, REPORT], "there is a stream 'adherence' already"),
        ([REPORT, REPORT | {"name": "Adherence!"}], "there is a stream 'adherence' already"),
        ([REPORT | {"type": "???"}], "the name of the report in the path"),
        ([REPORT | {"type": "---"}], "`type` '---' must have a letter"),
        ([REPORT | {"name": "???"}], "`name` '???' must have a letter"),
        ([REPORT | {"name": 5}], "`name` must be a string"),
        ([REPORT | {"replication_key": "?"}], "`replication_key` '?' must have a letter"),
        ([REPORT | {"keys": ["id", "?"]}], "`keys` '?' must have a letter"),
        ([REPORT | {"keys": [""]}], "`keys` '' must have a letter"),
        ([REPORT | {"fields": {"?": "string"}}], "`fields` '?' must have a letter"),
        ([REPORT | {"keys": ["id", "id"]}], "`keys` has 'id' and 'id', which"),
        (
            [REPORT | {"keys": ["Call ID", "call-id"]}],
            "`keys` has 'Call ID' and 'call-id', which",
        ),
        (
            [REPORT | {"fields": {"ID": "string", "id": "number"}}],
            "`fields` has 'ID' and 'id', which",
        ),
        ([REPORT | {"name": "n" * 64}], "is longer than 63 characters"),
        ([REPORT | {"type": "t" * 64}], "is longer than 63 characters"),
        ([REPORT | {"keys": ["k" * 64]}], "is longer than 63 characters"),
        ([REPORT | {"fields": {"f" * 64: "string"}}], "is longer than 63 characters"),
        ([REPORT | {"replication_key": "r" * 64}], "is longer than 63 characters"),
    ],
    ids=repr,
)
def test_a_wrong_report_is_one_line(reports, says):
    (line,) = wrong(BASIC | {"reports": reports})

    assert line.startswith("reports: ")
    assert says in line


def test_a_stream_has_the_general_settings_but_for_its_own():
    own = {
        "calls": {"timespan_hours": "24", "lookback_hours": None},
        "contacts": {"availability_delay_minutes": 5},
    }

    settings = read(BASIC | {"lookback_hours": 3, "stream_settings": own | {"nothing": None}})

    of_calls, of_contacts = settings.of("calls"), settings.of("contacts")
    assert (of_calls.timespan.days, of_calls.lookback, of_calls.availability_delay) == (
        1,
        timedelta(hours=3),
        timedelta(hours=1),
    )
    assert (of_contacts.timespan.days, of_contacts.availability_delay) == (7, timedelta(minutes=5))
    assert settings.of("others") == settings


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("[]", "it must be like"),
        ({"calls": 5}, "it must be like"),
        ("{", "it must be like"),
        ({"cals": {"lookback_hours": 1}}, "'cals': no stream of this name reads a report"),
        (
            {"report_files": {"lookback_hours": 1}},
            "'report_files': no stream of this name reads a report",
        ),
        ({"calls": {"timespan": 1}}, "'calls': 'timespan' is not one of timespan_hours"),
        ({"calls": {"timespan_hours": 0}}, "'calls': timespan_hours: 0 is less than the minimum of 1"),
        ({"calls": {"lookback_hours": "a day"}}, "'calls': lookback_hours: 'a day' is not a whole number"),
    ],
)
def test_wrong_stream_settings_are_one_line(given, says):
    [line] = wrong(BASIC | {"stream_settings": given})

    assert line.startswith(f"stream_settings: {says}")


def test_a_custom_report_cannot_take_the_name_of_the_evidence():
    [line] = wrong(BASIC | {"reports": [REPORT | {"name": "Report files"}]})

    assert "there is a stream 'report_files' already" in line


def test_the_reporting_api_signs_in_by_oauth_without_a_user():
    settings = read(BASIC | {"api": "reporting", "region": "eu"})

    assert (settings.api, settings.username) == ("reporting", "")
    assert settings.token_url == "https://acme.talkdeskid.eu/oauth/token"
    assert read(BASIC | {"username": "u", "password": "p"}).token_url.endswith("/auth/token")
