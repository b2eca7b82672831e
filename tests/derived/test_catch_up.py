"""Law 2: rebuild = catch-up. However the index came to a state, it answers as one that was built from nothing."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from gitmilestone.derived import catch_up, database, sqlite
from gitmilestone.derived import listing as documents
from gitmilestone.errors import MilestoneError
from gitmilestone.operations.migrating.migrate import migrate
from gitmilestone.operations.scaling import index as index_operations
from gitmilestone.operations.scaling.index import verify_index
from gitmilestone.query.query import Query
from gitmilestone.snapshot.documents import read_all
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store
from tests.derived.states import BY_ID, Told, answers_from_nothing, assert_right, dump, index_path, rebuild, yaml
from tests.query import oracle
from tests.repositories import Clone, init_project, run_git, spawn_python

NAMES = ("alpha", "beta", "gamma")
LATER = database.SCHEMA_VERSION + (1 << 16)
FOLDERS = ("active", "completed", "active/3f", "completed/ab/cd", "active/ab/ab/ab", "active/a/b/c/d", "active/\udcff")
PATHS = st.one_of(
    st.builds("{}/{}.yaml".format, st.sampled_from(FOLDERS), st.sampled_from(NAMES)),
    st.builds("{}/{}.yaml".format, st.sampled_from(FOLDERS[:2]), st.sampled_from(NAMES)),
    st.sampled_from(
        (
            "active/UPPER.yaml",
            "active/con.yaml",
            "active/alpha.yaml/inner.yaml",
            "active/alpha.txt",
            "active/3f",
            "active",
            "beta.yaml",
            "config/gamma.yaml",
        )
    ),
)
WRITTEN = {
    "alpha": yaml("Alpha two words", "", "due: 2027-01-15", "", "owner: ana"),
    "beta": yaml("Beta", "", "labels:", "  - red", "  - Grün", "", "depends_on:", "  - alpha", "  - nothing"),
    "gamma": yaml("Gamma", "", "tasks:", "  t-1:", "    title: Task of alpha", "    status: completed", "risk: high"),
    "closed": yaml("Closed", status="completed"),
    "windows": yaml("Closed", "", "depends_on:", "  gamma: relates", status="cancelled").replace("\n", "\r\n"),
    "long": yaml("Long", "", "description: |", *(f"  line {number} of it" for number in range(400))),
    "not YAML": "title: [\n",
    "nothing": "",
    "twice": "schema: 1\ntitle: a\ntitle: b\nstatus: planned\n",
    "not UTF-8": "title: \udcfe\n",
    "too large": "#" * (1 << 20) + "\n",
}
CONTENTS = st.sampled_from([*WRITTEN])
KINDS = st.sampled_from(("file", "file", "file", "executable", "link", "pipe"))

DYING = """
import os, signal, sqlite3, sys
from gitmilestone.derived import catch_up
from gitmilestone.derived.database import read_index
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.store.store import Store
catch_up._BATCH, catch_up._COMMIT_EVERY = 2, 3
left = int(sys.argv[1])
def count():
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
class Dying(sqlite3.Connection):
    def execute(self, *args):
        count()
        return super().execute(*args)
    def executemany(self, *args):
        count()
        return super().executemany(*args)
