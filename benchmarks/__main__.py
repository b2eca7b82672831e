"""`python -m benchmarks`: every performance claim, measured; the tables go to standard output."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Sequence

from benchmarks import caching, hooks, mirror, notifications, others
from benchmarks.measure import format_table, run
from benchmarks.reads import iter_measured
from benchmarks.report import Measured, format_flatness, format_measured
from benchmarks.repositories import get_repository
from benchmarks.startup import HEADINGS as STARTUP_HEADINGS
from benchmarks.startup import measure_startup
from benchmarks.writes import HEADINGS as WRITE_HEADINGS
from benchmarks.writes import measure_bulk, measure_one_file

_PARTS = ("startup", "writes", "bulk", "reads", "hooks", "caching", "notifications", "mirror", "others")
_DEFAULT = ("startup", "writes", "bulk", "reads")
_IN_FOLDER = {"reads", "hooks", "caching", "mirror", "others"}


def main() -> int:
    given = _parse_arguments()
    executable = _find_executable()
    if executable is None:
        print("git-milestone is not installed: pip install .", file=sys.stderr)
        return 128
    chosen = given.only or _DEFAULT
    if "others" in chosen and not others.are_installed():
        print(others.INSTALL, file=sys.stderr)
        return 128
    if "mirror" in chosen and not mirror.is_possible():
        print(mirror.INSTALL, file=sys.stderr)
        return 128
    sizes = [int(size) for size in given.sizes.split(",")]
    print(_describe_machine())
    if "startup" in chosen:
        _print(format_table(STARTUP_HEADINGS, measure_startup(max(given.runs, 15), sys.executable, executable)))
    if "writes" in chosen:
        _print(format_table(WRITE_HEADINGS, measure_one_file(sizes, given.runs, executable)))
    if "bulk" in chosen:
        bulk = [int(size) for size in given.bulk.split(",")]
        _print(format_table(WRITE_HEADINGS, measure_bulk(bulk, min(given.runs, 3))))
    if "notifications" in chosen:
        measured = notifications.measure_notifications(sizes[0], max(given.runs, 50), executable)
        _print(format_table(notifications.HEADINGS, measured))
    if _IN_FOLDER & set(chosen):
        with tempfile.TemporaryDirectory(prefix="milestone-benchmarks-") as temporary:
            folder = os.path.abspath(given.keep or temporary)
            os.makedirs(folder, exist_ok=True)
            _print_in_folder(chosen, sizes, given.runs, executable, folder)
    return 0


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", default="100,1000,10000,100000", help="existing milestones; not for bulk writes")
    parser.add_argument("--bulk", default="10000,100000", help="files in one commit")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--keep", metavar="DIR", help="keep the repositories there, and use those that are")
    parser.add_argument(
        "--only",
        choices=_PARTS,
        action="append",
        help=f"{', '.join(_DEFAULT)}; mirror wants a Postgres, others other tools on PATH",
    )
    return parser.parse_args()


def _print_in_folder(chosen: Sequence[str], sizes: list[int], runs: int, executable: str, folder: str) -> None:
    if "reads" in chosen:
        _print_reads(sizes, runs, executable, folder)
    made = [get_repository(folder, size) for size in sizes] if {"hooks", "caching"} & set(chosen) else []
    for each in made:
        if "hooks" in chosen:
            _print(format_table(hooks.HEADINGS, hooks.measure_hooks(each, runs, executable)))
        if "caching" in chosen:
            _print(format_measured(caching.measure_caching(each)))
    if "mirror" in chosen:
        for measured in mirror.iter_measured(sizes, runs, folder):
            _print(format_measured(measured))
    if "others" in chosen:
        for cells in others.iter_compared(sizes, executable, folder):
            _print(format_table(others.HEADINGS, cells))


def _print_reads(sizes: list[int], runs: int, executable: str, folder: str) -> None:
    found: list[Measured] = []
    for rows in iter_measured(sizes, runs, executable, folder):
        _print(format_measured(rows))
        found += rows
    if flatness := format_flatness(found):
        _print(flatness)


def _print(table: str) -> None:
    """A run takes long: each table is out as soon as it is there."""
    print("\n" + table, flush=True)


def _find_executable() -> str | None:
    beside = os.path.join(os.path.dirname(sys.executable), "git-milestone")
    return beside if os.path.exists(beside) else shutil.which("git-milestone")


def _describe_machine() -> str:
    git = run(["git", "--version"], "/").decode().split()[-1]
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()},"
        f" git {git}, SQLite {sqlite3.sqlite_version}; medians (minimum-maximum)"
    )


if __name__ == "__main__":
    sys.exit(main())
