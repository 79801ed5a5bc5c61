"""The spool: anonymous temporary files that hold report files, unpacked if they are packed with gzip.

The system removes them at every kind of exit, KILL included.
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

#: Report files are read and written in chunks of so many bytes.
CHUNK_BYTES = 1 << 18


def new_spool(folder: str | None) -> BinaryIO:
    """An empty spool file in a folder; None: the folder of the system for temporary files.

    Raises:
        SpoolError: there can be none.
    """
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError as error:
        raise spool_error(error) from None


def unpacked(spool: BinaryIO, folder: str | None) -> BinaryIO:
    """The file itself, or its content in a new one if it is packed with gzip, read to its end mark.

    Raises:
        TruncatedFileError: the packed file is not whole.
        SpoolError: the content cannot be kept.
    """
    spool.seek(0)
    if spool.read(2) != b"\x1f\x8b":
        return spool
    spool.seek(0)
    content = new_spool(folder)
    try:
        with gzip.GzipFile(fileobj=spool) as packed:
            shutil.copyfileobj(packed, content, CHUNK_BYTES)
        content.flush()  # else a full disk shows later, at an unexpected place
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        drop(content)
        msg = f"the packed file is not whole: {error}"
        raise TruncatedFileError(msg) from None
    except OSError as error:
        drop(content)
        raise spool_error(error) from None
    return content


def drop(spool: BinaryIO) -> None:
    """Close a spool file that is not needed; what a full disk did not take must not be an error again."""
    with suppress(OSError):
        spool.close()


def spool_error(error: OSError, needed: int | None = None) -> SpoolError:
    """The error for a report file of so many bytes that cannot be kept."""
    size = f" of {needed} bytes" if needed else ""
    if error.errno in {errno.EMFILE, errno.ENFILE, errno.ENOMEM}:
        msg = f"The report file{size} cannot be kept: {describe_limit(error)}"
    else:
        msg = f"The report file{size} cannot be kept: {error.strerror or error}. Make room, or set spool_dir"
    return SpoolError(msg)
