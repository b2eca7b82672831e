"""Clones whose git merges milestones with the drivers, and branches that meet in them."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from gitmilestone.model.layout import ROOT as FOLDER
from gitmilestone.store.installing.drivers import install_drivers
from tests.repositories import ROOT, Clone, init_project

SHIP = f"{FOLDER}/active/ship.yaml"
Edit = Callable[[Clone], object]


def make_program(path: Path, script: str = "") -> Path:
    """An executable that is git milestone; or does what a shell script says, where `$milestone` stands for it."""
    python = f"PYTHONPATH={shlex.quote(str(ROOT))} {shlex.quote(sys.executable)} -m gitmilestone"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nmilestone='env {python}'\n" + (script or f'exec env {python} "$@"') + "\n")
    path.chmod(0o755)
    return path


def make_clone(place: Path) -> Clone:
    """A project with a milestone `ship`, and the drivers."""
    init_project(place / "project")
    clone = Clone(place / "project")
    clone.new("ship", owner="ana", labels=["m"], description="One.\n\nTwo.\n")
    install(clone, place)
    return clone


def install(clone: Clone, place: Path, script: str = "") -> Path:
    """Installs the drivers; returns the program that they run."""
    program = make_program(place / "bin" / "git-milestone", script)
    with clone.store() as store:
        install_drivers(store, str(program))
    return program


def fork(clone: Clone, ours: Edit, theirs: Edit) -> None:
    """A branch `side` with their edit; ours is on the current branch."""
    clone.git("switch", "-qc", "side")
    theirs(clone)
    clone.git("switch", "-q", "-")
    ours(clone)


def edit_text(old: str, new: str, path: str = SHIP) -> Edit:
    """A commit of an edit that somebody makes in the file itself."""

    def edit(clone: Clone) -> None:
        file = clone.path / path
        text = file.read_text()
        assert old in text, text
        file.write_text(text.replace(old, new))
        clone.git("commit", "-qam", f"{old.strip()} becomes {new.strip()}")

    return edit


def edit(milestone_id: str = "ship", **fields: object) -> Edit:
    return lambda clone: clone.edit(milestone_id, **fields)


def both(*edits: Edit) -> Edit:
    def carry_out(clone: Clone) -> None:
        for one in edits:
            one(clone)

    return carry_out


def complete(clone: Clone) -> None:
    clone.complete("ship")


def archive(clone: Clone) -> None:
    clone.archive("ship")


def text_of(clone: Clone, path: str = SHIP) -> str:
    return (clone.path / path).read_text()
