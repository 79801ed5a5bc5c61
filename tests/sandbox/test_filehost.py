"""Presigned URLs and their files."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest

from talkdesk_sandbox.wire.presign import Signer


def test_the_signature_is_that_of_the_example_in_the_aws_documentation():
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html"""
    signer = Signer(
        "examplebucket.s3.amazonaws.com", "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    )

    url = signer.url("/test.txt", timedelta(days=1), datetime(2013, 5, 24, tzinfo=UTC))

    assert url.endswith("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


def test_a_presigned_url_expires(client, clock):
    url = client.presigned_url(client.job_id())

    clock.tick(900)
    good = client.plain.get(url)
    clock.tick(1)
    late = client.plain.get(url)

    assert good.status_code == 200
    assert late.status_code == 403
    assert "<Code>AccessDenied</Code><Message>Request has expired</Message>" in late.text
    assert late.headers["Content-Type"] == "application/xml"


def test_presigned_urls_are_made_for_the_announced_host_and_valid_behind_it(open_sandbox):
    client = open_sandbox(announced_files_url="http://files.example:81")
    url = client.presigned_url(client.job_id())
    here = url.replace("http://files.example:81", client.sandbox._file_host.url)

    through_a_proxy = client.plain.get(here, headers={"Host": "files.example:81"})

    assert url.startswith("http://files.example:81/")
    assert through_a_proxy.status_code == 200
    assert client.plain.get(here).status_code == 403


def test_the_file_host_refuses_a_second_way_to_sign_in(client):
    answer = client.session.get(client.presigned_url(client.job_id()))

    assert answer.status_code == 400
    assert "InvalidArgument" in answer.text
    assert "Only one auth mechanism allowed" in answer.text


@pytest.mark.parametrize(
    ("pattern", "replacement", "code"),
    [
        (r"\?.*", "", "AccessDenied"),
        (r"Signature=.", "Signature=x", "SignatureDoesNotMatch"),
        (r"Expires=900", "Expires=9000", "SignatureDoesNotMatch"),
        (r"_calls_", "_walls_", "SignatureDoesNotMatch"),
        (r"AKIASANDBOX", "AKIA", "InvalidAccessKeyId"),
        (r"X-Amz-Date", "X-Amz-Day", "AuthorizationQueryParametersError"),
    ],
)
def test_a_url_that_was_tampered_with_is_refused(client, pattern, replacement, code):
    answer = client.plain.get(re.sub(pattern, replacement, client.presigned_url(client.job_id())))

    assert answer.status_code in (400, 403)
    assert f"<Code>{code}</Code>" in answer.text


def test_a_whole_file_comes_with_length_and_etag(client):
    url = client.presigned_url(client.job_id())

    whole, head = client.plain.get(url), client.plain.head(url)

    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["ETag"].startswith('"')
    assert int(whole.headers["Content-Length"]) == len(whole.content)
    assert head.content == b""
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


def test_the_same_timespan_has_the_same_file_in_every_sandbox(open_sandbox):
    first, second = open_sandbox(), open_sandbox()

    one, other = first.download(first.job_id()), second.download(second.job_id())

    assert one.content == other.content
    assert one.headers["ETag"] == other.headers["ETag"]


@pytest.mark.parametrize(
    ("header", "first", "last"), [("bytes=10-19", 10, 19), ("bytes=100-", 100, None), ("bytes=-5", -5, None)]
)
def test_a_range_gets_its_part(client, header, first, last):
    url = client.presigned_url(client.job_id())
    whole = client.plain.get(url).content

    part = client.plain.get(url, headers={"Range": header})

    start = first % len(whole)
    stop = len(whole) if last is None else last + 1
    assert part.status_code == 206
    assert part.content == whole[start:stop]
    assert part.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(whole)}"


def test_a_range_after_the_end_cannot_be_satisfied(client):
    url = client.presigned_url(client.job_id())
    length = len(client.plain.get(url).content)

    answer = client.plain.get(url, headers={"Range": f"bytes={length}-"})

    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{length}"


def test_if_range_gets_the_part_only_of_the_same_file(client):
    url = client.presigned_url(client.job_id())
    etag = client.plain.get(url).headers["ETag"]

    same = client.plain.get(url, headers={"Range": "bytes=5-", "If-Range": etag})
    other = client.plain.get(url, headers={"Range": "bytes=5-", "If-Range": '"other"'})

    assert (same.status_code, other.status_code) == (206, 200)


@pytest.mark.parametrize("report", ["calls", "user_status"])
def test_json_and_csv_hold_the_same(client, report):
    rows = client.download(client.job_id(report), report).json()["entries"]

    text = client.download(client.job_id(report, format="csv"), report).content.decode()

    words = {None: "", True: "true", False: "false"}
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert found == [
        {
            name: words[value] if value is None or isinstance(value, bool) else str(value)
            for name, value in row.items()
        }
        for row in rows
    ]
    assert text.partition("\r\n")[0] == ",".join(rows[0])


def test_an_empty_csv_report_has_its_header_only(client):
    at = "2024-05-13T00:00:00Z"

    text = client.download(client.job_id(start=at, end=at, format="csv")).text

    assert text.startswith("callsid,type,start_at")
    assert text.count("\r\n") == 1


def test_a_file_that_was_dropped_is_written_again_with_the_same_bytes(client):
    first = client.job_id()
    before = client.download(first).content
    for _ in range(70):
        client.download(client.job_id(start="2024-05-13T23:59:00Z"))

    assert client.download(first).content == before
