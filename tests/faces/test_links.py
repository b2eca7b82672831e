"""A symbolic link in the work tree's place of a file or folder: one line, from every command, and nothing followed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faces.conftest import Run
from tests.faces.test_others_work import SESSIONS

FIRST = ".milestones/active/first.yaml"


def link_the_root(place: Path, elsewhere: Path) -> None:
    (place / ".milestones").rename(elsewhere)
    (place / ".milestones").symlink_to(elsewhere)


def link_a_folder(place: Path, elsewhere: Path) -> None:
    (place / ".milestones" / "active").rename(elsewhere)
    (place / ".milestones" / "active").symlink_to(elsewhere)


def link_a_file(place: Path, elsewhere: Path) -> None:
    (place / FIRST).rename(elsewhere)
    (place / FIRST).symlink_to(elsewhere)


def link_to_nowhere(place: Path, elsewhere: Path) -> None:
    shutil.rmtree(place / ".milestones")
    (place / ".milestones").symlink_to(elsewhere)


def link_to_itself(place: Path, elsewhere: Path) -> None:
    (place / FIRST).unlink()
    (place / FIRST).symlink_to("first.yaml")


def file_for_a_folder(place: Path, elsewhere: Path) -> None:
    shutil.rmtree(place / ".milestones" / "active")
    (place / ".milestones" / "active").write_text("no folder\n")


def folder_for_a_file(place: Path, elsewhere: Path) -> None:
    (place / FIRST).unlink()
    (place / FIRST).mkdir()


KINDS: list[Callable[[Path, Path], None]] = [
    link_the_root,
    link_a_folder,
    link_a_file,
    link_to_nowhere,
    link_to_itself,
    file_for_a_folder,
    folder_for_a_file,
]


@pytest.fixture
def plan(repository: Path, run: Run) -> Path:
    run("init")
    run("new", "First", "--id", "first", "--task", "Step")
    run("new", "Second", "--id", "second", "--depends-on", "first")
    run("new", "Closed", "--id", "closed", "--status", "cancelled")
    return repository


def try_it(name: str, kind: Callable[[Path, Path], None], plan: Path, run: Run, tmp_path: Path) -> None:
    lines, sheet = tmp_path / "plan.jsonl", tmp_path / "sheet.csv"
    lines.write_text('{"op": "create", "title": "From a plan"}\n{"op": "update", "id": "first", "owner": "ana"}\n')
    sheet.write_text("id,title\nfirst,First thought\n")
    kind(plan, tmp_path / "elsewhere")
    before = read_all(tmp_path / "elsewhere")
    done = run(*(word.format(plan=lines, sheet=sheet) for word in SESSIONS[name]))
    said = done.stdout + done.stderr
    assert "Traceback" not in said, said
    assert "unexpected error" not in said, said
    assert done.returncode in (0, 1, 2, 3, 128), said
    faults = [line for line in done.stderr.split("\n") if line.startswith(("error:", "fatal:"))]
    assert len(faults) == (1 if done.returncode == 128 else min(len(faults), 1)), said
    assert read_all(tmp_path / "elsewhere") == before


def read_all(place: Path) -> dict[str, bytes]:
    """Every file below what a link leads to, or that file."""
    if place.is_file():
        return {"": place.read_bytes()}
    return {str(path): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", SESSIONS)
def test_every_command(name: str, plan: Path, run: Run, tmp_path: Path) -> None:
    """Each with one of them; below with all."""
    try_it(name, KINDS[[*SESSIONS].index(name) % len(KINDS)], plan, run, tmp_path)


@pytest.mark.parametrize("kind", KINDS[:4], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", ["complete", "reopen", "start", "delete", "depend add", "graph"])
def test_what_ended_in_a_traceback(
    name: str, kind: Callable[[Path, Path], None], plan: Path, run: Run, tmp_path: Path
) -> None:
    try_it(name, kind, plan, run, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("name", SESSIONS)
def test_every_command_and_link(
    name: str, kind: Callable[[Path, Path], None], plan: Path, run: Run, tmp_path: Path
) -> None:
    try_it(name, kind, plan, run, tmp_path)
