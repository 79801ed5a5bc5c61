"""Reads bodies and Location headers of the APIs: jobs, their status and timespan, lists and their pages."""

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

#: Talkdesk's ids are 24 or 36 characters long. They become part of a path.
LONGEST_ID = 200


def as_object(response: Response) -> dict[str, Any]:
    """The body of a response as a JSON object.

    Raises:
        UnexpectedResponseError: it is none, for example a proxy's page, cut short, or too long.
    """
    try:
        body = None if response.is_cut else json.loads(response.body)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        return body
    kind = redact(response.headers.get("Content-Type", "")) or "something"
    msg = f"Expected a JSON object from Talkdesk, got {kind}: {response.excerpt}"
    raise UnexpectedResponseError(msg)


def read_job(body: dict[str, Any], report: str, timespan: Timespan | None = None) -> ReportJob:
    """A job from its JSON object.

    Args:
        body: The object, flat as documented, or below `job`.
        report: The report that it was created for.
        timespan: The requested one, if that is known; else it is read from the body.

    Raises:
        UnexpectedResponseError: it has no id, one that cannot be part of a path, or no status.
    """
    job = body.get("job", body)
    known = isinstance(job, dict) and _is_id(job.get("id")) and isinstance(job.get("status"), str)
    if not known:
        msg = f"Report {report!r}: expected a job with id and status, got {redact(str(body))}"
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
    """Whether it is a text that names one thing below a path, and no other path."""
    return (
        isinstance(value, str)
        and value.strip(". ") != ""
        and len(value) <= LONGEST_ID
        and not re.search(r"[\x00-\x1f\x7f/\\\ud800-\udfff]", value)
    )


def same_job(job: ReportJob, body: dict[str, Any]) -> ReportJob:
    """The job as the response to a poll describes it.

    Raises:
        UnexpectedResponseError: the response is no job, or another one.
    """
    read = read_job(body, job.report, job.timespan)
    if read.id == job.id:
        # Not every response repeats what is known of the job since its creation.
        return replace(read, name=read.name or job.name, created_at=read.created_at or job.created_at)
    msg = f"{job}: polled, and the response is about job {redact(read.id)}"
    raise UnexpectedResponseError(msg)


def done_job(job: ReportJob, response: Response) -> ReportJob:
    """The job as a redirect describes it: done, whatever the body says, or if there is none."""
    try:
        return replace(same_job(job, as_object(response)), status=DONE)
    except UnexpectedResponseError:
        return replace(job, status=DONE)


#: The timespan of a listed job that cannot be read; it equals no timespan that is ever due.
_NEVER = Timespan(datetime.min.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC))


def _echo(body: object) -> Echo | None:
    """The timespan that a response gives for a job; None if it has none, or none that can be read."""
    bounds = body if isinstance(body, dict) else {}
    found = (bounds.get("from"), bounds.get("to"))
    texts = [
        text.upper() for text in found if isinstance(text, str) and ":" in text
    ]  # a date alone is no moment
    try:
        start, end = map(read_timestamp, texts)
    except ValueError:
        return None
    has_zone = all(re.search(r"([ZC]|[+-][0-9]{2}:?[0-9]{2})\s*$", text) for text in texts)
    return Echo(Timespan(start, end), has_zone=has_zone)


def location(response: Response) -> str | None:
    """The URL that a response redirects to, if any; a relative one is made absolute.

    Raises:
        UnexpectedResponseError: it is none.
    """
    target = response.headers.get("Location")
    try:
        # Python's parser leaves control characters out, so that the URL would become another one.
        if target and not re.search(r"[\x00-\x20\x7f]", target):
            return urljoin(response.url, target)
    except ValueError:
        pass
    if not target:
        return None
    msg = f"{response.request} redirects to what is no URL"
    raise UnexpectedResponseError(msg)


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