connect = sqlite3.connect
sqlite3.connect = lambda *args, **options: connect(*args, factory=Dying, **options)
store = Store.open(".", os.environ)
(rebuild_index(store) if sys.argv[2] == "rebuild" else read_index(store, store.files_at(), lambda index: None))
store.close()
"""


class Project(RuleBasedStateMachine):
    """A repository whose index is read after everything that happens to it."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="milestone-catch-up-"))
        shutil.copytree(self.template, self.place, symlinks=True, dirs_exist_ok=True)
        self.clone = Clone(self.place / "project")
        self.linked: Clone | None = None

    @initialize()
    def start(self) -> None:
        self.git("remote", "set-url", "origin", str(self.place / "origin.git"))
        rebuild(self.clone)

    def git(self, *args: str) -> str:
        return self.clone.git(*args, is_checked=False)

    def commit(self, message: str = "by hand") -> None:
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", message)

    def try_to(self, action: Callable[[], object]) -> None:
        try:
            action()
        except MilestoneError:
            self.git("reset", "-q", "--hard")

    def lay(self, path: str, content: str | None, kind: str = "file") -> None:
        place = self.clone.path / ".milestones" / path
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        if content is None:
            if place.is_symlink() or place.is_file() or place.is_fifo():
                place.unlink()
            return
        for folder in reversed(place.relative_to(self.clone.path).parents):
            there = self.clone.path / folder
            if there.is_symlink() or there.is_file():
                there.unlink()
            there.mkdir(exist_ok=True)
        place.unlink(missing_ok=True)
        if kind == "link":
            place.symlink_to("../../readme")
            return
        if kind == "pipe":
            os.mkfifo(place)
            return
        place.write_bytes(WRITTEN[content].encode("utf-8", "surrogateescape"))
        place.chmod(0o755 if kind == "executable" else 0o644)

    @rule(name=st.sampled_from(NAMES))
    def creates(self, name: str) -> None:
        self.try_to(lambda: self.clone.new(name, labels="red, blue", owner="ana"))

    @rule(name=st.sampled_from(NAMES), title=st.sampled_from(("Newer", "Two words", "日本語")))
    def edits(self, name: str, title: str) -> None:
        self.try_to(lambda: self.clone.edit(name, title=title))

    @rule(name=st.sampled_from(NAMES))
    def completes(self, name: str) -> None:
        self.try_to(lambda: self.clone.complete(name))

    @rule(name=st.sampled_from(NAMES))
    def deletes(self, name: str) -> None:
        self.try_to(lambda: self.clone.delete(name))

    @rule(folder=st.sampled_from(FOLDERS[:4]), count=st.integers(1, 12))
    def writes_many(self, folder: str, count: int) -> None:
        files: dict[str, str | None] = {
            f"{folder}/many-{number}.yaml": yaml(f"Alpha {number}") for number in range(count)
        }
        self.try_to(lambda: self.clone.write(files))

    @rule(layout=st.sampled_from(("sharded", "flat")))
    def migrates(self, layout: str) -> None:
        with self.clone.store() as store:
            self.try_to(lambda: migrate(store, layout))

    @rule(files=st.lists(st.tuples(PATHS, st.none() | CONTENTS, KINDS), min_size=1, max_size=5), commits=st.booleans())
    def lays_by_hand(self, files: list[tuple[str, str | None, str]], commits: bool) -> None:
        for path, content, kind in files:
            self.lay(path, content, kind)
        if commits:
            self.commit()

    @rule(kind=st.sampled_from(("gone", "link", "file")))
    def replaces_the_folder(self, kind: str) -> None:
        place = self.clone.path / ".milestones"
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink(missing_ok=True)
        if kind == "link":
            place.symlink_to("src")
        elif kind == "file":
            place.write_text("no folder\n")
        self.commit()
        with self.clone.store() as store:
            if kind == "gone":
                assert_right(store)
            else:
                with pytest.raises(MilestoneError):
                    store.files_at()
        self.git("reset", "-q", "--hard", "HEAD^")

    @rule()
    def changes_modes(self) -> None:
        for place in (self.clone.path / ".milestones").rglob("*.yaml"):
            if place.is_file() and not place.is_symlink():
                place.chmod(place.stat().st_mode ^ 0o111)
        self.commit()

    @rule(old=st.sampled_from(FOLDERS), new=st.sampled_from(FOLDERS))
    def renames_a_folder(self, old: str, new: str) -> None:
        here, there = self.clone.path / ".milestones" / old, self.clone.path / ".milestones" / new
        if here.is_dir() and not there.exists() and there.parent.is_dir() and here not in there.parents:
            here.rename(there)
        self.commit()

    @rule(path=PATHS)
    def puts_a_submodule(self, path: str) -> None:
        self.git("update-index", "--add", "--replace", "--cacheinfo", f"160000,{'12' * 20},.milestones/{path}")
        self.git("commit", "-qm", "submodule")

    @rule(branch=st.sampled_from(("main", "side")))
    def switches(self, branch: str) -> None:
        self.git("switch", "-q", "-f", branch)

    @rule(branch=st.sampled_from(("main", "side")), how=st.sampled_from(("ort", "ours")))
    def merges(self, branch: str, how: str) -> None:
        self.git("merge", "-q", "--no-edit", "-s", how, branch)
        self.git("merge", "--abort")

    @rule(steps=st.integers(1, 3))
    def resets(self, steps: int) -> None:
        self.git("reset", "-q", "--hard", f"HEAD~{steps}")

    @rule()
    def amends(self) -> None:
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--amend", "--allow-empty", "-m", "amended")

    @rule()
    def stashes(self) -> None:
        self.git("stash", "push", "-q", "-u")

    @rule()
    def unstashes(self) -> None:
        self.git("stash", "pop", "-q")
        self.git("checkout", "-q", "-f", "HEAD", "--", ".")

    @rule(content=CONTENTS)
    def somebody_forces_a_push(self, content: str) -> None:
        self.git("push", "-q", "-f", "origin", "HEAD:main")
        other = Clone(self.place / "other")
        run_git("clone", "-q", "-b", "main", str(self.place / "origin.git"), str(other.path))
        place = other.path / ".milestones" / "active" / "alpha.yaml"
        if place.parent.is_dir() and not place.is_dir():
            place.unlink(missing_ok=True)
            place.write_bytes(WRITTEN[content].encode("utf-8", "surrogateescape"))
        other.git("add", "-A", "-f")
        other.git("commit", "-q", "--amend", "--allow-empty", "-m", "forced")
        other.git("push", "-q", "-f", "origin", "HEAD:main")
        shutil.rmtree(other.path)
        self.git("fetch", "-q", "origin")
        self.git("reset", "-q", "--hard", "origin/main")

    @rule(path=PATHS, content=CONTENTS)
    def loses_the_stamped_tree(self, path: str, content: str) -> None:
        """It is read, left by a reset, and collected as garbage before the next reading."""
        self.git("reset", "-q", "--hard")
        self.lay(path, content)
        self.lay(f"{path.partition('/')[0]}/lost.yaml", content)
        self.commit()
        self.holds()
        self.git("reset", "-q", "--hard", "HEAD^")
        self.git("reflog", "expire", "--expire=now", "--all")
        self.git("gc", "-q", "--prune=now")

    @rule(suffix=st.sampled_from(("", "-wal", "-shm")))
    def removes_a_file_of_the_index(self, suffix: str) -> None:
        path = index_path(self.clone)
        path.with_name(path.name + suffix).unlink(missing_ok=True)
        if not suffix:
            with self.clone.store() as store:
                assert_right(store)
            rebuild(self.clone)

    @rule(how=st.sampled_from(("cut", "header", "page", "empty", "text")), seed=st.integers(0, 999))
    def damages_the_index(self, how: str, seed: int) -> None:
        damage(index_path(self.clone), how, seed)
        with self.clone.store() as store:
            assert_right(store)
        if not index_path(self.clone).exists() or verify_fails(self.clone):
            rebuild(self.clone)

    @rule(table=st.sampled_from(("label", "custom", "retired", "unserved", "stamp", "search", "milestone", "task")))
    def drops_a_table(self, table: str) -> None:
        with closing(sqlite3.connect(index_path(self.clone))) as connection:
            connection.execute(f"DROP TABLE {table}")
        with self.clone.store() as store:
            assert_right(store)
        if verify_fails(self.clone):
            rebuild(self.clone)

    @rule(version=st.sampled_from((0, 1, LATER)))
    def another_version_has_written(self, version: int) -> None:
        path = index_path(self.clone)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        before = path.read_bytes()
        with self.clone.store() as store:
            assert_right(store)
        if version == LATER:
            assert path.read_bytes() == before
            rebuild(self.clone)

    @rule()
    def the_program_is_renewed(self) -> None:
        """And is set back again: its older self leaves the new index alone."""
        modules = (database, sqlite, index_operations)
        old = database.SCHEMA_VERSION
        try:
            for module in modules:
                module.SCHEMA_VERSION = LATER  # type: ignore[attr-defined]
            self.holds()
        finally:
            for module in modules:
                module.SCHEMA_VERSION = old  # type: ignore[attr-defined]
        before = index_path(self.clone).read_bytes()
        with self.clone.store() as store:
            assert_right(store)
        assert index_path(self.clone).read_bytes() == before
        for clone in filter(None, (self.clone, self.linked)):
            rebuild(clone)

    @rule(statements=st.integers(1, 60), how=st.sampled_from(("rebuild", "read")), path=PATHS, content=CONTENTS)
    def is_killed_as_it_catches_up(self, statements: int, how: str, path: str, content: str) -> None:
        self.lay(path, content)
        self.commit()
        spawn_python(DYING, str(statements), how, cwd=self.clone.path).communicate()
        if not index_path(self.clone).exists():
            rebuild(self.clone)

    @rule()
    def adds_a_worktree(self) -> None:
        if self.linked is None:
            self.git("worktree", "add", "-q", "--detach", str(self.place / "linked"), "main")
            self.linked = Clone(self.place / "linked")
            rebuild(self.linked)

    @rule(where=st.sampled_from(("main", "side", "HEAD~1")))
    def moves_the_worktree(self, where: str) -> None:
        if self.linked:
            self.linked.git("reset", "-q", "--hard", where, is_checked=False)

    @rule(revision=st.sampled_from(("main", "side", "HEAD~1", "HEAD~2", "stash@{0}", "origin/main", "staged", "work")))
    def is_asked_about_another_state(self, revision: str) -> None:
        """That leaves the rows as they are, and HEAD's."""
        path = index_path(self.clone)
        with self.clone.store() as store:
            try:
                files = find_files(store, revision)
            except MilestoneError:
                return
            before = dump(path)
            assert_right(store, files, is_on_disk=True)
            assert_right(store, files, is_on_disk=True)
            assert dump(path) == before

    @invariant()
    def holds(self) -> None:
        for clone in (self.clone, self.linked):
            if clone is None:
                continue
            with clone.store() as store:
                told = Told()
                assert_right(store, told=told, is_on_disk=True)
                assert told.warnings == []
                assert_as_read(store, store.files_at())
                assert verify_index(store).faults == []

    def teardown(self) -> None:
        shutil.rmtree(self.place)


