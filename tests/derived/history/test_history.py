"""A history that has caught up is the one that is built from nothing, and says what the commits did."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.derived.history.activity import activity
from gitmilestone.derived.history.read import (
    History,
    Selection,
    catch_up_history,
    create_statements,
    iter_events,
    read_stamp,
    stamp_of,
)
from gitmilestone.errors import GitFailed
from gitmilestone.model.layout import FOLDERS, path_in, path_of
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.text.encode import encode
from gitmilestone.store.store import Store
from tests.repositories import Clone, run_git

NOON = 1_795_400_000
DAY = 86_400
LINK = "link"

DUMPS = (
    "SELECT hex(oid), date, authored, author, email, subject FROM commit_log ORDER BY oid",
    "SELECT hex(oid), milestone_id, kind, is_readable, status FROM milestone_change JOIN commit_log USING (number)"
    " ORDER BY oid, milestone_id",
    "SELECT hex(oid), milestone_id, position, field, old, new, is_json FROM event JOIN commit_log USING (number)"
    " ORDER BY oid, milestone_id, position",
    "SELECT hex(oid), milestone_id FROM trailer JOIN commit_log USING (number) ORDER BY oid, milestone_id",
    "SELECT hex(oid), date, is_late FROM skewed_commit ORDER BY oid",
    "SELECT commit_oid, boundary FROM history_stamp",
    "SELECT count(*) FROM milestone_change WHERE number NOT IN (SELECT number FROM commit_log)",
    "SELECT count(*) FROM event WHERE number NOT IN (SELECT number FROM commit_log)",
    "SELECT hex(commit_log.oid), milestone_id, hex(unreadable.oid), hex(behind) FROM unreadable"
    " JOIN commit_log USING (number) ORDER BY 1, 2",
    "SELECT count(*) FROM unreadable WHERE number NOT IN (SELECT number FROM commit_log)",
)


def dump(connection: sqlite3.Connection) -> list[list[Any]]:
    return [connection.execute(statement).fetchall() for statement in DUMPS]


class File(NamedTuple):
    """Where a milestone lies, and what is in its file: a Milestone, a text that is none, or LINK."""

    path: str
    value: Milestone | str


State = dict[str, File]


class Node(NamedTuple):
    """A commit to be made: its parents by their places among the others."""

    parents: tuple[int, ...]
    state: State
    date: int
    trailers: tuple[str, ...] = ()


def write_commits(clone: Clone, nodes: Sequence[Node]) -> list[str]:
    """Makes the commits in one `git fast-import`; returns their oids."""
    parts: list[bytes] = []
    for mark, node in enumerate(nodes, 1):
        message = f"Commit {mark}\n\n" + "".join(f"Milestone: {name}\n" for name in node.trailers)
        parts.append(b"commit refs/made/%d\nmark :%d\nauthor Bo <bo@x.org> %d +0000\n" % (mark, mark, node.date))
        parts.append(b"committer Bo <bo@x.org> %d +0000\ndata %d\n%s" % (node.date, len(message), message.encode()))
        for place, parent in enumerate(node.parents):
            parts.append(b"%s :%d\n" % (b"merge" if place else b"from", parent + 1))
        parts.append(b"deleteall\n")
        for path, value in node.state.values():
            content = encode(value) if isinstance(value, Milestone) else value.encode()
            mode = b"120000" if value == LINK else b"100644"
            parts.append(b"M %s inline .milestones/%s\ndata %d\n%s\n" % (mode, path.encode(), len(content), content))
    marks = clone.git_dir / "marks"
    run_git("fast-import", "--quiet", "--force", f"--export-marks={marks}", cwd=clone.path, stdin=b"".join(parts))
    oids = dict(line.split(" ") for line in marks.read_text().splitlines())
    return [oids[f":{mark}"] for mark in range(1, len(nodes) + 1)]


IDS = ("a", "b", "c-2")
OTHER_TEXTS = ("", "status: [", "<<<<<<< ours\n", LINK)
DO, BE = Task("t", "Do"), Task("u", "Be")
MILESTONES = st.fixed_dictionaries(
    {
        "title": st.sampled_from(("One", "Two")),
        "status": st.sampled_from(("planned", "in_progress", "completed")),
        "owner": st.sampled_from((None, "ana", "bo")),
        "labels": st.sampled_from(((), ("x",), ("x", "y"), ("y", "z"))),
        "depends_on": st.sampled_from(((), (Dependency("a"),), (Dependency("a", "relates"), Dependency("d")))),
        "tasks": st.sampled_from(((), (DO,), (DO._replace(status="completed"), BE), (BE,))),
        "extra": st.sampled_from(({}, {"risk": "high"}, {"risk": ["high", {"why": "new"}]})),
    }
).map(lambda fields: Milestone("", **fields))


@st.composite
def states(draw: st.DrawFn, before: State) -> State:
    """A state that one commit makes of another."""
    state = dict(before)
    for name in draw(st.lists(st.sampled_from(IDS), max_size=2, unique=True)):
        what = draw(st.sampled_from(("edit", "edit", "edit", "move", "delete", "break")))
        layout = draw(st.sampled_from(("flat", "sharded")))
        old = state.pop(name, None)
        if what == "move" and old:
            state[name] = File(path_in(draw(st.sampled_from(FOLDERS)), name, layout), old.value)
        elif what == "break":
            state[name] = File(old.path if old else f"active/{name}.yaml", draw(st.sampled_from(OTHER_TEXTS)))
        elif what != "delete":
            value = draw(MILESTONES)._replace(id=name)
            if old and isinstance(old.value, Milestone) and draw(st.booleans()):
                kept = draw(st.sampled_from(("status", "labels", "tasks", "extra", "title")))
                value = old.value._replace(**{kept: getattr(value, kept)})
            state[name] = File(path_in(draw(st.sampled_from(FOLDERS)), name, layout), value)
    return state


@st.composite
def merged(draw: st.DrawFn, sides: Sequence[State]) -> State:
    """A merge's state: of each milestone one side's, or the fields of several; now and then something of its own."""
    state: State = {}
    for name in IDS:
        files = [side.get(name) for side in sides]
        chosen = draw(st.sampled_from(files))
        values = [file.value for file in files if file and isinstance(file.value, Milestone)]
        if chosen and isinstance(chosen.value, Milestone) and draw(st.booleans()):
            keys = ("title", "owner", "status", "labels")
            picked = {key: getattr(draw(st.sampled_from(values)), key) for key in keys}
            chosen = File(chosen.path, chosen.value._replace(**picked))
        if chosen:
            state[name] = chosen
    return draw(states(state)) if draw(st.integers(0, 3)) == 0 else state


@st.composite
def graphs(draw: st.DrawFn) -> list[Node]:
    """Commits with any parents, octopuses and several roots among them, and clocks that may be wrong."""
    step = draw(st.sampled_from(("right", "same", "wrong")))
    nodes: list[Node] = []
    for place in range(draw(st.integers(2, 12))):
        earlier = st.integers(max(place - 4, 0), max(place - 1, 0))
        parents = draw(st.lists(earlier, unique=True, min_size=min(place, 1), max_size=3)) if place else []
        if place and draw(st.integers(0, 19)) == 0:
            parents = []
        sides = [nodes[parent].state for parent in parents]
        state = draw(merged(sides) if len(sides) > 1 else states(sides[0] if sides else {}))
        date = NOON + {"right": place * DAY, "same": 0}.get(step, draw(st.integers(-3, 3)) * DAY)
        trailers = draw(st.lists(st.sampled_from((*IDS, "gone", "no id")), max_size=2)) if draw(st.booleans()) else []
        nodes.append(Node(tuple(parents), state, date, tuple(trailers)))
    return nodes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Clone, Store]]:
    """A repository that takes the commits of every example."""
    place = tmp_path_factory.mktemp("made")
    run_git("init", "-q", "--template=", str(place))
    clone = Clone(place)
    with clone.store() as store:
        yield clone, store


def build(store: Store, commit: str | None) -> History:
    history = History.memory()
    catch_up_history(history.connection, store, commit)
    return history


LAWS = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@given(graphs(), st.data())
@LAWS
def test_law_2_catching_up_is_the_same_as_building_anew(
    made: tuple[Clone, Store], nodes: list[Node], data: st.DataObject
) -> None:
    clone, store = made
    commits = write_commits(clone, nodes)
    with History.memory() as history:
        for commit in data.draw(st.lists(st.sampled_from([*commits, None]), min_size=2, max_size=5)):
            catch_up_history(history.connection, store, commit)
            with build(store, commit) as anew:
                assert dump(history.connection) == dump(anew.connection)


@given(graphs())
@LAWS
def test_events_are_what_no_parent_had(made: tuple[Clone, Store], nodes: list[Node]) -> None:
    clone, store = made
    commits = write_commits(clone, nodes)
    everything = Node(tuple(range(len(nodes))), {}, NOON)
    tip = write_commits(clone, [*nodes, everything])[-1]
    with build(store, tip) as history:
        found = {
            (commit.oid, change.milestone_id): (
                change.kind,
                change.is_readable,
                {field.field.partition(".")[0] for field in change.fields},
            )
            for commit, change in history.iter_changes(Selection())
            if change.kind != "named" and commit.oid != tip
        }
        dates = dict(history.connection.execute("SELECT lower(hex(oid)), date FROM commit_log").fetchall())
        order = [commit.oid for commit, _ in history.iter_changes(Selection())]
    for place, commit in enumerate(commits):
        for name in IDS:
            assert found.pop((commit, name), None) in expect_events(nodes, place, name)
    assert not found
    for commit, node in zip(commits, nodes, strict=True):
        for parent in (commits[parent] for parent in node.parents):
            if commit in dates and parent in dates and commit != parent:
                assert dates[commit] > dates[parent]
                assert order.index(commit) < order.index(parent)


Expected = tuple[str, bool, set[str]] | None


def expect_events(nodes: Sequence[Node], place: int, name: str) -> list[Expected]:
    """What a commit may be said to have done: the kind, whether it can be read, and the fields.

    By comparing each field with every parent's, as it could last be read. Where branches have broken a file in the same
    way, each of their versions may stand for that.
    """
    node = nodes[place]
    befores = [nodes[parent].state.get(name) for parent in node.parents] or [None]
    behind = [list_behind(nodes, parent, name) for parent in node.parents] or [[None]]
    return [expect_event(befores, node.state.get(name), readable) for readable in product(*behind)]


def list_behind(nodes: Sequence[Node], place: int, name: str) -> list[Milestone | None]:
    """What a milestone was when it could last be read."""
    file = nodes[place].state.get(name)
    if file is None or isinstance(file.value, Milestone):
        return [file.value if file and isinstance(file.value, Milestone) else None]
    found: list[Milestone | None] = []
    for ancestor in iter_ancestors(nodes, place):
        held = nodes[ancestor].state.get(name)
        if held and held.value == file.value and expect_events(nodes, ancestor, name) != [None]:
            existing = [parent for parent in nodes[ancestor].parents if nodes[parent].state.get(name)]
            found += list_behind(nodes, existing[0], name) if existing else [None]
    return found


def iter_ancestors(nodes: Sequence[Node], place: int) -> Iterator[int]:
    pending, seen = [place], {place}
    while pending:
        yield (one := pending.pop())
        pending += (fresh := set(nodes[one].parents) - seen)
        seen |= fresh


def expect_event(befores: Sequence[File | None], after: File | None, readable: Sequence[Milestone | None]) -> Expected:
    values = [before.value if before else None for before in befores]
    new = after.value if after else None
    if after in befores or (new in values and new != LINK):
        return None
    if after is None and len({before and before.path for before in befores}) > 1:
        return None  # gone in one parent; or moved in one, and then gone in the merge, which git does not see
    kind = "created" if not any(befores) else "changed" if after else "deleted"
    if isinstance(new, str):
        return kind, False, set()
    fields = set.intersection(*({key for key, _ in flatten(new) ^ flatten(value)} for value in readable))
    return (kind, True, {key.partition(".")[0] for key in fields}) if fields or kind == "deleted" else None


def flatten(milestone: Any) -> set[tuple[str, str]]:
    """Each field, item and key of a task by itself."""
    if milestone is None:
        return set()
    pairs = {(key, repr(value)) for key in ("title", "status", "owner") if (value := getattr(milestone, key))}
    pairs |= {(f"labels.{label}", "") for label in milestone.labels}
    pairs |= {(f"depends_on.{dependency}", "") for dependency in milestone.depends_on}
    pairs |= {(f"x.{key}", repr(value)) for key, value in milestone.extra.items()}
    return pairs | {(f"tasks.{t.id}.{key}", getattr(t, key)) for t in milestone.tasks for key in ("title", "status")}


def plan(name: str, **fields: Any) -> State:
    value = Milestone(name, f"Do {name}", **fields)
    return {name: File(path_of(name, "flat"), value)}


def test_clocks_that_go_back_further_than_git_reckons_with(made: tuple[Clone, Store]) -> None:
    """A rewind over a branch whose clock stood decades ago, off an older commit: git takes for gone what both have."""
    clone, store = made
    nodes = [Node((), {}, NOON)]
    nodes += [Node((at,), plan("a", owner=f"o{at}"), NOON + at * DAY) for at in range(5)]
    nodes += [Node((5 + at,), plan("a", estimate=at), at) for at in range(12)]
    side = len(nodes)
    nodes += [Node((3,), plan("b"), NOON + 8 * DAY), Node((side - 1, side), plan("a"), NOON + 9 * DAY)]
    commits = write_commits(clone, nodes)
    with build(store, commits[-1]) as history, build(store, commits[side - 1]) as anew:
        catch_up_history(history.connection, store, commits[side - 1])
        assert dump(history.connection) == dump(anew.connection)
        with build(store, commits[-1]) as whole:
            catch_up_history(history.connection, store, commits[-1])
            assert dump(history.connection) == dump(whole.connection)


def test_a_merge_that_joins_two_sides_is_no_event_and_one_that_decides_is(made: tuple[Clone, Store]) -> None:
    clone, store = made
    base, ours = plan("a"), plan("a", owner="ana", priority="low")
    theirs = plan("a", due=None, estimate=3, priority="high", status="completed")
    joined = plan("a", owner="ana", estimate=3, priority="low", status="completed")
    decided = plan("a", owner="ana", estimate=3, priority="critical", status="completed")
    nodes = [Node((), base, NOON), Node((0,), ours, NOON + 1), Node((0,), theirs, NOON + 2)]
    nodes += [Node((1, 2), joined, NOON + 3), Node((1, 2), decided, NOON + 4)]
    commits = write_commits(clone, nodes)
    with build(store, commits[3]) as history:
        assert [commit.oid for commit, _ in history.iter_changes(Selection())] == commits[2::-1]
    with build(store, commits[4]) as history:
        commit, change = next(history.iter_changes(Selection()))
        assert commit.oid == commits[4]
        assert change.fields == (("priority", "low", "critical"),)


def test_when_it_came_was_completed_and_how_long_it_stood(made: tuple[Clone, Store]) -> None:
    clone, store = made
    steps: list[tuple[int, State]] = [
        (0, plan("a")),
        (1, plan("a", status="in_progress")),
        (3, plan("a", status="completed")),
        (4, plan("a", status="completed", owner="ana")),
        (6, plan("a", status="in_progress")),
        (7, {"a": File("active/a.yaml", "status: [")}),
        (9, plan("a", status="completed")),
        (10, plan("b", status="in_progress")),
    ]
    nodes = [Node((at - 1,) if at else (), state, NOON + day * DAY) for at, (day, state) in enumerate(steps)]
    commits = write_commits(clone, nodes)
    with build(store, commits[3]) as history:
        (first,) = activity(history.connection, now=NOON + 5 * DAY)
        assert first.seconds == {"planned": DAY, "in_progress": 2 * DAY, "completed": 2 * DAY}
        assert (first.created, first.updated, first.completed) == (NOON, NOON + 4 * DAY, NOON + 3 * DAY)
        assert (first.author, first.email, first.is_deleted) == ("Bo", "bo@x.org", False)
    with build(store, commits[4]) as history:
        assert [row.completed for row in activity(history.connection)] == [None]
    with build(store, commits[7]) as history:
        gone, late = activity(history.connection, now=NOON)
        assert gone.seconds == {"planned": DAY, "in_progress": 5 * DAY, "completed": 4 * DAY}
        assert (gone.completed, gone.is_deleted) == (NOON + 9 * DAY, True)
        assert (late.milestone_id, late.seconds) == ("b", {})  # it begins in the future
        assert [row.milestone_id for row in activity(history.connection, ["b", "nothing"])] == ["b"]


@given(st.data())
@LAWS
def test_figures_and_events_agree_on_when_what_changed(made: tuple[Clone, Store], data: st.DataObject) -> None:
    """Versions that can't be read among them: what is computed from events is what is computed from changes."""
    clone, store = made
    nodes: list[Node] = []
    for place in range(data.draw(st.integers(2, 10))):
        state = data.draw(states(nodes[-1].state if nodes else {}))
        nodes.append(Node((place - 1,) if place else (), state, NOON + place * DAY))
    until = NOON + len(nodes) * DAY
    with build(store, write_commits(clone, nodes)[-1]) as history:
        spans: dict[str, list[tuple[str | None, int]]] = {}
        for event in iter_events(history.connection):
            spans.setdefault(event.milestone_id, [])
            if event.field == "status":
                spans[event.milestone_id].append((event.new, event.date))
        expected = {}
        for name, listed in spans.items():
            seconds: dict[str, int] = {}
            ends = [*(since for _, since in listed), until][1:]
            for (status, since), end in zip(listed, ends, strict=False):
                if status:
                    seconds[status] = seconds.get(status, 0) + end - since
            expected[name] = seconds
        assert {row.milestone_id: row.seconds for row in activity(history.connection, now=until)} == expected
        # Whoever reads all events of a milestone knows what it is.
        for name, file in nodes[-1].state.items():
            if isinstance(file.value, Milestone):
                assert spans[name][-1][0] == file.value.status


