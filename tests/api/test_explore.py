"""The Explore client with unexpected responses instead of a job, a list or a file."""

from __future__ import annotations

import json
import random

import pytest

from tap_talkdesk_reports.api.client import RequestPolicy
from tap_talkdesk_reports.api.explore import ExploreApi
from tap_talkdesk_reports.api.part import DownloadInterrupted
from tap_talkdesk_reports.core.errors import (
    RequestRefusedError,
    ResponseLostError,
    UnavailableError,
    UnexpectedResponseError,
)
from tap_talkdesk_reports.core.report_job import JobName, ReportJob
from tap_talkdesk_reports.core.timespans import Timespan
from tests.support import utc
from tests.support.raw_host import OK, dripping, whole

DAY = Timespan(utc("2026-03-02"), utc("2026-03-03"))
JOB = ReportJob("j1", "calls", DAY, "created")


class NoTokens:
    def token(self):
        return None


@pytest.fixture
def api(raw_host, clock):
    """Returns a function that creates a client of a host with given responses. The last one is repeated."""

    def start(*responses, timeout=30):
        left = list(responses)

        def answer(_):
            response = left.pop(0) if len(left) > 1 else left[0]
            return response() if callable(response) else [response]

        host = raw_host(answer)
        api = ExploreApi(host.url, RequestPolicy(clock=clock, user_agent="test", timeout=timeout), NoTokens())
        api.host = host
        return api

    return start


def endless():
    """Yields a body without an end."""
    yield OK + b"Content-Length: 999999999999\r\n\r\n"
    while True:
        yield b" " * 65536


def create(api):
    return api.create("calls", DAY, "json")


def jobs(api):
    return list(api.list("calls"))


def poll(api):
    return api.get(JOB)


def file(api):
    return api.open(JOB)


IDS = ["", " ", ".", "..", "../../x", "a/b", "a\\b", "a\r\nX: y", "a\0", "a" * 1000, "\ud83d", 5, None]


@pytest.mark.parametrize("job_id", IDS, ids=lambda value: repr(value)[:12])
def test_an_id_that_would_be_another_path_is_an_unexpected_response(api, job_id):
    body = {"job": {"id": job_id, "status": "created"}}

    with pytest.raises(ResponseLostError, match="expected a job with id and status") as caught:
        create(api(whole(body, status=b"202 Accepted")))

    assert caught.value.is_unexpected
    with pytest.raises(UnexpectedResponseError):
        jobs(api(whole({"_embedded": {"jobs": [body]}})))


@pytest.mark.parametrize("job_id", ["a?b#c", "é", "%2e%2e", "a b", "24f0...", "-"])
def test_any_other_id_is_one_segment_of_a_path(api, job_id):
    body = {"job": {"id": job_id, "status": "processing"}}
    some = api(whole(body))

    job = some.get(create(some))

    path = some.host.requests[-1][0].split()[1]
    assert job.id == job_id
    assert path.startswith("/data/reports/calls/jobs/")
    assert path.count("/") == 5
    assert not {"?", "#"} & set(path)


@pytest.mark.parametrize("operation", [create, jobs, poll])
@pytest.mark.parametrize(
    "body",
    [b"<html>", b"[]", b'{"job": ' + b"[" * 50_000, b'{"job": 5, "_embedded": 5}', b'{"id": '],
    ids=["page", "list", "brackets", "numbers", "cut"],
)
def test_a_body_that_is_no_object_of_the_api_is_an_unexpected_response(api, operation, body):
    with pytest.raises((UnexpectedResponseError, ResponseLostError)):
        operation(api(whole(body)))


@pytest.mark.parametrize("operation", [create, jobs])
def test_a_body_that_is_too_long_is_left_and_an_unexpected_response(api, operation):
    with pytest.raises((UnexpectedResponseError, ResponseLostError), match="too long to be shown"):
        operation(api(endless))


def test_a_poll_is_read_until_it_is_known_to_be_the_file(api):
    assert api(endless).get(JOB).status == "done"


@pytest.mark.parametrize("size", [100, 1 << 20, 20 << 20])
def test_an_error_with_a_noisy_body_is_raised_at_once_and_shown_if_it_is_short(api, size):
    noise = random.Random(1).randbytes(size)

    with pytest.raises(RequestRefusedError, match="returned 400") as caught:
        jobs(api(whole(noise, b"Content-Type: text/html", status=b"400 Bad Request")))

    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("operation", [create, jobs, poll, file])
