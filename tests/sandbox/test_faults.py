"""Every fault happens, and does what the README's table says."""

import base64
import csv
import gzip
import io
import json
import time
from pathlib import Path

import pytest
import requests
from urllib3.exceptions import ProtocolError

from talkdesk_sandbox import Fault, Pace
from talkdesk_sandbox.faults.kind import API, OPERATIONS
from talkdesk_sandbox.faults.kinds import KINDS


def met(client):
    """Returns the names of the faults in the ledger, and asserts that none is left."""
    assert client.sandbox.unmet_faults() == []
    return [entry.fault for entry in client.sandbox.ledger if entry.fault]


def perform(client, operation):
    """Sends one request of an operation."""
    if operation == "token":
        return client.sign_in()
    if operation == "renew":
        return client.sign_in("/auth/access", id_token=client.sign_in().json()["id_token"])
    if operation == "create":
        return client.create()
    if operation == "list":
        return client.call("GET", "/reports/calls/jobs")
    job_id = client.job_id()
    if operation == "status":
        return client.status(job_id)
    if operation == "files":
        return client.file(job_id)
    if operation == "object":
        return client.download(job_id)
    kind = "jobs" if operation == "cancel" else "files"
    return client.call("DELETE", f"/reports/calls/{kind}/{job_id}")


def test_an_unknown_fault_operation_or_detail_is_refused():
    for wrong in (("create", "gremlin"), ("destroy", "reset"), ("object", "no_location")):
        with pytest.raises(ValueError, match=wrong[1] if wrong[0] != "destroy" else "destroy"):
            Fault(*wrong)
    with pytest.raises(ValueError, match="retry_before"):
        Fault("create", "rate_limited", retry_before=1)
    with pytest.raises(ValueError, match="not 0"):
        Fault("create", "reset", times=0)


@pytest.mark.parametrize("operation", sorted(API))
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("rate_limited", 429),
        ("server_error", 500),
        ("unavailable", 503),
        ("forbidden", 403),
        ("unauthorized", 401),
    ],
)
def test_any_operation_of_the_api_can_be_refused(client, operation, name, status):
    client.sandbox.add_fault(Fault(operation, name))

    assert perform(client, operation).status_code == status
    assert met(client) == [name]


@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_any_connection_can_be_reset_before_an_answer(client, operation):
    client.sandbox.add_fault(Fault(operation, "reset"))

    with pytest.raises(requests.ConnectionError, match="reset"):
        perform(client, operation)

    assert met(client) == ["reset"]
    assert client.sandbox.ledger[-1].status is None


@pytest.mark.parametrize("operation", sorted(API))
def test_any_answer_of_the_api_can_be_a_page(client, operation):
    client.sandbox.add_fault(Fault(operation, "not_json"))

    answer = perform(client, operation)

    assert answer.status_code == (202 if operation == "create" else 200)
    assert answer.text.startswith("<!DOCTYPE html>")
    assert met(client) == ["not_json"]


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [(None, None), (7, "7"), ("Wed, 15 May 2024 12:00:05 GMT", "Wed, 15 May 2024 12:00:05 GMT")],
)
def test_a_limit_may_say_when_to_come_back(client, retry_after, header):
    client.sandbox.add_fault(Fault("create", "rate_limited", retry_after=retry_after))

    assert client.create().headers.get("Retry-After") == header


def test_faults_happen_in_order_as_often_as_set_and_for_their_report(open_sandbox):
    client = open_sandbox(
        Fault("create", "server_error", times=2),
        Fault("create", "unavailable", report="user_status"),
        Fault("create", "rate_limited"),
    )

    calls = [client.create().status_code for _ in range(4)]
    user_status = [client.create("user_status").status_code for _ in range(2)]

    assert calls == [500, 500, 429, 202]
    assert user_status == [503, 202]
    assert met(client) == ["server_error", "server_error", "rate_limited", "unavailable"]


def test_a_fault_that_never_happens_is_reported(client):
    client.sandbox.add_fault(Fault("list", "reset"))
    client.create()

    assert [fault.name for fault in client.sandbox.unmet_faults()] == ["reset"]


def test_a_job_can_be_created_although_its_answer_is_lost(open_sandbox):
    client = open_sandbox(Fault("create", "accepted_then_reset"))

    with pytest.raises(requests.ConnectionError, match="reset"):
        client.create()

    listed = client.call("GET", "/reports/calls/jobs").json()["_embedded"]["jobs"]
    assert [job["id"] for job in listed] == [job.id for job in client.sandbox.jobs]
    assert len(listed) == 1
    assert met(client) == ["accepted_then_reset"]


