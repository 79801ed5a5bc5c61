"""The imports at the tap's start, beyond those of the SDK. A new import must be added here."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.support import clean_environment

CONFIG = {"account": "any", "client_id": "any", "client_secret": "any", "start_date": "2026-01-01"}
#: Packages that `--discover` loads and `import singer_sdk` does not, with the reason. requests, urllib3
#: and fsspec are imported by the SDK itself; PyJWT, cryptography and tqdm are imported when they are needed.
OTHERS = {
    "msgspec": "1% of the SDK's import; the decoders of `records` and the writer of messages are made of it",
}
#: Modules of the tap that `--discover` loads, by the code that needs them.
OWN = {
    "signals count from the first line": {"__main__", "core", "core.signals"},
    "the command line, the settings and the user's catalog": {
        "",
        "api",
        "api.signing_key",
        "api.urls",
        "config",
        "config.catalog",
        "config.column_types",
        "config.custom_reports",
        "config.json_files",
        "config.schema",
        "config.selection",
        "config.settings",
        "config.validation",
        "tap",
    },
    "the streams and their schemas": {
        "schemas",
        "schemas.explore",
        "schemas.payloads",
        "schemas.reporting",
        "streams",
    },
    "what a stream and its tap are made of; what signs in, makes jobs and downloads is not among it": {
        "core.clock",
        "core.errors",
        "core.limits",
        "core.report_job",
        "core.spool",
        "core.timespans",
        "core.words",
        "records",
        "records.boundary",
        "records.chunks",
        "records.columns",
        "records.csv_file",
        "records.file_counts",
        "records.json_file",
        "records.lenient_json",
        "records.names",
        "records.record",
        "records.schema",
        "records.values",
        "singer",
        "singer.batches",
        "singer.command_line",
        "singer.state",
        "singer.writer",
        "sync",
        "sync.evidence",
        "sync.plan",
        "sync.report_stream",
        "sync.runs",
    },
}
#: Ends of programs. They log the loaded modules, and the state of the garbage collector.
MODULES = "import json, sys; print(json.dumps([*sys.modules]), file=sys.stderr)"
COLLECTOR = "import gc, sys; print([int(gc.isenabled()), gc.get_freeze_count()], file=sys.stderr)"
TAP = """
from tap_talkdesk_reports.__main__ import main
try:
    main()
finally:
    """


def last_line(code, *arguments):
    """Returns the last line of a program's log."""
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        check=True,
        timeout=60,
        env=clean_environment(),
    )
    return json.loads(ran.stderr.splitlines()[-1])


@pytest.mark.parametrize("api", ["explore", "reporting"])
def test_discovery_imports_what_is_listed_here_and_nothing_else(tmp_path, api):
    config = tmp_path / "config.json"
    config.write_text(json.dumps(CONFIG | {"api": api}))

    discovery = set(last_line(TAP + MODULES, "--config", str(config), "--discover"))

    found = discovery - set(last_line(f"import singer_sdk; {MODULES}"))
    own = {name for name in found if name.partition(".")[0] == "tap_talkdesk_reports"}
    listed = {f"tap_talkdesk_reports.{name}".rstrip(".") for names in OWN.values() for name in names}
    assert own == listed
    of_others = {name.partition(".")[0] for name in found - own} - sys.stdlib_module_names
    assert of_others - {"singer_sdk"} == OTHERS.keys()


def test_the_garbage_collector_works_and_ignores_what_was_imported():
    is_enabled, frozen = last_line(TAP + COLLECTOR, "--version")

    assert is_enabled
    assert frozen > 10_000
