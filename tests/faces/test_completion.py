"""Completion: what fits at each place, and real shells that ask for it."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gitmilestone.faces.cli.candidates import locate

Run = Callable[..., subprocess.CompletedProcess[str]]
_ROOT = Path(__file__).parents[2]
_SHELLS = _ROOT / "gitmilestone" / "faces" / "cli" / "shells"
_BASH_GIT = Path("/usr/share/bash-completion/completions/git")


def _complete(run: Run, *words: str) -> list[str]:
    return [line.partition("\t")[0] for line in run("__complete", "--", *words).stdout.splitlines()]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["li"], ["list"]),
        (["ta"], ["task"]),
        (["task", "d"], ["done"]),
        (["-C", ""], ["directory"]),
        (["show", "s"], ["session-store", "ship-2fa"]),
        (["show", "ship-2fa", ""], []),
        (["complete", "ship-2fa", "se"], ["session-store"]),
        (["task", "done", "ship-2fa", ""], ["enrol"]),
        (["task", "done", "sh", ""], ["enrol"]),
        (["show", "--format", ""], ["text", "yaml", "json"]),
        (["show", "--format=y"], ["--format=yaml"]),
        (["list", "--label", ""], ["security"]),
        (["list", "owner:"], ["owner:bo@example.com"]),
        (["list", "-proj"], ["-project:"]),
        (["list", "-project:a"], ["-project:auth"]),
        (["list", "is:r"], ["is:ready"]),
        (["list", "--stat"], ["--status"]),
        (["list", "--json", "--js"], []),
        (["show", "--at", "ma"], ["main"]),
        (["apply", ""], ["file"]),
        (["demo", ""], ["directory"]),
        (["completion", "z"], ["zsh"]),
        (["nonsense", ""], []),
    ],
)
@pytest.mark.usefixtures("milestones")
def test_candidates(run: Run, words: list[str], wanted: list[str]) -> None:
    assert _complete(run, *words) == wanted


def test_ids_come_from_the_directory_of_minus_c(run: Run, milestones: list[str], tmp_path: Path) -> None:
    assert _complete(run, "-C", "..", "-C", "repository", "show", "") == milestones
    assert _complete(run, "-C", str(tmp_path), "show", "") == []


def test_nothing_that_a_shell_obeys_is_offered(run: Run, milestones: list[str]) -> None:
    run("edit", milestones[0], "--project", "a\x1b[31mb", "--title", "t\u202et")
    assert _complete(run, "list", "--project", "") == ["auth"]
    assert "\u202e" not in run("__complete", "--", "show", "").stdout


def test_hidden_commands_stay_hidden() -> None:
    assert not [word for word, _ in locate([""]).words if word.startswith("_")]


@pytest.fixture
def commands(tmp_path: Path, environ: dict[str, str]) -> dict[str, str]:
    """An environment in which `git-milestone` is a command."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "git-milestone"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gitmilestone "$@"\n')
    script.chmod(0o755)
    return {**environ, "PATH": f"{folder}{os.pathsep}{environ['PATH']}", "PS1": "$ "}


