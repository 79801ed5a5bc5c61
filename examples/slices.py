"""Loads one slice of a backfill: one account, one month, one `meltano el` with its own state id."""

import datetime as dt
import os
import subprocess
from pathlib import Path

ACCOUNTS = ["acme", "globex"]
MONTHS = [f"2026-{month:02}" for month in (1, 2, 3)]

#: Concurrent report jobs of a slice. An account has 15 for all its users. The engine runs at most two
#: slices of an account at once, which leaves five jobs to other users.
JOBS = 5

#: The pauses start at one minute and grow to more than seven in total. After a run was killed, Meltano
#: refuses its state id for five minutes.
RETRIES = 3
RETRY_PAUSE = dt.timedelta(seconds=int(os.environ.get("RETRY_SECONDS", "60")))


def load(account: str, month: str) -> None:
    """Loads one month of one account. If it is partly loaded, load what is missing.

    Raises:
        CalledProcessError: Meltano failed; its log says why. The engine must retry.
    """
    first = dt.date.fromisoformat(f"{month}-01")
    after = (first + dt.timedelta(days=31)).replace(day=1)
    state_id = f"{account}-{month}"
    project = Path(os.environ["MELTANO_PROJECT_ROOT"])
    settings = Path(os.environ.get("ACCOUNT_SETTINGS", project / "accounts"), f"{account}.env")
    rows = Path(os.environ.get("TARGET_JSONL_DESTINATION_PATH", project / "output"), state_id)
    rows.mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "TAP_TALKDESK_REPORTS_START_DATE": str(first),
        "TAP_TALKDESK_REPORTS_END_DATE": str(after),
        "TAP_TALKDESK_REPORTS_MAX_CONCURRENT_JOBS": str(JOBS),
        "TARGET_JSONL_DESTINATION_PATH": str(rows),
    }
    subprocess.run(
        [
            *("meltano", f"--env-file={settings}", "el", "--no-install", f"--state-id={state_id}"),
            *("tap-talkdesk-reports", "target-jsonl"),
        ],
        cwd=project,
        env=environment,
        check=True,
    )
