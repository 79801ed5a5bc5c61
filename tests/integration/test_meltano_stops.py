"""Stops in the middle of a Meltano run: after the next run, no row is missing in the database.

The observed behaviour of each stop is written here, and asserted.
"""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from talkdesk_sandbox import Pace
from tests.integration import postgres
from tests.integration.gate import Gate
from tests.integration.meltano import TAP, ended, is_running, plugin_process, projects, wait_until
from tests.integration.proxy import Trouble
from tests.integration.truth import assert_same, truth
from tests.support.catalogs import catalog_of
from tests.support.dbt_project import PROJECT, rendered

if TYPE_CHECKING:
    from collections.abc import Callable
    from subprocess import Popen

    from tests.integration.postgres import Database

make_project = pytest.fixture(projects)
database = pytest.fixture(scope="module")(postgres.database)

WEEK = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 24, "max_concurrent_jobs": 1}
BEGIN, END = "2026-03-02", "2026-03-09"
#: Seven days of `calls`, and two of `user_status`.
FILES = 9
REACHED = {"calls": "2026-03-09T00:00:00Z", "user_status": "2026-03-04T00:00:00Z"}
#: A small batch, so that the target has loaded some rows and holds others at the stop.
ROWS_AT_ONCE = 100
STREAMS = ("calls", "user_status")


def _kill(executable: str, kind: int) -> Callable[[Popen[str], Database], None]:
    return lambda meltano, _: os.kill(plugin_process(meltano, executable), kind)


@dataclass(frozen=True)
class Stop:
    """A process that is stopped, and the observed behaviour."""

    happens: Callable[[Popen[str], Database], None]
    #: Exit code of `meltano run`.
    code: int
    #: Whether Meltano stores the state of the loaded rows. If not, the next run starts from the beginning.
    keeps_state: bool


STOPS = {
    "tap killed": Stop(_kill(TAP, signal.SIGKILL), code=1, keeps_state=True),
    "tap terminated": Stop(_kill(TAP, signal.SIGTERM), code=1, keeps_state=True),
    "target killed": Stop(_kill("target-postgres", signal.SIGKILL), code=1, keeps_state=False),
    "target terminated": Stop(_kill("target-postgres", signal.SIGTERM), code=0, keeps_state=True),
    "Meltano killed": Stop(lambda m, _: os.kill(m.pid, signal.SIGKILL), code=-9, keeps_state=False),
    "Meltano terminated": Stop(lambda m, _: os.kill(m.pid, signal.SIGTERM), code=143, keeps_state=False),
    "Ctrl-C": Stop(lambda m, _: os.killpg(m.pid, signal.SIGINT), code=1, keeps_state=False),
    "database gone": Stop(lambda _, database: database.stop(), code=1, keeps_state=False),
}


class Scene:
    """A run that is paused in the middle: some rows are loaded, some are in the target, others follow."""

    def __init__(
        self,
        start_sandbox,
        make_project,
        folder,
        database,
        *,
        api="explore",
        forbidden_reports=(),
        **settings,
    ):
        """Creates sandbox and project."""
        self.gate, self.database, self.api = Gate(FILES), database, api
        self.sandbox = start_sandbox(
            clock=self.gate, pace=Pace.after_seconds(0.1), forbidden_reports=forbidden_reports
        )
        self.gate.sandbox = self.sandbox
        config = self.sandbox.explore_config if api == "explore" else self.sandbox.config
        self.schemas = {each["stream"]: each["schema"] for each in catalog_of(folder, config)["streams"]}
        self.project = make_project(**config | WEEK | settings)
        # A schema that no other test uses, because the database is shared.
        self.schema = f"s{self.sandbox.url.rpartition(':')[2]}"
        self.project.configure(
            "target-postgres",
            port=database.port,
            default_target_schema=self.schema,
            batch_size_rows=ROWS_AT_ONCE,
        )

    def begin(self) -> Popen[str]:
        """Runs to the middle: the tap waits for a job that does not get done, the target for the tap."""
        meltano = self.project.start("run", TAP, "target-postgres")
        wait_until(lambda: self.gate.is_reached, "so many files were fetched")
        through = {stream: len(self.truth(stream, REACHED[stream][:10])) for stream in STREAMS}
        full = {stream: count - count % ROWS_AT_ONCE for stream, count in through.items()}
        assert 0 < full["user_status"] < through["user_status"]
        wait_until(lambda: self.counts() == full, f"the target has loaded {full}")
        wait_until(self.database.is_idle, "the database has nothing to do")
        return meltano

    def truth(self, stream: str, end: str) -> list[dict[str, Any]]:
        return truth(self.sandbox, stream, self.schemas[stream], BEGIN, end, api=self.api)

    def counts(self) -> dict[str, int]:
        return {stream: self.database.count(f"{self.schema}.{stream}") for stream in STREAMS}

    def found(self, stream: str) -> list[dict[str, Any]]:
        return self.database.rows(f"{self.schema}.{stream}")

    def created_jobs(self) -> list[tuple[str, Any]]:
        """Returns the jobs so far, by report and day."""
        return [(job.report, job.timespan[0]) for job in self.sandbox.jobs]

    def files(self) -> int:
        """Returns the number of downloaded report files."""
        return sum(entry.operation == "object" for entry in self.sandbox.ledger)

    def assert_nothing_is_missing_or_doubled(self) -> None:
        for stream in STREAMS:
            assert_same(self.found(stream), self.truth(stream, END), self.schemas[stream])
        assert self.project.state("target-postgres") == dict.fromkeys(STREAMS, f"{END}T00:00:00Z")


