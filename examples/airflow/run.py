"""Runs the backfill without Airflow's user interface. The exit code is 0 if every slice was loaded.

AIRFLOW_HOME=/some/folder python run.py
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from pathlib import Path

HERE = Path(__file__).parent
HOME = Path(os.environ["AIRFLOW_HOME"])
DAG = "talkdesk_backfill"
#: All components except the triggerer, which only deferrable operators need.
PARTS = (["api-server", "--workers=1"], ["scheduler", "--skip-serve-logs"], ["dag-processor"])


def main() -> int:
    """Starts Airflow on loopback, creates the pools, triggers the DAG and waits for its tasks."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    os.environ |= {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": url.rpartition(":")[2],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__DAGS_FOLDER": str(HERE),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__PARALLELISM": "8",
        # No sign-in. Do not use this for an Airflow that others can reach.
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "true",
    }
    with ExitStack() as stack:
        log = stack.enter_context((HOME / "airflow.log").open("wb"))
        for once in (["db", "migrate"], ["pools", "import", str(HERE / "pools.json")]):
            subprocess.run(["airflow", *once], check=True, stdout=log, stderr=log)
        for part in PARTS:
            process = subprocess.Popen(["airflow", *part], stdout=log, stderr=log, process_group=0)
            stack.callback(stop, process)
        runs = f"{url}/api/v2/dags/{DAG}/dagRuns"
        run = f"{runs}/{answer(runs, {'logical_date': None}, timeout=120)['dag_run_id']}"
        while (state := answer(run)["state"]) not in {"success", "failed"}:
            time.sleep(1)
        for each in answer(f"{run}/taskInstances")["task_instances"]:
            slice_of = f"{each['task_id'].removeprefix('load_')}-{each['rendered_map_index']}"
            print(f"{slice_of}: {each['state']}, tries: {each['try_number']}")
    return int(state != "success")


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a component of Airflow and its workers."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):  # a scheduler sometimes waits for a worker that never ends
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def answer(url: str, body: dict[str, object] | None = None, timeout: float = 30) -> dict[str, object]:
    """Returns the answer of Airflow's API. Retries, because the API and the DAG are not there at first."""
    request = urllib.request.Request(url, json.dumps(body).encode() if body else None)
    request.add_header("Content-Type", "application/json")
    until = time.monotonic() + timeout
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except OSError as error:
            if (isinstance(error, urllib.error.HTTPError) and error.code != 404) or time.monotonic() > until:
                raise
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