def test_the_same_change_on_two_branches_counts_once(made: tuple[Clone, Store]) -> None:
    clone, store = made
    done = plan("a", status="completed")
    nodes = [Node((), plan("a"), NOON), Node((0,), done, NOON + DAY), Node((0,), done, NOON + 2 * DAY)]
    commits = write_commits(clone, [*nodes, Node((1, 2), done, NOON + 3 * DAY)])
    with build(store, commits[3]) as history:
        (row,) = activity(history.connection, now=NOON + 5 * DAY)
    assert row.seconds == {"planned": DAY, "completed": 4 * DAY}
    assert row.completed == NOON + DAY


def test_events_for_who_computes(made: tuple[Clone, Store]) -> None:
    clone, store = made
    nodes = [Node((), plan("a", labels=("x",)), NOON), Node((0,), plan("a", extra={"teams": ["core"]}), NOON)]
    commits = write_commits(clone, [*nodes, Node((1,), {"a": File("active/a.yaml", LINK)}, NOON)])
    with build(store, commits[2]) as history:
        rows = [(row.date - NOON, row.commit, row.kind, *row[7:11]) for row in iter_events(history.connection)]
    assert rows == [
        (0, commits[0], "created", "title", None, "Do a", False),
        (0, commits[0], "created", "status", None, "planned", False),
        (0, commits[0], "created", "labels", None, "x", False),
        (1, commits[1], "changed", "labels", "x", None, False),
        (1, commits[1], "changed", "x.teams", None, '["core"]', True),
        (2, commits[2], "changed", None, None, None, False),
    ]


