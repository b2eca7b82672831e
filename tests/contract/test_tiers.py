"""Law 3: the tier is never visible in an answer. Every tier answers as plain Python over the files would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from math import isclose
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.derived.engine import Engine
from gitmilestone.derived.statistics import Statistics
from gitmilestone.model.layout import FOLDERS, LAYOUTS, ROOT, path_in
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.row import Row
from gitmilestone.query.parse import parse
from gitmilestone.query.query import OPEN, Order, Query
from tests.contract.tiers import TIERS, Project
from tests.model.handwritten import files_of
from tests.query import oracle
from tests.query.conditions import queries
from tests.repositories import NOW, Clone, init_project
from tests.strategies import milestone_sets

TODAY = NOW.date()
BY_ID = (Order("id"),)
UNREADABLE = (b"", b"title: [\n", b"\xff\xfe", b"- a list\n")


class Tree(NamedTuple):
    """Attributes:
    files: (path below `.milestones/`, content).
    entries: (milestone, path) of each that is to be served.
    unreadable: Paths of the files that say nothing.
    others: Paths of further files of an id that another one serves.
    """

    files: list[tuple[str, bytes]]
    entries: list[tuple[Milestone, str]]
    unreadable: list[str]
    others: list[str]


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Any milestones, anywhere: in the folder that is theirs or the other one, in any layout, or in two at once."""
    places = st.lists(
        st.tuples(st.sampled_from(FOLDERS), st.sampled_from([*LAYOUTS])), min_size=1, max_size=3, unique=True
    )
    tree = Tree([("config/project.yaml", b"format: 1\n")], [], [], [])
    for milestone in draw(milestone_sets()):
        content = draw(files_of(milestone))
        paths = sorted(
            path_in(folder, milestone.id, layout)
            for folder, layout in draw(st.one_of(places.map(lambda some: some[:1]), places))
        )
        served = False
        for path in paths:
            is_readable = draw(st.integers(0, 5)) > 0
            tree.files.append((path, content if is_readable else draw(st.sampled_from(UNREADABLE))))
            if not is_readable:
                tree.unreadable.append(path)
            elif served:
                tree.others.append(path)
            else:
                served = True
                tree.entries.append((milestone, f"{ROOT}/{path}"))
    return tree


@pytest.fixture(scope="module", params=[*TIERS])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    place = tmp_path_factory.mktemp("contract") / "project"
    init_project(place)
    return Project(Clone(place), TIERS[request.param]())


