"""Writes report files, JSON or CSV, to anonymous temporary files, and keeps them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import tempfile
import threading
from collections import OrderedDict
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from itertools import islice
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

    from talkdesk_sandbox.faults.content import Content
    from talkdesk_sandbox.reports.reporting import Row
    from talkdesk_sandbox.store.jobs import Job

#: Rows written at a time. More rows are slower, because they do not fit the processor's cache.
_CHUNK = 200
#: Bytes reserved for the beginning of a JSON file, which is known only after its rows are counted.
_HEAD = 64
_KEPT = 64

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class ReportFile:
    """One complete file. Many threads can read it at once.

    The ETag has the form that S3 uses for multipart uploads: strong, but not the MD5 of
    the content.
    """

    def __init__(self, descriptor: int, start: int, end: int, digest: str) -> None:
        """Takes over the descriptor of a file whose content is at [start, end)."""
        self._descriptor = descriptor
        self._start = start
        self.length = end - start
        self.etag = f'"{digest}-1"'

    def read(self, offset: int, size: int) -> bytes:
        """Reads up to `size` bytes from `offset`."""
        return os.pread(self._descriptor, min(size, self.length - offset), self._start + offset)

    def __del__(self) -> None:
        """Frees the disk space when the last reader is done."""
        os.close(self._descriptor)


class Bucket(Protocol):
    """Stores and presigns files instead of the file host, such as a real S3 server."""

    def put(self, path: str, content: bytes) -> None:
        """Stores a file. Its job becomes done only after this."""

    def url(self, path: str, lifetime: timedelta, now: datetime) -> str:
        """Returns a presigned URL of a file, valid from `now` for a lifetime in whole seconds."""


class FileStore:
    """The files of all jobs, written in the background in the order of the jobs.

    Only the last few of the files that are not in use are kept. An older file is written
    again when it is requested, with the same bytes.
    """

    def __init__(self, upload: Callable[[Job, ReportFile], None] | None = None) -> None:
        """Starts empty. `upload` is called with each file that was written."""
        self._upload = upload
        self._files: OrderedDict[str, Future[ReportFile]] = OrderedDict()
        self._lock = threading.Lock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sandbox-files")
        self._closing = threading.Event()

    def prepare(self, job: Job) -> Future[ReportFile]:
        """Schedules the writing of a job's file, unless it exists or is scheduled."""
        with self._lock:
            future = self._files.get(job.id)
            if future is None:
                future = self._writer.submit(self._write, job)
                self._files[job.id] = future
                while len(self._files) > _KEPT and next(iter(self._files.values())).done():
                    self._files.popitem(last=False)
            else:
                self._files.move_to_end(job.id)
        return future

    def _write(self, job: Job) -> ReportFile:
        file = write(job, lambda: self._closing.is_set() or job.ended is not None)
        if self._upload:
            self._upload(job, file)
        return file

    def is_ready(self, job: Job, timeout: float) -> bool:
        """Waits up to `timeout` seconds for a job's file; returns whether it is written."""
        try:
            self.prepare(job).result(timeout)
        except (NotYet, CancelledError):
            return False
        return True

    def get(self, job: Job) -> ReportFile:
        """Returns a job's file; waits until it is written.

        Raises:
            CancelledError: the job was ended before its file was complete.
        """
        return self.prepare(job).result()

    def remove(self, job: Job) -> None:
        """Forgets a job's file. A download in progress continues."""
        with self._lock:
            self._files.pop(job.id, None)

    def close(self) -> None:
        """Stops writing and frees all disk space."""
        self._closing.set()
        self._writer.shutdown(wait=True, cancel_futures=True)
        self._files.clear()


def write(job: Job, give_up: Callable[[], bool] = lambda: False) -> ReportFile:
    """Writes a job's rows to an anonymous file, in chunks.

    Raises:
        CancelledError: `give_up` returned True between two chunks.
    """
    content = job.content
    digest = hashlib.md5(usedforsecurity=False)
    total = 0
    with tempfile.TemporaryFile() as file:
        file.seek(_HEAD)
        for count, chunk in _csv_chunks(content) if job.format == "csv" else _json_chunks(content.rows()):
            if give_up():
                raise CancelledError
            total += count
            digest.update(chunk)
            file.write(chunk)
        head = b""
        if job.format != "csv":
            head, tail = content.layout(total)
            digest.update(tail + head)
            file.write(tail)
        start, end = _HEAD - len(head), file.tell()
        file.seek(start)
        file.write(head)
        if content.is_packed:
            file.seek(start)
            packed = content.packed(file.read())
            digest.update(packed)
            end = file.seek(start) + file.write(packed)
        file.flush()
        return ReportFile(os.dup(file.fileno()), start, end, digest.hexdigest())


def _json_chunks(rows: Iterator[Row]) -> Iterator[tuple[int, bytes]]:
    """Yields the entries of a JSON file in chunks, each with its number of rows."""
    comma = ""
    while chunk := list(islice(rows, _CHUNK)):
        yield len(chunk), _encoded(comma + _encode(chunk)[1:-1])
        comma = ","


def _csv_chunks(content: Content) -> Iterator[tuple[int, bytes]]:
    """Yields a CSV file in chunks: null is an empty cell, booleans are `true` and `false`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(content.headings())
    words = {True: "true", False: "false"}
    rows, first = content.rows(), True
    while chunk := list(islice(rows, _CHUNK)):
        writer.writerows([words[v] if isinstance(v, bool) else v for v in row.values()] for row in chunk)
        yield len(chunk), content.data(_encoded(text.getvalue()), first=first)
        first = False
        text.seek(0)
        text.truncate()
    yield 0, content.data(_encoded(text.getvalue()), first=first)


def _encoded(text: str) -> bytes:
    """Encodes as UTF-8. A surrogate escape becomes its raw, invalid byte."""
    return text.encode(errors="surrogateescape")
