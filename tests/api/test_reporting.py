"""Each operation of the Reporting API client against the sandbox, over real HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from talkdesk_sandbox import Fault, Pace
from tap_talkdesk_reports.api.auth import PasswordGrant
from tap_talkdesk_reports.api.client import RequestPolicy
from tap_talkdesk_reports.api.reporting import ReportingApi
from tap_talkdesk_reports.core.errors import (
    AuthenticationError,
    RequestRefusedError,
    ResponseLostError,
    UnavailableError,
    UnexpectedResponseError,
)
from tap_talkdesk_reports.core.timespans import Timespan
from tests.support import utc

DAY = Timespan(utc("2026-03-02"), utc("2026-03-03"))


@pytest.fixture
def connect(clock):
    """Returns a function that creates an API client for a sandbox. Only sleep moves its clock."""

    def connected(sandbox, **wrong) -> ReportingApi:
        config = sandbox.config | wrong
        policy = RequestPolicy(clock=clock, user_agent="test", timeout=60, max_wait=600)
        client = {name: config[name] for name in ("client_id", "client_secret", "client_version")}
        user = {name: config[name] for name in ("account", "username", "password")}
        tokens = PasswordGrant(config["token_url"], policy, client=client, user=user)
        return ReportingApi(config["api_url"], policy, tokens)

    return connected


def operations(sandbox):
    return [entry.operation for entry in sandbox.ledger]


def test_a_job_is_created_polled_and_its_file_opened(start_sandbox, connect):
    sandbox = start_sandbox(pace=Pace.after_polls(1))
    api = connect(sandbox)

    job = api.create("calls", DAY, "json")
    running = api.get(job)
    done = api.get(running)
    url = api.open(done)

    assert (job.status, running.status, done.status) == ("created", "created", "done")
    assert job.timespan == DAY
    assert url.startswith(sandbox.files_url)
    # One exchange each, and no redirect is followed.
    assert operations(sandbox) == ["token", "create", "status", "status", "files"]


def test_a_running_job_is_cancelled_and_a_final_one_is_left(start_sandbox, connect):
    sandbox = start_sandbox(pace=Pace.after_polls(1))
    api = connect(sandbox)
    running, over = api.create("calls", DAY, "json"), api.create("calls", DAY, "json")
    api.get(over)
    api.get(over)

    api.cancel(running)
    api.cancel(over)

    assert api.get(running).status == "canceled"
    assert api.get(over).status == "done"


def test_a_file_is_deleted_and_deleting_it_again_is_no_error(start_sandbox, connect):
    sandbox = start_sandbox()
    api = connect(sandbox)
    job = api.create("calls", DAY, "csv")

    api.delete_file(job)
    api.delete_file(job)

    statuses = [entry.status for entry in sandbox.ledger if entry.operation == "delete_file"]
    assert statuses[0] == 204
    assert set(statuses[1:]) == {403}
    assert api.get(job).status == "deleted"


def test_jobs_are_listed_page_after_page_newest_first(start_sandbox, connect):
    sandbox = start_sandbox()
    api = connect(sandbox)
    spans = [Timespan(DAY.start + timedelta(hours=n), DAY.end) for n in range(7)]
    made = [api.create("calls", span, "json").id for span in spans]

    listed = list(api.list("calls", per_page=3))

    assert [job.id for job in listed] == made[::-1]
    assert [job.timespan for job in listed] == spans[::-1]
    assert operations(sandbox).count("list") == 3


def test_jobs_are_listed_in_the_requested_order(start_sandbox, connect):
    sandbox = start_sandbox()
    api = connect(sandbox)
    made = [api.create("calls", DAY, "json").id for _ in range(3)]

    listed = [job.id for job in api.list("calls", per_page=2, order="asc", order_by="created_at")]
    second_page = [job.id for job in api.list("calls", page=2, per_page=2)]

    assert listed == made
    assert second_page == made[:1]


def test_a_refused_token_is_renewed_once_and_the_request_repeated_once(start_sandbox, connect):
    sandbox = start_sandbox(faults=[Fault("create", "forbidden")])
    api = connect(sandbox)

    api.create("calls", DAY, "json")

    assert operations(sandbox) == ["token", "create", "renew", "create"]
    assert sandbox.unmet_faults() == []


def test_403_that_stays_is_a_refusal_and_401_that_stays_an_authentication_error(start_sandbox, connect):
    forbidden = start_sandbox(faults=[Fault("create", "forbidden", times=2)])
    unauthorized = start_sandbox(faults=[Fault("create", "unauthorized", times=2)])

    with pytest.raises(RequestRefusedError) as refused:
        connect(forbidden).create("calls", DAY, "json")
    with pytest.raises(AuthenticationError, match="its own new token"):
        connect(unauthorized).create("calls", DAY, "json")

    assert refused.value.status == 403
    assert operations(forbidden).count("create") == operations(unauthorized).count("create") == 2


def test_wrong_credentials_are_refused_in_a_message_without_secrets(start_sandbox, connect):
    sandbox = start_sandbox()

    with pytest.raises(AuthenticationError, match="refuses the sign-in") as caught:
        connect(sandbox, client_secret="canary-1", password="canary-2").create("calls", DAY, "json")

    assert "canary" not in str(caught.value)


def test_a_creation_whose_response_is_lost_is_not_repeated(start_sandbox, connect):
    sandbox = start_sandbox(faults=[Fault("create", "accepted_then_reset")])

    with pytest.raises(ResponseLostError):
        connect(sandbox).create("calls", DAY, "json")

    assert len(sandbox.jobs) == 1


def test_a_creation_that_was_certainly_not_carried_out_is_repeated(start_sandbox, connect, clock):
    sandbox = start_sandbox(faults=[Fault("create", "rate_limited", retry_after=120)])
    began = clock.monotonic()

    connect(sandbox).create("calls", DAY, "json")

    assert clock.monotonic() - began == 120
    assert len(sandbox.jobs) == 1


def test_a_transient_error_that_stays_is_given_up(start_sandbox, connect):
    sandbox = start_sandbox(faults=[Fault("status", "unavailable", times=99)])
    api = connect(sandbox)
    job = api.create("calls", DAY, "json")

    with pytest.raises(UnavailableError, match="given up after 8 attempts"):
        api.get(job)


def test_an_unexpected_response_is_requested_three_times(start_sandbox, connect):
    sandbox = start_sandbox(faults=[Fault("status", "not_json", times=99)])
    api = connect(sandbox)
    job = api.create("calls", DAY, "json")

    with pytest.raises(UnexpectedResponseError, match="expected a JSON object"):
        api.get(job)

    assert operations(sandbox).count("status") == 3


def test_an_unknown_report_or_job_is_a_refusal_with_404(start_sandbox, connect):
    sandbox = start_sandbox()
    api = connect(sandbox)

    with pytest.raises(RequestRefusedError) as caught:
        api.create("no_such_report", DAY, "json")

    assert caught.value.status == 404