def test_selections(made: tuple[Clone, Store]) -> None:
    clone, store = made
    nodes = [
        Node((), plan("a"), NOON),
        Node((0,), plan("a", status="in_progress", owner="ana"), NOON + DAY, ("a", "b")),
        Node((1,), plan("a", tasks=(Task("t", "Do"),)), NOON + 2 * DAY),
        Node((2,), plan("a", tasks=(Task("t", "Do"),)), NOON + 3 * DAY, ("a", "b", "a", "No Id")),
    ]
    commits = write_commits(clone, nodes)

    def select(**terms: Any) -> list[tuple[int, str, str]]:
        found = history.iter_changes(Selection(**terms))
        return [(commits.index(commit.oid), change.milestone_id, change.kind) for commit, change in found]

    with build(store, commits[3]) as history:
        named = [(3, "a", "named"), (3, "b", "named")]
        assert select() == [*named, (2, "a", "changed"), (1, "a", "changed"), (1, "b", "named"), (0, "a", "created")]
        assert select(limit=1) == named
        assert select(limit=0) == []
        assert select(milestone_id="b") == [(3, "b", "named"), (1, "b", "named")]
        assert select(fields=("status",), limit=2) == [(2, "a", "changed"), (1, "a", "changed")]
        assert select(fields=("tasks",)) == [(2, "a", "changed")]
        assert select(fields=("owner",), milestone_id="b") == []
        assert select(since=NOON + DAY, until=NOON + 2 * DAY - 1) == [(1, "a", "changed"), (1, "b", "named")]
        assert select(author="BO@X", until=NOON) == [(0, "a", "created")]
        assert select(author="ana") == []
        assert history.knows("a")
        assert not history.knows("b")


