"""What is pushed is checked before it leaves, and where it arrives, with real pushes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hooks.conftest import OPEN, Said, install
from tests.repositories import Clone, run_git

Run = Callable[..., Said]
Lay = Callable[..., Path]

BROKEN = "schema: 1\n\ntitle: Broken\n\nstatus: nonsense\n"
BAD = ".milestones/active/beta.yaml:5: error:"


@pytest.fixture
def server(hooked: Clone, tmp_path: Path) -> Clone:
    run_git("clone", "-q", "--bare", str(hooked.path), str(tmp_path / "server.git"))
    hooked.git("remote", "add", "origin", f"file://{tmp_path}/server.git")
    hooked.git("fetch", "-q")
    return Clone(tmp_path / "server.git")


@pytest.fixture
def guarded(server: Clone, program: Path) -> Clone:
    """The same, with hooks that refuse bad pushes."""
    install(server, program)
    return server


def commit_bad(clone: Clone, lay: Lay) -> None:
    lay(clone, "active/beta.yaml", BROKEN)
    clone.git("commit", "-qam", "bad", "--no-verify")


def test_a_bad_push_does_not_leave(hooked: Clone, server: Clone, run: Run, lay: Lay) -> None:
    commit_bad(hooked, lay)
    done = run(hooked, "push", "-q", "origin", "main")
    assert done.status == 1
    assert BAD in done.out
    assert "--no-verify" in done.out
    assert run(hooked, "push", "-q", "--no-verify", "origin", "main") == Said(0, "")
    assert server.git("rev-parse", "main") == hooked.head


def test_a_new_branch_is_checked_from_where_it_leaves(hooked: Clone, server: Clone, run: Run, lay: Lay) -> None:
    commit_bad(hooked, lay)
    hooked.git("push", "-q", "--no-verify", "origin", "main")
    hooked.git("switch", "-qc", "side")
    lay(hooked, "active/good.yaml")
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "good")
    assert run(hooked, "push", "-q", "origin", "side") == Said(0, "")
    lay(hooked, "active/bad.yaml", BROKEN)
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "bad", "--no-verify")
    hooked.git("switch", "-qc", "another")
    done = run(hooked, "push", "-q", "origin", "another", "side")
    assert done.status == 1
    assert "another was not pushed" in done.out
    assert "side was not pushed" in done.out
    assert "beta" not in done.out


def test_a_first_push_is_checked_whole(hooked: Clone, run: Run, lay: Lay, tmp_path: Path) -> None:
    run_git("init", "-q", "--bare", str(tmp_path / "empty.git"))
    commit_bad(hooked, lay)
    done = run(hooked, "push", "-q", str(tmp_path / "empty.git"), "main")
    assert done.status == 1
    assert BAD in done.out


@pytest.mark.parametrize("args", [["--delete", "main"], ["HEAD:refs/tags/t"], ["HEAD:refs/notes/x"]])
def test_what_is_no_branch_passes(hooked: Clone, server: Clone, run: Run, lay: Lay, args: list[str]) -> None:
    server.git("symbolic-ref", "HEAD", "refs/heads/other")
    commit_bad(hooked, lay)
    assert run(hooked, "push", "-q", "origin", *args).status == 0


def test_a_forced_push_over_unknown_commits(hooked: Clone, server: Clone, run: Run, lay: Lay, tmp_path: Path) -> None:
    run_git("clone", "-q", str(server.path), str(tmp_path / "other"))
    other = Clone(tmp_path / "other")
    other.new("theirs")
    other.git("push", "-q", "origin", "main")
    lay(hooked, "active/mine.yaml")
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "mine")
    assert run(hooked, "push", "-q", "--force", "origin", "main") == Said(0, "")
    commit_bad(hooked, lay)
    other.new("theirs-too")
    other.git("push", "-q", "--force", "origin", "main")
    assert run(hooked, "push", "-q", "--force", "origin", "main").status == 1


@pytest.mark.parametrize("only", ["pre-receive", "update"])
def test_a_bad_push_is_refused_where_it_arrives(hooked: Clone, guarded: Clone, run: Run, lay: Lay, only: str) -> None:
    """While the objects are still in quarantine."""
    for name in {"pre-receive", "update"} - {only}:
        (guarded.path / "hooks" / name).unlink()
    before = guarded.git("rev-parse", "main")
    commit_bad(hooked, lay)
    bad = hooked.head
    done = run(hooked, "push", "-q", "--no-verify", "origin", "main")
    assert done.status == 1
    assert f"remote: {BAD}" in done.out
    assert "remote: error: 1 error in milestones: main was not pushed" in done.out
    assert guarded.git("rev-parse", "main") == before
    if only == "pre-receive":
        assert guarded.git("cat-file", "-t", bad, is_checked=False) == ""
    lay(hooked, "active/beta.yaml")
    hooked.git("commit", "-qam", "mended")
    assert run(hooked, "push", "-q", "origin", "main") == Said(0, "")
    assert guarded.git("rev-parse", "main") == hooked.head
    guarded.fsck()


def test_good_and_code_pushes_pass(hooked: Clone, guarded: Clone, run: Run) -> None:
    hooked.edit("beta", owner="bo@example.com")
    hooked.complete("ship-2fa")
    assert run(hooked, "push", "-q", "origin", "main") == Said(0, "")
    (hooked.path / "readme").write_text("more\n")
    hooked.git("commit", "-qam", "code")
    assert run(hooked, "push", "-q", "origin", "main") == Said(0, "")
    assert run(hooked, "push", "-q", "origin", "main:new", "main:other", "HEAD:refs/tags/v1") == Said(0, "")
    assert run(hooked, "push", "-q", "origin", "--delete", "new") == Said(0, "")


def test_warnings_are_told_once_and_let_pass(hooked: Clone, guarded: Clone, run: Run) -> None:
    """What others wait for is gone, which the server finds by an index of its own."""
    hooked.edit("beta", depends_on=["ship-2fa"])
    assert run(hooked, "push", "-q", "origin", "main") == Said(0, "")
    hooked.git("rm", "-q", ".milestones/active/ship-2fa.yaml")
    hooked.git("commit", "-qm", "gone", "--no-verify")
    done = run(hooked, "push", "-q", "--no-verify", "origin", "main")
    assert done.status == 0
    assert done.out.count("dangling-dependency") == 1


def test_one_bad_branch_of_two(hooked: Clone, guarded: Clone, run: Run, lay: Lay) -> None:
    hooked.new("fine")
    hooked.git("branch", "good")
    commit_bad(hooked, lay)
    hooked.git("branch", "bad")
    assert run(hooked, "push", "-q", "--no-verify", "origin", "good", "bad").status == 1
    assert guarded.git("branch", "--list", "good", "bad") == ""
    (guarded.path / "hooks" / "pre-receive").unlink()
    assert run(hooked, "push", "-q", "--no-verify", "origin", "good", "bad").status == 1
    assert guarded.git("branch", "--list", "good", "bad").split() == ["good"]


def test_a_link_in_place_of_the_folder_is_refused(hooked: Clone, guarded: Clone, run: Run) -> None:
    hooked.git("rm", "-rq", "--cached", ".milestones")
    blob = hooked.git("hash-object", "-w", "--stdin", stdin=b"/etc")
    hooked.git("update-index", "--add", "--cacheinfo", f"120000,{blob},.milestones")
    hooked.git("commit", "-qm", "link", "--no-verify")
    done = run(hooked, "push", "-q", "--no-verify", "origin", "main")
    assert done.status == 1
    assert "remote:" in done.out


def test_what_goes_to_anothers_terminal_is_harmless(hooked: Clone, guarded: Clone, run: Run, lay: Lay) -> None:
    lay(hooked, "active/beta.yaml", OPEN.format(title="B").replace("in_progress", '"\\e[2J\\r"'))
    lay(hooked, "active/\033[31m.yaml", BROKEN)
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "harm", "--no-verify")
    done = run(hooked, "push", "-q", "--no-verify", "origin", "main")
    assert done.status == 1
    assert "\033[2J" not in done.out
    assert "\033[31m" not in done.out.replace("\033[31mremote", "")


def test_a_server_without_the_executable_refuses_milestones_alone(
    hooked: Clone, guarded: Clone, program: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.rename(program.with_name("gone"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (hooked.path / "readme").write_text("more\n")
    hooked.git("commit", "-qam", "code")
    assert run(hooked, "push", "-q", "origin", "main") == Said(0, "")
    hooked.new("fine", title="Fine")
    done = run(hooked, "push", "-q", "--no-verify", "origin", "main")
    assert done.status == 1
    assert "the push is refused until it is installed on this server" in done.out


def test_others_hooks_see_what_was_pushed(
    hooked: Clone, guarded: Clone, program: Path, run: Run, tmp_path: Path
) -> None:
    """Theirs reads the same lines behind ours."""
    for name in ("pre-receive", "update"):
        (guarded.path / "hooks" / name).unlink()
    (guarded.path / "hooks" / "pre-receive").write_text(f"#!/bin/sh\ncat > {tmp_path}/seen\n")
    (guarded.path / "hooks" / "pre-receive").chmod(0o755)
    install(guarded, program)
    old = hooked.head
    hooked.edit("beta", owner="bo@example.com")
    assert run(hooked, "push", "-q", "origin", "main") == Said(0, "")
    assert (tmp_path / "seen").read_text() == f"{old} {hooked.head} refs/heads/main\n"
