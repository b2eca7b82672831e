"""`python -m benchmarks`: every performance claim, measured; the table goes to standard output."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sqlite3
import sys

from benchmarks.measure import format_table, run
from benchmarks.startup import HEADINGS as STARTUP_HEADINGS
from benchmarks.startup import measure_startup
from benchmarks.writes import HEADINGS as WRITE_HEADINGS
from benchmarks.writes import measure_bulk, measure_one_file


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--sizes", default="100,1000,10000,100000", help="existing milestones, for one-file writes")
    parser.add_argument("--bulk", default="10000,100000", help="files in one commit")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--only", choices=("startup", "writes", "bulk"), action="append")
    given = parser.parse_args()
    beside = os.path.join(os.path.dirname(sys.executable), "git-milestone")
    executable = beside if os.path.exists(beside) else shutil.which("git-milestone")
    if executable is None:
        print("git-milestone is not installed: pip install .", file=sys.stderr)
        return 128
    chosen = given.only or ["startup", "writes", "bulk"]
    print(_describe_machine())
    if "startup" in chosen:
        print("\n" + format_table(STARTUP_HEADINGS, measure_startup(max(given.runs, 15), sys.executable, executable)))
    if "writes" in chosen:
        sizes = [int(size) for size in given.sizes.split(",")]
        print("\n" + format_table(WRITE_HEADINGS, measure_one_file(sizes, given.runs, executable)), flush=True)
    if "bulk" in chosen:
        bulk = [int(size) for size in given.bulk.split(",")]
        print("\n" + format_table(WRITE_HEADINGS, measure_bulk(bulk, min(given.runs, 3))))
    return 0


def _describe_machine() -> str:
    git = run(["git", "--version"], "/").decode().split()[-1]
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()},"
        f" git {git}, SQLite {sqlite3.sqlite_version}; medians (minimum-maximum)"
    )


if __name__ == "__main__":
    sys.exit(main())
