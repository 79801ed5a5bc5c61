"""Runs an entry point in forks of this process, which has already imported what it needs.

Starting Python and importing the SDK takes most of the CPU time of a short run. A fork skips both, and is a
separate process with its own signals, descriptors, exit code and memory.

`forked_tap.py` starts this file by its path, so it imports nothing of the tests. A request comes over a
socket as JSON, with four descriptors: standard input, output and error, and a socket for the pid and the wait
status. The server and all its forks end when its client closes the socket.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Request = dict[str, Any]

#: The signal actions that Python sets at its start. All other signals have their default action.
OF_PYTHON = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGPIPE: signal.SIG_IGN,
    signal.SIGXFSZ: signal.SIG_IGN,
}


class Server:
    """Forks for each request, and reports the end of each fork."""

    def __init__(self, client: socket.socket) -> None:
        self._client = client
        #: For the process descriptor of each fork: its pid, and the descriptor to report its end to.
        self._forks: dict[int, tuple[int, int]] = {}

    def serve(self) -> Request | None:
        """Returns the request in each fork, and None in the server when the client is gone."""
        while True:
            ready, _, _ = select.select([self._client, *self._forks], [], [])
            for pidfd in self._forks.keys() & set(ready):
                self._reap(pidfd)
            if self._client in ready:
                message, descriptors, _, _ = socket.recv_fds(self._client, 1 << 20, 4)
                if not message:
                    self._end_all()
                    return None
                request = json.loads(message)
                if self._fork(request, descriptors) == 0:
                    return request

    def _fork(self, request: Request, descriptors: list[int]) -> int:
        *standard, report = descriptors
        pid = os.fork()
        if pid == 0:
            become(request, standard)
            self._forget(descriptors)
            return 0
        for descriptor in standard:
            os.close(descriptor)
        self._forks[os.pidfd_open(pid)] = (pid, report)
        tell(report, pid=pid)
        return pid

    def _forget(self, descriptors: list[int]) -> None:
        """Closes the server's descriptors in a fork."""
        self._client.close()
        for pidfd, (_, report) in self._forks.items():
            descriptors += [pidfd, report]
        for descriptor in descriptors:
            os.close(descriptor)

    def _reap(self, pidfd: int) -> None:
        pid, report = self._forks.pop(pidfd)
        _, status, usage = os.wait4(pid, 0)
        tell(report, status=status, peak=usage.ru_maxrss * 1024)
        os.close(report)
        os.close(pidfd)

    def _end_all(self) -> None:
        for pid, _ in self._forks.values():
            os.kill(pid, signal.SIGKILL)
        for pidfd in list(self._forks):
            self._reap(pidfd)


def tell(report: int, **content: int) -> None:
    """Report to the client, which may be gone."""
    with suppress(OSError):
        os.write(report, json.dumps(content).encode())


def become(request: Request, standard: list[int]) -> None:
    """Makes this fork like a new process, except for the imports."""
    if request["start_new_session"]:
        os.setsid()
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, OF_PYTHON.get(number, signal.SIG_DFL))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number, descriptor in enumerate(standard):
        os.dup2(descriptor, number)
    sys.stdout.reconfigure(line_buffering=os.isatty(1) and not sys.stdout.write_through)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = request["arguments"]
    sys.path.insert(0, str(Path(sys.argv[0]).parent))


def call(entry: Callable[[], object]) -> None:
    """Calls the entry point, and ends the process as Python does.

    Python also destroys each object at its end, which copies the memory of all imported modules. This is
    skipped if the process ends with an exit code, because it has no visible effect then. Any other end is
    Python's own.
    """
    try:
        code = entry()
    except SystemExit as end:
        code = end.code
    if code is None or isinstance(code, int):
        threading._shutdown()
        atexit._run_exitfuncs()
        with suppress(OSError):  # Python prints an error, and ends with another code
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit((code or 0) & 0xFF)
    sys.exit(code)


def main(descriptor: str, entry: str, *modules: str) -> None:
    """Import the modules and serve. In a fork, call the entry point `module:function` as its command does."""
    module, _, function = entry.partition(":")
    called = getattr(importlib.import_module(module), function)
    for name in modules:
        importlib.import_module(name)
    assert threading.active_count() == 1, "a fork lacks the other threads, but has the locks that they held"
    # Garbage collections in the forks would write to each object, and so copy all memory pages.
    gc.collect()
    gc.freeze()

    with socket.socket(fileno=int(descriptor)) as client:
        request = Server(client).serve()
    if request:
        call(called)


if __name__ == "__main__":
    main(*sys.argv[1:])
