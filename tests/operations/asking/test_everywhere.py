"""All repositories of a mirror together: what each says by itself, merged in one order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from gitmilestone.derived.postgres.catch_up import catch_up_mirror
from gitmilestone.derived.postgres.server.binaries import find_binaries
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.faces.cli.formats import format_rows
from gitmilestone.faces.terminal import Style
from gitmilestone.model.layout import ROOT, path_of
from gitmilestone.model.milestone import Dependency, Milestone
from gitmilestone.model.row import Row
from gitmilestone.model.text.encode import encode
from gitmilestone.operations.asking.everywhere import Everywhere
from gitmilestone.query.parse import parse
from gitmilestone.query.query import Query
from tests.contract.tiers import PostgresqlTier, Project
from tests.derived.states import Told
from tests.postgres_server import drop_database, make_database
from tests.query import oracle
from tests.query.conditions import queries
from tests.repositories import NOW, Clone, init_project
from tests.strategies import milestone_sets

pytestmark = pytest.mark.skipif(find_binaries() is None, reason="there is no Postgres to start")
NAMES = ("git.example.com/plans/app", "git.example.com/plans/road-map", "other.org/app")
Entries = list[tuple[Milestone, str]]


class Mirrored(NamedTuple):
    """One repository that stands for any number: it is mirrored under the name that is asked for."""

    project: Project
    server: Server

    def set_milestones(self, name: str, milestones: list[Milestone]) -> Entries:
        paths = [(milestone, path_of(milestone.id, "flat")) for milestone in milestones]
        settings_file = ("config/project.yaml", b"format: 1\n")
        self.project.set_files([settings_file, *((path, encode(milestone)) for milestone, path in paths)])
        with self.project.clone.store() as store:
            catch_up_mirror(self.server, store, repository=name)
        return [(milestone, f"{ROOT}/{path}") for milestone, path in paths]

    def ask(self, query: Query, told: Told | None = None) -> tuple[list[Row], int]:
        with self.project.clone.store() as store, Everywhere(store, store.files_at(), told or Told()) as everywhere:
            rows = [row for page in everywhere.iter_pages(query) for row in page]
            return rows, everywhere.count_behind(query, len(rows))


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mirrored]:
    place = tmp_path_factory.mktemp("everywhere") / "project"
    init_project(place)
    clone = Clone(place)
    server = make_database()
    clone.git("config", DSN_KEY, server.conninfo)
    yield Mirrored(Project(clone, PostgresqlTier()), server)
    drop_database(server)


@given(data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_it_is_the_answers_of_each_in_one_order(mirrored: Mirrored, data: st.DataObject) -> None:
    entries = {name: mirrored.set_milestones(name, data.draw(milestone_sets())) for name in NAMES}
    drawn = queries([entry for listed in entries.values() for entry in listed])
    for query in [data.draw(drawn) for _ in range(3)]:
        everything = query._replace(limit=None, offset=0)
        whole = [row._replace(repository=name) for name in NAMES for row in oracle.answer(everything, entries[name])]
        found, _ = mirrored.ask(everything)
        assert sorted(found, key=_place) == sorted(whole, key=_place)
        for name in NAMES:
            assert [row for row in found if row.repository == name] == [row for row in whole if row.repository == name]
        assert_in_order(found, everything)
        page, hidden = mirrored.ask(query)
        end = None if query.limit is None else query.offset + query.limit
        assert page == list(islice(found, query.offset, end))
        if query.limit is not None:
            assert hidden == max(len(found) - query.offset - len(page), 0)


def _place(row: Row) -> tuple[str, str]:
    return row.repository, row.milestone.id


def assert_in_order(found: list[Row], query: Query) -> None:
    """As one repository would have them, were they all in it."""
    if len({row.milestone.id for row in found}) == len(found):
        together = [(row.milestone, row.path) for row in found]
        order = [row.milestone.id for row in oracle.answer(Query(order=query.order), together)]
        assert [row.milestone.id for row in found] == order


def test_equal_ids_stand_by_the_names_of_their_repositories(mirrored: Mirrored) -> None:
    for name in NAMES:
        mirrored.set_milestones(name, [Milestone("same", f"Of {name}"), Milestone("zz", "Z", "completed")])
    rows, _ = mirrored.ask(parse("status:open", today=NOW.date()))
    assert [row.repository for row in rows] == [*NAMES]
    assert [row.milestone.title for row in rows] == [f"Of {name}" for name in NAMES]
    with mirrored.project.clone.store() as store, Everywhere(store, store.files_at()) as everywhere:
        names = everywhere.short_names
    assert format_rows(rows, "ids", Style(), NOW.date(), names=names).split() == [
        "plans/app:same",
        "road-map:same",
        "other.org/app:same",
    ]
    table = format_rows(rows, "table", Style(), NOW.date(), names=names).splitlines()
    assert table[0].split() == ["ID", "STATUS", "REPOSITORY", "TITLE"]
    assert table[2].split() == ["road-map:same", "planned", NAMES[1], "Of", NAMES[1]]
    assert f'"repository": "{NAMES[0]}", "reference": "plans/app:same"' in format_rows(
        rows, "jsonl", Style(), NOW.date(), names=names
    )
    head, first, *_ = format_rows(rows, "csv", Style(), NOW.date(), names=names).splitlines()
    assert head.endswith(",repository,reference")
    assert first.endswith(f",{NAMES[0]},plans/app:same")


def test_what_blocks_what_stays_within_each(mirrored: Mirrored) -> None:
    waiting = Milestone("b", "B", depends_on=(Dependency("a"),))
    mirrored.set_milestones(NAMES[0], [Milestone("a", "A"), waiting])
    mirrored.set_milestones(NAMES[1], [Milestone("a", "A", "completed"), waiting])
    mirrored.set_milestones(NAMES[2], [waiting])
    rows, _ = mirrored.ask(parse("is:blocked", today=NOW.date()))
    assert [_place(row) for row in rows] == [(NAMES[0], "b")]
    assert rows[0].blocked_by == ("a",)


def test_a_reader_sees_what_is_granted(mirrored: Mirrored) -> None:
    for name in NAMES:
        mirrored.set_milestones(name, [Milestone("a", "A", project="open"), Milestone("b", "B", project="secret")])
    clone = mirrored.project.clone
    with mirrored.server.connect() as admin:
        execute = admin.connection.execute
        execute("CREATE ROLE everywhere_reader LOGIN")
        try:
            execute("SELECT milestone.grant_to_readers('everywhere_reader')")
            clone.git("config", DSN_KEY, make_conninfo(mirrored.server.conninfo, options="-c role=everywhere_reader"))
            assert mirrored.ask(Query())[0] == []
            execute(
                "INSERT INTO milestone.project_grant SELECT repository_id, 'everywhere_reader', 'open'"
                " FROM milestone.repository WHERE name = %s",
                (NAMES[2],),
            )
            assert [_place(row) for row in mirrored.ask(Query())[0]] == [(NAMES[2], "a")]
            with clone.store() as store, Everywhere(store, store.files_at()) as everywhere:
                assert everywhere.short_names == {NAMES[2]: "app"}
        finally:
            clone.git("config", DSN_KEY, mirrored.server.conninfo)
            execute("DROP OWNED BY everywhere_reader CASCADE")
            execute("DROP ROLE everywhere_reader")


def test_rows_of_another_version_are_left_out_and_told_of(mirrored: Mirrored) -> None:
    for name in NAMES:
        mirrored.set_milestones(name, [Milestone("a", "A")])
    with mirrored.server.connect() as link:
        link.connection.execute(
            "UPDATE milestone.stamp SET version = version + 1 FROM milestone.repository"
            " WHERE stamp.repository_id = repository.repository_id AND name = %s",
            (NAMES[1],),
        )
    told = Told()
    assert [row.repository for row in mirrored.ask(Query(), told)[0]] == [NAMES[0], NAMES[2]]
    assert told.warnings == [f"warning: {NAMES[1]} is left out: another version of git milestone keeps its rows"]


def test_files_that_can_not_be_read_are_counted(mirrored: Mirrored) -> None:
    mirrored.project.set_files([("active/bad.yaml", b"title: [\n")])
    with mirrored.project.clone.store() as store:
        catch_up_mirror(mirrored.server, store, repository=NAMES[0])
    with mirrored.project.clone.store() as store, Everywhere(store, store.files_at()) as everywhere:
        assert everywhere.count_unserved() == {NAMES[0]: 1}


def test_without_a_mirror_it_says_the_way_out(clone: Clone) -> None:
    with clone.store() as store, pytest.raises(MirrorUnavailable, match="has no mirror") as raised:
        Everywhere(store, store.files_at())
    assert DSN_KEY in raised.value.hint
    assert "migrate postgresql" in raised.value.hint
