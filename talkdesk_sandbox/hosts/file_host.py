"""The file host: serves report files at presigned URLs, with ranges, as S3 does."""

from __future__ import annotations

import re
from concurrent.futures import CancelledError
from email.utils import format_datetime
from typing import TYPE_CHECKING

from talkdesk_sandbox.faults import kind as stage
from talkdesk_sandbox.hosts.exchange import Exchange
from talkdesk_sandbox.store.backend import Backend, object_path
from talkdesk_sandbox.wire.messages import Answer, Manner, Part, Request, s3_error

if TYPE_CHECKING:
    from talkdesk_sandbox.faults.fault_queue import Fault
    from talkdesk_sandbox.store.files import ReportFile
    from talkdesk_sandbox.store.jobs import Job

_OBJECT = re.compile(r"/public_api_(?P<report>\w+)_report_[^/]*_(?P<job>[0-9a-f-]+)_0\.\w+")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class FileHost:
    """Answers the requests to the file host."""

    def __init__(self, backend: Backend) -> None:
        """Serves the files of a backend."""
        self._backend = backend

    def answer(self, request: Request) -> Answer:
        """Answers one request and adds it to the ledger."""
        named = _OBJECT.fullmatch(request.path)
        exchange = Exchange(self._backend, request, "object", api="files")
        if named:
            exchange.report, exchange.job_id = named["report"], named["job"]
        answer = exchange.changed(self._object(exchange))
        self._backend.ledger.add(exchange.entry(answer))
        return answer

    def _object(self, exchange: Exchange) -> Answer:
        request, backend = exchange.request, self._backend
        if request.method not in ("GET", "HEAD"):
            return s3_error(
                405, "MethodNotAllowed", "The specified method is not allowed against this resource."
            )
        if refusal := backend.signer.refusal(request, backend.clock()):
            return refusal
        if instead := exchange.meet_instead():
            return instead
        job = backend.jobs.get(exchange.job_id, exchange.report)
        if job is None or job.status != "done" or request.path != object_path(job):
            return s3_error(404, "NoSuchKey", "The specified key does not exist.")
        try:
            file = backend.files.get(job)
        except CancelledError:
            return s3_error(404, "NoSuchKey", "The specified key does not exist.")
        return _send(exchange, job, file)


def _send(exchange: Exchange, job: Job, file: ReportFile) -> Answer:
    headers = {
        "Content-Type": _content_type(job),
        "ETag": file.etag,
        "Last-Modified": format_datetime(job.created_at, usegmt=True),
        "Accept-Ranges": "bytes",
    }
    if job.fault and job.fault.details.get("header"):
        headers["Content-Encoding"] = "gzip"
    first, last, status, fault = 0, file.length - 1, 200, None
    given = exchange.request.headers
    match = _RANGE.fullmatch(given.get("range", ""))
    if match and any(match.groups()) and given.get("if-range", file.etag) == file.etag:
        begin, end = _bounds(match[1], match[2], file.length)
        fault = exchange.meet(stage.RANGE) if begin <= end else None
        if begin > end or _is(fault, "range_refused"):
            answer = s3_error(416, "InvalidRange", "The requested range is not satisfiable")
            answer.headers["Content-Range"] = f"bytes */{file.length}"
            return answer
        if _is(fault, "wrong_range") and fault:
            begin = max(0, min(begin + int(fault.details["shift"]), end))
        if _is(fault, "changed_etag"):
            headers["ETag"] = '"another"'
        if fault is None or _is(fault, "wrong_range") or fault.details.get("partial"):
            first, last, status = begin, end, 206
            headers["Content-Range"] = f"bytes {first}-{last}/{file.length}"
    answer = Answer(status, Part(file, first, last - first + 1), headers)
    if fault := exchange.meet(stage.BODY) or fault:
        answer.manner = _manner(fault, answer.length)
    return answer


def _is(fault: Fault | None, name: str) -> bool:
    return fault is not None and fault.name == name


def whole_file(job: Job, file: ReportFile) -> Answer:
    """Returns a job's file as the answer of an API."""
    return Answer(200, Part(file, 0, file.length), {"Content-Type": _content_type(job)})


def _content_type(job: Job) -> str:
    return "text/csv" if job.format == "csv" else "application/json"


def _bounds(first: str, last: str, length: int) -> tuple[int, int]:
    """Returns the first and last byte of a range. If it is empty, the first is after the last."""
    if not first:
        return max(0, length - int(last)), length - 1 if int(last) else -1
    return int(first), min(int(last), length - 1) if last else length - 1


def _manner(fault: Fault, length: int) -> Manner:
    """Returns how a body is sent with a fault. An `after` is at most the index of the last byte."""
    details = fault.details
    if fault.kind.stage == stage.RANGE and details.get("after") is None:
        return Manner()
    if "after" not in details:
        return Manner(cut_after=length, reset=fault.name == "reset_at_end", with_length=False)
    after = max(0, min(int(details["after"]), length - 1))
    if "seconds" in details:
        return Manner(
            stall_after=after, stall_seconds=float(details["seconds"]), drip_bytes=details.get("size")
        )
    return Manner(
        cut_after=after, reset=bool(details.get("reset")), with_length=fault.name != "short_without_length"
    )
