"""The package as users install it: built from a source archive, in its own environment."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement

from tests.support import clean_environment

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

#: Files in a working checkout that must not be in the package.
JUNK = [".env", "output/calls.jsonl", ".venv-x/pyvenv.cfg", "dist/old.whl", "tests/__pycache__/old.pyc"]


def run(*command, cwd):
    environment = clean_environment()
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Builds a source archive from a checkout with junk files, and a wheel from that archive only."""
    folder = tmp_path_factory.mktemp("package")
    unwanted = shutil.ignore_patterns(".git", ".venv*", ".meltano", ".*_cache", ".hypothesis", "__pycache__")
    checkout = shutil.copytree(ROOT, folder / "checkout", ignore=unwanted)
    for name in JUNK:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text("junk")
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(folder), cwd=checkout)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=unpacked)
    (wheel,) = folder.glob("*.whl")
    return archive, wheel


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """Creates an environment with the wheel. It uses this one's dependencies, but not the checkout."""
    environment = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", str(environment), cwd=environment)
    python = environment / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python))
    run(*pip, "install", "--no-deps", "--no-index", str(built[1]), cwd=environment)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return environment / "bin"


@pytest.mark.wide
def test_a_source_archive_holds_no_junk_and_all_that_the_tests_need(built):
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert not names & set(JUNK)
    assert [name for name in names if re.search(r"(\.pyc|~|\.log|\.tmp)$|/\.venv|node_modules", name)] == []
    assert {
        "Makefile",
        "README.md",
        "LICENSE",
        "constraints.txt",
        "tests/conftest.py",
        "docs/errors.md",
    } <= names


@pytest.mark.wide
def test_a_wheel_holds_the_two_packages_and_nothing_else(built):
    with zipfile.ZipFile(built[1]) as wheel:
        names = set(wheel.namelist())

    ours = {
        file.relative_to(ROOT).as_posix()
        for package in ("tap_talkdesk_reports", "talkdesk_sandbox")
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == ours
    assert "tap_talkdesk_reports/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.wide
def test_an_installed_package_describes_itself_and_discovers(installed, tmp_path):
    where = run(
        installed / "python", "-c", "import tap_talkdesk_reports as t; print(t.__file__)", cwd=tmp_path
    )
    about = json.loads(run(installed / "tap-talkdesk-reports", "--about", "--format=json", cwd=tmp_path))
    catalog = json.loads(run(installed / "tap-talkdesk-reports", "--discover", cwd=tmp_path))

    assert Path(where.strip()).is_relative_to(installed.parent), "the checkout was imported, not the package"
    assert about["version"] == PROJECT["version"]
    assert len(catalog["streams"]) >= 17


@pytest.mark.wide
def test_an_installed_package_has_the_sandbox(installed, tmp_path):
    assert "--pace" in run(installed / "talkdesk-sandbox", "--help", cwd=tmp_path)


@pytest.mark.wide
def test_a_user_of_the_package_sees_its_types(installed, tmp_path):
    """The second line has a type error, which is found only in a typed package."""
    user = "from tap_talkdesk_reports.core.timespans import Timespan\ntimespan: int = Timespan.halves"
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", str(installed / "python"))

    done = subprocess.run((*mypy, "-c", user), cwd=tmp_path, capture_output=True, text=True, check=False)

    assert "Incompatible types in assignment" in done.stdout
    assert "Timespan" in done.stdout
    assert "Found 1 error" in done.stdout


# What PyPI shows

#: A README with each kind of link, and the description that PyPI gets for it.
LINKS = {
    "[a page](docs/a.md)": "a page",
    "[`code`](docs/a.md#part), [a part](#part)": "`code`, a part",
    '[a title](docs/a.md "of a page") and [another](<docs/a b.md>)': "a title and another",
    "[one [in] brackets](docs/a_(b).md), [`a[0]`](a.py)": "one [in] brackets, `a[0]`",
    "[a line\nbreak](docs/a.md)": "a line\nbreak",
    "![a picture](docs/a.svg)": "a picture",
    "[![a badge](docs/a.svg)](docs/a.md)": "a badge",
    "[![a badge](https://example.com/a.svg)](docs/a.md)": "![a badge](https://example.com/a.svg)",
    "[![a badge](docs/a.svg)](https://example.com)": "[a badge](https://example.com)",
} | {
    kept: kept
    for kept in (
        "[a site](https://example.com/a_(b)) and [mail](mailto:a@example.com)",
        "![a picture](HTTPS://example.com/a.svg)",
        "[angle brackets](<https://example.com>)",
        "`[code](docs/a.md)` and ``[more ` of it](docs/a.md)``",
        '```sh\necho "[code](docs/a.md)"\n```',
        "- [ ] a box (to tick), [brackets] (and parentheses)",
    )
}


def without_links(markdown):
    return re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", markdown)


def targets(markdown):
    """The targets of links and pictures: inline, by reference and in HTML."""
    found = re.findall(r'\]\(([^)\s]*)|^ *\[[^\]]+\]: *(\S+)|(?:href|src)="([^"]*)', markdown, re.MULTILINE)
    return ["".join(each) for each in found]


def is_absolute(target):
    return target.startswith("https://")


def test_a_link_into_the_repository_becomes_its_text_in_the_description(tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "README.md").write_text("\n\n".join(LINKS))

    described = json.loads(run(sys.executable, "-m", "hatchling", "metadata", cwd=tmp_path))["readme"]

    assert described["content-type"] == "text/markdown"
    assert described["text"].split("\n\n") == list(LINKS.values())


@pytest.mark.wide
def test_the_description_is_the_readme_and_each_of_its_links_works_on_pypi(built):
    readme = (ROOT / "README.md").read_text()
    with zipfile.ZipFile(built[1]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        description = Metadata.from_email(wheel.read(name)).description

    assert [target for target in targets(description) if not is_absolute(target)] == []
    assert targets(description) == list(filter(is_absolute, targets(readme)))
    assert without_links(description).strip() == without_links(readme).strip()


# Dependencies


def imported_at_run_time():
    """Returns the packages that the tap's code imports, without those for types only."""
    found = set()
    for file in (ROOT / "tap_talkdesk_reports").rglob("*.py"):
        found |= set(imports(ast.parse(file.read_text())))
    return found - set(sys.stdlib_module_names) - {"tap_talkdesk_reports", "__future__"}


def imports(node):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            yield child.module.partition(".")[0]
        yield from imports(child)


def plain(name):
    return re.sub("[-_.]+", "-", name).lower()


def declared():
    """Returns the declared distributions, each with the requirements of its extras."""
    for requirement in map(Requirement, PROJECT["dependencies"]):
        more = [Requirement(each) for each in requires(requirement.name) or ()]
        by_extra = {
            plain(each.name)
            for each in more
            for extra in requirement.extras
            if each.marker
            and each.marker.evaluate({"extra": extra})
            and not each.marker.evaluate({"extra": ""})
        }
        yield plain(requirement.name), by_extra


def test_every_package_that_the_tap_imports_is_declared_and_every_declared_one_is_imported():
    distributions = packages_distributions()
    needed = {plain(distributions[package][0]) for package in imported_at_run_time()}

    for name, by_extra in declared():
        assert ({name} | by_extra) & needed, f"{name} is declared, and nothing imports it"
    assert needed <= set().union(*({name} | by_extra for name, by_extra in declared()))
