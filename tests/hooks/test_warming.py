"""The hooks behind commits, switches, merges and rebases, with real ones."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.changes.commit import commit_edit
from gitmilestone.operations.carry_out import follow_write
from gitmilestone.operations.editing.milestones import transition
from gitmilestone.operations.scaling.index import get_index_status, rebuild_index
from tests.hooks.conftest import OPEN, Said, install
from tests.repositories import Clone, run_git

Run = Callable[..., Said]
Lay = Callable[..., Path]


def build_index(clone: Clone) -> None:
    with clone.store() as store:
        rebuild_index(store)


def is_fresh(clone: Clone) -> bool:
    with clone.store() as store:
        return get_index_status(store).stamp == store.files_at().tree


@pytest.fixture
def upstream(hooked: Clone, program: Path, tmp_path: Path) -> Clone:
    """Where `hooked` pulls from; it has our hooks too."""
    run_git("clone", "-q", str(hooked.path), str(tmp_path / "upstream"))
    other = Clone(tmp_path / "upstream")
    hooked.git("remote", "add", "origin", str(other.path))
    hooked.git("fetch", "-q")
    hooked.git("branch", "-q", "--set-upstream-to=origin/main")
    install(other, program)
    return other


def change_much(clone: Clone) -> None:
    clone.complete("ship-2fa")
    clone.edit("beta", due="2027-02-01", owner="bo@example.com")
    clone.new("gamma")


TOLD = "3 milestones changed: beta due 2027-01-15 -> 2027-02-01 and owner, gamma added, ship-2fa completed\n"


@pytest.mark.parametrize("way", ["fast-forward", "merge", "rebase"])
def test_a_pull_tells_what_changed(hooked: Clone, upstream: Clone, run: Run, way: str) -> None:
    build_index(hooked)
    change_much(upstream)
    if way != "fast-forward":
        (hooked.path / "readme").write_text("mine\n")
        hooked.git("commit", "-qam", "mine")
    done = run(hooked, "pull", "-q", "--rebase" if way == "rebase" else "--no-rebase")
    assert done == Said(0, TOLD)
    assert is_fresh(hooked)
    assert hooked.status() == ""


def test_a_pull_of_code_says_nothing(hooked: Clone, upstream: Clone, run: Run) -> None:
    (upstream.path / "readme").write_text("more\n")
    upstream.git("commit", "-qam", "code")
    assert run(hooked, "pull", "-q") == Said(0, "")


def test_what_is_told_is_short(hooked: Clone, upstream: Clone, run: Run, lay: Lay) -> None:
    for number in range(250):
        lay(upstream, f"active/many-{number:03}.yaml")
        if number in (11, 249):
            upstream.git("add", ".")
            upstream.git("commit", "-qm", "many", "--no-verify")
            done = run(hooked, "pull", "-q")
            assert done.status == 0
            assert done.out.count("\n") == 1
            assert len(done.out) < 200
    assert done.out == "238 milestones changed (`git milestone diff ORIG_HEAD HEAD`)\n"


def test_what_a_clean_merge_breaks_is_told(hooked: Clone, upstream: Clone, run: Run, lay: Lay) -> None:
    """A text merge may join two good files to a bad one; no hook of git checks that before it is committed."""
    text = OPEN.format(title="Joined")
    lay(hooked, "active/joined.yaml", text)
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "before")
    upstream.git("pull", "-q")
    lay(upstream, "active/joined.yaml", text.replace("title:", "estimate: 3d\n\ntitle:"))
    upstream.git("commit", "-qam", "above")
    lay(hooked, "active/joined.yaml", text + "\nestimate: 5d\n")
    hooked.git("commit", "-qam", "below")
    hooked.git("config", "--remove-section", "merge.milestone")  # with the driver they are in conflict
    done = run(hooked, "pull", "-q", "--no-rebase")
    assert done.status == 0
    assert "duplicate-key" in done.out
    assert "git milestone check" in done.out


def test_a_dependency_that_a_merge_leaves_dangling_is_told(hooked: Clone, upstream: Clone, run: Run) -> None:
    upstream.delete("ship-2fa")
    hooked.edit("beta", depends_on=["ship-2fa"])
    done = run(hooked, "pull", "-q", "--no-rebase")
    assert done.status == 0
    assert done.out.startswith("1 milestone changed: ship-2fa deleted\n.milestones/active/beta.yaml:")
    assert "it depends on ship-2fa, which is not there" in done.out
    assert done.out.count("\n") == 2


def test_a_status_that_came_step_by_step_is_none_of_a_pulls_faults(hooked: Clone, upstream: Clone, run: Run) -> None:
    path = upstream.path / ".milestones" / "config" / "project.yaml"
    path.write_text(f"{path.read_text()}\ncheck:\n  transitions:\n    planned: [in_progress]\n")
    upstream.git("commit", "-qam", "settings")
    assert run(hooked, "pull", "-q").status == 0
    with upstream.store() as store:
        commit_edit(store, transition("start", ["beta"]))
    upstream.complete("beta")
    assert run(hooked, "pull", "-q") == Said(0, "1 milestone changed: beta completed\n")


@pytest.mark.parametrize("how", ["commit", "switch", "worktree"])
def test_the_index_is_warm_afterwards(hooked: Clone, run: Run, lay: Lay, tmp_path: Path, how: str) -> None:
    user = hooked
    if how == "worktree":
        hooked.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
        user = Clone(tmp_path / "linked")
    build_index(user)
    lay(user, "active/new.yaml")
    user.git("add", ".")
    if how == "switch":
        user.git("commit", "-qm", "new", "--no-verify")
        assert run(user, "switch", "-q", "--detach", "HEAD~1") == Said(0, "")
    else:
        assert run(user, "commit", "-qm", "new") == Said(0, "")
    assert is_fresh(user)


def test_no_index_is_made(hooked: Clone, upstream: Clone, run: Run) -> None:
    change_much(upstream)
    run(hooked, "pull", "-q")
    with hooked.store() as store:
        assert not get_index_status(store).is_there


def test_restoring_a_file_is_no_switch(hooked: Clone, run: Run) -> None:
    build_index(hooked)
    (hooked.path / "readme").write_text("more\n")
    assert run(hooked, "checkout", "-q", "--", "readme") == Said(0, "")


@pytest.mark.parametrize("backend", ["--merge", "--apply"])
def test_a_rebase_is_looked_at_once_it_is_done(
    hooked: Clone, run: Run, lay: Lay, monkeypatch: pytest.MonkeyPatch, program: Path, backend: str
) -> None:
    told = program.parent / "told"
    program.write_text(program.read_text().replace("\n", f'\necho "$*" >> "{told}"\n', 1))
    hooked.git("switch", "-qc", "side", "HEAD~1")
    for name in ("one", "two", "three"):
        lay(hooked, f"active/{name}.yaml")
        hooked.git("add", ".")
        hooked.git("commit", "-qm", name)
    build_index(hooked)
    told.unlink(missing_ok=True)
    done = run(hooked, "rebase", "-q", backend, "main")
    assert done == Said(0, "1 milestone changed: beta added\n")
    switch, *behind = told.read_text().splitlines()
    # The older backend switches before it says that it is at work.
    assert switch.startswith("__hook post-checkout" if backend == "--apply" else "__hook post-rewrite")
    assert behind == (["__hook post-rewrite rebase"] if backend == "--apply" else [])
    assert is_fresh(hooked)


def test_an_amended_commit_is_looked_at_once(hooked: Clone, run: Run, lay: Lay) -> None:
    build_index(hooked)
    lay(hooked, "active/new.yaml")
    hooked.git("add", ".")
    assert run(hooked, "commit", "-q", "--amend", "--no-edit") == Said(0, "")
    assert is_fresh(hooked)


def test_a_damaged_index_stops_nothing(hooked: Clone, run: Run, lay: Lay) -> None:
    build_index(hooked)
    with hooked.store() as store:
        Path(get_index_status(store).path).write_bytes(b"no database" * 1000)
    lay(hooked, "active/new.yaml")
    hooked.git("add", ".")
    assert run(hooked, "commit", "-qm", "new").status == 0
    assert run(hooked, "switch", "-q", "--detach", "HEAD~1").status == 0


def outgrow(clone: Clone, lay: Lay) -> None:
    """More milestones than the file tier is for, wanted for longer than the delay."""
    for number in range(60):
        lay(clone, f"active/many-{number:03}.yaml", OPEN.format(title=f"Do {number}"))
    clone.git("add", ".")
    clone.git("commit", "-qm", "many", "--no-verify")


@pytest.mark.parametrize("way", ["fast-forward", "merge"])
def test_a_pull_may_move_the_project_to_another_tier(
    hooked: Clone, upstream: Clone, run: Run, lay: Lay, way: str
) -> None:
    """In a commit of its own; git has not done with a real merge when the hook runs, so the next write makes it."""
    outgrow(upstream, lay)
    now = int(time.time())
    with hooked.store() as store:
        store.write_state("scale", f"looked {now - 9000}\nnext {now - 1}\nsqlite {now - 8000}")
    if way == "merge":
        hooked.git("commit", "-q", "--allow-empty", "-m", "mine")
    (hooked.path / "src" / "main.c").write_text("not committed\n")
    done = run(hooked, "pull", "-q", "--no-rebase")
    assert done.status == 0
    assert "60 milestones changed: many-000 added" in done.out
    assert "warning" not in done.out
    assert ("migrated tier file -> sqlite" in done.out) == (way == "fast-forward")
    if way == "merge":
        with hooked.store() as store:
            follow_write(store)
    assert hooked.git("log", "-1", "--format=%s") == "milestone: migrate tier file -> sqlite"
    assert hooked.status() == " M src/main.c"
    assert hooked.locks() == []
    hooked.fsck()


def test_nothing_that_stays_is_started(hooked: Clone, upstream: Clone, run: Run) -> None:
    """A project with a mirror, whose server sleeps: a hook does not wake it."""
    path = upstream.path / ".milestones" / "config" / "tier.yaml"
    path.write_text(path.read_text().replace("file", "postgresql"))
    upstream.git("commit", "-qam", "tier", "--no-verify")
    assert run(hooked, "pull", "-q").status == 0
    assert not (hooked.git_dir / "milestone" / "postgres").exists()
    assert not any(name.startswith("PG") for name in os.environ)
