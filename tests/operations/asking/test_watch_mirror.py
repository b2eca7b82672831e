"""Where there is a mirror, what other clones bring to it is told too; what is told does not depend on the tier."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.derived.postgres import listen
from gitmilestone.derived.postgres.roles import read_roles
from gitmilestone.derived.postgres.server.binaries import find_binaries
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server, embedded_server
from gitmilestone.derived.postgres.server.embedded import Embedded
from gitmilestone.errors import MilestoneError, UnknownRevision
from gitmilestone.model.config import encode_tier
from gitmilestone.model.layout import TIER_FILE
from gitmilestone.operations.scaling.index import rebuild_index
from gitmilestone.query.parse import parse
from gitmilestone.store.writing.plan import WriteOptions
from gitmilestone.tiers.table import get_tier
from tests.derived.mirrors import find_stamp
from tests.derived.postgres.test_mirror_migrations import become
from tests.derived.states import Told as Heard
from tests.operations.watching import Act, Line, follow
from tests.postgres_server import drop_database, make_database
from tests.repositories import NOW, Clone

pytestmark = pytest.mark.skipif(find_binaries() is None, reason="there is no Postgres to start")
MAIN, SIDE = "refs/heads/main", "refs/heads/side"


def created(name: str) -> Line:
    return (f"milestone: create {name}", f"{name} added")


def use_mirror(clone: Clone, server: Server) -> Clone:
    clone.git("config", DSN_KEY, server.conninfo)
    clone.git("config", "milestone.postgres.repository", "plans")
    return clone


def write(clone: Clone, name: str) -> None:
    """As the command does, which brings the mirror along."""
    clone.new(name)
    refresh(clone)


def refresh(clone: Clone) -> None:
    with clone.store() as store:
        get_tier(store.files_at()).follow(store)


@pytest.fixture
def mirrored(mirror_server: Server, clone: Clone) -> Clone:
    """A clone whose project has a mirror."""
    clone.write({TIER_FILE: encode_tier("postgresql").decode()}, "mirror it")
    use_mirror(clone, mirror_server)
    clone.new("old")
    refresh(clone)
    return clone


@pytest.fixture
def other(mirrored: Clone, mirror_server: Server, tmp_path: Path) -> Clone:
    """Another clone of it."""
    mirrored.git("config", "receive.denyCurrentBranch", "ignore")
    mirrored.git("clone", "-q", str(mirrored.path), str(tmp_path / "other"))
    return use_mirror(Clone(tmp_path / "other"), mirror_server)


def tell_story(clone: Clone) -> list[Act]:
    """Everything that a branch can go through, by writes of this program and by git's."""

    def git(*args: str) -> Act:
        return lambda: clone.git(*args)

    def wrote(name: str) -> Act:
        return lambda: write(clone, name)

    return [
        wrote("ship"),
        lambda: clone.new("boat"),
        git("commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: ship"),
        git("commit", "-q", "--allow-empty", "-m", "only code"),
        lambda: (clone.edit("ship", due="2027-01-15", owner="ana"), refresh(clone)),
        git("reset", "-q", "--hard", "HEAD~2"),
        git("commit", "-q", "--amend", "--allow-empty", "-m", "amended"),
        git("switch", "-q", "-c", "side", "HEAD~1"),
        wrote("raft"),
        git("switch", "-q", "main"),
        git("merge", "-q", "--no-ff", "-m", "join", "side"),
        git("pack-refs", "--all"),
        git("reset", "-q", "--hard", "HEAD~1"),
        lambda: (clone.git("merge", "-q", "--no-ff", "-m", "join again", "side"), clone.delete("boat")),
    ]


