"""What `pip install` leaves behind: the command, its manual page, its completions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_PARTS = ("gitmilestone", "hooks", "share", "hatch_build.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE")


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="hatchling builds the wheel, and is not installed")
    source = tmp_path_factory.mktemp("source")
    for part in _PARTS:
        if (_ROOT / part).is_dir():
            shutil.copytree(_ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif (_ROOT / part).exists():
            shutil.copy(_ROOT / part, source / part)
    prefix = tmp_path_factory.mktemp("prefix")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    done = subprocess.run(
        [*install, "--disable-pip-version-check", "--prefix", str(prefix), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "No module named pip" in done.stderr:
        pytest.skip("pip is not installed")
    assert done.returncode == 0, done.stderr
    return prefix


@pytest.fixture
def installed(prefix: Path, environ: dict[str, str]) -> dict[str, str]:
    """An environment in which the installed package is the one that is found."""
    packages = next(prefix.glob("lib/python*/site-packages"))
    path = os.pathsep.join([str(prefix / "bin"), str(Path(sys.executable).parent), environ["PATH"]])
    return {**environ, "PATH": path, "PYTHONPATH": str(packages), "MANPATH": f"{prefix / 'share' / 'man'}:"}


@pytest.mark.usefixtures("milestones")
def test_three_ways_to_run_it_are_one(repository: Path, installed: dict[str, str]) -> None:
    ways = (["git", "milestone"], ["git-milestone"], [sys.executable, "-m", "gitmilestone"])
    outputs = [
        subprocess.run([*way, "list"], cwd=repository, env=installed, capture_output=True, text=True, check=True)
        for way in ways
    ]
    assert "session-store" in outputs[0].stdout
    assert len({(done.stdout, done.stderr) for done in outputs}) == 1


def test_version(repository: Path, installed: dict[str, str]) -> None:
    done = subprocess.run(
        ["git-milestone", "--version"],
        cwd=repository,
        env=installed,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("git milestone ")
    assert "unknown" not in done.stdout


def test_help_opens_the_manual(repository: Path, installed: dict[str, str]) -> None:
    if not shutil.which("man"):
        pytest.skip("man is not installed")
    for command in (["git", "milestone", "--help"], ["git", "help", "milestone"]):
        done = subprocess.run(
            command,
            cwd=repository,
            env={**installed, "MANPAGER": "cat"},
            capture_output=True,
            text=True,
            check=False,
        )
        if "minimized" in done.stdout:
            pytest.skip("this system has no manual pages")
        assert "GIT-MILESTONE(1)" in done.stdout
        assert "git milestone list [OPTION...] [QUERY...]" in done.stdout


def test_completions_are_where_shells_look(prefix: Path) -> None:
    shells = _ROOT / "gitmilestone" / "faces" / "cli" / "shells"
    for place, script in (
        ("share/bash-completion/completions/git-milestone", "git-milestone.bash"),
        ("share/zsh/site-functions/_git-milestone", "_git-milestone"),
        ("share/fish/vendor_completions.d/git-milestone.fish", "git-milestone.fish"),
    ):
        assert (prefix / place).read_text() == (shells / script).read_text()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_that_parses(shell: str, repository: Path, installed: dict[str, str]) -> None:
    script = subprocess.run(
        ["git-milestone", "completion", shell],
        cwd=repository,
        env=installed,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    subprocess.run([shell, "-n"], input=script, text=True, check=True)
