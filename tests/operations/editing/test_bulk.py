"""Ten thousand operations are one commit, or none, and the same commit wherever they are applied."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import gitmilestone
from gitmilestone.changes.commit import commit_edit
from gitmilestone.errors import InvalidOperation
from gitmilestone.operations.editing.bulk import apply_operations, read_json_lines
from gitmilestone.store.store import Store
from tests.repositories import run_git

_NOW = datetime(2026, 11, 23, tzinfo=UTC)
_DATED = {f"GIT_{who}_DATE": "2026-11-23T10:00:00Z" for who in ("AUTHOR", "COMMITTER")}


def _lines(count: int) -> list[str]:
    made = [
        {
            "op": "create",
            "id": f"m-{number}",
            "title": f"Number {number}",
            "labels": ["b", "a"],
            "depends_on": [f"m-{number - 1}"] if number % 5 else [],
            "tasks": [{"id": "first", "title": "First"}],
        }
        for number in range(count)
    ]
    return [json.dumps(item) for item in made]


def _apply(directory: Path, lines: list[str]) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "gitmilestone", "apply", "-"],
        input="\n".join(lines),
        cwd=directory,
        env={**os.environ, **_DATED, "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
    )


def test_ten_thousand_operations_are_one_commit(repository: Path) -> None:
    before = run_git("rev-list", "--count", "HEAD", cwd=repository)
    done = _apply(repository, _lines(10_000))
    assert done.returncode == 0, done.stderr
    assert int(run_git("rev-list", "--count", "HEAD", cwd=repository)) == int(before) + 1
    assert run_git("status", "--porcelain", cwd=repository) == ""
    assert len(run_git("ls-tree", "-r", "--name-only", "HEAD", ".milestones/active", cwd=repository).split()) == 10_000
    run_git("fsck", "--strict", cwd=repository)


def test_the_last_bad_operation_undoes_all(repository: Path) -> None:
    head = run_git("rev-parse", "HEAD", cwd=repository)
    done = _apply(repository, [*_lines(1000), '{"op": "create", "id": "m-3", "title": "Taken"}'])
    assert done.returncode == 2
    assert "<stdin>:1001: the id m-3 is taken" in done.stderr
    assert run_git("rev-parse", "HEAD", cwd=repository) == head
    assert run_git("status", "--porcelain", cwd=repository) == ""


def test_the_same_operations_make_the_same_commit(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_AUTHOR_DATE", _DATED["GIT_AUTHOR_DATE"])
    other = tmp_path / "other"
    run_git("clone", "-q", str(repository), str(other), cwd=tmp_path)
    assert _apply(repository, _lines(300)).returncode == 0
    assert _apply(other, _lines(300)).returncode == 0
    assert run_git("rev-parse", "HEAD", cwd=repository) == run_git("rev-parse", "HEAD", cwd=other)


def test_an_update_edits_only_its_lines(repository: Path) -> None:
    _apply(repository, _lines(5))
    path = repository / ".milestones" / "active" / "m-3.yaml"
    path.write_text(path.read_text().replace("due:\n", "due:   # as soon as we can\n") + "\n# the end\n")
    run_git("commit", "-qam", "By hand", cwd=repository)
    _apply(repository, ['{"op": "update", "id": "m-3", "priority": "high", "due": "2027-01-01"}'])
    changed = run_git("diff", "-U0", "HEAD~1", cwd=repository).split("\n")
    assert [line for line in changed if line.startswith(("+p", "-p", "+d", "-d"))] == [
        "-priority:",
        "+priority: high",
        "-due:   # as soon as we can",
        "+due: 2027-01-01   # as soon as we can",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "plan:2: not JSON"),
        ("[1]", "plan:2: not a JSON object"),
        ('{"id": "x"}', 'plan:2: "op" is missing'),
        ('{"op": "creat", "title": "x"}', "plan:2: \"op\" is one of create, update, delete, upsert, not 'creat'"),
        ('{"op": "create"}', "plan:2: `title` can't be empty"),
        ('{"op": "create", "title": "x", "due": "soon"}', "plan:2: `due` is a date YYYY-MM-DD, not 'soon'"),
        ('{"op": "create", "title": "x", "tasks": [{"id": "a"}]}', "plan:2: a task needs a title"),
        ('{"op": "update", "title": "x"}', 'plan:2: "id" is missing'),
        ('{"op": "update", "id": "nobody", "title": "x"}', "plan:2: there is no milestone 'nobody'"),
        ('{"op": "update", "id": "first", "colour": "red"}', "plan:2: 'colour' is no field"),
        ('{"op": "create", "id": "../x", "title": "x"}', "plan:2: '../x' is not a milestone id"),
    ],
)
def test_faults_name_their_line(repository: Path, line: str, said: str) -> None:
    head = run_git("rev-parse", "HEAD", cwd=repository)
    store = Store.open(str(repository), __import__("os").environ)
    with pytest.raises(InvalidOperation) as caught:
        operations = read_json_lines(['{"op": "create", "id": "first", "title": "First"}', line], "plan")
        commit_edit(store, apply_operations(operations, source="plan", now=_NOW))
    assert caught.value.message.startswith(said)
    assert run_git("rev-parse", "HEAD", cwd=repository) == head


def test_order_counts(repository: Path) -> None:
    with gitmilestone.open(repository) as repo:
        commit = repo.bulk(
            [
                {"op": "create", "id": "a", "title": "A"},
                {"op": "update", "id": "a", "title": "A again", "owner": "ana"},
                {"op": "create", "id": "b", "title": "B", "depends_on": ["a"]},
                {"op": "update", "id": "b", "depends_on": []},
                {"op": "delete", "id": "a"},
                {"op": "create", "id": "a", "title": "A reborn"},
            ]
        )
        assert commit == run_git("rev-parse", "HEAD", cwd=repository)
        assert repo.get("a") == gitmilestone.Milestone("a", "A reborn", created=repo.get("a").created)


def test_nothing_to_change_is_no_commit(repository: Path, git: Callable[..., str]) -> None:
    with gitmilestone.open(repository) as repo:
        repo.create("A", id="a", due="2027-01-01")
        head = git("rev-parse", "HEAD", cwd=repository)
        assert repo.bulk([{"op": "update", "id": "a", "due": "2027-01-01"}]) is None
        assert git("rev-parse", "HEAD", cwd=repository) == head
