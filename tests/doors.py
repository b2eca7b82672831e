"""Whether every branch of the doors is run by the doors' own suites: `python -m tests.doors` says which is not."""

from __future__ import annotations

import subprocess
import sys
import tempfile

from tests.repositories import ROOT

DOORS = (
    "gitmilestone/snapshot/*",
    "gitmilestone/changes/*",
    "gitmilestone/operations/carry_out.py",
    "gitmilestone/tiers/*",
    "gitmilestone/model/record.py",
    "gitmilestone/model/field.py",
    "gitmilestone/model/fields.py",
)

SUITES = (
    "tests/snapshot",
    "tests/changes",
    "tests/tiers",
    "tests/operations/test_carry_out.py",
    "tests/model/test_record.py",
    "tests/model/test_fields.py",
)


def main() -> int:
    with tempfile.NamedTemporaryFile(prefix="milestone-doors-") as data:
        coverage = [sys.executable, "-m", "coverage"]
        place = f"--data-file={data.name}"
        measured = ["run", place, "--branch", f"--include={','.join(DOORS)}", "-m", "pytest", *SUITES]
        status = subprocess.run([*coverage, *measured], cwd=ROOT, check=False).returncode
        report = ["report", place, "--show-missing", "--skip-covered", "--fail-under=100"]
        return status or subprocess.run([*coverage, *report], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
