"""The Reporting API's sign-in and job operations, over real HTTP."""

import re
from datetime import UTC, datetime

import pytest

from talkdesk_sandbox import Pace, Sandbox

DAY = datetime(2024, 5, 13, tzinfo=UTC), datetime(2024, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize("path", ["/auth/token", "/token"])
def test_sign_in_gives_tokens_under_both_its_names(client, path):
    reply = client.sign_in(path).json()

    assert reply["access_token"].count(".") == 2
    assert len(reply["id_token"]) == 96
    assert reply["access_token_expires"] == "2024-05-16T12:00:00Z"
    assert reply["_links"]["self"]["href"] == client.sandbox.url + path


@pytest.mark.parametrize(
    "name", ["account", "client_id", "client_secret", "client_version", "username", "password"]
)
def test_sign_in_is_refused_when_a_credential_is_wrong(client, name):
    answer = client.sign_in(**{name: "wrong"})

    assert answer.status_code == 401
    assert "error" in answer.json()


def test_an_id_token_renews_the_access_token_until_it_expires(client, clock):
    first = client.sign_in().json()

    second = client.sign_in("/auth/access", id_token=first["id_token"])
    clock.tick(66 * 60)
    third = client.sign_in("/auth/access", id_token=first["id_token"])

    assert second.status_code == 200
    assert second.json()["access_token"] != first["access_token"]
    assert third.status_code == 401


def test_an_expired_token_gets_403_and_an_unknown_one_401(client, clock):
    clock.tick(86_400)
    expired = client.create()
    client.session.headers["Authorization"] = "Bearer wrong"
    unknown = client.create()
    del client.session.headers["Authorization"]
    missing = client.create()

    assert [answer.status_code for answer in (expired, unknown, missing)] == [403, 401, 401]


def test_an_id_token_is_no_access_token(client):
    client.session.headers["Authorization"] = f"Bearer {client.sign_in().json()['id_token']}"

    assert client.create().status_code == 401


def test_a_new_job_is_described_as_in_the_documentation(client):
    answer = client.create()

    job = answer.json()
    assert answer.status_code == 202
    assert len(job["id"]) == 24
    assert job == {
        "id": job["id"],
        "status": "created",
        "timespan": {"from": "2024-05-13 00:00:00 UTC", "to": "2024-05-14 00:00:00 UTC"},
        "_links": {
            "self": {"href": f"{client.sandbox.url}/reports/calls/jobs/{job['id']}"},
            "files": {"href": f"{client.sandbox.url}/reports/calls/files/{job['id']}"},
        },
    }


@pytest.mark.parametrize(
    "spelling", ["2024-05-13T00:00:00+00:00", "2024-05-13 00:00:00 UTC", "2024-05-13T02:00:00.000+02:00"]
)
def test_times_are_read_in_every_known_spelling(client, spelling):
    assert client.create(start=spelling).json()["timespan"]["from"] == "2024-05-13 00:00:00 UTC"


def test_a_job_runs_through_its_statuses_and_ends_in_a_redirect(open_sandbox):
    client = open_sandbox(pace=Pace.after_polls(3))
    job_id = client.job_id()

    answers = [client.status(job_id) for _ in range(4)]

    assert [answer.json()["status"] for answer in answers] == ["created", "processing", "uploading", "done"]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 303]
    assert answers[3].headers["Location"] == f"{client.sandbox.url}/reports/calls/files/{job_id}"
    assert answers[3].headers["Content-Type"] == "application/json"


def test_requests_for_the_file_move_a_job_on(open_sandbox):
    client = open_sandbox(pace=Pace.after_polls(2))
    job_id = client.job_id()

    assert [client.file(job_id).status_code for _ in range(3)] == [404, 404, 302]


def test_a_job_becomes_done_by_the_clock_when_the_pace_is_in_seconds(open_sandbox, clock):
    client = open_sandbox(pace=Pace.after_seconds(60))
    job_id = client.job_id()

    before = client.status(job_id)
    clock.tick(60)
    after = client.status(job_id)

    assert (before.status_code, after.status_code) == (200, 303)


def test_the_file_is_behind_a_redirect_whose_body_repeats_the_url(client):
    answer = client.file(client.job_id())

    url = answer.headers["Location"]
    assert answer.status_code == 302
    assert answer.text == f"This resource has been moved temporarily to {url}."
    assert url.startswith(client.sandbox.files_url + "/public_api_calls_report_")


