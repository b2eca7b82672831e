"""Paths are bytes: a project works below a folder whose name is no UTF-8, and in locales of another encoding."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    ("init",),
    ("hooks", "install"),
    ("hooks", "status"),
    ("new", "Ship", "--id", "ship"),
    ("edit", "ship", "--due", "2027-01-01"),
    ("index", "rebuild"),
    ("list",),
    ("show", "ship"),
    ("log", "ship"),
    ("stats",),
    ("sql", "SELECT id FROM milestones"),
    ("index", "status"),
    ("index", "verify"),
    ("status",),
    ("check",),
    ("ready",),
    ("blocked",),
    ("graph", "--all"),
    ("diff",),
    ("review", "HEAD~1..HEAD"),
    ("export",),
    ("complete", "ship"),
    ("stats",),
    ("list", "--all"),
)
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""What a locale without UTF-8 is to Python, wherever none is installed."""
PLACES = {
    "no UTF-8": (b"caf\xe9", {"LC_ALL": "C.UTF-8"}),
    "no UTF-8, in ASCII": (b"caf\xe9", ASCII),
    "UTF-8, in ASCII": ("café".encode(), ASCII),
}


@pytest.mark.parametrize("place", PLACES)
def test_every_command_in_an_odd_place(place: str, tmp_path: Path, environ: dict[str, str]) -> None:
    name, locale = PLACES[place]
    folder = os.path.join(os.fsencode(tmp_path), name, b"plan")
    env = {**environ, **locale}
    subprocess.run([b"git", b"init", b"-q", folder], env=env, check=True)
    for command in COMMANDS:
        done = subprocess.run(
            [sys.executable, "-m", "gitmilestone", *command], cwd=folder, env=env, capture_output=True, check=False
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, (command, said)
        assert b"damaged" not in said, (command, said)
        assert b"unexpected" not in said, (command, said)
    assert b"ship" in done.stdout
    path = os.path.join(folder, b".milestones", b"active", b"ship.yaml")
    with open(path, "a", encoding="utf-8") as file:
        file.write("# by hand\n")
    done = subprocess.run([b"git", b"commit", b"-qam", b"by hand"], cwd=folder, env=env, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_what_is_typed_is_read_as_the_locale_has_it(repository: Path, environ: dict[str, str]) -> None:
    for command in (("init",), ("new", "Café", "--id", "cafe")):
        done = subprocess.run(
            [sys.executable, "-m", "gitmilestone", *command], cwd=repository, env={**environ, **ASCII}, check=False
        )
        assert done.returncode == 0
    assert "title: Café" in (repository / ".milestones" / "active" / "cafe.yaml").read_text()
