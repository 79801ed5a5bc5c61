"""Report files in a real S3 bucket, with presigned URLs that the server checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import requests

from talkdesk_sandbox import Pace
from talkdesk_sandbox.wire.presign import Signer
from tests.integration.proxy import Trouble
from tests.integration.runs import APIS, DAYS, END, assert_complete, config_of, run
from tests.integration.s3 import ACCESS_ID, BUCKET, SECRET, S3Bucket

#: Bytes of an object before its connection breaks. The smallest object is several times as long.
CUT = 2000


@pytest.fixture
def bucket(s3, start_proxy):
    """Creates a bucket, and the proxy in front of it. Its URLs are signed for the proxy."""

    def with_troubles(*troubles, tls=None, **options):
        proxy = start_proxy(s3.port, *troubles, tls=tls)
        return S3Bucket(s3, proxy.address, secure=tls is not None, **options), proxy

    return with_troubles


def downloads(proxy):
    return [request for request in proxy.requests if request.line.startswith(f"GET /{BUCKET}/")]


@pytest.mark.parametrize(
    ("api", "file_format"), [("reporting", "json"), ("reporting", "csv"), ("explore", "json")]
)
def test_two_runs_bring_every_row_of_the_bucket_once(start_sandbox, bucket, tmp_path, api, file_format):
    files, proxy = bucket()
    sandbox = start_sandbox(bucket=files, pace=Pace.after_polls(1))
    config = config_of(sandbox, api) | DAYS | {"format": file_format}

    first = run(tmp_path, config)
    second = run(tmp_path, config | {"end_date": "2026-03-08"}, state=first.states[-1])

    assert_complete(sandbox, api, first)
    assert_complete(sandbox, api, second, "2026-03-06", "2026-03-08")
    assert len(downloads(proxy)) == len(files.sizes) == len(sandbox.jobs) == 6
    assert not any(entry.operation == "object" for entry in sandbox.ledger)
    for request in proxy.requests:
        assert "authorization" not in request.headers.lower()
        assert "cookie" not in request.headers.lower()


def test_the_server_refuses_a_token_beside_a_signature(start_sandbox, s3, tmp_path):
    """So a successful run has sent its token only to the API."""
    files = S3Bucket(s3, f"127.0.0.1:{s3.port}")
    files.put("/refusals.json", b"{}")
    url = files.url("/refusals.json", timedelta(minutes=1), datetime.now(UTC))

    good = requests.get(url, timeout=10)
    leaked = requests.get(url, headers={"Authorization": "Bearer token"}, timeout=10)

    assert good.text == "{}"
    assert leaked.status_code == 400


def test_the_server_takes_the_signatures_of_the_sandbox_and_knows_late_and_altered_ones(s3):
    """The sandbox signs and checks its own URLs. This test compares it with a real server."""
    files = S3Bucket(s3, f"127.0.0.1:{s3.port}")
    files.put("/signed (1)+~*'ü=.json", b"{}")
    signer, now = Signer(f"127.0.0.1:{s3.port}", ACCESS_ID, SECRET), datetime.now(UTC)

    def url(signed_at):
        return signer.url(f"/{BUCKET}/signed (1)+~*'ü=.json", timedelta(seconds=60), signed_at)

    good = requests.get(url(now), timeout=10)
    late = requests.get(url(now - timedelta(seconds=90)), timeout=10)
    altered = requests.get(url(now).replace("Expires=60", "Expires=61"), timeout=10)

    assert good.text == "{}"
    assert (late.status_code, "Request has expired" in late.text) == (403, True)
    assert (altered.status_code, "SignatureDoesNotMatch" in altered.text) == (403, True)


@pytest.mark.parametrize("api", APIS)
def test_a_url_that_expires_before_the_first_byte_is_requested_again(start_sandbox, bucket, tmp_path, api):
    """The connection of the download takes longer than the lifetime of the presigned URL."""
    late = Trouble("delay", f"GET /{BUCKET}/", seconds=7, times=2)
    files, proxy = bucket(late)
    sandbox = start_sandbox(bucket=files, url_seconds=5)

    outcome = run(tmp_path, config_of(sandbox, api) | DAYS)

    assert_complete(sandbox, api, outcome)
    assert proxy.unmet() == []
    assert proxy.statuses.count(403) >= 2
    asked = [entry for entry in sandbox.ledger if entry.operation == "files"]
    assert len(asked) == len(downloads(proxy)) >= len(sandbox.jobs) + 2


@pytest.mark.parametrize("kind", ["reset", "close", "stall"])
@pytest.mark.parametrize("api", APIS)
def test_the_rest_of_an_object_is_requested_when_its_connection_breaks(
    start_sandbox, bucket, tmp_path, api, kind
):
    files, proxy = bucket(Trouble(kind, f"GET /{BUCKET}/", after=CUT, times=3))
    sandbox = start_sandbox(bucket=files)

    outcome = run(tmp_path, config_of(sandbox, api) | DAYS | {"request_timeout_seconds": 1})

    assert_complete(sandbox, api, outcome)
    assert min(files.sizes.values()) > 3 * CUT
    assert proxy.unmet() == []
    assert proxy.statuses.count(206) == 3
    resumed = [request.header("Range") for request in downloads(proxy) if request.header("Range")]
    assert len(resumed) == 3
    # The headers of the answer count, so a little less of the object has arrived.
    assert all(0 < int(value.removeprefix("bytes=").removesuffix("-")) < 3 * CUT for value in resumed)
    assert len(downloads(proxy)) == len(sandbox.jobs) + 3 == 7


@pytest.mark.parametrize("encoding", ["", "gzip"])
@pytest.mark.parametrize("api", APIS)
def test_a_compressed_object_is_decompressed_also_when_its_connection_breaks(
    start_sandbox, bucket, tmp_path, api, encoding
):
    """A gzip file, with or without Content-Encoding. If a library decompressed it, no range would fit."""
    files, proxy = bucket(Trouble("reset", f"GET /{BUCKET}/", after=CUT, times=2), encoding=encoding)
    sandbox = start_sandbox(bucket=files)

    outcome = run(tmp_path, config_of(sandbox, api) | DAYS)

    assert_complete(sandbox, api, outcome)
    assert proxy.unmet() == []
    assert proxy.statuses.count(206) == 2
    assert all(request.header("Accept-Encoding") == "identity" for request in downloads(proxy))


@pytest.mark.parametrize(
    ("api", "file_format"), [("reporting", "json"), ("reporting", "csv"), ("explore", "json")]
)
def test_an_empty_report_is_a_success(start_sandbox, bucket, tmp_path, api, file_format):
    files, proxy = bucket()
    sandbox = start_sandbox(bucket=files, calls_per_day=0)
    config = config_of(sandbox, api) | DAYS | {"format": file_format}

    outcome = run(tmp_path, config)

    assert outcome.code == 0, outcome.stderr
    assert outcome.records("calls") == []
    assert outcome.bookmark("calls") == END
    assert len(downloads(proxy)) == len(sandbox.jobs)