class Terminal:
    """A shell on a terminal of its own; Ctrl-X prints the line that is being typed."""

    def __init__(self, command: list[str], folder: Path, environ: dict[str, str]) -> None:
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(command[0], command, {**environ, "COLUMNS": "200"})

    def send(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def expect(self, pattern: str) -> str:
        seen, end = "", time.monotonic() + 30
        while time.monotonic() < end:
            if select.select([self.descriptor], [], [], 0.1)[0]:
                seen += os.read(self.descriptor, 4096).decode("utf-8", "replace")
                if found := re.search(pattern, seen):
                    return found.group(1)
        raise AssertionError(f"the shell never said {pattern}: {seen!r}")

    def complete(self, typed: str) -> str:
        self.send(f"{typed}\t\x18")
        line = self.expect(r"<<(.*?)>>")
        self.send("\x15")
        return line

    def close(self) -> None:
        os.close(self.descriptor)
        os.waitpid(self.pid, 0)


LINES = [
    ("git-milestone sho", "git-milestone show "),
    ("git-milestone show shi", "git-milestone show ship-2fa "),
    ("git milestone show shi", "git milestone show ship-2fa "),
    ("git milestone task done ship-2fa e", "git milestone task done ship-2fa enrol "),
    ("git milestone list --format=mark", "git milestone list --format=markdown "),
    ("git milestone list --limi", "git milestone list --limit "),
    ("git milestone list owner:b", "git milestone list owner:bo@example.com "),
    ("git milestone list -proj", "git milestone list -project:"),
    ("git-milestone list -project:a", "git-milestone list -project:auth "),
    ("git --no-pager milestone show ses", "git --no-pager milestone show session-store "),
    ("git milestone apply f", "git milestone apply file.jsonl "),
]
_ELSEWHERE = "git -C repository milestone show ses"


@pytest.fixture
def bash(repository: Path, commands: dict[str, str]) -> Iterator[Terminal]:
    if not shutil.which("bash"):
        pytest.skip("bash is not installed")
    if not _BASH_GIT.exists():
        pytest.skip("git's completion for bash is not installed")
    terminal = Terminal(["bash", "--norc", "--noprofile", "-i"], repository, commands)
    terminal.send(f". {_BASH_GIT}; . {_SHELLS}/git-milestone.bash\n")
    terminal.send("""bind -x '"\\C-x": printf "<<%s>>\\n" "$READLINE_LINE"'; echo rea''dy\n""")
    terminal.expect("(ready)")
    yield terminal
    terminal.close()


@pytest.fixture
def zsh(repository: Path, commands: dict[str, str]) -> Iterator[Terminal]:
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    terminal = Terminal(["zsh", "-f", "-i"], repository, commands)
    terminal.send(f"fpath=({_SHELLS} $fpath); autoload -U compinit; compinit -D -u; unsetopt zle_bracketed_paste\n")
    terminal.send('show-line() { print -r -- "<<$BUFFER>>" }; zle -N show-line\n')
    terminal.send("bindkey '^X' show-line; echo rea''dy\n")
    terminal.expect("(ready)\r")
    yield terminal
    terminal.close()


@pytest.mark.usefixtures("milestones")
def test_bash(bash: Terminal, repository: Path) -> None:
    (repository / "file.jsonl").touch()
    for typed, wanted in LINES:
        assert bash.complete(typed) == wanted
    bash.send("cd ..\n")
    assert bash.complete(_ELSEWHERE) == f"{_ELSEWHERE}sion-store "


@pytest.mark.usefixtures("milestones")
def test_zsh(zsh: Terminal, repository: Path) -> None:
    (repository / "file.jsonl").touch()
    for typed, wanted in LINES:
        assert zsh.complete(typed) == wanted
    zsh.send("cd ..\n")
    assert zsh.complete(_ELSEWHERE) == f"{_ELSEWHERE}sion-store "


@pytest.mark.usefixtures("milestones")
@pytest.mark.parametrize("program", ["git-milestone", "git milestone"])
def test_fish(program: str, repository: Path, commands: dict[str, str]) -> None:
    if not shutil.which("fish"):
        pytest.skip("fish is not installed")
    (repository / "file.jsonl").touch()

    def complete(line: str) -> list[str]:
        code = f"source {_SHELLS}/git-milestone.fish; complete -C '{program} {line}'"
        done = subprocess.run(
            ["fish", "-c", code], cwd=repository, env=commands, capture_output=True, text=True, check=True
        )
        return [each.partition("\t")[0] for each in done.stdout.splitlines()]

    assert complete("show s") == ["session-store", "ship-2fa"]
    assert complete("task done ship-2fa ") == ["enrol"]
    assert complete("list --format=mark") == ["--format=markdown"]
    assert complete("list owner:b") == ["owner:bo@example.com"]
    assert complete("apply f") == ["file.jsonl"]
