"""The embedded server: Postgres from a wheel or the system, for one repository, started on demand.

It listens on no network: only at a socket in a folder that nobody else can enter, and there it lets in one account
alone. Whoever uses it holds a shared flock on one file; a supervisor stops it when nobody has held it for a while.
Nothing in its files is worth anything: whatever is wrong with them, they are made anew from git.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Sequence

from gitmilestone.derived.postgres.server.binaries import Binaries, find_binaries
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.store.git import spawn

IDLE_SECONDS = 300.0
USER = "milestone"

_START_SECONDS = 60.0
_LONGEST_SOCKET = 103  # bytes; macOS has room for 104 with the closing NUL
_SOCKET = ".s.PGSQL.5432"
_CLIENTS = "clients"


class Lease:
    """Keeps the embedded server from being stopped; the kernel ends it with the process that holds it."""

    def __init__(self, descriptor: int, socket_dir: str) -> None:
        self.socket_dir = socket_dir
        self._descriptor = descriptor

    def close(self) -> None:
        if self._descriptor >= 0:
            os.utime(self._descriptor)
            os.close(self._descriptor)
        self._descriptor = -1


class Embedded:
    """The server of one repository, running or not.

    Args:
        folder: Absolute, for its files; elsewhere where the account that must run the server can't reach it.
        settings: `name=value`, for the server.
    """

    def __init__(self, folder: str, idle_seconds: float = IDLE_SECONDS, settings: Sequence[str] = ()) -> None:
        self.folder = os.path.abspath(folder)
        self.idle_seconds = idle_seconds
        self.settings = tuple(settings)
        self._account = _find_account() if os.geteuid() == 0 else None
        is_reachable = self._account is None or _is_open_to_all(self.folder)
        self.home = self.folder if is_reachable else os.path.join(_private_place(), _digest(self.folder))
        socket_dir = os.path.join(self.home, "socket")
        if len(os.fsencode(os.path.join(socket_dir, _SOCKET))) > _LONGEST_SOCKET:
            socket_dir = os.path.join(_private_place(), _digest(self.home), "socket")
        self.socket_dir = socket_dir

    @property
    def pid(self) -> int:
        """Of the running server; 0 where there is none that is ready."""
        from gitmilestone.derived.postgres.server.supervisor import find_server

        return find_server(os.path.join(self.home, "data"), self.socket_dir)

    @property
    def unused_seconds(self) -> float:
        """Since somebody began or ended to use it; -1 where there is nothing of it."""
        try:
            return max(0.0, time.time() - os.stat(os.path.join(self.home, _CLIENTS)).st_mtime)
        except OSError:
            return -1.0

    def start(self) -> Lease:
        """Makes sure that it runs: 2 s for the first time, 0.2 s when it was stopped, else nothing.

        Raises:
            MirrorUnavailable: It can't be had here; the message says why.
        """
        clients = self._open_clients()
        lease = Lease(clients, self.socket_dir)
        try:
            os.utime(clients)
            self._wait_until_ready()
        except BaseException:
            lease.close()
            raise
        return lease

    def _open_clients(self) -> int:
        """The file that who uses the server holds a lock on; waits while an idle one is being stopped, or removed."""
        import fcntl

        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._make_folders()
                clients = os.open(os.path.join(self.home, _CLIENTS), os.O_RDWR | os.O_CREAT, 0o600)
            except OSError as error:
                raise MirrorUnavailable(f"can't make {error.filename}: {error.strerror}", _HINT) from error
            try:
                fcntl.flock(clients, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                is_held = False
            else:
                is_held = os.fstat(clients).st_nlink > 0  # unless it was removed while we waited
            if is_held:
                return clients
            os.close(clients)
            if time.monotonic() > deadline:
                message = f"another process has been stopping the embedded Postgres for over {_START_SECONDS:g} s"
                raise MirrorUnavailable(message, "end it, and try again")
            time.sleep(0.01)

    def remove(self) -> bool:
        """Ends it and removes all that is its own; False where somebody uses it, or there is nothing."""
        import fcntl
        import shutil

        try:
            clients = os.open(os.path.join(self.home, _CLIENTS), os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(clients)
            return False
        try:
            self.stop()
            for folder in {self.home, os.path.dirname(self.socket_dir)}:
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(clients)
        return True

    def stop(self) -> None:
        """Ends it, whoever uses it; nothing where it does not run."""
        import signal

        if not os.path.isdir(self.home):
            return
        deadline = time.monotonic() + _START_SECONDS
        # Again and again: one that is only starting can't be told yet.
        while (pid := self.pid) or self._is_supervised():
            if time.monotonic() > deadline:
                raise MirrorUnavailable(f"the embedded Postgres at {self.home} does not end", f"see {self.home}/log")
            if pid:
                try:
                    os.kill(pid, signal.SIGINT)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)

    def discard(self) -> None:
        """Ends it, and removes its files: whatever is wrong with them, the next start makes new ones."""
        import shutil

        self.stop()
        shutil.rmtree(os.path.join(self.home, "data"), ignore_errors=True)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        attempts = 0
        while not self.pid or (attempts == 0 and not self._is_supervised()):
            if not self._is_supervised():
                if attempts == 2:
                    raise MirrorUnavailable(f"the embedded Postgres does not start: {self.last_words()}", _HINT)
                attempts += 1
                self._spawn_supervisor()
            if time.monotonic() > deadline:
                raise MirrorUnavailable(
                    f"the embedded Postgres has not started in {_START_SECONDS:g} s", f"see {self.home}/log"
                )
            time.sleep(0.01)

    def _is_supervised(self) -> bool:
        import fcntl

        descriptor = os.open(os.path.join(self.home, "supervisor"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def _spawn_supervisor(self) -> None:
        import json
        import pwd

        binaries = find_binaries()
        if binaries is None:
            raise MirrorUnavailable("there is no Postgres here", _HINT)
        if self._account and binaries.parts:
            binaries = self._copy(binaries)
        try:
            owner = pwd.getpwuid(os.geteuid()).pw_name
        except KeyError:
            raise MirrorUnavailable(f"the account {os.geteuid()} has no name, which Postgres needs", _HINT) from None
        plan = {
            "home": self.home,
            "socket_dir": self.socket_dir,
            "bin_dir": binaries.folder,
            "account": self._account,
            "owner": owner,
            "idle_seconds": self.idle_seconds,
            "settings": self.settings,
        }
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "supervisor.py")
        nowhere = os.open(os.devnull, os.O_RDWR)
        try:
            command = [sys.executable, "-I", "-S", program, json.dumps(plan)]
            # Nothing that whoever came first has in the environment stays with a server for all.
            pid = spawn(command, {"PATH": os.defpath, "LC_ALL": "C"}, dict.fromkeys((0, 1, 2), nowhere))
        finally:
            os.close(nowhere)
        os.waitpid(pid, 0)

    def _copy(self, binaries: Binaries) -> Binaries:
        facts = os.stat(os.path.join(binaries.folder, "postgres"))
        name = _digest(f"{binaries.folder} {facts.st_size} {facts.st_mtime_ns}")
        try:
            return binaries.copy_to(os.path.join(_private_place(), f"install-{name}"))
        except OSError as error:
            raise MirrorUnavailable(f"can't copy Postgres to {error.filename}: {error.strerror}", _HINT) from error

    def _make_folders(self) -> None:
        # As root, the server's account has to pass through; what is its own in there nobody else can enter.
        mode = 0o711 if self._account else 0o700
        for folder in (self.home, os.path.dirname(self.socket_dir)):
            os.makedirs(folder, mode=mode, exist_ok=True)
            _check_private(folder, os.geteuid())
        if not os.path.isdir(self.socket_dir):
            os.makedirs(self.socket_dir, mode=0o700, exist_ok=True)
            if self._account:
                os.chown(self.socket_dir, *self._account)
        _check_private(self.socket_dir, self._account[0] if self._account else os.geteuid())

    def last_words(self) -> str:
        try:
            with open(os.path.join(self.home, "log"), encoding="utf-8", errors="replace") as file:
                lines = [line.strip() for line in file if line.strip()]
        except OSError:
            lines = []
        told = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "error:", "denied"))]
        return (told or lines or ["it said nothing"])[-1][:300]


_HINT = "install `gitmilestone[embedded]`, or name a server: `git config milestone.postgres.dsn ...`"


def _find_account() -> tuple[int, int]:
    """Whom to run the server as, which refuses to run as root."""
    import pwd

    try:
        found = pwd.getpwnam("nobody")
    except KeyError:
        raise MirrorUnavailable("Postgres does not run as root, and there is no account `nobody`", _HINT) from None
    return found.pw_uid, found.pw_gid


def _is_open_to_all(folder: str) -> bool:
    """Whether every account can pass through all that is there of a path."""
    while folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
        if os.path.isdir(folder) and not os.stat(folder).st_mode & stat.S_IXOTH:
            return False
    return True


def _private_place() -> str:
    """Our own folder among temporary files: what cleans up there costs no more than a first load."""
    import tempfile

    place = os.path.join(tempfile.gettempdir(), f"gitmilestone-{os.geteuid()}")
    os.makedirs(place, mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
    _check_private(place, os.geteuid())
    return place


def _check_private(folder: str, owner: int) -> None:
    """Raises MirrorUnavailable where somebody else could have made a folder, or can write into it."""
    facts = os.lstat(folder)
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != owner or facts.st_mode & 0o022:
        raise MirrorUnavailable(f"{folder} is not a folder of our own alone", "remove it, if nobody else needs it")


def _digest(text: str) -> str:
    from hashlib import sha256

    return sha256(os.fsencode(text)).hexdigest()[:12]
