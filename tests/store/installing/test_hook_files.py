"""Hooks are installed beside everybody else's, and taken out without a trace."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.operations.checking.hooks import HookReport, get_hook_status, install_hooks, uninstall_hooks
from gitmilestone.store.installing.hook_files import HookFiles, find_stubs, iter_settings
from gitmilestone.store.installing.hook_text import (
    CLIENT,
    SERVER,
    compose_block,
    compose_command,
    compose_whole,
    insert,
    make_file,
    split,
)
from tests.repositories import Clone, run_git

GIT_VERSION = tuple(int(part) for part in re.findall(r"\d+", run_git("version"))[:2])
in_files = pytest.mark.skipif(GIT_VERSION >= (2, 54), reason="this git keeps hooks in its configuration")
in_configuration = pytest.mark.skipif(GIT_VERSION < (2, 54), reason="hooks in the configuration need git 2.54")

PROGRAM = '#!/bin/sh\necho "ours $*" >> "$TOLD"\ntest -t 0 || cat >> "$TOLD"\nexit ${ANSWER:-0}\n'
THEIRS = 'echo "theirs $* $(cat)" >> "$TOLD"\n'


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An executable that tells of its calls, in the file that `$TOLD` names."""
    place = tmp_path / "a folder's" / "git-milestone"
    place.parent.mkdir()
    place.write_text(PROGRAM)
    place.chmod(0o755)
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    return place


def install(clone: Clone, program: Path, **options: bool) -> HookReport:
    with clone.store() as store:
        return install_hooks(store, str(program), **options)


def uninstall(clone: Clone) -> HookReport:
    with clone.store() as store:
        return uninstall_hooks(store)


def states(clone: Clone, program: Path) -> dict[str, str]:
    with clone.store() as store:
        return {hook.name: hook.state for hook in get_hook_status(store, str(program)).hooks}


