"""Runs the backfill without Dagster's user interface. The exit code is 0 if every slice was loaded.

DAGSTER_HOME=/some/folder python run.py
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg

HERE = Path(__file__).parent
DEFINITIONS = f"--python-file={HERE / 'definitions.py'}"
OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def main() -> int:
    """Starts the daemon, launches a backfill with a run for each slice, and waits for the runs."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    home = Path(os.environ["DAGSTER_HOME"])
    shutil.copy(HERE / "dagster.yaml", home)
    # This creates Dagster's database. Otherwise the daemon and the launch below both try, and one fails.
    with dg.DagsterInstance.get() as instance, (home / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen(["dagster-daemon", "run", DEFINITIONS], stdout=log, stderr=log)
        try:
            launch = ["dagster", "job", "backfill", DEFINITIONS, "--job=backfill", "--all=", "--noprompt"]
            subprocess.run(launch, check=True, stdout=log, stderr=log)
            while instance.get_runs_count() > instance.get_runs_count(dg.RunsFilter(statuses=OVER)):
                if daemon.poll() is not None:
                    sys.exit(f"The daemon stopped; see {log.name}")
                time.sleep(1)
        finally:
            daemon.terminate()
            daemon.wait()
        runs = instance.get_runs()
        for run in runs:
            tries = 1 + len(instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_RESTARTED))
            slice_of = "-".join(run.tags[f"dagster/partition/{name}"] for name in ("account", "month"))
            print(f"{slice_of}: {run.status.value.lower()}, tries: {tries}")
    return int(any(run.status is not dg.DagsterRunStatus.SUCCESS for run in runs))


if __name__ == "__main__":
    sys.exit(main())
