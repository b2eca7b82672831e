"""What can be worked on, what is held up and by what, and the graph of it all."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.derived.database import read_index
from gitmilestone.derived.sqlite import Index
from gitmilestone.errors import AmbiguousId, MilestoneNotFound
from gitmilestone.model.link import Link
from gitmilestone.operations.asking.graph import Around, Graph, read_graph
from gitmilestone.operations.asking.ready import Blocked, Ready, find_blocked, find_ready
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.query.parse import parse
from gitmilestone.query.query import Query
from tests.contract.tiers import TIERS, Project
from tests.repositories import NOW, Clone, init_project


def text_of(*on: str, status: str = "planned", due: str = "", priority: str = "") -> str:
    items = "".join(f"  - {target}\n" for target in on)
    return f"schema: 1\n\ntitle: x\n\nstatus: {status}\n\npriority: {priority}\n\ndue: {due}\n\ndepends_on:\n{items}"


def write(clone: Clone, **files: str) -> None:
    def folder(text: str) -> str:
        return "completed" if "status: c" in text else "active"

    clone.write({f"{folder(text)}/{name}.yaml": text for name, text in files.items()})


def ready(clone: Clone, text: str = "", **options: int) -> Ready:
    query = parse(text, today=NOW.date())._replace(**options)
    with clone.store() as store:
        return find_ready(store, store.files_at(), query)


def blocked(clone: Clone, text: str = "", **options: int) -> Blocked:
    query = parse(text, today=NOW.date())._replace(**options)
    with clone.store() as store:
        return find_blocked(store, store.files_at(), query)


def ids_of(found: Ready) -> list[str]:
    return [row.milestone.id for row in found.rows]


def chains(found: Blocked) -> list[tuple[str, list[str], str | None, str]]:
    return [
        (one.row.milestone.id, [on.id for on in one.waits_for], one.start_with and one.start_with.id, one.reason)
        for one in found.held
    ]


def graph(
    clone: Clone, *names: str, types: tuple[str, ...] = ("blocks",), everything: bool = False, **around: Any
) -> Graph:
    with clone.store() as store:
        return read_graph(store, store.files_at(), Around(names, **around), types, everything=everything)


@pytest.fixture
def planned(clone: Clone) -> Clone:
    write(
        clone,
        done=text_of(status="completed"),
        base=text_of("done", due="2027-01-01"),
        early=text_of(due="2026-01-01"),
        middle=text_of("base", "early", "docs: relates"),
        docs=text_of(status="in_progress"),
        top=text_of("middle", "gone"),
        stuck=text_of(status="blocked"),
        behind=text_of("stuck"),
        ring=text_of("round"),
        round=text_of("ring"),
        trapped=text_of("ring"),
        old=text_of("early", status="cancelled"),
    )
    return clone


def test_ready_is_what_neither_a_hand_nor_a_milestone_holds_up(planned: Clone) -> None:
    assert ids_of(ready(planned)) == ["early", "base", "docs"]
    assert ids_of(ready(planned, "sort:-id")) == ["early", "docs", "base"]
    assert ids_of(ready(planned, "due:any")) == ["early", "base"]
    assert ids_of(ready(planned, "status:in_progress")) == ["docs"]
    assert ids_of(ready(planned, "status:closed")) == []


def test_blocked_says_by_what_and_where_to_begin(planned: Clone) -> None:
    assert chains(blocked(planned)) == [
        ("behind", ["stuck"], "stuck", "by hand"),
        ("middle", ["base", "early"], "early", ""),
        ("ring", ["round"], None, "cycle"),
        ("round", ["ring"], None, "cycle"),
        ("stuck", [], "stuck", "by hand"),
        ("top", ["middle"], "early", ""),
        ("trapped", ["ring"], None, "cycle"),
    ]
    assert [held[0] for held in chains(blocked(planned, "top or behind or docs"))] == ["behind", "top"]


def test_pages_follow_each_other(planned: Clone) -> None:
    first = ready(planned, limit=2)
    assert (ids_of(first), first.hidden) == (["early", "base"], 1)
    assert ids_of(ready(planned, limit=2, offset=2)) == ["docs"]
    page = blocked(planned, limit=2, offset=1)
    assert ([held[0] for held in chains(page)], page.hidden) == (["middle", "ring"], 4)
    with planned.store() as store:
        files = store.files_at()
        assert ids_of(find_ready(store, files, Query(), after="early")) == ["base", "docs"]
        assert [one[0] for one in chains(find_blocked(store, files, Query(), after="stuck"))] == ["top", "trapped"]
        with pytest.raises(MilestoneNotFound):
            find_ready(store, files, Query(), after="no-such")


def test_what_waits_abroad_is_left_out_of_every_page(clone: Clone) -> None:
    write(clone, **{f"m{number:02}": text_of(*(("else:x",) if number % 2 else ())) for number in range(20)})
    page = ready(clone, limit=3, offset=2)
    assert (ids_of(page), page.hidden) == (["m04", "m06", "m08"], 5)
    held = blocked(clone, limit=3, offset=2)
    assert ([one[0] for one in chains(held)], held.hidden) == (["m05", "m07", "m09"], 5)


def test_nothing_is_ready_where_all_wait(clone: Clone) -> None:
    write(clone, a=text_of("b"), b=text_of("a"))
    found = ready(clone)
    assert (found.rows, found.blocked, found.served) == ([], 2, 2)


def test_the_whole_graph_is_what_is_linked_and_open(planned: Clone) -> None:
    found = graph(planned)
    named = ["early", "base", "behind", "middle", "ring", "round", "stuck", "top", "trapped", "gone"]
    assert [*found.outlines] == named
    assert Link("top", "gone", "blocks") in found.links
    assert Link("base", "done", "blocks") not in found.links
    assert found.cycles == [["ring", "round", "ring"]]
    assert found.outlines["gone"].obstacle == "is not there"
    every = graph(planned, types=("blocks", "relates"), everything=True)
    assert {"done", "docs", "old"} == every.outlines.keys() - found.outlines.keys()


def test_around_a_milestone(planned: Clone) -> None:
    assert [*graph(planned, "middle").outlines] == ["early", "base", "middle", "top"]
    assert [*graph(planned, "middle", direction="down").outlines] == ["early", "base", "middle"]
    assert [*graph(planned, "middle", direction="up").outlines] == ["middle", "top"]
    assert [*graph(planned, "top", depth=1).outlines] == ["middle", "top", "gone"]
    assert [*graph(planned, "top", depth=0).outlines] == ["top"]
    assert [*graph(planned, "docs").outlines] == ["docs"]
    assert [*graph(planned, "done").outlines] == ["base", "done", "middle", "top"]
    assert graph(planned, "mid").given == ("middle",)
    assert graph(planned, "ring").cycles == [["ring", "round", "ring"]]
    with pytest.raises(MilestoneNotFound):
        graph(planned, "no-such")
    with pytest.raises(AmbiguousId):
        graph(planned, "r")


@pytest.mark.parametrize("count", [3000, pytest.param(20_000, marks=pytest.mark.long)])
def test_a_chain_of_any_length_ends(clone: Clone, count: int) -> None:
    items = [(f"m{number:05}", f"m{number + 1:05}") for number in range(count)]
    files = {f"active/{name}.yaml": text_of(on) for name, on in items}
    clone.write({**files, f"active/m{count:05}.yaml": text_of()})
    assert len(graph(clone).links) == len(graph(clone, "m00000").links) == count
    assert ids_of(ready(clone)) == [f"m{count:05}"]
    (first,) = blocked(clone, limit=1).held
    assert first.start_with
    assert first.start_with.id == f"m{count:05}"


@pytest.fixture(scope="module", params=[*TIERS])
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    place = tmp_path_factory.mktemp("links") / "project"
    init_project(place)
    return Project(Clone(place), TIERS[request.param]())


_IDS = st.sampled_from("abcde")
_ON = st.dictionaries(st.sampled_from(("a", "b", "c", "else:x", "p/else:y")), st.sampled_from(("blocks", "relates")))


@given(st.dictionaries(_IDS, st.tuples(_ON, st.sampled_from(("planned", "completed")))))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_tier_tells_the_same_links(project: Project, drawn: dict[str, tuple[dict[str, str], str]]) -> None:
    files = []
    for name, (on, status) in drawn.items():
        lines = "".join(f"  - {target}: {kind}\n" for target, kind in sorted(on.items()))
        folder = "active" if status == "planned" else "completed"
        text = f"schema: 1\ntitle: T {name}\nstatus: {status}\ndue: 2027-01-0{ord(name) - 96}\ndepends_on:\n{lines}"
        files.append((f"{folder}/{name}.yaml", text.encode()))
    project.set_files(files)
    links = {Link(name, target, kind) for name, (on, _) in drawn.items() for target, kind in on.items()}
    names = ["a", "b", "else:x"]
    found = project.ask(
        lambda index: (
            index.foreign_links(),
            set(index.iter_links()),
            index.links_of(names),
            index.links_on(names),
            {outline.id: outline.due for outline in index.iter_outlines()},
            {outline.id: (outline.title, outline.is_open) for outline in index.iter_outlines(names)},
        )
    )
    assert found[0] == sorted(link for link in links if ":" in link.on)
    assert found[1] == links
    assert found[2] == sorted(link for link in links if link.id in names)
    assert found[3] == sorted((link for link in links if link.on in names), key=lambda link: (link.on, link.id))
    is_open = {name: status == "planned" for name, (_, status) in drawn.items()}
    assert found[4] == {name: date(2027, 1, ord(name) - 96) for name, open_ in is_open.items() if open_}
    assert found[5] == {name: (f"T {name}", is_open[name]) for name in ("a", "b") if name in is_open}


def test_the_index_of_foreign_links_is_used(clone: Clone) -> None:
    write(clone, a=text_of("else:x"))
    with clone.store() as store:
        rebuild_index(store)

        def plan(index: Index) -> str:
            statements: list[str] = []
            index.connection.set_trace_callback(statements.append)
            index.foreign_links()
            index.connection.set_trace_callback(None)
            return str(index.connection.execute(f"EXPLAIN QUERY PLAN {statements[0]}").fetchall())

        assert "USING COVERING INDEX dependency_across" in read_index(store, store.files_at(), plan)
