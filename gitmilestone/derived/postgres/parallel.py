"""A first load on two connections: this process and another one copy and index the tables of a new state.

What two connections fill has to be committed before it is whole. Until it is attached, in the transaction that sets
its stamp, nothing speaks of it; whatever is killed meanwhile, the state before is what there is, and the next load
drops the tables. The lock that says that somebody fills them is that transaction's.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Mapping
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from gitmilestone.derived.postgres.copying import ALL, MIRRORED, Span
from gitmilestone.derived.postgres.load import (
    attach_tables,
    copy_into,
    create_tables,
    drop_tables,
    index_statements,
    take_state_id,
)
from gitmilestone.derived.postgres.locks import LOADING
from gitmilestone.derived.postgres.server.connect import Link
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.derived.postgres.server.patience import LOAD_SECONDS, MOST_LOCK_SECONDS, allow, bound_transaction
from gitmilestone.derived.sqlite import Index
from gitmilestone.store.git import spawn

if TYPE_CHECKING:
    from psycopg import Connection

WORTH_TWO = 50_000
"""Milestones from which a second process has paid for its start."""

_SPAN = 10_000
"""Milestones that are copied in one transaction, by whoever has nothing to do."""

_DONE = b"done\n"
_PATIENCE_SECONDS = 5.0  # with a pooler that has no connection left to give
_START = "import sys; sys.path[:] = {path!r}; from gitmilestone.derived.postgres.parallel import serve; serve()"
_RANKS = ("ADD PRIMARY KEY", "USING gin", "CREATE INDEX", "ANALYZE")
"""In which order statements are begun: keys lock their table, the next takes longest, the last looks at all."""


class Part(NamedTuple):
    """What is done in one transaction: rows of a table that are copied, or else a statement."""

    table: str = ""
    span: Span = ALL
    statement: str = ""


class Job(NamedTuple):
    """What another process is told first.

    Attributes:
        conninfo: Has the password in it: no command line and no variable does.
        path, tree: Of the index, and of what its stamp has to say.
    """

    conninfo: str
    path: str
    tree: str
    repository_id: int
    state_id: int

    def __repr__(self) -> str:
        return f"Job({self.path!r}, {self.state_id})"  # nothing of a password in a crash report either


class _PartLostError(Exception):
    """The other process failed or was killed, and nobody knows what has become of its part."""


def load_on_two(link: Link, index: Index, repository_id: int, environ: Mapping[str, str]) -> int | None:
    """Copies all rows of an index as `load` does, and in the caller's transaction attaches what it was copied to.

    None, and nothing is done, where a second connection does not pay, is not to be had, or has failed.

    Args:
        environ: For the other process.
    """
    path, tree = _find_path(index), index.stamp
    if index.milestones < WORTH_TWO or not path or tree is None or not sys.executable or (os.cpu_count() or 1) == 1:
        return None
    state_id = take_state_id(link.connection)
    link.connection.execute("SELECT pg_advisory_xact_lock(%s, %s)", (LOADING, state_id))
    # It waits for two that load, each of which has bounds of its own.
    link.connection.execute("SET LOCAL idle_in_transaction_session_timeout = '1h'")
    try:
        with link.server.connect() as own, link.server.faults():
            _check_answers(own)
            job = Job(_describe(link), path, tree, repository_id, state_id)
            with allow(own.connection, LOAD_SECONDS):
                _fill(own, index, job, environ)
    except (MirrorUnavailable, _PartLostError):
        return None
    attach_tables(link.connection, state_id)
    return state_id


def _fill(own: Link, index: Index, job: Job, environ: Mapping[str, str]) -> None:
    with own.connection.transaction():
        create_tables(own.connection, job.state_id)
    try:
        with _Other(job, environ) as other:
            for parts in (_list_copied(index), _list_statements(job.state_id)):
                _share(parts, own.connection, index, job, other)
    except BaseException:
        _drop_quickly(own.connection, job.state_id)
        raise


def _share(
    parts: list[Part], connection: "Connection[tuple[Any, ...]]", index: Index, job: Job, other: "_Other"
) -> None:
    """Carries out all parts, each here or there, whoever is free first."""
    left = deque(parts)
    thread = Thread(target=other.work, args=(left,))
    thread.start()
    try:
        while left and not other.has_lost:
            try:
                part = left.popleft()
            except IndexError:
                break
            _carry_out(part, connection, index, job)
        other.dismiss_unless_ready()
    except BaseException:
        other.kill()
        raise
    finally:
        thread.join()
    if other.has_lost:
        raise _PartLostError


def _carry_out(part: Part, connection: "Connection[tuple[Any, ...]]", index: Index, job: Job) -> None:
    with connection.transaction():
        bound_transaction(connection, MOST_LOCK_SECONDS)
        # Who is killed is noticed before the statement has come to its end, and holds no table for so long.
        connection.execute("SET LOCAL client_connection_check_interval = '1s'")
        if part.statement:
            connection.execute(part.statement.encode())
        else:
            copy_into(connection, index, part.table, job.repository_id, job.state_id, part.span)


def _list_copied(index: Index) -> list[Part]:
    """The narrow tables, then the milestones, some at a time: who comes last does not have to be waited for."""
    narrow = [Part(table) for table in MIRRORED if table != "milestone"]
    ends = [*_iter_ends(index), ""]
    return narrow + [Part("milestone", Span(*span)) for span in zip(["", *ends], ends, strict=False)]


def _iter_ends(index: Index) -> Iterable[str]:
    select = "SELECT id FROM milestone WHERE id >= ? ORDER BY id LIMIT 1 OFFSET ?"
    found = index.connection.execute(select, ("", _SPAN)).fetchone()
    while found:
        yield found[0]
        found = index.connection.execute(select, (found[0], _SPAN)).fetchone()


def _list_statements(state_id: int) -> list[Part]:
    listed = [statement for table in reversed(MIRRORED) for statement in index_statements(table, state_id)]
    return [
        Part(statement=statement)
        for statement in sorted(listed, key=lambda one: next(n for n, word in enumerate(_RANKS) if word in one))
    ]


def _drop_quickly(connection: "Connection[tuple[Any, ...]]", state_id: int) -> None:
    """Leaves it to the next load where that can't be done at once."""
    import psycopg

    try:
        with connection.transaction():
            connection.execute("SET LOCAL lock_timeout = '2s'")
            drop_tables(connection, state_id)
    except psycopg.Error:
        pass


