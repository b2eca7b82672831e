"""The analytics: milestones and their history in DuckDB, for questions that look at all of them.

The file is built beside its place and renamed, opened read-only, and rebuilt for another stamp: nobody ever sees
half of it, and nothing is written to it twice.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from gitmilestone.derived.analytics.answer import Table, read_fault, represent, unique
from gitmilestone.derived.analytics.guard import check_tree
from gitmilestone.derived.analytics.load import Milestones, Source, finish, load_history, load_milestones
from gitmilestone.derived.analytics.schema import ANALYTICS_VERSION, VIEWS
from gitmilestone.derived.schema import is_newer
from gitmilestone.errors import EnvironmentFault, InvalidQuery, InvalidRequest
from gitmilestone.model.problem import Problem
from gitmilestone.progress import SILENT, Watch

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

FILE_NAME = "analytics.duckdb"
MEMORY_BYTES = 1 << 30
"""What a query may take, unless somebody says otherwise."""


class Stamp(NamedTuple):
    """Of what, and by what, the analytics were made.

    Attributes:
        tree: "" for none.
        commit: And where a shallow clone ends; "" for none.
        version: Of the views.
        engine: DuckDB's version.
    """

    tree: str
    commit: str
    version: int = ANALYTICS_VERSION
    engine: str = ""

    def is_newer(self, other: Stamp) -> bool:
        """Whether a later version of the program, or of DuckDB, made it."""
        if is_newer(self.version, other.version):
            return True
        return not is_newer(other.version, self.version) and _numbers(self.engine) > _numbers(other.engine)


class DamagedError(Exception):
    """The file turned out to be corrupt while it was read."""


class Analytics:
    """An open, locked database: nothing in it, and nothing outside, can be changed or read through it."""

    def __init__(self, connection: DuckDBPyConnection, memory_bytes: int = MEMORY_BYTES, path: str = "") -> None:
        self.path = path
        self._connection = connection
        try:
            _lock(connection, memory_bytes)
            self.problems, self.unreadable = _read_findings(connection)
        except BaseException:
            connection.close()
            raise

    def __enter__(self) -> Analytics:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def select(self, statement: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement of ours."""
        try:
            return self._connection.execute(statement, parameters or {}).fetchall()
        except _duckdb().Error as error:
            raise self._explain(error, statement, statement) from error

    def query(self, text: str) -> Table:
        """Answers a query that anybody may have written: one SELECT over the views.

        Raises:
            InvalidQuery: It is none, or DuckDB refuses it.
            InvalidRequest: It needs more memory than it may have.
            DamagedError: The file is corrupt.
        """
        statement = self._get_select(text)
        prefix = "DESCRIBE "
        try:
            described = self._connection.execute(prefix + statement).fetchall()
            columns = unique([str(row[0]) for row in described])
            types = tuple(str(row[1]) for row in described)
            prefix, whole = represent(statement, types)
            rows = self._connection.execute(whole).fetchall()
        except _duckdb().Error as error:
            raise self._explain(error, text, statement, len(prefix)) from error
        except MemoryError:
            raise _too_much_memory() from None
        return Table(columns, types, rows)

    def _get_select(self, text: str) -> str:
        """The one statement that a text is made of, without the comments around it."""
        fault = re.search("[\0\ud800-\udfff]", text)
        if fault:
            raise InvalidQuery("a query is UTF-8 text, without NUL", ascii(text), 0)
        duckdb = _duckdb()
        try:
            statements = self._connection.extract_statements(text)
        except duckdb.Error as error:
            raise self._explain(error, text, text) from error
        if len(statements) != 1:
            raise InvalidRequest(f"one SELECT is answered, not {len(statements) or 'no'} statements", "ask one thing")
        (found,) = statements
        if found.type != duckdb.StatementType.SELECT:
            word = (found.query.split() or [""])[0].upper()
            pivot = "SELECT * FROM (PIVOT ... ON ... IN (...) USING ...) names the values, and is one"
            hint = pivot if word == "PIVOT" else "nothing can be changed here"
            raise InvalidQuery(f"only a SELECT is answered, not {word}", text, 0, hint)
        statement = found.query.strip().rstrip(";")
        self._check(statement, text)
        return str(statement)

    def _check(self, statement: str, text: str) -> None:
        import json

        ((tree,),) = self._connection.execute("SELECT json_serialize_sql($1)", [statement]).fetchall()
        try:
            parsed = json.loads(tree)
        except RecursionError:
            raise InvalidQuery("the query is nested too deeply", text, 0) from None
        if parsed["error"]:
            raise InvalidQuery(f"only a SELECT is answered: {parsed.get('error_message', '')}", text, 0)
        try:
            check_tree(parsed, statement, VIEWS)
        except InvalidQuery as error:
            place = max(text.find(statement), 0) + error.position
            raise InvalidQuery(error.message, text, place, error.hint) from None

    def _explain(self, error: Exception, text: str, statement: str, skipped: int = 0) -> Exception:
        """What a fault of DuckDB's means to who asked."""
        duckdb = _duckdb()
        message, place = read_fault(error)
        if isinstance(error, duckdb.OutOfMemoryException):
            return _too_much_memory()
        damages = (duckdb.IOException, duckdb.InternalException, duckdb.FatalException, duckdb.SerializationException)
        if isinstance(error, damages) or type(error) is duckdb.Error:  # what has no class of its own is a bad block
            return DamagedError(message) if self.path else EnvironmentFault(f"DuckDB failed: {message}")
        if place is None:
            return InvalidRequest(message, "`git milestone sql --schema` shows what there is to ask")
        before = len(statement.encode()[: max(place - skipped, 0)].decode("utf-8", "ignore"))
        return InvalidQuery(message, text, max(text.find(statement), 0) + before)


