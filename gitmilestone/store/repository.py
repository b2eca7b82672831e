"""Finds the repository: one call of git, whose answer is then pinned for every later call."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from collections.abc import Mapping
from typing import NamedTuple

from gitmilestone.errors import EnvironmentFault, NotARepository
from gitmilestone.model.layout import ROOT
from gitmilestone.store.git import Git


class Repository(NamedTuple):
    """Where a repository's parts lie, all absolute.

    Attributes:
        git_dir: This worktree's own git directory.
        common_dir: Shared by all linked worktrees.
        work_dir: None in a bare repository, and inside a git directory.
        is_bare: Whether there are no files to lay at all.
        oid_length: 20 (sha1) or 32 (sha256) bytes.
        head_tree: Oid of HEAD's `.milestones` as it was then; None where git could not tell in the same breath.
        environ: The user's environment with the repository pinned in it.
        hook_environ: The user's environment, for hooks; what it says of the repository made absolute.
    """

    git_dir: str
    common_dir: str
    objects_dir: str
    index_path: str
    hooks_dir: str
    work_dir: str | None
    is_bare: bool
    oid_length: int
    head_tree: str | None
    environ: Mapping[str, str]
    hook_environ: Mapping[str, str]

    @property
    def git(self) -> Git:
        return Git(self.work_dir or self.git_dir, self.environ)

    @property
    def state_dir(self) -> str:
        """What belongs to this worktree alone: the journal, the current milestone."""
        return os.path.join(self.git_dir, "milestone")


JOURNAL = "journal"
"""In `state_dir`: what a killed writer had begun."""

_QUESTIONS = (
    "--path-format=absolute",
    "--show-object-format",
    "--is-bare-repository",
    "--git-dir",
    "--git-common-dir",
    "--git-path",
    "objects",
    "--git-path",
    "index",
    "--git-path",
    "hooks",
    "--show-toplevel",
    f"HEAD:{ROOT}/",
)
"""In a bare repository git stops at the last but one, and without milestones at the last one."""


_IN_ENGLISH = {"LC_ALL": "C"}
"""What git says is read here: without a language of somebody's. Hooks and editors get the environment as it was."""


def discover(directory: str, environ: Mapping[str, str]) -> Repository:
    """The repository that git itself would use in `directory`.

    Raises:
        NotARepository: There is none, or git refuses it (safe.directory, safe.bareRepository).
    """
    result = Git(directory, {**environ, **_IN_ENGLISH}).run("rev-parse", *_QUESTIONS)
    lines = result.stdout.decode("utf-8", "surrogateescape").removesuffix("\n").split("\n")
    tree = lines.pop() if len(lines) > 8 else ""
    if len(lines) < 7:
        raise _explain(directory, result.stderr.decode("utf-8", "replace").strip())
    object_format, bare, git_dir, common_dir, objects_dir, index_path, hooks_dir, *work_dir = lines
    places = {
        "GIT_DIR": git_dir,
        "GIT_WORK_TREE": work_dir[0] if work_dir else "",
        "GIT_INDEX_FILE": index_path,
        "GIT_OBJECT_DIRECTORY": objects_dir,
        "GIT_COMMON_DIR": common_dir,
    }
    given = {**environ, **{name: place for name, place in places.items() if place and name in environ}}
    # `git --literal-pathspecs` is for the paths that its user gives.
    pinned = {**given, "GIT_DIR": git_dir, "GIT_LITERAL_PATHSPECS": "0", **_IN_ENGLISH}
    if work_dir:
        pinned["GIT_WORK_TREE"] = work_dir[0]
    return Repository(
        git_dir=git_dir,
        common_dir=common_dir,
        objects_dir=objects_dir,
        index_path=index_path,
        hooks_dir=hooks_dir,
        work_dir=work_dir[0] if work_dir else None,
        is_bare=bare == "true",
        oid_length=32 if object_format == "sha256" else 20,
        head_tree=tree if len(tree) in (40, 64) and result.status == 0 else None,
        environ=pinned,
        hook_environ=given,
    )


def _explain(directory: str, said: str) -> EnvironmentFault:
    said = said.removeprefix("fatal: ")
    first, _, rest = said.partition("\n")
    if "not a git repository" in said:
        return NotARepository(f"{directory} is not in a git repository", "run `git init` first, or use `git -C DIR`")
    return NotARepository(first or f"git can't use {directory}", rest.strip())
