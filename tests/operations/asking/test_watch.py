"""What comes to a branch is told once, parents first, however it came."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.errors import UnknownRevision
from gitmilestone.operations.asking.watch import Told, watch_changes
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.query.parse import parse
from tests.operations.watching import follow
from tests.repositories import NOW, Clone, run_git
from tests.store import test_repository_kinds as kinds

MAIN, SIDE = "refs/heads/main", "refs/heads/side"


def commit_code(clone: Clone, message: str = "code") -> None:
    clone.git("commit", "-q", "--allow-empty", "-m", message)


def test_commits_are_told_as_they_come(clone: Clone) -> None:
    clone.new("old")
    told = follow(
        clone,
        [
            lambda: None,
            lambda: clone.new("ship"),
            lambda: (clone.edit("ship", owner="ana"), clone.new("boat")),
            lambda: commit_code(clone),
            lambda: commit_code(clone, "Mend it\n\nMilestone: ship"),
            lambda: clone.git("pack-refs", "--all"),
            lambda: clone.delete("boat"),
            lambda: None,
        ],
    )
    assert told == [
        [],
        [],
        [("milestone: create ship", "ship added")],
        [("milestone: edit ship (owner)", "ship changed"), ("milestone: create boat", "boat added")],
        [],
        [("Mend it", "ship named")],
        [],
        [("milestone: delete boat", "boat removed")],
        [],
    ]


def test_a_merge_brings_what_it_brings_in_the_order_of_the_history(clone: Clone) -> None:
    clone.new("ship")
    clone.git("switch", "-q", "-c", "side")
    clone.new("boat")
    clone.edit("ship", owner="ana")
    clone.git("switch", "-q", "main")
    told = follow(
        clone,
        [
            lambda: clone.edit("ship", due="2027-01-15"),
            lambda: clone.git("merge", "-q", "--no-ff", "-m", "join", "side"),
        ],
    )
    assert told[1:] == [
        [("milestone: edit ship (due)", "ship changed")],
        [("milestone: create boat", "boat added"), ("milestone: edit ship (owner)", "ship changed")],
    ]


def test_a_branch_that_was_moved_back_or_forced(clone: Clone) -> None:
    clone.new("ship")
    clone.new("boat")
    told = follow(
        clone,
        [
            lambda: clone.git("reset", "-q", "--hard", "HEAD~1"),
            lambda: clone.git("reset", "-q", "--hard", "HEAD@{1}"),
            lambda: clone.git("commit", "-q", "--amend", "--allow-empty", "-m", "amended"),
            lambda: clone.git("update-ref", "-d", "HEAD"),
            lambda: clone.git("reset", "-q", "--soft", "HEAD@{1}", is_checked=False),
        ],
    )
    boat, ship = "milestone: create boat", "milestone: create ship"
    assert told[1:4] == [
        [("rewound", MAIN, boat, ship)],
        [(boat, "boat added")],
        [("rewound", MAIN, boat, "amended"), ("amended", "boat added")],
    ]
    assert told[4:] == [[], []], "a branch that is gone is waited for"


def test_head_follows_the_branch_that_is_checked_out(clone: Clone) -> None:
    clone.git("branch", "side")
    clone.new("ship")
    told = follow(
        clone,
        [
            lambda: clone.git("switch", "-q", "side"),
            lambda: clone.new("boat"),
            lambda: clone.git("switch", "-q", "--detach", "main"),
            lambda: clone.git("switch", "-q", "--orphan", "new"),
            lambda: clone.git("switch", "-q", "main"),
        ],
    )
    boat, ship, first = "milestone: create boat", "milestone: create ship", "milestone: initialise"
    first = told[1][0][3]
    assert told[1:] == [
        [("switched", SIDE, ship, first)],
        [(boat, "boat added")],
        [("switched", "HEAD", boat, ship), (ship, "ship added")],
        [("switched", "refs/heads/new", ship, "")],
        [("switched", MAIN, "", ship), (ship, "ship added")],
    ]


def test_a_branch_by_its_name_wherever_head_is(clone: Clone) -> None:
    clone.git("branch", "side")
    told = follow(
        clone,
        [
            lambda: clone.new("ship"),
            lambda: clone.git("branch", "-q", "-f", "side", "main"),
            lambda: clone.git("branch", "-q", "-D", "side"),
            lambda: clone.new("boat"),
            lambda: clone.git("branch", "side"),
            lambda: clone.git("branch", "-q", "-f", "side", "HEAD~1"),
        ],
        ref="side",
    )
    boat, ship = "milestone: create boat", "milestone: create ship"
    assert told[1:] == [[], [(ship, "ship added")], [], [], [(boat, "boat added")], [("rewound", SIDE, boat, ship)]]
    with pytest.raises(UnknownRevision):
        follow(clone, [], ref="nowhere")


def test_what_is_fetched_is_told_of_the_branch_that_it_came_to(clone: Clone, tmp_path: Path) -> None:
    other = Clone(tmp_path / "other")
    clone.git("clone", "-q", str(clone.path), str(other.path))
    told = follow(
        other,
        [lambda: clone.new("ship"), lambda: other.git("fetch", "-q")],
        ref="origin/main",
    )
    assert told[1:] == [[], [("milestone: create ship", "ship added")]]


def test_it_begins_behind_a_commit(clone: Clone) -> None:
    since = clone.head
    clone.new("ship")
    clone.new("boat")
    boat, ship = "milestone: create boat", "milestone: create ship"
    assert follow(clone, [], since=since) == [[(ship, "ship added"), (boat, "boat added")]]
    assert follow(clone, [], since="HEAD~1") == [[(boat, "boat added")]]
    assert follow(clone, [], since="HEAD") == [[]]
    last = clone.head
    clone.git("reset", "-q", "--hard", since)
    (only,) = follow(clone, [], since=last)
    assert only[0][:3] == ("rewound", MAIN, boat)
    for name in ("nowhere", "1" * 40):
        with pytest.raises(UnknownRevision):
            follow(clone, [], since=name)


def test_a_query_keeps_what_matches_now_or_did_before(clone: Clone) -> None:
    for name in ("ship", "boat"):
        clone.new(name, owner="ana" if name == "ship" else "bo")
    told = follow(
        clone,
        [
            lambda: clone.edit("boat", due="2027-01-15"),
            lambda: clone.edit("boat", owner="ana"),
            lambda: clone.edit("boat", owner="bo"),
            lambda: clone.edit("boat", priority="high"),
            lambda: clone.delete("ship"),
            lambda: clone.new("raft", owner="ana"),
        ],
        make_query=lambda: parse("owner:ana sort:-due", today=NOW.date()),
    )
    edited = ("milestone: edit boat (owner)", "boat changed")
    assert told[1:] == [
        [],
        [edited],
        [edited],
        [],
        [("milestone: delete ship", "ship removed")],
        [("milestone: create raft", "raft added")],
    ]


def test_an_unborn_branch_and_its_first_commits(tmp_path: Path) -> None:
    run_git("init", "-q", "--template=", str(tmp_path))
    clone = Clone(tmp_path)
    told = follow(clone, [lambda: None, clone.init, lambda: clone.new("ship")])
    assert told == [[], [], [], [("milestone: create ship", "ship added")]]


def test_a_file_that_can_not_be_read(clone: Clone) -> None:
    clone.new("ship")

    def spoil() -> None:
        (clone.path / ".milestones/active/ship.yaml").write_text("title: [\n")
        clone.git("commit", "-qam", "spoiled")

    assert follow(clone, [spoil])[1:] == [[("spoiled", "ship unreadable")]]


@pytest.mark.parametrize("tier", ["file", "sqlite"])
def test_it_has_the_order_of_the_history_whatever_the_clocks_say(
    clone: Clone, monkeypatch: pytest.MonkeyPatch, tier: str
) -> None:
    if tier == "sqlite":
        with clone.store() as store:
            rebuild_index(store)

    def write() -> None:
        for name, year in (("c", 2030), ("b", 2001), ("a", 1995)):
            monkeypatch.setenv("GIT_COMMITTER_DATE", f"{year}-01-01T00:00:00Z")
            clone.new(name)

    assert follow(clone, [write])[1:] == [[(f"milestone: create {name}", f"{name} added") for name in "cba"]]


def test_clocks_that_go_back_further_than_git_reckons_with(clone: Clone) -> None:
    """git takes commits for new that the branch had before: they lie behind a chain whose clock stood decades ago."""

    def commit(name: str, date: int, *parents: str) -> str:
        environ = {"GIT_COMMITTER_DATE": f"@{date} +0000"}
        tree = clone.git("rev-parse", f"{parents[0]}^{{tree}}")
        content = clone.git("hash-object", "-w", "--stdin", stdin=f"title: {name}\nstatus: planned\n".encode())
        clone.git("read-tree", tree)
        clone.git("update-index", "--add", "--cacheinfo", f"100644,{content},.milestones/active/{name}.yaml")
        made = clone.git("write-tree")
        given = [word for parent in parents for word in ("-p", parent)]
        return clone.git("commit-tree", made, *given, "-m", name, **environ)

    noon = 1_700_000_000
    shared = [clone.head]
    for number in range(5):
        shared.append(commit(f"shared-{number}", noon + number * 100, shared[-1]))
    old = shared[-1]
    for number in range(12):
        old = commit(f"old-{number}", 1000 + number, old)
    new = commit("side", noon + 900, shared[3])
    joined = commit("joined", noon + 1000, old, new)
    clone.git("reset", "-q", "--hard", old)
    told = follow(clone, [lambda: clone.git("reset", "-q", "--hard", joined)])
    assert [line[0] for line in told[1]] == ["side", "joined"]


@pytest.mark.parametrize(
    "kind",
    [
        kinds.linked_worktree,
        kinds.linked_worktree_of_a_bare_one,
        kinds.submodule,
        kinds.separate_git_dir,
        kinds.sha256,
        kinds.reftable,
        kinds.shallow,
        kinds.partial_clone,
        kinds.packed,
        kinds.from_a_subfolder,
    ],
    ids=lambda kind: kind.__name__,
)
def test_every_kind_of_repository(clone: Clone, tmp_path: Path, kind: Callable[[Clone, Path], Clone]) -> None:
    made = kind(clone, tmp_path)
    if not made.git("ls-tree", "HEAD", ".milestones", is_checked=False):
        made.init()
    told = follow(made, [lambda: made.new("ship"), lambda: made.git("switch", "-q", "-c", "other")])
    assert [line[0] for group in told for line in group] == ["milestone: create ship", "switched"]


def test_a_bare_repository(clone: Clone, tmp_path: Path) -> None:
    clone.git("clone", "-q", "--bare", str(clone.path), str(tmp_path / "bare.git"))
    bare = Clone(tmp_path / "bare.git")
    clone.new("ship")
    told = follow(bare, [lambda: clone.git("push", "-q", str(bare.path), "main")])
    assert told[1:] == [[("milestone: create ship", "ship added")]]


def test_a_commit_that_git_has_collected(clone: Clone) -> None:
    clone.new("ship")

    def collect() -> None:
        clone.git("reset", "-q", "--hard", "HEAD~1")
        clone.new("boat")
        clone.git("reflog", "expire", "--expire=now", "--all")
        clone.git("gc", "-q", "--prune=now")

    told = follow(clone, [collect, lambda: clone.new("raft")])
    assert told[1:] == [
        [("rewound", MAIN, "unknown", "milestone: create boat")],
        [("milestone: create raft", "raft added")],
    ]


def test_it_keeps_no_process_that_holds_packs(clone: Clone) -> None:
    with clone.store() as store:
        answers: list[object] = []

        def wait(seconds: float, descriptor: int) -> None:
            answers.append(store.objects._answers)
            clone.new(f"m-{len(answers)}")

        changes = watch_changes(store, wait)
        assert [isinstance(next(changes), Told) for _ in range(3)] == [True] * 3
        assert answers == [None] * 3