def _find_path(index: Index) -> str:
    asked = "SELECT CAST(file AS BLOB) FROM pragma_database_list WHERE name = 'main'"
    ((path,),) = index.connection.execute(asked)
    return os.fsdecode(path or b"")


def _describe(link: Link) -> str:
    """Where a connection has come to, whatever its words left open, and with which password."""
    from psycopg.conninfo import make_conninfo

    info = link.connection.info
    found = {"host": info.host, "hostaddr": info.hostaddr, "port": str(info.port), "password": info.password}
    return make_conninfo(link.server.conninfo, **{name: value for name, value in found.items() if value})


def _check_answers(link: Link) -> None:
    """Raises MirrorUnavailable where a pooler let us in, and gives us no connection behind it."""
    from select import select

    connection = link.connection.pgconn
    connection.send_query(b"SELECT")
    connection.flush()
    if not select([connection.socket], [], [], _PATIENCE_SECONDS)[0]:
        raise MirrorUnavailable(f"there is no second connection to {link.server.where}")
    while connection.get_result() is not None:
        pass


class _Other:
    """A process with a connection of its own that carries out parts. A context manager, which ends it."""

    def __init__(self, job: Job, environ: Mapping[str, str]) -> None:
        in_read, in_write = os.pipe()
        out_read, out_write = os.pipe()
        program = _START.format(path=sys.path)
        without_secret = {name: value for name, value in environ.items() if name != "PGPASSWORD"}
        try:
            self._pid = spawn([sys.executable, "-c", program], without_secret, {0: in_read, 1: out_write})
        finally:
            os.close(in_read)
            os.close(out_write)
        self._requests = os.fdopen(in_write, "wb")
        self._answers = os.fdopen(out_read, "rb")
        self._job = job
        self._is_ready = False
        self._is_dismissed = False
        self.has_lost = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        os.waitpid(self._pid, 0)
        for stream in (self._requests, self._answers):
            try:
                stream.close()
            except OSError:
                pass

    def work(self, left: deque[Part]) -> None:
        """Has parts carried out while there are any; in a thread of its own, which only waits."""
        if not self._is_ready and not self._is_dismissed:
            self._is_ready = self._ask(self._job)
        while self._is_ready and not self._is_dismissed and not self.has_lost:
            try:
                part = left.popleft()
            except IndexError:
                return
            self.has_lost = not self._ask(part)

    def dismiss_unless_ready(self) -> None:
        """One that has not begun yet has nothing to lose, and is not waited for."""
        if not self._is_ready:
            self._is_dismissed = True
            self.kill()

    def kill(self) -> None:
        os.kill(self._pid, signal.SIGKILL)

    def _ask(self, request: "Job | Part") -> bool:
        """Whether it has done that."""
        import json

        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
            return self._answers.readline() == _DONE
        except OSError:
            return False


def serve() -> None:
    """Carries out what comes on standard input, line by line, until it ends or something fails."""
    import gc
    import json
    from sqlite3 import Error

    import psycopg

    from gitmilestone.derived.database import IndexFile
    from gitmilestone.derived.postgres.server.connection import PatientConnection

    gc.disable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever asked is the one to stop
    requests = sys.stdin.buffer
    try:
        job = Job(*json.loads(requests.readline()))
        index = IndexFile(*os.path.split(job.path)).find_current(job.tree)
        if index is None:
            os._exit(1)  # another process has brought it elsewhere
        connection = PatientConnection.connect(job.conninfo, autocommit=True, prepare_threshold=None)
        connection.silent_seconds = LOAD_SECONDS
        connection.execute("SELECT")
        _say_done()
        while line := requests.readline():
            table, span, statement = json.loads(line)
            _carry_out(Part(table, Span(*span), statement), connection, index, job)
            _say_done()
    except (psycopg.Error, Error, OSError):
        os._exit(1)  # who asked does it again, and says what is wrong
    os._exit(0)


def _say_done() -> None:
    sys.stdout.buffer.write(_DONE)
    sys.stdout.buffer.flush()