def test_no_operation_outlasts_its_deadline(api, operation):
    with pytest.raises(UnavailableError, match="the response did not arrive in time"):
        operation(api(lambda: dripping(OK + b"X-A: "), timeout=0.05))


@pytest.mark.parametrize("status", [b"202 Accepted", b"204 No Content"])
def test_a_file_that_is_not_ready_is_waited_for(api, status):
    some = api(
        whole(b"", status=status),
        whole(b"", b"Location: https://files.example/x", status=b"302 Found"),
    )

    with pytest.raises(DownloadInterrupted, match="not ready"):
        some.open(JOB)

    assert some.open(JOB) == "https://files.example/x"


@pytest.mark.parametrize(
    "location", [b"https://[bad/", b"https://\x00/", b"https://a b/", b"//[", b"h\ttp://x/"]
)
def test_a_redirect_of_the_files_operation_to_what_is_no_url_is_an_unexpected_response(api, location):
    some = api(whole(b"", b"Location: " + location, status=b"302 Found"))

    with pytest.raises(UnexpectedResponseError, match="redirects to an invalid URL"):
        some.open(JOB)


def test_a_429_is_waited_out_until_its_date_by_the_servers_clock(api, clock):
    late = b"Date: Wed, 01 Apr 2026 13:00:00 GMT\r\nRetry-After: Wed, 01 Apr 2026 13:00:07 GMT"
    some = api(whole(b"", late, status=b"429 Too Many"), whole({"job": {"id": "j", "status": "created"}}))

    create(some)

    assert clock.monotonic() == 7


def test_a_job_is_named_by_the_time_of_talkdesk(api):
    some = api(
        whole({"_embedded": {}}, b"Date: Wed, 01 Apr 2026 13:00:00 GMT"),
        whole({"job": {"id": "j", "status": "x"}}),
    )
    jobs(some)

    create(some)

    sent = json.loads(some.host.requests[-1][2])
    name = JobName.of(ReportJob("j", "calls", DAY, "x", sent["name"]))
    assert name.created == utc("2026-04-01T13:00:00")
    assert some.now() == utc("2026-04-01T13:00:00")


@pytest.mark.parametrize(
    "date",
    [
        b"Date: Mon, 01 Jan 2024 00:00:00 +99999999999999999999",
        b"Date: Fri, 31 Dec 9999 23:59:59 -0800",
        b"Date: soon",
        b"Date: Wed, 01 Apr 2026 12:00:01 GMT",
        b"A: b",
    ],
)
def test_an_invalid_date_or_one_that_differs_by_a_second_does_not_change_the_clock(api, clock, date):
    some = api(whole({"_embedded": {}}, date))

    jobs(some)

    assert some.now() == clock.now()


# The timespan of a job


@pytest.mark.parametrize(
    ("start", "end", "has_zone"),
    [
        ("2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z", True),
        ("2026-03-02T00:00:00.000Z", "2026-03-03T00:00:00.000z", True),
        ("2026-03-02 00:00:00 UTC", "2026-03-03 00:00:00 utc", True),
        ("2026-03-02T02:00:00+02:00", "2026-03-02T22:00:00-0200", True),
        ("2026-03-02T00:00:00", "2026-03-03 00:00:00", False),
        ("2026-03-02T00:00:00Z", "2026-03-03 00:00:00", False),
    ],
)
def test_the_timespan_of_a_response_is_read_in_any_spelling(api, start, end, has_zone):
    body = {"job": {"id": "j1", "status": "created", "timespan": {"from": start, "to": end}}}

    for job in (create(api(whole(body))), api(whole(body)).get(JOB)):
        assert (job.timespan, job.echo.timespan, job.echo.has_zone) == (DAY, DAY, has_zone)


@pytest.mark.parametrize(
    "timespan",
    [
        None,
        5,
        {},
        {"from": "2026-03-02T00:00:00Z"},
        {"from": 5, "to": []},
        {"from": "today", "to": "now"},
        {"from": "2026-03-02", "to": "2026-03-02"},
        {"from": "2016-01-01T00:00:00Z", "to": "9999-12-31T23:59:59-08:00"},
    ],
    ids=str,
)
def test_an_unreadable_timespan_is_ignored(api, timespan):
    body = {"job": {"id": "j1", "status": "created", "timespan": timespan}}

    job = create(api(whole(body)))
    [listed] = jobs(api(whole({"_embedded": {"jobs": [body]}})))

    assert (job.timespan, job.echo) == (DAY, None)
    assert listed.timespan != DAY
