"""The commands in docs/: each block that needs no account and no other service runs as it stands."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from talkdesk_sandbox import Pace
from tests.integration import postgres
from tests.integration.meltano import MELTANO, ROOT, projects
from tests.support.catalogs import catalog_of
from tests.support.documents import blocks, day, paste, sandboxed
from tests.support.forked_tap import TAP

make_project = pytest.fixture(projects)
database = pytest.fixture(scope="module")(postgres.database)

#: Blocks that are not run, by their beginning, with the reason.
LEFT_OUT = {
    "export TAP_TALKDESK_REPORTS_API_URL=https://...": "names the hosts of another region",
    "git apply adherence.diff": "changes the repository; tests/project runs the diff in a copy",
    "make ": "runs everything else",
    "pip install ": "changes the environment; make targets installs the same",
    "sed -i ": "changes the repository",
    "version=": "releases",
}
#: Blocks that must fail here, by their page and last words, with what they print.
FAILS = {
    # The sandbox does not have this report.
    ("custom-reports", "--catalog catalog.json --test\n"): "adherence: FAILED",
    ("custom-reports", "meltano invoke tap-talkdesk-reports --test\n"): "adherence: FAILED",
}
MINE = "MINE=precious\n"


def shell_blocks(page):
    return [block for block in blocks(page, "sh") if not block.startswith(tuple(LEFT_OUT))]


PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if shell_blocks(page)]


@pytest.fixture
def sandbox(start_sandbox):
    return start_sandbox(pace=Pace.after_polls(1), calls_per_day=60, agents=6)


@pytest.fixture
def project(page, sandbox, make_project, tmp_path, database):
    """A project with the files that a page takes for granted, and the settings of the sandbox's account."""
    project = make_project(**sandbox.explore_config | {"start_date": day(2)})
    project.configure("target-postgres", port=database.port, default_target_schema=f"s{os.urandom(4).hex()}")
    config = sandbox.explore_config | {"start_date": day(2)}
    for example in blocks(page, "json")[:1]:
        config |= {name: value for name, value in json.loads(example).items() if name == "reports"}
    for script in blocks(page, "python"):  # the page says to save it, and to set batch_config
        config["batch_config"] = {
            "encoding": {"format": "jsonl", "compression": "gzip"},
            "storage": {"root": (tmp_path / "batches").as_uri()},
        }
        (project.folder / "load_calls.py").write_text(script.replace("/tmp/batches", f"{tmp_path}/batches"))
    for name, content in {"config": config, "catalog": catalog_of(tmp_path, config)}.items():
        (project.folder / f"{name}.json").write_text(json.dumps(content))
    (project.folder / "key.txt").write_text(sandbox.explore_key_config["private_key"])
    (project.folder / ".env").write_text(MINE)
    target = project.folder / ".meltano/loaders/target-jsonl/venv/bin/target-jsonl"
    add_sync_script(project.folder, target)
    path = [TAP.parent, MELTANO.parent, target.parent, "/usr/bin", "/bin"]
    project.environment["PATH"] = os.pathsep.join(map(str, path))
    return project


def add_sync_script(folder, target):
    """Adds what the README's steps without Meltano leave behind after a first run."""
    *_, script = blocks(ROOT / "README.md", "sh")
    subprocess.run(["bash", "-c", script.replace("bash sync.sh\n", "")], cwd=folder, check=True)
    (folder / "states.jsonl").write_text('{"bookmarks": {}}\n')
    for environment, program in {"tap": TAP, "target": target}.items():
        (folder / environment / "bin").mkdir(parents=True)
        (folder / environment / "bin" / program.name).symlink_to(program)


def of_the_pages(sandbox, tmp_path):
    """What to replace in the blocks besides the account: secrets, and days that are long ago."""
    password, key = sandbox.config, sandbox.explore_key_config
    secret = "TAP_TALKDESK_REPORTS_CLIENT_SECRET"
    return {
        f"read -rs {secret}": f"{secret}={password['client_secret']}",
        "read -rs TAP_TALKDESK_REPORTS_PASSWORD": f"TAP_TALKDESK_REPORTS_PASSWORD={password['password']}",
        "ana@acme.example": f"{password['username']} TAP_TALKDESK_REPORTS_TOKEN_URL={password['token_url']}",
        "YOUR_KEY_ID": key["key_id"],
        "/tmp/batches": f"{tmp_path}/batches",
        **dict.fromkeys(("2016-01-01", "2026-02-20", "2026-03-03T00:00:00Z"), day(3)),
        **dict.fromkeys(("2026-01-01", "2026-03-01", "2026-03-04T00:00:00Z"), day(2)),
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_block_of_a_page_works(page, project, sandbox, tmp_path):
    more = of_the_pages(sandbox, tmp_path)

    for block in shell_blocks(page):
        expected = [out for (stem, end), out in FAILS.items() if stem == page.stem and block.endswith(end)]
        command = "! " * len(expected) + f"(\n{sandboxed(block, sandbox, more)})\n"

        printed = paste([command], project.folder, project.environment, seconds=100)

        assert all(out in printed for out in expected)
        assert " | ERROR " not in printed

    assert MINE in (project.folder / ".env").read_text()


def test_every_reason_to_leave_a_block_out_applies_to_one():
    every = [block for page in (ROOT / "docs").glob("*.md") for block in blocks(page, "sh")]

    for begins in LEFT_OUT:
        assert any(block.startswith(begins) for block in every), begins
    for stem, end in FAILS:
        assert any(block.endswith(end) for block in blocks(ROOT / f"docs/{stem}.md", "sh")), stem
    assert len(PAGES) >= 8
