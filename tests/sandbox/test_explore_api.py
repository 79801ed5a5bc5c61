"""The Explore API's job operations, over real HTTP, in every variant."""

import csv
import io
import uuid

import pytest
import requests

from talkdesk_sandbox import Fault, Pace

MAY_13 = "2024-05-13T00:00:00Z"


def test_a_new_job_is_described_within_job(explore):
    answer = explore.create(name="calls of May", timezone="Europe/Lisbon")

    body = answer.json()
    job_id = body["job"]["id"]
    url = explore.sandbox.url + "/data/reports/calls"
    assert answer.status_code == 202
    assert str(uuid.UUID(job_id)) == job_id
    assert body == {
        "job": {
            "id": job_id,
            "name": "calls of May",
            "timezone": "Europe/Lisbon",
            "status": "created",
            "format": "json",
            "timespan": {"from": "2024-05-13T00:00:00Z", "to": "2024-05-14T00:00:00Z"},
            "created_at": "2024-05-15T12:00:00.000",
            "type": "calls",
        },
        "_links": {
            "self": {"href": f"{url}/jobs/{job_id}"},
            "files": {"href": f"{url}/files/{job_id}"},
        },
    }


def test_a_job_can_stand_flat_as_in_the_documents(open_explore):
    explore = open_explore(flat_jobs=True)

    created = explore.create().json()
    status = explore.status(created["id"]).json()

    assert set(created) > {"id", "status", "timespan", "_links"}
    assert (status["id"], status["status"]) == (created["id"], "done")


@pytest.mark.parametrize(
    ("spelling", "zone"),
    [
        ("2024-05-13T00:00:00.000Z", "UTC"),
        ("2024-05-13T02:00:00+02:00", "UTC"),
        ("2024-05-13T00:00:00", "UTC"),
        ("2024-05-13T01:00:00", "Europe/Lisbon"),
    ],
)
def test_times_are_read_in_every_known_spelling(explore, spelling, zone):
    assert explore.create(start=spelling, timezone=zone).json()["job"]["timespan"]["from"] == MAY_13


def test_a_job_runs_and_redirects_to_its_file_which_redirects_to_a_presigned_url(open_explore):
    explore = open_explore(pace=Pace.after_polls(3))
    job_id = explore.job_id()

    answers = [explore.status(job_id) for _ in range(4)]
    file = explore.file(job_id)

    found = [(answer.status_code, answer.json()["job"]["status"]) for answer in answers]
    assert found == [(200, "created"), (200, "processing"), (200, "uploading"), (303, "done")]
    assert answers[3].headers["Location"] == f"/data/reports/calls/files/{job_id}"
    assert file.status_code == 303
    assert file.json()["job"]["id"] == job_id
    assert file.headers["Location"].startswith(explore.sandbox.files_url)
    assert explore.download(job_id).json()["total"] > 0


@pytest.mark.parametrize("done", ["300", "302"])
def test_a_done_job_can_redirect_with_another_code(open_explore, done):
    explore = open_explore(done=done)
    answer = explore.status(explore.job_id())

    assert answer.status_code == int(done)
    assert answer.json()["job"]["status"] == "done"
    assert answer.headers["Location"].startswith("/data/")


def test_a_poll_of_a_done_job_can_be_answered_without_a_redirect(open_explore):
    explore = open_explore(done="200")
    answer = explore.status(explore.job_id())

    assert (answer.status_code, answer.json()["job"]["status"]) == (200, "done")
    assert "Location" not in answer.headers


def test_a_poll_can_be_answered_with_the_file(open_explore):
    explore = open_explore(done="file", pace=Pace.after_polls(1))
    job_id = explore.job_id()

    first, second = explore.status(job_id), explore.status(job_id)

    assert first.json()["job"]["status"] == "created"
    assert second.content == explore.download(job_id).content


def test_the_file_can_come_without_a_redirect(open_explore):
    explore = open_explore(files_200=True)
    answer = explore.file(explore.job_id(format="csv"))

    assert answer.status_code == 200
    assert answer.text.startswith("call_id,callsid,type,")


