"""Edges that were found by reading and trying; each test was first seen to fail."""

from __future__ import annotations

import io
import logging
import resource
import socket
import threading

import pytest
from singer_sdk.exceptions import ConfigValidationError

from tap_talkdesk_reports.api.download import Downloads
from tap_talkdesk_reports.core.errors import (
    MalformedFileError,
    ReportFileError,
    UnexpectedResponseError,
    UnfitRowError,
)
from tap_talkdesk_reports.records import json_file as parsing
from tap_talkdesk_reports.records.csv_file import csv_rows
from tap_talkdesk_reports.records.json_file import json_rows
from tap_talkdesk_reports.singer.state import plain_bookmarks
from tests.config.test_settings import wrong
from tests.jobs.test_lifecycle import LOST, ScriptedApi, done
from tests.records.test_record import ROW, maker
from tests.support import redacted


def rows(data):
    return [row for chunk in json_rows(io.BytesIO(data)) for row in chunk]


def test_a_malformed_header_line_puts_no_signed_address_into_the_log(clock, caplog):
    caplog.set_level(logging.DEBUG)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nThis is a bad header\r\n\r\n{}")

        threading.Thread(target=answer, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/f?X-Amz-Signature=canary"
        downloads = Downloads(clock, user_agent="test", timeout=5, spool_dir=None)

        content, _ = downloads.fetch(lambda: url)
        content.close()

    assert "Failed to parse headers" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    "data", [b'{"entries":[{"a":' + b"[" * 100000 + b"]" * 100000 + b"}]}", b'{"a":' * 100000]
)
def test_brackets_nested_too_deep_are_an_error_of_the_file(data):
    with pytest.raises(ReportFileError):
        rows(data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"entries":[{"a":1}}}',
        b'{"entries":[{"a":1}],"total":true}',
        b'{"entries":[],"total":false}',
        b'{"meta":{"entries":[{"x":1}]},"entries":null,"total":1}',
        b'{"entries":[{"a":1}],"entries":null}',
    ],
)
def test_what_only_looks_like_a_report_is_none(data):
    with pytest.raises(ReportFileError):
        rows(data)


def test_half_a_character_becomes_a_replacement_and_costs_no_row():
    data = (
        rb'{"entries":[{"id":"1","notes":"cut \ud83d"},{"id":"2","notes":"\ud83d\ude00 \\ud83d"}],"total":2}'
    )

    assert rows(data) == [
        {"id": "1", "notes": "cut \N{REPLACEMENT CHARACTER}"},
        {"id": "2", "notes": "\N{GRINNING FACE} \\ud83d"},
    ]


def test_an_entry_without_an_end_takes_little_memory_to_refuse():
    unclosed = b'{"a":"' + b'\\"' * (4 << 20)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    parsing._scan(unclosed)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_csv_rows_left_half_read_are_let_go_when_the_file_is_closed():
    file = io.BytesIO(b"id,a\n" + b"1,2\n" * 5000)
    chunks = csv_rows(file, ["id"])
    next(chunks)
    file.close()

    chunks.close()


def test_a_text_that_is_no_csv_is_not_shown():
    text = b"This resource has been moved temporarily to https://h/x?X-Amz-Signature=canary."

    with pytest.raises(MalformedFileError) as caught:
        list(csv_rows(io.BytesIO(text), ["id"]))

    assert "canary" not in str(caught.value)


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


@pytest.mark.parametrize("state", [[1], "x", 5])
def test_a_state_that_is_no_object_is_refused(state):
    with pytest.raises(ConfigValidationError):
        plain_bookmarks(state)


def test_a_list_of_jobs_that_makes_no_sense_leads_to_a_new_order(clock):
    api = ScriptedApi([LOST], ["done"], listed=[UnexpectedResponseError("a job without id")])

    assert done(api, clock).id == "j2"


def test_a_poll_that_is_answered_with_nonsense_keeps_the_job(clock):
    api = ScriptedApi(["created", UnexpectedResponseError("a proxy's page"), "done"])

    assert done(api, clock).id == "j1"


def test_an_unknown_field_is_named_and_its_value_is_not_shown():
    with pytest.raises(UnfitRowError, match="'new_email'") as caught:
        maker("fail").from_json(ROW | {"new_email": "zoe@example.com"})

    assert "zoe@" not in str(caught.value)


def test_an_empty_key_is_no_key_in_json_and_in_csv():
    with pytest.raises(UnfitRowError):
        maker().from_json(ROW | {"id": ""})
    with pytest.raises(UnfitRowError):
        maker().from_csv({"id": ""})


def test_a_whole_number_with_a_decimal_point_is_the_same_in_json_and_in_csv():
    assert maker().from_csv({"id": "1", "seconds": "12.0"}) == maker().from_json({"id": "1", "seconds": 12.0})


@pytest.mark.parametrize(
    ("text", "secrets", "hidden"),
    [
        (r'{"password": "canary\"1"}', ('canary"1',), "canary"),
        ('Authorization: Bearer "canary"', (), "canary"),
        ('{"client_secret":"a canary c"}', (), "canary"),
        ('{"token": ["canary"]}', (), "canary"),
        ("HTTPS://h/x?sig=canary", (), "canary"),
        ("user=u&pw=a%40b", ("a@b",), "a%40b"),
        (r'"said": "p\u00e4ss"', ("p\u00e4ss",), "u00e4ss"),
    ],
    ids=str,
)
def test_a_secret_is_blacked_out_however_it_is_written(text, secrets, hidden):
    assert hidden not in redacted(text, secrets)