@pytest.mark.parametrize(
    ("name", "status"), [("job_failed", "failed"), ("job_canceled", "canceled"), ("job_deleted", "deleted")]
)
def test_a_job_can_end_dead(open_sandbox, name, status):
    client = open_sandbox(Fault("create", name), pace=Pace.after_polls(1))
    job_id = client.job_id()

    answers = [client.status(job_id) for _ in range(2)]

    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [
        (200, "created"),
        (200, status),
    ]
    assert client.file(job_id).status_code == 404
    assert met(client) == [name]


def test_a_job_can_be_stuck(open_sandbox, clock):
    client = open_sandbox(Fault("create", "stuck"))
    job_id = client.job_id()
    clock.tick(7200)

    assert {client.status(job_id).json()["status"] for _ in range(5)} == {"processing"}
    assert met(client) == ["stuck"]


def test_a_status_can_be_unknown(open_sandbox):
    client = open_sandbox(Fault("status", "unknown_status", polls=2))
    job_id = client.job_id()

    assert [client.status(job_id).json()["status"] for _ in range(3)] == [
        "frobnicating",
        "frobnicating",
        "done",
    ]
    assert met(client) == ["unknown_status"]


def test_a_redirect_can_lack_its_location_once_the_job_is_done(open_sandbox):
    client = open_sandbox(Fault("status", "no_location"), pace=Pace.after_polls(1))
    job_id = client.job_id()

    answers = [client.status(job_id) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 303, 303]
    assert ["Location" in answer.headers for answer in answers] == [False, False, True]
    assert [entry.fault for entry in client.sandbox.ledger[-3:]] == [None, "no_location", None]


def test_a_presigned_url_can_be_expired_from_the_start(open_sandbox):
    client = open_sandbox(Fault("files", "expired_url"))
    job_id = client.job_id()

    assert "Request has expired" in client.download(job_id).text
    assert client.download(job_id).status_code == 200
    assert met(client) == ["expired_url"]


@pytest.mark.parametrize("reset", [False, True])
def test_a_download_can_be_cut(open_sandbox, reset):
    client = open_sandbox(Fault("object", "cut", after=1000, reset=reset))
    job_id = client.job_id()

    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.download(job_id)

    assert client.download(job_id).json()["total"] > 0
    assert met(client) == ["cut"]


def test_a_cut_after_the_end_removes_the_last_byte(open_sandbox):
    client = open_sandbox(Fault("object", "cut", after=10**9))

    with client.plain.get(client.presigned_url(client.job_id()), stream=True) as answer:
        content = answer.raw.read(answer.raw.length_remaining - 1)
        with pytest.raises(ProtocolError):
            answer.raw.read(1)

    assert content.endswith(b"}]")
    assert met(client) == ["cut"]


def test_a_download_can_stall_and_continue(open_sandbox):
    client = open_sandbox(Fault("object", "stall", after=100, seconds=0.3))
    job_id = client.job_id()

    began = time.monotonic()
    content = client.download(job_id).content

    assert time.monotonic() - began >= 0.3
    assert content == client.download(job_id).content
    assert met(client) == ["stall"]


def test_a_stalled_download_does_not_hold_up_the_end(open_sandbox):
    client = open_sandbox(Fault("object", "stall", after=100, seconds=3600))

    with pytest.raises(requests.exceptions.RequestException):
        client.plain.get(client.presigned_url(client.job_id()), timeout=0.2)

    assert met(client) == ["stall"]


def test_a_download_can_be_short_without_saying_so(open_sandbox):
    client = open_sandbox(Fault("object", "short_without_length", after=500))

    answer = client.download(client.job_id())

    assert "Content-Length" not in answer.headers
    assert len(answer.content) == 500
    assert met(client) == ["short_without_length"]


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("html_page", 200, "<!DOCTYPE html>"),
        ("slow_down", 503, "SlowDown"),
        ("no_such_key", 404, "NoSuchKey"),
        ("error_with_200", 200, "<Code>InternalError"),
        ("access_denied", 403, "Request has expired"),
        ("expired_token", 400, "ExpiredToken"),
        ("server_error", 500, "InternalError"),
        ("unavailable", 503, "ServiceUnavailable"),
    ],
)
def test_a_download_can_be_another_body(open_sandbox, name, status, text):
    client = open_sandbox(Fault("object", name))

    answer = client.download(client.job_id())

    assert answer.status_code == status
    assert text in answer.text
    assert met(client) == [name]


def test_a_range_can_be_ignored_and_only_a_range(open_sandbox):
    client = open_sandbox(Fault("object", "ignore_range"))
    job_id = client.job_id()

    whole, ranged = client.download(job_id), client.download(job_id, Range="bytes=5-")

    assert (ranged.status_code, ranged.content) == (200, whole.content)
    assert [entry.fault for entry in client.sandbox.ledger if entry.operation == "object"] == [
        None,
        "ignore_range",
    ]
    assert client.download(job_id, Range="bytes=5-").status_code == 206


