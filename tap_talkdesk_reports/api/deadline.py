"""Limits the total time of an HTTP exchange.

A timeout of `requests` limits only the wait for each byte. A server that sends a byte now
and then can hold a request for ever, and within the headers the caller cannot interfere.
So one watchdog thread shuts down the sockets of every exchange that takes too long.
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
    """Limits the total time of all exchanges that a thread makes within this context manager."""

    def __init__(self, seconds: float) -> None:
        """Sets the limit; the time counts from entering the context."""
        self._seconds = seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        #: When the time is up, on the monotonic clock.
        self.at = float("inf")
        self.is_over = False

    def __enter__(self) -> Self:
        """Starts the time."""
        self.at = time.monotonic() + self._seconds
        _watchdog.add(self)
        _current.deadline = self
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Stops watching the sockets, which stay open.

        Raises:
            requests.exceptions.Timeout: the time was up; the exchange has failed.
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
        """Adds a connection that is shut down when the time is up."""
        # A duplicated descriptor, because wrapping a socket in TLS takes its descriptor away.
        own = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            self._sockets.append(own)
        if self.is_over:
            self.end()

    def end(self) -> None:
        """Shuts down the sockets, because the time is up; each wait for them ends now."""
        with self._lock:
            self.is_over = True
            for sock in self._sockets:
                with suppress(OSError):  # already closed
                    sock.shutdown(socket.SHUT_RDWR)


class _Current(threading.local):
    """The current deadline of each thread."""

    deadline: Deadline | None = None


_current = _Current()


def watch(sock: socket.socket) -> None:
    """Adds a connection to this thread's current deadline, if there is one."""
    if _current.deadline is not None:
        _current.deadline.watch(sock)


class _Watchdog:
    """Ends deadlines on a separate thread, which starts with the first deadline."""

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
