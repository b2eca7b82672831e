"""What is pushed is checked before it leaves, and where it arrives, with real pushes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.changes.commit import commit_edit
from gitmilestone.operations.editing.milestones import transition
from gitmilestone.store.asking.pushed import find_fork
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
    """By the side that has them; the other one need not tell what nobody is to be stopped for."""
    hooked.edit("beta", depends_on=["ship-2fa"])
    assert run(hooked, "push", "-q", "origin", "main") == Said(0, "")
    hooked.git("rm", "-q", ".milestones/active/ship-2fa.yaml")
    hooked.git("commit", "-qm", "gone", "--no-verify")
    done = run(hooked, "push", "-q", "origin", "main")
    assert done.status == 0
    assert done.out.count("dangling-dependency") == 1
    assert "remote:" not in done.out


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


STEPS = "check:\n  transitions:\n    planned: [in_progress]\n"


def test_a_status_may_go_step_by_step(hooked: Clone, guarded: Clone, run: Run) -> None:
    """One commit after the other, in one push; all at once it may not."""
    path = hooked.path / ".milestones" / "config" / "project.yaml"
    path.write_text(f"{path.read_text()}\n{STEPS}")
    hooked.git("commit", "-qam", "settings")
    assert run(hooked, "push", "-q", "origin", "main") == Said(0, "")
    with hooked.store() as store:
        commit_edit(store, transition("start", ["beta"]))
    hooked.complete("beta")
    assert run(hooked, "push", "-q", "origin", "main", "main:new") == Said(0, "")
    done = run(hooked, "revert", "--no-edit", "HEAD", "HEAD~1")
    assert done.status == 0, done.out
    assert run(hooked, "push", "-q", "--no-verify", "origin", "main") == Said(0, "")
    hooked.git("reset", "-q", "--hard", "HEAD~2")
    hooked.git("reset", "-q", "--soft", "HEAD~2")
    hooked.git("commit", "-qm", "at once", "--no-verify")
    done = run(hooked, "push", "-q", "--force", "origin", "main")
    assert done.status == 1
    assert "forbidden-transition" in done.out


def test_a_push_to_a_url_is_checked_from_what_any_remote_has(hooked: Clone, server: Clone, run: Run, lay: Lay) -> None:
    commit_bad(hooked, lay)
    hooked.git("push", "-q", "--no-verify", "origin", "main")
    hooked.new("fine")
    assert run(hooked, "push", "-q", f"file://{server.path}", "main:side") == Said(0, "")


@pytest.fixture
def calls(program: Path, tmp_path: Path) -> Callable[[], list[str]]:
    """Which hooks our executable was started for, since it was last asked."""
    place = tmp_path / "calls"
    real = program.with_name("real")
    real.write_text(program.read_text())
    real.chmod(0o755)
    program.write_text(f'#!/bin/sh\necho "$2" >> {place}\nexec {real} "$@"\n')

    def take() -> list[str]:
        told = place.read_text().split() if place.exists() else []
        place.unlink(missing_ok=True)
        return told

    return take


def test_a_new_branch_of_code_starts_nothing(
    hooked: Clone, guarded: Clone, run: Run, calls: Callable[[], list[str]]
) -> None:
    (hooked.path / "readme").write_text("more\n")
    hooked.git("commit", "-qam", "code")
    assert run(hooked, "push", "-q", "origin", "main:new", "main:new'er$(x)") == Said(0, "")
    hooked.git("fetch", "-q")
    hooked.git("merge", "-q", "--no-ff", "-m", "merged", "origin/new")
    assert run(hooked, "push", "-q", "origin", "main:newest") == Said(0, "")
    assert calls() == []
    hooked.new("fine")
    assert run(hooked, "push", "-q", "origin", "main:with-a-milestone") == Said(0, "")
    assert calls() == ["pre-push", "pre-receive"]


def test_without_the_executable_a_new_branch_of_code_passes(
    hooked: Clone, guarded: Clone, program: Path, run: Run, lay: Lay, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.rename(program.with_name("gone"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (hooked.path / "readme").write_text("more\n")
    hooked.git("commit", "-qam", "code")
    assert run(hooked, "push", "-q", "origin", "main:new") == Said(0, "")
    lay(hooked, "active/new.yaml")
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "new", "--no-verify")
    assert "pass --no-verify" in run(hooked, "push", "-q", "origin", "main:newer").out
    for _ in ("pre-receive", "update"):
        done = run(hooked, "push", "-q", "--no-verify", "origin", "main:newer")
        assert (done.status, "remote: git milestone:" in done.out) == (1, True)
        (guarded.path / "hooks" / "pre-receive").unlink(missing_ok=True)
    assert run(hooked, "push", "-q", "--no-verify", "origin", "main~1:refs/heads/newest") == Said(0, "")


def test_a_forced_push_of_code_over_unknown_commits_starts_nothing(
    hooked: Clone, server: Clone, run: Run, tmp_path: Path, calls: Callable[[], list[str]]
) -> None:
    run_git("clone", "-q", str(server.path), str(tmp_path / "other"))
    other = Clone(tmp_path / "other")
    other.new("theirs")
    other.git("push", "-q", "origin", "main")
    (hooked.path / "readme").write_text("more\n")
    hooked.git("commit", "-qam", "code")
    assert run(hooked, "push", "-q", "--force", "origin", "main") == Said(0, "")
    assert calls() == []


def test_a_server_looks_once_at_a_push(hooked: Clone, guarded: Clone, run: Run, calls: Callable[[], list[str]]) -> None:
    """What pre-receive has passed, `update` passes; without it, or with another in its place, it looks for itself."""
    hooked.new("one")
    assert run(hooked, "push", "-q", "--no-verify", "origin", "main") == Said(0, "")
    assert calls() == ["pre-receive"]
    hook = guarded.path / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\n")
    hooked.new("two")
    assert run(hooked, "push", "-q", "--no-verify", "origin", "main", "main:other") == Said(0, "")
    assert calls() == ["update"]  # the second branch brings nothing more
    hook.unlink()
    hooked.new("three")
    assert run(hooked, "push", "-q", "--no-verify", "origin", "main") == Said(0, "")
    assert calls() == ["update"]


MANY = 60_000
"""More commits than fit into the arguments of a process."""


def test_a_new_branch_beside_very_many(hooked: Clone, guarded: Clone, run: Run, lay: Lay) -> None:
    commit = "commit refs/heads/long\ncommitter Ana <a@example.com> 1700000000 +0000\ndata 0\n"
    guarded.git("fast-import", "--quiet", stdin=commit.encode() * MANY)
    refs = (
        f"{oid} refs/heads/many/{number:06}\n" for number, oid in enumerate(guarded.git("rev-list", "long").split())
    )
    with (guarded.path / "packed-refs").open("a") as packed:
        packed.writelines(refs)
    hooked.new("fine")
    assert run(hooked, "push", "-q", "origin", "main:new") == Said(0, "")
    commit_bad(hooked, lay)
    assert run(hooked, "push", "-q", "--no-verify", "origin", "main:newer").status == 1


def test_where_a_branch_left_the_others(hooked: Clone) -> None:
    """The last commit that it shares with any of them, though it has joined some on its way."""

    def commit(word: str) -> str:
        hooked.git("commit", "-q", "--allow-empty", "-m", word, GIT_COMMITTER_DATE=f"@{1800000000 + len(dates)} +0000")
        dates.append(word)
        return hooked.head

    dates: list[str] = []
    first, last = commit("first"), commit("last")
    hooked.git("branch", "known/one")
    hooked.git("switch", "-qc", "side", first)
    aside = commit("aside")
    hooked.git("merge", "-q", "-m", "joined", "known/one")
    beyond = commit("beyond")
    hooked.git("switch", "-q", "--orphan", "alone")
    alone = commit("alone")
    with hooked.store() as store:
        assert find_fork(store, aside, "refs/heads/known/") == first
        assert find_fork(store, beyond, "refs/heads/known/") == last
        assert find_fork(store, first, "refs/heads/known/") == first
        assert find_fork(store, alone, "refs/heads/known/") is None
        assert find_fork(store, beyond, "refs/heads/unknown/") is None
