"""Edits of the work tree become a branch; nothing else is touched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gitmilestone.errors import (
    EnvironmentFault,
    HookRejected,
    InvalidContent,
    InvalidRequest,
    OperationInProgress,
    Refused,
    UnsafePath,
)
from gitmilestone.operations.merging.propose import Proposal, propose
from gitmilestone.store.joining import new_branch
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone

BETA = ".milestones/active/beta.yaml"
NEW = ".milestones/active/new.yaml"
TEXT = "schema: 1\n\ntitle: New\n\nstatus: planned\n"


def hand_in(clone: Clone, branch: str = "", base: str = "HEAD", message: str | None = None, **more: Any) -> Proposal:
    with clone.store() as store:
        return propose(store, branch, base, WriteOptions(message=message), **more)


def rewrite(clone: Clone, path: str, old: str, new: str) -> None:
    file = clone.path / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.fixture
def edited(clone: Clone) -> Clone:
    """An edit that is not staged, one that is, a new file, and a deleted one; and work of the user's beside them."""
    for name in ("beta", "docs", "old"):
        clone.new(name, due="2027-01-15")
    clone.git("tag", "before")
    rewrite(clone, BETA, "2027-01-15", "2027-02-01")
    rewrite(clone, ".milestones/active/docs.yaml", "owner:", "owner: bo")
    clone.git("add", ".milestones/active/docs.yaml")
    (clone.path / NEW).write_text(TEXT)
    (clone.path / ".milestones/active/old.yaml").unlink()
    (clone.path / ".milestones/active/beta.yaml~").write_text("an editor's")
    (clone.path / "readme").write_text("dirty\n")
    (clone.path / "staged.txt").write_text("staged\n")
    clone.git("add", "staged.txt")
    return clone


TOUCHED = [BETA, NEW, ".milestones/active/docs.yaml", ".milestones/active/old.yaml"]


def test_the_edits_move_to_a_branch(edited: Clone) -> None:
    others, head = edited.others(*TOUCHED), edited.head
    proposal = hand_in(edited)
    assert proposal.branch == "milestone-update-4-milestones-1-created-1-deleted"
    assert [change.id for change in proposal.changes] == ["beta", "docs", "new", "old"]
    after = edited.others(*TOUCHED)
    after.git_dir.pop(f"refs/heads/{proposal.branch}")
    after.git_dir.pop(f"logs/refs/heads/{proposal.branch}")
    others.assert_kept(after)
    assert edited.head == head
    assert edited.git("status", "--short", ".milestones") == "?? .milestones/active/beta.yaml~"
    assert edited.git("rev-parse", f"{proposal.branch}^") == head
    assert edited.git("diff", "--name-status", head, proposal.branch).split() == [
        *("M", BETA),
        *("M", ".milestones/active/docs.yaml"),
        *("A", NEW),
        *("D", ".milestones/active/old.yaml"),
    ]
    assert edited.git("show", f"{proposal.branch}:{NEW}") + "\n" == TEXT
    assert edited.git("log", "-1", "--format=%B%an", proposal.branch) == (
        "milestone: update 4 milestones (1 created, 1 deleted, 1 slipped)\n"
        "\n"
        "- beta: due 2027-01-15 -> 2027-02-01\n"
        "- docs: owner + bo\n"
        "- new: created, New\n"
        "- old: deleted, Do old, due 2027-01-15\n"
        "Ana Lima"
    )
    edited.fsck()
    assert edited.locks() == []
    with pytest.raises(Refused, match="nothing to propose"):
        hand_in(edited)


def test_the_edits_may_stay(edited: Clone) -> None:
    others = edited.others()
    proposal = hand_in(edited, "mine", keeps=True, message="Mine\n")
    after = edited.others()
    after.git_dir.pop("refs/heads/mine")
    after.git_dir.pop("logs/refs/heads/mine")
    others.assert_kept(after)
    assert edited.git("log", "-1", "--format=%B", "mine") == "Mine\n"
    assert proposal.left == ()
    with pytest.raises(Refused, match="a branch mine already"):
        hand_in(edited, "mine")
    # A name that is made gets a number where it is taken.
    first, second = hand_in(edited, keeps=True).branch, hand_in(edited).branch
    assert second == f"{first}-2"


def test_on_another_base(clone: Clone) -> None:
    for name in ("beta", "docs"):
        clone.new(name, due="2027-01-15")
    clone.git("tag", "before")
    clone.new("later")
    clone.edit("docs", project="x")
    rewrite(clone, BETA, "2027-01-15", "2027-02-01")
    rewrite(clone, ".milestones/active/docs.yaml", "owner:", "owner: bo")
    with pytest.raises(Refused, match=r"docs\.yaml is not the same in HEAD and in before"):
        hand_in(clone, base="before")
    clone.git("checkout", "-q", "HEAD", "--", ".milestones/active/docs.yaml")
    proposal = hand_in(clone, base="before")
    assert clone.git("rev-parse", f"{proposal.branch}^") == clone.git("rev-parse", "before")
    assert clone.ids(proposal.branch) == {"beta", "docs"}
    assert clone.ids() == {"beta", "docs", "later"}
    assert clone.status() == ""


