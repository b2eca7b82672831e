"""The mirror's own schema on a server: older ones are upgraded, newer ones left alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from gitmilestone.derived.postgres import migrate as migrations
from gitmilestone.derived.postgres.catch_up import catch_up_mirror
from gitmilestone.derived.postgres.migrate import Migration, iter_migrations, migrate, read_version
from gitmilestone.derived.postgres.roles import read_roles
from gitmilestone.derived.postgres.server.connect import Server
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable, NewerMirror
from tests.derived.mirrors import assert_right
from tests.derived.states import many, yaml
from tests.postgres_server import drop_database, make_database
from tests.repositories import Clone

LAST = max(migration.number for migration in iter_migrations())


@pytest.fixture
def empty_server() -> Iterator[Server]:
    server = make_database("template0")
    yield server
    drop_database(server)


def test_they_are_numbered_without_a_gap() -> None:
    assert [migration.number for migration in iter_migrations()] == list(range(1, LAST + 1))


@pytest.mark.parametrize("version", range(LAST))
def test_every_older_one_is_upgraded(empty_server: Server, version: int) -> None:
    with empty_server.connect() as link:
        migrate(link.connection, up_to=version)
        assert read_version(link.connection) == version
        migrate(link.connection)
        migrate(link.connection)
        assert read_version(link.connection) == LAST
        found = link.connection.execute("SELECT number FROM milestone.migration ORDER BY number").fetchall()
    assert found == [(number,) for number in range(1, LAST + 1)]


def test_a_newer_one_is_left_alone(mirror_server: Server, clone: Clone) -> None:
    with mirror_server.connect() as link:
        link.connection.execute("INSERT INTO milestone.migration (number, name) VALUES (9999, 'later')")
    with clone.store() as store, pytest.raises(NewerMirror, match="9999") as raised:
        catch_up_mirror(mirror_server, store)
    assert "upgrade" in raised.value.hint


def test_one_that_fails_leaves_nothing(empty_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [*iter_migrations(), Migration(LAST + 1, "broken", "CREATE TABLE milestone.half (); SELECT no_such()")]
    monkeypatch.setattr(migrations, "iter_migrations", lambda above=0: [one for one in broken if one.number > above])
    with empty_server.connect() as link:
        with pytest.raises(psycopg.Error):
            migrate(link.connection)
        assert read_version(link.connection) == LAST
        assert link.connection.execute("SELECT to_regclass('milestone.half')").fetchone() == (None,)


def test_several_at_once_apply_each_once(empty_server: Server) -> None:
    faults: list[Exception] = []

    def run() -> None:
        try:
            with empty_server.connect() as link:
                migrate(link.connection)
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with empty_server.connect() as link:
        assert read_version(link.connection) == LAST


@pytest.fixture
def roles(empty_server: Server) -> Iterator[Server]:
    """A database whose DBA has run roles.sql, with one account a role."""
    with empty_server.connect() as link:
        link.connection.execute(read_roles().encode())
        link.connection.execute(read_roles().encode())  # again does no harm
        link.connection.execute("CREATE ROLE ci LOGIN IN ROLE milestone_writer")
        link.connection.execute("CREATE ROLE ana LOGIN IN ROLE milestone_reader")
    yield empty_server
    with empty_server.connect() as link:
        link.connection.execute("DROP OWNED BY milestone_writer, milestone_reader, ci, ana CASCADE")
        link.connection.execute("DROP ROLE ci, ana, milestone_writer, milestone_reader")


def become(server: Server, role: str) -> Server:
    """The server for an account with no more rights than a role has."""
    return server._replace(conninfo=make_conninfo(server.conninfo, options=f"-c role={role}"))


def test_a_writer_needs_no_more_than_its_schema(roles: Server, clone: Clone) -> None:
    clone.write(many(3))
    with clone.store() as store:
        catch_up_mirror(become(roles, "milestone_writer"), store)
        clone.write({"active/m-0001.yaml": yaml("Another")})
        catch_up_mirror(become(roles, "milestone_writer"), store)
        assert_right(become(roles, "milestone_writer"), store)


def test_a_reader_sees_the_projects_that_are_granted(roles: Server, clone: Clone) -> None:
    clone.write({f"active/{name}.yaml": yaml(name, "", f"project: {name}", "", "labels:", "  - x") for name in "abc"})
    with clone.store() as store:
        catch_up_mirror(become(roles, "milestone_writer"), store)
    counts = "SELECT (SELECT COUNT(*) FROM milestone.%s), (SELECT COUNT(*) FROM milestone.%s)"
    with roles.connect() as admin, become(roles, "ana").connect() as link:
        asked = [(counts % pair).encode() for pair in (("milestone", "label"), ("milestones", "event"))]
        assert [link.connection.execute(text).fetchone() for text in asked] == [(0, 0), (0, 0)]
        grant = "INSERT INTO milestone.project_grant SELECT repository_id, %s, %s FROM milestone.repository"
        admin.connection.execute(grant, ("ana", "a"))
        admin.connection.execute(grant, ("milestone_reader", "b"))
        assert [link.connection.execute(text).fetchone() for text in asked] == [(2, 2), (2, 0)]
        admin.connection.execute(grant, ("ana", "*"))
        (first, (milestones, events)) = [link.connection.execute(text).fetchone() or (0, 0) for text in asked]
        assert (first, milestones) == ((3, 3), 3)
        assert events > 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM milestone.milestone_1",
        "SELECT * FROM milestone.label_1",
        "SELECT * FROM milestone.analytics",
        "INSERT INTO milestone.project_grant VALUES (1, 'ana', '*')",
        "UPDATE milestone.stamp SET tree = ''",
        "DELETE FROM milestone.milestone",
        "CREATE TABLE milestone.mine ()",
        "SELECT milestone.grant_to_readers('ana')",
    ],
)
def test_a_reader_can_do_nothing_else(roles: Server, clone: Clone, statement: str) -> None:
    clone.write(many(2))
    with clone.store() as store:
        stamp = catch_up_mirror(become(roles, "milestone_writer"), store)
    with become(roles, "ana").connect() as link, pytest.raises(psycopg.errors.InsufficientPrivilege):
        link.connection.execute(statement.replace("_1", f"_{stamp.state_id}").encode())


def test_an_account_that_may_not_make_the_tables_is_told_who_can(roles: Server, clone: Clone) -> None:
    with clone.store() as store, pytest.raises(MirrorUnavailable, match="may not make") as raised:
        catch_up_mirror(become(roles, "ana"), store)
    assert "roles.sql" in raised.value.hint


def test_the_views_say_what_the_files_say(mirror_server: Server, clone: Clone) -> None:
    lines = ("", "due: 2027-01-15", "", "labels:", "  - red", "", "depends_on:", "  - b", "", "risk: high")
    clone.write({"active/a.yaml": yaml("A", *lines), "active/b.yaml": yaml("B", status="planned")})
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    with mirror_server.connect() as link:
        found = link.connection.execute("SELECT id, due::text, labels FROM milestone.milestones ORDER BY id").fetchall()
        ((document,),) = link.connection.execute("SELECT document FROM milestone.documents WHERE id = 'a'")
        link.connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY milestone.analytics")
        counted = link.connection.execute("SELECT status, milestones FROM milestone.analytics").fetchall()
    assert found == [("a", "2027-01-15", ["red"]), ("b", None, [])]
    assert document["depends_on"] == [{"id": "b", "type": "blocks"}]
    assert (document["title"], document["risk"], document["tasks"]) == ("A", "high", [])
    assert counted == [("planned", 2)]


OURS = (
    "id",
    "path",
    "progress",
    "is_open",
    "is_blocked",
    "blocked_by",
    "depends_on",
    "extra",
    "repository",
    "state_id",
)


def test_a_document_never_takes_a_key_of_the_file_for_what_is_computed(mirror_server: Server, clone: Clone) -> None:
    own = [f"{name}: theirs" for name in OURS if name != "depends_on"]
    waiting = ("", "depends_on:", "  - b", "", "tasks:", "  t:", "    title: T", "    status: completed")
    clone.write({"active/a.yaml": yaml("A", "", *own, *waiting), "active/b.yaml": yaml("B")})
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)
    with mirror_server.connect() as link:
        ((found,),) = link.connection.execute("SELECT document FROM milestone.documents WHERE id = 'a'")
    assert (found["id"], found["path"], found["progress"]) == ("a", ".milestones/active/a.yaml", 1)
    assert (found["is_open"], found["is_blocked"], found["blocked_by"]) == (True, True, ["b"])
    assert found["depends_on"] == [{"id": "b", "type": "blocks"}]
    assert found["extra"] == {name: "theirs" for name in OURS if name != "depends_on"}


def test_a_column_that_is_missing_is_added_and_what_others_built_stays(mirror_server: Server, clone: Clone) -> None:
    """As a server is that a program with fewer fields has kept."""
    clone.write({"active/a.yaml": yaml("A", "", "owner: ana")})
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
        with mirror_server.connect() as link:
            for statement in (
                "DROP VIEW milestone.documents, milestone.milestones",
                "CREATE VIEW milestone.milestones AS SELECT name AS repository, ref, id FROM milestone.milestone"
                " JOIN milestone.stamp USING (repository_id, state_id) JOIN milestone.repository USING (repository_id)",
                "ALTER TABLE milestone.milestone DROP COLUMN owner, DROP COLUMN owner_key",
                "ALTER TABLE milestone.task DROP COLUMN weight",
                "CREATE VIEW milestone.theirs AS SELECT id FROM milestone.milestones",
                "UPDATE milestone.stamp SET version = 1",
            ):
                link.connection.execute(statement.encode())
        catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)
    with mirror_server.connect() as link:
        found = link.connection.execute(
            "SELECT id, owner, document->>'owner' FROM milestone.milestones JOIN milestone.documents USING (id)"
        ).fetchall()
        assert found == [("a", "ana", "ana")]
        assert link.connection.execute("SELECT id FROM milestone.theirs").fetchall() == [("a",)]
        link.connection.execute("DROP VIEW milestone.theirs")


def test_columns_of_a_later_program_are_left_alone(mirror_server: Server, clone: Clone) -> None:
    clone.write({"active/a.yaml": yaml("A")})
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
        with mirror_server.connect() as link:
            link.connection.execute("ALTER TABLE milestone.milestone ADD COLUMN reviewer text")
            migrate(link.connection)
        clone.write({"active/a.yaml": yaml("Another")})
        catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)
