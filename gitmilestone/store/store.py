"""The only door to git."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gitmilestone.errors import EnvironmentFault, InvalidValue, MilestoneError, UnknownRevision
from gitmilestone.store.files import Files, StagedFiles, TreeFiles, WorkFiles
from gitmilestone.store.git import Git
from gitmilestone.store.locks import CLAIM_SUFFIX, WriteLock, refuse_unwritable
from gitmilestone.store.objects import Objects, remove_if_present, write_durably
from gitmilestone.store.repository import JOURNAL, Repository, discover
from gitmilestone.store.trees import EntryChange, diff_entries, diff_trees

if TYPE_CHECKING:
    from gitmilestone.store.attributes import Attributes
    from gitmilestone.store.refs import Head
    from gitmilestone.store.writing.people import People
    from gitmilestone.store.writing.plan import Build, Content, Outcome, WriteOptions, Written
    from gitmilestone.store.writing.staging import Staging


class Store:
    """One repository, one work tree of it. Not for several threads at once.

    git's configuration, and who commits, are asked once: a process that lives on opens another Store to see
    them change.
    """

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.git: Git = repository.git
        self.objects = Objects(self.git, repository.objects_dir, repository.oid_length)
        self._config: dict[str, str] | None = None
        self._people: dict[tuple[str | None, str], People] = {}

    @classmethod
    def open(cls, directory: str, environ: Mapping[str, str]) -> Store:
        """Opens the repository that git would use in `directory`, and finishes what a killed writer had begun.

        Raises:
            NotARepository: There is none, or git refuses it.
        """
        store = cls(discover(directory, environ))
        if store._needs_recovery():
            store._recover_quietly()
        return store

    @property
    def staging(self) -> Staging | None:
        repository = self.repository
        if repository.work_dir is None:
            return None
        from gitmilestone.store.writing.staging import Staging

        return Staging(self.git, repository.index_path, repository.work_dir, repository.oid_length)

    @property
    def config(self) -> Mapping[str, str]:
        """Git's configuration as it counts here: lower-case key -> last value, "true" for a bare key."""
        if self._config is None:
            listed = self.git.check("config", "--null", "--list").decode("utf-8", "surrogateescape")
            pairs = (item.partition("\n") for item in listed.split("\0") if item)
            self._config = {_fold(key): value if has_value else "true" for key, has_value, value in pairs}
        return self._config

    @property
    def attributes(self) -> Attributes:
        """What git would do to our files' bytes, by the attributes as they are."""
        from gitmilestone.store.attributes import Attributes

        repository = self.repository
        is_laid = repository.work_dir is not None and os.path.exists(repository.index_path)
        return Attributes(repository, self.objects, self.head().tree, self.config, is_laid=is_laid)

    def close(self) -> None:
        """Ends the reading process. The store can be used on."""
        self.objects.close()

    def head(self) -> Head:
        from gitmilestone.store.refs import read_head

        return read_head(self.repository, self.objects)

    def files_at(self, revision: str = "HEAD") -> TreeFiles:
        """The files of a revision; `HEAD` of an unborn branch has none.

        Raises:
            UnknownRevision: It names no tree.
        """
        if revision.startswith("-"):
            raise InvalidValue(f"{revision!r} is no revision", "name a commit, a branch or a tag")
        # "<rev>^{tree}" alone would hide whether the revision or only its object is missing.
        found = self.objects.find(f"{revision}^{{tree}}")
        if found is None:
            if revision == "HEAD" and self.head().commit is None:
                return TreeFiles(self.objects, None)
            raise UnknownRevision(f"{revision!r} is no revision of this repository", "`git log --oneline` lists them")
        self.objects.remember_tree(found.oid, found.content)
        return TreeFiles.of_project(self.objects, found.oid)

    def commit_at(self, revision: str = "HEAD") -> str | None:
        """The oid of the commit that a revision names; None for `HEAD` of an unborn branch.

        Raises:
            UnknownRevision: It names none; a tree alone has no history.
        """
        found = self.objects.find(f"{revision}^{{commit}}")
        if found is not None:
            return found.oid
        if revision == "HEAD" and self.head().commit is None:
            return None
        raise UnknownRevision(f"{revision!r} is no commit of this repository", "`git log --oneline` lists them")

    def files_when_opened(self) -> TreeFiles:
        """The files of HEAD as it was when this store was opened, which has told git's answer already.

        For a process that answers once; one that lives on asks `files_at` each time.
        """
        tree = self.repository.head_tree
        return self.files_at() if tree is None else TreeFiles(self.objects, tree)

    def revision_at(self, moment: str) -> str:
        """The last commit of HEAD's first-parent line before a date that git understands."""
        found = self.git.check("rev-list", "-1", "--first-parent", f"--before={moment}", "HEAD").decode().strip()
        if not found:
            raise UnknownRevision(f"there is no commit before {moment}", "`git log --reverse` shows the first")
        return found

    def staged_files(self) -> Files:
        staging = self.staging
        if staging is None:
            raise EnvironmentFault("a bare repository has no staging area", "read a revision with --at")
        return StagedFiles(self.objects, staging)

    def work_files(self) -> Files:
        if self.repository.work_dir is None:
            raise EnvironmentFault("a bare repository has no work tree", "read a revision with --at")
        return WorkFiles(self.repository.work_dir, self.objects, self.staging)

    def write(self, build: Build[Outcome], options: WriteOptions | None = None) -> Written[Outcome]:
        """Commits what `build` plans, or nothing; runs `build` again when the branch moves meanwhile.

        Args:
            build: From the files as they are to the files as they should be. Pure: it may run several times.

        Raises:
            OperationInProgress, DetachedHead, UncommittedEdits, HookRejected, LockHeld, BranchMoved, StorageFull.
        """
        from gitmilestone.store.writing.plan import WriteOptions
        from gitmilestone.store.writing.recover import recover, remove_leftovers
        from gitmilestone.store.writing.transaction import Transaction

        repository = self.repository
        self._refuse_inside()
        staging = self.staging
        with WriteLock(repository.common_dir) as lock:
            remove_leftovers(repository.state_dir)
            if staging is not None and self._needs_recovery():
                recover(repository, self.objects, staging)
            self.objects.shared_mode = self._shared_mode()
            self.objects.share(lock.path)
            self.objects.share(os.path.dirname(lock.path))
            transaction = Transaction(
                repository, self.objects, staging, self.config, self._people, options or WriteOptions(), lock
            )
            written = transaction.run(build)
        if written.commit:
            transaction.hooks.run("post-commit")
        return written

    def rehearse(self, build: Build[Outcome], options: WriteOptions) -> Written[Outcome]:
        """What `write` would do, without its hooks: nothing is written, not even objects.

        Raises:
            As `write`.
        """
        from gitmilestone.store.writing.transaction import Transaction

        self._refuse_inside()
        transaction = Transaction(
            self.repository, self.objects, self.staging, self.config, self._people, options, lock=None
        )
        return transaction.rehearse(build)

    def _refuse_inside(self) -> None:
        if self.repository.work_dir is None and not self.repository.is_bare:
            raise EnvironmentFault("this is inside a git directory", "change to the work tree")

    def lay(self, contents: Mapping[str, Content]) -> None:
        """Writes files below `.milestones/` into the work tree, and nothing else; None removes one."""
        from gitmilestone.store.writing.worktree import WorkTree

        if self.repository.work_dir is None:
            raise EnvironmentFault("there is no work tree here", "clone the repository")
        with WriteLock(self.repository.common_dir):
            os.makedirs(self.repository.state_dir, exist_ok=True)
            WorkTree(self.repository.work_dir, self.repository.state_dir).lay(contents)

    def move(self, moves: Mapping[str, str]) -> None:
        """Moves files below `.milestones/` in the work tree, as `git mv` does."""
        from gitmilestone.store.writing.moves import move_files

        if self.repository.work_dir is not None and moves:
            move_files(self, self.repository.work_dir, moves)

    def _needs_recovery(self) -> bool:
        journal = os.path.join(self.repository.state_dir, JOURNAL)
        return os.path.exists(journal) or os.path.exists(self.repository.index_path + CLAIM_SUFFIX)

    def _shared_mode(self) -> int:
        from gitmilestone.model.git_settings import get_shared_mode

        return get_shared_mode(self.config)

    def _recover_quietly(self) -> None:
        """A reader heals too, unless a writer is at work or nothing can be written here."""
        from gitmilestone.store.writing.recover import recover

        staging = self.staging
        if staging is None:
            return
        try:
            with WriteLock(self.repository.common_dir, wait_seconds=0):
                recover(self.repository, self.objects, staging, wait_seconds=0)
        except (MilestoneError, OSError):
            pass

    def read_state(self, name: str) -> str | None:
        """A text that belongs to this work tree alone, kept in its git directory."""
        try:
            path = os.path.join(self.repository.state_dir, name)
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                return file.read().strip() or None
        except FileNotFoundError:
            return None

    def write_state(self, name: str, text: str | None) -> None:
        path = os.path.join(self.repository.state_dir, name)
        temporary = f"{path}.{os.getpid()}"
        try:
            if text is None:
                remove_if_present(path)
                return
            os.makedirs(self.repository.state_dir, exist_ok=True)
            write_durably(temporary, text.encode("utf-8", "surrogateescape") + b"\n")
            os.rename(temporary, path)
        except OSError as error:
            raise refuse_unwritable(error, path) from error

    def iter_changed(self, old: TreeFiles, new: TreeFiles) -> Iterator[tuple[str, str, str]]:
        """Yields (path below `.milestones/`, old blob oid, new blob oid), "" where there is none, in path order.

        Equal folders are not looked into: O(changed paths, and the entries of the folders on the way).
        """
        objects = self.objects
        return diff_trees(old.tree, new.tree, objects.get_tree, objects.oid_length, objects.ask_max_files)

    def iter_changed_entries(self, old: str | None, new: str | None) -> Iterator[EntryChange]:
        """The same between two `.milestones` trees by their oids, with the modes.

        Raises:
            MissingObject: One of the trees is not there any more.
        """
        objects = self.objects
        return diff_entries(old, new, objects.get_tree, objects.oid_length, objects.ask_max_files)


def _fold(key: str) -> str:
    """Section and name are case-insensitive, a subsection between them is not."""
    section, _, rest = key.partition(".")
    middle, dot, name = rest.rpartition(".")
    return f"{section.lower()}.{middle}{dot}{name.lower()}"
