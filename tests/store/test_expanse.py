"""A few kilobytes that name a thousand million files are refused in one line, before anybody walks them."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from gitmilestone.errors import UnsafePath
from gitmilestone.store.trees import Expanse, diff_trees
from tests.repositories import Clone

FOLDED = 1000
_LIMIT = 400 << 20
"""Bytes of address space; Python, SQLite and what they map take a third of it."""


def make_tree(clone: Clone, entries: list[tuple[str, str, str]]) -> str:
    lines = "".join(f"{mode} {'tree' if mode == '040000' else 'blob'} {oid}\t{name}\n" for mode, oid, name in entries)
    return clone.git("mktree", "--missing", stdin=lines.encode())


def make_bomb(clone: Clone, depth: int, width: int = FOLDED) -> str:
    """A commit on HEAD whose trees share subtrees: width to the power of depth + 1 files."""
    blob = clone.git("hash-object", "-w", "--stdin", stdin=b"schema: 1\n\ntitle: T\n\nstatus: planned\n")
    tree = make_tree(clone, [("100644", blob, f"m{number:04}.yaml") for number in range(width)])
    for _ in range(depth):
        tree = make_tree(clone, [("040000", tree, f"f{number:04}") for number in range(width)])
    config = clone.git("rev-parse", "HEAD:.milestones/config")
    milestones = make_tree(clone, [("040000", tree, "active"), ("040000", config, "config")])
    others = [line.partition("\t") for line in clone.git("ls-tree", "HEAD").splitlines()]
    rest = [(facts.split()[0], facts.split()[2], name) for facts, _, name in others if name != ".milestones"]
    root = make_tree(clone, [*rest, ("040000", milestones, ".milestones")])
    return clone.git("commit-tree", "-p", "HEAD", "-m", "bomb", root)


def run_bounded(clone: Clone, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """A command that may not take more memory or time than one that is refused needs."""
    script = textwrap.dedent("""
        import resource, sys
        resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
        from gitmilestone.faces.cli.main import main
        sys.exit(main(sys.argv[2:]))
    """)
    command = [sys.executable, "-c", script, str(_LIMIT), *args]
    return subprocess.run(command, cwd=clone.path, input=stdin, capture_output=True, text=True, timeout=60, check=False)


COMMANDS = (
    ("list", "--at", "bomb"),
    ("list", "--at", "bomb", "is:blocked"),
    ("check", "--at", "bomb"),
    ("check", "--range", "main..bomb"),
    ("review", "main..bomb"),
    ("diff", "main", "bomb"),
    ("log", "--at", "bomb"),
    ("stats", "--at", "bomb"),
    ("sql", "--at", "bomb", "SELECT COUNT(*) FROM milestones"),
    ("show", "--at", "bomb", "nobody"),
    ("graph", "--at", "bomb"),
    ("export", "--at", "bomb"),
    ("__hook", "pre-receive"),
)


@pytest.fixture
def bomb(clone: Clone) -> Clone:
    clone.new("a")
    clone.git("branch", "bomb", make_bomb(clone, 2))
    return clone


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_every_command_refuses_it_in_one_line(bomb: Clone, args: tuple[str, ...]) -> None:
    oids = [bomb.git("rev-parse", name) for name in ("main", "bomb")]
    done = run_bounded(bomb, *args, stdin=f"{' '.join(oids)} refs/heads/topic\n")
    assert done.returncode not in (0, 70), done
    assert "again and again" in done.stderr, done
    assert len(done.stderr.splitlines()) <= 3, done.stderr
    assert "MemoryError" not in done.stderr


def test_what_has_nothing_to_do_with_it_goes_on(bomb: Clone) -> None:
    assert run_bounded(bomb, "list", "--format", "ids").stdout == "a\n"
    assert run_bounded(bomb, "new", "B", "--id", "b").returncode == 0


def test_a_million_in_one_level_of_folders_are_too_many_too(clone: Clone) -> None:
    clone.git("branch", "bomb", make_bomb(clone, 1))
    for args in (("list", "--at", "bomb"), ("check", "--range", "main..bomb")):
        done = run_bounded(clone, *args)
        assert "again and again" in done.stderr, done


def test_a_commit_in_between_is_refused_before_git_lists_it(bomb: Clone) -> None:
    """The branch ends with what everybody may read."""
    assert run_bounded(bomb, "log").returncode == 0
    tree = bomb.git("rev-parse", "main^{tree}")
    bomb.git("branch", "topic", bomb.git("commit-tree", "-p", "bomb", "-p", "main", "-m", "harmless", tree))
    done = run_bounded(bomb, "log", "--at", "topic")
    assert "again and again" in done.stderr, done
    assert run_bounded(bomb, "list", "--at", "topic", "--format", "ids").stdout == "a\n"
    assert run_bounded(bomb, "log").returncode == 0


def test_some_folders_that_are_the_same_are_read(clone: Clone) -> None:
    clone.git("branch", "twice", make_bomb(clone, 1, 20))
    with clone.store() as store:
        files = store.files_at("twice")
        assert sum(1 for entry in files.iter_entries() if entry.path.startswith("active/")) == 400
        changed = [path for path, _, _ in store.iter_changed(store.files_at(), files)]
        assert sum(path.startswith("active/") for path in changed) == 400


def test_a_setting_bounds_how_many_files_there_may_be(clone: Clone, tmp_path: Path) -> None:
    blob = clone.git("hash-object", "-w", "--stdin", stdin=b"x")
    tree = make_tree(clone, [("100644", blob, f"m{number:05}.yaml") for number in range(12_000)])
    with clone.store() as store:
        assert len(list(diff_trees(None, tree, store.objects.get_tree, store.objects.oid_length))) == 12_000
        clone.git("config", "milestone.maxFiles", "11k")
        ask = store.objects.ask_max_files
        with pytest.raises(UnsafePath, match="more than 11264 files"):
            list(diff_trees(None, tree, store.objects.get_tree, store.objects.oid_length, ask))
        clone.git("config", "milestone.maxFiles", "nonsense")
        assert len(list(diff_trees(None, tree, store.objects.get_tree, store.objects.oid_length, ask))) == 12_000


def test_few_files_ask_for_no_setting() -> None:
    def fail() -> int:
        raise AssertionError("asked")

    met = Expanse(fail)
    for number in range(100):
        met.enter(str(number), 100)
    with pytest.raises(AssertionError):
        met.enter("more", 1)
