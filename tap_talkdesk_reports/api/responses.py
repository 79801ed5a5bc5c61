"""Reads the responses of both APIs: jobs with status and timespan, pages of job lists, redirects."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tap_talkdesk_reports.api.redaction import redact
from tap_talkdesk_reports.core.errors import UnexpectedResponseError
from tap_talkdesk_reports.core.report_job import DONE, Echo, ReportJob
from tap_talkdesk_reports.core.timespans import Timespan, read_timestamp, timestamp_or_none

if TYPE_CHECKING:
    from tap_talkdesk_reports.api.exchange import Response

#: Longest accepted job id. Talkdesk's ids have 24 or 36 characters. An id becomes part of a path.
LONGEST_ID = 200


def as_object(response: Response) -> dict[str, Any]:
    """Reads the body of a response as a JSON object.

    Raises:
        UnexpectedResponseError: the body is not a JSON object, is cut short, or is too long.
    """
    try:
        body = None if response.is_cut else json.loads(response.body)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        return body
    kind = redact(response.headers.get("Content-Type", "")) or "a body without a type"
    msg = (
        f"{response.request}: expected a JSON object from Talkdesk, got {kind}; "
        f"check for a proxy, and the URLs in the settings. {response.excerpt}"
    )
    raise UnexpectedResponseError(msg)


def read_job(body: dict[str, Any], report: str, timespan: Timespan | None = None) -> ReportJob:
    """Reads a job from its JSON object.

    Args:
        body: The object, flat as documented, or nested in `job`.
        report: The report that the job was created for.
        timespan: The requested timespan; None reads it from the body.

    Raises:
        UnexpectedResponseError: the job has no status, or no id that is safe in a path.
    """
    job = body.get("job", body)
    known = isinstance(job, dict) and _is_id(job.get("id")) and isinstance(job.get("status"), str)
    if not known:
        msg = f"report {report!r}: expected a job with id and status, got {redact(str(body))}"
        raise UnexpectedResponseError(msg)
    name = job.get("name")
    echo = _echo(job.get("timespan"))
    return ReportJob(
        job["id"],
        report,
        timespan or (echo.timespan if echo else _NEVER),
        job["status"].strip().lower(),
        name if isinstance(name, str) else "",
        created_at=timestamp_or_none(job.get("created_at")),
        echo=echo,
    )


def _is_id(value: object) -> bool:
    """Whether a value is a text that is safe as one segment of a path."""
    return (
        isinstance(value, str)
        and value.strip(". ") != ""
        and len(value) <= LONGEST_ID
        and not re.search(r"[\x00-\x1f\x7f/\\\ud800-\udfff]", value)
    )


def same_job(job: ReportJob, body: dict[str, Any]) -> ReportJob:
    """Reads the job from the response to a poll.

    Raises:
        UnexpectedResponseError: the response contains no job, or another job.
    """
    read = read_job(body, job.report, job.timespan)
    if read.id == job.id:
        # Not every response repeats the job's name and creation time.
        return replace(read, name=read.name or job.name, created_at=read.created_at or job.created_at)
    msg = f"{job}: the response to a poll is about another job, {redact(read.id)}"
    raise UnexpectedResponseError(msg)


def done_job(job: ReportJob, response: Response) -> ReportJob:
    """Reads the job from a redirect: it is done, even if the body says otherwise or is missing."""
    try:
        return replace(same_job(job, as_object(response)), status=DONE)
    except UnexpectedResponseError:
        return replace(job, status=DONE)


#: Replaces the timespan of a listed job if it cannot be read; no due timespan equals it.
_NEVER = Timespan(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def _echo(body: object) -> Echo | None:
    """Reads the timespan that a response returns for a job; None if it is missing or not valid."""
    bounds = body if isinstance(body, dict) else {}
    found = (bounds.get("from"), bounds.get("to"))
    texts = [
        text.upper() for text in found if isinstance(text, str) and ":" in text
    ]  # a date without a time is not enough
    try:
        start, end = map(read_timestamp, texts)
    except ValueError:
        return None
    has_zone = all(re.search(r"([ZC]|[+-][0-9]{2}:?[0-9]{2})\s*$", text) for text in texts)
    return Echo(Timespan(start, end), has_zone=has_zone)


def location(response: Response) -> str | None:
    """Returns the absolute URL that a response redirects to; None if it has no Location header.

    Raises:
        UnexpectedResponseError: the Location header is not a URL.
    """
    target = response.headers.get("Location")
    try:
        # Python's parser removes control characters, which would change the URL.
        if target and not re.search(r"[\x00-\x20\x7f]", target):
            return urljoin(response.url, target)
    except ValueError:
        pass
    if not target:
        return None
    msg = f"{response.request} redirects to an invalid URL; run again, then report it"
    raise UnexpectedResponseError(msg)


def listed_jobs(body: dict[str, Any], report: str) -> list[ReportJob]:
    """Reads the jobs from one page of a list.

    Raises:
        UnexpectedResponseError: the body is not a page of a job list.
    """
    # The misspelling `_embdedded` is in Talkdesk's OpenAPI document.
    embedded = body.get("_embedded") or body.get("_embdedded") or {}
    jobs = embedded.get("jobs") or [] if isinstance(embedded, dict) else None
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        msg = f"report {report!r}: expected a list of jobs, got {redact(str(body))}"
        raise UnexpectedResponseError(msg)
    return [read_job(job, report) for job in jobs]


def next_page(body: dict[str, Any]) -> str | None:
    """Returns the query of the next page's URL; None on the last page.

    The link's host and path are ignored, so that the token goes to the API's own host only.
    """
    link: Any = body
    for name in ("_links", "next", "href"):
        link = link.get(name) if isinstance(link, dict) else None
    try:
        return urlsplit(link).query if isinstance(link, str) else None
    except ValueError:
        return None