@pytest.mark.parametrize("operation", sorted(API))
def test_any_answer_of_the_api_can_be_cut(client, operation):
    client.sandbox.add_fault(Fault(operation, "cut_json"))

    assert perform(client, operation).text == '{"id":"53c9'
    assert met(client) == ["cut_json"]


def test_a_job_can_be_created_without_an_id_or_refused(client):
    client.sandbox.add_fault(Fault("create", "no_id"))
    client.sandbox.add_fault(Fault("create", "invalid", message="too long"))

    accepted, wrong = client.create(), client.create()

    assert (accepted.status_code, accepted.json()) == (202, {"status": "created"})
    assert (wrong.status_code, wrong.json()["message"]) == (400, "too long")
    assert client.sandbox.jobs == []
    assert met(client) == ["no_id", "invalid"]


def test_a_job_can_be_unknown_for_a_while(client):
    client.sandbox.add_fault(Fault("status", "not_found"))
    job_id = client.job_id()

    assert [client.status(job_id).status_code for _ in range(2)] == [404, 303]
    assert met(client) == ["not_found"]


def test_an_outage_lasts_as_long_as_set_and_counts_when_it_begins(client, clock):
    client.sandbox.add_fault(Fault("status", "outage", seconds=60))
    job_id = client.job_id()
    assert [fault.name for fault in client.sandbox.unmet_faults()] == ["outage"]

    during = [client.status(job_id).status_code for _ in range(3)]
    clock.tick(60)

    assert during == [500] * 3
    assert client.status(job_id).status_code == 303
    assert met(client) == ["outage"] * 3


@pytest.mark.parametrize("name", ["silent", "accepted_then_silent"])
def test_an_answer_can_be_long_in_coming(client, name):
    client.sandbox.add_fault(Fault("create", name, seconds=0.3))

    began = time.monotonic()
    with pytest.raises(requests.ConnectionError, match="reset"):
        client.create()

    assert time.monotonic() - began >= 0.3
    assert len(client.sandbox.jobs) == (name == "accepted_then_silent")
    assert met(client) == [name]


def test_a_job_can_take_longer_than_its_pace(client, clock):
    client.sandbox.add_fault(Fault("create", "slow_job", seconds=60))
    job_id = client.job_id()

    before = client.status(job_id).json()["status"]
    clock.tick(60)

    assert (before, client.status(job_id).status_code) == ("created", 303)
    assert met(client) == ["slow_job"]


@pytest.mark.parametrize(
    ("fault", "status", "start"),
    [
        (Fault("object", "wrong_range", shift=-10), 206, 490),
        (Fault("object", "range_refused"), 416, None),
        (Fault("object", "changed_etag"), 200, 0),
        (Fault("object", "changed_etag", partial=True), 206, 500),
    ],
    ids=repr,
)
def test_a_range_can_be_answered_with_something_else(client, fault, status, start):
    client.sandbox.add_fault(fault)
    job_id = client.job_id()
    whole = client.download(job_id)

    answer = client.download(job_id, Range="bytes=500-", **{"If-Range": whole.headers["ETag"]})

    assert answer.status_code == status
    assert start is None or answer.content == whole.content[start:]
    if status == 206:
        assert (
            answer.headers["Content-Range"] == f"bytes {start}-{len(whole.content) - 1}/{len(whole.content)}"
        )
    assert (answer.headers.get("ETag") == whole.headers["ETag"]) == (fault.name == "wrong_range")
    assert met(client) == [fault.name]


