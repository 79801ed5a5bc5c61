"""Reads bodies and Location headers of the APIs: jobs, their status and timespan, lists and their pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tap_talkdesk_reports.api.redaction import redact
from tap_talkdesk_reports.core.errors import UnexpectedResponseError
from tap_talkdesk_reports.core.report_job import ReportJob
from tap_talkdesk_reports.core.timespans import Timespan, read_timestamp

if TYPE_CHECKING:
    import requests


def as_object(response: requests.Response) -> dict[str, Any]:
    """The body of a response as a JSON object.

    Raises:
        UnexpectedResponseError: it is none, for example a proxy's page or cut short.
    """
    return read_object(response.content, response.headers.get("Content-Type", ""))


def read_object(data: bytes, kind: str) -> dict[str, Any]:
    """A JSON object.

    Args:
        data: The bytes of a body.
        kind: The content type that it came with, for the error.

    Raises:
        UnexpectedResponseError: it is none.
    """
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        return body
    shown = redact(data[:4096].decode(errors="replace"))
    msg = f"Expected a JSON object from Talkdesk, got {kind or 'something'}: {shown}"
    raise UnexpectedResponseError(msg)


def read_job(body: dict[str, Any], report: str, timespan: Timespan | None = None) -> ReportJob:
    """A job from its JSON object.

    Args:
        body: The object, flat as documented, or below `job`.
        report: The report that it was created for.
        timespan: The requested one, if that is known; else it is read from the body.

    Raises:
        UnexpectedResponseError: it has no id, or no status.
    """
    job = body.get("job", body)
    known = isinstance(job, dict) and isinstance(job.get("id"), str) and isinstance(job.get("status"), str)
    if not known or not job["id"]:
        msg = f"Report {report!r}: expected a job with id and status, got {redact(str(body))}"
        raise UnexpectedResponseError(msg)
    name = job.get("name")
    return ReportJob(
        job["id"],
        report,
        timespan or _timespan(job.get("timespan")),
        job["status"].strip().lower(),
        name if isinstance(name, str) else "",
        _time(job.get("created_at")),
    )


def _time(value: object) -> datetime | None:
    """A time that a response may tell; None if it does not, or not as a time."""
    try:
        return read_timestamp(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def same_job(job: ReportJob, body: dict[str, Any]) -> ReportJob:
    """The job as the response to a poll describes it.

    Raises:
        UnexpectedResponseError: the response is no job, or another one.
    """
    read = read_job(body, job.report, job.timespan)
    if read.id == job.id:
        return read
    msg = f"{job}: polled, and the response is about job {redact(read.id)}"
    raise UnexpectedResponseError(msg)


def _timespan(body: object) -> Timespan:
    """The timespan of a listed job; one that cannot be read equals no timespan that is ever due."""
    try:
        bounds = body if isinstance(body, dict) else {}
        return Timespan(read_timestamp(bounds["from"]), read_timestamp(bounds["to"]))
    except (KeyError, AttributeError, ValueError):
        never = datetime.min.replace(tzinfo=UTC)
        return Timespan(never, never)


def location(response: requests.Response) -> str | None:
    """The URL that a response redirects to, if any; a relative one is made absolute."""
    target = response.headers.get("Location")
    try:
        return urljoin(response.url, target) if target else None
    except ValueError:
        return target  # no URL at all; the download says so


def listed_jobs(body: dict[str, Any], report: str) -> list[ReportJob]:
    """The jobs on a page of a list.

    Raises:
        UnexpectedResponseError: it is no such page.
    """
    # The misspelling stands in Talkdesk's OpenAPI document.
    embedded = body.get("_embedded") or body.get("_embdedded") or {}
    jobs = embedded.get("jobs") or [] if isinstance(embedded, dict) else None
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        msg = f"Report {report!r}: expected a list of jobs, got {redact(str(body))}"
        raise UnexpectedResponseError(msg)
    return [read_job(job, report) for job in jobs]


def next_page(body: dict[str, Any]) -> str | None:
    """The query of the next page of a list, if there is one.

    Only the query of the link: path and host are known, and the token goes to no other.
    """
    link: Any = body
    for name in ("_links", "next", "href"):
        link = link.get(name) if isinstance(link, dict) else None
    try:
        return urlsplit(link).query if isinstance(link, str) else None
    except ValueError:
        return None
