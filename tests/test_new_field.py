"""A field is one line: added to a copy of the package as CONTRIBUTING.md says, everything has it.

The copy's `Milestone` has a line of text more, and a number with a default; nothing else is touched.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gitmilestone.derived.postgres.server.connect import Server
from tests.repositories import ROOT, run_git

LINES = """\
    reviewer: Annotated[str | None, Field(kinds.LINE, "Who looks it over.")] = None
    confidence: Annotated[float, Field(kinds.NUMBER, "How sure it is, 0 to 1.")] = 0.5
"""
BEHIND = "    estimate: Annotated["
BY_HAND = "title: By hand\nstatus: planned\nschema: 1\nreviewer: 'bo'   # for now\n"

Run = Callable[..., str]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "gitmilestone", place / "gitmilestone", ignore=shutil.ignore_patterns("__pycache__"))
    declared = place / "gitmilestone" / "model" / "milestone.py"
    text = declared.read_text()
    assert text.count(BEHIND) == 1
    declared.write_text(text.replace(BEHIND, LINES + BEHIND))
    return place


@pytest.fixture
def run(package: Path, repository: Path) -> Run:
    """`git milestone ...` as the copy does it, in a project with a milestone of each kind of author."""

    def run(*args: str, cwd: Path = repository, stdin: str = "", status: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "gitmilestone", *args],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(package)},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    run("new", "Ship", "--id", "ship", "--reviewer", "ana", "--confidence", "0.9")
    (repository / ".milestones/active/hand.yaml").write_text(BY_HAND)
    run_git("add", ".", cwd=repository)
    run_git("commit", "-qm", "by hand", cwd=repository)
    return run


def read_json(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["milestones"]
    return found


def test_its_file_options_help_and_schema(run: Run, repository: Path) -> None:
    text = (repository / ".milestones/active/ship.yaml").read_text()
    assert "\nreviewer: ana\n\nconfidence: 0.9\n" in text
    assert "--confidence NUMBER" in run("new", "-h")
    assert "Who looks it over." in run("edit", "-h")
    properties = json.loads(run("schema"))["properties"]
    assert properties["confidence"]["default"] == 0.5
    assert "reviewer" in properties
    (hand,) = read_json(run("show", "hand", "--json"))
    assert (hand["reviewer"], hand["confidence"], hand["extra"]) == ("bo", 0.5, {})
    assert "confidence" not in run("show", "hand")
    assert "confidence  0.9" in run("show", "ship")
    assert run("check", "--strict") == ""


def test_editing_it(run: Run, repository: Path) -> None:
    hand = repository / ".milestones/active/hand.yaml"
    assert "    confidence: + 0.9\n" in run("log", "ship")
    assert "confidence" not in run("log", "hand")  # nobody has written it
    run("edit", "hand", "--confidence", "0.25", "--set", "reviewer=cy")
    assert hand.read_text() == BY_HAND.replace("'bo'", "'cy'") + "confidence: 0.25\n"
    assert "    confidence: 0.5 -> 0.25\n    reviewer: bo -> cy" in "\n".join(
        sorted(run("diff", "HEAD~1", "HEAD").splitlines())
    )
    run("edit", "hand", "--unset", "confidence", "--reviewer", "")
    (read,) = read_json(run("show", "hand", "--json"))
    assert (read["reviewer"], read["confidence"]) == (None, 0.5)
    assert "confidence: 0.25 -> 0.5" in run("log", "hand", "--field", "confidence")
    run("edit", "hand", "--confidence", "much", status=2)
    run("apply", "-", stdin='{"op": "update", "id": "hand", "confidence": 0.75, "reviewer": "di"}\n')
    (read,) = read_json(run("show", "hand", "--json"))
    assert (read["reviewer"], read["confidence"]) == ("di", 0.75)


def ask(run: Run, *further: str) -> list[str]:
    """What some queries find, one by one."""
    queries = (
        *("reviewer:ana", "reviewer:B*", "reviewer:none", "confidence:>0.5", "confidence:..0.5", "confidence:0.9"),
        *("sort:confidence", "sort:-confidence", "sort:-reviewer", "ana", "confidence:any"),
    )
    return [",".join(run("list", "--format", "ids", *further, query).split()) for query in queries]


FOUND = ["ship", "hand", "", "ship", "hand", "ship", "hand,ship", "ship,hand", "hand,ship", "ship", "hand,ship"]


def test_asking_for_it_on_every_tier(run: Run, repository: Path, mirror_server: Server) -> None:
    assert ask(run) == FOUND
    run("index", "rebuild")
    assert ask(run) == FOUND
    run("migrate", "sqlite")
    run("index", "verify")
    run_git("config", "milestone.postgres.dsn", mirror_server.conninfo, cwd=repository)
    run("migrate", "postgresql")
    assert [found.replace("project:", "") for found in ask(run, "--all-repositories")] == FOUND
    with psycopg.connect(mirror_server.conninfo) as connection:
        rows = connection.execute("SELECT id, reviewer, confidence FROM milestone.milestones ORDER BY id").fetchall()
        documents = connection.execute(
            "SELECT document->>'reviewer', document->'confidence' FROM milestone.documents ORDER BY id"
        ).fetchall()
    assert rows == [("hand", "bo", 0.5), ("ship", "ana", 0.9)]
    assert documents == [("bo", 0.5), ("ana", 0.9)]


def test_figures_by_sql(run: Run) -> None:
    found = run("sql", "--format", "csv", "SELECT id, reviewer, confidence FROM milestones ORDER BY id")
    assert found == "id,reviewer,confidence\nhand,bo,0.5\nship,ana,0.9\n"
    assert "confidence" in run("sql", "--schema")


def test_carrying_it_elsewhere(run: Run, tmp_path: Path) -> None:
    exported = {form: run("export", "--format", form) for form in ("csv", "jsonl")}
    (hand, ship) = csv.DictReader(io.StringIO(exported["csv"]))
    assert [(row["reviewer"], row["confidence"]) for row in (hand, ship)] == [("bo", "0.5"), ("ana", "0.9")]
    for form, text in exported.items():
        place = tmp_path / form
        run_git("init", "-q", str(place))
        run("init", cwd=place)
        run("import", "--format", form, "-", cwd=place, stdin=text)
        read = {one["id"]: (one["reviewer"], one["confidence"]) for one in read_json(run("list", "--json", cwd=place))}
        assert read == {"hand": ("bo", 0.5), "ship": ("ana", 0.9)}


def test_merging_and_reviewing_it(run: Run, repository: Path) -> None:
    run_git("switch", "-qc", "other", cwd=repository)
    run("edit", "ship", "--reviewer", "eve", "--confidence", "1")
    review = json.loads(run("review", "main..other", "--format", "json"))
    changed = {change["field"]: (change["old"], change["new"]) for one in review["others"] for change in one["fields"]}
    assert {name: tuple(map(str, pair)) for name, pair in changed.items()} == {
        "reviewer": ("ana", "eve"),
        "confidence": ("0.9", "1"),
    }
    run_git("switch", "-q", "main", cwd=repository)
    run("edit", "ship", "--reviewer", "fay", "--owner", "ana")
    run_git("merge", "other", cwd=repository, is_checked=False)
    (conflict,) = json.loads(run("resolve", "--json", status=1))["conflicts"]
    assert (conflict["field"], conflict["base"], conflict["ours"], conflict["theirs"]) == (
        "reviewer", "ana", "fay", "eve"
    )  # fmt: skip
    run("resolve", "--field", "reviewer=theirs")
    text = (repository / ".milestones/active/ship.yaml").read_text()
    assert "\nreviewer: eve\n\nconfidence: 1\n" in text
    assert "\nowner: ana\n" in text
