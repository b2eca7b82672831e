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
        self._is_configured = any(key.startswith("hook.") and key.endswith(".event") for key in config)
        self._events: set[str] | None = None
        self._author: dict[str, str] | None = None

    def is_installed(self, name: str) -> bool:
        """Whether git would run anything, so that a repository without hooks pays nothing for them."""
        if os.access(os.path.join(self.repository.hooks_dir, name), os.X_OK):
            return True
        if self._events is None:
            self._events = self._read_events() if self._is_configured else set()
        return name in self._events

    def _read_events(self) -> set[str]:
        """What `hook.NAME.event` says, which may say it several times."""
        listed = self.repository.git.check("config", "--null", "--get-regexp", r"^hook\..*\.event$")
        return {item.partition("\n")[2] for item in listed.decode("utf-8", "surrogateescape").split("\0")}

    def run(self, name: str, *args: str, index: str = "") -> bool:
        """Runs a hook, its output on our standard error; True where it agreed or is not installed.

        Args:
            index: The staging area that it sees; "" is the real one.
        """
        if not self.is_installed(name):
            return True
        directory = self.repository.work_dir or self.repository.git_dir
        command = ["git", "-C", directory, "hook", "run", "--ignore-missing", name, "--", *args]
        environ = {
            **self.repository.hook_environ,
            **self._author_environ(),
            "GIT_INDEX_FILE": self._as_git_says(index or self.repository.index_path),
            "GIT_EDITOR": ":",
            "GIT_MILESTONE_WRITING": self.repository.git_dir,
        }
        null = os.open(os.devnull, os.O_RDONLY)
        try:
            pid = spawn(command, environ, {0: null, 1: 2})
        finally:
            os.close(null)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status) == 0

    def _as_git_says(self, path: str) -> str:
        """Relative where git's are: a hook that goes into another repository would else write to this one's files."""
        repository = self.repository
        given = {"GIT_DIR", "GIT_INDEX_FILE"} & repository.hook_environ.keys()
        top = repository.work_dir
        if top is None or given or repository.git_dir != os.path.join(top, ".git"):
            return path
        return os.path.relpath(path, top)

    def _author_environ(self) -> dict[str, str]:
        """What `git commit` tells its hooks of the author."""
        if self._author is None:
            result = self.repository.git.run("var", "GIT_AUTHOR_IDENT")
            name, _, rest = result.stdout.decode("utf-8", "surrogateescape").strip().partition(" <")
            email, _, date = rest.partition("> ")
            variables = ("GIT_AUTHOR_NAME", name), ("GIT_AUTHOR_EMAIL", email), ("GIT_AUTHOR_DATE", f"@{date}")
            self._author = dict(variables) if result.status == 0 else {}
        return self._author

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
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(message)
        said = self._as_git_says(path)
        if not self.run("prepare-commit-msg", said, "message"):
            raise HookRejected("the prepare-commit-msg hook failed", "what it said is above")
        if verify and not self.run("commit-msg", said):
            hint = "--message writes another, --no-verify skips it"
            raise HookRejected("the commit-msg hook rejected the commit", hint)
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            approved = file.read().strip()
        if not approved:
            raise HookRejected("a hook left an empty commit message", "")
        return approved + "\n"

    def _run_pre_commit(self, tree: str) -> None:
        """Like `git commit -- PATH`: the hook sees an index of HEAD with only our change in it."""
        os.makedirs(self.repository.state_dir, exist_ok=True)
        index = os.path.join(self.repository.state_dir, f"next-index-{os.getpid()}.lock")
        try:
            self.repository.git.check("read-tree", tree, env={"GIT_INDEX_FILE": index})
            if not self.run("pre-commit", index=index):
                raise HookRejected("the pre-commit hook rejected the commit", "--no-verify skips it")
        finally:
            remove_if_present(index)