def snapshot(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file and link below a folder: its permissions, and its bytes or where it leads."""
    return {
        str(path.relative_to(folder)): (
            stat.S_IMODE(path.lstat().st_mode),
            os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes() if path.is_file() else b"",
        )
        for path in sorted(folder.rglob("*"))
    }


def kept(clone: Clone) -> dict[str, tuple[int, bytes]]:
    """All of the git directory that an install changes, and an uninstall has to bring back."""
    folders = ("hooks", "info", "their-script", "config")
    return {name: what for name, what in snapshot(clone.git_dir).items() if name.partition("/")[0] in folders}


def put(path: Path, text: str, mode: int = 0o755) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    path.chmod(mode)


def put_link(path: Path) -> None:
    put(path.parent.parent / "their-script", f"#!/bin/sh\n{THEIRS}")
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("../their-script")


def told(clone: Clone, name: str = "pre-push", stdin: bytes = b"a b c d\n", **env: str) -> tuple[int, str]:
    """What a hook did when git ran it: its status, and what both told."""
    place = Path(os.environ["TOLD"])
    place.unlink(missing_ok=True)
    done = subprocess.run(
        [str(clone.git_dir / "hooks" / name), "origin", "url"],
        cwd=clone.path,
        env={**os.environ, **env},
        input=stdin,
        capture_output=True,
        check=False,
    )
    return done.returncode, place.read_text() if place.exists() else ""


CONCERNED = b"refs/heads/main 1111111111111111111111111111111111111111 refs/heads/main " + b"2" * 40 + b"\n"

PYTHON = f"#!{sys.executable} -IS\nimport os, sys\nopen(os.environ['TOLD'], 'a').write("
PYTHON += "f'theirs {\" \".join(sys.argv[1:])} {sys.stdin.read().strip()}\\n')\n"

KINDS: dict[str, Callable[[Path], None]] = {
    "a shell script": lambda path: put(path, f"#!/bin/sh\n{THEIRS}"),
    "one that ends in exec": lambda path: put(path, f"#!/bin/sh\n{THEIRS}exec true\n"),
    "one that ends in exit 0": lambda path: put(path, f"#!/bin/sh\n{THEIRS}exit 0\nnever\n"),
    "one that stops at errors": lambda path: put(path, f"#!/bin/sh -eu\n{THEIRS}"),
    "bash by env": lambda path: put(path, f"#!/usr/bin/env bash\nset -euo pipefail\n{THEIRS}"),
    "one without a last line end": lambda path: put(path, f"#!/bin/sh\n{THEIRS.rstrip()}"),
    "with Windows line ends in it": lambda path: put(path, '#!/bin/sh\n: "\r"\r\n' + THEIRS),
    "one that only its owner may read": lambda path: put(path, f"#!/bin/sh\n{THEIRS}", 0o700),
    "Python": lambda path: put(path, PYTHON),
    "one without a first line": lambda path: put(path, THEIRS),
    "a link": put_link,
}
SILENT: dict[str, Callable[[Path], None]] = {
    "nothing": lambda path: None,
    "only a first line": lambda path: put(path, "#!/bin/sh\n"),
    "only a first line without an end": lambda path: put(path, "#!/bin/sh"),
    "not executable": lambda path: put(path, f"#!/bin/sh\n{THEIRS}", 0o644),
    "a sample": lambda path: put(path.with_name("pre-push.sample"), f"#!/bin/sh\n{THEIRS}"),
}


@in_files
@pytest.mark.parametrize("kind", [*KINDS, *SILENT])
def test_a_hook_runs_as_before_and_is_restored(clone: Clone, program: Path, kind: str) -> None:
    path = clone.git_dir / "hooks" / "pre-push"
    {**KINDS, **SILENT}[kind](path)
    path.parent.mkdir(exist_ok=True)
    before = kept(clone)
    install(clone, program)
    once = kept(clone)
    assert install(clone, program) == HookReport([])
    assert kept(clone) == once
    assert set(states(clone, program).values()) == {"installed"}
    theirs = kind in KINDS
    ours = f"ours __hook pre-push origin url\n{CONCERNED.decode()}"
    assert told(clone, stdin=CONCERNED) == (0, ours + (f"theirs origin url {CONCERNED.decode()}" if theirs else ""))
    assert told(clone, stdin=CONCERNED, ANSWER="3") == (3, ours)
    assert told(clone, stdin=b"") == (0, "theirs origin url \n" if theirs else "")
    uninstall(clone)
    assert kept(clone) == before
    assert uninstall(clone) == HookReport([])


@in_files
def test_a_script_for_another_system_fails_as_before(clone: Clone, program: Path) -> None:
    """`#!/bin/sh` with a carriage return behind it: no such interpreter."""
    path = clone.git_dir / "hooks" / "pre-commit"
    put(path, "#!/bin/sh\r\nexit 0\r\n")
    before = kept(clone)
    install(clone, program)
    assert told(clone, "pre-commit")[0] != 0
    uninstall(clone)
    assert kept(clone) == before


@in_files
def test_a_program_sees_its_own_name_and_its_neighbours(clone: Clone, program: Path) -> None:
    """Overcommit, for one, finds out from its name which hook it is."""
    folder = clone.git_dir / "hooks"
    put(folder / "neighbour.py", "HERE = 'imported'\n", 0o644)
    told_what = "neighbour.HERE + os.path.basename(sys.argv[0])"
    body = f"import os, sys, neighbour\nopen(os.environ['TOLD'], 'a').write({told_what})\n"
    put(folder / "pre-commit", f"#!{sys.executable}\n{body}")
    install(clone, program)
    assert told(clone, "pre-commit") == (0, "importedpre-commit")


@in_files
def test_a_folder_in_a_hooks_place_is_left_alone(clone: Clone, program: Path) -> None:
    (clone.git_dir / "hooks" / "pre-commit").mkdir(parents=True)
    report = install(clone, program)
    assert [hook.name for hook in report.hooks if hook.state == "blocked"] == ["pre-commit"]
    assert states(clone, program)["post-merge"] == "installed"
    uninstall(clone)
    assert [path.name for path in (clone.git_dir / "hooks").iterdir()] == ["pre-commit"]


@in_files
@pytest.mark.parametrize("kind", ["a shell script", "Python", "nothing"])
def test_edits_made_meanwhile_are_kept(clone: Clone, program: Path, kind: str) -> None:
    path = clone.git_dir / "hooks" / "pre-push"
    {**KINDS, **SILENT}[kind](path)
    install(clone, program)
    path.write_bytes(path.read_bytes() + b"echo more\n")
    report = uninstall(clone)
    assert path.read_bytes().endswith(b"echo more\n")
    assert b"git milestone" not in path.read_bytes()
    kept = path.with_name("pre-push-before-milestone")
    assert kept.exists() == (kind == "Python")
    assert any(hook.note for hook in report.hooks) == (kind == "Python")


@in_files
def test_another_executable_refreshes_what_is_there(clone: Clone, program: Path, tmp_path: Path) -> None:
    for kind, name in (("a shell script", "pre-commit"), ("Python", "pre-push")):
        KINDS[kind](clone.git_dir / "hooks" / name)
    before = kept(clone)
    install(clone, program)
    moved = tmp_path / "git-milestone"
    program.rename(moved)
    assert set(states(clone, moved).values()) == {"outdated"}
    install(clone, moved)
    assert set(states(clone, moved).values()) == {"installed"}
    assert told(clone, stdin=CONCERNED)[1].startswith("ours")
    uninstall(clone)
    assert kept(clone) == before


@in_files
def test_linked_worktrees_share_them(clone: Clone, program: Path, tmp_path: Path) -> None:
    clone.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    linked = Clone(tmp_path / "linked")
    install(linked, program)
    assert set(states(clone, program).values()) == {"installed"}
    uninstall(clone)
    assert set(states(linked, program).values()) == {"absent"}


@in_files
def test_a_submodule_has_its_own(clone: Clone, program: Path, tmp_path: Path) -> None:
    clone.git("submodule", "add", "-q", str(clone.path), "inner")
    install(Clone(clone.path / "inner"), program)
    assert (clone.git_dir / "modules" / "inner" / "hooks" / "pre-commit").exists()
    assert not (clone.git_dir / "hooks" / "pre-commit").exists()


def test_a_bare_repository_gets_those_of_a_server(clone: Clone, program: Path, tmp_path: Path) -> None:
    run_git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"))
    bare = Clone(tmp_path / "bare.git")
    assert {hook.name for hook in install(bare, program).hooks} == {*SERVER}
    assert states(bare, program) == dict.fromkeys(SERVER, "installed")
    assert {hook.name for hook in install(clone, program, for_server=True).hooks} == {*SERVER}


@in_files
def test_a_folder_of_hooks_of_this_repository_alone_is_used(clone: Clone, program: Path, tmp_path: Path) -> None:
    put(tmp_path / "mine" / "pre-commit", f"#!/bin/sh\n{THEIRS}")
    clone.git("config", "core.hooksPath", str(tmp_path / "mine"))
    before = snapshot(tmp_path / "mine")
    assert {hook.place for hook in install(clone, program).hooks} == {str(tmp_path / "mine" / name) for name in CLIENT}
    uninstall(clone)
    assert snapshot(tmp_path / "mine") == before


@in_files
def test_a_folder_that_others_share_is_not_touched(clone: Clone, program: Path, tmp_path: Path) -> None:
    (tmp_path / "all").mkdir()
    clone.git("config", "--global", "core.hooksPath", str(tmp_path / "all"))
    report = install(clone, program)
    assert report.obstacle is not None
    assert report.obstacle.tool == "shared"
    assert snapshot(tmp_path / "all") == {}


@in_files
def test_committed_hooks_are_not_touched(clone: Clone, program: Path) -> None:
    put(clone.path / ".githooks" / "pre-commit", f"#!/bin/sh\n{THEIRS}")
    clone.git("add", ".githooks")
    clone.git("commit", "-qm", "hooks")
    clone.git("config", "core.hooksPath", ".githooks")
    report = install(clone, program)
    assert report.obstacle is not None
    assert report.obstacle.tool == "tracked"
    assert clone.status() == ""


@pytest.mark.parametrize(
    ("sign", "tool"),
    [(".pre-commit-config.yaml", "pre-commit"), (".husky", "husky"), ("lefthook.yml", "lefthook")],
)
def test_other_tools_are_given_way(clone: Clone, program: Path, sign: str, tool: str) -> None:
    (clone.path / sign).write_text("")
    before = snapshot(clone.git_dir / "hooks")
    report = install(clone, program)
    assert report.obstacle is not None
    assert report.obstacle.tool == tool
    assert snapshot(clone.git_dir / "hooks") == before
    assert report.has_changed_drivers  # which are in nobody's way


def test_a_dry_run_changes_nothing(clone: Clone, program: Path) -> None:
    before = snapshot(clone.git_dir)
    assert {hook.name for hook in install(clone, program, is_dry_run=True).hooks} == {*CLIENT}
    assert snapshot(clone.git_dir) == before


@in_files
def test_a_read_only_folder_says_so(clone: Clone, program: Path) -> None:
    from gitmilestone.errors import EnvironmentFault

    if os.geteuid() == 0:
        clone.git("config", "core.hooksPath", "/proc/self/hooks")
    else:
        (clone.git_dir / "hooks").mkdir(mode=0o555, exist_ok=True)
    with pytest.raises(EnvironmentFault, match=r"can't write|read-only"):
        install(clone, program)


@pytest.mark.parametrize("name", [*CLIENT, *SERVER])
def test_the_configuration_runs_what_files_run(clone: Clone, program: Path, name: str) -> None:
    """As git does it: by a shell, with the arguments behind the command."""
    with clone.store() as store:
        for key, value in iter_settings(name, str(program), find_stubs()):
            store.git.check("config", "--local", "--replace-all", key, value)
    command = clone.git("config", "--get", f"hook.milestone-{name}.command")
    assert command == compose_command(name, str(program), find_stubs())
    assert clone.git("config", "--get", f"hook.milestone-{name}.event") == name
    # Nothing concerns a milestone.
    args = {"update": ["refs/tags/x", "1", "2"], "commit-msg": ["readme"], "prepare-commit-msg": ["readme"]}
    done = subprocess.run(
        ["sh", "-c", f'{command} "$@"', command, *args.get(name, [])], cwd=clone.path, input=b"", capture_output=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not Path(os.environ["TOLD"]).exists()


@in_configuration
def test_hooks_in_the_configuration_leave_the_folder_alone(clone: Clone, program: Path) -> None:
    before = snapshot(clone.git_dir / "hooks")
    config = (clone.git_dir / "config").read_bytes()
    install(clone, program)
    assert install(clone, program).hooks == []
    assert snapshot(clone.git_dir / "hooks") == before
    assert "milestone-pre-commit" in clone.git("hook", "list", "pre-commit")
    uninstall(clone)
    assert (clone.git_dir / "config").read_bytes() == config


def test_the_configuration_is_cleared_too(clone: Clone, program: Path) -> None:
    config = (clone.git_dir / "config").read_bytes()
    with clone.store() as store:
        for key, value in iter_settings("pre-commit", str(program), find_stubs()):
            store.git.check("config", "--local", key, value)
    assert [hook.place for hook in uninstall(clone).hooks] == ["hook.milestone-pre-commit"]
    assert (clone.git_dir / "config").read_bytes() == config


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "ksh"])
@pytest.mark.parametrize("name", [*CLIENT, *SERVER])
def test_every_shell_can_read_them(name: str, shell: str) -> None:
    block = compose_block(name, "/a/git milestone's", find_stubs())
    try:
        done = subprocess.run([shell, "-n"], input=make_file(compose_whole(block, name, True)), capture_output=True)
    except FileNotFoundError:
        pytest.skip(f"there is no {shell}")
    assert (done.returncode, done.stderr) == (0, b"")


LINES = st.sampled_from([b"echo a", b"", b"exit 0", b"\xff\x00", b"# >>> other >>>", b"a\r"])


@given(st.lists(LINES), st.booleans())
def test_a_block_goes_as_it_came(lines: list[bytes], is_ended: bool) -> None:
    content = b"\n".join([b"#!/bin/sh", *lines]) + b"\n" * is_ended
    found = split(insert(content, compose_block("pre-push", "/p", find_stubs())))
    assert found is not None
    assert found.rest == content
    assert split(content) is None


def test_the_executable_is_named_whatever_its_path(clone: Clone, tmp_path: Path) -> None:
    odd = tmp_path / "a 'b' $c" / "git-milestone"
    odd.parent.mkdir()
    put(odd, "#!/bin/sh\nexit 7\n")
    with clone.store() as store:
        files = HookFiles(store.repository, str(odd))
        text = compose_command("update", files.program, files.stubs)
    assert shlex.quote(str(odd)) in text
    done = subprocess.run(
        ["sh", "-c", f'{text} "$@"', text, "refs/heads/x", "1", "2"], cwd=clone.path, capture_output=True, check=False
    )
    assert done.returncode == 7
