"""Faults of hostile and broken servers: each happens, and does what the README's table says."""

import base64
import http.client
import socket
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from talkdesk_sandbox import Fault
from talkdesk_sandbox.faults.hostile import HOSTILE
from talkdesk_sandbox.faults.kind import API, OPERATIONS
from talkdesk_sandbox.faults.spellings import SPELLINGS

SECRET = "ab/cd+ef==&\"x'9<Zq\\kkp"


def met(client):
    """Returns the names of the faults in the ledger, and asserts that none is left."""
    assert client.sandbox.unmet_faults() == []
    return [entry.fault for entry in client.sandbox.ledger if entry.fault]


@pytest.fixture(params=["reporting", "explore"])
def either(request, open_sandbox, open_explore):
    """Returns a function that opens a sandbox with a client of either API."""

    def open_(*faults, **options):
        if request.param == "reporting":
            return open_sandbox(*faults, **options)
        return open_explore(*faults, **options)

    return open_


def job_of(answer):
    content = answer.json()
    return content.get("job", content)


def timespan_of(answer):
    return [
        datetime.fromisoformat(job_of(answer)["timespan"][name].removesuffix(" UTC")).replace(tzinfo=None)
        for name in ("from", "to")
    ]


def raw(client, path, method="GET", body=b""):
    """Returns all bytes that the API host sends for a request, until it closes the connection."""
    host = urlsplit(client.sandbox.url)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host.netloc}\r\nConnection: close\r\n"
        f"Authorization: {client.session.headers['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host.hostname, host.port), timeout=60) as connection:
        connection.sendall(head.encode() + body)
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


@pytest.mark.parametrize(("end", "shift"), [("to", (0, -43200)), ("from", (43200, 0))])
def test_a_timespan_can_be_shortened(either, end, shift):
    client = either(Fault("create", "narrower_timespan", seconds=43200, end=end))

    narrower, whole = client.create(), client.create()

    difference = [one - other for one, other in zip(timespan_of(narrower), timespan_of(whole), strict=True)]
    assert difference == [timedelta(seconds=seconds) for seconds in shift]
    ids = [job_of(answer)["id"] for answer in (narrower, whole)]
    assert timespan_of(client.status(ids[0])) == timespan_of(narrower)
    totals = [client.download(job_id).json()["total"] for job_id in ids]
    assert totals[0] < totals[1]
    assert met(client) == ["narrower_timespan"]


@pytest.mark.parametrize("operation", ["create", "status"])
def test_an_answer_can_say_less_than_was_requested(either, operation):
    client = either(Fault(operation, "narrower_echo", seconds=60))

    created = client.create()
    polled = client.status(job_of(created)["id"])

    cut = {"create": (created, polled), "status": (polled, created)}[operation]
    assert timespan_of(cut[1])[1] - timespan_of(cut[0])[1] == timedelta(minutes=1)
    assert timespan_of(cut[0])[0] == timespan_of(cut[1])[0]
    assert client.download(job_of(created)["id"]).json()["total"] > 0
    assert met(client) == ["narrower_echo"]


def test_times_can_be_answered_in_a_zone_that_is_not_named(either):
    client = either(Fault("create", "zoneless_echo", minutes=-90))

    local, utc = client.create(), client.create()

    assert [one - other for one, other in zip(timespan_of(local), timespan_of(utc), strict=True)] == [
        timedelta(minutes=-90)
    ] * 2
    assert not job_of(local)["timespan"]["to"].endswith(("Z", "UTC"))
    assert met(client) == ["zoneless_echo"]


def test_an_id_can_be_answered_twice(either):
    client = either()
    client.sandbox.add_fault(Fault("create", "same_id"))

    first = client.create()
    second = client.create(start="2024-05-12T00:00:00Z")

    assert job_of(first)["id"] == job_of(second)["id"]
    assert timespan_of(first) != timespan_of(second)
    assert len(client.sandbox.jobs) == 1
    assert met(client) == ["same_id"]


@pytest.mark.parametrize("odd", ["..", ".", "a/b", "../../x", "a?b#c", "a\r\nX: y", "\ud83d", 'a"b'])
def test_an_id_can_be_part_of_a_path(either, odd):
    client = either(Fault("create", "odd_id", id=odd))

    assert job_of(client.create())["id"] == odd
    assert met(client) == ["odd_id"]


def test_the_list_can_have_a_job_with_odd_times_and_an_odd_id(either):
    client = either(
        Fault("list", "listed_job"), Fault("list", "listed_job", id="a/b", ends="2024-05-14T00:00:00Z")
    )
    client.create()

    far, path, usual = (client.list().json()["_embedded"]["jobs"] for _ in range(3))

    assert far[0]["timespan"] == {"from": "0001-01-01T00:00:00+05:00", "to": "9999-12-31T23:59:59-08:00"}
    assert path[0]["id"] == "a/b"
    assert far[1:] == path[1:] == usual
    assert met(client) == ["listed_job", "listed_job"]


