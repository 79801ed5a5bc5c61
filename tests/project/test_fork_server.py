"""A process of the fork server behaves like the same program started by Python."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys

import pytest

from tests.support import clean_environment, command
from tests.support.forked_tap import Forked, ForkServer, TapProcess, run

pytestmark = pytest.mark.skipif(TapProcess is not Forked, reason="on this system each tap is started")

PROGRAM = """
import atexit, gc, json, logging, os, random, signal, sys, threading, time

def show():
    opened = [fd for fd in range(100) if os.path.exists(f"/proc/self/fd/{fd}")]
    loggers = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)]
    streams = (sys.stdin, sys.stdout, sys.stderr)
    print(json.dumps({
        "arguments": sys.argv, "environment": dict(os.environ), "folder": os.getcwd(), "path": sys.path[0],
        "handlers": {n: str(signal.getsignal(n)) for n in map(int, signal.valid_signals())},
        "blocked": [int(n) for n in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
        "descriptors": opened, "threads": threading.active_count(), "leads": os.getsid(0) == os.getpid(),
        "streams": [(s.encoding, s.errors, s.line_buffering, s.write_through) for s in streams],
        "logging": [(each.name, each.level, len(each.handlers)) for each in loggers if each.handlers],
        "input": sys.stdin.read(), "zone": time.tzname, "umask": os.umask(0o22), "collects": gc.isenabled(),
        "of the tests": [name for name in sys.modules if name.startswith("tests")],
    }))

ENDS = {
    "returns": lambda: None,
    "returns a number": lambda: 3,
    "exits": lambda: sys.exit(),
    "exits with a number": lambda: sys.exit(4),
    "exits with a large number": lambda: sys.exit(300),
    "exits with a text": lambda: sys.exit("no such thing"),
    "raises": lambda: [][1],
    "is interrupted": lambda: signal.raise_signal(signal.SIGINT),
    "is terminated": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "is killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "leaves": lambda: os._exit(5),
    "has a thread": lambda: threading.Thread(target=lambda: (time.sleep(0.1), print("late"))).start(),
    "has more to do": lambda: atexit.register(print, "at the end") and None,
    "writes": lambda: print("x" * 100_000),
    "shows": lambda: (__import__("tap_talkdesk_reports.tap"), show()) and None,
    "shows the output": lambda: print(sys.stdout.line_buffering, sys.stdout.isatty(), file=sys.stderr),
    "draws": lambda: print(random.random()),
    "waits": lambda: (print("waits", flush=True), signal.pause()),
}

def main():
    return ENDS[sys.argv[1]]()
"""
ENDS = re.findall(r'^    "([^"]+)": lambda', PROGRAM, re.MULTILINE)
START = "import sys; from program import main; sys.exit(main())"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    (folder / "program.py").write_text(PROGRAM)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        server = ForkServer("program:main", "tap_talkdesk_reports.tap")
    server.folder = folder
    yield server
    server.close()


@pytest.fixture
def fork(server):
    class OfServer(Forked):
        @classmethod
        def server(cls):
            return server

    return OfServer


def both(server, fork, name, **options):
    """Returns the program as a forked and as a started process."""
    options = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | options
    environment = clean_environment(PYTHONPATH=str(server.folder))
    for process, line in ((fork, ["program"]), (subprocess.Popen, [sys.executable, "-P", "-c", START])):
        with process([*line, name], env=environment, text=True, **options) as run:
            yield (*run.communicate("some input", timeout=60), run.returncode)


@pytest.mark.parametrize("name", [name for name in ENDS if name not in {"shows", "draws", "waits"}])
def test_it_ends_as_a_process_that_is_started(server, fork, name):
    forked, started = both(server, fork, name)

    assert (forked[0], forked[2]) == (started[0], started[2])
    assert forked[1].splitlines()[-1:] == started[1].splitlines()[-1:]


@pytest.mark.parametrize("name", ["writes", "returns", "has more to do"])
def test_an_output_that_cannot_be_written_ends_it_as_it_ends_one_that_is_started(server, fork, name):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        forked, started = both(server, fork, name, stdout=full)

    assert forked[2] == started[2]
    assert forked[1].splitlines()[-1:] == started[1].splitlines()[-1:]


@pytest.mark.parametrize("leads", [False, True])
def test_it_begins_as_a_process_that_is_started(server, fork, tmp_path, leads, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("SOME", "thing")

    results = both(server, fork, "shows", cwd=tmp_path, start_new_session=leads)
    forked, started = (json.loads(stdout) for stdout, _, _ in results)

    assert forked.pop("arguments") == ["program", "shows"]
    assert started.pop("arguments") == ["-c", "shows"]
    assert (forked.pop("path"), started.pop("path") is None) == (".", False)
    assert forked == started
    assert forked["folder"] == str(tmp_path)
    assert forked["environment"]["SOME"] == "thing"
    assert (forked["leads"], forked["of the tests"]) == (leads, [])
    assert (forked["input"], forked["threads"], forked["zone"][0]) == ("some input", 1, "JST")


def test_it_writes_to_a_terminal_as_a_process_that_is_started(server, fork):
    ours, theirs = pty.openpty()
    forked, started = both(server, fork, "shows the output", stdout=theirs)
    os.close(theirs)
    os.close(ours)

    assert forked == started


def test_random_numbers_differ_from_fork_to_fork(server, fork):
    drawn = [next(both(server, fork, "draws"))[0] for _ in range(2)]

    assert drawn[0] != drawn[1]


def test_it_is_waited_for_and_signalled_as_one_that_is_started(fork):
    with fork(["program", "waits"], stdout=subprocess.PIPE) as process:
        process.stdout.readline()

        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.terminate()
        assert process.wait() == -signal.SIGTERM
        assert process.poll() == -signal.SIGTERM
        process.kill()  # the process is gone
    assert 10 << 20 < process.peak < 500 << 20


def test_it_ends_with_its_server(server):
    own = ForkServer("signal:pause")

    class OfOwn(Forked):
        @classmethod
        def server(cls):
            return own

    processes = [OfOwn(["program"]) for _ in range(2)]
    own.close()

    assert [process.wait(60) for process in processes] == [-signal.SIGKILL] * 2


def said(output):
    """Returns the sorted lines without times and STATE, because the order of two streams may differ."""
    lines = re.sub(r'"time_extracted":"[^"]*"', "", output).splitlines()
    return sorted(line for line in lines if not line.startswith('{"type":"STATE"'))


@pytest.mark.parametrize("arguments", [["--about", "--format", "json"], ["--no-such-option"], []])
def test_the_tap_writes_the_same_as_the_installed_command(start_sandbox, tmp_path, arguments):
    sandbox = start_sandbox()
    config = sandbox.config | {"start_date": "2026-03-02", "end_date": "2026-03-03"}
    line = command(tmp_path, config, *arguments)

    forked = run(line, env=clean_environment(), text=True)
    installed = subprocess.run(line, env=clean_environment(), text=True, capture_output=True, check=False)

    assert (forked.returncode, said(forked.stdout)) == (installed.returncode, said(installed.stdout))
    assert len(forked.stderr.splitlines()) == len(installed.stderr.splitlines())
