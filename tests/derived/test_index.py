from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from math import isclose

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitmilestone.derived.explain import explain
from gitmilestone.derived.listing import Parsed
from gitmilestone.derived.rows import encode_document
from gitmilestone.derived.schema import index_statements
from gitmilestone.derived.sqlite import Index
from gitmilestone.derived.writer import Writer
from gitmilestone.model.layout import ROOT, Folder, path_in
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.row import Row
from gitmilestone.query.parse import MAX_DEPTH, MAX_TERMS, parse
from gitmilestone.query.query import EVERYTHING, OPEN, Group, Order, Query
from tests.query import oracle
from tests.query.conditions import queries
from tests.strategies import milestone_sets

TODAY = date(2026, 11, 22)
BY_ID = (Order("id"),)


def at_paths(milestones: Iterable[Milestone]) -> list[tuple[Milestone, str]]:
    folders: dict[bool, Folder] = {True: "active", False: "completed"}
    return [(one, f"{ROOT}/{path_in(folders[one.is_open], one.id, 'flat')}") for one in milestones]


def fill(index: Index, entries: Iterable[tuple[Milestone, str]]) -> None:
    parsed = [
        Parsed(path.removeprefix(f"{ROOT}/"), "", milestone.id, encode_document(milestone, 0))
        for milestone, path in entries
    ]
    index.connection.execute("BEGIN")
    Writer(index.connection, lambda entries: []).apply([], parsed)
    for statement in index_statements():
        index.connection.execute(statement)
    index.connection.execute("COMMIT")


@contextmanager
def filled(milestones: Iterable[Milestone]) -> Iterator[Index]:
    index = Index.memory()
    try:
        fill(index, at_paths(milestones))
        yield index
    finally:
        index.connection.close()


def find(index: Index, text: str) -> list[str]:
    return [row.milestone.id for row in index.rows(parse(text, today=TODAY))]


@given(milestone_sets())
@settings(max_examples=60, deadline=None)
def test_rows_come_back_as_they_were_filled_in(milestones: list[Milestone]) -> None:
    with filled(milestones) as index:
        rows = index.rows(Query(order=BY_ID))
    assert rows == oracle.answer(Query(order=BY_ID), at_paths(milestones))
    assert [row.milestone for row in rows] == sorted(milestones)
    assert [type(row.milestone) for row in rows] == [Milestone] * len(milestones)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_every_query_is_answered_as_plain_python_would(data: st.DataObject) -> None:
    entries = at_paths(data.draw(milestone_sets()))
    query = data.draw(queries(entries))
    with filled(milestone for milestone, _ in entries) as index:
        assert index.rows(query) == oracle.answer(query, entries)
        assert index.count(query) == len(oracle.answer(Query(query.where), entries))


@given(milestone_sets())
@settings(max_examples=40, deadline=None)
def test_statistics(milestones: list[Milestone]) -> None:
    rows = oracle.make_rows(at_paths(milestones))
    open_rows = [row for row in rows if row.milestone.is_open]
    with filled(milestones) as index:
        found = index.statistics(TODAY)
    assert found.total == len(rows)
    assert found.open == len(open_rows)
    assert found.by_status == count(milestone.status for milestone in milestones)
    assert found.by_project == count(milestone.project or "" for milestone in milestones)
    assert found.by_owner == count(milestone.owner or "" for milestone in milestones)
    assert found.overdue == sum(bool(row.milestone.due and row.milestone.due < TODAY) for row in open_rows)
    assert found.blocked == sum(row.is_blocked for row in rows)
    assert found.ready == sum(not row.is_blocked for row in open_rows)
    mean = sum(row.progress for row in open_rows) / len(open_rows) if open_rows else 0.0
    assert isclose(found.mean_progress, mean, abs_tol=1e-12)
    tasks = [task for milestone in milestones for task in milestone.tasks]
    assert found.tasks == len(tasks)
    assert found.tasks_done == sum(task.status == "completed" for task in tasks)
    edges = [len(milestone.depends_on) for milestone in milestones]
    assert found.dependencies == sum(edges)
    assert found.milestones_with_dependencies == sum(map(bool, edges))
    assert found.most_dependencies == max(edges, default=0)


