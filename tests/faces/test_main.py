"""The frame around every command: errors, streams, pager."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_without_a_command_help_is_printed(run: Run) -> None:
    assert run().returncode == 0
    assert "git milestone list" not in run().stdout
    assert "List the open milestones" in run().stdout
    assert run("-h").stdout == run().stdout == run("--help").stdout


def test_usage_errors_are_said_like_git(run: Run) -> None:
    done = run("lsit")
    assert done.returncode == 2
    assert done.stderr.splitlines()[0] == "error: no such command 'lsit'. Did you mean 'list'?"
    assert done.stdout == ""
    done = run("list", "--staged", "--worktree")
    assert (done.returncode, done.stderr.splitlines()[0]) == (
        2,
        "error: --staged and --worktree exclude each other",
    )
    assert run("edit").stderr.splitlines() == [
        "error: missing argument 'ID'",
        "usage: git milestone edit [OPTIONS] ID",
        "hint: `git milestone edit -h` explains it",
    ]


def test_a_bad_query_is_pointed_at(run: Run) -> None:
    run("init")
    done = run("list", "auth", "statsu:open")
    assert done.returncode == 2
    message, query, caret, *_ = done.stderr.splitlines()
    assert message.startswith("error: ")
    assert query == "  auth statsu:open"
    assert caret == "       ^"


def test_outside_a_repository(run: Run, tmp_path: Path) -> None:
    done = run("-C", str(tmp_path), "list")
    assert done.returncode == 128
    assert done.stderr.startswith("fatal: ")
    assert "\nhint: " in done.stderr


def test_dash_c_is_relative_to_the_one_before(run: Run, milestones: list[str]) -> None:
    assert run("-C", "..", "-C", "repository", "list", "--format", "ids").stdout.split() == milestones


def test_git_dir_counts(run: Run, repository: Path, milestones: list[str]) -> None:
    done = run("-C", "/", "list", "--format", "ids", GIT_DIR=str(repository / ".git"))
    assert done.stdout.split() == milestones


def test_a_reader_that_left_is_no_error(environ: dict[str, str], repository: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "gitmilestone", "schema"],
        cwd=repository,
        env=environ,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
def test_a_full_disk_is_said(environ: dict[str, str], repository: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "gitmilestone", "schema"],
            cwd=repository,
            env=environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 128
    assert done.stderr.startswith("fatal: can't write to standard output")


def test_output_is_utf8_whatever_the_locale(run: Run, milestones: list[str]) -> None:
    _write(run, "edit", milestones[0], "--title", "Žluťoučký 日本")
    done = run("show", milestones[0], LANG="C", LC_ALL="POSIX", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert "Žluťoučký 日本" in done.stdout


def test_nothing_is_imported_from_the_repository(run: Run, repository: Path) -> None:
    (repository / "click.py").write_text("raise SystemExit('imported from the repository')\n")
    done = run("-h")
    assert (done.returncode, done.stderr) == (0, "")


_CRASHING = """
import sys
from gitmilestone.faces.cli import main
from gitmilestone.faces.cli.commands import list as command
def crash(context, values):
    context.store.head()
    raise KeyError("secret word")
command.run = crash
sys.exit(main.main(["list", "--owner", "private@example.com"]))
"""


def test_a_crash_leaves_a_log_fit_to_paste(environ: dict[str, str], repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CRASHING],
        cwd=repository,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert "Traceback" not in done.stderr
    log = repository / ".git" / "milestone" / "crash.log"
    assert str(log) in done.stderr
    text = log.read_text()
    assert "KeyError" in text
    assert "git version" in text
    assert "private@example.com" not in text
    assert environ["HOME"] not in text


def test_a_trace_on_demand(environ: dict[str, str], repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CRASHING],
        cwd=repository,
        env={**environ, "GIT_MILESTONE_TRACE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" in done.stderr


def _write(run: Run, *args: str) -> None:
    done = run(*args)
    assert done.returncode == 0, done.stderr


def _run_on_terminal(args: list[str], folder: Path, environ: dict[str, str]) -> str:
    pid, descriptor = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(sys.executable, [sys.executable, "-m", "gitmilestone", *args], environ)
    seen = b""
    try:
        while piece := os.read(descriptor, 4096):
            seen += piece
    except OSError:
        pass
    os.close(descriptor)
    os.waitpid(pid, 0)
    return seen.decode().replace("\r\n", "\n")


def test_titles_are_harmless_on_a_terminal(
    run: Run, milestones: list[str], repository: Path, environ: dict[str, str]
) -> None:
    run(
        "edit",
        milestones[0],
        "--title",
        "a\x1b[2Jb\u202ec",
        "--set",
        "x\x1b[2J=1",
        "--description",
        "d\x1b[2Je\n",
    )
    for args in (["list"], ["show", milestones[0]], ["list", "--json"], ["log", milestones[0]]):
        seen = _run_on_terminal(args, repository, {**environ, "NO_COLOR": "1"})
        assert "\x1b" not in seen
        assert "\u202e" not in seen
    assert "\x1b[" in _run_on_terminal(["list"], repository, environ)


def test_what_fills_the_screen_goes_to_the_pager(
    run: Run, milestones: list[str], repository: Path, environ: dict[str, str]
) -> None:
    paged = {**environ, "GIT_PAGER": "sed s/^/paged:/"}
    assert "paged:" not in _run_on_terminal(["list"], repository, paged)
    _write(run, "edit", milestones[0], "--description", "line\n" * 200)
    seen = _run_on_terminal(["show", milestones[0]], repository, paged)
    assert seen.count("paged:") >= 200
    assert "paged:" not in _run_on_terminal(["show", milestones[0]], repository, {**paged, "GIT_PAGER": "cat"})
    subprocess.run(["git", "config", "pager.milestone", "false"], cwd=repository, env=environ, check=True)
    assert "paged:" not in _run_on_terminal(["show", milestones[0]], repository, paged)


def test_a_pager_that_is_left_early(run: Run, milestones: list[str], repository: Path, environ: dict[str, str]) -> None:
    _write(run, "edit", milestones[0], "--description", "line\n" * 25_000)
    seen = _run_on_terminal(["show", milestones[0]], repository, {**environ, "GIT_PAGER": "head -n 2"})
    assert len(seen.splitlines()) == 2
