"""The suites of the doors can fail: each of a list of faults, made in a copy of the package, is seen by them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests import doors
from tests.mutations import MUTATIONS, Copy, Mutation, apply
from tests.repositories import ROOT

SAMPLE = MUTATIONS[:: len(MUTATIONS) // 3 + 1]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


def test_each_is_one_place_that_is_there_and_names_tests_that_are_there() -> None:
    assert len(set(MUTATIONS)) == len(MUTATIONS)
    for mutation in MUTATIONS:
        ast.parse(apply(mutation, ROOT / "gitmilestone"))
        for test in mutation.tests:
            module, _, name = test.partition("::")
            assert f"def {name}(" in (ROOT / "tests" / module).read_text(encoding="utf-8"), test


def test_every_door_has_some() -> None:
    """But what only declares: protocols, names, packages."""
    broken = {f"gitmilestone/{mutation.file}" for mutation in MUTATIONS}
    declaring = {"__init__.py", "tier.py", "file.py", "distributed.py"}
    paths = {path for door in doors.DOORS for path in ROOT.glob(door) if path.suffix == ".py"}
    assert {path.relative_to(ROOT).as_posix() for path in paths if path.name not in declaring} == broken


@pytest.mark.parametrize("mutation", SAMPLE, ids=lambda mutation: Path(mutation.file).stem)
def test_some_are_seen(copy: Copy, mutation: Mutation) -> None:
    assert copy.is_seen(mutation)


@pytest.mark.long
def test_all_are_seen(copy: Copy) -> None:
    assert copy.run(tuple(dict.fromkeys(test for mutation in MUTATIONS for test in mutation.tests))) == 0
    assert [mutation for mutation in MUTATIONS if not copy.is_seen(mutation)] == []


@pytest.mark.long
def test_every_branch_of_the_doors_is_run_by_their_suites() -> None:
    assert doors.main() == 0
