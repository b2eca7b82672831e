"""What the drills of the mirror ask of it."""

from __future__ import annotations

from gitmilestone.derived.postgres.catch_up import repository_name
from gitmilestone.derived.postgres.copying import KEYS, MIRRORED
from gitmilestone.derived.postgres.load import partition_of
from gitmilestone.derived.postgres.mirror import MirrorStamp, open_mirror, read_stamps
from gitmilestone.derived.postgres.server.connect import Server
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store
from tests.derived.states import Answers, answers_from_nothing, ask


def ask_mirror(server: Server, store: Store, revision: str = "HEAD") -> Answers:
    """All that the mirror says of a revision."""
    mirror = open_mirror(server, repository_name(store), store.files_at(revision).tree or "")
    assert mirror is not None, "no stamp says this tree"
    with mirror:
        return ask(mirror)


def assert_right(server: Server, store: Store, revision: str = "HEAD") -> None:
    """The mirror answers for a revision as the files do."""
    assert ask_mirror(server, store, revision) == answers_from_nothing(store, store.files_at(revision))


def find_stamp(server: Server, store: Store, ref: str = "refs/heads/main") -> MirrorStamp | None:
    with server.connect() as link:
        found = read_stamps(link.connection, repository_name(store), "ref = %s", ref)
    return found[0] if found else None


def assert_whole(server: Server, store: Store) -> None:
    """Whatever happened: each stamp's rows are those of its tree, and no partition is of nothing."""
    with server.connect() as link:
        stamps = read_stamps(link.connection, repository_name(store), "ref > %s", "")
        for table in MIRRORED:
            names = (
                "SELECT 'milestone.' || relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
                f" WHERE inhparent = 'milestone.{table}'::regclass"
            )
            there = {name for (name,) in link.connection.execute(names.encode())}
            assert there >= {partition_of(table, stamp.state_id) for stamp in stamps}
    for stamp in stamps:
        mirror = open_mirror(server, repository_name(store), stamp.tree)
        assert mirror is not None
        with mirror:
            assert ask(mirror) == answers_from_nothing(store, TreeFiles(store.objects, stamp.tree or None))


def dump_mirror(server: Server, stamp: MirrorStamp) -> dict[str, list[tuple[object, ...]]]:
    """Table -> the rows of a stamp."""
    found = {}
    with server.connect() as link:
        for table, columns in MIRRORED.items():
            listed = ", ".join(columns)
            rows = link.connection.execute(
                f"SELECT {listed} FROM milestone.{table} WHERE state_id = {stamp.state_id}"
                f" ORDER BY {KEYS[table]}, {listed}".encode()
            )
            found[table] = rows.fetchall()
    return found


def dump_events(server: Server, stamp: MirrorStamp) -> list[tuple[object, ...]]:
    """Every event of a branch, but for its repository and ref, and for when it came."""
    statement = "SELECT * FROM milestone.event WHERE repository_id = %s AND ref = %s ORDER BY 3, 4, 5, 6"
    with server.connect() as link:
        found = link.connection.execute(statement, (stamp.repository_id, stamp.ref))
        assert found.description is not None
        assert found.description[-1].name == "arrival"
        return [record[2:-1] for record in found]
