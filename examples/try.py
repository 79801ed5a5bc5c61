"""Runs the examples: three months of two sandbox accounts, in slices and in one long run for each.

python examples/try.py dagster airflow
"""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import check
from slices import ACCOUNTS, JOBS, MONTHS

from talkdesk_sandbox import Pace, Sandbox

if TYPE_CHECKING:
    from collections.abc import Generator

EXAMPLES = Path(__file__).resolve().parent
PROJECT = EXAMPLES.parent
OUTPUT = EXAMPLES / "output"
END = "2026-04-01"
SLICES = [f"{account}-{month}" for account in ACCOUNTS for month in MONTHS]
#: The most concurrent slices of an account, as limited in dagster.yaml and pools.json.
SLICES_AT_ONCE = 2
#: The slice whose tap is killed half-way, and the name of the file that it reads then.
KILLED, FILE = "acme-2026-01", "user_status_report_20260101T"

Sandboxes = dict[str, Sandbox]
Environment = dict[str, str]


def main(*engines: str) -> int:
    """Loads in long runs, then in slices with each engine, and compares. Returns 0 if all is as expected."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    shutil.rmtree(OUTPUT, ignore_errors=True)
    with accounts("long", Pace.now()) as (environment, sandboxes):
        finish(["meltano", "install"], environment, "meltano.log")
        for account in ACCOUNTS:
            long_run(account, environment)
        jobs = {account: len(sandbox.jobs) for account, sandbox in sandboxes.items()}
    print("Loaded by one long run for each account", flush=True)
    return max([backfill(engine, jobs) for engine in engines])


def long_run(account: str, environment: Environment) -> None:
    """Loads all months of an account at once."""
    rows = OUTPUT / "long/rows" / account
    rows.mkdir(parents=True)
    settings = {
        "TAP_TALKDESK_REPORTS_START_DATE": f"{MONTHS[0]}-01",
        "TAP_TALKDESK_REPORTS_END_DATE": END,
        "TARGET_JSONL_DESTINATION_PATH": str(rows),
    }
    file = f"--env-file={environment['ACCOUNT_SETTINGS']}/{account}.env"
    run = ["meltano", file, "el", f"--state-id={account}", "tap-talkdesk-reports", "target-jsonl"]
    finish(run, environment | settings, "meltano.log")


def backfill(engine: str, jobs_of_long_run: dict[str, int]) -> int:
    """Loads in slices, and kills one tap half-way. Returns 1 if anything is not as expected."""
    print(f"\n{engine} ... ", end="", flush=True)
    began = time.monotonic()
    with accounts(engine, Pace.after_seconds(4)) as (environment, sandboxes):
        threading.Thread(target=kill_one_tap, args=[sandboxes["acme"]], daemon=True).start()
        # Meltano creates its database in its first run. Of several first runs at once, all but one fail.
        finish(["meltano", "state", "list"], environment, "meltano.log")
        finish([f".venv-{engine}/bin/python", f"examples/{engine}/run.py"], environment, f"{engine}.log")
    print(f"{time.monotonic() - began:.0f} s")

    said = sorted((OUTPUT / f"{engine}.log").read_text().splitlines())
    print(*said, sep="\n")
    expected = [f"{each}: success, tries: {1 + (each == KILLED)}" for each in SLICES]
    wrong = [] if said == expected else [f"the tries (expected: {expected})"]
    for account, sandbox in sandboxes.items():
        at_once = most_at_once(engine, account)
        print(
            f"{account}: {len(sandbox.jobs)} jobs, {jobs_of_long_run[account]} in the long run; "
            f"at most {sandbox.most_open_jobs} at once, of at most {at_once} slices"
        )
        if at_once > SLICES_AT_ONCE or sandbox.most_open_jobs > SLICES_AT_ONCE * JOBS:
            wrong.append(f"the limit of {account}")
        if len({(job.report, job.timespan) for job in sandbox.jobs}) < len(sandbox.jobs):
            wrong.append(f"jobs of {account} that were created twice")
        slices = [OUTPUT / engine / "rows" / each for each in SLICES if each.startswith(account)]
        if check.main(OUTPUT / "long/rows" / account, *slices):
            wrong.append(f"the rows of {account}")
    print(f"Not as expected: {', '.join(wrong)}" if wrong else f"{engine}: all as expected")
    return int(bool(wrong))


def kill_one_tap(sandbox: Sandbox) -> None:
    """Kills the tap of one slice half-way, as a machine that runs out of memory does."""
    while not any(FILE in entry.path for entry in sandbox.ledger):
        time.sleep(0.05)
    config = rf"{PROJECT}/\.meltano/run/elt/{KILLED}/.*/tap\..*config\.json"
    found = subprocess.run(["pgrep", "-f", config], capture_output=True, text=True, check=True)
    for pid in found.stdout.split():
        os.kill(int(pid), signal.SIGKILL)


def most_at_once(engine: str, account: str) -> int:
    """Returns the most concurrent slices of an account, according to Meltano's database."""
    with closing(sqlite3.connect(OUTPUT / engine / "meltano.db")) as database:
        query = "select started_at, ended_at from runs where job_name like ?"
        runs = database.execute(query, [f"{account}-%"]).fetchall()
    return max(sum(began <= at < ended for began, ended in runs) for at, _ in runs)


