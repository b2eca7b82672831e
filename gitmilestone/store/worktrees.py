"""Who else has a branch checked out: their files would read as the revert of what moves it from here."""

from __future__ import annotations

import os
from collections.abc import Iterator

from gitmilestone.errors import CheckedOutElsewhere
from gitmilestone.store.repository import Repository

_REFTABLE = "refs/heads/.invalid"
_REBASED = (os.path.join("rebase-merge", "head-name"), os.path.join("rebase-apply", "head-name"))


def refuse_checked_out_elsewhere(repository: Repository, branch: str | None) -> None:
    """Raises CheckedOutElsewhere where another work tree than ours has that branch, as git does of its own moves.

    A file read for each linked worktree; where there are none, the look at a folder that is not there.
    """
    if branch is None:
        return
    for git_dir in _iter_others(repository):
        if _holds(repository, git_dir, branch):
            raise _refuse(repository, branch, _find_place(git_dir))
    if repository.work_dir is None and _has_staging_area(repository.git_dir):
        raise CheckedOutElsewhere(
            f"{repository.git_dir}/index is the staging area of a work tree that this repository does not name",
            "name its folder: `git --git-dir=... --work-tree=... milestone ...`; if there is none, remove that file",
        )


def _iter_others(repository: Repository) -> Iterator[str]:
    """The git directories of the other work trees, as far as git knows them."""
    own = repository.git_dir
    if own != repository.common_dir:
        yield repository.common_dir
    folder = os.path.join(repository.common_dir, "worktrees")
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        git_dir = os.path.join(folder, name)
        if not (os.path.exists(git_dir) and os.path.samefile(git_dir, own)):
            yield git_dir


def _read_held(git_dir: str) -> set[str]:
    """The branch of HEAD, and the one that a rebase will come back to."""
    held = {_read(os.path.join(git_dir, name)) for name in _REBASED}
    held.add(_read(os.path.join(git_dir, "HEAD")).removeprefix("ref:").strip())
    return held - {""}


def _read_by_git(repository: Repository, git_dir: str) -> str:
    """HEAD's branch where the refs are in tables, which only git reads."""
    found = repository.git.run("symbolic-ref", "--quiet", "HEAD", env={"GIT_DIR": git_dir}).stdout
    return found.decode("utf-8", "surrogateescape").strip()


def _holds(repository: Repository, git_dir: str, branch: str) -> bool:
    held = _read_held(git_dir)
    if branch not in held and (_REFTABLE not in held or _read_by_git(repository, git_dir) != branch):
        return False
    return git_dir != repository.common_dir or _is_main_work_tree(repository, git_dir)


def _has_staging_area(git_dir: str) -> bool:
    return os.path.exists(os.path.join(git_dir, "index"))


def _is_main_work_tree(repository: Repository, git_dir: str) -> bool:
    """Whether files belong to the main repository; its configuration may be its own (extensions.worktreeConfig)."""
    if not _has_staging_area(git_dir):
        return False
    return repository.git.run("config", "--type=bool", "core.bare", env={"GIT_DIR": git_dir}).stdout != b"true\n"


def _find_place(git_dir: str) -> str:
    """The top of a work tree, by its git directory; the git directory itself where it does not say."""
    said = _read(os.path.join(git_dir, "gitdir"))
    if said:
        return os.path.dirname(os.path.normpath(os.path.join(git_dir, said)))
    return os.path.dirname(git_dir) if os.path.basename(git_dir) == ".git" else git_dir


def _refuse(repository: Repository, branch: str, place: str) -> CheckedOutElsewhere:
    name = _shorten(branch)
    fact = f"{name} is checked out in {place}, where this commit would look like its own revert"
    if not os.path.exists(place):
        return CheckedOutElsewhere(fact, f"{place} is not there: if it is gone for good, `git worktree prune`")
    if repository.work_dir is not None:
        return CheckedOutElsewhere(fact, f"let go of {name} there: `git -C {place} switch --detach`")
    return CheckedOutElsewhere(fact, f"run it there: `git -C {place} milestone ...`")


def _shorten(branch: str) -> str:
    return branch.removeprefix("refs/heads/")


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().strip()
    except OSError:
        return ""