def test_errors_are_refused_and_nothing_is_touched(edited: Clone) -> None:
    rewrite(edited, NEW, "planned", "plannd")
    others = edited.others()
    with pytest.raises(InvalidContent) as caught:
        hand_in(edited)
    assert [problem.code for problem in caught.value.problems] == ["bad-value"]
    others.assert_kept(edited.others())
    assert edited.git("branch", "--format=%(refname:short)") == "main"


def test_a_cycle_is_an_error_and_a_dangling_one_a_warning(clone: Clone) -> None:
    clone.new("a", depends_on=[])
    clone.new("b", depends_on=["a"])
    rewrite(clone, ".milestones/active/a.yaml", "depends_on:\n", "depends_on:\n  - b\n")
    with pytest.raises(InvalidContent) as caught:
        hand_in(clone)
    assert [problem.code for problem in caught.value.problems] == ["dependency-cycle"]
    rewrite(clone, ".milestones/active/a.yaml", "  - b\n", "  - gone\n")
    assert [problem.code for problem in hand_in(clone).warnings] == ["dangling-dependency"]


def test_what_is_staged_otherwise_than_it_lies(edited: Clone) -> None:
    edited.git("add", BETA)
    rewrite(edited, BETA, "2027-02-01", "2027-03-01")
    with pytest.raises(Refused, match=r"beta\.yaml is staged otherwise than it lies"):
        hand_in(edited)
    edited.git("add", BETA)
    edited.git("rm", "-q", "--cached", ".milestones/active/docs.yaml")
    with pytest.raises(Refused, match=r"docs\.yaml is staged otherwise"):
        hand_in(edited)
    edited.git("add", "-A", ".milestones/active/docs.yaml", NEW)
    edited.git("add", "-A", ".milestones/active/old.yaml")
    hand_in(edited)
    assert edited.git("status", "--short", ".milestones") == "?? .milestones/active/beta.yaml~"


def test_intended_ignored_and_unknown_files(clone: Clone) -> None:
    clone.new("beta")
    (clone.path / NEW).write_text(TEXT)
    clone.git("add", "-N", NEW)
    (clone.path / ".git" / "info").mkdir(exist_ok=True)
    (clone.path / ".git" / "info" / "exclude").write_text("secret.yaml\n")
    (clone.path / ".milestones/active/secret.yaml").write_text(TEXT)
    (clone.path / ".milestones/notes.txt").write_text("mine")
    proposal = hand_in(clone)
    assert proposal.branch == "milestone-create-new"
    assert clone.git("show", "--name-only", "--format=", proposal.branch) == NEW
    assert clone.git("status", "--short") == "?? .milestones/notes.txt"
    assert (clone.path / ".milestones/active/secret.yaml").exists()


def test_line_ends_are_as_git_takes_them(clone: Clone) -> None:
    clone.new("beta", due="2027-01-15")
    content = (clone.path / BETA).read_bytes().replace(b"2027-01-15", b"2027-02-01").replace(b"\n", b"\r\n")
    (clone.path / BETA).write_bytes(content)
    proposal = hand_in(clone)
    assert clone.git("show", "--stat", "--format=", proposal.branch).endswith("1 insertion(+), 1 deletion(-)")
    assert clone.status() == ""


def test_settings_are_proposed_too(clone: Clone) -> None:
    path = clone.path / ".milestones/config/project.yaml"
    path.write_text(path.read_text() + "\n# a comment\n")
    proposal = hand_in(clone)
    assert proposal.changes == ()
    assert clone.git("log", "-1", "--format=%s", proposal.branch) == "milestone: edit config/project.yaml"
    assert clone.status() == ""


def test_links_are_never_followed(clone: Clone, tmp_path: Path) -> None:
    clone.new("beta")
    (tmp_path / "secret").write_text(TEXT)
    (clone.path / NEW).symlink_to(tmp_path / "secret")
    with pytest.raises(UnsafePath, match="no plain file"):
        hand_in(clone)
    assert "title: New" not in clone.git("cat-file", "--batch-all-objects", "--batch")


