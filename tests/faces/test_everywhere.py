"""`list --all-repositories`, as people run it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gitmilestone.derived.postgres.server.binaries import find_binaries
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server
from tests.faces.conftest import Run

pytestmark = pytest.mark.skipif(find_binaries() is None, reason="there is no Postgres to start")


@pytest.fixture
def plans(repository: Path, run: Run, environ: dict[str, str], mirror_server: Server) -> Path:
    """A repository on the tier postgresql, with two milestones that are open and one that is not."""
    for key, value in (
        (DSN_KEY, mirror_server.conninfo),
        ("milestone.postgres.repository", "git.example.com/plans/road-map"),
        ("milestone.autoMigrate", "off"),
    ):
        subprocess.run(["git", "config", key, value], cwd=repository, env=environ, check=True)
    for args in (
        ("init",),
        ("new", "First", "--id", "a", "--due", "2027-01-01"),
        ("new", "Second", "--id", "b"),
        ("new", "Third", "--id", "c", "--status", "completed"),
        ("migrate", "postgresql"),
    ):
        done = run(*args)
        assert done.returncode == 0, done.stderr
    return repository


@pytest.mark.usefixtures("plans")
def test_in_every_form(run: Run) -> None:
    done = run("list", "--all-repositories")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "ID          STATUS   DUE         REPOSITORY                      TITLE",
        "road-map:a  planned  2027-01-01  git.example.com/plans/road-map  First",
        "road-map:b  planned              git.example.com/plans/road-map  Second",
    ]
    assert run("list", "--all-repositories", "--all", "--format", "ids").stdout.split() == [
        "road-map:a",
        "road-map:b",
        "road-map:c",
    ]
    found = json.loads(run("list", "--all-repositories", "--json", "first").stdout)["milestones"]
    assert [(one["id"], one["repository"], one["reference"]) for one in found] == [
        ("a", "git.example.com/plans/road-map", "road-map:a")
    ]
    assert run("list", "--all-repositories", "--format", "csv", "--offset", "5").stdout.count("\n") == 1
    assert run("list", "--all-repositories", "--format", "markdown", "first").stdout.count("road-map&#58;&#8203;a") == 1


@pytest.mark.usefixtures("plans")
def test_what_a_limit_hides_is_said(run: Run) -> None:
    done = run("list", "--all-repositories", "-n", "1", "--sort=-id")
    assert "road-map:b" in done.stdout
    assert done.stderr == "... and 1 more (--limit 2)\n"
    assert run("list", "--all-repositories", "nothing").stderr == "none matches in any repository of the mirror\n"


def test_files_that_can_not_be_read_are_findings(plans: Path, run: Run, environ: dict[str, str]) -> None:
    (plans / ".milestones" / "active" / "bad.yaml").write_text("title: [\n")
    subprocess.run(["git", "add", "."], cwd=plans, env=environ, check=True)
    subprocess.run(["git", "commit", "-qm", "bad"], cwd=plans, env=environ, check=True)
    assert run("new", "Fourth", "--id", "d").returncode == 0
    done = run("list", "--all-repositories", "--format", "ids")
    assert done.returncode == 1
    assert done.stderr == "warning: 1 file unreadable in git.example.com/plans/road-map\n"


@pytest.mark.usefixtures("plans")
def test_a_server_that_is_away_is_an_error_here(run: Run, repository: Path, environ: dict[str, str]) -> None:
    away = "host=127.0.0.1 port=1 password=hunter2 connect_timeout=2"
    subprocess.run(["git", "config", DSN_KEY, away], cwd=repository, env=environ, check=True)
    done = run("list", "--all-repositories")
    assert done.returncode == 128
    assert done.stderr.startswith("fatal: the mirror at 127.0.0.1")
    assert "hunter2" not in done.stderr
