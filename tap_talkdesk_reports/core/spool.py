"""Manages the spool: anonymous temporary files for report files, and unpacks gzip.

The operating system removes them when the process ends, even after KILL.
"""

from __future__ import annotations

import errno
import gzip
import shutil
import tempfile
import zlib
from contextlib import suppress
from typing import BinaryIO

from tap_talkdesk_reports.core.errors import SpoolError, TruncatedFileError
from tap_talkdesk_reports.core.limits import describe_limit
from tap_talkdesk_reports.core.words import counted

#: Size in bytes of the chunks in which report files are read and written.
CHUNK_BYTES = 1 << 18


def new_spool(folder: str | None) -> BinaryIO:
    """Creates an empty spool file.

    Args:
        folder: The folder; None means the system's folder for temporary files.

    Raises:
        SpoolError: the file cannot be created.
    """
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise spool_error(error) from None


def unpacked(spool: BinaryIO, folder: str | None) -> BinaryIO:
    """Unpacks a gzip file into a new spool file; returns a file that is not packed as it is.

    Raises:
        TruncatedFileError: the packed file is not whole: it has no valid end mark.
        SpoolError: the content cannot be stored.
    """
    spool.seek(0)
    if spool.read(2) != b"\x1f\x8b":
        return spool
    spool.seek(0)
    content = new_spool(folder)
    try:
        with gzip.GzipFile(fileobj=spool) as packed:
            shutil.copyfileobj(packed, content, CHUNK_BYTES)
        content.flush()  # so that a full disk raises here
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        drop(content)
        msg = f"the gzip file is incomplete: {error}"
        raise TruncatedFileError(msg) from None
    except OSError as error:
        drop(content)
        raise spool_error(error) from None
    return content


def drop(spool: BinaryIO) -> None:
    """Closes a spool file that is not needed; ignores a write error on a full disk."""
    with suppress(OSError):
        spool.close()


def spool_error(error: OSError, needed: int | None = None) -> SpoolError:
    """Returns the error for a report file that cannot be stored; `needed` is its size in bytes."""
    size = f" of {counted(needed, 'byte')}" if needed else ""
    if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}:
        msg = f"the report file{size} cannot be written to disk: {describe_limit(error)}"
    else:
        reason = error.strerror or error
        msg = f"the report file{size} cannot be written to disk: {reason}. Free disk space, or set spool_dir"
    return SpoolError(msg)
