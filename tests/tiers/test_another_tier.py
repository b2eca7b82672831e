"""Another tier is one module and one row: a copy of the package has one more, and everything knows it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gitmilestone
from tests.repositories import Clone

_ROW = '    "distributed": {'
_MODULE = """
from gitmilestone.derived.catch_up import catch_up
from gitmilestone.derived.sqlite import Index
from gitmilestone.tiers.compare import compare
from gitmilestone.tiers.local import LocalTier
from gitmilestone.tiers.tier import Site


class PretendTier(LocalTier):
    name = "pretend"

    def find_obstacle(self, store, *, is_asked):
        return "" if is_asked else "it is for tests"

    def try_site(self, store):
        return Site("nowhere", store.config.get("milestone.pretend", ""))

    def prepare(self, store):
        store.write_state("pretend", "started")

    def build(self, store, files, watch):
        return self.ask(store, files, lambda engine: compare(files, engine, watch), watch)

    def ask(self, store, files, read, watch):
        with Index.memory() as index:
            catch_up(index, store, files)
            return read(index)

    def follow(self, store, watch):
        store.write_state("pretend", store.files_at().tree)

    def drop(self, store, unused_seconds=0):
        store.write_state("pretend", None)

    def describe(self, store):
        return "Pretend: it is here"


TIER = PretendTier()
"""


class Program:
    """The copy of git milestone that has one more tier."""

    def __init__(self, folder: Path, clone: Clone) -> None:
        package = folder / "gitmilestone"
        shutil.copytree(Path(gitmilestone.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
        names = package / "model" / "tiers.py"
        text = names.read_text()
        assert text.count(_ROW) == 1
        names.write_text(text.replace(_ROW, f'    "pretend": {{"score": 400}},\n{_ROW}'))
        (package / "tiers" / "pretend.py").write_text(_MODULE)
        self.folder = folder
        self.clone = clone

    def __call__(self, *words: str, status: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "gitmilestone", *words],
            cwd=self.clone.path,
            env={**os.environ, "PYTHONPATH": str(self.folder)},
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    @property
    def note(self) -> str | None:
        """What the tier has noted in the clone."""
        path = self.clone.git_dir / "milestone" / "pretend"
        return path.read_text().strip() if path.exists() else None


@pytest.fixture
def program(clone: Clone, tmp_path: Path) -> Program:
    clone.new("a")
    clone.new("b", depends_on=["a"])
    return Program(tmp_path / "copy", clone)


def test_it_is_known_where_tiers_are_listed_and_measured(program: Program) -> None:
    listed = program("migrate", "--list")
    assert "  pretend      a score of 400\n" in listed
    assert [tier["name"] for tier in json.loads(program("migrate", "--list", "--json"))["tiers"]] == [
        "file", "sqlite", "postgresql", "pretend", "distributed"
    ]  # fmt: skip
    assert "PRETEND" in program("status", "--verbose")
    assert json.loads(program("status", "--json"))["limits"]["pretend"] == {"score": 400}
    assert program("__complete", "--", "migrate", "pre").split() == ["pretend"]
    assert program("migrate", "pretend", "--dry-run") == (
        "would migrate tier file -> pretend: build and compare 2 milestones at nowhere, then commit\n"
    )
    program.clone.git("config", "milestone.pretend", "there is none")
    assert program("migrate", "pretend", "--dry-run", status=1) == "pretend can't be had here: there is none\n"
    assert program.note is None


def test_switching_to_it_and_back(program: Program) -> None:
    assert "migrated tier file -> pretend, 2 records compared" in program("migrate", "pretend")
    assert program.clone.text("config/tier.yaml") == "tier: pretend"
    assert program.note == "started"
    assert program("status").splitlines()[1:4:2] == ["Tier: pretend, layout: flat", "Pretend: it is here"]
    program("new", "C", "--id", "c")
    assert program.note == program.clone.git("rev-parse", "HEAD:.milestones")
    assert program("list", "--format", "ids").split() == ["a", "b", "c"]
    assert "migrated tier pretend -> file" in program("migrate", "file")
    assert program.note is None
    assert "Last switch: pretend -> file" in program("status")
    program.clone.git("revert", "--no-edit", "HEAD")
    assert "Tier: pretend" in program("status")
    assert program("check") == ""