def test_the_tier_is_never_visible(
    clone: Clone, mirror_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 3: one story, told on each tier."""
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2026-11-23T10:00:00Z")
    told: dict[str, list[list[Line]]] = {}
    for tier in ("file", "sqlite", "postgresql"):
        made = Clone(tmp_path / tier)
        shutil.copytree(clone.path, made.path, symlinks=True)
        made.git("update-index", "-q", "--refresh")
        made.write({TIER_FILE: encode_tier(tier).decode()}, "choose a tier")
        if tier == "sqlite":
            with made.store() as store:
                rebuild_index(store)
        if tier == "postgresql":
            use_mirror(made, mirror_server)
        told[tier] = follow(made, tell_story(made))
    assert told["file"] == told["sqlite"] == told["postgresql"]
    assert sum(map(len, told["file"])) == 13


_COMMANDS = (
    "commit -q --allow-empty -m code",
    "commit -q --allow-empty -m named -m Milestone:first",
    "commit -q --allow-empty --amend -m amended",
    "reset -q --hard HEAD~1",
    "reset -q --hard HEAD~3",
    "switch -q main",
    "switch -q side",
    "switch -q --detach",
    "merge -q --no-ff --no-edit side",
    "merge -q --no-edit main",
    "branch -q -f spare",
    "reset -q --hard spare",
    "pack-refs --all",
)
_STEPS = st.lists(st.sampled_from([*_COMMANDS, "write", "write", "commit", "edit", "delete"]), min_size=3, max_size=12)


def play(clone: Clone, steps: list[str]) -> list[Act]:
    """Whatever can't be done just then is not done; nor is the tag `base` left, before which there is no mirror."""
    numbers = count()

    def carry_out(step: str) -> None:
        name = f"m-{next(numbers)}"
        try:
            if step in ("write", "commit"):
                clone.new(name, WriteOptions(detached=True))
            elif step == "edit":
                clone.edit("first", WriteOptions(detached=True), owner=name)
            elif step == "delete":
                clone.delete(max(clone.ids(), default="first"), WriteOptions(detached=True))
            elif "reset" not in step or clone.git("tag", "--merged", step.split()[-1], is_checked=False):
                clone.git(*step.split(), is_checked=False)
        except MilestoneError:
            pass
        if step == "write":
            refresh(clone)

    return [lambda step=step: carry_out(step) for step in steps]  # type: ignore[misc]


@given(steps=_STEPS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_tier_is_never_visible_whatever_happens(
    clone: Clone, mirror_server: Server, tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    told = []
    for tier in ("sqlite", "postgresql"):
        made = Clone(tmp_path_factory.mktemp(tier) / "project", GIT_COMMITTER_DATE="2026-11-23T10:00:00Z")
        shutil.copytree(clone.path, made.path, symlinks=True)
        made.git("update-index", "-q", "--refresh")
        made.write({TIER_FILE: encode_tier(tier).decode()}, "choose a tier")
        if tier == "postgresql":
            made.git("config", DSN_KEY, mirror_server.conninfo)
        made.new("first")
        made.git("branch", "side")
        made.git("branch", "spare")
        made.git("tag", "base")
        told.append(follow(made, play(made, steps), patience=0.0))
    assert told[0] == told[1]


def test_what_another_clone_brings_is_told_though_it_is_not_here(mirrored: Clone, other: Clone) -> None:
    told = follow(
        mirrored,
        [
            lambda: write(other, "ship"),
            lambda: None,
            lambda: (other.complete("ship"), refresh(other)),
            lambda: (other.git("commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: old"), refresh(other)),
        ],
    )
    # A subject comes from the mirror with its event.
    assert told[1:] == [
        [created("ship")],
        [],
        [("milestone: complete ship", "ship changed")],
        [("code", "old named")],
    ]


def test_what_is_pulled_is_not_told_again(mirrored: Clone, other: Clone) -> None:
    """Nor is the mirror taken back to where this clone has only come yet."""
    for name in ("ship", "boat", "raft"):
        write(other, name)
    since = mirrored.head

    def pull(revision: str) -> object:
        oid = other.git("rev-parse", revision)
        return mirrored.git("pull", "-q", "--ff-only", str(other.path), oid)

    told = follow(
        mirrored,
        [
            lambda: pull("main~2"),
            lambda: (mirrored.git("fetch", "-q", str(other.path)), pull("main~1")),
            lambda: write(other, "last"),
            lambda: pull("main"),
            lambda: mirrored.new("own"),
        ],
        since=since,
    )
    assert told == [
        [created("ship"), created("boat"), created("raft")],
        [],
        [],
        [created("last")],
        [],
        [created("own")],
    ]


def test_two_watchers_tell_each_other(mirrored: Clone, other: Clone) -> None:
    """What plain git commits in one clone comes to the mirror by the watcher there."""

    def commit_elsewhere() -> None:
        assert follow(other, [lambda: other.new("ship"), lambda: None])[1:] == [[created("ship")], []]

    assert follow(mirrored, [commit_elsewhere])[1:] == [[created("ship")]]


def test_a_branch_that_another_clone_forced(mirrored: Clone, other: Clone) -> None:
    told = follow(
        mirrored,
        [
            lambda: write(other, "ship"),
            lambda: (other.git("reset", "-q", "--hard", "HEAD~1"), refresh(other)),
            lambda: mirrored.new("boat"),
            lambda: write(other, "raft"),
        ],
    )
    old, ship, boat, raft = (f"milestone: create {name}" for name in ("old", "ship", "boat", "raft"))
    assert told[1:] == [
        [created("ship")],
        [("rewound", MAIN, "unknown", old)],
        [created("boat")],
        [("rewound", MAIN, boat, "unknown"), created("raft")],
    ], (ship, raft)


def test_where_two_clones_disagree_the_last_one_counts(mirrored: Clone, other: Clone) -> None:
    write(other, "ship")
    told = follow(
        mirrored,
        [lambda: mirrored.new("boat"), lambda: None, lambda: mirrored.git("pull", "-q", "--rebase", str(other.path))],
    )
    assert told[1:] == [
        [("rewound", MAIN, "unknown", "milestone: create boat"), created("boat")],
        [],
        [("rewound", MAIN, "milestone: create boat", "milestone: create boat"), created("ship"), created("boat")],
    ]


def test_a_mirror_that_is_behind_is_brought_along_first(mirrored: Clone, mirror_server: Server) -> None:
    mirrored.new("ship")
    assert follow(mirrored, [lambda: mirrored.new("boat")]) == [[], [created("boat")]]
    with mirrored.store() as store:
        stamp = find_stamp(mirror_server, store)
    assert stamp is not None
    assert stamp.commit == mirrored.head


def test_a_branch_that_no_mirror_has_yet(mirrored: Clone, mirror_server: Server) -> None:
    mirrored.git("branch", "side")
    told = follow(
        mirrored, [lambda: mirrored.git("switch", "-q", "side"), lambda: write(mirrored, "ship"), lambda: None]
    )
    assert told[1:] == [[("switched", SIDE, *["milestone: create old"] * 2)], [created("ship")], []]
    with mirrored.store() as store:
        assert find_stamp(mirror_server, store, SIDE) is not None


def test_it_begins_behind_a_commit(mirrored: Clone, other: Clone) -> None:
    write(other, "ship")
    ship = other.head
    write(other, "boat")
    behind = [created("ship"), created("boat")]
    assert follow(mirrored, [], since="HEAD") == [behind]
    assert follow(mirrored, [], since=ship) == [[created("boat")]]
    mirrored.git("fetch", "-q", str(other.path))
    assert follow(mirrored, [], since=ship) == [[created("boat")]]
    assert follow(mirrored, [], since="HEAD") == [behind]
    with pytest.raises(UnknownRevision):
        follow(mirrored, [], since="1" * 40)


def test_a_query_asks_the_mirror_where_the_commit_is_not_here(mirrored: Clone, other: Clone) -> None:
    told = follow(
        mirrored,
        [
            lambda: (other.new("ship", owner="ana"), refresh(other)),
            lambda: (other.edit("ship", owner="bo"), refresh(other)),
            lambda: (other.edit("ship", owner="cy"), refresh(other)),
        ],
        make_query=lambda: parse("owner:ana", today=NOW.date()),
    )
    assert told[1:] == [[created("ship")], [("milestone: edit ship (owner)", "ship changed")], []]


def test_the_tier_changes_meanwhile(mirrored: Clone, other: Clone) -> None:
    def choose(clone: Clone, tier: str) -> Callable[[], object]:
        return lambda: clone.write({TIER_FILE: encode_tier(tier).decode()}, tier)

    told = follow(
        mirrored,
        [
            choose(mirrored, "file"),
            lambda: write(other, "ship"),
            lambda: mirrored.git("reset", "-q", "--hard", "HEAD~1"),
            lambda: write(other, "boat"),
        ],
    )
    assert told[1:] == [[], [], [("rewound", MAIN, "file", "milestone: create old")], [created("boat")]]


def test_a_pooler_that_delivers_no_notification(mirrored: Clone, other: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listen, "CHANNEL", "nothing_is_said_here")
    acts: list[Act] = [lambda: None, lambda: write(other, "ship"), *[lambda: None] * 3]
    first, second, third, *rest = follow(mirrored, acts, step=0.5)
    assert (first, second, third) == ([], [], [])
    assert [line for group in rest for line in group] == [created("ship")]


def test_a_server_that_was_never_there_is_said_once(mirrored: Clone, tmp_path: Path) -> None:
    mirrored.git("config", DSN_KEY, f"host={tmp_path} dbname=none password=secret-word")
    heard = Heard()
    told = follow(mirrored, [lambda: mirrored.new("ship"), lambda: None, lambda: mirrored.new("boat")], watch=heard)
    assert told[1:] == [[created("ship")], [], [created("boat")]]
    (warning,) = heard.warnings
    assert "only what comes to this clone" in warning
    assert "secret" not in warning


def test_an_account_that_may_only_read(mirrored: Clone, other: Clone, mirror_server: Server) -> None:
    with mirror_server.connect() as link:
        link.connection.execute(read_roles().encode())
        link.connection.execute("SELECT milestone.grant_to_readers('milestone_reader')")
        grant = "INSERT INTO milestone.project_grant SELECT repository_id, 'milestone_reader', '*'"
        link.connection.execute(f"{grant} FROM milestone.repository".encode())
    try:
        mirrored.git("config", DSN_KEY, become(mirror_server, "milestone_reader").conninfo)
        heard = Heard()
        told = follow(mirrored, [lambda: write(other, "ship"), lambda: mirrored.new("boat"), lambda: None], watch=heard)
        assert told[1:] == [
            [created("ship")],
            [("rewound", MAIN, "unknown", "milestone: create boat"), created("boat")],
            [],
        ]
        assert len(heard.warnings) == 1
        assert "the mirror stays as it was" in heard.warnings[0]
    finally:
        with mirror_server.connect() as link:
            link.connection.execute("DROP OWNED BY milestone_writer, milestone_reader CASCADE")
            link.connection.execute("DROP ROLE milestone_writer, milestone_reader")


def test_a_shallow_clone_that_is_deepened_tells_nothing_old(
    mirrored: Clone, mirror_server: Server, tmp_path: Path
) -> None:
    mirrored.new("ship")
    shallow = Clone(tmp_path / "shallow")
    mirrored.git("clone", "-q", "--depth=1", f"file://{mirrored.path}", str(shallow.path))
    use_mirror(shallow, mirror_server)
    with mirror_server.connect() as link:
        link.connection.execute("DELETE FROM milestone.event")
        link.connection.execute("DELETE FROM milestone.stamp")
    refresh(shallow)
    told = follow(
        shallow,
        [
            lambda: shallow.new("boat"),
            lambda: (mirrored.git("pull", "-q", str(shallow.path)), refresh(mirrored)),
            lambda: write(mirrored, "raft"),
            lambda: shallow.git("pull", "-q"),
            lambda: shallow.new("own"),
        ],
    )
    assert told[1:] == [[created("boat")], [], [created("raft")], [], [created("own")]]


@pytest.fixture
def mortal() -> Iterator[tuple[Server, Embedded]]:
    """A server that may be killed."""
    folder = Path(tempfile.mkdtemp(prefix="milestone-watch-"))
    folder.chmod(0o711)
    embedded = Embedded(str(folder / "server"))
    lease = embedded.start()
    yield embedded_server(embedded), embedded
    lease.close()
    embedded.stop()
    shutil.rmtree(folder)


@pytest.fixture
def lonely(clone: Clone, mortal: tuple[Server, Embedded]) -> Clone:
    """A clone whose mirror is on that server, which nobody but its test starts again."""
    clone.write({TIER_FILE: encode_tier("postgresql").decode()}, "mirror it")
    use_mirror(clone, mortal[0])
    refresh(clone)
    return clone


def kill(embedded: Embedded) -> None:
    os.kill(embedded.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while embedded.pid or embedded._is_supervised():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_server_is_killed_and_comes_back(lonely: Clone, mortal: tuple[Server, Embedded], tmp_path: Path) -> None:
    server, embedded = mortal
    other = Clone(tmp_path / "other")
    lonely.git("clone", "-q", str(lonely.path), str(other.path))
    use_mirror(other, server)
    heard = Heard()

    def come_back() -> None:
        embedded.start().close()
        time.sleep(0.1)

    told = follow(
        lonely,
        [
            lambda: write(lonely, "ship"),
            lambda: kill(embedded),
            lambda: lonely.new("boat"),
            lambda: None,
            come_back,
            *[lambda: time.sleep(0.1)] * 8,
            lambda: (other.git("pull", "-q"), write(other, "raft")),
            *[lambda: time.sleep(0.1)] * 4,
        ],
        watch=heard,
        step=0.5,
    )
    lines = [line for group in told for line in group]
    assert lines == [created("ship"), created("boat"), created("raft")]
    away, back = heard.warnings
    assert "until it is back" in away
    assert "there again" in back
    with lonely.store() as store:
        stamp = find_stamp(server, store)
    assert stamp is not None
    assert stamp.commit == other.head


def test_what_was_missed_is_told_once_it_is_back(lonely: Clone, mortal: tuple[Server, Embedded]) -> None:
    """The connection is lost, while others go on."""
    server, _ = mortal

    def disconnect() -> None:
        with server.connect() as link:
            link.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%' OR state = 'idle'"
            )

    clone, others = lonely, lonely.path.parent / "others"
    lonely.git("clone", "-q", str(lonely.path), str(others))
    other = use_mirror(Clone(others), server)
    told = follow(
        clone,
        [
            lambda: write(other, "ship"),
            lambda: (disconnect(), write(other, "boat"), other.complete("ship"), refresh(other)),
            *[lambda: time.sleep(0.1)] * 10,
        ],
        step=0.5,
    )
    lines = [line for group in told for line in group]
    assert lines == [created("ship"), created("boat"), ("milestone: complete ship", "ship changed")]


def test_a_mirror_that_was_made_anew_is_begun_with_anew(clone: Clone) -> None:
    server = make_database()
    clone.write({TIER_FILE: encode_tier("postgresql").decode()}, "mirror it")
    use_mirror(clone, server)
    for name in ("old", "older"):
        write(clone, name)

    def make_anew() -> None:
        nonlocal server
        drop_database(server)
        server = make_database()
        # The same one to the watcher, whose store read its configuration when it was opened.
        second.git("config", DSN_KEY, server.conninfo)

    second = Clone(clone.path.parent / "second")
    clone.git("clone", "-q", str(clone.path), str(second.path))
    use_mirror(second, server)
    name = server.conninfo

    def rename() -> None:
        with server.connect() as link:
            found = link.connection.info.dbname
        assert found
        wanted = dict(part.split("=", 1) for part in name.split() if "=" in part)["dbname"]
        from tests.postgres_server import start_server

        with start_server().connect() as link:
            link.connection.execute(f"ALTER DATABASE {found} RENAME TO {wanted}".encode())
        second.git("config", DSN_KEY, name)

    told = follow(
        clone,
        [
            lambda: (make_anew(), rename()),
            *[lambda: time.sleep(0.1)] * 5,
            lambda: write(second, "ship"),
            *[lambda: time.sleep(0.1)] * 3,
        ],
        step=0.5,
    )
    lines = [line for group in told for line in group]
    assert lines == [created("ship")]
    drop_database(server._replace(conninfo=name))