def count(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


LOGIN = Milestone(
    id="login-0001",
    title="Ship two-factor login",
    status="in_progress",
    project="Auth",
    owner="ana@example.com",
    priority="high",
    due=date(2026, 12, 1),
    estimate=15,
    labels=("Security", "ui"),
    depends_on=(Dependency("store-0002"), Dependency("texts-0003", "relates")),
    tasks=(Task("totp-1", "Enrol with TOTP", "completed", 3), Task("sms-2", "Text messages")),
    extra={"risk": "High", "teams": ["Red", "blue"], "note": None},
)
STORE = Milestone(id="store-0002", title="Session store", due=date(2026, 11, 1), owner="bo", priority="critical")
TEXTS = Milestone(id="texts-0003", title="Texts for login", status="completed", project="auth-texts")


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["store-0002", "login-0001", "texts-0003"]),
        ("sort:-due", ["login-0001", "store-0002", "texts-0003"]),
        ("sort:priority", ["store-0002", "login-0001", "texts-0003"]),
        ("sort:-priority", ["login-0001", "store-0002", "texts-0003"]),
        ("sort:title", ["store-0002", "login-0001", "texts-0003"]),
        ("login", ["login-0001", "texts-0003"]),
        ("two-fac", ["login-0001"]),
        ('"two login"', []),
        ('"two" login', ["login-0001"]),
        ("totp", ["login-0001"]),
        ("task:mess", ["login-0001"]),
        ("task:login", []),
        ("title:login", ["login-0001", "texts-0003"]),
        ("project:AUTH", ["login-0001"]),
        ("project:auth*", ["login-0001", "texts-0003"]),
        ("-project:auth", ["store-0002", "texts-0003"]),
        ("owner:ana", ["login-0001"]),
        ("owner:an", []),
        ("owner:none", ["texts-0003"]),
        ("label:security", ["login-0001"]),
        ("-label:security,other", ["store-0002", "texts-0003"]),
        ("depends:store-0002", ["login-0001"]),
        ("depends:store-*", ["login-0001"]),
        ("is:blocked", ["login-0001"]),
        ("is:ready", ["store-0002"]),
        ("is:overdue", ["store-0002"]),
        ("due:<2027", ["store-0002", "login-0001"]),
        ("priority:>high", ["store-0002"]),
        ("progress:75%", ["login-0001"]),
        ("progress:1", ["texts-0003"]),
        ("x.risk:high", ["login-0001"]),
        ("x.teams:BLUE", ["login-0001"]),
        ("x.note:any", []),
        ("x.risk:none", ["store-0002", "texts-0003"]),
        ("path:.milestones/completed/*", ["texts-0003"]),
        ("id:STORE-0002,texts-*", ["store-0002", "texts-0003"]),
    ],
)
def test_queries_as_people_type_them(text: str, ids: list[str]) -> None:
    with filled((LOGIN, STORE, TEXTS)) as index:
        assert find(index, text) == ids


def test_what_blocks_is_said_until_it_is_closed() -> None:
    with filled((LOGIN, STORE)) as index:
        (login,) = index.rows(parse("id:login-0001", today=TODAY))
    assert login.is_blocked
    assert login.blocked_by == ("store-0002",)
    with filled((LOGIN, STORE._replace(status="cancelled"))) as index:
        (login,) = index.rows(parse("id:login-0001", today=TODAY))
    assert not login.is_blocked
    assert login.blocked_by == ()


def test_a_limit_cuts_the_rows_but_not_the_count() -> None:
    milestones = [STORE._replace(id=f"m-{number:04}") for number in range(1200)]
    with filled(milestones) as index:
        query = Query(EVERYTHING, BY_ID, limit=2, offset=1)
        assert [row.milestone.id for row in index.rows(query)] == ["m-0001", "m-0002"]
        assert index.count(query) == 1200
        assert [row.milestone for row in index.rows(query._replace(limit=None, offset=0))] == milestones


def test_the_longest_and_deepest_queries_are_answered() -> None:
    texts = (
        "(" * MAX_DEPTH + " or ".join(["due:2027"] * (MAX_TERMS // 2)) + ")" * MAX_DEPTH,
        "(a b or owner:c,d " * MAX_DEPTH + "is:ready or is:overdue is:ready" + ")" * MAX_DEPTH,
        "-(a or " * (MAX_DEPTH // 2) + "is:blocked" + ")" * (MAX_DEPTH // 2),
        "a " * MAX_TERMS,
        "-label:x " * MAX_TERMS,
        "x.k:v or " * (MAX_TERMS - 1) + "a",
    )
    with filled((LOGIN, STORE)) as index:
        for text in texts:
            query = parse(text, today=TODAY)
            query = query._replace(where=Group("and", (OPEN, query.where)))
            assert index.rows(query) == oracle.answer(query, at_paths((LOGIN, STORE)))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_pages_follow_each_other_without_gap_or_overlap(data: st.DataObject) -> None:
    entries = at_paths(data.draw(milestone_sets()))
    query = data.draw(queries(entries))._replace(limit=None, offset=0)
    size = data.draw(st.integers(1, 3))
    with filled(milestone for milestone, _ in entries) as index:
        whole = index.rows(query)
        paged: list[Row] = []
        page = index.rows(query._replace(limit=size))
        while page:
            paged += page
            after = index.keys_of(query, page[-1].milestone.id)
            assert index.count(query._replace(after=after)) == len(whole) - len(paged)
            assert index.count(query._replace(after=after), 1) == min(1, len(whole) - len(paged))
            page = index.rows(query._replace(limit=size, after=after))
    assert paged == whole


def test_a_page_costs_the_same_wherever_it_is() -> None:
    milestones = [STORE._replace(id=f"m-{number:04}", due=TODAY if number % 2 else None) for number in range(2000)]
    with filled(milestones) as index:
        query = Query(OPEN, limit=10)
        read = []
        for name in ("m-0001", "m-1999", "m-0000", "m-1990"):
            after = index.keys_of(query, name)
            read.append(explain(index, query._replace(after=after)).rows_read)
    assert max(read) <= 10, read