def test_a_merge_that_is_not_finished_and_a_place_without_a_work_tree(edited: Clone, tmp_path: Path) -> None:
    (edited.git_dir / "MERGE_HEAD").write_text(edited.head + "\n")
    with pytest.raises(OperationInProgress):
        hand_in(edited)
    edited.git("clone", "-q", "--bare", str(edited.path), str(tmp_path / "bare"))
    with pytest.raises(EnvironmentFault, match="no work tree"):
        hand_in(Clone(tmp_path / "bare"))


def test_no_commit_yet(tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.git("init", "-q")
    with pytest.raises(Refused, match="no commit yet"):
        hand_in(clone)


def test_the_users_hooks_and_names(edited: Clone) -> None:
    hook = edited.git_dir / "hooks" / "commit-msg"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\necho "Signed-off-by: Ana" >> "$1"\n')
    hook.chmod(0o755)
    edited.environ["GIT_AUTHOR_NAME"] = "Somebody"
    proposal = hand_in(edited, keeps=True)
    said = edited.git("log", "-1", "--format=%an%n%B", proposal.branch)
    assert said.startswith("Somebody\n")
    assert said.endswith("Signed-off-by: Ana\n")
    pre = hook.with_name("pre-commit")
    pre.write_text("#!/bin/sh\ngit diff --cached --name-only HEAD > seen\nexit 1\n")
    pre.chmod(0o755)
    others = edited.others("seen")
    with pytest.raises(HookRejected):
        hand_in(edited, "refused")
    assert (edited.path / "seen").read_text().splitlines() == sorted(TOUCHED)
    others.assert_kept(edited.others("seen"))


def test_names(edited: Clone) -> None:
    for bad in ("a..b", "-x", "a b", "refs/heads/x.lock", "@{-1}"):
        with pytest.raises(InvalidRequest, match="no name for a branch"):
            hand_in(edited, bad)
    assert hand_in(edited, "team/mine").branch == "team/mine"


def test_a_detached_head_and_a_linked_worktree(edited: Clone, tmp_path: Path) -> None:
    edited.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    linked = Clone(tmp_path / "linked")
    rewrite(linked, BETA, "2027-01-15", "2027-04-01")
    others = edited.others()
    assert hand_in(linked).branch == "milestone-move-beta-to-2027-04-01"
    assert linked.git("status", "--short") == ""
    assert edited.git("status", "--short") != ""
    assert others.work == edited.others().work


def test_where_it_would_be_pushed(edited: Clone, tmp_path: Path) -> None:
    assert hand_in(edited, "one", keeps=True).remote == ""
    edited.git("remote", "add", "upstream", str(tmp_path))
    assert hand_in(edited, "two", keeps=True).remote == "upstream"
    edited.git("remote", "add", "fork", str(tmp_path))
    assert hand_in(edited, "three", keeps=True).remote == ""
    edited.git("config", "branch.main.remote", "upstream")
    assert hand_in(edited, "four", keeps=True).remote == "upstream"
    edited.git("config", "remote.pushDefault", "fork")
    assert hand_in(edited, "five", keeps=True).remote == "fork"


def test_an_edit_that_comes_meanwhile_stays(edited: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    take_out = new_branch._take_out

    def edit_again(store: Store, edits: Any) -> tuple[str, ...]:
        rewrite(edited, BETA, "2027-02-01", "2027-05-01")
        return take_out(store, edits)

    monkeypatch.setattr(new_branch, "_take_out", edit_again)
    proposal = hand_in(edited)
    assert proposal.left == ("active/beta.yaml",)
    assert "2027-05-01" in (edited.path / BETA).read_text()
    assert "2027-02-01" in edited.git("show", f"{proposal.branch}:{BETA}")
    assert edited.git("status", "--short", ".milestones").split() == ["M", BETA, "??", f"{BETA}~"]


def test_a_busy_staging_area_leaves_the_edits(edited: Clone) -> None:
    (edited.git_dir / "index.lock").touch()
    proposal = hand_in(edited)
    assert len(proposal.left) == 4
    assert edited.git("rev-parse", "--verify", proposal.branch)
    os.unlink(edited.git_dir / "index.lock")
    assert "2027-02-01" in (edited.path / BETA).read_text()


def test_a_sparse_checkout_and_modes(clone: Clone) -> None:
    clone.new("beta", due="2027-01-15")
    (clone.path / BETA).chmod(0o755)
    clone.git("commit", "-qam", "mode")
    rewrite(clone, BETA, "2027-01-15", "2027-02-01")
    proposal = hand_in(clone)
    assert clone.git("ls-tree", proposal.branch, BETA).startswith("100755")
    assert clone.status() == ""
    clone.new("hidden")
    clone.git("sparse-checkout", "set", "--no-cone", "/*", "!/.milestones/active/hidden.yaml")
    (clone.path / NEW).write_text(TEXT)
    proposal = hand_in(clone)
    assert clone.git("show", "--name-only", "--format=", proposal.branch) == NEW
