"""`git milestone watch` as a process: what it prints, when, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.faces.conftest import ROOT, Run

if TYPE_CHECKING:
    from gitmilestone.derived.postgres.server.connect import Server

Start = Callable[..., "subprocess.Popen[bytes]"]
_PATIENCE = 20.0
_OBEYED = ("\x1b]", "\x1b[2J", "\u202e", "paged")


@pytest.fixture
def start(repository: Path, environ: dict[str, str], milestones: list[str]) -> Iterator[Start]:
    """Starts a watcher that begins behind what is there now, so that nothing is missed while it starts."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, env=environ, capture_output=True, check=True)
    started: list[subprocess.Popen[bytes]] = []

    def start(
        *args: str, cwd: Path = repository, stdout: int = subprocess.PIPE, **more: str
    ) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "gitmilestone", "watch", "--since", head.stdout.decode().strip(), *args]
        process = subprocess.Popen(
            command, cwd=cwd, env={**environ, **more}, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in filter(None, (process.stdout, process.stderr)):
            stream.close()


def read_until(descriptor: int, text: bytes) -> bytes:
    """What is written until some text is there: it has to come by itself, without the end of who writes it."""
    found = b""
    deadline = time.monotonic() + _PATIENCE
    while text not in found:
        ready, _, _ = select.select([descriptor], [], [], deadline - time.monotonic())
        assert ready, found
        found += os.read(descriptor, 1 << 16)
    return found


def stdout_of(process: subprocess.Popen[bytes]) -> int:
    assert process.stdout is not None
    return process.stdout.fileno()


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=_PATIENCE)
    return process.returncode, out.decode(), err.decode()


def test_a_commit_is_shown_as_log_shows_it_while_it_goes_on(start: Start, run: Run) -> None:
    process = start()
    for name, due in (("ship-2fa", "2027-02-01"), ("session-store", "2027-03-01")):
        run("edit", name, "--due", due)
        shown = read_until(stdout_of(process), due.encode())
        assert run("log", "--limit", "1").stdout.startswith(shown.decode().rstrip())


def test_json_is_what_log_says(start: Start, run: Run, repository: Path, environ: dict[str, str]) -> None:
    process = start("--json", "--count", "3")
    run("edit", "ship-2fa", "--due", "2027-02-01", "--label", "ünï", "--unset", "project")
    subprocess.run(
        ["git", "commit", "-q", "--allow-empty", "-m", "Mend\n\nMilestone: session-store"],
        cwd=repository, env=environ, check=True,
    )  # fmt: skip
    run("delete", "ship-2fa")
    status, out, err = finish(process)
    assert (status, err) == (0, "")
    events = [json.loads(line) for line in out.splitlines()]
    logged = json.loads(run("log", "--json", "--limit", "3").stdout)["events"]
    assert events == [{"schema_version": 1, **event} for event in reversed(logged)]


def test_a_move_is_an_object_too(start: Start, run: Run, repository: Path, environ: dict[str, str]) -> None:
    run("complete", "ship-2fa")
    process = start("--json")
    read_until(stdout_of(process), b"\n")
    subprocess.run(["git", "reset", "-q", "--hard", "HEAD~1"], cwd=repository, env=environ, check=True)
    told = json.loads(read_until(stdout_of(process), b"\n"))
    assert (told["schema_version"], told["kind"], told["ref"]) == (1, "rewound", "refs/heads/main")
    assert len(told["old"]) == len(told["new"]) == 40


def test_a_command_is_run_for_each_commit(start: Start, run: Run, repository: Path, tmp_path: Path) -> None:
    script = 'echo "$GIT_MILESTONE_COMMIT $GIT_MILESTONE_REF $(pwd)"; cat >> ../heard'
    process = start("--json", "--count", "2", "--exec", script)
    run("edit", "ship-2fa", "--due", "2027-02-01")
    run("complete", "ship-2fa", "session-store")
    status, out, err = finish(process)
    assert (status, err) == (0, "")
    printed = [line for line in out.splitlines() if line.startswith("{")]
    assert (tmp_path / "heard").read_text().splitlines() == printed
    said = [line for line in out.splitlines() if not line.startswith("{")]
    commits = [json.loads(printed[0])["commit"], json.loads(printed[1])["commit"]]
    assert said == [f"{commit} refs/heads/main {repository}" for commit in commits]
    assert len(printed) == 3


def test_a_command_that_fails_stops_nothing(start: Start, run: Run) -> None:
    for script, said in (("exit 3", "exit status 3"), ("kill -9 $$", "signal 9"), ("no-such-command", "status 127")):
        process = start("--count", "2", "--exec", script)
        run("edit", "ship-2fa", "--due", f"2027-02-0{len(script) % 9 + 1}")
        run("edit", "ship-2fa", "--due", f"2027-03-0{len(script) % 9 + 1}")
        status, _, err = finish(process)
        assert status == 0
        assert err.count(said) == 2


def test_a_command_that_reads_nothing_gets_more_than_a_pipe_holds(start: Start, run: Run, tmp_path: Path) -> None:
    process = start("--count", "1", "--exec", "exec <&-; echo done")
    plan = {"op": "update", "id": "ship-2fa", "description": "x" * 500_000}
    (tmp_path / "plan").write_text(json.dumps(plan) + "\n")
    assert run("apply", str(tmp_path / "plan")).returncode == 0
    status, out, err = finish(process)
    assert (status, err) == (0, "")
    assert out.endswith("done\n")


def test_no_value_comes_to_a_command_line(start: Start, run: Run, tmp_path: Path) -> None:
    process = start("--count", "1", "--exec", "cat > ../heard")
    run("new", f"$(touch {tmp_path}/owned); `touch {tmp_path}/owned` ' \" $HOME", "--id", "hostile")
    assert finish(process)[0] == 0
    assert "touch" in (tmp_path / "heard").read_text()
    assert not (tmp_path / "owned").exists()


