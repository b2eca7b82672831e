"""Runs the embedded server for as long as somebody uses it: a process of its own, started by its path.

It imports nothing of git milestone, so that it stays small, and whatever it holds (two flocks) the kernel clears.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from typing import Any

READY = "ready"
_STATUS_LINE = 7  # of postmaster.pid
_OURS_TO_WAIT_OUT = ("still in use", "lock file")
_NOT_THE_FILES_FAULT = (*_OURS_TO_WAIT_OUT, "No space left", "ermission denied", "could not create any Unix-domain")
_SETTINGS = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    # Losing the last moments in a crash costs a refresh: the stamp goes with its rows.
    "synchronous_commit=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=40",
    "shared_buffers=128MB",
    "maintenance_work_mem=256MB",
    "max_wal_size=512MB",
    "dynamic_shared_memory_type=mmap",  # /dev/shm is tiny in containers
    "jit=off",
    "timezone=UTC",
    "lc_messages=C",
    "log_min_error_statement=panic",  # no content of a plan in a log
)


class Supervisor:
    """Args:
    plan: What `Embedded` says: `home`, `socket_dir`, `bin_dir`, `account` (uid and gid, or null), `owner` (the name of
        the one account that may connect), `idle_seconds`, `settings`.
    """

    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.home: str = plan["home"]
        self.data = os.path.join(self.home, "data")
        self.log = os.path.join(self.home, "log")
        self.clients = os.open(os.path.join(self.home, "clients"), os.O_RDWR | os.O_CREAT, 0o600)
        self.child: subprocess.Popen[bytes] | None = None
        self.pid = 0
        signal.signal(signal.SIGTERM, self._end)

    def run(self) -> int:
        self.pid = find_server(self.data, self.plan["socket_dir"]) or self._start()
        if not self.pid:
            return 1
        idle_seconds = self.plan["idle_seconds"]
        while self._is_alive():
            if self._is_idle(idle_seconds):
                self._stop()
                return 0
            time.sleep(min(1.0, idle_seconds / 4))
        return 1

    def _start(self) -> int:
        if not self._has_fitting_data():
            self._init()
        for attempt in range(40):
            self._spawn()
            if self._wait_until_ready():
                return self.child.pid if self.child else 0
            said = self._read_log()
            if any(words in said for words in _OURS_TO_WAIT_OUT):
                time.sleep(0.25)  # what a killed server left behind is ending
            elif attempt == 0 and not any(words in said for words in _NOT_THE_FILES_FAULT):
                self._init()  # its files are damaged, and hold nothing that is not in git
            else:
                break
        return 0

    def _has_fitting_data(self) -> bool:
        try:
            with open(os.path.join(self.data, "PG_VERSION"), encoding="ascii") as file:
                version = file.read().strip()
        except OSError:
            return False
        said = self._run("postgres", "--version").stdout.decode()
        return f" {version}." in said or said.strip().endswith(f" {version}")

    def _init(self) -> None:
        fresh = f"{self.data}.new"
        for folder in (fresh, self.data):
            shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(fresh, 0o700)
        self._give(fresh)
        options = ("--username=milestone", "--encoding=UTF8", "--locale=C", "--auth=peer", "--no-sync")
        done = self._run("initdb", "-D", fresh, *options)
        if done.returncode:
            self._write_log(done.stdout)
            sys.exit(1)
        owner = self.plan["owner"].replace('"', '""')
        for name, text in (
            ("pg_hba.conf", "local all all peer map=owner\n"),
            ("pg_ident.conf", f'owner "{owner}" milestone\n'),
        ):
            with open(os.path.join(fresh, name), "w", encoding="utf-8") as file:
                file.write(text)
        os.rename(fresh, self.data)

    def _run(self, program: str, *args: str) -> subprocess.CompletedProcess[bytes]:
        command = [os.path.join(self.plan["bin_dir"], program), *args]
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "stdin": subprocess.DEVNULL}
        return subprocess.run(command, check=False, **streams, **self._identity())

    def _spawn(self) -> None:
        quoted = self.plan["socket_dir"].replace('"', '""')
        settings = (*_SETTINGS, f'unix_socket_directories="{quoted}"', *self.plan["settings"])
        options = [part for setting in settings for part in ("-c", setting)]
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                [os.path.join(self.plan["bin_dir"], "postgres"), "-D", self.data, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **self._identity(),
            )  # fmt: skip

    def _identity(self) -> dict[str, Any]:
        # Nothing of PG* may reach the server, and of the locale only that its messages can be read.
        environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
        common: dict[str, Any] = {"env": environ, "cwd": "/", "umask": 0o077}
        if not self.plan["account"]:
            return common
        uid, gid = self.plan["account"]
        return {**common, "user": uid, "group": gid, "extra_groups": []}

    def _give(self, folder: str) -> None:
        if self.plan["account"]:
            os.chown(folder, *self.plan["account"])

    def _wait_until_ready(self) -> bool:
        """Until it serves, however long it has to recover; False where it ended."""
        assert self.child is not None
        while self.child.poll() is None:
            if find_server(self.data, self.plan["socket_dir"]) == self.child.pid:
                return True
            time.sleep(0.01)
        return False

    def _is_alive(self) -> bool:
        if self.child is not None:
            return self.child.poll() is None
        try:  # one that was taken over, and whose pid was proved then
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _is_idle(self, seconds: float) -> bool:
        """Whether nobody is connected, and nobody was for so long; then nobody can come until we have ended."""
        if time.time() - os.fstat(self.clients).st_mtime < seconds:
            return False
        try:
            fcntl.flock(self.clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.utime(self.clients)
            return False
        return True

    def _stop(self) -> None:
        try:
            os.kill(self.pid, signal.SIGINT)  # a fast shutdown
        except ProcessLookupError:
            return
        while self._is_alive():
            time.sleep(0.02)

    def _end(self, *_: object) -> None:
        if self.pid:
            self._stop()
        sys.exit(0)

    def _read_log(self) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()[-4000:]

    def _write_log(self, content: bytes) -> None:
        with open(self.log, "wb") as file:
            file.write(content)


def find_server(data: str, socket_dir: str) -> int:
    """The pid of the server that serves these files, ready to be asked; 0 where there is none.

    A pid in a file proves nothing: it may be another process by now. The one that listens at the socket is asked.
    """
    try:
        with open(os.path.join(data, "postmaster.pid"), encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")
        pid, is_ready = int(lines[0]), lines[_STATUS_LINE].strip() == READY
        if not is_ready:
            return 0
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(os.path.join(socket_dir, ".s.PGSQL.5432"))
            option = getattr(socket, "SO_PEERCRED", None)
            if option is None:
                return pid
            credentials = probe.getsockopt(socket.SOL_SOCKET, option, struct.calcsize("3i"))
            return pid if struct.unpack("3i", credentials)[0] == pid else 0
    except (OSError, ValueError, IndexError):
        return 0


def main() -> None:
    """Takes the lock, and goes on in the background; the caller's `waitpid` ends once the lock is held by someone."""
    plan = json.loads(sys.argv[1])
    lock = os.open(os.path.join(plan["home"], "supervisor"), os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + 1.0
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if time.monotonic() > deadline:  # another one supervises; shorter, and it was only somebody who looked
                return
            time.sleep(0.02)
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir("/")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    status = 1
    try:
        status = Supervisor(plan).run()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
