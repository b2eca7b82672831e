"""A server over a network: its certificate is proved, and a pooler may stand in between."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from psycopg.conninfo import make_conninfo

from gitmilestone.derived.postgres.catch_up import catch_up_mirror
from gitmilestone.derived.postgres.roles import read_roles
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server, get_server
from gitmilestone.derived.postgres.server.embedded import _find_account
from gitmilestone.derived.postgres.server.faults import MirrorUnavailable
from gitmilestone.operations.scaling.switch import switch_tier
from gitmilestone.tiers.table import get_tier
from tests.derived.mirrors import assert_right, find_stamp
from tests.derived.states import many, yaml
from tests.postgres_server import in_database
from tests.repositories import Clone

PASSWORD = "hunter2 & co"
_SYSTEM = Path("/usr/lib/postgresql")
_BOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def find_programs() -> Path | None:
    """The system's, which know TLS; those of the wheel do not."""
    found = sorted(_SYSTEM.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found and shutil.which("openssl") else None


pytestmark = pytest.mark.skipif(find_programs() is None, reason="no Postgres of the system, or no openssl")


class Network(NamedTuple):
    """Attributes:
    folder: With `ca.crt`, which has signed the server's certificate for `localhost`, and `other.crt`, which has not.
    """

    folder: Path
    port: int

    def dsn(self, **words: object) -> str:
        plain = {"host": "localhost", "hostaddr": "127.0.0.1", "port": self.port, "user": "ana", "dbname": "postgres"}
        secured = {"sslmode": "verify-full", "sslrootcert": self.folder / "ca.crt"}
        return " ".join(f"{name}='{value}'" for name, value in {**plain, **secured, **words}.items())


def identity() -> dict[str, Any]:
    """Neither Postgres nor a pooler runs as root."""
    if os.geteuid():
        return {}
    uid, gid = _find_account()
    return {"user": uid, "group": gid, "extra_groups": []}


def run(*command: str | Path, **more: Any) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", **more)
    assert done.returncode == 0, done.stderr


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 30
    while not is_listening(port):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


def make_certificates(folder: Path) -> None:
    for name in ("ca", "other"):
        run(
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"),
            *("-keyout", folder / f"{name}.key", "-out", folder / f"{name}.crt"),
        )
    request = folder / "server.csr"
    run(
        *("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"),
        *("-keyout", folder / "server.key", "-out", request),
    )
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")
    run(
        *(
            "openssl",
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            folder / "ca.crt",
            "-CAkey",
            folder / "ca.key",
            "-days",
            "2",
        ),
        *("-CAcreateserial", "-extfile", folder / "names", "-out", folder / "server.crt"),
    )


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    programs = find_programs()
    assert programs
    folder = Path(tempfile.mkdtemp(prefix="milestone-tls-"))
    folder.chmod(0o755)
    make_certificates(folder)
    data = folder / "data"
    data.mkdir(mode=0o700)
    key = folder / "server.key"
    key.chmod(stat.S_IRUSR)
    (folder / "password").write_text(PASSWORD)
    if not os.geteuid():
        for path in (data, key):
            os.chown(path, *_find_account())
    options = ("-A", "scram-sha-256", "-U", "ana", "--pwfile", folder / "password", "--no-sync", "-E", "UTF8")
    run(programs / "initdb", "-D", data, *options, env={"LC_ALL": "C"}, **identity())
    (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\nlocal all all scram-sha-256\n")
    port = free_port()
    settings = (
        *("listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={data}", "fsync=off", "ssl=on"),
        *(f"ssl_cert_file={folder}/server.crt", f"ssl_key_file={key}"),
    )
    command = [programs / "postgres", "-D", data, *[part for setting in settings for part in ("-c", setting)]]
    with run_server(command, folder / "log", port):
        yield Network(folder, port)
    shutil.rmtree(folder)


class run_server:  # noqa: N801  # read as a function
    def __init__(self, command: Sequence[str | Path], log: Path, port: int) -> None:
        self.log, self.port = log, port
        with log.open("wb") as stream:
            self.process = subprocess.Popen(command, stdout=stream, stderr=stream, cwd="/", **identity())

    def __enter__(self) -> None:
        wait_for(self.process, self.port, self.log)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def connected(clone: Clone, network: Network, tmp_path: Path) -> Callable[..., Server]:
    """Names a server in the configuration of a clone, its password in a file, as a user would."""
    passwords = tmp_path / "pgpass"
    passwords.write_text("*:*:*:ana:" + PASSWORD.replace("\\", "\\\\").replace(":", "\\:"))
    passwords.chmod(0o600)
    clone.environ["PGPASSFILE"] = str(passwords)
    clone.write(many(5))

    def connect(**words: object) -> Server:
        clone.git("config", DSN_KEY, network.dsn(passfile=passwords, **words))
        with clone.store() as store:
            return get_server(store)

    return connect


def test_a_server_that_proves_who_it_is(clone: Clone, connected: Callable[..., Server]) -> None:
    server = connected()
    with clone.store() as store:
        catch_up_mirror(server, store)
        assert_right(server, store)
    with server.connect() as link:
        found = link.connection.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()
    assert found == (True,)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"sslrootcert": "other.crt"}, "certificate verify failed"),
        ({"host": "plans.example.com"}, "does not match host name"),
        ({"sslmode": "disable"}, "no pg_hba.conf entry|no encryption"),
        ({"password": "another secret"}, "password authentication failed"),
    ],
)
def test_one_that_does_not_is_no_mirror(
    clone: Clone, network: Network, connected: Callable[..., Server], words: dict[str, str], said: str
) -> None:
    if "sslrootcert" in words:
        words = {"sslrootcert": str(network.folder / words["sslrootcert"])}
    server = connected(**words)
    with clone.store() as store, pytest.raises(MirrorUnavailable, match=said) as caught:
        catch_up_mirror(server, store)
    assert PASSWORD not in f"{caught.value.message} {caught.value.hint}"
    assert "another secret" not in f"{caught.value.message} {caught.value.hint}"


