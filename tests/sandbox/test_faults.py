"""Every fault is met, and looks as it is meant to."""

import time
from pathlib import Path

import pytest
import requests
from urllib3.exceptions import ProtocolError

from tap_talkdesk_reports.sandbox import Fault, Pace
from tap_talkdesk_reports.sandbox.faults import API, KINDS, OPERATIONS


def met(client):
    """Names of the faults that the ledger knows; none may be left over."""
    assert client.sandbox.unmet_faults() == []
    return [entry.fault for entry in client.sandbox.ledger if entry.fault]


def perform(client, operation):
    """One request of an operation."""
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
    with pytest.raises(ValueError, match="not 0 times"):
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


def test_faults_are_met_in_order_as_often_as_ordered_and_by_their_report(open_sandbox):
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


def test_a_fault_that_never_comes_up_is_told(client):
    client.sandbox.add_fault(Fault("list", "reset"))
    client.create()

    assert [fault.name for fault in client.sandbox.unmet_faults()] == ["reset"]


def test_a_job_can_be_made_although_its_answer_is_lost(open_sandbox):
    client = open_sandbox(Fault("create", "accepted_then_reset"))

    with pytest.raises(requests.ConnectionError, match="reset"):
        client.create()

    listed = client.call("GET", "/reports/calls/jobs").json()["_embedded"]["jobs"]
    assert [job["id"] for job in listed] == [job.id for job in client.sandbox.jobs]
    assert len(listed) == 1
    assert met(client) == ["accepted_then_reset"]


@pytest.mark.parametrize(("name", "status"), [("job_failed", "failed"), ("job_canceled", "canceled")])
def test_a_job_can_end_dead(open_sandbox, name, status):
    client = open_sandbox(Fault("create", name), pace=Pace.after_asks(1))
    job_id = client.job_id()

    told = [client.status(job_id) for _ in range(2)]

    assert [(answer.status_code, answer.json()["status"]) for answer in told] == [
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


def test_a_status_can_be_a_word_that_nobody_knows(open_sandbox):
    client = open_sandbox(Fault("status", "unknown_status", asks=2))
    job_id = client.job_id()

    assert [client.status(job_id).json()["status"] for _ in range(3)] == [
        "frobnicating",
        "frobnicating",
        "done",
    ]
    assert met(client) == ["unknown_status"]


def test_a_redirect_can_lack_its_location_once_the_job_is_done(open_sandbox):
    client = open_sandbox(Fault("status", "no_location"), pace=Pace.after_asks(1))
    job_id = client.job_id()

    answers = [client.status(job_id) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 303, 303]
    assert ["Location" in answer.headers for answer in answers] == [False, False, True]
    assert [entry.fault for entry in client.sandbox.ledger[-3:]] == [None, "no_location", None]


def test_a_signed_url_can_be_expired_from_the_start(open_sandbox):
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


def test_a_cut_behind_the_end_still_takes_the_last_byte(open_sandbox):
    client = open_sandbox(Fault("object", "cut", after=10**9))

    with client.plain.get(client.signed_url(client.job_id()), stream=True) as answer:
        content = answer.raw.read(answer.raw.length_remaining - 1)
        with pytest.raises(ProtocolError):
            answer.raw.read(1)

    assert content.endswith(b"}]")
    assert met(client) == ["cut"]


def test_a_download_can_stall_and_go_on(open_sandbox):
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
        client.plain.get(client.signed_url(client.job_id()), timeout=0.2)

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
        ("server_error", 500, "InternalError"),
        ("unavailable", 503, "ServiceUnavailable"),
    ],
)
def test_a_download_can_be_something_else(open_sandbox, name, status, text):
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


def test_a_total_can_be_wrong(open_sandbox):
    client = open_sandbox(Fault("create", "wrong_total"))

    content = client.download(client.job_id()).json()

    assert content["total"] == len(content["entries"]) + 1
    assert met(client) == ["wrong_total"]


def test_a_renewal_can_be_refused(client):
    client.sandbox.add_fault(Fault("renew", "renewal_refused"))

    assert perform(client, "renew").status_code == 401
    assert met(client) == ["renewal_refused"]


def test_every_fault_of_the_table_is_met_in_this_file():
    """A new kind of fault without a test would be noticed here."""
    text = Path(__file__).read_text(encoding="utf-8")

    assert [name for name in KINDS if f'"{name}"' not in text] == []
