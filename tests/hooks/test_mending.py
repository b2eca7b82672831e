"""A commit that the hook refuses, the way out that it names, and the same commit again: nothing is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gitmilestone.operations.editing.fix import fix
from tests.hooks.conftest import Said
from tests.repositories import Clone

Run = Callable[..., Said]
OLD, NEW = ".milestones/completed/beta.yaml", ".milestones/active/beta.yaml"


@pytest.fixture
def archived(hooked: Clone) -> Clone:
    """`beta` lies in the archive, reopened by hand; two more files are edited, one of them staged."""
    hooked.complete("beta")
    hooked.archive("beta")
    place = hooked.path / OLD
    place.write_text(place.read_text().replace("status: completed", "status: blocked"))
    (hooked.path / "staged").write_text("one\n")
    hooked.git("add", "staged")
    (hooked.path / "staged").write_text("two\n")
    (hooked.path / "readme").write_text("edited\n")
    return hooked


def mend(clone: Clone) -> None:
    with clone.store() as store:
        (mended,) = fix(store)
    assert mended.path == "completed/beta.yaml"


def others(clone: Clone) -> str:
    return clone.git("ls-files", "-s", ":!.milestones/*/beta.yaml")


@pytest.mark.parametrize("is_staged", [False, True])
def test_commit_all(archived: Clone, run: Run, is_staged: bool) -> None:
    if is_staged:
        archived.git("add", OLD)
    refused = run(archived, "commit", "-qam", "x")
    assert (refused.status, "`git milestone check --fix` moves it" in refused.out) == (1, True)
    before = others(archived)
    mend(archived)
    assert others(archived) == before
    assert run(archived, "commit", "-qam", "x").status == 0
    assert "status: blocked" in archived.text("active/beta.yaml")
    assert archived.ids() == {"beta", "ship-2fa"}
    assert archived.status() == ""


def test_commit_of_what_is_staged(archived: Clone, run: Run) -> None:
    archived.git("add", OLD)
    assert run(archived, "commit", "-qm", "x").status == 1
    mend(archived)
    assert run(archived, "commit", "-qm", "x").status == 0
    assert archived.ids() == {"beta", "ship-2fa"}
    assert archived.text("active/beta.yaml") == (archived.path / NEW).read_text().rstrip("\n")


def test_commit_of_the_file(archived: Clone, run: Run) -> None:
    assert run(archived, "commit", "-qm", "x", "--", OLD).status == 1
    mend(archived)
    assert run(archived, "commit", "-qm", "x", "--", OLD, NEW).status == 0
    assert archived.ids() == {"beta", "ship-2fa"}
    assert archived.git("diff", "--cached", "--name-only") == "staged"


def test_a_stash_keeps_it(archived: Clone) -> None:
    mend(archived)
    text = (archived.path / NEW).read_text()
    archived.git("stash")
    assert (archived.path / OLD).exists()
    archived.git("stash", "pop")
    assert (archived.path / NEW).read_text() == text
    assert archived.git("ls-files", "--", NEW) == NEW


def test_what_git_does_not_track_is_moved_and_not_staged(archived: Clone) -> None:
    archived.git("checkout", "-q", "HEAD", "--", OLD)
    text = archived.text("completed/beta.yaml").replace("completed", "planned") + "\n"
    (archived.path / ".milestones/completed/new.yaml").write_text(text)
    before = archived.git("ls-files", "-s")
    with archived.store() as store:
        assert [one.path for one in fix(store)] == ["completed/new.yaml"]
    assert (archived.path / ".milestones/active/new.yaml").read_text() == text
    assert archived.git("ls-files", "-s") == before


def test_what_is_only_intended_to_be_added_stays_so(archived: Clone) -> None:
    archived.git("checkout", "-q", "HEAD", "--", OLD)
    place = archived.path / ".milestones/completed/new.yaml"
    place.write_text(archived.text("completed/beta.yaml").replace("completed", "planned") + "\n")
    archived.git("add", "-N", str(place))
    with archived.store() as store:
        fix(store)
    assert archived.git("diff", "--name-only", "--diff-filter=A") == ".milestones/active/new.yaml"


def test_a_commit_of_the_old_path_alone_is_refused(archived: Clone, run: Run) -> None:
    """As somebody repeats it who has mended what it was refused for."""
    assert run(archived, "commit", "-qm", "x", "--", OLD).status == 1
    mend(archived)
    head, staged = archived.head, archived.git("ls-files", "-s")
    refused = run(archived, "commit", "-qm", "x", "--", OLD)
    assert refused.status == 1
    assert f"the commit deletes beta, whose file lies in {NEW}; nothing was committed" in refused.out
    assert (archived.head, archived.git("ls-files", "-s")) == (head, staged)


@pytest.mark.parametrize("name", ["beta", "Beta"])
def test_a_file_that_was_moved_by_hand_and_is_not_added_is_no_deletion(hooked: Clone, run: Run, name: str) -> None:
    if name == "Beta":
        hooked.git("mv", NEW, ".milestones/active/Beta.yaml")
        hooked.git("commit", "-qm", "an id that is none", "--no-verify")
    target = NEW if name == "Beta" else OLD
    (hooked.path / target).parent.mkdir(exist_ok=True)
    (hooked.path / f".milestones/active/{name}.yaml").rename(hooked.path / target)
    refused = run(hooked, "commit", "-qam", "x")
    assert (refused.status, target in refused.out) == (1, True)
    hooked.git("add", target)
    assert run(hooked, "commit", "-qam", "x", "--no-verify").status == 0
    assert "beta" in hooked.ids()


def test_a_deletion_is_one(hooked: Clone, run: Run) -> None:
    hooked.git("rm", "-q", NEW)
    assert run(hooked, "commit", "-qm", "x").status == 0
    hooked.git("rm", "-q", "--cached", ".milestones/active/ship-2fa.yaml")
    assert run(hooked, "commit", "-qm", "kept here, and not by git").status == 0
    assert hooked.ids() == set()
