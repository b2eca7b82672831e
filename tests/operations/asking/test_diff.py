"""What differs between two states is told of files, never of what a link points to."""

from __future__ import annotations

import os

from gitmilestone.operations.asking.diff import diff
from tests.repositories import Clone


def test_the_target_of_a_link_is_no_milestone(clone: Clone) -> None:
    clone.new("a")
    before = clone.head
    path = clone.path / ".milestones" / "active" / "a.yaml"
    path.unlink()
    # git keeps a target as the bytes of a file, which would read as one.
    os.symlink("schema: 1\ntitle: Owned\nstatus: completed\n", path)
    clone.git("add", ".")
    clone.git("commit", "-qm", "A link")
    with clone.store() as store:
        found = diff(store, store.files_at(before), store.files_at("HEAD"))
    assert found.changes == ()
    assert [problem.code for problem in found.problems] == ["symbolic-link"]
