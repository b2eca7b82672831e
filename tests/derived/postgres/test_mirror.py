from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import isclose

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.derived.postgres.copying import MIRRORED
from gitmilestone.derived.postgres.explain import explain_mirror
from gitmilestone.derived.postgres.load import load
from gitmilestone.derived.postgres.mirror import Mirror, MirrorStamp, begin_reading
from gitmilestone.derived.postgres.server.connect import Server
from gitmilestone.derived.schema import COLUMNS, SCHEMA_VERSION
from gitmilestone.derived.sqlite import Index
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.row import Row
from gitmilestone.query.parse import parse
from gitmilestone.query.query import OPEN, Order, Query, Text
from tests.derived.test_index import BY_ID, LOGIN, STORE, TEXTS, TODAY, at_paths, fill
from tests.query import oracle
from tests.query.conditions import queries
from tests.strategies import milestone_sets

WHOLE = Query(order=BY_ID)


@contextmanager
def mirrored(server: Server, milestones: Iterable[Milestone]) -> Iterator[Mirror]:
    """A mirror of them, rolled back afterwards."""
    with server.connect() as link, Index.memory() as index:
        fill(index, at_paths(milestones))
        link.connection.execute("BEGIN")
        state_id = load(link.connection, index, 1)
        stamp = MirrorStamp(1, "refs/heads/main", state_id, "", "", SCHEMA_VERSION, "", index.milestones, 0)
        yield Mirror(link, stamp)


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_query_is_answered_as_plain_python_would(mirror_server: Server, data: st.DataObject) -> None:
    entries = at_paths(data.draw(milestone_sets()))
    asked = data.draw(st.lists(queries(entries), min_size=1, max_size=6))
    with mirrored(mirror_server, (milestone for milestone, _ in entries)) as mirror:
        assert mirror.rows(WHOLE) == oracle.answer(WHOLE, entries)
        for query in asked:
            assert mirror.rows(query) == oracle.answer(query, entries)
            assert mirror.count(query) == len(oracle.answer(Query(query.where), entries))
            assert mirror.count(query, at_most=1) == min(1, len(oracle.answer(Query(query.where), entries)))


@given(data=st.data())
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_follow_each_other_without_gap_or_overlap(mirror_server: Server, data: st.DataObject) -> None:
    entries = at_paths(data.draw(milestone_sets()))
    query = data.draw(queries(entries))._replace(limit=None, offset=0)
    size = data.draw(st.integers(1, 3))
    with mirrored(mirror_server, (milestone for milestone, _ in entries)) as mirror:
        paged: list[Row] = []
        page = mirror.rows(query._replace(limit=size))
        while page:
            paged += page
            after = mirror.keys_of(query, page[-1].milestone.id)
            page = mirror.rows(query._replace(limit=size, after=after))
        assert paged == mirror.rows(query)


@given(milestones=milestone_sets())
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_figures_and_look_ups_are_those_of_an_index(mirror_server: Server, milestones: list[Milestone]) -> None:
    with Index.memory() as index, mirrored(mirror_server, milestones) as mirror:
        fill(index, at_paths(milestones))
        ours, theirs = mirror.statistics(TODAY), index.statistics(TODAY)
        assert isclose(ours.mean_progress, theirs.mean_progress, abs_tol=1e-12)
        assert ours._replace(mean_progress=0) == theirs._replace(mean_progress=0)
        assert list(ours.by_project) == list(theirs.by_project)
        assert {type(value) for value in ours if not isinstance(value, dict)} <= {int, float}
        ids = [milestone.id for milestone in milestones]
        assert mirror.dependents_of(ids) == index.dependents_of(ids)
        assert mirror.unserved() == index.unserved()
        assert mirror.milestones == index.milestones
        for prefix in ("", "s", "ship-"):
            assert mirror.find_ids(prefix, 3) == index.find_ids(prefix, 3)
            assert mirror.find_paths(prefix) == index.find_paths(prefix)
        for milestone_id in [*ids, "no-such-0000"]:
            assert mirror.blockers_of(milestone_id) == index.blockers_of(milestone_id)