@pytest.fixture
def scene(start_sandbox, make_project, tmp_path, database):
    return lambda **options: Scene(start_sandbox, make_project, tmp_path, database, **options)


@pytest.mark.parametrize("name", STOPS)
def test_the_next_run_loads_what_a_stopped_run_did_not_load(scene, name):
    scene, stop = scene(), STOPS[name]
    meltano = scene.begin()
    tap = plugin_process(meltano, TAP)

    stop.happens(meltano, scene.database)
    if name == "database gone":
        scene.gate.open()  # the target notices it only with more rows
    first = ended(meltano)
    if name == "database gone":
        scene.database.start()
    kept = scene.project.state("target-postgres")
    loaded = scene.counts()
    scene.gate.open()
    wait_until(lambda: not is_running(tap), "the tap has ended, too")
    created, files = scene.created_jobs(), scene.files()
    force = ["--force"] if name == "Meltano killed" else []
    if force:
        refused = scene.project.meltano("run", TAP, "target-postgres")
        assert (refused.code, "already running" in refused.stderr) == (1, True)
    scene.project.done("run", *force, TAP, "target-postgres")

    assert first.code == stop.code, first.stderr[-3000:]
    assert kept == (REACHED if stop.keeps_state else None)
    # All rows before the bookmarks in the state were loaded.
    for stream, through in (kept or {}).items():
        assert loaded[stream] >= len(scene.truth(stream, through[:10]))
    assert sum(loaded.values()) < sum(len(scene.truth(stream, END)) for stream in STREAMS)
    scene.assert_nothing_is_missing_or_doubled()
    # With a state it continued there. Without one it read all files again, but created no job again.
    assert scene.files() - files == (14 - FILES if stop.keeps_state else 14)
    assert len(set(scene.created_jobs())) == len(scene.created_jobs()) == 14
    assert len(created) >= FILES + 1


def test_a_database_that_is_back_before_the_target_needs_it_does_not_even_stop_the_run(scene):
    scene = scene()
    meltano = scene.begin()

    scene.database.stop()
    scene.database.start()
    scene.gate.open()
    finished = ended(meltano)

    assert finished.code == 0, finished.stderr[-3000:]
    assert scene.files() == 14
    scene.assert_nothing_is_missing_or_doubled()


def test_with_the_reporting_api_a_run_without_a_state_creates_all_jobs_again(scene):
    """Its jobs have no names, so they cannot be recognized."""
    scene = scene(api="reporting")
    meltano = scene.begin()

    os.kill(meltano.pid, signal.SIGTERM)
    first = ended(meltano)
    created = len(scene.created_jobs())
    scene.gate.open()
    scene.project.done("run", TAP, "target-postgres")

    assert first.code == 143
    assert len(scene.created_jobs()) - created == 14
    assert [job.status for job in scene.sandbox.jobs[:created]] == ["done"] * FILES + ["canceled"]
    scene.assert_nothing_is_missing_or_doubled()


def test_a_run_that_ends_itself_in_time_keeps_its_state(scene):
    scene = scene(stop_after_minutes=1)
    meltano = scene.begin()

    first = ended(meltano)
    kept = scene.project.state("target-postgres")
    scene.gate.open()
    scene.project.done("run", TAP, "target-postgres")

    assert first.code == 0, first.stderr[-3000:]
    assert kept == REACHED
    assert scene.files() == 14
    scene.assert_nothing_is_missing_or_doubled()