def examples(default: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return settings(max_examples=default, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(data=st.data())
@examples(15)
def test_rows_their_order_and_their_number(project: Project, data: st.DataObject) -> None:
    tree = data.draw(trees())
    project.set_files(tree.files)
    asked = [data.draw(queries(tree.entries)) for _ in range(4)]
    found = project.ask(
        lambda index: [(index.rows(query), index.count(query), index.count(query, 2)) for query in asked]
    )
    for query, (rows, count, at_most) in zip(asked, found, strict=True):
        assert rows == oracle.answer(query, tree.entries)
        assert count == len(oracle.answer(Query(query.where), tree.entries))
        assert at_most == min(count, 2)


@given(tree=trees())
@examples(10)
def test_what_can_not_be_served(project: Project, tree: Tree) -> None:
    project.set_files(tree.files)
    unserved, milestones, data_volume = project.ask(
        lambda index: (index.unserved(), index.milestones, index.data_volume)
    )
    contents = dict(tree.files)
    assert milestones == len(tree.entries)
    assert data_volume == sum(len(contents[path.removeprefix(f"{ROOT}/")]) for _, path in tree.entries)
    assert unserved.files == len(tree.unreadable) + len(tree.others)
    assert unserved.ids == {path.rpartition("/")[2].removesuffix(".yaml") for path in tree.unreadable}
    served = {milestone.id: path for milestone, path in tree.entries}
    named = {(problem.code == "duplicate-id", problem.path) for problem in unserved.problems}
    firsts = {served[path.rpartition("/")[2].removesuffix(".yaml")] for path in tree.others}
    assert named == {
        *((False, f"{ROOT}/{path}") for path in tree.unreadable),
        *((True, f"{ROOT}/{path}") for path in tree.others),
        *((True, path) for path in firsts),
    }
    paths = [problem.path for problem in unserved.problems if problem.code != "duplicate-id"]
    assert paths == sorted(paths)


@given(tree=trees())
@examples(10)
def test_figures(project: Project, tree: Tree) -> None:
    project.set_files(tree.files)
    found = project.ask(lambda index: index.statistics(TODAY))
    expected = count_in_python(oracle.make_rows(tree.entries))
    assert isclose(found.mean_progress, expected.mean_progress, abs_tol=1e-12)
    assert found._replace(mean_progress=0.0) == expected._replace(mean_progress=0.0)
    for counts in (found.by_status, found.by_project, found.by_owner):
        assert [*counts.values()] == sorted(counts.values(), reverse=True)


def count_in_python(rows: list[Row]) -> Statistics:
    milestones = [row.milestone for row in rows]
    open_rows = [row for row in rows if row.milestone.is_open]
    tasks = [task for milestone in milestones for task in milestone.tasks]
    edges = [len(milestone.depends_on) for milestone in milestones]
    return Statistics(
        total=len(rows),
        open=len(open_rows),
        by_status=Counter(milestone.status for milestone in milestones),
        by_project=Counter(milestone.project or "" for milestone in milestones),
        by_owner=Counter(milestone.owner or "" for milestone in milestones),
        overdue=sum(bool(row.milestone.due and row.milestone.due < TODAY) for row in open_rows),
        blocked=sum(row.is_blocked for row in rows),
        ready=sum(not row.is_blocked for row in open_rows),
        mean_progress=sum(row.progress for row in open_rows) / len(open_rows) if open_rows else 0.0,
        tasks=len(tasks),
        tasks_done=sum(task.status == "completed" for task in tasks),
        dependencies=sum(edges),
        milestones_with_dependencies=sum(map(bool, edges)),
        most_dependencies=max(edges, default=0),
    )


@given(data=st.data())
@examples(10)
def test_pages_follow_each_other_without_gap_or_overlap(project: Project, data: st.DataObject) -> None:
    tree = data.draw(trees())
    query = data.draw(queries(tree.entries))._replace(limit=None, offset=0)
    size = data.draw(st.integers(1, 3))
    project.set_files(tree.files)
    whole, paged = project.ask(lambda index: index.rows(query)), list[Row]()
    page = project.ask(lambda index: index.rows(query._replace(limit=size)))
    while page:
        paged += page
        following = partial(count_next, query, page[-1].milestone.id)
        assert project.ask(following) == len(whole) - len(paged)
        page = project.ask(partial(read_next, query._replace(limit=size), page[-1].milestone.id))
    assert paged == whole
    assert project.ask(lambda index: index.keys_of(query, "no-such-0000")) is None


def read_next(query: Query, last: str, index: Engine) -> list[Row]:
    return index.rows(query._replace(after=index.keys_of(query, last)))


def count_next(query: Query, last: str, index: Engine) -> int:
    return index.count(query._replace(after=index.keys_of(query, last)))


@given(data=st.data())
@examples(10)
def test_ids_and_dependencies(project: Project, data: st.DataObject) -> None:
    tree = data.draw(trees())
    project.set_files(tree.files)
    ids = sorted(milestone.id for milestone, _ in tree.entries)
    prefix = data.draw(st.sampled_from(["", "s", "ship", "x.", *ids, *(name[:2] for name in ids)]))
    limit = data.draw(st.integers(0, 4))
    names = [*ids, "no-such-0000"]
    found = project.ask(lambda index: (index.find_ids(prefix, limit), index.dependents_of(names)))
    assert found[0] == [name for name in ids if name.startswith(prefix)][:limit]
    edges = [(target, milestone.id) for milestone, _ in tree.entries for target, _ in milestone.depends_on]
    dependents = {name: sorted(source for target, source in edges if target == name) for name in names}
    assert found[1] == {name: sources for name, sources in dependents.items() if sources}


def test_texts_that_people_type(project: Project) -> None:
    files = [
        (f"active/m-{number:04}.yaml", f"schema: 1\ntitle: Ship {word} {number}\nstatus: planned\n".encode())
        for number, word in enumerate(("login", "Straße", "日本語", "2FA", "a_b") * 30)
    ]
    project.set_files(files)
    for text, count in (
        ("login", 30),
        ("STRASSE", 30),
        ("日本", 30),
        ("2f", 30),
        ("ship -login sort:-title", 120),
        ("a b", 30),
    ):
        query = parse(text, today=TODAY)
        assert project.ask(lambda index, query=query: index.count(query)) == count
    pages = project.ask(lambda index: index.rows(Query(OPEN, BY_ID, limit=7, offset=140)))
    assert [row.milestone.id for row in pages] == [f"m-{number:04}" for number in range(140, 147)]


def test_nothing_at_all(project: Project) -> None:
    project.set_files([])
    found = project.ask(lambda index: (index.rows(Query()), index.count(Query()), index.unserved(), index.milestones))
    assert (found[0], found[1], found[2].files, found[3]) == ([], 0, 0, 0)
    assert project.ask(lambda index: index.statistics(TODAY)) == count_in_python([])


def test_a_tier_leaves_the_repository_as_it_is(project: Project, tmp_path: Path) -> None:
    project.set_files([("active/a.yaml", b"schema: 1\ntitle: A\nstatus: planned\n")])
    project.clone.git("reset", "-q", "--hard")
    before = project.clone.others()
    assert project.ask(lambda index: index.milestones) == 1
    assert project.clone.others() == before