LONG = (
    ("word " * 400 + "needle in hay", "more than a tsvector keeps places of one word"),
    (" ".join(f"w{number}" for number in range(20_000)) + " needle in hay", "more words than it has places"),
    ("x" * 3000 + " needle in hay", "a word that is longer than it takes"),
    ("é" * 1500 + " needle in hay", "the same in bytes alone"),
    (" ".join(f"{number:0200}" for number in range(3000)) + " needle in hay", "more than a megabyte of it"),
)


@pytest.mark.parametrize("text", [text for text, _ in LONG], ids=[reason.replace(" ", "-") for _, reason in LONG])
def test_a_text_of_any_length_is_searched_as_the_index_searches_it(mirror_server: Server, text: str) -> None:
    milestones = [LOGIN._replace(description=text), STORE._replace(title="needle"), TEXTS]
    first = text.split(" ", 1)[0]
    asked = [
        Text(tuple(words.split()), field)
        for words in ("needle", "needle in ha", "in needle", "hay ship", first, first[:-1], "w19999 nee")
        for field in ("", "title", "description", "tasks")
    ]
    with mirrored(mirror_server, milestones) as mirror:
        for condition in asked:
            query = Query(condition)
            assert mirror.rows(query) == oracle.answer(query, at_paths(milestones)), condition


def test_lines_as_long_as_they_may_be_are_found(mirror_server: Server) -> None:
    line = "".join(chr(0x4E00 + number) for number in range(1000))
    ligature = "\ufdfa" * 1000  # eighteen letters each, once folded
    milestones = [
        LOGIN._replace(project=line, owner=ligature, labels=(ligature, line), extra={line: "y", "risk": "x" * 100_000}),
        STORE._replace(project=line[:-1]),
    ]
    entries = at_paths(milestones)
    with mirrored(mirror_server, milestones) as mirror:
        terms = (f"project:{line}", f"label:{line}", f'owner:"{ligature}"', f"x.risk:{'x' * 10**5}")
        for text in (*terms, f"project:{line[:99]}*"):
            query = parse(text, today=TODAY)
            assert mirror.rows(query) == oracle.answer(query, entries), text[:20]


def test_many_rows_come_in_parts(mirror_server: Server) -> None:
    milestones = [STORE._replace(id=f"m-{number:04}") for number in range(1200)]
    with mirrored(mirror_server, milestones) as mirror:
        assert [row.milestone for row in mirror.rows(WHOLE)] == milestones
        assert [row.milestone for row in mirror.rows(WHOLE._replace(limit=700, offset=5))] == milestones[5:705]
        first, second = mirror.iter_rows(WHOLE), mirror.iter_rows(Query(order=(Order("id", True),)))
        assert next(first).milestone == next(iter(milestones))
        assert next(second).milestone == milestones[-1]


def test_every_column_of_the_index_is_mirrored(mirror_server: Server) -> None:
    statement = (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'milestone' AND table_name = %s"
    )
    with mirror_server.connect() as link:
        begin_reading(link.connection)
        for table, columns in MIRRORED.items():
            found = {name for (name,) in link.connection.execute(statement, (table,))}
            assert found - {"custom"} == {"repository_id", "state_id", *columns}
            assert set(COLUMNS.get(table, ())) - {"number"} <= found


def test_a_page_is_found_by_an_index_wherever_it_is(mirror_server: Server) -> None:
    milestones = [STORE._replace(id=f"m-{number:04}", due=TODAY if number % 2 else None) for number in range(4000)]
    with mirrored(mirror_server, milestones) as mirror:
        for name in ("", "m-0001", "m-3999", "m-0000", "m-3990"):
            query = Query(OPEN, limit=10)
            how = explain_mirror(mirror, query._replace(after=mirror.keys_of(query, name) if name else None))
            assert how.rows == min(10, 10 if name != "m-3990" else 4)
            assert how.rows_read <= 12, how.plan
            assert how.indexes
            assert any("Index" in line for line in how.plan)