def test_a_history_that_is_gone_is_built_anew(repository: Path, clone: Clone) -> None:
    clone.new("one")
    with clone.store() as store, History.memory() as history:
        catch_up_history(history.connection, store, clone.head)
        history.connection.execute("UPDATE history_stamp SET commit_oid = ?", ("12" * 20,))
        catch_up_history(history.connection, store, clone.head)
        with build(store, clone.head) as anew:
            assert dump(history.connection) == dump(anew.connection)


def test_a_commit_that_is_missing_leaves_the_rows_as_they_were(clone: Clone) -> None:
    first = clone.new("one")
    with clone.store() as store, build(store, first) as history:
        before = dump(history.connection)
        with pytest.raises(GitFailed):
            catch_up_history(history.connection, store, "12" * 20)
        assert dump(history.connection) == before
        assert not history.connection.in_transaction


def test_within_the_callers_transaction_nothing_is_kept(clone: Clone, tmp_path: Path) -> None:
    first = clone.new("one")
    clone.new("two")
    connection = sqlite3.connect(tmp_path / "history.sqlite", isolation_level=None)
    for statement in create_statements():
        connection.execute(statement)
    with clone.store() as store, History(connection) as history:
        catch_up_history(connection, store, first)
        before = dump(connection)
        connection.execute("BEGIN IMMEDIATE")
        catch_up_history(connection, store, clone.head)
        assert history.knows("two")
        assert read_stamp(connection) == stamp_of(store, clone.head)
        connection.execute("ROLLBACK")
        assert dump(connection) == before


