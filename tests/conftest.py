"""Every test has a home of its own: no test can read or touch the configuration of who runs it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from gitmilestone.faces.context import RUNNERS
from tests.repositories import Clone, init_project, run_git

if TYPE_CHECKING:
    from gitmilestone.derived.postgres.server.connect import Server

_GIT_CONFIG = """\
[user]
	name = Ana Lima
	email = ana@example.com
[init]
	defaultBranch = main
[protocol "file"]
	allow = always
"""
_FOREIGN = (
    "EMAIL",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "SSH_AUTH_SOCK",
    "SSH_ASKPASS",
    "GNUPGHOME",
    "LANGUAGE",
    "NO_COLOR",
    *RUNNERS,
)


def _seal(home: Path) -> None:
    """Points everything that git, gpg or Python looks up at `home`."""
    for name in [*os.environ]:
        if name.startswith(("GIT_", "XDG_", "LC_", "PG")) or name in _FOREIGN:
            del os.environ[name]
    config = home / "gitconfig"
    config.write_text(_GIT_CONFIG)
    os.environ.update(
        HOME=str(home),
        XDG_CONFIG_HOME=str(home / "config"),
        XDG_CACHE_HOME=str(home / "cache"),
        XDG_DATA_HOME=str(home / "share"),
        XDG_STATE_HOME=str(home / "state"),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_CONFIG_GLOBAL=str(config),
        LC_ALL="C.UTF-8",
        TZ="UTC",
        PYTHONDONTWRITEBYTECODE="1",
    )


# How fast this machine is today says nothing about a law.
settings.register_profile("laws", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("laws")

# Before any test module is imported, and before any session fixture runs.
_OUTER = Path(tempfile.mkdtemp(prefix="milestone-tests-"))
_seal(_OUTER)


def pytest_unconfigure() -> None:
    if "tests.postgres_server" in sys.modules:
        sys.modules["tests.postgres_server"].stop_servers()
    shutil.rmtree(_OUTER, ignore_errors=True)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """This test's HOME, with a git configuration that it may change."""
    saved = dict(os.environ)
    place = tmp_path_factory.mktemp("home")
    _seal(place)
    yield place
    monkeypatch.undo()
    os.environ.clear()
    os.environ.update(saved)


@pytest.fixture
def git() -> Callable[..., str]:
    """`git("log", "-1", cwd=..., stdin=..., env=..., is_checked=...)`: its standard output, the last newline cut."""
    return run_git


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with a file of somebody else and an initialised `.milestones/`; copy it, never change it."""
    place = tmp_path_factory.mktemp("template") / "project"
    init_project(place)
    return place


@pytest.fixture
def repository(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The work tree of a fresh initialised repository, which is also the current directory."""
    place = tmp_path / "project"
    shutil.copytree(template, place, symlinks=True)
    run_git("update-index", "--refresh", cwd=place)
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def clone(repository: Path) -> Clone:
    """The same, with what the drills of the store ask of it."""
    return Clone(repository)


@pytest.fixture
def mirror_server() -> Iterator[Server]:
    """A real Postgres server, and a database in it that holds an empty mirror."""
    from tests.postgres_server import drop_database, make_database

    server = make_database()
    yield server
    drop_database(server)
