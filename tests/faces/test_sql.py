"""`git milestone sql` and `stats`, each as a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gitmilestone.derived.analytics.schema import VIEWS
from gitmilestone.faces.cli.main import INTERRUPTED
from gitmilestone.faces.cli.printing.tables import FORMATS
from gitmilestone.faces.cli.tables.options import SQL_FORMATS
from tests.faces.conftest import ROOT, Run

pytestmark = pytest.mark.usefixtures("milestones")

_RUNAWAY = "SELECT count(*) FROM range(100000000000) AS a(x), range(100000) AS b(y) WHERE x * y = 7"


def rows_of(run: Run, query: str, *options: str) -> list[dict[str, object]]:
    done = run("sql", query, "--json", *options)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, object]] = json.loads(done.stdout)["rows"]
    return found


def test_formats_are_those_of_the_table() -> None:
    assert FORMATS == SQL_FORMATS


def test_json_has_types_and_null(run: Run) -> None:
    done = run("sql", "SELECT id, due, labels, progress, 'nan'::DOUBLE AS n FROM milestones ORDER BY id", "--json")
    assert json.loads(done.stdout) == {
        "schema_version": 1,
        "columns": [
            {"name": "id", "type": "VARCHAR"},
            {"name": "due", "type": "DATE"},
            {"name": "labels", "type": "VARCHAR[]"},
            {"name": "progress", "type": "DOUBLE"},
            {"name": "n", "type": "DOUBLE"},
        ],
        "rows": [
            {"id": "session-store", "due": "2027-01-15", "labels": [], "progress": 0.0, "n": None},
            {"id": "ship-2fa", "due": None, "labels": ["security"], "progress": 0.0, "n": None},
        ],
    }


def test_events_have_what_was_committed(run: Run) -> None:
    assert run("start", "ship-2fa").returncode == 0
    query = "SELECT author, kind, field, old, new FROM events WHERE field = 'status' AND milestone_id = 'ship-2fa'"
    first, second = rows_of(run, f"{query} ORDER BY number")
    assert first == {"author": "Ana", "kind": "created", "field": "status", "old": None, "new": "planned"}
    assert (second["old"], second["new"]) == ("planned", "in_progress")


def test_at_a_revision_the_file_stays_as_it_is(run: Run, repository: Path) -> None:
    count = "SELECT count(*) AS n FROM milestones"
    assert rows_of(run, count) == [{"n": 2}]
    kept = (repository / ".git" / "milestone" / "analytics.duckdb").read_bytes()
    assert rows_of(run, count, "--at", "HEAD~1") == [{"n": 1}]
    assert (repository / ".git" / "milestone" / "analytics.duckdb").read_bytes() == kept


def test_csv_starts_no_formula(run: Run) -> None:
    done = run("sql", "SELECT '=1+1' AS \"=a\", -5 AS n, ['-a', 'b'] AS l, NULL AS e", "--format", "csv")
    assert list(csv.reader(io.StringIO(done.stdout))) == [["'=a", "n", "l", "e"], ["'=1+1", "-5", "'-a;b", ""]]


def test_markdown_is_inert(run: Run) -> None:
    done = run("sql", "SELECT '<b>|@ana' AS x", "--format", "markdown")
    assert "<b>" not in done.stdout
    assert "@ana" not in done.stdout


def test_the_query_may_come_from_standard_input(repository: Path, environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "gitmilestone", "sql", "-"]
    done = subprocess.run(
        command, cwd=repository, env=environ, input="SELECT id\nFRM milestones\n", capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[1:3] == ["  SELECT id FRM milestones", "                ^"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT getenv('HOME')",
        "ATTACH 'x.db'",
        "COPY milestones TO 'out.csv'",
        "SELECT 1; SELECT 2",
        "SELECT nothing FROM milestones",
        "",
        "\udcff",
    ],
)
def test_a_refusal_is_a_message(run: Run, repository: Path, query: str) -> None:
    done = run("sql", query)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert not list(repository.glob("*.csv"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory a process has")
@pytest.mark.parametrize(
    "query",
    [
        "SELECT repeat('x', 1000000) FROM range(1000000)",
        "SELECT lpad('x', 2000000000, 'y') FROM range(10)",
        "SELECT i, i::VARCHAR || 'abcdefghij' FROM range(1000000000) AS t(i)",
        "SELECT array_agg(range(100000)) FROM range(100000)",
        "WITH RECURSIVE t(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM t) SELECT max(length(s)) FROM t",
    ],
)
def test_a_greedy_query_is_stopped(run: Run, repository: Path, environ: dict[str, str], query: str) -> None:
    subprocess.run(["git", "config", "milestone.analytics.memory", "100MB"], cwd=repository, env=environ, check=True)
    done = run("sql", query)
    # Some thread of DuckDB's may be the first to meet the limit of the process, and then ends all of it.
    assert done.returncode in (2, -signal.SIGABRT, -signal.SIGSEGV), (done.returncode, done.stderr)
    assert done.returncode != 2 or "needs more memory" in done.stderr


def test_the_memory_is_an_amount(run: Run, repository: Path, environ: dict[str, str]) -> None:
    subprocess.run(["git", "config", "milestone.analytics.memory", "much"], cwd=repository, env=environ, check=True)
    done = run("sql", "SELECT 1")
    assert done.returncode == 2
    assert "like 512MB" in done.stderr


def test_an_interrupt_ends_a_runaway_query(repository: Path, environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", "gitmilestone", "sql", _RUNAWAY]
    with subprocess.Popen(command, cwd=repository, env=environ, stderr=subprocess.PIPE) as process:
        time.sleep(2)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        sent = time.monotonic()
        process.wait(timeout=30)
    assert time.monotonic() - sent < 3
    assert process.returncode in (-signal.SIGINT, INTERRUPTED)


def test_a_damaged_file_is_built_again_and_said_once(run: Run, repository: Path) -> None:
    expected = run("sql", "SELECT * FROM milestones").stdout
    path = repository / ".git" / "milestone" / "analytics.duckdb"
    path.write_bytes(path.read_bytes()[:20_000])
    done = run("sql", "SELECT * FROM milestones")
    assert (done.returncode, done.stdout) == (0, expected)
    assert done.stderr.count("damaged") == 1
    assert run("sql", "SELECT * FROM milestones").stderr == ""


def test_damage_that_shows_late_is_mended_too(run: Run, repository: Path) -> None:
    ids = [f"m-{number}" for number in range(1500)]
    operations = [{"op": "create", "id": name, "title": "M", "description": os.urandom(500).hex()} for name in ids]
    (repository / "plan.jsonl").write_text("".join(f"{json.dumps(operation)}\n" for operation in operations))
    assert run("apply", "plan.jsonl").returncode == 0
    query = "SELECT md5(string_agg(description, '' ORDER BY id)) FROM milestones"
    expected = run("sql", query).stdout
    path = repository / ".git" / "milestone" / "analytics.duckdb"
    content = bytearray(path.read_bytes())
    for place in range(len(content) * 2 // 5, len(content) * 3 // 5, 1000):
        content[place] ^= 0x55
    path.write_bytes(content)
    done = run("sql", query)
    assert (done.returncode, done.stdout) == (0, expected)
    assert done.stderr.count("damaged") == 1
    assert run("sql", query).stderr == ""


def test_an_unreadable_file_is_said_each_time(run: Run, repository: Path, environ: dict[str, str]) -> None:
    (repository / ".milestones" / "active" / "bad.yaml").write_text("title: [\n")
    subprocess.run(["git", "add", ".milestones"], cwd=repository, env=environ, check=True)
    subprocess.run(["git", "commit", "-qm", "bad"], cwd=repository, env=environ, check=True)
    for command in (("sql", "SELECT count(*) FROM milestones"), ("stats",), ("stats", "--by", "week")):
        done = run(*command)
        assert done.returncode == 1
        assert "warning: 1 file unreadable" in done.stderr
        assert done.stdout


def test_the_schema_needs_no_repository(environ: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gitmilestone", "sql", "--schema"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("milestones\n  id ")


@pytest.mark.parametrize("view", VIEWS)
def test_the_documentation_has_every_column(view: str) -> None:
    documented = (ROOT / "docs" / "analytics.md").read_text(encoding="utf-8")
    rows = [f"| `{column.name}` | {column.type} | {column.doc} |\n" for column in VIEWS[view]]
    head, table = f"### `{view}`\n\n", "| column | type | |\n| --- | --- | --- |\n"
    section = documented[documented.index(head) : documented.index(table, documented.index(head))]
    assert f"{section}{table}{''.join(rows)}\n#" in documented


def test_stats_fit_a_terminal(run: Run) -> None:
    run("start", "ship-2fa")
    run("complete", "ship-2fa")
    for command in (("stats",), ("stats", "--by", "week"), ("stats", "--by", "month", "--project", "AUTH")):
        done = run(*command)
        assert done.returncode == 0, done.stderr
        assert max(map(len, done.stdout.splitlines())) <= 80
    assert "2 milestones, 1 open" in run("stats").stdout


def test_stats_as_json(run: Run) -> None:
    stats = json.loads(run("stats", "--json").stdout)["stats"]
    assert (stats["total"], stats["open"], stats["by_status"]) == (2, 2, {"planned": 2})
    assert len(stats["throughput"]) == 12
    assert stats["lead"] == {"measured": 0, "p50": None, "p85": None, "p95": None}
    flow = json.loads(run("stats", "--by", "month", "--json").stdout)
    assert flow["by"] == "month"
    assert flow["periods"][-1]["open"] == 2


def test_stats_of_nothing(run: Run, environ: dict[str, str], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    subprocess.run(["git", "init", "-q", str(empty)], env=environ, check=True)
    for options, said in (((), "no milestones\n"), (("--by", "week"), "no history yet\n")):
        done = run("-C", str(empty), "stats", *options)
        assert (done.returncode, done.stdout) == (0, said)
    assert run("stats", "--project", "nothing").stderr == "no milestone is in the project 'nothing'\n"


def test_a_repository_that_can_not_be_written_is_answered(run: Run, repository: Path) -> None:
    state = repository / ".git" / "milestone"
    for name in os.listdir(state):
        (state / name).unlink()
    state.rmdir()
    state.write_text("no folder")
    assert rows_of(run, "SELECT count(*) AS n FROM milestones") == [{"n": 2}]
