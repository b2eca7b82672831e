"""Real repositories, and what the tests ask of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import gitmilestone
from gitmilestone.changes.commit import commit_edit
from gitmilestone.model.record import revise_fields
from gitmilestone.operations.editing.init import init
from gitmilestone.operations.editing.milestones import create, delete, edit_fields, transition
from gitmilestone.snapshot.documents import read_all
from gitmilestone.store.files import Files
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Plan, WriteOptions

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ROOT = Path(gitmilestone.__file__).parent.parent


def run_git(
    *args: str,
    cwd: str | os.PathLike[str] | None = None,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    is_checked: bool = True,
) -> str:
    """What `git ARGS` prints; raises with its own words where it fails and `is_checked`."""
    result = subprocess.run(
        ["git", *args], cwd=cwd, input=stdin, env={**os.environ, **(env or {})}, capture_output=True, check=False
    )
    if is_checked and result.returncode != 0:
        said = os.fsdecode(result.stdout + result.stderr)
        raise AssertionError(f"git {' '.join(args)} failed ({result.returncode}): {said}")
    return os.fsdecode(result.stdout).removesuffix("\n")


def spawn_python(script: str, *args: str, cwd: Path, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """A Python process of its own that runs a script against the package under test."""
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", script, *args],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def init_project(place: Path, *init_args: str) -> None:
    """A repository with a file of somebody else's, and an initialised `.milestones/`."""
    run_git("init", "-q", "--template=", *init_args, str(place))
    (place / "src").mkdir()
    (place / "src" / "main.c").write_text("int main;\n")
    (place / "readme").write_text("read me\n")
    run_git("add", ".", cwd=place)
    run_git("commit", "-qm", "first", cwd=place)
    Clone(place).init()


_GIT_TEMPORARY = re.compile(r"/tmp_obj_\w{6}$")
_STAGED = re.compile(r"(\S \d+ \w+ \d)\t([^\0]*)\0((?:  .*\n)+)")


class Others(NamedTuple):
    """What belongs to the user: staged entries with their flags, files, the git directory, and reflogs."""

    staged: dict[str, list[tuple[str, str]]]
    work: dict[str, tuple[int, int, bytes]]
    git_dir: dict[str, bytes]
    logs: dict[str, bytes]

    def assert_kept(self, after: Others) -> None:
        """Every byte is as it was; only the reflogs of HEAD and its branch may have grown."""
        assert after.staged == self.staged
        assert after.work == self.work
        assert after.git_dir == self.git_dir
        for name, log in self.logs.items():
            assert after.logs.get(name, b"").startswith(log), name


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(os.readlink(path))
    return path.read_bytes() if path.is_file() else b""


class Clone:
    """One repository, as its user and as git milestone see it."""

    def __init__(self, path: Path, **environ: str) -> None:
        self.path = path
        self.environ = environ

    def git(self, *args: str, stdin: bytes = b"", is_checked: bool = True, **env: str) -> str:
        return run_git(*args, cwd=self.path, stdin=stdin, env={**self.environ, **env}, is_checked=is_checked)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """As a new process would open it."""
        store = Store.open(str(self.path), {**os.environ, **self.environ})
        try:
            yield store
        finally:
            store.close()

    def init(self) -> str | None:
        with self.store() as store:
            return commit_edit(store, init()).commit

    def write(self, files: Mapping[str, str | None], message: str = "a plan", **options: Any) -> str | None:
        """Carries out a plan below the operations: path below `.milestones/` -> text."""
        contents = {path: None if text is None else text.encode() for path, text in files.items()}
        with self.store() as store:
            return store.write(lambda _: Plan(contents, message), WriteOptions(**options)).commit

    def new(self, milestone_id: str, options: WriteOptions = WriteOptions(), **fields: Any) -> str | None:
        title = fields.pop("title", f"Do {milestone_id}")
        with self.store() as store:
            return commit_edit(store, create(title, fields, now=NOW, milestone_id=milestone_id), options).commit

    def edit(self, milestone_id: str, options: WriteOptions = WriteOptions(), **fields: Any) -> str | None:
        with self.store() as store:
            return commit_edit(
                store, edit_fields(milestone_id, lambda before: revise_fields(before, fields)), options
            ).commit

    def complete(self, milestone_id: str, options: WriteOptions = WriteOptions()) -> str | None:
        with self.store() as store:
            return commit_edit(store, transition("complete", [milestone_id]), options).commit

    def archive(self, milestone_id: str, options: WriteOptions = WriteOptions()) -> str | None:
        """Moves its file, as it is."""

        def build(files: Files) -> Plan:
            entry = files.find(f"active/{milestone_id}.yaml")
            return Plan({f"active/{milestone_id}.yaml": None, f"completed/{milestone_id}.yaml": entry}, "archive")

        with self.store() as store:
            return store.write(build, options).commit

    def delete(self, milestone_id: str, options: WriteOptions = WriteOptions()) -> str | None:
        with self.store() as store:
            return commit_edit(store, delete([milestone_id]), options).commit

    def ids(self, revision: str = "HEAD") -> set[str]:
        with self.store() as store:
            return set(read_all(store.files_at(revision)).documents)

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD")

    @property
    def git_dir(self) -> Path:
        return Path(self.git("rev-parse", "--absolute-git-dir"))

    def text(self, path: str, revision: str = "HEAD") -> str:
        """A committed file below `.milestones/`, its last newline cut."""
        return self.git("show", f"{revision}:.milestones/{path}")

    def status(self) -> str:
        return self.git("status", "--porcelain=v1", "--untracked-files=all")

    def fsck(self) -> None:
        """Raises where the object database has any fault; dangling objects are none."""
        said = self.git("fsck", "--strict", "--full", "--no-dangling")
        assert not said, said

    def others(self, *touched: str) -> Others:
        """All that is not ours to change; `touched` are the paths (from the top) that a command was asked to."""
        listed = self.git("ls-files", "-s", "-t", "--debug", "-z") + "\n"
        staged: dict[str, list[tuple[str, str]]] = {}
        for facts, path, details in _STAGED.findall(listed):
            staged.setdefault(path, []).append((facts, details))
        work = {
            str(path.relative_to(self.path)): (path.lstat().st_mode, path.lstat().st_mtime_ns, _content(path))
            for path in self.path.rglob("*")
            if ".git" not in path.relative_to(self.path).parts and not (path.is_dir() and not path.is_symlink())
        }
        git_dir = self.git_dir
        kept = {
            str(path.relative_to(git_dir)): path.read_bytes()
            for path in git_dir.rglob("*")
            if path.is_file() and path.relative_to(git_dir).parts[0] not in ("objects", "index", "milestone")
        }
        branch = self.git("symbolic-ref", "-q", "HEAD", is_checked=False)
        logs = {name: kept.pop(name, b"") for name in ("logs/HEAD", f"logs/{branch}")}
        kept.pop(branch or "HEAD", None)
        for path in touched:
            staged.pop(path, None)
            work.pop(path, None)
        return Others(staged, work, kept, logs)

    def locks(self) -> list[str]:
        """Lock and temporary files below the git directory; git's own object files are left to its gc."""
        git_dir = self.git_dir
        names = (str(path.relative_to(git_dir)) for path in git_dir.rglob("*"))
        parts = (".lock", "tmp_", "laying-", "journal", "next-index", ".milestone-")
        return sorted(name for name in names if any(part in name for part in parts) and not _GIT_TEMPORARY.search(name))