def test_a_shallow_clone_is_built_anew_once_it_is_deepened(clone: Clone, tmp_path: Path) -> None:
    clone.new("one")
    clone.edit("one", priority="high")
    clone.edit("one", priority="low")
    shallow = Clone(tmp_path / "shallow")
    run_git("clone", "-q", "--depth=2", clone.path.as_uri(), str(shallow.path))
    with shallow.store() as store, build(store, clone.head) as history:
        kinds = [change.kind for _, change in history.iter_changes(Selection("one"))]
        assert kinds == ["changed", "created"]
        shallow.git("fetch", "-q", "--unshallow")
        catch_up_history(history.connection, store, clone.head)
        kinds = [change.kind for _, change in history.iter_changes(Selection("one"))]
        assert kinds == ["changed", "changed", "created"]


def test_sha256(tmp_path: Path) -> None:
    run_git("init", "-q", "--object-format=sha256", "--template=", str(tmp_path / "long"))
    long = Clone(tmp_path / "long")
    long.init()
    long.new("one")
    long.complete("one")
    with long.store() as store, build(store, long.head) as history:
        assert [commit.oid for commit, _ in history.iter_changes(Selection())] == [
            long.head,
            long.git("rev-parse", "HEAD~1"),
        ]


def test_replaced_commits_and_configuration_change_nothing(clone: Clone) -> None:
    clone.new("one")
    clone.edit("one", priority="high")
    clone.complete("one")
    with clone.store() as store, build(store, clone.head) as history:
        before = dump(history.connection)
        clone.git("replace", "--graft", "HEAD~1")
        (clone.git_dir / "info").mkdir(exist_ok=True)
        (clone.git_dir / "info" / "grafts").write_text(clone.head + "\n")
        for setting in (
            "log.showSignature=true", "log.follow=true", "log.showRoot=false", "log.diffMerges=first-parent",
            "diff.renames=copies", "diff.relative=true", "diff.orderFile=/dev/null", "core.quotePath=true",
            "color.ui=always", "trailer.separators=#", "format.pretty=oneline",
        ):  # fmt: skip
            clone.git("config", *setting.split("="))
        with build(store, clone.head) as again:
            assert dump(again.connection) == before
