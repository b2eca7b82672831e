"""What people write moves through every migration, and out and in again, and says the same afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from gitmilestone.errors import InvalidOperation
from gitmilestone.faces.cli.formats import format_rows
from gitmilestone.faces.terminal import Style
from gitmilestone.model.layout import path_in
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.row import Row
from gitmilestone.operations.carry_out import carry_out
from gitmilestone.operations.editing.bulk import apply_operations, fits_cell, read_json_lines, refuse_repeated
from gitmilestone.operations.editing.exchange import is_column_key, read_csv
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


def export(clone: Clone, form: str) -> str:
    """What `export` prints of all milestones."""
    with clone.store() as store:
        found = read_all(store.files_at()).documents.values()
        rows = [Row(one.milestone, one.path, 0.0, False) for one in found if one.milestone]
    keys = {key for row in rows for key, value in row.milestone.extra.items() if has_cell(key, value)}
    return format_rows(rows, form, Style(), NOW.date(), keys=sorted(keys))


def has_cell(key: str, value: Any) -> bool:
    return fits_cell(value) and is_column_key(key)


def import_into(clone: Clone, text: str, form: str) -> None:
    read = read_csv(text, "x") if form == "csv" else read_json_lines(text.split("\n"), "x", default_op="upsert")
    refuse_repeated(read, "x")
    with clone.store() as store:
        carry_out(store, apply_operations(read, source="x", now=NOW))


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@given(written=projects())
@few(12)
def test_out_and_into_the_same_is_no_change(project: Project, form: str, written: Written) -> None:
    fill(project, written)
    before = project.clone.git("rev-parse", "HEAD")
    import_into(project.clone, export(project.clone, form), form)
    assert project.clone.git("rev-parse", "HEAD") == before
    assert project.clone.git("status", "--porcelain") == ""


@pytest.mark.parametrize("form", ["jsonl", "csv"])
@given(written=projects())
@few(12)
def test_out_and_into_an_empty_one(
    project: Project, form: str, written: Written, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fill(project, written)
    found = read(project.clone)
    place = tmp_path_factory.mktemp("in") / "project"
    init_project(place)
    try:
        import_into(Clone(place), export(project.clone, form), form)
    except InvalidOperation as error:
        if "dependency cycle" in error.message:
            reject()
        raise
    if form == "csv":
        held = {
            name: {key: one.extra[key] for key in one.extra if has_cell(key, one.extra[key])}
            for name, one in found.items()
        }
        found = {name: one._replace(tasks=(), extra=held[name]) for name, one in found.items()}
    assert read(Clone(place)) == found
