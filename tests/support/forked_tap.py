"""The tap as a forked process: the same as the installed command, except that its imports are done."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

TAP = Path(sys.executable).with_name("tap-talkdesk-reports")
#: Variables that Python reads at its start. A fork has the values of its server.
READ_AT_START = {"PYTHONUNBUFFERED", "PYTHONIOENCODING", "PYTHONUTF8", "PYTHONWARNINGS", "LANG", "LC_ALL"}
ENTRY = ("tap_talkdesk_reports.__main__:main", "tap_talkdesk_reports.tap")


class ForkServer:
    """A client for a process that forks for each request; see `fork_server.py`."""

    def __init__(self, entry: str, *modules: str) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = Path(__file__).with_name("fork_server.py")
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(code), str(theirs.fileno()), entry, *modules],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C in the tests' terminal would end it too early
            )

    def fork(self, request: dict[str, Any], standard: list[int]) -> socket.socket:
        """Requests a process; returns the socket for its pid and wait status."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [*standard, theirs.fileno()])
        return ours

    def close(self) -> None:
        """Ends the server and its forks."""
        self._socket.close()
        self._process.wait(60)


class Forked(subprocess.Popen):
    """A process of a fork server, with the interface of `subprocess.Popen`.

    The methods with an underscore are those in which `Popen` starts and reaps a child.
    """

    #: Peak memory of the process in bytes, after its end.
    peak: int

    @classmethod
    def server(cls) -> ForkServer:
        return server_of_tap()

    def _execute_child(  # noqa: PLR0917 - as Popen calls it
        self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo, creationflags, shell,
        p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite,
        restore_signals, gid, gids, uid, umask, start_new_session, process_group,
    ):  # fmt: skip
        assert not any((preexec_fn, pass_fds, shell, executable)), "only a started process supports this"
        assert not READ_AT_START & {name for name, _ in os.environ.items() ^ (env or os.environ).items()}
        request = {
            "arguments": [str(each) for each in args],
            "environment": dict(os.environ if env is None else env),
            "cwd": str(cwd or Path.cwd()),
            "start_new_session": start_new_session,
        }
        given = (p2cread, c2pwrite, errwrite)
        standard = [number if fd == -1 else fd for number, fd in enumerate(given)]
        try:
            self._report = self.server().fork(request, standard)
            self.pid = self._receive()["pid"]
            self._child_created = True
        finally:
            self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)

    def _receive(self) -> dict[str, int]:
        message = self._report.recv(4096)
        assert message, "the fork server ended"
        return json.loads(message)

    def _try_wait(self, wait_flags):
        if self._report.fileno() < 0:  # this object is closed, and the server reaps the process
            return self.pid, 0
        if wait_flags & os.WNOHANG and not select.select([self._report], [], [], 0)[0]:
            return 0, 0
        reported = self._receive()
        self._report.close()
        self.peak = reported["peak"]
        return self.pid, reported["status"]

    def _internal_poll(self, _deadstate=None):
        if self.returncode is None and self._waitpid_lock.acquire(blocking=False):
            try:
                if self.returncode is None:
                    pid, status = self._try_wait(os.WNOHANG)
                    if pid == self.pid:
                        self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


#: macOS guarantees nothing for a fork without `exec`, and has no process descriptors.
TapProcess = Forked if sys.platform == "linux" else subprocess.Popen

_lock = threading.Lock()
_servers: list[ForkServer] = []


def server_of_tap() -> ForkServer:
    """Returns the fork server of this worker. It starts with the first process."""
    with _lock:
        if not _servers:
            _servers.append(ForkServer(*ENTRY))
        return _servers[0]


def close_server() -> None:
    """Ends the fork server of this worker, if it has one."""
    with _lock:
        while _servers:
            _servers.pop().close()


def run(arguments: list[str], *, timeout: float = 120, **options: Any) -> subprocess.CompletedProcess[Any]:
    """Runs the tap to its end as `subprocess.run` does, and capture its output by default."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    with TapProcess(arguments, **options) as process:
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    finished = subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)
    finished.peak = getattr(process, "peak", None)
    return finished