@contextmanager
def accounts(name: str, pace: Pace) -> Generator[tuple[Environment, Sandboxes]]:
    """Starts a sandbox for each account, with a settings file; yields an environment with its own folders."""
    home, settings, rows = (OUTPUT / name / each for each in ("home", "accounts", "rows"))
    for folder in (home, settings, rows):
        folder.mkdir(parents=True)
    sandboxes = {}
    try:
        for seed, account in enumerate(ACCOUNTS):
            sandbox = Sandbox(account=account, seed=seed, calls_per_day=20, agents=4, pace=pace)
            sandboxes[account] = sandbox
            config = sandbox.explore_config.items()
            lines = [f"TAP_TALKDESK_REPORTS_{setting.upper()}={value}" for setting, value in config]
            (settings / f"{account}.env").write_text("\n".join(lines))
        others = ("TAP_TALKDESK_REPORTS_", "TARGET_JSONL_", "MELTANO_", "DAGSTER_", "AIRFLOW_")
        clean = {each: value for each, value in os.environ.items() if not each.startswith(others)}
        yield (
            clean
            | {
                "PATH": f"{PROJECT}/.venv-{name}/bin:{PROJECT}/.venv-meltano/bin:{os.environ['PATH']}",
                "PYTHONPATH": str(EXAMPLES),
                "MELTANO_PROJECT_ROOT": str(PROJECT),
                "MELTANO_DATABASE_URI": f"sqlite:///{OUTPUT / name}/meltano.db",
                "ACCOUNT_SETTINGS": str(settings),
                "TARGET_JSONL_DESTINATION_PATH": str(rows),
                "RETRY_SECONDS": "5",
                "DAGSTER_HOME": str(home),
                "AIRFLOW_HOME": str(home),
                "NO_PROXY": "127.0.0.1",
                "no_proxy": "127.0.0.1",
                "NO_COLOR": "1",
            },
            sandboxes,
        )
    finally:
        for sandbox in sandboxes.values():
            sandbox.close()


def finish(command: list[str], environment: Environment, log: str) -> None:
    """Runs a command to its end, with its output in a log for the case that it fails."""
    path = OUTPUT / log
    with path.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
        try:
            code = process.wait()
        finally:
            process.terminate()
            process.wait()
            end_session(process.pid)
    if code:
        print(*path.read_text(errors="replace").splitlines()[-30:], sep="\n")
        sys.exit(f"{command[0]} failed with exit code {code}. The last lines of {path} are above.")


def end_session(session: int) -> None:
    """Kills the processes that a command left: an engine does not end its tasks when it ends."""
    found = subprocess.run(["pgrep", "-s", str(session)], capture_output=True, text=True, check=False)
    for pid in found.stdout.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
