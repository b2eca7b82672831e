"""Our files in the work tree: compared, laid and removed, never through a symbolic link."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping

from gitmilestone.model.layout import ROOT
from gitmilestone.store.files import refuse_links
from gitmilestone.store.locks import refuse_unwritable
from gitmilestone.store.objects import Objects, remove_if_present, write_durably
from gitmilestone.store.writing.plan import Content

_SYNC_AT_MOST = 64
_BLOCK = 4096


class WorkTree:
    def __init__(self, work_dir: str, state_dir: str) -> None:
        self.root = os.path.join(work_dir, ROOT)
        self.state_dir = state_dir
        self._temporary = os.path.join(state_dir, f"laying-{os.getpid()}")

    def holds(self, path: str, oid: str | None, objects: Objects) -> bool:
        """Whether the file is what `git checkout` makes of that blob; of None: whether nothing is there."""
        refuse_links(self.root, path)
        try:
            descriptor = os.open(os.path.join(self.root, path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            return oid is None
        except OSError:  # a link, a folder, a file where a folder should be, or not ours to read
            return False
        # core.autocrlf may have laid it with CRLF.
        return oid in (objects.hash("blob", content), objects.hash("blob", content.replace(b"\r\n", b"\n")))

    def reserve(self, contents: Mapping[str, Content], more: int) -> None:
        """Takes the room that laying them and `more` bytes will need, so that a full disk is found in time."""
        blocks = sum(len(content) // _BLOCK + 1 for content in contents.values() if isinstance(content, bytes))
        try:
            os.makedirs(self.state_dir, exist_ok=True)
            with open(self._temporary, "wb") as file:
                _allocate(file.fileno(), (blocks + len(contents) + 2) * _BLOCK + more)
        except OSError as error:
            self.release()
            raise refuse_unwritable(error, self.state_dir) from error

    def release(self) -> None:
        remove_if_present(self._temporary)

    def lay(self, contents: Mapping[str, Content]) -> None:
        """Writes and moves files, each by a rename, then removes others: what fails half-way loses nothing.

        Small sets are synced first.
        """
        is_synced = len(contents) <= _SYNC_AT_MOST
        self.release()
        folders: set[str] = set()
        left: set[str] = set()
        try:
            for path, content in sorted(contents.items(), key=lambda item: item[1] is None):
                full = os.path.join(self.root, path)
                folder = os.path.dirname(full)
                if folder not in folders:
                    refuse_links(self.root, path)
                    folders.add(folder)
                if content is None:
                    remove_if_present(full)
                    left.add(folder)
                    continue
                os.makedirs(folder, exist_ok=True)
                if isinstance(content, bytes):
                    self._write(full, content, is_synced)
                else:
                    self._move(content.path, full, is_synced)
            self._remove_empty(left)
        except OSError as error:
            raise refuse_unwritable(error, self.root) from error

    def _write(self, full: str, content: bytes, is_synced: bool) -> None:
        temporary = self._temporary
        if is_synced:
            write_durably(temporary, content)
        else:
            with open(temporary, "wb") as file:
                file.write(content)
        try:
            os.rename(temporary, full)
        except OSError as error:
            os.unlink(temporary)
            if error.errno != errno.EXDEV:
                raise
            # The git directory is on another file system (separate-git-dir, a linked worktree).
            beside = f"{full}.{os.getpid()}.tmp"
            write_durably(beside, content)
            os.rename(beside, full)

    def _move(self, path: str, full: str, is_synced: bool) -> None:
        """Its bytes, its times and its permissions go along."""
        refuse_links(self.root, path)
        old = os.path.join(self.root, path)
        try:
            os.rename(old, full)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            with open(old, "rb") as file:
                self._write(full, file.read(), is_synced)

    def _remove_empty(self, folders: set[str]) -> None:
        """Removes those of the folders that are empty, and what that leaves empty above them."""
        while folders:
            above = set()
            for folder in folders:
                try:
                    os.rmdir(folder)
                except OSError:
                    continue
                above.add(os.path.dirname(folder))
            folders = {folder for folder in above if len(folder) > len(self.root)}


def _allocate(descriptor: int, size: int) -> None:
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        # Any other one says that this file system can't reserve room.
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
