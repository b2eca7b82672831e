"""Laws 1, 6 and 7, whatever the user and git milestone do in turn.

1. Git only: every write is a commit or a staged change. 6. Acknowledged is durable: a commit that was
printed is an ancestor of its branch. 7. Others' work is left alone, byte for byte.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from gitmilestone.errors import MilestoneError
from gitmilestone.operations.asking.history import history
from gitmilestone.operations.asking.query import answer
from gitmilestone.operations.checking.check import check
from gitmilestone.query.query import Query
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone, init_project

IDS = st.sampled_from(("alpha", "beta", "gamma"))
FILES = st.sampled_from(("readme", "src/main.c", "new.txt", "src/ünïcode ☃.txt"))
TEXTS = st.sampled_from(("one\n", "two\n", "three\r\n", ""))
SHIFTS = st.sampled_from((WriteOptions(), WriteOptions(), WriteOptions(), WriteOptions(stage_only=True)))


def paths_of(*ids: str) -> list[str]:
    return [f".milestones/{folder}/{name}.yaml" for name in ids for folder in ("active", "completed")]


class Project(RuleBasedStateMachine):
    """A user and git milestone at work in one repository."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.place = Path(tempfile.mkdtemp(prefix="milestone-laws-"))
        shutil.copytree(self.template, self.place / "project", symlinks=True)
        self.clone = Clone(self.place / "project")
        self.acknowledged: dict[str, list[str]] = {}

    @initialize()
    def start(self) -> None:
        self.git("update-index", "--refresh")

    def git(self, *args: str) -> str:
        """What the user does may fail; git then says so and changes nothing that concerns us."""
        return self.clone.git(*args, is_checked=False)

    def write(self, touched: list[str], action: Callable[[], str | None], options: WriteOptions) -> None:
        """Runs a command of ours, and holds it to the laws, whether it writes or refuses."""
        before, whole, head = self.clone.others(*touched), self.clone.others(), self.git("rev-parse", "HEAD")
        branch = self.git("symbolic-ref", "-q", "HEAD")
        try:
            commit = action()
        except MilestoneError:
            whole.assert_kept(self.clone.others())
            assert self.git("rev-parse", "HEAD") == head
            return
        before.assert_kept(self.clone.others(*touched))
        assert self.git("symbolic-ref", "-q", "HEAD") == branch
        if commit is None:
            assert self.git("rev-parse", "HEAD") == head
            if not options.stage_only:
                whole.assert_kept(self.clone.others())
            if self.clone.others() == whole:
                return  # there was nothing to change
        else:
            assert not options.stage_only
            self.acknowledged.setdefault(branch, []).append(commit)
            assert self.git("rev-parse", "HEAD", "HEAD^").split() == [commit, head]
            named = self.git("diff-tree", "-r", "--name-only", "--no-renames", head, commit).split("\n")
            assert set(named) <= set(touched)
            assert self.git("diff", "--cached", "--name-only", "--", *named) == ""
        # What we have written is in the work tree as it is in the staging area (and in HEAD, if committed).
        assert self.git("diff", "--name-only", "--", *touched) == ""
        assert self.clone.locks() == []

    @rule(name=IDS, options=SHIFTS)
    def create(self, name: str, options: WriteOptions) -> None:
        self.write(paths_of(name), lambda: self.clone.new(name, options), options)

    @rule(name=IDS)
    def create_another(self, name: str) -> None:
        ids = [f"more-{name}-{number}" for number in range(3)]
        number = len([other for other in self.clone.ids() if other in ids])
        self.write(paths_of(*ids), lambda: self.clone.new(ids[number % 3]), WriteOptions())

    @rule(name=IDS, options=SHIFTS, priority=st.sampled_from(("low", "high", None)))
    def edit(self, name: str, options: WriteOptions, priority: str | None) -> None:
        self.write(paths_of(name), lambda: self.clone.edit(name, options, priority=priority), options)

    @rule(name=IDS, options=SHIFTS)
    def complete(self, name: str, options: WriteOptions) -> None:
        self.write(paths_of(name), lambda: self.clone.complete(name, options), options)

    @rule(name=IDS, options=SHIFTS)
    def archive(self, name: str, options: WriteOptions) -> None:
        self.write(paths_of(name), lambda: self.clone.archive(name, options), options)

    @rule(name=IDS, options=SHIFTS)
    def delete(self, name: str, options: WriteOptions) -> None:
        self.write(paths_of(name), lambda: self.clone.delete(name, options), options)

    @rule()
    def read(self) -> None:
        whole, head = self.clone.others(), self.git("rev-parse", "HEAD")
        with self.clone.store() as store:
            for files in (store.files_at(), store.staged_files(), store.work_files()):
                found = answer(store, files, Query())
                check(files)
            for row in found.rows:
                if row.milestone.id in self.clone.ids():
                    list(history(store, row.milestone.id))
        assert self.clone.others() == whole
        assert self.git("rev-parse", "HEAD") == head

    @rule(path=FILES, text=TEXTS)
    def user_edits(self, path: str, text: str) -> None:
        place = self.clone.path / path
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(text.encode())

    @rule(path=FILES)
    def user_deletes(self, path: str) -> None:
        (self.clone.path / path).unlink(missing_ok=True)

    @rule(path=FILES, how=st.sampled_from((["-A"], ["-N"], ["--chmod=+x"])))
    def user_stages(self, path: str, how: list[str]) -> None:
        self.git("add", *how, "--", path)

    @rule(name=IDS, text=TEXTS, is_staged=st.booleans())
    def user_edits_a_milestone(self, name: str, text: str, is_staged: bool) -> None:
        for path in paths_of(name):
            if (self.clone.path / path).exists():
                (self.clone.path / path).write_bytes((self.clone.path / path).read_bytes() + f"# {text}".encode())
                if is_staged:
                    self.git("add", path)

    @rule()
    def user_discards_what_is_not_committed_below_milestones(self) -> None:
        self.git("reset", "-q", "--", ".milestones")
        self.git("checkout", "-q", "--", ".milestones")
        self.git("clean", "-fdq", ".milestones")

    @rule(how=st.sampled_from(([], ["-a"])))
    def user_commits(self, how: list[str]) -> None:
        self.git("commit", "-q", "-m", "theirs", *how)

    @rule()
    def user_stashes(self) -> None:
        self.git("stash", "push", "-q", "-u")

    @rule()
    def user_pops_the_stash(self) -> None:
        self.git("stash", "pop", "-q")

    @rule(branch=st.sampled_from(("main", "side")), how=st.sampled_from(([], ["--detach"])))
    def user_switches(self, branch: str, how: list[str]) -> None:
        self.git("switch", "-q", *how, branch)

    @rule(branch=st.sampled_from(("main", "side")))
    def user_begins_a_merge(self, branch: str) -> None:
        self.git("merge", "-q", "--no-ff", "--no-commit", branch)

    @rule()
    def user_ends_the_merge(self) -> None:
        self.git("merge", "--abort")

    @rule(name=st.sampled_from(("x", "y")))
    def user_tags_and_configures(self, name: str) -> None:
        self.git("tag", "-f", name)
        self.git("config", f"alias.{name}", "status")

    def teardown(self) -> None:
        try:
            for branch, commits in self.acknowledged.items():
                if branch:
                    kept = set(self.git("rev-list", branch).split())
                    assert kept >= set(commits)
            self.clone.fsck()
        finally:
            shutil.rmtree(self.place)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("laws") / "project"
    init_project(place)
    clone = Clone(place)
    clone.git("switch", "-qc", "side")
    (place / "readme").write_text("side\n")
    clone.git("commit", "-qam", "side")
    clone.new("beta")
    clone.git("switch", "-q", "main")
    clone.new("alpha")
    return place


@pytest.mark.parametrize(("examples", "steps"), [(12, 12), pytest.param(300, 40, marks=pytest.mark.long)])
def test_laws_1_6_and_7_hold_whatever_is_done(prepared: Path, examples: int, steps: int) -> None:
    Project.template = prepared
    run_state_machine_as_test(
        Project,
        settings=settings(
            max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
