"""The demo: two Meltano runs that read from the sandbox, then charts of the rows."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

import picture

if TYPE_CHECKING:
    from collections.abc import Generator

OUTPUT = Path("demo/output")
SANDBOX = [sys.executable, "-m", "talkdesk_sandbox", "--port=0", "--files-port=0"]
MELTANO = ".venv-meltano/bin/meltano"
STREAMS = ("calls", "user_status")
PREFIX = "TAP_TALKDESK_REPORTS_"
DAYS = 14

Environment = dict[str, str]


def main(api: str) -> None:
    """Syncs twice, the second time only newer rows, then draws charts of the rows."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    os.chdir(Path(__file__).resolve().parent.parent)
    shutil.rmtree(OUTPUT, ignore_errors=True)
    OUTPUT.mkdir(parents=True)
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    start = end - timedelta(days=DAYS)

    with step("meltano install"):
        meltano("install", environment=clean_environment())
    with sandbox(api, "--seed=1", "--calls-per-day=600", "--pace=polls:2") as settings:
        url = settings[PREFIX + "API_URL"]
        print(f"The sandbox serves Talkdesk's {api.title()} API at {url}")
        environment = clean_environment() | settings | {PREFIX + "START_DATE": start.isoformat()}
        sync(f"{start:%d %b} to {end:%d %b}", environment | {PREFIX + "END_DATE": end.isoformat()})
        sync(f"second run: {end:%d %b} to an hour ago", environment)
    print()
    picture.draw()
    print(f"\nThe rows are in {OUTPUT}/*.jsonl, the logs in {OUTPUT}/*.log")


def sync(period: str, environment: Environment) -> None:
    """Runs Meltano once, and prints the number of new rows."""
    before = rows()
    with step("meltano run tap-talkdesk-reports target-jsonl", period):
        meltano("run", "tap-talkdesk-reports", "target-jsonl", environment=environment)
    brought = (f"{now - before[stream]:,} {stream}" for stream, now in rows().items())
    print(f"  loaded {', '.join(brought)}")


def rows() -> dict[str, int]:
    """Returns the number of rows of each stream in the output."""
    files = {stream: OUTPUT / f"{stream}.jsonl" for stream in STREAMS}
    return {stream: file.read_bytes().count(b"\n") if file.exists() else 0 for stream, file in files.items()}


def clean_environment() -> Environment:
    """Returns the environment with the demo's account and state in place of the user's own."""
    others = ("TAP_TALKDESK_REPORTS_", "TARGET_JSONL_", "MELTANO_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    unproxied = ",".join(filter(None, (kept.get("no_proxy") or kept.get("NO_PROXY"), "127.0.0.1")))
    return kept | {
        "MELTANO_DATABASE_URI": f"sqlite:///{OUTPUT.resolve()}/meltano.db",
        "TARGET_JSONL_DESTINATION_PATH": str(OUTPUT),
        f"{PREFIX}_SELECT": json.dumps([f"{stream}.*" for stream in (*STREAMS, "report_files")]),
        "NO_COLOR": "1",
        "NO_PROXY": unproxied,
        "no_proxy": unproxied,
    }


@contextmanager
def sandbox(api: str, *options: str) -> Generator[Environment]:
    """Runs a sandbox on free ports, and yields the tap's settings that it prints for an API."""
    log = OUTPUT / "sandbox.log"
    with log.open("wb") as output, running([*SANDBOX, *options], output) as process:
        while "Ctrl-C" not in log.read_text():
            if process.poll() is not None:
                fail("The sandbox stopped", log)
            time.sleep(0.1)
        yield printed_settings(api, log.read_text())


def printed_settings(api: str, greeting: str) -> Environment:
    """Returns the settings of an API, which the sandbox prints below a comment with its name."""
    group = re.split(rf"# {api} API.*", greeting, maxsplit=1, flags=re.IGNORECASE)[1].split("\n\n")[0]
    return dict(line.strip().split("=", 1) for line in group.strip().splitlines())


def meltano(*arguments: str, environment: Environment) -> None:
    """Runs Meltano with its output in a log, for the case that it fails."""
    log = OUTPUT / "meltano.log"
    with log.open("ab") as output, running([MELTANO, *arguments], output, environment) as process:
        if code := process.wait():
            fail(f"Meltano failed with exit code {code}", log)


@contextmanager
def running(
    command: list[str], output: IO[bytes], environment: Environment | None = None
) -> Generator[subprocess.Popen[bytes]]:
    """Runs a process that ends with the block at the latest."""
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def step(command: str, remark: str = "") -> Generator[None]:
    """Prints a command, then the time that it took."""
    began = time.monotonic()
    print(f"$ {command:<46}{remark and f'# {remark}'} ... ", end="", flush=True)
    yield
    print(f"{time.monotonic() - began:.0f} s", flush=True)


def fail(what: str, log: Path) -> NoReturn:
    """Exits with the last lines of a log."""
    last = log.read_text(errors="replace").splitlines()[-30:]
    sys.exit("\n".join(["", *last, f"{what}. The last lines of {log} are above."]))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
