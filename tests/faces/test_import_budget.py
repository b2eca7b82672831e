"""What a command imports is most of what it costs: a module that joins a table here must be worth it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# What values and queries can't do without.
_CORE = {
    *("collections", "contextlib", "copyreg", "datetime", "enum", "errno", "functools", "gc", "gitmilestone"),
    *("itertools", "keyword", "math", "operator", "re", "reprlib", "select", "sqlite3", "types", "typing"),
    *("unicodedata", "warnings", "zlib"),
}
_JSON = {"json"}
_CSV = {"csv"}
# A sharded file's folder is made from its id.
_SHARDS = {"hashlib"}
# click's own imports change from version to version.
_NEVER = {
    "dulwich",
    "yaml",
    "tabulate",
    "subprocess",
    "dataclasses",
    "pathlib",
    "logging",
    "tempfile",
    "sqlite3",
}

BUDGETS: dict[tuple[str, ...], set[str]] = {
    ("list",): _CORE,
    ("list", "--format", "ids", "owner:bo", "sort:-due"): _CORE,
    ("list", "--json"): _CORE | _JSON,
    ("list", "--format", "csv"): _CORE | _CSV | _JSON,
    ("show", "ship-2fa"): _CORE | _SHARDS,
    ("completion", "bash"): _CORE - {"datetime", "math", "select", "sqlite3", "unicodedata", "zlib"},
    ("__complete", "--", "show", ""): _CORE,
}


def find_imported(args: tuple[str, ...], folder: Path, environ: dict[str, str]) -> set[str]:
    """Top-level modules, without C parts and without what Python itself always loads."""
    tail = "import sys; sys.stderr.write('\\n' + ' '.join(sys.modules))"
    code = f"from gitmilestone.faces.cli.main import main; main({list(args)!r})\n" if args else ""
    done = subprocess.run(
        [sys.executable, "-c", code + tail],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stderr.splitlines()[-1].split() if not name.startswith("_")}


@pytest.mark.usefixtures("milestones")
@pytest.mark.parametrize("args", BUDGETS, ids=" ".join)
def test_a_command_imports_no_more_than_this(args: tuple[str, ...], repository: Path, environ: dict[str, str]) -> None:
    imported = find_imported(args, repository, environ) - find_imported((), repository, environ)
    assert imported <= BUDGETS[args], f"beyond the budget: {sorted(imported - BUDGETS[args])}"


@pytest.mark.parametrize("args", [("-h",), ("list", "-h"), ("--version",)])
def test_help_reads_no_repository(args: tuple[str, ...], repository: Path, environ: dict[str, str]) -> None:
    imported = find_imported(args, repository, environ) - find_imported((), repository, environ)
    allowed = {"pathlib", "tempfile"} if args == ("--version",) else set()
    assert not imported & (_NEVER - allowed)


@pytest.mark.usefixtures("milestones")
def test_list_imports_nothing_that_only_writes(repository: Path, environ: dict[str, str]) -> None:
    code = "from gitmilestone.faces.cli.main import main; main(['list'])\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, env=environ, capture_output=True, text=True, check=True
    )
    writing = {
        "gitmilestone.store.writing.transaction",
        "gitmilestone.changes.draft",
        "gitmilestone.model.text.encode",
        "gitmilestone.model.text.revise",
    }
    assert not writing & set(done.stdout.split())
