"""The requests of other existing clients, imitated here: each client gets every row.

Each test repeats the special features of a client: how it signs in, writes times, polls, follows
redirects and deletes jobs. None of them pauses, because the sandbox's jobs progress with each poll.
"""

import base64
import csv
import io
import json
import uuid
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_private_key

from talkdesk_sandbox import Explore, Pace, Sandbox

START = datetime(2024, 5, 1, tzinfo=UTC)
NOW = datetime(2024, 5, 15, 12, tzinfo=UTC)
#: The most polls of a client.
TRIES = 10


@pytest.fixture
def open_account():
    """Returns a function that opens a sandbox whose jobs take two polls."""
    opened = []

    def open_(**options):
        explore = Explore(**options.pop("explore", {}))
        sandbox = Sandbox(
            calls_per_day=60,
            agents=4,
            clock=lambda: NOW,
            pace=Pace.after_polls(2),
            explore=explore,
            **options,
        )
        opened.append(sandbox)
        return sandbox

    yield open_
    for sandbox in opened:
        sandbox.close()


@pytest.fixture
def http():
    with requests.Session() as session:
        yield session


def signed_in(http, sandbox, query="", **form):
    """Signs in with the client secret, and sends the token with each later request."""
    config = sandbox.explore_config
    secret = config["client_id"], config["client_secret"]
    answer = http.post(config["token_url"] + query, data=form, auth=secret)
    http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return f"{config['api_url']}/data/reports"


def as_text(rows):
    """Returns rows as a CSV reader gets them, without the names of their fields."""
    words = {None: "", True: "true", False: "false"}

    def text(value):
        if value is None or isinstance(value, bool):
            return words[value]
        return json.dumps(value) if isinstance(value, list) else str(value)

    return [[text(value) for value in row.values()] for row in rows]


@pytest.mark.parametrize("done", ["303", "302", "file"])
@pytest.mark.parametrize(
    "report", ["calls", "contacts", "ring_attempts", "studio_flow_execution", "user_status"]
)
def test_a_connector_that_follows_redirects_and_waits_for_a_status_that_never_comes(
    open_account, http, report, done
):
    """`grant_type` is in the query, `timezone` is in `timespan`, times have no zone; one token for all."""
    sandbox = open_account(explore={"done": done})
    root = signed_in(http, sandbox, "?grant_type=client_credentials")
    timespan = {"from": f"{START:%Y-%m-%dT%H:%M:%S}", "to": f"{NOW:%Y-%m-%dT%H:%M:%S}", "timezone": "UTC"}
    body = {"name": f"{report} {NOW}", "format": "json", "timespan": timespan}
    created = http.post(f"{root}/{report}/jobs", json=body).json()["job"]
    assert {"id", "created_at", "type"} <= created.keys()

    for _ in range(TRIES):
        content = http.get(f"{root}/{report}/jobs/{created['id']}").json()
        if "job" not in content or content["job"]["status"] == "completed":
            break

    assert content.get("entries", []) == sandbox.rows(report, START, NOW, api="explore")


@pytest.mark.parametrize(
    "options", [{}, {"done": "302"}, {"waiting_204": True}, {"done": "302", "waiting_204": True}], ids=repr
)
def test_a_downloader_that_follows_no_redirect(open_account, http, options):
    """302 and 303 mean done, 200 and 204 do not.

    Each job is for 31 days. The file is requested without the token.
    """
    sandbox = open_account(explore=options)
    root = signed_in(http, sandbox, grant_type="client_credentials")
    chunks = [NOW - timedelta(days=31 * number) for number in (3, 2, 1, 0)]
    rows = []

    for since, until in pairwise(chunks):
        spelled = {name: f"{at:%Y-%m-%dT%H:%M:%S}.000Z" for name, at in (("from", since), ("to", until))}
        job = http.post(
            f"{root}/calls/jobs", json={"format": "csv", "timezone": "UTC", "timespan": spelled}
        ).json()["job"]
        for _ in range(TRIES):
            answer = http.get(f"{root}/calls/jobs/{job['id']}", allow_redirects=False)
            assert answer.status_code in (200, 204, 302, 303)
            if answer.status_code in (302, 303):
                break
        file = http.get(f"{root}/calls/files/{job['id']}", allow_redirects=False)
        text = requests.get(file.headers["Location"], timeout=60).content.decode()
        rows += csv.DictReader(io.StringIO(text, newline=""))

    truth = sandbox.rows("calls", chunks[0], NOW, api="explore")
    assert [list(row.values()) for row in rows] == as_text(truth)
    assert [row["call_id"] for row in rows] == [row["call_id"] for row in truth]
    assert [row["recording_url"] or None for row in rows] == [row["recording_url"] for row in truth]


