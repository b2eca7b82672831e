"""git's log is read as it streams."""

from __future__ import annotations

import os
import time
from itertools import islice

import pytest

from gitmilestone.errors import GitFailed
from gitmilestone.store.asking.log import NOT_PLAIN, log_all, log_touching, read_date
from tests.repositories import Clone


def put(clone: Clone, files: dict[str, str | None], message: str = "files", *, is_merge: bool = False) -> str:
    """Commits files, None to remove one; a merge by its unfinished merge."""
    for path, text in files.items():
        place = clone.path / path
        if text is None:
            place.unlink()
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
    clone.git("add", "-A")
    clone.git("commit", "-q", "--allow-empty", "-m", message, *(["--no-edit"] if is_merge else []))
    return clone.head


def test_sides_and_parents(clone: Clone) -> None:
    base = clone.head
    clone.git("switch", "-qc", "old")
    old = put(clone, {"a": "1"})
    clone.git("switch", "-q", "main")
    new = put(clone, {"b": "1"}, "Odd \x1f subject\n\nMilestone: ship\nMilestone:  two words \nOther: x")
    with clone.store() as store:
        with log_all(store.git, new, old) as log:
            found = {logged.oid: logged for logged in log}
        assert {oid: logged.side for oid, logged in found.items()} == {base: "-", old: "<", new: ">"}
        assert found[new].parents == (base,)
        assert found[new].subject == "Odd \x1f subject"
        assert found[new].trailers == ("ship", "two words")
        assert (found[new].author, found[new].email) == ("Ana Lima", "ana@example.com")
        assert found[new].committed == int(clone.git("log", "-1", "--format=%ct"))
        with log_all(store.git, new) as log:
            assert [logged.oid for logged in log] == clone.git("rev-list", "--reverse", new).split()
        with log_touching(store, new, old) as log:
            assert list(log) == []


def test_changes_of_one_commit(clone: Clone) -> None:
    one = put(clone, {".milestones/active/a.yaml": "1", ".milestones/active/b\n\u00e9.yaml": "2", "c": "3"})
    blobs = {text: clone.git("hash-object", "--stdin", stdin=text.encode()) for text in "12"}
    (clone.path / ".milestones/active/link.yaml").symlink_to("a.yaml")
    two = put(clone, {".milestones/active/a.yaml": None, ".milestones/completed/a.yaml": "1"})
    with clone.store() as store, log_touching(store, two, clone.git("rev-parse", f"{one}~1")) as log:
        first, second = log
    assert first.changes == (
        ("active/a.yaml", ("",), blobs["1"]),
        ("active/b\n\u00e9.yaml", ("",), blobs["2"]),
    )
    assert second.changes == (
        ("active/a.yaml", (blobs["1"],), ""),
        ("active/link.yaml", ("",), NOT_PLAIN),
        ("completed/a.yaml", ("",), blobs["1"]),
    )


def test_a_merge_changes_what_no_parent_has(clone: Clone) -> None:
    clone.git("switch", "-qc", "side")
    side = put(clone, {".milestones/active/a.yaml": "side", ".milestones/active/s.yaml": "s"})
    clone.git("switch", "-q", "main")
    main = put(clone, {".milestones/active/a.yaml": "main"})
    clone.git("merge", "-q", "side", is_checked=False)
    merge = put(clone, {".milestones/active/a.yaml": "both"}, is_merge=True)
    with clone.store() as store, log_touching(store, merge, f"{main}~1") as log:
        logged = [logged for logged in log if logged.oid == merge]
    names = [clone.git("hash-object", "--stdin", stdin=text.encode()) for text in ("main", "side", "both")]
    assert logged[0].parents == (main, side)
    assert logged[0].changes == (("active/a.yaml", tuple(names[:2]), names[2]),)


def test_what_is_missing_is_said(clone: Clone) -> None:
    with clone.store() as store:
        with log_all(store.git, "12" * 20) as log, pytest.raises(GitFailed, match="121212"):
            list(log)
        with pytest.raises(GitFailed, match="121212"):
            log_touching(store, clone.head, "12" * 20)


def test_a_log_that_nobody_reads_on_ends(clone: Clone) -> None:
    commit = b"commit refs/heads/many\ncommitter A <a@b> %d +0000\ndata 1\nx\n"
    clone.git("fast-import", "--quiet", stdin=b"".join(commit % number for number in range(3000)))
    with clone.store() as store:
        before = len(os.listdir("/dev/fd"))
        with log_all(store.git, clone.git("rev-parse", "many")) as log:
            assert len(list(islice(log, 2))) == 2
        assert len(os.listdir("/dev/fd")) == before


def test_dates_as_git_reads_them(clone: Clone) -> None:
    with clone.store() as store:
        assert read_date(store.git, "2026-11-23T10:00:00Z") == 1795428000
        assert abs(read_date(store.git, "1 week ago") - (time.time() - 7 * 86400)) < 60