def find_files(store: Store, revision: str) -> Files:
    if revision == "staged":
        return store.staged_files()
    return store.work_files() if revision == "work" else store.files_at(revision)


def assert_as_read(store: Store, files: TreeFiles) -> None:
    """The same without any index: each file read, and the query answered in plain Python."""
    reading, answers = read_all(files), answers_from_nothing(store, files)
    assert answers.rows == oracle.answer(Query(order=BY_ID), list(reading.entries))
    assert answers.unserved.files == reading.unreadable
    errors = [problem for problem in reading.problems if problem.severity == "error" and problem.code != "wrong-folder"]
    assert sorted(answers.unserved.problems) == sorted(errors)


def damage(path: Path, how: str, seed: int) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    content = bytearray(path.read_bytes())
    chance = random.Random(seed)
    if how == "cut":
        del content[chance.randrange(1, len(content)) :]
    elif how == "header":
        content[:100] = chance.randbytes(100)
    elif how == "page":
        page = chance.randrange(len(content) // 4096) * 4096
        content[page : page + 4096] = bytes(4096)
    elif how == "empty":
        content.clear()
    else:
        content[:] = b"no database\n" * 900
    path.write_bytes(content)


def verify_fails(clone: Clone) -> bool:
    with clone.store() as store:
        try:
            return bool(verify_index(store).faults)
        except MilestoneError:
            return True


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("catch-up")
    init_project(place / "project")
    clone = Clone(place / "project")
    clone.git("config", "gc.auto", "0")
    clone.git("switch", "-qc", "side")
    clone.new("beta", labels="red")
    clone.git("switch", "-q", "main")
    clone.new("alpha", owner="ana")
    clone.new("gamma", depends_on="alpha")
    clone.complete("alpha")
    run_git("clone", "-q", "--bare", str(clone.path), str(place / "origin.git"))
    clone.git("remote", "add", "origin", os.devnull)
    return place


@pytest.mark.parametrize(
    ("batch", "examples", "steps"),
    [(1000, 3, 18), (2, 5, 18), *(pytest.param(batch, 150, 40, marks=pytest.mark.long) for batch in (1, 3, 1000))],
)
def test_law_2_the_index_is_what_it_would_be_if_built_anew(
    prepared: Path, monkeypatch: pytest.MonkeyPatch, batch: int, examples: int, steps: int
) -> None:
    monkeypatch.setattr(catch_up, "_BATCH", batch)
    monkeypatch.setattr(documents, "_WORTH_HASHING", batch - 1)
    Project.template = prepared
    run_state_machine_as_test(
        Project,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