@pytest.mark.parametrize("report", ["calls", "user_status"])
def test_the_file_holds_exactly_the_rows_of_the_timespan(open_sandbox, report):
    client = open_sandbox(bounds="half-open")

    content = client.download(client.job_id(report), report).json()

    assert content["total"] == len(content["entries"]) > 0
    assert content["entries"] == client.sandbox.rows(report, *DAY)


@pytest.mark.parametrize("report", ["calls", "user_status"])
def test_the_files_can_have_the_fields_of_the_second_generation(open_sandbox, report):
    client = open_sandbox(bounds="half-open", reporting_fields="2017")

    content = client.download(client.job_id(report), report).json()
    header = client.download(client.job_id(report, format="csv"), report).text.partition("\r\n")[0]

    assert list(content) == ["total", "type", "version", "entries"]
    assert (content["type"], content["version"]) == (report, "v1")
    assert content["total"] == len(content["entries"]) > 0
    assert content["entries"] == client.sandbox.rows(report, *DAY)
    assert header.split(",") == [*content["entries"][0]]
    if report == "calls":
        first, *_ = content["entries"]
        assert {"call_id", "callsid", "user_id", "handling_user_name", "csat_score"} <= first.keys()
        assert not {"agent_name", "data_status"} & first.keys()
        assert re.fullmatch(r"2024-05-13 \d\d:\d\d:\d\d", first["end_at"])


def test_to_is_inclusive_unless_bounds_are_half_open(open_sandbox):
    ends = open_sandbox().sandbox.rows("calls", *DAY)[50]["end_at"].replace(" ", "T") + "Z"

    closed, half_open = open_sandbox(), open_sandbox(bounds="half-open")

    for client, found in ((closed, True), (half_open, False)):
        rows = client.download(client.job_id(end=ends)).json()["entries"]
        assert any(row["end_at"].replace(" ", "T") + "Z" == ends for row in rows) == found


def test_an_empty_report_is_a_file_with_no_entries(client):
    at = "2024-05-13T00:00:00Z"

    assert client.download(client.job_id(start=at, end=at)).json() == {"total": 0, "entries": []}


@pytest.mark.parametrize(
    ("members", "name", "description"),
    [
        ({"start": None}, "timespan[from]", "timespan[from] is missing"),
        ({"end": None}, "timespan[to]", "timespan[to] is missing"),
        ({"start": "yesterday"}, "timespan[from]", "timespan[from] is invalid"),
        ({"start": "2024-05-15T00:00:00Z"}, "timespan[from]", "timespan[from] is after timespan[to]"),
        (
            {"end": "2024-05-15T11:00:01Z"},
            "timespan[to]",
            "timespan[to] must be at least one hour in the past",
        ),
        ({"format": "xls"}, "format", "format does not have a valid value"),
    ],
)
def test_a_wrong_job_request_is_refused_with_its_fields(client, members, name, description):
    answer = client.create(**members)

    assert answer.status_code == 400
    assert answer.json() == {
        "code": 1400,
        "message": "input parameters validation failed",
        "fields": [{"name": name, "description": description}],
    }


def test_to_may_lie_exactly_one_hour_back(client):
    assert client.create(end="2024-05-15T11:00:00Z").status_code == 202


def test_a_row_is_available_only_some_time_after_its_end(open_sandbox):
    client = open_sandbox(settle_seconds=7200)

    rows = client.download(client.job_id(start="2024-05-15T00:00:00Z", end="2024-05-15T11:00:00Z")).json()

    assert "2024-05-15 09" < max(row["end_at"] for row in rows["entries"]) < "2024-05-15 10:00:00"


def test_unknown_reports_jobs_and_paths_are_not_found(client):
    job_id = client.job_id()

    answers = [
        client.create("contacts"),
        client.status("0" * 24),
        client.status(job_id, "user_status"),
        client.file("0" * 24),
        client.call("GET", "/reports"),
    ]

    assert [(answer.status_code, answer.text) for answer in answers] == [(404, "404 Not Found")] * 5
    assert client.sandbox.ledger[-1].operation == "other"


def test_a_forbidden_report_is_refused_and_the_other_is_not(open_sandbox):
    client = open_sandbox(forbidden_reports=["calls"])

    assert client.create("calls").status_code == 403
    assert client.create("user_status").status_code == 202


def test_only_so_many_jobs_may_be_unfinished(open_sandbox):
    client = open_sandbox(pace=Pace.after_polls(1), max_open_jobs=2)
    first, _ = client.job_id(), client.job_id("user_status")

    refused = client.create()
    client.status(first)

    assert refused.status_code == 429
    assert client.create().status_code == 202