def test_a_report_that_talkdesk_refuses_fails_the_run_and_the_other_is_complete(scene):
    scene = scene(forbidden_reports=["calls"])
    scene.gate.open()

    finished = scene.project.meltano("run", TAP, "target-postgres")

    assert finished.code == 1
    assert "these credentials may not use the report" in finished.stderr
    assert scene.project.state("target-postgres") == {"user_status": f"{END}T00:00:00Z"}
    assert_same(scene.found("user_status"), scene.truth("user_status", END), scene.schemas["user_status"])
    assert scene.found("calls") == []


def test_files_of_json_lines_get_rows_twice_when_meltano_is_stopped_but_lose_none(scene):
    """A file has no keys that replace lines: this is delivery at least once."""
    scene = scene()
    meltano = scene.project.start("run", TAP, "target-jsonl")
    wait_until(lambda: scene.gate.is_reached, "so many files were fetched")

    os.kill(meltano.pid, signal.SIGTERM)
    first = ended(meltano)
    scene.gate.open()
    scene.project.done("run", TAP, "target-jsonl")

    assert first.code == 143
    for stream, key in (("calls", "call_id"), ("user_status", "_row_id")):
        lines = (scene.project.folder / "output" / f"{stream}.jsonl").read_text().splitlines()
        by_key = {json.loads(line)[key]: json.loads(line) for line in lines}
        assert len(lines) > len(by_key)
        assert_same(by_key.values(), scene.truth(stream, END), scene.schemas[stream])


def test_ctrl_c_cancels_every_job_also_over_a_slow_line(start_sandbox, start_proxy, make_project, tmp_path):
    """The tap gets Ctrl-C as a member of the process group, and TERM from Meltano: one stop, not two."""
    sandbox = start_sandbox(pace=Pace.after_seconds(3600))
    distance = Trouble("delay", ".", seconds=0.3, times=10_000)
    line = start_proxy(int(sandbox.url.rpartition(":")[2]), distance)
    config = {name: value.replace(sandbox.url, line.url) for name, value in sandbox.config.items()}
    project = make_project(**config | WEEK | {"max_concurrent_jobs": 5})
    meltano = project.start("run", TAP, "target-jsonl")
    wait_until(lambda: len(sandbox.jobs) == 5, "all jobs are created")
    tap = plugin_process(meltano, TAP)

    os.killpg(meltano.pid, signal.SIGINT)
    first = ended(meltano)
    wait_until(lambda: not is_running(tap), "the tap has ended, too")

    assert first.code == 1, first.stderr[-3000:]
    assert [job.status for job in sandbox.jobs] == ["canceled"] * 5, first.stderr


def test_the_evidence_in_the_database_is_complete_although_the_tap_was_killed_between_runs(scene):
    scene = scene(_select=json.dumps([f"{stream}.*" for stream in (*STREAMS, "report_files")]))
    meltano = scene.begin()

    os.kill(plugin_process(meltano, TAP), signal.SIGKILL)
    ended(meltano)
    killed = scene.database.count(f"{scene.schema}.report_files")
    after_kill = failed_proofs(scene)
    scene.gate.open()
    scene.project.done("run", TAP, "target-postgres")
    whole = scene.database.count(f"{scene.schema}.report_files")
    scene.project.configure(TAP, lookback_hours=48)
    scene.project.done("run", TAP, "target-postgres")

    assert (killed, after_kill) == (FILES, {"no_gap": "", "counts_agree": ""})
    assert whole == 14
    assert scene.database.count(f"{scene.schema}.report_files") == 14 + 2 * 2
    assert failed_proofs(scene) == {"no_gap": "", "counts_agree": ""}
    scene.database.query(
        f"delete from {scene.schema}.calls where call_id = (select max(call_id) from {scene.schema}.calls)"
    )
    assert "calls" in failed_proofs(scene)["counts_agree"]
    scene.database.query(
        f"delete from {scene.schema}.report_files where stream = 'user_status' "
        f"and timespan_start = '2026-03-04 00:00:00'"
    )
    assert "user_status" in failed_proofs(scene)["no_gap"]


def failed_proofs(scene: Scene) -> dict[str, str]:
    """Returns the rows of the two proofs of the dbt example, on the tables of a scene."""
    counts = (
        f"create or replace view report_file_counts as {of_dbt(scene, 'models/evidence/report_file_counts')}"
    )
    before = f"set search_path = {scene.schema}; set time zone 'UTC'; {counts};"
    return {
        name: scene.database.query(f"{before} {of_dbt(scene, f'tests/evidence/{name}')}")
        for name in ("no_gap", "counts_agree")
    }


def of_dbt(scene: Scene, file: str) -> str:
    """Returns a model or a test whose sources are the tables of a scene."""
    sql = rendered((PROJECT / f"{file}.sql").read_text(), start_date=BEGIN)
    return sql.replace("talkdesk.", f"{scene.schema}.")
