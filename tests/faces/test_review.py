"""`git milestone review`, `propose` and `diff --as-message`, as their users see them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.faces.conftest import Run


@pytest.fixture
def branch(run: Run, repository: Path, environ: dict[str, str], milestones: list[str]) -> str:
    """A branch that is checked out, on which one milestone slips and pushes another."""
    for args in (
        ("edit", "ship-2fa", "--due", "2027-01-20"),
        ("depend", "add", "ship-2fa", "session-store"),
    ):
        assert run(*args).returncode == 0
    subprocess.run(["git", "switch", "-qc", "feature"], cwd=repository, env=environ, check=True)
    assert run("edit", "session-store", "--due", "2027-01-27").returncode == 0
    return "main..feature"


def test_review_in_its_three_forms(run: Run, branch: str) -> None:
    text = run("review", branch)
    assert (text.returncode, text.stderr) == (0, "")
    assert text.stdout.splitlines()[:4] == [
        "1 milestone slips by 12 days; 1 is pushed by what it waits for.",
        "",
        "Due days (1)",
        "MILESTONE      DUE         NEW DUE     DAYS  TITLE",
    ]
    value = json.loads(run("review", branch, "--json").stdout)
    assert (value["schema_version"], value["pushed"][0]["chain"]) == (1, ["session-store", "ship-2fa"])
    assert json.loads(run("review", branch, "--format", "json").stdout) == value
    markdown = run("review", branch, "--format", "markdown").stdout
    assert markdown.startswith("<!-- git-milestone review -->\n\n**1 milestone slips by 12 days;")
    assert len(run("review", branch, "--format", "markdown", "--max-size", "2000").stdout) <= 2000


@pytest.mark.parametrize(
    ("fail_on", "status"),
    [
        (["slip"], 1),
        (["error,pushed"], 1),
        (["error", "--fail-on", "slip"], 1),
        (["error,cycle,conflict,warning"], 0),
        ([""], 0),
        (["slop"], 2),
    ],
)
def test_the_gate(run: Run, branch: str, fail_on: list[str], status: int) -> None:
    done = run("review", branch, "--fail-on", *fail_on)
    assert done.returncode == status
    assert ("1 milestone slips" in done.stdout) == (status < 2)
    if status == 1:
        assert done.stderr.startswith("--fail-on ")
    if status == 2:
        assert "did you mean `slip`?" in done.stderr


def test_what_makes_no_sense(run: Run, branch: str) -> None:
    assert run("review", branch, "--max-size", "5000").returncode == 2
    assert run("review", branch, "--format", "markdown", "--max-size", "1999").returncode == 2
    assert run("review", branch, "--format", "text", "--json").returncode == 2
    assert run("review", "main..nowhere").returncode == 128
    alone = run("review", "main")
    assert alone.returncode == 128
    assert "hint: name both, like `main..feature`" in alone.stderr


def test_diff_as_a_message_is_the_one_of_propose(
    run: Run, repository: Path, environ: dict[str, str], branch: str
) -> None:
    file = repository / ".milestones/active/ship-2fa.yaml"
    file.write_text(file.read_text().replace("project: auth", "project: core"))
    assert run("diff", branch, "--as-message").stdout == "milestone: move session-store to 2027-01-27\n"
    message = run("diff", "--as-message").stdout
    assert message == "milestone: edit ship-2fa (project)\n"
    assert run("diff", "--staged", "--as-message").stdout == ""
    assert run("diff", "--as-message", "--json").returncode == 2
    done = run("propose")
    assert done.returncode == 0
    assert done.stdout == "milestone-edit-ship-2fa-project\n"
    assert done.stderr.startswith("proposed 1 milestone [")
    assert "no remote" in done.stderr
    logged = ["git", "log", "-1", "--format=%B", done.stdout.strip()]
    said = subprocess.run(logged, cwd=repository, env=environ, capture_output=True, text=True, check=True).stdout
    assert said.strip() == message.strip()
    assert run("diff").stdout == ""


def test_propose_refuses(run: Run, repository: Path, milestones: list[str]) -> None:
    nothing = run("propose")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    assert "nothing to propose" in nothing.stderr
    file = repository / ".milestones/active/ship-2fa.yaml"
    file.write_text(file.read_text().replace("status: planned", "status: plannd"))
    bad = run("propose")
    assert bad.returncode == 1
    assert "did you mean `planned`?" in bad.stderr
    assert run("propose", "-m", " ").returncode == 2
    assert "plannd" in file.read_text()


def test_propose_says_how_to_hand_it_in(
    run: Run, repository: Path, environ: dict[str, str], milestones: list[str]
) -> None:
    subprocess.run(["git", "remote", "add", "origin", "x"], cwd=repository, env=environ, check=True)
    file = repository / ".milestones/active/ship-2fa.yaml"
    file.write_text(file.read_text().replace("status: planned", "status: in_progress"))
    done = run("propose", "--branch", "mine", "-m", "Begin", "--keep")
    assert done.stdout == "mine\n"
    assert "hint: `git push -u origin mine` hands it in" in done.stderr
    assert "in_progress" in file.read_text()


def test_a_comment_outside_of_a_pipeline(run: Run, repository: Path) -> None:
    done = run("__comment", "nothing.md")
    assert done.returncode == 2
    assert "neither GitHub Actions nor GitLab CI" in done.stderr
