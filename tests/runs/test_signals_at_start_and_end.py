"""Signals are handled from the first line of the tap to the end of its process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.support import clean_environment, command

#: Modules that Python searches, one after another, before a run begins.
MOMENTS = ["tap_talkdesk_reports.tap", "click", "singer_sdk", "requests", "tap_talkdesk_reports.sync.run"]
#: Code that Python runs before the first line of the tap.
SIGNALS_AT_IMPORT = """
import os, signal, sys

class Signals:
    def find_spec(self, name, path=None, target=None):
        if name == {moment!r}:
            sys.meta_path.remove(self)
            with open({met!r}, "w") as met:
                met.write("\\n".join(sys.modules))
            for number in {kinds}:
                os.kill(os.getpid(), number)

sys.meta_path.insert(0, Signals())
"""


def run_with(tmp_path, config, code, *before, **files):
    """Runs the tap with a command prefix, and with some code that Python runs before it."""
    (tmp_path / "sitecustomize.py").write_text(code)
    return subprocess.run(
        [*before, *command(tmp_path, config, **files)],
        capture_output=True,
        check=False,
        timeout=60,
        env=clean_environment(PYTHONPATH=str(tmp_path)),
    )


def assert_left_at_once(tmp_path, tap, number):
    assert (tmp_path / "met").exists(), "no signal was sent, so this test is useless"
    assert (tap.returncode, tap.stdout, tap.stderr) == (128 + number, b"", b"")


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(
    "kinds",
    [[signal.SIGTERM], [signal.SIGINT], [signal.SIGHUP], [signal.SIGINT, signal.SIGTERM]],
    ids=lambda kinds: "-".join(kind.name for kind in kinds),
)
def test_signals_count_from_the_first_line(server, tmp_path, moment, kinds):
    code = SIGNALS_AT_IMPORT.format(
        moment=moment, met=str(tmp_path / "met"), kinds=[int(kind) for kind in kinds]
    )

    tap = run_with(tmp_path, server.config, code)

    assert_left_at_once(tmp_path, tap, kinds[0])
    assert server.asked == []


def test_nothing_is_imported_before_signals_count_that_does_not_come_with_python(server, tmp_path):
    """The import of the SDK takes more than a third of a second. A signal would end in a traceback."""
    code = SIGNALS_AT_IMPORT.format(moment=MOMENTS[0], met=str(tmp_path / "met"), kinds=[])

    run_with(tmp_path, server.config, code)

    imported = {name.partition(".")[0] for name in (tmp_path / "met").read_text().splitlines()}
    of_the_environment = {name for name in imported if "distutils" in name or "customize" in name}
    assert imported - of_the_environment <= sys.stdlib_module_names | {"__main__", "tap_talkdesk_reports"}
    assert "asyncio" not in imported


def test_signals_count_from_the_first_line_of_process_1_too(server, tmp_path):
    """As in a container. A signal that process 1 does not handle is not delivered."""
    as_process_1 = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
    try:
        subprocess.run([*as_process_1, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system lets nobody start a process 1")
    code = SIGNALS_AT_IMPORT.format(moment=MOMENTS[0], met=str(tmp_path / "met"), kinds=[int(signal.SIGTERM)])
    code += "assert os.getpid() == 1\n"

    tap = run_with(tmp_path, server.config, code, *as_process_1)

    assert_left_at_once(tmp_path, tap, signal.SIGTERM)


def test_a_signal_while_python_itself_ends_does_not_change_the_exit_code(server, tmp_path, calls_only):
    """Meltano's signal may come as late as this."""
    code = (
        "import os, sys\n"
        "class Last:\n"
        "    def __del__(self, kill=os.kill, pid=os.getpid()):\n"
        "        for number in (1, 2, 15):\n"
        "            kill(pid, number)\n"
        "sys.last = Last()\n"
    )

    tap = run_with(tmp_path, server.config, code, **calls_only)

    assert tap.returncode == 0, tap.stderr.decode()
