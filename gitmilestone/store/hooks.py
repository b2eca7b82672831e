"""The user's commit hooks, run as `git commit` runs them."""

from __future__ import annotations

import os
from collections.abc import Mapping

from gitmilestone.errors import HookRejected
from gitmilestone.store.git import spawn
from gitmilestone.store.objects import remove_if_present
from gitmilestone.store.repository import Repository


class Hooks:
    def __init__(self, repository: Repository, config: Mapping[str, str]) -> None:
        self.repository = repository
        self._configured = {
            value for key, value in config.items() if key.startswith("hook.") and key.endswith(".event")
        }

    def is_installed(self, name: str) -> bool:
        """Whether git would run anything, so that a repository without hooks pays nothing for them."""
        return name in self._configured or os.access(os.path.join(self.repository.hooks_dir, name), os.X_OK)

    def run(self, name: str, *args: str, env: Mapping[str, str] | None = None) -> bool:
        """Runs a hook, its output on our standard error; True where it agreed or is not installed."""
        if not self.is_installed(name):
            return True
        directory = self.repository.work_dir or self.repository.git_dir
        command = ["git", "-C", directory, "hook", "run", "--ignore-missing", name, "--", *args]
        environ = {
            **self.repository.user_environ,
            "GIT_INDEX_FILE": self.repository.index_path,
            "GIT_EDITOR": ":",
            **(env or {}),
        }
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            pid = spawn(command, environ, {0: null, 1: 2})
        finally:
            os.close(null)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status) == 0

    def approve(self, message: str, tree: str, verify: bool) -> str:
        """The message as the hooks leave it.

        Raises:
            HookRejected: pre-commit, prepare-commit-msg or commit-msg said no, or left no message.
        """
        if verify and self.is_installed("pre-commit"):
            self._run_pre_commit(tree)
        if not any(map(self.is_installed, ("prepare-commit-msg", "commit-msg"))):
            return message
        path = os.path.join(self.repository.git_dir, "COMMIT_EDITMSG")
        with open(path, "w", encoding="utf-8") as file:
            file.write(message)
        if not self.run("prepare-commit-msg", path, "message"):
            raise HookRejected("the prepare-commit-msg hook failed", "what it said is above")
        if verify and not self.run("commit-msg", path):
            raise HookRejected("the commit-msg hook rejected the commit", "--message writes another, --no-verify skips it")
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            approved = file.read().strip()
        if not approved:
            raise HookRejected("a hook left an empty commit message", "")
        return approved + "\n"

    def _run_pre_commit(self, tree: str) -> None:
        """Like `git commit -- PATH`: the hook sees an index of HEAD with only our change in it."""
        index = os.path.join(self.repository.git_dir, f"next-index-{os.getpid()}.lock")
        env = {"GIT_INDEX_FILE": index}
        try:
            self.repository.git.check("read-tree", tree, env=env)
            if not self.run("pre-commit", env=env):
                raise HookRejected("the pre-commit hook rejected the commit", "--no-verify skips it")
        finally:
            remove_if_present(index)