def test_a_token_can_have_an_invalid_lifetime(either):
    client = either()
    client.sandbox.add_fault(Fault("token", "odd_expiry"))
    client.sandbox.add_fault(Fault("token", "odd_expiry", value="9999-12-31T23:59:59-08:00"))

    contents = [client.sign_in().json() for _ in range(2)]

    name = "expires_in" if "expires_in" in contents[0] else "access_token_expires"
    assert [content[name] for content in contents] == [10**400, "9999-12-31T23:59:59-08:00"]
    assert met(client) == ["odd_expiry"] * 2


def answer_of(client, operation):
    """Sends one request of an operation that the client has."""
    if operation == "token":
        return client.sign_in()
    if operation == "create":
        return client.create()
    if operation == "list":
        return client.list()
    of_job = {"status": client.status, "files": client.file, "object": client.download}
    return of_job[operation](client.job_id())


@pytest.mark.parametrize("operation", ["token", "create", "list", "status", "files", "object"])
def test_any_answer_can_have_another_date(either, operation):
    client = either()
    client.sandbox.add_fault(Fault(operation, "skewed_date", seconds=-5400))
    client.sandbox.add_fault(Fault(operation, "odd_date"))

    skewed, odd = (answer_of(client, operation).headers["Date"] for _ in range(2))

    assert parsedate_to_datetime(skewed) == client.sandbox._backend.clock() - timedelta(seconds=5400)
    assert odd == "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"
    assert met(client) == ["skewed_date", "odd_date"]


def test_any_header_can_have_any_value(either):
    client = either(
        Fault("create", "odd_header"), Fault("object", "odd_header", header="Content-Range", value="9" * 5000)
    )

    created = client.create()
    file = client.download(job_of(created)["id"])

    assert created.headers["Retry-After"] == "Fri, 31 Dec 9999 23:59:59 -0800"
    assert file.headers["Content-Range"] == "9" * 5000
    assert met(client) == ["odd_header", "odd_header"]


@pytest.mark.parametrize("operation", ["list", "object"])
def test_a_content_length_can_be_too_large(either, operation):
    client = either()
    client.sandbox.add_fault(Fault(operation, "odd_length", value=10**30))

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        answer_of(client, operation)

    assert met(client) == ["odd_length"]


