"""Describes errors that a limit of this machine causes: open files, memory, threads, disk space. Pure."""

from __future__ import annotations

import errno
import re

OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})
#: The message for each error number (errno) of the operating system.
LIMITS = {
    "too many files and connections are open: raise the limit (ulimit -n), or lower max_concurrent_jobs": (
        OUT_OF_FILES
    ),
    "out of memory: raise the limit, or lower max_concurrent_jobs": {errno.ENOMEM, errno.ENOBUFS},
    "no thread can be started: raise the limit (ulimit -u), or lower max_concurrent_jobs": {errno.EAGAIN},
    "the disk is full, or a file becomes too large: free some space": {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
    },
}


def describe_limit(error: BaseException) -> str | None:
    """Returns what to do about an error that a limit of this machine causes; None for other errors."""
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    if isinstance(error, MemoryError):
        number = errno.ENOMEM
    elif isinstance(error, RuntimeError) and re.search("start new thread", str(error)):
        number = errno.EAGAIN
    return next((words for words, numbers in LIMITS.items() if number in numbers), None)
