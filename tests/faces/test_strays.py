"""Edits that git's merge misplaces, as people and gates see them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from gitmilestone.faces.review.markdown import is_inert
from tests.faces.conftest import Run

_TEXT = (
    "schema: 1\n\ntitle: {0}\n\nstatus: planned\n\nproject: core\n\ncreated: 2026-11-01T10:00:00Z\n\nlabels:\n  - a\n"
)
_HOSTILE = "@all <b>[x](javascript:y)` |"


@pytest.fixture
def branch(run: Run, repository: Path, environ: dict[str, str]) -> str:
    """`search` is deleted on main, where `export` comes, and edited on `feature`."""

    def git(*args: str) -> None:
        subprocess.run(["git", *args], cwd=repository, env=environ, check=True, capture_output=True)

    assert run("init").returncode == 0
    folder = repository / ".milestones" / "active"
    folder.mkdir()
    (folder / "search.yaml").write_text(_TEXT.format("Search"))
    git("add", "-A")
    git("commit", "-qm", "search")
    git("switch", "-qc", "feature")
    (folder / "search.yaml").write_text(_TEXT.format("Search").replace("core\n", f'core\n\nowner: "{_HOSTILE}"\n'))
    git("commit", "-qam", "edit")
    git("switch", "-q", "main")
    (folder / "search.yaml").unlink()
    folder.mkdir(exist_ok=True)
    (folder / "export.yaml").write_text(_TEXT.format("Export"))
    git("add", "-A")
    git("commit", "-qm", "export instead of search")
    return "main..feature"


def test_a_review_tells_and_closes_the_gate(run: Run, branch: str) -> None:
    found = json.loads(run("review", branch, "--json").stdout)["strays"]
    assert found == [{"id": "search", "landed_in": "export", "edits": f"owner: {_HOSTILE}"}]
    text = run("review", branch).stdout
    assert "Edits that git's merge would lose, or give to another milestone, in silence (1)" in text
    assert "`git milestone resolve --merge HEAD`" in text
    comment = run("review", branch, "--format", "markdown").stdout
    assert is_inert(comment)
    assert "`export`" in comment
    for gate in ("stray", "conflict"):
        assert run("review", branch, "--fail-on", gate).returncode == 1


def test_a_merge_is_told_and_put_right(run: Run, branch: str, repository: Path, environ: dict[str, str]) -> None:
    subprocess.run(["git", "merge", "-q", "--no-edit", "feature"], cwd=repository, env=environ, check=True)
    told = run("check", "--range", "HEAD~1..HEAD")
    assert told.returncode == 1
    assert "gave export what was edited in search" in told.stdout
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=repository, env=environ)
    rehearsed = run("resolve", "--merge", "HEAD", "--dry-run")
    assert (rehearsed.returncode, rehearsed.stdout.split(":")[0]) == (0, "export")
    assert rehearsed.stderr.endswith("would change 1 milestone; nothing was written\n")
    assert subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=repository, env=environ) == head
    mended = run("resolve", "--merge", "HEAD")
    assert not mended.returncode, mended.stderr
    assert (mended.returncode, mended.stdout.split(" [")[0]) == (0, "put export right")
    assert mended.stderr.startswith("warning: search is deleted, and stays so")
    assert "[stray-edit]" not in run("check", "--range", "HEAD~2..HEAD").stdout
    again = run("resolve", "--merge", "HEAD~1")
    assert (again.returncode, again.stdout) == (0, "")
    assert run("resolve", "--merge", "HEAD").stderr.startswith("error: 'HEAD' joins no two commits")
