"""Which server a mirror is on, and connections to it."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from gitmilestone.derived.postgres.server.binaries import find_binaries, has_wheel
from gitmilestone.derived.postgres.server.embedded import USER, Embedded
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from psycopg import Connection, Error

DSN_KEY = "milestone.postgres.dsn"

_LIBPQ = ("PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE")
"""Any of them says that there is a server; libpq reads these and the others itself."""

_SECRETS = ("password", "sslpassword")
_SECRET_VARIABLES = ("PGPASSWORD", "PGSSLPASSWORD")
_CONNECT_SECONDS = 5
_TCP = {"tcp_user_timeout": "10000", "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3"}
"""How soon a server is taken for gone that acknowledges nothing."""
_RECOVERY_SECONDS = 60.0
_DISK_FULL = "53100"


class Server(NamedTuple):
    """A server that a mirror can be on.

    Attributes:
        source: What names it: a key of git's configuration, a variable, or `embedded`.
        conninfo: For libpq; may have a password in it, and is shown to nobody.
        where: The same for people.
        secrets: What no message may say.
        embedded: Where it is our own.
    """

    source: str
    conninfo: str
    where: str
    secrets: tuple[str, ...] = ()
    embedded: Embedded | None = None

    def __repr__(self) -> str:
        return f"Server({self.source!r}, {self.where!r})"  # nothing of a password in a crash report either

    @property
    def is_running(self) -> bool:
        """Whether connecting would start nothing; a hook asks before it does."""
        return self.embedded is None or self.embedded.pid != 0

    def connect(self) -> "Link":
        """A new connection, in autocommit mode.

        Raises:
            MirrorUnavailable: There is none to be had.
        """
        if self.embedded is None:
            return Link(self, self._connect(self.conninfo))
        return self._connect_embedded(self.embedded)

    def _connect_embedded(self, embedded: Embedded) -> "Link":
        """Once more where it was killed a moment ago, and nobody has noticed yet; again while it recovers."""
        import time

        deadline = time.monotonic() + _RECOVERY_SECONDS
        for attempt in count():
            lease = embedded.start()
            try:
                return Link(self, self._connect(self.conninfo), lease.close)
            except MirrorUnavailable as fault:
                lease.close()
                is_recovering = "the database system is" in fault.message and time.monotonic() < deadline
                if attempt and not is_recovering:
                    raise
                time.sleep(0.05)
        raise AssertionError("unreachable")

    def _connect(self, conninfo: str) -> "Connection[tuple[Any, ...]]":
        import logging

        import psycopg

        from gitmilestone.derived.postgres.server.connection import PatientConnection

        # What it has to say is raised as well; without a handler, Python would print it.
        logging.getLogger("psycopg").addHandler(logging.NullHandler())
        with self.faults():
            # A pooler that hands connections out by the transaction knows no prepared statements.
            connection = PatientConnection.connect(conninfo, autocommit=True, prepare_threshold=None)
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in ("UTF8", None):
            connection.close()
            raise MirrorUnavailable(f"the database at {self.where} is in {encoding}", "make one with ENCODING 'UTF8'")
        return connection

    @contextmanager
    def faults(self) -> Iterator[None]:
        """Says of whatever libpq or the server complains about that the mirror is not to be had, and where it is."""
        import psycopg

        try:
            yield
        except psycopg.Error as error:
            raise self.explain(error) from None  # its own text may say too much

    def explain(self, error: "Error") -> MirrorUnavailable:
        said = error.diag.message_primary or str(error).strip().split("\n")[0]
        for secret in self.secrets:
            said = said.replace(secret, "***")
        # A server that can't write its log ahead ends at once, and only its own log says why.
        is_full = self.embedded is not None and error.sqlstate is None and "No space left" in self.embedded.last_words()
        if error.sqlstate == _DISK_FULL or is_full:
            return MirrorUnavailable(f"no space is left for the mirror at {self.where}", "free some space there")
        return MirrorUnavailable(f"the mirror at {self.where}: {said}", "git and the index go on without it")


class Link:
    """A connection to a server, ended by the end of a `with`."""

    def __init__(
        self, server: Server, connection: "Connection[tuple[Any, ...]]", release: Callable[[], None] | None = None
    ) -> None:
        self.server = server
        self.connection = connection
        self._release = release

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.connection.close()
        if self._release is not None:
            self._release()


def name_server(store: Store) -> str:
    """What says which server it is, secrets and all; asks nobody, and costs nothing."""
    environ = store.repository.environ
    return store.config.get(DSN_KEY, "") or " ".join(f"{name}={environ[name]}" for name in _LIBPQ if environ.get(name))


def find_obstacle(store: Store, *, is_asked: bool) -> str:
    """Why no mirror is to be had, "" where one may be; starts and connects nothing.

    Args:
        is_asked: False leaves out the servers that nobody has named for this: libpq's variables, the system's programs.
    """
    if store.config.get(DSN_KEY, "") or has_wheel():
        return ""
    if is_asked and (find_binaries() or any(store.repository.environ.get(name) for name in _LIBPQ)):
        return ""
    return f"no server is named by {DSN_KEY}, and gitmilestone[embedded] is not installed"


def get_server(store: Store) -> Server:
    """The server that the configuration names, else the one that libpq's variables name, else our own.

    Raises:
        MirrorUnavailable: There is none; the message says why.
    """
    environ = store.repository.environ
    dsn = store.config.get(DSN_KEY, "")
    if dsn:
        return read_dsn(dsn, DSN_KEY, environ)
    named = next((name for name in _LIBPQ if environ.get(name)), None)
    if named:
        return read_dsn("", named, environ)
    if find_binaries() is None:
        raise MirrorUnavailable(
            "no Postgres server is configured, and there is none to start",
            f"`git config {DSN_KEY} ...` names one; `pip install 'gitmilestone[embedded]'` brings one",
        )
    return embedded_server(own_server(store))


def own_server(store: Store) -> Embedded:
    """The embedded server of a repository, shared by its work trees, whether there is one yet or not."""
    return Embedded(os.path.join(store.repository.common_dir, "milestone", "postgres"))


def embedded_server(embedded: Embedded) -> Server:
    from psycopg.conninfo import make_conninfo

    # No variable may have a say in where our own server is.
    conninfo = make_conninfo(
        host=embedded.socket_dir, hostaddr="", port=5432, user=USER, dbname="postgres", password="", options="",
        sslmode="disable", connect_timeout=_CONNECT_SECONDS, application_name="git-milestone", client_encoding="UTF8",
    )  # fmt: skip
    return Server("embedded", conninfo, f"the embedded server ({embedded.home})", (), embedded)


def read_dsn(dsn: str, source: str, environ: Mapping[str, str]) -> Server:
    """Args:
    dsn: As libpq takes it, a URI or words; "" where its variables say it all.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    try:
        words = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    except psycopg.Error:  # whose text would quote it, password and all
        raise MirrorUnavailable(
            f"{source} is no connection string", "like postgresql://user@host/database?sslmode=verify-full"
        ) from None
    known = [words.get(name) for name in _SECRETS] + [environ.get(name) for name in _SECRET_VARIABLES]
    defaults = {"connect_timeout": str(_CONNECT_SECONDS), "fallback_application_name": "git-milestone", **_TCP}
    conninfo = make_conninfo(**{**defaults, **words, "client_encoding": "UTF8"})
    return Server(source, conninfo, _describe(words, environ), tuple(filter(None, known)))


def _describe(words: Mapping[str, str], environ: Mapping[str, str]) -> str:
    def find(word: str, variable: str) -> str:
        return words.get(word) or environ.get(variable) or ""

    service = find("service", "PGSERVICE")
    host = find("host", "PGHOST") or find("hostaddr", "PGHOSTADDR") or (f"service {service}" if service else "")
    database = find("dbname", "PGDATABASE")
    return f"{host or 'the local socket'}{'/' + database if database else ''}"