def test_less_than_verify_full_takes_another_servers_name(connected: Callable[..., Server]) -> None:
    """Why the documentation asks for it."""
    connected(host="plans.example.com", sslmode="verify-ca").connect().close()


@pytest.fixture(params=["transaction"])
def pooled(
    network: Network, tmp_path: Path, connected: Callable[..., Server], request: pytest.FixtureRequest
) -> Iterator[Server]:
    """pgbouncer before the server, with few connections behind it."""
    if _BOUNCER is None:
        pytest.skip("pgbouncer is not installed")
    folder = Path(tempfile.mkdtemp(prefix="milestone-pool-"))
    folder.chmod(0o755)
    port = free_port()
    (folder / "users").write_text("".join(f'"{name}" "{PASSWORD}"\n' for name in ("ana", "kim")))
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host=localhost port={network.port}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\n"
        f"auth_file = {folder}/users\npool_mode = transaction\ndefault_pool_size = 2\n"
        f"server_tls_sslmode = verify-full\nserver_tls_ca_file = {network.folder}/ca.crt\n"
    )
    with run_server([_BOUNCER, folder / "pgbouncer.ini"], folder / "log", port):
        yield connected(port=port, sslmode="disable")
    shutil.rmtree(folder)


def test_a_pooler_that_hands_out_transactions(clone: Clone, pooled: Server) -> None:
    with clone.store() as store:
        for turn in range(3):
            catch_up_mirror(pooled, store)
            assert_right(pooled, store)
            clone.write({f"active/turn-{turn}.yaml": yaml(f"Turn {turn}"), "active/a0001.yaml": yaml("Changed")})
        switch = switch_tier(store, "postgresql")
        assert (switch.after, switch.reverted) == ("postgresql", "")
        get_tier(store.files_at()).follow(store)
        stamp = find_stamp(pooled, store)
        assert stamp is not None
        assert stamp.commit == clone.head


def test_an_account_that_is_given_its_role_by_the_server(clone: Clone, pooled: Server) -> None:
    with pooled.connect() as link:
        link.connection.execute("CREATE DATABASE plans")
    plans = in_database(pooled, "plans")
    with plans.connect() as link:
        link.connection.execute(read_roles().encode())
        link.connection.execute(f"CREATE ROLE kim LOGIN PASSWORD '{PASSWORD}' IN ROLE milestone_writer".encode())
        link.connection.execute("ALTER ROLE kim SET role = milestone_writer")
    kim = plans._replace(conninfo=make_conninfo(plans.conninfo, user="kim", password=PASSWORD))
    with clone.store() as store:
        catch_up_mirror(kim, store)
        assert_right(kim, store)
    with plans.connect() as link:
        found = link.connection.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'milestone'")
        assert found.fetchall() == [("milestone_writer",)]