def test_it_runs_in_the_directory_of_dash_c(start: Start, run: Run, repository: Path, tmp_path: Path) -> None:
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, check=True, text=True)
    run("edit", "ship-2fa", "--due", "2027-02-01")
    done = run("-C", str(repository.parent / "repository"), "watch", "--since", head.stdout.strip(), "--count", "1",
               "--exec", "pwd")  # fmt: skip
    assert done.stdout.splitlines()[-1] == str(repository)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("while_", ["idle", "in a command"])
def test_it_is_interrupted_quietly(start: Start, run: Run, number: signal.Signals, status: int, while_: str) -> None:
    process = start("--exec", "echo begun; exec sleep 60" if while_ == "in a command" else "echo begun")
    run("edit", "ship-2fa", "--due", "2027-02-01")
    read_until(stdout_of(process), b"begun\n")
    time.sleep(0.3)
    process.send_signal(number)
    assert finish(process) == (status, "", "")


def test_it_is_interrupted_while_nobody_takes_what_it_writes(start: Start, run: Run) -> None:
    process = start("--json")
    run("edit", "ship-2fa", "--description", "x" * 100_000)
    time.sleep(2.0)
    process.send_signal(signal.SIGINT)
    assert process.wait(_PATIENCE) == 130


def test_it_ends_with_its_reader_before_anything_happens(start: Start) -> None:
    process = start()
    assert process.stdout is not None
    time.sleep(1.0)
    assert process.poll() is None
    process.stdout.close()
    process.stdout = None
    assert process.wait(_PATIENCE) == 141
    assert process.stderr is not None
    assert process.stderr.read() == b""


def test_a_terminal_gets_nothing_that_it_would_obey_and_no_pager(start: Start, run: Run) -> None:
    run("new", "Ship \x1b]0;owned\x07 \u202egpj", "--id", "hostile", "--owner", "\x1b[2Jbo")
    for form in ((), ("--json",)):
        ours, theirs = pty.openpty()
        process = start(*form, stdout=theirs, GIT_PAGER="echo paged")
        os.close(theirs)
        text = read_until(ours, b"planned").decode()
        assert [part for part in _OBEYED if part in text] == []
        assert "hostile" in text
        process.kill()
        os.close(ours)


def test_what_is_wrong_is_said_at_once(run: Run, milestones: list[str]) -> None:
    for args, status in (
        (("--ref", "nowhere"), 128),
        (("--since", "nowhere"), 128),
        (("due:someday",), 2),
        (("--count", "-1"), 2),
        (("--count", "0"), 0),
    ):
        done = run("watch", *args)
        assert done.returncode == status, (args, done)
        assert done.stdout == ""


def test_a_query_and_a_count(start: Start, run: Run) -> None:
    process = start("--count", "1", "owner:bo@example.com")
    run("edit", "ship-2fa", "--due", "2027-02-01")
    run("edit", "session-store", "--due", "2027-02-01")
    status, out, _ = finish(process)
    assert status == 0
    assert "session-store" in out
    assert "ship-2fa" not in out


def test_standard_output_that_is_full_is_an_error(start: Start, run: Run) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    full = os.open("/dev/full", os.O_WRONLY)
    process = start(stdout=full)
    os.close(full)
    run("edit", "ship-2fa", "--due", "2027-02-01")
    _, err = process.communicate(timeout=_PATIENCE)
    assert process.returncode == 128
    assert b"can't write to standard output" in err


def test_many_at_once_each_tell_all_of_it(start: Start, run: Run) -> None:
    processes = [start("--json", "--count", "3") for _ in range(3)]
    for day in ("01", "02", "03"):
        run("edit", "ship-2fa", "--due", f"2027-02-{day}")
    outs = [finish(process) for process in processes]
    assert len({out for _, out, _ in outs}) == 1
    assert [status for status, _, _ in outs] == [0, 0, 0]


def test_another_clone_is_heard_through_the_mirror(
    start: Start, repository: Path, environ: dict[str, str], tmp_path: Path, mirror_server: Server
) -> None:
    """A commit by plain git in one clone: the watcher there brings it to the mirror, which wakes the one here."""

    def git(*args: str, cwd: Path = repository) -> None:
        subprocess.run(["git", *args], cwd=cwd, env=environ, check=True, capture_output=True)

    (repository / ".milestones/config/tier.yaml").write_text("tier: postgresql\n")
    git("commit", "-qam", "mirror it\n\nMilestone: ship-2fa")
    other = tmp_path / "other"
    git("clone", "-q", str(repository), str(other))
    for place in (repository, other):
        git("config", "milestone.postgres.dsn", mirror_server.conninfo, cwd=place)
        git("config", "milestone.postgres.repository", "plans", cwd=place)
    watchers = [start("--json", "--count", "2", cwd=place) for place in (repository, other)]
    for watcher in watchers:
        read_until(stdout_of(watcher), b"\n")
    path = other / ".milestones/active/ship-2fa.yaml"
    path.write_text(path.read_text().replace("two-factor", "three-factor"))
    git("commit", "-qam", "by hand", cwd=other)
    for watcher in watchers:
        status, out, err = finish(watcher)
        assert (status, err) == (0, "")
        assert json.loads(out)["subject"] == "by hand"


def test_it_imports_no_more_for_a_mirror_than_there_is_one(milestones: list[str], repository: Path) -> None:
    code = "import gitmilestone.faces.cli.commands.watch, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert not {"psycopg", "threading", "click", "subprocess", "json"} & set(done.stdout.split())