@pytest.mark.parametrize("operation", ["status", "files", "object"])
def test_a_redirect_can_lead_to_two_hosts(either, operation):
    client = either()
    client.sandbox.add_fault(Fault(operation, "odd_location"))
    job_id = client.job_id()

    if operation == "object":
        url = client.presigned_url(job_id)
        answer = client.plain.get(url, allow_redirects=False)
    else:
        answer = {"status": client.status, "files": client.file}[operation](job_id)

    assert answer.is_redirect
    assert answer.headers["Location"] == "http://files.invalid\\@127.0.0.1/x"
    assert client.download(job_id).json()["total"] > 0
    assert met(client) == ["odd_location"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_can_be_huge_and_is_the_same_json(either, packed):
    client = either(Fault("list", "huge_body", megabytes=2, gzip=packed))
    client.create()

    answer = client.list()

    assert len(answer.content) > 2 << 20
    assert ("Content-Encoding" in answer.headers) == packed
    assert int(answer.headers["Content-Length"]) < (1 << 14) if packed else (3 << 20)
    assert answer.json() == client.list().json()
    assert met(client) == ["huge_body"]


@pytest.mark.parametrize("operation", sorted(OPERATIONS - {"renew", "cancel", "delete_file"}))
def test_any_success_can_have_an_empty_body(either, operation):
    client = either()
    client.sandbox.add_fault(Fault(operation, "empty_body"))

    answer = answer_of(client, operation)

    assert answer.status_code == (202 if operation == "create" else 200)
    assert (answer.headers["Content-Length"], answer.content) == ("0", b"")
    assert met(client) == ["empty_body"]


@pytest.mark.parametrize("status", [202, 204])
def test_a_file_can_be_not_ready_without_an_error(either, status):
    client = either(Fault("files", "not_ready", status=status))
    job_id = client.job_id()

    answers = [client.file(job_id) for _ in range(2)]

    assert answers[0].status_code == status
    assert "Location" not in answers[0].headers
    assert "Location" in answers[1].headers
    assert met(client) == ["not_ready"]


def test_a_header_can_come_byte_by_byte(either):
    pauses = []
    client = either(Fault("list", "drip_header", seconds=1.0, count=5), sleep=pauses.append)

    answer = client.list()

    assert answer.headers["X-Drip"] == "aaaaa"
    assert pauses == [1.0] * 5
    assert "_embedded" in answer.json()
    assert met(client) == ["drip_header"]


def test_a_header_that_drips_does_not_hold_up_the_end(either):
    client = either(Fault("list", "drip_header", seconds=3600))

    with pytest.raises(requests.exceptions.ReadTimeout):
        client.call("GET", f"{client.ROOT}/calls/jobs", timeout=0.2)
    client.sandbox.close()


def test_a_body_of_the_api_can_come_byte_by_byte(either):
    pauses = []
    client = either(Fault("status", "drip_body", seconds=1.0, size=10), sleep=pauses.append)
    job_id = client.job_id()

    answer = client.status(job_id)

    assert job_of(answer)["status"] == "done"
    assert pauses == [1.0] * -(-len(answer.content) // 10)
    assert met(client) == ["drip_body"]


@pytest.mark.parametrize(("file_format", "after"), [("csv", None), ("csv", 500), ("json", 500)])
def test_a_file_can_come_in_chunks_without_a_length(either, file_format, after):
    client = either(Fault("object", "chunked", after=after))
    job_id = client.job_id(format=file_format)

    answer, whole = (client.download(job_id) for _ in range(2))

    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert "Content-Length" not in answer.headers
    assert answer.content == whole.content[:after]
    assert met(client) == ["chunked"]


@pytest.mark.parametrize("status", [100, 102, 103])
def test_answers_can_come_before_the_final_one(either, status):
    client = either(Fault("list", "interim_answers", status=status, count=2))

    sent = raw(client, f"{client.ROOT}/calls/jobs")

    assert sent.startswith(f"HTTP/1.1 {status} ".encode())
    assert sent.count(f"HTTP/1.1 {status} ".encode()) == 2
    assert sent.count(b"HTTP/1.1 200 OK\r\n") == 1
    assert met(client) == ["interim_answers"]


@pytest.mark.parametrize("spelling", sorted(SPELLINGS))
def test_an_error_can_echo_a_secret_in_another_spelling(either, spelling):
    client = either(client_secret=SECRET)
    client.sandbox.add_fault(Fault("create", "echo_secret", spelling=spelling))

    answer = client.create()

    assert answer.status_code == 400
    assert SPELLINGS[spelling](SECRET) in answer.text
    assert (SECRET in answer.text) == (spelling == "raw")
    assert met(client) == ["echo_secret"]


@pytest.mark.parametrize(
    ("text", "spelling", "expected"),
    [
        ("a/b=", "json_slash", "a\\/b="),
        ("a/b=", "gson", "a/b\\u003d"),
        ("a&'", "go", "a\\u0026'"),
        ("a&", "html", "a&amp;"),
        ("a", "html_numeric", "&#97;"),
        ("/", "url_lower", "%2f"),
        ("/", "url_twice", "%252F"),
        ("a", "url_each", "%61"),
        ("a", "unicode", "\\u0061"),
        ('"', "json_twice", '\\\\\\"'),
    ],
)
def test_spellings_are_those_of_the_writers(text, spelling, expected):
    assert SPELLINGS[spelling](text) == expected


@pytest.mark.parametrize("secret", ["client_secret", "password", "access_token", "basic"])
def test_an_error_can_echo_any_secret(either, secret):
    client = either(Fault("list", "echo_secret", secret=secret, status=403))

    answer = client.list()

    config = client.sandbox.config
    pair = f"{config['client_id']}:{config['client_secret']}".encode()
    expected = {
        "client_secret": config["client_secret"],
        "password": config["password"],
        "access_token": client.session.headers["Authorization"].partition(" ")[2],
        "basic": base64.b64encode(pair).decode(),
    }[secret]
    assert answer.status_code == 403
    assert f"<{expected}>" in answer.text


def test_a_secret_can_come_late_in_a_body(either):
    client = either(Fault("list", "echo_secret", padding=4096))

    assert client.list().text == " " * 4096 + f"Refused for <{client.sandbox.config['client_secret']}>."


def test_the_file_host_can_echo_a_signature(either):
    client = either(Fault("object", "echo_secret", secret="signature", status=403))
    url = client.presigned_url(client.job_id())

    assert f"<{url[-64:]}>" in client.plain.get(url).text


def test_a_hostile_fault_waits_for_an_answer_that_it_can_change(either):
    client = either(Fault("status", "narrower_echo"))

    unknown = client.status("0" * 24)
    job_id = client.job_id()

    assert unknown.status_code == 404
    assert [fault.name for fault in client.sandbox.unmet_faults()] == ["narrower_echo"]
    client.status(job_id)
    assert met(client) == ["narrower_echo"]


def test_a_length_can_have_5000_digits(either):
    """That is more than `int` accepts."""
    client = either(Fault("list", "odd_length", value="1" * 5000))
    host = urlsplit(client.sandbox.url)
    connection = http.client.HTTPConnection(host.hostname, host.port, timeout=60)
    connection.request("GET", f"{client.ROOT}/calls/jobs", headers=dict(client.session.headers))

    answer = connection.getresponse()

    assert len(answer.getheader("Content-Length")) == 5000
    connection.close()


def test_every_hostile_fault_has_a_test_in_this_file():
    """This fails for a new kind of fault without a test."""
    text = Path(__file__).read_text(encoding="utf-8")

    assert [name for name in HOSTILE if f'"{name}"' not in text] == []
    assert all(kind.operations <= OPERATIONS for kind in HOSTILE.values())
    assert HOSTILE["drip_body"].operations == API