@pytest.mark.parametrize(("waiting", "status"), [("404", 404), ("200", 200), ("202", 202), ("204", 204)])
def test_requests_for_the_file_move_a_job_on(open_explore, waiting, status):
    """A client that never polls the job itself needs this."""
    explore = open_explore(files_waiting=waiting, pace=Pace.after_polls(2))
    job_id = explore.job_id()

    answers = [explore.file(job_id) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [status, status, 303]
    if status in (200, 202):
        assert [answer.json()["job"]["status"] for answer in answers] == ["created", "processing", "done"]


@pytest.mark.parametrize("waiting", ["404", "200", "202", "204"])
def test_there_is_no_file_of_a_job_that_failed(open_explore, waiting):
    explore = open_explore(Fault("create", "job_failed"), files_waiting=waiting)

    assert explore.file(explore.job_id()).status_code == 404


def test_the_api_can_answer_without_a_length(open_explore):
    explore = open_explore(chunked=True, pace=Pace.after_polls(1))
    job_id = explore.job_id()

    answers = [explore.list(), *(explore.status(job_id) for _ in range(2)), explore.file(job_id)]
    file = explore.download(job_id)

    assert {answer.headers.get("Transfer-Encoding") for answer in answers} == {"chunked"}
    assert not any("Content-Length" in answer.headers for answer in answers)
    assert [answer.json()["job"]["status"] for answer in answers[1:]] == ["created", "done", "done"]
    assert int(file.headers["Content-Length"]) == len(file.content)


def test_a_poll_of_a_running_job_can_be_answered_without_a_body(open_explore):
    explore = open_explore(
        Fault("create", "job_failed", report="contacts"), waiting_204=True, pace=Pace.after_polls(1)
    )
    job_id, failing = explore.job_id(), explore.job_id("contacts")

    assert [explore.status(job_id).status_code for _ in range(2)] == [204, 303]
    answers = [explore.status(failing, "contacts") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 200]
    assert answers[1].json()["job"]["status"] == "failed"


@pytest.mark.parametrize(("case", "word"), [("upper", "DONE"), ("title", "Done")])
def test_statuses_can_have_another_letter_case(open_explore, case, word):
    explore = open_explore(status_case=case)

    assert explore.status(explore.job_id()).json()["job"]["status"] == word
    assert explore.list().json()["_embedded"]["jobs"][0]["status"] == word


@pytest.mark.parametrize(
    ("members", "name", "description"),
    [
        ({"start": None}, "timespan.from", "is missing"),
        ({"end": "soon"}, "timespan.to", "is invalid"),
        ({"start": "2024-05-14T00:00:01Z"}, "timespan.from", "is after timespan.to"),
        ({"start": "2024-04-12T23:59:59Z"}, "timespan", "is longer than one month"),
        ({"format": "json_bulk"}, "format", "does not have a valid value"),
        ({"format": "xls"}, "format", "does not have a valid value"),
        ({"timezone": "Mars/Olympus"}, "timezone", "is not a known time zone"),
    ],
)
def test_a_wrong_job_request_is_refused_with_its_fields(explore, members, name, description):
    answer = explore.create(**members)

    body = answer.json()
    assert answer.status_code == 400
    assert set(body) == {"code", "message", "description", "fields"}
    assert isinstance(body["code"], str)
    assert body["fields"] == [{"name": name, "description": description}]


def test_a_span_may_be_a_month_long(explore):
    assert explore.create(start="2024-04-14T00:00:00Z").status_code == 202
    assert explore.create(start="2024-01-01T00:00:00Z", end="2024-02-01T00:00:00Z").status_code == 202


def test_a_month_can_be_one_of_the_calendar(open_explore):
    explore = open_explore(longest_timespan="month")

    assert explore.create(start="2024-04-14T00:00:00Z").status_code == 202
    assert explore.create(start="2024-04-13T23:59:59Z").status_code == 400
    assert explore.create(start="2024-01-31T00:00:00Z", end="2024-02-29T00:00:00Z").status_code == 202
    assert explore.create(start="2024-01-31T00:00:00Z", end="2024-02-29T00:00:01Z").status_code == 400


def test_rows_of_the_future_are_not_in_the_file(open_explore, clock):
    explore = open_explore()
    job_id = explore.job_id(start="2024-05-15T00:00:00Z", end="2024-05-16T00:00:00Z")
    tomorrow = explore.job_id(start="2024-05-16T00:00:00Z", end="2024-05-17T00:00:00Z")
    clock.tick(300)

    entries = explore.download(job_id).json()["entries"]

    assert entries
    assert explore.download(tomorrow).json()["total"] == 0
    assert max(row["end_at"] for row in entries) < "2024-05-15T12:00:00Z"


def test_a_row_is_available_only_some_time_after_its_end(open_explore, clock):
    explore = open_explore(settle_seconds=3600, token_seconds=86_400)
    span = {"start": "2024-05-15T00:00:00Z", "end": "2024-05-15T12:00:00Z"}

    early = explore.download(explore.job_id(**span)).json()["entries"]
    clock.tick(3600)
    late = explore.download(explore.job_id(**span)).json()["entries"]

    assert max(row["end_at"] for row in early) < "2024-05-15T11:00:00Z" <= max(row["end_at"] for row in late)
    assert early == late[: len(early)]


def test_unknown_reports_jobs_and_operations_are_errors_in_json(explore):
    job_id = explore.job_id()

    answers = {
        "report": explore.create("walls"),
        "job": explore.status("0" * 36),
        "job of another report": explore.status(job_id, "contacts"),
        "file": explore.file("0" * 36),
        "deleted file": explore.delete_file("0" * 36),
        "path": explore.call("GET", "/data/walls"),
        "cancel": explore.call("DELETE", f"/data/reports/calls/jobs/{job_id}"),
    }

    found = {name: answer.status_code for name, answer in answers.items()}
    assert found == dict.fromkeys(answers, 404) | {"cancel": 405}
    assert all(answer.json()["message"] for answer in answers.values())
    assert explore.status(job_id).status_code == 303


def test_a_job_belongs_to_one_api(client, open_explore):
    explore = open_explore().__class__(client.sandbox)
    legacy_id, explore_id = client.job_id(), explore.job_id()

    assert client.status(explore_id).status_code == 404
    assert explore.status(legacy_id).status_code == 404
    assert len(client.call("GET", "/reports/calls/jobs").json()["_embedded"]["jobs"]) == 1
    assert explore.list().json()["total"] == 1
    assert {entry.api for entry in client.sandbox.ledger} == {"reporting", "explore"}
    explore.close()


def test_a_forbidden_report_is_refused(open_explore):
    explore = open_explore(forbidden_reports=["contacts"])

    assert explore.create("contacts").status_code == 403
    assert explore.create("calls").status_code == 202


def test_unfinished_jobs_of_both_apis_count_together(open_explore, open_sandbox):
    explore = open_explore(pace=Pace.after_polls(1), max_open_jobs=2)
    legacy = open_sandbox().__class__(explore.sandbox)
    first = explore.job_id("contacts")
    legacy.job_id()

    refused = explore.create()
    explore.status(first, "contacts")

    assert refused.status_code == 429
    assert refused.json()["message"]
    assert explore.create().status_code == 202
    legacy.close()


def test_the_list_is_paged_newest_first(explore):
    ids = [explore.job_id() for _ in range(5)]
    explore.job_id("contacts")

    pages = [explore.list(query=f"?page={page}&per_page=2").json() for page in (1, 2, 3)]

    assert [[job["id"] for job in page["_embedded"]["jobs"]] for page in pages] == [
        [ids[4], ids[3]], [ids[2], ids[1]], [ids[0]],
    ]  # fmt: skip
    assert [(page["total"], page["count"]) for page in pages] == [(5, 2), (5, 2), (5, 1)]
    assert [set(page["_links"]) for page in pages] == [
        {"self", "next"},
        {"self", "next", "prev"},
        {"self", "prev"},
    ]
    assert pages[0]["_links"]["next"]["href"].endswith("/data/reports/calls/jobs?page=2&per_page=2")
    assert set(pages[0]["_embedded"]["jobs"][0]["_links"]) == {"self", "files"}


def test_pages_have_limits_and_the_list_can_be_misspelt(open_explore):
    explore = open_explore(embedded_name="_embdedded")
    explore.job_id()

    assert len(explore.list(query="?per_page=200").json()["_embdedded"]["jobs"]) == 1
    refused = [explore.list(query=query).status_code for query in ("?per_page=201", "?per_page=0", "?page=0")]
    assert refused == [400] * 3


def test_a_file_can_be_deleted_once(open_explore):
    explore = open_explore(pace=Pace.after_polls(1))
    job_id = explore.job_id()
    running = explore.delete_file(job_id)
    explore.status(job_id)

    answers = [explore.delete_file(job_id) for _ in range(2)]

    assert [answer.status_code for answer in (running, *answers)] == [404, 204, 404]
    assert explore.status(job_id).json()["job"]["status"] == "deleted"
    assert explore.file(job_id).status_code == 404


def test_the_ledger_has_the_api_of_a_request(explore):
    job_id = explore.job_id()
    explore.status(job_id)
    explore.download(job_id)
    explore.call("GET", "/walls")

    entries = [(entry.api, entry.operation, entry.status) for entry in explore.sandbox.ledger]
    assert entries == [
        ("explore", "create", 202),
        ("explore", "status", 303),
        ("explore", "files", 303),
        ("files", "object", 200),
        (None, "other", 404),
    ]


def perform(explore, operation):
    if operation == "token":
        return explore.sign_in()
    if operation == "create":
        return explore.create()
    if operation == "list":
        return explore.list()
    job_id = explore.job_id()
    return {"status": explore.status, "files": explore.file, "delete_file": explore.delete_file}[operation](
        job_id
    )


@pytest.mark.parametrize("operation", ["token", "create", "list", "status", "files", "delete_file"])
def test_any_fault_can_happen_in_any_operation(explore, operation):
    """The only reset comes last, because it closes the connection."""
    faults = [
        ("rate_limited", 429),
        ("unavailable", 503),
        ("forbidden", 403),
        ("unauthorized", 401),
        ("server_error", 500),
    ]
    for name, status in faults:
        explore.sandbox.add_fault(Fault(operation, name))
        answer = perform(explore, operation)

        assert answer.status_code == status
        if name != "server_error":
            assert set(answer.json()) & {"message", "error_description"}
    explore.sandbox.add_fault(Fault(operation, "reset"))
    with pytest.raises(requests.ConnectionError, match="reset"):
        perform(explore, operation)

    assert [entry.fault for entry in explore.sandbox.ledger if entry.fault] == [
        *(n for n, _ in faults),
        "reset",
    ]


def test_faults_happen_to_jobs_and_files(open_explore):
    explore = open_explore(
        Fault("status", "unknown_status"),
        Fault("status", "no_location"),
        Fault("files", "expired_url"),
        Fault("object", "ignore_range"),
        Fault("create", "wrong_total"),
        Fault("create", "accepted_then_reset"),
    )
    job_id = explore.job_id()

    statuses = [explore.status(job_id) for _ in range(3)]
    downloads = [explore.download(job_id), explore.download(job_id, Range="bytes=1-")]

    assert [answer.json()["job"]["status"] for answer in statuses] == ["frobnicating", "done", "done"]
    assert ["Location" in answer.headers for answer in statuses] == [False, False, True]
    assert [answer.status_code for answer in downloads] == [403, 200]
    content = downloads[1].json()
    assert content["total"] == len(content["entries"]) + 1
    with pytest.raises(requests.ConnectionError, match="reset"):
        explore.create(name="lost")
    assert explore.list().json()["_embedded"]["jobs"][0]["name"] == "lost"
    assert explore.sandbox.unmet_faults() == []


def test_an_empty_report_has_no_entries(open_explore):
    nothing = {"start": MAY_13, "end": MAY_13}
    plain, bare = open_explore(), open_explore(empty_without_entries=True)

    assert plain.download(plain.job_id("contacts", **nothing), "contacts").text == '{"entries":[],"total":0}'
    assert bare.download(bare.job_id("contacts", **nothing), "contacts").text == '{"total":0}'
    assert bare.download(bare.job_id("contacts"), "contacts").json()["entries"]
    header = list(csv.reader(io.StringIO(plain.download(plain.job_id(format="csv", **nothing)).text)))
    assert len(header) == 1


def test_the_controls_show_explore_too(explore):
    explore.job_id("csat_score")
    control = explore.sandbox.url + "/sandbox"
    query = {"report": "csat_score", "api": "explore", "from": explore.FROM, "to": explore.TO}

    rows = explore.plain.get(f"{control}/rows", params=query).json()
    jobs = explore.plain.get(f"{control}/jobs").json()

    assert rows
    assert [(job["api"], job["report"]) for job in jobs] == [("explore", "csat_score")]
