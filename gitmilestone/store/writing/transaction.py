"""The write protocol: one commit, or nothing.

The order is what makes it safe. Objects are synced before the branch moves; the branch moves by
compare-and-swap; the journal is written before that and removed after the work tree and the staging area
have followed, so that a kill in between is finished by the next command.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Generic, NamedTuple

from gitmilestone.errors import (
    BranchMoved,
    EnvironmentFault,
    GitFailed,
    InvalidValue,
    MilestoneError,
    UncommittedEdits,
    UnsafePath,
)
from gitmilestone.model.git_settings import get_boolean
from gitmilestone.model.layout import ROOT
from gitmilestone.store.attributes import Attributes, refuse_conversions
from gitmilestone.store.files import FileEntry, Files, StagedFiles, TreeFiles
from gitmilestone.store.git import DURABLY
from gitmilestone.store.locks import SignalsHeld, WriteLock
from gitmilestone.store.objects import Objects
from gitmilestone.store.pack import PackWriter
from gitmilestone.store.refs import Head, read_head, refuse_detached, refuse_unfinished, update_head
from gitmilestone.store.repository import Repository
from gitmilestone.store.trees import FILE_MODE, edit_tree
from gitmilestone.store.worktrees import refuse_checked_out_elsewhere
from gitmilestone.store.writing.hooks import Hooks
from gitmilestone.store.writing.journal import Journal, remove_journal, write_journal
from gitmilestone.store.writing.people import People, format_commit, read_people
from gitmilestone.store.writing.plan import Build, Content, Outcome, Plan, WriteOptions, Written
from gitmilestone.store.writing.staging import StagedEntry, Staging
from gitmilestone.store.writing.worktree import WorkTree

_ATTEMPTS = 100
_LOOSE_AT_MOST = 100
_REFLOG_LENGTH = 4096  # it is an argument of git's, and those are limited
_KIND = 0o170100  # what git tells modes apart by: the type, and whether it is executable


Entries = dict[str, tuple[int, str] | None]


class _Prepared(NamedTuple, Generic[Outcome]):
    """Attributes:
    base: The state that the plan was built on.
    changed: What of the plan is not so already.
    """

    base: Files
    plan: Plan[Outcome]
    changed: dict[str, Content]


class Transaction:
    """One write over one repository; the caller holds the write lock, `lock`, unless it only rehearses."""

    def __init__(
        self,
        repository: Repository,
        objects: Objects,
        staging: Staging | None,
        config: Mapping[str, str],
        people: dict[tuple[str | None, str], People],
        options: WriteOptions,
        lock: WriteLock | None,
    ) -> None:
        self.repository = repository
        self.objects = objects
        self.staging = staging
        self.config = config
        self.people = people
        self.options = options
        self.lock = lock
        self.hooks = Hooks(repository, config)
        work_dir = repository.work_dir
        self.work_tree = WorkTree(work_dir, repository.state_dir) if work_dir and staging else None

    def run(self, build: Build[Outcome]) -> Written[Outcome]:
        """Builds on the branch as it is now, again for as long as somebody else moves it first."""
        for _ in range(_ATTEMPTS):
            head = read_head(self.repository, self.objects)
            try:
                written = self._attempt(head, build)
            except UncommittedEdits:
                # What differs from the commit we have read may be the next one, just landed.
                if read_head(self.repository, self.objects) == head:
                    raise
                continue
            if written is not None:
                return written
        raise BranchMoved(
            f"the branch moved {_ATTEMPTS} times while this write was prepared", "try again when it is quieter"
        )

    def rehearse(self, build: Build[Outcome]) -> Written[Outcome]:
        """Builds, and refuses what `run` would refuse before it writes."""
        head = read_head(self.repository, self.objects)
        prepared = self._prepare(head, build)
        if prepared.changed and not self.options.stage_only:
            self._refuse_branch(head)
        return Written(None, tuple(prepared.changed), prepared.plan.outcome)

    def _prepare(self, head: Head, build: Build[Outcome]) -> _Prepared[Outcome]:
        if head.commit and self._is_not_checked_out():
            self.staging = None  # a staging area with only our file in it would read as the deletion of all others
        refuse_unfinished(self.repository, self.objects)
        base = self._base(head)
        plan = build(base)
        changed = self._only_changes(plan, base)
        if changed:
            self._refuse_converted(head, changed)
            self._refuse_uncommitted(changed, base)
        return _Prepared(base, plan, changed)

    def _attempt(self, head: Head, build: Build[Outcome]) -> Written[Outcome] | None:
        """None where the branch moved first."""
        base, plan, changed = self._prepare(head, build)
        if not changed and not self.options.allow_empty:
            return Written(None, (), plan.outcome)
        if self.options.stage_only:
            pack = PackWriter(self.objects) if len(changed) > _LOOSE_AT_MOST else None
            entries = self._write_blobs(changed, pack.write if pack else self.objects.write)
            if pack:
                pack.finish()
            self._stage(entries, changed)
            return Written(None, tuple(changed), plan.outcome)
        self._refuse_branch(head)
        commit = self._commit(head, changed, plan, base)
        return Written(commit, tuple(changed), plan.outcome) if commit else None

    def _refuse_branch(self, head: Head) -> None:
        refuse_detached(head, self.options.detached)
        refuse_checked_out_elsewhere(self.repository, head.branch)

    def _is_not_checked_out(self) -> bool:
        """Whether this is a clone made with --no-checkout."""
        if self.staging is None or self.work_tree is None:
            return False
        return not os.path.exists(self.staging.path) and not os.path.lexists(self.work_tree.root)

    def _base(self, head: Head) -> Files:
        if not self.options.stage_only:
            return TreeFiles.of_project(self.objects, head.tree)
        if self.staging is None:
            raise EnvironmentFault("a bare repository has no staging area", "leave out --no-commit")
        return StagedFiles(self.objects, self.staging)

    def _only_changes(self, plan: Plan[Outcome], base: Files) -> dict[str, Content]:
        changed: dict[str, Content] = {}
        for path, content in plan.files.items():
            entry = base.find(path)
            if content is None:
                if entry is not None:
                    changed[path] = None
            elif entry is None or entry.oid != self._hash(content):
                if entry and not entry.is_plain:
                    raise UnsafePath(f"{ROOT}/{path} is no plain file", "a link is never followed: remove it first")
                changed[path] = content
        return changed

    def _refuse_converted(self, head: Head, changed: Mapping[str, Content]) -> None:
        """What git would make something else of is never written past it."""
        is_laid = self.staging is not None and self.work_tree is not None
        attributes = Attributes(self.repository, self.objects, head.tree, self.config, is_laid=is_laid)
        contents = {path: content if isinstance(content, bytes) else None for path, content in changed.items()}
        refuse_conversions(attributes, contents)

    def _refuse_uncommitted(self, changed: Mapping[str, Content], base: Files) -> None:
        """Somebody's unfinished work on the same files is never overwritten."""
        if self.staging is None or self.work_tree is None:
            return
        staged = self.staging.lookup([f"{ROOT}/{path}" for path in changed])
        for path, content in changed.items():
            entry = base.find(path)
            found = staged.get(f"{ROOT}/{path}", [])
            if any(stage.stage or stage.intent_to_add for stage in found) or not _same(entry, found):
                raise _uncommitted(path, "staged changes")
            if found and found[0].skip_worktree:
                continue
            if self.work_tree.holds(path, entry.oid if entry else None, self.objects):
                continue
            if entry:
                raise _uncommitted(path, "edits that are not committed")
            if content is None or not self.work_tree.holds(path, self._hash(content), self.objects):
                raise _uncommitted(path, "a file that git does not track")

    def _write_blobs(self, changed: Mapping[str, Content], write: Callable[[str, bytes], str]) -> Entries:
        return {
            path: (FILE_MODE, write("blob", content))
            if isinstance(content, bytes)
            else content and (content.mode, self._hash(content))
            for path, content in changed.items()
        }

    def _hash(self, content: bytes | FileEntry) -> str:
        return self.objects.hash("blob", content) if isinstance(content, bytes) else content.oid or ""

    def _write_tree(self, head: Head, changed: Mapping[str, Content]) -> tuple[str, Entries]:
        """Writes the blobs and the trees on their paths; returns the new root tree, and the entries."""
        objects = self.objects
        pack = PackWriter(objects) if len(changed) > _LOOSE_AT_MOST else None
        write = pack.write if pack else objects.write
        try:
            entries = self._write_blobs(changed, write)
            rooted = {f"{ROOT}/{path}": entry for path, entry in entries.items()}
            tree = edit_tree(
                head.tree, rooted, objects.get_tree, lambda content: write("tree", content), objects.oid_length
            ) or write("tree", b"")
            if pack:
                pack.finish()
        except BaseException:  # Ctrl-C too: nobody else would ever remove half a pack
            if pack:
                pack.discard()
            raise
        return tree, entries

    def _commit(self, head: Head, changed: Mapping[str, Content], plan: Plan[Outcome], base: Files) -> str | None:
        """The new commit's oid, None where the branch moved first."""
        tree, entries = self._write_tree(head, changed)
        message = self.hooks.approve(_terminated(self.options.message or plan.message), tree, self.options.verify)
        if "\0" in message:
            raise InvalidValue("a commit message can't hold a NUL character")
        commit = self._write_commit(head, tree, message)
        subject = message.partition("\n")[0]
        reflog = f"commit{'' if head.commit else ' (initial)'}: {subject[:_REFLOG_LENGTH]}"
        if self.staging is None or self.work_tree is None:
            has_landed = self._move_branch(head, commit, reflog)
        else:
            has_landed = self._land(head, commit, reflog, changed, entries, base)
        return commit if has_landed else None

    def _move_branch(self, head: Head, commit: str, reflog: str) -> bool:
        return read_head(self.repository, self.objects) == head and update_head(
            self.repository, self.objects, head, commit, reflog, self.lock_descriptor
        )

    @property
    def lock_descriptor(self) -> int:
        assert self.lock is not None  # a rehearsal moves no branch
        return self.lock.fileno()

    def _land(
        self,
        head: Head,
        commit: str,
        reflog: str,
        changed: Mapping[str, Content],
        entries: Entries,
        base: Files,
    ) -> bool:
        """Moves the branch, and what is checked out of it; False where the branch moved first."""
        assert self.staging is not None  # checked by the caller, as is the next
        assert self.work_tree is not None
        staged_size = os.path.getsize(self.staging.path) if os.path.exists(self.staging.path) else 0
        self.work_tree.reserve(changed, staged_size)
        # The journal comes first: whatever is killed after it, a lock included, is found and finished.
        before = {path: _oid_of(base.find(path)) for path in changed}
        has_landed = False
        try:
            write_journal(self.repository.state_dir, Journal(head.branch or "HEAD", commit, before))
            with self.staging.lock() as lock:
                # Hooks and signing take their time: what was checked before them may have changed.
                self._refuse_uncommitted(changed, base)
                # Ctrl-C waits: a branch that moves without its files looks like a revert of the commit.
                with SignalsHeld():
                    has_landed = self._move_branch(head, commit, reflog)
                    if has_landed:
                        self.work_tree.lay(self._to_lay(changed))
                        lock.replace({f"{ROOT}/{path}": entry for path, entry in entries.items()})
                        remove_journal(self.repository.state_dir)
        except MilestoneError:
            # Once the branch has moved the journal stays, and the next command finishes.
            if not has_landed:
                remove_journal(self.repository.state_dir)
            raise
        finally:
            self.work_tree.release()
        remove_journal(self.repository.state_dir)
        return has_landed

    def _write_commit(self, head: Head, tree: str, message: str) -> str:
        """The first commit of a process is git's work, which knows who we are; the next ones on the same
        branch are by the same people. A signed one is always git's."""
        is_signed = get_boolean(self.config, "commit.gpgSign")
        date = f"{int(self.options.when.timestamp())} +0000" if self.options.when else None
        key = (head.branch, self.options.author)
        people = self.people.get(key)
        if people and not is_signed:
            return self.objects.write("commit", format_commit(tree, head.commit, people, date, message))
        commit = self._run_commit_tree(head, tree, message, date, is_signed)
        environ = self.repository.environ
        written = self.objects.find(commit)
        if written:
            dated = ("GIT_AUTHOR_DATE" in environ, "GIT_COMMITTER_DATE" in environ)
            self.people[key] = read_people(written.content, *dated)
        return commit

    def _run_commit_tree(self, head: Head, tree: str, message: str, date: str | None, is_signed: bool) -> str:
        args = [*DURABLY, "-c", "i18n.commitEncoding=UTF-8", "commit-tree", tree]
        if head.commit:
            args += ["-p", head.commit]
        if is_signed:
            args.append("-S")
        env = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date} if date else {}
        if self.options.author:
            name, _, email = self.options.author.removesuffix(">").rpartition(" <")
            env |= {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email}
        result = self.repository.git.run(*args, stdin=message.encode("utf-8", "surrogateescape"), env=env)
        if result.status != 0:
            raise _explain_commit_failure(args, result.status, result.stderr)
        return result.stdout.decode().strip()

    def _stage(self, entries: Entries, changed: Mapping[str, Content]) -> None:
        if self.staging is None or self.work_tree is None:
            raise EnvironmentFault("there is no work tree here", "leave out --no-commit")
        with self.staging.lock() as lock:
            self.work_tree.lay(self._to_lay(changed))
            lock.replace({f"{ROOT}/{path}": entry for path, entry in entries.items()})

    def _to_lay(self, changed: Mapping[str, Content]) -> dict[str, Content]:
        """All but what a sparse checkout, or the user, keeps out of git's view of the work tree."""
        staged = self.staging.lookup([f"{ROOT}/{path}" for path in changed]) if self.staging else {}
        unseen = {path for path in changed if any(entry.skip_worktree for entry in staged.get(f"{ROOT}/{path}", []))}
        return {
            path: self.objects.get_blob(self._hash(content))
            if isinstance(content, FileEntry) and content.path in unseen  # there is no file to move
            else content
            for path, content in changed.items()
            if path not in unseen
        }


def _terminated(message: str) -> str:
    return message if message.endswith("\n") else message + "\n"


def _oid_of(entry: FileEntry | None) -> str:
    return (entry.oid or "") if entry else ""


def _same(entry: FileEntry | None, staged: list[StagedEntry]) -> bool:
    if entry is None or not staged:
        return entry is None and not staged
    return staged[0].oid == entry.oid and not (staged[0].mode ^ entry.mode) & _KIND


def _uncommitted(path: str, what: str) -> UncommittedEdits:
    return UncommittedEdits(
        f"{ROOT}/{path} has {what}", "commit, stash or restore that file first; nothing was overwritten"
    )


def _explain_commit_failure(args: list[str], status: int, stderr: bytes) -> EnvironmentFault:
    said = stderr.decode("utf-8", "replace")
    if "user.email" in said or "user.name" in said or "ident name" in said:
        return EnvironmentFault(
            "git does not know who you are", "git config --global user.name NAME; git config --global user.email EMAIL"
        )
    if "-S" in args:
        hint = "nothing was committed; check user.signingKey and gpg.format, or `git -c commit.gpgSign=false milestone`"
        return EnvironmentFault(f"the commit can't be signed: {said.strip()}", hint)
    return GitFailed(args, status, stderr)
