"""Every session that the documentation shows is executed, and prints what it shows.

In a ```console block, a line `$ COMMAND` is run by a shell, and the lines behind it are what it must print,
on both streams in the order they come; `[...]` stands for anything on a line, and a line `...` for any lines.
A last line `(exit N)` is the exit status where it is not 0. Blocks of one file share a folder.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent
_DOCUMENTS = sorted(
    [
        _ROOT / "README.md",
        _ROOT / "docs" / "analytics.md",
        _ROOT / "docs" / "check.md",
        _ROOT / "docs" / "hooks.md",
        _ROOT / "docs" / "index.md",
        _ROOT / "docs" / "review.md",
        *(_ROOT / "tests" / "transcripts").glob("*.md"),
    ]
)
_BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SETS_UP = "python3 -m venv"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user's, with an identity and `git-milestone` on PATH, and nothing of the real user's."""
    home = tmp_path / "home"
    (home / "bin").mkdir(parents=True)
    shim = home / "bin" / "git-milestone"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitmilestone "$@"\n')
    shim.chmod(0o755)
    (home / ".gitconfig").write_text(
        "[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n"
    )
    return {
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(_ROOT),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "GIT_AUTHOR_DATE": "2026-11-23T10:00:00Z",
        "GIT_COMMITTER_DATE": "2026-11-23T10:00:00Z",
    }


@pytest.mark.parametrize("document", _DOCUMENTS, ids=lambda path: path.stem)
def test_documents_show_what_happens(document: Path, environ: dict[str, str], tmp_path: Path) -> None:
    directory = tmp_path / "plan"
    directory.mkdir()
    for kind, block in _BLOCK.findall(document.read_text()):
        if kind == "python":
            directory = _last_repository(tmp_path / "plan")
            command = [sys.executable, "-c", block]
            done = subprocess.run(command, cwd=directory, env=environ, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
        elif _SETS_UP not in block:
            directory = _run_block(block, directory, environ)


def _last_repository(folder: Path) -> Path:
    return next((git.parent for git in folder.rglob(".git")), folder)


def _run_block(block: str, directory: Path, environ: dict[str, str]) -> Path:
    for command, expected in _split(block):
        done = subprocess.run(
            ["bash", "-c", f'{command}\nstatus=$?; pwd > "$HOME/cwd"; exit $status'],
            cwd=directory,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        printed = done.stdout.rstrip("\n").split("\n") if done.stdout else []
        if done.returncode:
            printed.append(f"(exit {done.returncode})")
        shown = "\n".join(printed)
        assert re.fullmatch(_pattern(expected), shown + "\n" if shown else ""), f"$ {command}\n{shown}"
        directory = Path((Path(environ["HOME"]) / "cwd").read_text().strip())
    return directory


def _split(block: str) -> list[tuple[str, list[str]]]:
    commands: list[tuple[str, list[str]]] = []
    for line in block.rstrip("\n").split("\n"):
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif line.startswith("> ") and commands and not commands[-1][1]:
            commands[-1] = (f"{commands[-1][0]}\n{line[2:]}", [])
        else:
            commands[-1][1].append(line)
    return commands


def _pattern(lines: list[str]) -> str:
    parts = []
    for line in lines:
        if line == "...":
            parts.append("(?:.*\n)*?")
        else:
            parts.append(".*".join(re.escape(part) for part in line.split("[...]")) + "\n")
    return "".join(parts)