def test_a_running_job_can_be_cancelled_and_a_finished_one_not(open_sandbox):
    client = open_sandbox(pace=Pace.after_polls(1))
    job_id = client.job_id()

    first = client.call("DELETE", f"/reports/calls/jobs/{job_id}")
    second = client.call("DELETE", f"/reports/calls/jobs/{job_id}")

    assert (first.status_code, second.status_code, len(second.content)) == (204, 403, 30)
    assert (client.status(job_id).status_code, client.status(job_id).json()["status"]) == (200, "canceled")


def test_a_file_can_be_deleted_once(client):
    job_id = client.job_id()
    url = client.presigned_url(job_id)

    first = client.call("DELETE", f"/reports/calls/files/{job_id}")
    second = client.call("DELETE", f"/reports/calls/files/{job_id}")

    assert (first.status_code, second.status_code, len(second.content)) == (204, 403, 30)
    assert client.status(job_id).json()["status"] == "deleted"
    assert client.file(job_id).status_code == 404
    assert "NoSuchKey" in client.plain.get(url).text


def test_the_list_is_paged_newest_first(open_sandbox):
    client = open_sandbox()
    ids = [client.job_id() for _ in range(5)]
    client.job_id("user_status")

    first = client.call("GET", "/reports/calls/jobs?per_page=2&order=desc").json()
    last = client.call("GET", "/reports/calls/jobs?per_page=2&page=3").json()

    assert [job["id"] for job in first["_embedded"]["jobs"]] == [ids[4], ids[3]]
    assert (first["total"], first["page"], first["per_page"]) == (5, 1, 2)
    assert first["_links"]["next"]["href"].endswith("/reports/calls/jobs?page=2&per_page=2&order=desc")
    assert first["_links"]["page"]["templated"]
    assert [job["id"] for job in last["_embedded"]["jobs"]] == [ids[0]]
    assert "next" not in last["_links"]


def test_the_ledger_names_operations_and_holds_nothing_secret(client):
    job_id = client.job_id()
    client.status(job_id)
    client.download(job_id, Range="bytes=0-9")

    entries = client.sandbox.ledger
    assert [(entry.operation, entry.status) for entry in entries] == [
        ("token", 200),
        ("create", 202),
        ("status", 303),
        ("files", 302),
        ("object", 206),
    ]
    assert [entry.authorized for entry in entries] == [False, True, True, True, False]
    assert {entry.job for entry in entries[1:]} == {job_id}
    assert entries[-1].range == "bytes=0-9"
    assert "X-Amz" not in repr(entries)
    assert "Bearer" not in repr(entries)


def test_the_controls_show_over_http_what_the_object_shows(open_sandbox):
    client = open_sandbox(pace=Pace.after_polls(1))
    job_id = client.job_id()

    def control(path):
        return client.plain.get(f"{client.sandbox.url}/sandbox/{path}").json()

    assert [entry["operation"] for entry in control("ledger")] == ["token", "create"]
    assert control("jobs")[0] | {"id": job_id, "status": "created"} == control("jobs")[0]
    rows = control(f"rows?report=calls&from={client.FROM}&to={client.TO}")
    assert rows == client.sandbox.rows("calls", *DAY)
    faults = [{"operation": "status", "name": "unavailable", "times": 2}]
    assert client.plain.post(f"{client.sandbox.url}/sandbox/faults", json=faults).status_code == 204
    assert client.status(job_id).status_code == 503
    assert [fault["name"] for fault in control("faults")] == ["unavailable"]
    wrong = client.plain.post(f"{client.sandbox.url}/sandbox/faults", json=[{"operation": "x", "name": "y"}])
    assert wrong.status_code == 400


def test_the_date_header_follows_the_clock(client):
    assert client.create().headers["Date"] == "Wed, 15 May 2024 12:00:00 GMT"


def test_the_settings_point_at_the_sandbox(client):
    config = client.sandbox.config

    assert config["api_url"] == client.sandbox.url
    assert config["token_url"] == f"{client.sandbox.url}/auth/token"


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match="closed"):
        Sandbox(bounds="open")
    with pytest.raises(ValueError, match="user_status"):
        Sandbox(forbidden_reports=["walls"])
    with pytest.raises(ValueError, match="2016, 2017"):
        Sandbox(reporting_fields="2018")
    with pytest.raises(ValueError, match="polls:3"):
        Pace.parse("soon")


@pytest.mark.parametrize(
    ("text", "pace"),
    [("now", Pace.now()), ("polls:3", Pace.after_polls(3)), ("seconds:1.5", Pace.after_seconds(1.5))],
)
def test_a_pace_can_be_written(text, pace):
    assert Pace.parse(text) == pace
