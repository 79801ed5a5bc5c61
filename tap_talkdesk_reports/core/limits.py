"""Limits of this machine that an error shows: open files, memory, threads, room on a disk. Pure."""

from __future__ import annotations

import errno
import re

OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE})
#: What an operating system's number of an error (errno) means, and what to do.
LIMITS = {
    "too many files and connections are open: raise the limit (ulimit -n), or lower max_concurrent_jobs": (
        OUT_OF_FILES
    ),
    "memory is short: raise its limit, or lower max_concurrent_jobs": {errno.ENOMEM, errno.ENOBUFS},
    "no thread can be started: raise the limit (ulimit -u), or lower max_concurrent_jobs": {errno.EAGAIN},
    "the disk is full, or a file would become too large: make room": {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
    },
}


def describe_limit(error: BaseException) -> str | None:
    """What to do about an error that only a limit of this machine can raise; None if it is another one."""
    number = getattr(error, "errno", None) if isinstance(error, OSError) else None
    if isinstance(error, MemoryError):
        number = errno.ENOMEM
    elif isinstance(error, RuntimeError) and re.search("start new thread", str(error)):
        number = errno.EAGAIN
    return next((words for words, numbers in LIMITS.items() if number in numbers), None)