def engine_version() -> str:
    return str(_duckdb().__version__)


def open_analytics(
    path: str,
    stamp: Stamp,
    source: Source,
    *,
    is_kept: bool = True,
    memory_bytes: int = MEMORY_BYTES,
    watch: Watch = SILENT,
) -> Analytics:
    """The analytics of a stamp: from the file where it has that stamp, else built.

    Args:
        path: The file; its folder may be missing.
        source: Read where the file is not there, or not of that stamp.
        is_kept: Whether what is built shall become the file. Where that can't be written, or a newer version made
            it, it is built in memory.
    """
    duckdb = _duckdb()
    stamp = stamp._replace(engine=engine_version())
    is_writable = is_kept
    try:
        opened = _open_file(path)
        if opened is not None:
            connection, held = opened
            if held == stamp:
                return Analytics(connection, memory_bytes, path)
            connection.close()
            is_writable = is_kept and not held.is_newer(stamp)
    except (duckdb.Error, ValueError) as error:
        if "newer version" in str(error):
            is_writable = False
        elif is_kept:
            watch.warn("warning: the analytics file is damaged; building it again")
    if is_writable:
        try:
            return _build_file(path, stamp, source, memory_bytes)
        except (OSError, duckdb.Error):
            pass  # read-only, or full: memory will do
    return Analytics(_build(":memory:", stamp, source), memory_bytes)


def discard(path: str) -> None:
    """Removes a file that turned out to be damaged."""
    try:
        os.unlink(path)
    except OSError:
        pass


def _duckdb() -> Any:
    import duckdb

    return duckdb


def _connect(place: str, *, read_only: bool = False) -> DuckDBPyConnection:
    """DuckDB knows files by names in UTF-8 only: below any other folder by a descriptor of that, which stays open."""
    try:
        place.encode()
    except UnicodeEncodeError:
        folder, base = os.path.split(place)
        known = os.stat(folder)
        place = f"/proc/self/fd/{_hold(folder, known.st_dev, known.st_ino)}/{base}"
    found: DuckDBPyConnection = _duckdb().connect(place, read_only=read_only)
    return found


@cache
def _hold(folder: str, _device: int, _inode: int) -> int:
    """A descriptor of a folder, the same for as long as it is that folder."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def _open_file(path: str) -> tuple[DuckDBPyConnection, Stamp] | None:
    """The file and its stamp, which every version writes alike."""
    if not os.path.exists(path):
        return None
    connection = _connect(path, read_only=True)
    try:
        ((*values,),) = connection.execute("SELECT tree, commit, version, engine FROM stored.stamp").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection, Stamp(*values)


def _build_file(path: str, stamp: Stamp, source: Source, memory_bytes: int) -> Analytics:
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    _remove_leftovers(folder)
    temporary = os.path.join(folder, f"analytics.{os.getpid()}.tmp")
    try:
        _build(temporary, stamp, source).close()
        # Opened under this name: DuckDB, which knows its files by name, may still hold the former one by the other.
        found = Analytics(_connect(temporary, read_only=True), memory_bytes, path)
        os.rename(temporary, path)
    except BaseException:
        _remove(temporary)
        raise
    return found


def _build(place: str, stamp: Stamp, source: Source) -> DuckDBPyConnection:
    """A new database, at a path or in memory."""
    built: list[DuckDBPyConnection] = []

    def begin(milestones: Milestones) -> None:
        while built:
            built.pop().close()
        _remove(place)
        built.append(_connect(place))
        load_milestones(built[0], milestones)

    try:
        source.read_milestones(begin)
        source.read_history(lambda history: load_history(built[0], history))
        finish(built[0], stamp)
    except BaseException:
        while built:
            built.pop().close()
        raise
    return built[0]


def _remove_leftovers(folder: str) -> None:
    """What builders left that were killed, and what a process of our number left."""
    for name in os.listdir(folder):
        prefix, _, rest = name.partition(".")
        number = rest.partition(".")[0]
        if prefix == "analytics" and number.isdigit() and not _is_other_alive(int(number)):
            _remove(os.path.join(folder, name))


def _is_other_alive(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def _remove(temporary: str) -> None:
    for name in (temporary, f"{temporary}.wal"):
        discard(name)


def _lock(connection: DuckDBPyConnection, memory_bytes: int) -> None:
    """Closes every way out, for good: the last setting keeps the others from being changed again."""
    for setting in (
        "temp_directory = ''",
        f"memory_limit = '{memory_bytes >> 20}MiB'",
        "TimeZone = 'UTC'",
        "errors_as_json = true",
        "enable_progress_bar = false",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "allow_community_extensions = false",
        "allow_persistent_secrets = false",
        "python_enable_replacements = false",
        "enable_external_access = false",
        "disabled_filesystems = 'LocalFileSystem'",
        "lock_configuration = true",
    ):
        connection.execute(f"SET {setting}")


def _read_findings(connection: DuckDBPyConnection) -> tuple[tuple[Problem, ...], int]:
    import json

    ((findings,),) = connection.execute("SELECT findings FROM stored.findings").fetchall()
    unreadable, problems = json.loads(findings)
    return tuple(Problem(*problem) for problem in problems), int(unreadable)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdigit() else 0 for part in version.split(".")[:3])


def _too_much_memory() -> InvalidRequest:
    return InvalidRequest(
        "the query needs more memory than it may take",
        "ask for fewer rows or columns, or allow more: `git config milestone.analytics.memory 4GB`",
    )
