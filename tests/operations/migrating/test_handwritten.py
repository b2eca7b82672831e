"""What people write moves through every migration, and out and in again, and says the same afterwards."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.model.layout import path_in
from gitmilestone.model.milestone import Milestone, Task
from gitmilestone.model.record import task_to_json, to_json
from gitmilestone.operations.carry_out import carry_out
from gitmilestone.operations.editing.bulk import apply_operations, read_json_lines
from gitmilestone.operations.migrating.migrate import migrate
from gitmilestone.operations.scaling.switch import switch_tier
from gitmilestone.snapshot.documents import read_all
from tests.contract.tiers import FileTier, Project
from tests.model.handwritten import handwritten, handwritten_files, saved
from tests.older_format import downgrade, register
from tests.repositories import NOW, Clone, init_project
from tests.strategies import milestone_sets

SETTINGS = ("config/project.yaml", b"format: 1\n\nlayout: flat\n")
Written = dict[str, tuple[Milestone, bytes]]
"""Id -> what a file says, and its bytes."""


@st.composite
def projects(draw: st.DrawFn) -> Written:
    found = draw(milestone_sets(max_size=4))
    return {one.id: (one, draw(handwritten_files(one))) for one in found}


def without_own(task: Task) -> Task:
    return task._replace(extra={})


def few(examples: int) -> settings:
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
    return settings(max_examples=examples, deadline=None, suppress_health_check=checks)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    place = tmp_path_factory.mktemp("handwritten") / "project"
    init_project(place)
    return Project(Clone(place), FileTier())


def fill(project: Project, written: Written) -> None:
    files = [(path_in("active", name, "flat"), content) for name, (_, content) in written.items()]
    project.set_files([SETTINGS, *files])
    project.clone.git("reset", "-q", "--hard")


def read(clone: Clone) -> dict[str, Milestone]:
    with clone.store() as store:
        found = read_all(store.files_at())
    assert found.unreadable == 0
    return {name: one.milestone for name, one in found.documents.items() if one.milestone}


@given(written=projects())
@few(12)
def test_layouts(project: Project, written: Written) -> None:
    fill(project, written)
    with project.clone.store() as store:
        migrate(store, "sharded")
        for name, (_, content) in written.items():
            path = f".milestones/{path_in('active', name, 'sharded')}"
            assert (project.clone.path / path).read_bytes() == content
        migrate(store, "flat")
    assert read(project.clone) == {name: one for name, (one, _) in written.items()}


@given(written=projects())
@few(12)
def test_tiers(project: Project, written: Written) -> None:
    fill(project, written)
    with project.clone.store() as store:
        switch = switch_tier(store, "sqlite")
    assert switch.compared is not None
    assert (switch.compared.records, switch.compared.differing) == (len(written), ())
    assert read(project.clone) == {name: one for name, (one, _) in written.items()}


@given(found=milestone_sets(max_size=4), data=st.data())
@few(12)
def test_formats(project: Project, found: list[Milestone], data: st.DataObject) -> None:
    older = {one.id: (one, data.draw(saved(downgrade(data.draw(handwritten(one)))))) for one in found}
    fill(project, older)
    with pytest.MonkeyPatch.context() as patch:
        register(patch)
        before = read(project.clone)
        assert before == {one.id: one._replace(schema=2) for one in found}
        with project.clone.store() as store:
            migrate(store, "schema-2")
        assert read(project.clone) == before


@given(written=projects())
@few(12)
def test_out_and_in_again(project: Project, written: Written, tmp_path_factory: pytest.TempPathFactory) -> None:
    fill(project, written)
    found = read(project.clone)
    lines = [
        json.dumps({**to_json(one), "extra": {}, "tasks": [*map(task_to_json, map(without_own, one.tasks))]})
        for one in found.values()
    ]
    place = tmp_path_factory.mktemp("in") / "project"
    init_project(place)
    with Clone(place).store() as store:
        carry_out(store, apply_operations(read_json_lines(lines, "x", default_op="upsert"), source="x", now=NOW))
    came = {
        name: one._replace(
            created=one.created or NOW, description=one.description or None, tasks=tuple(map(without_own, one.tasks))
        )
        for name, one in found.items()
    }
    assert read(Clone(place)) == {name: one._replace(extra={}) for name, one in came.items()}
