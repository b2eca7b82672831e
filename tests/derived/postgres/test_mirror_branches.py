"""A branch that was renamed or deleted leaves the mirror with the next write; one that others have stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitmilestone.derived.postgres.catch_up import catch_up_mirror, repository_name
from gitmilestone.derived.postgres.load import find_unstamped
from gitmilestone.derived.postgres.mirror import read_stamps
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server
from gitmilestone.operations.asking.everywhere import Everywhere
from gitmilestone.query.query import Query
from tests.derived.mirrors import assert_whole
from tests.repositories import Clone


def bring(clone: Clone, server: Server) -> None:
    with clone.store() as store:
        catch_up_mirror(server, store)


def branches(clone: Clone, server: Server) -> set[str]:
    with clone.store() as store, server.connect() as link:
        found = read_stamps(link.connection, repository_name(store), "ref > %s", "")
    return {stamp.ref.removeprefix("refs/heads/") for stamp in found}


def everywhere(clone: Clone, server: Server) -> set[str]:
    clone.git("config", DSN_KEY, server.conninfo)
    with clone.store() as store, Everywhere(store, store.files_at()) as found:
        return {row.milestone.id for page in found.iter_pages(Query()) for row in page}


@pytest.mark.parametrize("name", ["", "plans/roadmap"])
def test_a_renamed_branch_takes_its_rows_along(clone: Clone, mirror_server: Server, name: str) -> None:
    if name:
        clone.git("config", "milestone.postgres.repository", name)
    clone.new("a")
    bring(clone, mirror_server)
    clone.git("branch", "-m", "main", "trunk")
    clone.new("b")
    bring(clone, mirror_server)
    assert branches(clone, mirror_server) == {"trunk"}
    assert everywhere(clone, mirror_server) == {"a", "b"}
    with clone.store() as store, mirror_server.connect() as link:
        assert_whole(mirror_server, store)
        assert find_unstamped(link.connection) == []
        assert link.connection.execute("SELECT DISTINCT ref FROM milestone.event").fetchall() == [("refs/heads/trunk",)]


def test_a_branch_that_is_there_stays(clone: Clone, mirror_server: Server) -> None:
    clone.new("a")
    bring(clone, mirror_server)
    clone.git("switch", "-q", "-c", "topic/one")
    clone.new("b")
    bring(clone, mirror_server)
    assert branches(clone, mirror_server) == {"main", "topic/one"}
    assert everywhere(clone, mirror_server) == {"a"}
    clone.git("switch", "-q", "main")
    clone.git("branch", "-q", "-D", "topic/one")
    bring(clone, mirror_server)
    assert branches(clone, mirror_server) == {"main"}


def test_a_branch_of_another_clone_or_of_the_remote_stays(clone: Clone, mirror_server: Server, tmp_path: Path) -> None:
    clone.new("a")
    clone.git("remote", "add", "origin", "https://git.example.com/plans.git")
    clone.git("update-ref", "refs/remotes/origin/main", "HEAD")
    other = Clone(tmp_path / "other")
    clone.git("clone", "-q", str(clone.path), str(other.path))
    other.git("remote", "set-url", "origin", "https://git.example.com/plans.git")
    other.git("switch", "-q", "-c", "theirs")
    other.new("b")
    bring(other, mirror_server)
    bring(clone, mirror_server)
    assert branches(clone, mirror_server) == {"theirs", "main"}
    clone.git("branch", "-m", "main", "mine")
    clone.new("c")
    bring(clone, mirror_server)
    assert branches(clone, mirror_server) == {"theirs", "main", "mine"}
    clone.git("branch", "-m", "mine", "ours")
    bring(clone, mirror_server)
    assert branches(clone, mirror_server) == {"theirs", "main", "ours"}