@pytest.mark.parametrize("report", ["calls", "user_status", "feedback_flow", "explore_calls"])
def test_a_library_that_looks_for_entries_and_deletes_all_jobs_in_the_end(open_account, http, report):
    """It sends no name and no zone, recognizes a file by its `entries`, and follows the links of the list."""
    sandbox = open_account()
    root = signed_in(http, sandbox, grant_type="client_credentials")
    days = [START + timedelta(days=number) for number in range(15)]
    rows = []

    for since, until in pairwise(days):
        timespan = {"from": since.isoformat(), "to": until.isoformat()}
        job = http.post(f"{root}/{report}/jobs", json={"format": "json", "timespan": timespan}).json()["job"]
        for _ in range(TRIES):
            content = http.get(f"{root}/{report}/jobs/{job['id']}").json()
            if "entries" in content:
                break
        rows += content["entries"]
    url, deleted = f"{root}/{report}/jobs?page=1&per_page=5", []
    while url:
        page = http.get(url).json()
        left = (each["id"] for each in page["_embedded"]["jobs"] if each["status"] != "deleted")
        deleted += [http.delete(f"{root}/{report}/files/{job_id}").status_code for job_id in left]
        url = page["_links"].get("next", {}).get("href")

    assert rows == sandbox.rows(report, days[0], days[-1], api="explore")
    assert deleted == [204] * 14
    assert {job.status for job in sandbox.jobs} == {"deleted"}
    if report == "feedback_flow":
        assert "ring\u00a0group" in rows[0]


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assertion(config, now):
    """Returns a signed assertion that is valid for 700 seconds."""
    header = {"alg": "ES256", "kid": config["key_id"], "typ": "JWT"}
    client = config["client_id"]
    claims = {
        "iss": client, "sub": client, "aud": config["token_url"], "jti": str(uuid.uuid4()),
        "iat": int(now.timestamp()), "exp": int(now.timestamp()) + 700,
    }  # fmt: skip
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    key = load_der_private_key(base64.b64decode(config["private_key"]), None)
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{signed}.{base64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@pytest.mark.parametrize("waiting", ["404", "202", "204"])
@pytest.mark.parametrize(
    ("report", "headings"),
    [
        (
            "contacts",
            "Interaction ID,Contact ID,Phone Display Name,Direction,Contact Type,Started At,Ring Groups",
        ),
        (
            "studio_flow_execution",
            "Interaction_ID,Flow Name,Step Name,Component Title,Exit,Timestamp",
        ),
    ],
)
def test_a_script_that_polls_only_the_file(open_account, http, report, headings, waiting):
    """It uses a private key and CSV display names.

    It tries the files operation up to ten times, then deletes the file.
    """
    sandbox = open_account(explore={"files_waiting": waiting})
    config = sandbox.explore_key_config
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion(config, NOW),
    }
    token = http.post(config["token_url"], data=form).json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    root = f"{config['api_url']}/data/reports/{report}"
    timespan = {"from": f"{START:%Y-%m-%dT%H:%M:%SZ}", "to": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}
    body = {"name": report, "timezone": "UTC", "format": "csv", "timespan": timespan}
    job_id = http.post(f"{root}/jobs", json=body).json()["job"]["id"]

    answers = []
    while len(answers) < TRIES and (not answers or answers[-1].status_code != 200):
        answers.append(http.get(f"{root}/files/{job_id}"))
    deleted = http.delete(f"{root}/files/{job_id}")

    assert [answer.status_code for answer in answers] == [int(waiting)] * 2 + [200]
    header, *lines = csv.reader(io.StringIO(answers[-1].content.decode(), newline=""))
    assert set(headings.split(",")) <= set(header)
    assert lines == as_text(sandbox.rows(report, START, NOW, api="explore"))
    assert deleted.status_code == 204


def test_a_pipeline_that_reads_hour_by_hour_until_entries_is_there(open_account, http):
    """An empty hour must end the loop, too, so the presence of the key counts, not its content."""
    sandbox = open_account()
    root = signed_in(
        http, sandbox, grant_type="client_credentials", scope="data-reports:read data-reports:write"
    )
    hours = [START + timedelta(hours=number) for number in range(49)]
    entries, empty = [], 0

    for since, until in pairwise(hours):
        timespan = {"from": f"{since:%Y-%m-%dT%H:%M:%S}.000Z", "to": f"{until:%Y-%m-%dT%H:%M:%S}.000Z"}
        job = http.post(f"{root}/calls/jobs", json={"format": "json", "timespan": timespan}).json()
        content, tries = {}, 0
        while "entries" not in content:
            content = http.get(f"{root}/calls/jobs/{job['job']['id']}").json()
            tries += 1
            assert tries <= TRIES
        entries += content["entries"]
        empty += not content["entries"]

    assert empty
    assert entries == sandbox.rows("calls", hours[0], hours[-1], api="explore")


def test_a_class_that_waits_for_an_answer_with_a_length(open_account, http):
    """Jobs are flat, and the API's answers are chunked. Only the file has a Content-Length."""
    sandbox = open_account(chunked=True, explore={"flat_jobs": True})
    scope = "reports:read reports:write data-reports:read data-reports:write"
    root = signed_in(http, sandbox, grant_type="client_credentials", scope=scope)
    timespan = {"from": f"{START:%Y-%m-%dT%H:%M:%SZ}", "to": f"{NOW:%Y-%m-%dT%H:%M:%SZ}"}
    job_id = http.post(f"{root}/calls/jobs", json={"format": "json", "timespan": timespan}).json()["id"]

    for _ in range(TRIES):
        answer = http.get(f"{root}/calls/jobs/{job_id}")
        if "Content-Length" in answer.headers:
            break

    assert answer.json()["entries"] == sandbox.rows("calls", START, NOW, api="explore")