def test_a_download_can_come_in_drops(open_sandbox):
    paused = []
    client = open_sandbox(Fault("object", "drip", after=100, size=1000, seconds=7.0), sleep=paused.append)

    content = client.download(client.job_id()).content

    assert paused == [7.0] * -(-(len(content) - 100) // 1000)
    assert json.loads(content)["total"] > 0
    assert met(client) == ["drip"]


@pytest.mark.parametrize("name", ["no_length", "reset_at_end"])
def test_a_whole_download_can_come_without_its_length(open_sandbox, name):
    client = open_sandbox()
    url = client.presigned_url(client.job_id())
    whole = client.plain.head(url).headers["Content-Length"]
    client.sandbox.add_fault(Fault("object", name))

    with client.plain.get(url, stream=True) as answer:
        content = answer.raw.read(int(whole))
        if name == "reset_at_end":
            with pytest.raises(ProtocolError):
                answer.raw.read(1)

    assert "Content-Length" not in answer.headers
    assert content.endswith(b"}]}")
    assert met(client) == [name]


def content_of(open_sandbox, name, file_format, **details):
    """Returns the bytes of a file without and with a fault of its content, and the job of the latter."""
    client = open_sandbox(bounds="half-open")
    right = client.download(client.job_id(format=file_format)).content
    client.sandbox.add_fault(Fault("create", name, **details))
    wrong = client.download(client.job_id(format=file_format))
    assert met(client) == [name]
    return right, wrong, client.sandbox.jobs[-1]


@pytest.mark.parametrize(("name", "total"), [("wrong_total", 1), ("no_total", None)])
def test_a_total_can_be_wrong_or_missing(open_sandbox, name, total):
    right, wrong, _ = content_of(open_sandbox, name, "json")

    entries = json.loads(right)["entries"]
    assert wrong.json()["entries"] == entries
    assert wrong.json().get("total") == (None if total is None else len(entries) + total)


@pytest.mark.parametrize("file_format", ["json", "csv"])
def test_a_file_can_be_empty_or_less_than_that(open_sandbox, file_format):
    right, empty, _ = content_of(open_sandbox, "empty", file_format)
    _, nothing, _ = content_of(open_sandbox, "no_bytes", file_format)

    assert empty.content == (
        b'{"total":0,"entries":[]}' if file_format == "json" else right.splitlines(True)[0]
    )
    assert nothing.content == b""


def test_a_file_can_be_compressed_in_three_ways(open_sandbox):
    right, one, _ = content_of(open_sandbox, "packed", "json", members=3)
    _, labeled, _ = content_of(open_sandbox, "packed", "json", header=True)
    _, cut, _ = content_of(open_sandbox, "packed", "json", cut=1)

    assert gzip.decompress(one.content) == right == labeled.content  # `requests` has decompressed this one
    with pytest.raises(EOFError):
        gzip.decompress(cut.content)


@pytest.mark.parametrize("name", ["ragged", "unclosed_quote", "bom", "line_ends"])
def test_a_csv_file_can_have_other_bytes(open_sandbox, name):
    right, wrong, _ = content_of(open_sandbox, name, "csv")

    heading, rest = right.split(b"\r\n", 1)
    assert (
        wrong.content
        == {
            "ragged": heading + b"\r\nCA-added,inbound\r\n" + rest,
            "unclosed_quote": heading + b'\r\n"' + rest,
            "bom": b"\xef\xbb\xbf" + right,
            "line_ends": right.replace(b"\r\n", b"\n"),
        }[name]
    )


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("nul", {"notes": "a\0b"}),
        ("newline", {"notes": 'two\r\nlines, "quoted"\nand more'}),
        ("long_field", {"notes": "long " * 40_000}),
        ("new_field", {"weather": "fine"}),
        ("field_gone", {"notes": ...}),
        ("field_renamed", {"callsid": ..., "call_sid": "CA"}),
        ("type_changed", {"talk_time": " s"}),
        ("odd_times", {"end_at": "Z"}),
        ("no_end", {"end_at": None}),
        ("outside", {"callsid": "CA-added", "end_at": "2011-11-11 11:11:11"}),
        ("on_boundary", {"callsid": "CA-added", "end_at": "2024-05-14 00:00:00"}),
    ],
)
@pytest.mark.parametrize("file_format", ["json", "csv"])
def test_rows_can_be_wrong(open_sandbox, name, found, file_format):
    csv.field_size_limit(1 << 20)
    _, wrong, job = content_of(open_sandbox, name, file_format)

    text = wrong.content.decode()
    rows = (
        json.loads(text)["entries"] if file_format == "json" else list(csv.DictReader(io.StringIO(text, "")))
    )
    first, expected = rows[0], next(job.content.rows())
    for field, value in found.items():
        if value is ...:
            assert field not in first
        elif value is None:
            assert not first[field]
        else:
            assert value in first[field]
        assert (first.get(field) or None) == expected.get(field)


def test_a_text_can_be_of_another_encoding(open_sandbox):
    _, wrong, _ = content_of(open_sandbox, "not_utf8", "json")

    assert b'"notes":"caf\xe9"' in wrong.content


def test_secrets_lists_what_a_client_must_not_show(client):
    url = client.presigned_url(client.job_id())

    token = client.session.headers["Authorization"].removeprefix("Bearer ")
    config = client.sandbox.config
    pair = base64.b64encode(f"{config['client_id']}:{config['client_secret']}".encode()).decode()
    assert client.sandbox.secrets >= {token, url[-64:], config["password"], config["client_secret"], pair}


def test_a_renewal_can_be_refused(client):
    client.sandbox.add_fault(Fault("renew", "renewal_refused"))

    assert perform(client, "renew").status_code == 401
    assert met(client) == ["renewal_refused"]


def test_every_fault_has_a_test_in_this_file():
    """This fails for a new kind of fault without a test."""
    text = Path(__file__).read_text(encoding="utf-8")

    assert [name for name in KINDS if f'"{name}"' not in text] == []
