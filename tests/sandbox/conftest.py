"""A simple client, a clock that a test moves, and sandboxes that close with the test."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from talkdesk_sandbox import Explore, Sandbox


class Clock:
    def __init__(self):
        self.now = datetime(2024, 5, 15, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def tick(self, seconds):
        self.now += timedelta(seconds=seconds)


class Client:
    """A client that signs in once, follows no redirect, and never raises for a status."""

    ROOT = "/reports"
    FROM, TO = "2024-05-13T00:00:00Z", "2024-05-14T00:00:00Z"

    def __init__(self, sandbox, *, signed_in=True):
        self.sandbox = sandbox
        self.plain = requests.Session()
        self.session = requests.Session()
        if signed_in:
            self.sign_in_for_good()

    def sign_in_for_good(self):
        self.session.headers["Authorization"] = f"Bearer {self.sign_in().json()['access_token']}"

    def sign_in(self, path="/auth/token", **changes):
        return self.plain.post(self.sandbox.url + path, json=self.sandbox.config | changes)

    def call(self, method, path, **options):
        return self.session.request(method, self.sandbox.url + path, allow_redirects=False, **options)

    def create(self, report="calls", start=FROM, end=TO, **members):
        timespan = {"from": start, "to": end}
        return self.call("POST", f"{self.ROOT}/{report}/jobs", json={"timespan": timespan, **members})

    def job_id(self, report="calls", **options):
        answer = self.create(report, **options)
        assert answer.status_code == 202, answer.text
        body = answer.json()
        return body.get("job", body)["id"]

    def status(self, job_id, report="calls"):
        return self.call("GET", f"{self.ROOT}/{report}/jobs/{job_id}")

    def file(self, job_id, report="calls"):
        return self.call("GET", f"{self.ROOT}/{report}/files/{job_id}")

    def delete_file(self, job_id, report="calls"):
        return self.call("DELETE", f"{self.ROOT}/{report}/files/{job_id}")

    def list(self, report="calls", query=""):
        return self.call("GET", f"{self.ROOT}/{report}/jobs{query}")

    def presigned_url(self, job_id, report="calls"):
        return self.file(job_id, report).headers["Location"]

    def download(self, job_id, report="calls", **headers):
        return self.plain.get(self.presigned_url(job_id, report), headers=headers)

    def close(self):
        self.plain.close()
        self.session.close()


class ExploreClient(Client):
    """A simple client for the Explore API."""

    ROOT = "/data/reports"

    def sign_in(self, **members):
        config = self.sandbox.explore_config
        body = {"grant_type": "client_credentials", **members}
        secret = config["client_id"], config["client_secret"]
        return self.plain.post(config["token_url"], data=body, auth=secret)

    def create(self, report="calls", start=Client.FROM, end=Client.TO, **members):
        body = {"format": "json", "timespan": {"from": start, "to": end}, **members}
        return self.call("POST", f"{self.ROOT}/{report}/jobs", json=body)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def open_sandbox(clock):
    """Returns a function that opens a sandbox and signs a client in."""
    opened = []

    def open_(*faults, signed_in=True, **options):
        sandbox = Sandbox(**{"clock": clock, "faults": faults, "calls_per_day": 120, **options})
        opened.append(sandbox)
        client = Client(sandbox, signed_in=signed_in)
        opened.append(client)
        return client

    yield open_
    for each in reversed(opened):
        each.close()


@pytest.fixture
def client(open_sandbox):
    return open_sandbox()


@pytest.fixture
def open_explore(open_sandbox):
    """Returns a function that opens a sandbox with an Explore client. Options may be members of `Explore`."""
    opened = []

    def open_(*faults, **options):
        explore = {name: options.pop(name) for name in Explore.__dataclass_fields__ if name in options}
        sandbox = open_sandbox(explore=Explore(**explore), **options).sandbox
        client = ExploreClient(sandbox)
        opened.append(client)
        for fault in faults:
            sandbox.add_fault(fault)
        sandbox.ledger.clear()
        return client

    yield open_
    for each in opened:
        each.close()


@pytest.fixture
def explore(open_explore):
    return open_explore()
