"""Deadlines of HTTP exchanges: whatever a thread waits for on its sockets ends when the time is up.

A timeout of `requests` bounds the wait for each byte. A server that sends a byte now and
then can so hold a request for ever, in a header even out of reach of the caller. One
watchdog thread for the process shuts the sockets of an exchange down that takes too long.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Self

import requests.exceptions


class Deadline:
    """A context that bounds all exchanges that its thread makes within it, from sending to the last byte."""

    def __init__(self, seconds: float) -> None:
        """Bound them to so many seconds, from entering the context on."""
        self._seconds = seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        #: When it is over, on the monotonic clock.
        self.at = float("inf")
        self.is_over = False

    def __enter__(self) -> Self:
        """Begin to count."""
        self.at = time.monotonic() + self._seconds
        _watchdog.add(self)
        _current.deadline = self
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Let go of the sockets, which stay open.

        Raises:
            requests.exceptions.Timeout: the time was up; what came until then counts for nothing.
        """
        _current.deadline = None
        _watchdog.remove(self)
        with self._lock:
            for sock in self._sockets:
                sock.close()
            self._sockets.clear()
            if self.is_over and (error is None or isinstance(error, Exception)):
                raise requests.exceptions.Timeout from None

    def watch(self, sock: socket.socket) -> None:
        """Shut this connection down, too, when the time is up."""
        # A descriptor of its own: wrapping a socket in TLS takes the descriptor away from it.
        own = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._sockets.append(own)
        if self.is_over:
            self.end()

    def end(self) -> None:
        """The time is up: each wait for these sockets ends now."""
        with self._lock:
            self.is_over = True
            for sock in self._sockets:
                with suppress(OSError):  # it is closed already
                    sock.shutdown(socket.SHUT_RDWR)


class _Current(threading.local):
    """The deadline of each thread."""

    deadline: Deadline | None = None


_current = _Current()


def watch(sock: socket.socket) -> None:
    """Put a connection under the deadline that this thread is in, if it is in one."""
    if _current.deadline is not None:
        _current.deadline.watch(sock)


class _Watchdog:
    """Ends deadlines on a thread of its own, which starts with the first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deadlines: set[Deadline] = set()
        self._is_started = False

    def add(self, deadline: Deadline) -> None:
        with self._changed:
            if not self._is_started:
                threading.Thread(target=self._run, name="deadlines", daemon=True).start()
                self._is_started = True
            if all(deadline.at < other.at for other in self._deadlines):
                self._changed.notify()
            self._deadlines.add(deadline)

    def remove(self, deadline: Deadline) -> None:
        with self._changed:
            self._deadlines.discard(deadline)

    def _run(self) -> None:
        while True:
            with self._changed:
                now = time.monotonic()
                over = {deadline for deadline in self._deadlines if deadline.at <= now}
                self._deadlines -= over
                if not over:
                    first = min((deadline.at for deadline in self._deadlines), default=None)
                    self._changed.wait(None if first is None else first - now)
            for deadline in over:
                deadline.end()


_watchdog = _Watchdog()
