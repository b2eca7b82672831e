"""However a mirror came to a tree, it answers as an index that was built from nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.derived.database import open_history
from gitmilestone.derived.history.read import iter_events
from gitmilestone.derived.postgres import catch_up
from gitmilestone.derived.postgres.catch_up import catch_up_mirror, repository_name
from gitmilestone.derived.postgres.load import drop_unstamped, find_unstamped
from gitmilestone.derived.postgres.mirror import open_mirror
from gitmilestone.derived.postgres.server.connect import Server
from gitmilestone.errors import UnknownRevision
from gitmilestone.query.query import Query
from tests.derived.mirrors import assert_right, assert_whole, dump_events, dump_mirror, find_stamp
from tests.derived.states import BY_ID, many, yaml
from tests.derived.test_catch_up import PATHS, WRITTEN
from tests.repositories import Clone, init_project

STATES = st.lists(st.dictionaries(PATHS, st.sampled_from([*WRITTEN]), max_size=6), min_size=2, max_size=5)


def commit(clone: Clone, files: Mapping[str, str], branch: str = "main", is_new: bool = True) -> None:
    """Makes a commit of exactly these files, the one before it forgotten or not."""
    listed = [f"commit refs/heads/{branch}\ncommitter A <a@example.com> 1795000000 +0000\ndata 0\ndeleteall\n".encode()]
    for path, text in files.items():
        content = text.encode("utf-8", "surrogateescape")
        name = b'"' + b"".join(b"\\%03o" % byte for byte in f".milestones/{path}".encode("utf-8", "surrogateescape"))
        listed.append(b'M 100644 inline %s"\ndata %d\n%s\n' % (name, len(content), content))
    clone.git("fast-import", "--quiet", "--force", stdin=b"".join(listed))


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    place = tmp_path_factory.mktemp("mirrored") / "project"
    init_project(place)
    return Clone(place)


@given(states=STATES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_answers_as_one_that_was_built_from_nothing(
    mirror_server: Server, bare: Clone, states: list[dict[str, str]]
) -> None:
    for state in states:
        commit(bare, {path: WRITTEN[name] for path, name in state.items() if not _is_under_file(path, state)})
        with bare.store() as store:
            catch_up_mirror(mirror_server, store)
            assert_right(mirror_server, store)


def _is_under_file(path: str, paths: Mapping[str, str]) -> bool:
    return any(path.startswith(f"{other}/") for other in paths)


def test_a_commit_changes_only_its_rows(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(60))
    with clone.store() as store:
        first = catch_up_mirror(mirror_server, store)
        before = dump_mirror(mirror_server, first)
    clone.write({"active/m-0007.yaml": yaml("Another title", "", "labels:", "  - x"), "active/m-0009.yaml": None})
    with clone.store() as store:
        second = catch_up_mirror(mirror_server, store)
        after = dump_mirror(mirror_server, second)
        assert_right(mirror_server, store)
    assert second.state_id == first.state_id
    assert len(set(after["milestone"]) ^ set(before["milestone"])) == 3
    assert second.milestones == first.milestones - 1


def test_the_same_tree_is_brought_nowhere(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(3))
    with clone.store() as store:
        first = catch_up_mirror(mirror_server, store)
        assert catch_up_mirror(mirror_server, store) == first
    clone.git("commit", "-q", "--allow-empty", "-m", "nothing of ours")
    with clone.store() as store:
        assert catch_up_mirror(mirror_server, store) == first._replace(commit=clone.head, history=clone.head)


def test_rewound_forced_and_switched(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(8))
    clone.git("branch", "side")
    clone.write({"active/new.yaml": yaml("New"), "active/m-0003.yaml": None})
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    for arguments in (("reset", "-q", "--hard", "HEAD~1"), ("switch", "-q", "side")):
        clone.git(*arguments)
        with clone.store() as store:
            catch_up_mirror(mirror_server, store)
            assert_right(mirror_server, store)
    clone.write({"active/m-0001.yaml": yaml("Of the side alone")})
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)
        assert_right(mirror_server, store, "main")
        assert_whole(mirror_server, store)


def test_a_tree_that_nobody_has_any_more(mirror_server: Server, clone: Clone) -> None:
    clone.write({**many(8), "active/m-0003.yaml": "title: [\n"})
    with clone.store() as store:
        before = catch_up_mirror(mirror_server, store)
    clone.git("reset", "-q", "--hard", "HEAD~1")
    clone.write({**many(9, "m"), "completed/m-0002.yaml": "title: [\n"})
    clone.git("reflog", "expire", "--expire=now", "--all")
    clone.git("gc", "-q", "--prune=now")
    assert clone.git("cat-file", "-t", before.tree, is_checked=False) == ""
    with clone.store() as store:
        after = catch_up_mirror(mirror_server, store)
        assert after.state_id == before.state_id
        assert_right(mirror_server, store)


def test_two_clones_are_one_repository(mirror_server: Server, clone: Clone, tmp_path: Path) -> None:
    clone.write(many(5))
    other = Clone(tmp_path / "other")
    clone.git("clone", "-q", str(clone.path), str(other.path))
    for one in (clone, other):
        one.git("config", "remote.origin.url", "https://ana:hunter2@Example.com/plans/a.git")
    with clone.store() as ours, other.store() as theirs:
        assert repository_name(ours) == repository_name(theirs) == "example.com/plans/a"
        first = catch_up_mirror(mirror_server, ours)
        assert catch_up_mirror(mirror_server, theirs) == first


def test_many_repositories_share_a_database(mirror_server: Server, clone: Clone, tmp_path: Path) -> None:
    clone.write(many(5))
    place = tmp_path / "second"
    init_project(place)
    second = Clone(place)
    second.write({"active/m-0001.yaml": yaml("Another one of the same name")})
    for one in (clone, second, clone):
        with one.store() as store:
            catch_up_mirror(mirror_server, store)
            assert_right(mirror_server, store)


def test_a_later_version_of_the_rows_is_a_new_load(
    mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.write(many(5))
    with clone.store() as store:
        before = catch_up_mirror(mirror_server, store)
        with mirror_server.connect() as link:
            link.connection.execute("UPDATE milestone.stamp SET version = 1")
        assert open_mirror(mirror_server, repository_name(store), before.tree) is None
        after = catch_up_mirror(mirror_server, store)
        assert after.state_id != before.state_id
        assert_right(mirror_server, store)
        with mirror_server.connect() as link:
            assert find_unstamped(link.connection) == []


def test_who_reads_keeps_what_he_reads(mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.write(many(40))
    monkeypatch.setattr(catch_up, "_RELOADED", 10)
    with clone.store() as store:
        before = catch_up_mirror(mirror_server, store)
        mirror = open_mirror(mirror_server, repository_name(store), before.tree)
        assert mirror is not None
        with mirror:
            clone.write({path: text.replace("Milestone", "Another") for path, text in many(40).items() if text})
            after = catch_up_mirror(mirror_server, store)
            assert after.state_id != before.state_id
            titles = [row.milestone.title for row in mirror.rows(Query(order=BY_ID, limit=2))]
            assert titles == ["Milestone 0", "Milestone 1"]
        assert_right(mirror_server, store)
        with mirror_server.connect() as link:
            assert find_unstamped(link.connection) == [before.state_id]
            drop_unstamped(link.connection)
            assert find_unstamped(link.connection) == []
        assert_right(mirror_server, store)


def test_an_unborn_branch_and_a_detached_head(mirror_server: Server, tmp_path: Path) -> None:
    clone = Clone(tmp_path)
    clone.git("init", "-q")
    with clone.store() as store:
        assert catch_up_mirror(mirror_server, store).tree == ""
        assert_right(mirror_server, store)
    clone.write(many(3))
    clone.git("switch", "-q", "--detach")
    with clone.store() as store:
        assert catch_up_mirror(mirror_server, store).ref == "HEAD"
        assert_right(mirror_server, store)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("git@github.com:plans/a.git", "github.com/plans/a"),
        ("ssh://git@github.com:22/plans/a", "github.com/plans/a"),
        ("https://user:pa@ss@host/x/y.git/", "host/x/y"),
    ],
)
def test_a_repository_is_named_by_where_it_came_from(clone: Clone, url: str, name: str) -> None:
    clone.git("config", "remote.origin.url", url)
    with clone.store() as store:
        assert repository_name(store) == name
    clone.git("config", "milestone.postgres.repository", "plans")
    with clone.store() as store:
        assert repository_name(store) == "plans"


def test_the_stamp_is_found_by_its_branch(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(3))
    with clone.store() as store:
        assert find_stamp(mirror_server, store) is None
        assert catch_up_mirror(mirror_server, store) == find_stamp(mirror_server, store)


def test_events_are_those_of_the_history_exactly_once(mirror_server: Server, clone: Clone, tmp_path: Path) -> None:
    clone.write(many(4))
    clone.git("branch", "side")
    clone.write({"active/m-0001.yaml": yaml("Another title", "", "owner: ana")})
    states = (
        "switch -q side",
        "switch -q main",
        "merge -q --no-edit side",
        "reset -q --hard HEAD~1",
        "commit -q --allow-empty -m nothing",
        "commit -q --amend --allow-empty -m another",
        "reset -q --hard side",
    )
    for number, command in enumerate(states):
        clone.git(*command.split())
        if number == 0:
            clone.write({"active/m-0002.yaml": None, "active/side.yaml": yaml("Side", "", "x.y: [1]")})
        with clone.store() as store:
            found = dump_events(mirror_server, catch_up_mirror(mirror_server, store))
            with open_history(store, store.commit_at()) as history:
                expected = list(iter_events(history.connection))
        assert len(found) == len(expected) > 0
        assert {(commit.hex(), name, field, old, new) for _, commit, name, _, _, field, old, new, *_ in found} == {
            (event.commit, event.milestone_id, event.field, event.old, event.new) for event in expected
        }
    with clone.store() as store:
        assert_whole(mirror_server, store)


def arrivals(server: Server, ref: str = "refs/heads/main") -> dict[str, list[int]]:
    """Commit -> the numbers of its events, in the order in which they came."""
    found: dict[str, list[int]] = {}
    statement = "SELECT commit_oid, arrival FROM milestone.event WHERE ref = %s ORDER BY arrival, happened, commit_oid"
    with server.connect() as link:
        for oid, number in link.connection.execute(statement, (ref,)):
            found.setdefault(bytes(oid).hex(), []).append(number)
    return found


def rewinds(server: Server) -> int:
    with server.connect() as link:
        ((number,),) = link.connection.execute("SELECT rewinds FROM milestone.stamp")
    return int(number)


def test_events_are_numbered_as_they_come(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(2))
    first = clone.write({"active/m-0001.yaml": yaml("Another", "", "owner: ana")}) or ""
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    before = arrivals(mirror_server)
    assert list(before)[-1] == first
    clone.git("commit", "-q", "--allow-empty", "-m", "code\n\nMilestone: m-0001\nMilestone: m-0000")
    later = [clone.head, clone.write({"active/m-0000.yaml": None}) or ""]
    with clone.store() as store:
        stamp = catch_up_mirror(mirror_server, store)
    after = arrivals(mirror_server)
    assert {oid: numbers for oid, numbers in after.items() if oid in before} == before
    assert {*after} - {*before} == {*later}
    assert min(min(after[oid]) for oid in later) > max(map(max, before.values()))
    named = [record for record in dump_events(mirror_server, stamp) if record[4] == "named"]
    assert [(record[2], record[5], record[-2:]) for record in named] == [
        ("m-0000", None, (True, "code")),
        ("m-0001", None, (True, "code")),
    ]


def test_only_what_was_moved_back_or_forced_is_a_rewind(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(2))
    clone.git("branch", "side")
    clone.write({"active/new.yaml": yaml("New")})
    counted = []
    for command in (
        "commit -q --allow-empty -m code",
        "commit -q --allow-empty --amend -m another",
        "merge -q --no-edit side",
        "reset -q --hard HEAD~1",
        "reset -q --hard side",
        "update-ref -d HEAD",
        "reset -q --hard side",
    ):
        with clone.store() as store:
            catch_up_mirror(mirror_server, store)
        counted.append(rewinds(mirror_server))
        clone.git(*command.split())
    assert counted == [0, 0, 1, 1, 2, 3, 4]


def test_a_clone_that_does_not_know_the_others_commits_leaves_what_both_have(
    mirror_server: Server, clone: Clone, tmp_path: Path
) -> None:
    clone.write(many(3))
    other = Clone(tmp_path / "other")
    clone.git("clone", "-q", str(clone.path), str(other.path))
    for one in (clone, other):
        one.git("config", "milestone.postgres.repository", "plans")
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    common = arrivals(mirror_server)
    theirs = other.write({"active/theirs.yaml": yaml("Theirs")}) or ""
    ours = clone.write({"active/ours.yaml": yaml("Ours")}) or ""
    for one, commit in ((other, theirs), (clone, ours)):
        with one.store() as store:
            catch_up_mirror(mirror_server, store)
        found = arrivals(mirror_server)
        assert {*found} - {*common} == {commit}
        assert found.items() >= common.items()
    assert rewinds(mirror_server) == 1


def test_what_a_shallow_clone_knew_less_of_is_written_again_and_is_no_news(
    mirror_server: Server, clone: Clone, tmp_path: Path
) -> None:
    clone.write(many(3))
    clone.write({"active/m-0001.yaml": yaml("Later")})
    shallow = Clone(tmp_path / "shallow")
    clone.git("clone", "-q", "--depth=1", f"file://{clone.path}", str(shallow.path))
    for one in (clone, shallow):
        one.git("config", "milestone.postgres.repository", "plans")
    with shallow.store() as store:
        catch_up_mirror(mirror_server, store)
    last = max(map(max, arrivals(mirror_server).values()))
    new = clone.write({"active/m-0001.yaml": yaml("Even later")}) or ""
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    found = arrivals(mirror_server)
    assert {oid for oid, numbers in found.items() if max(numbers) > last} == {new}
    assert len(found) > 2
    assert rewinds(mirror_server) == 0


def test_a_shallow_clone_takes_no_events_away(mirror_server: Server, clone: Clone, tmp_path: Path) -> None:
    clone.write(many(3))
    clone.write({"active/m-0001.yaml": yaml("Later")})
    shallow = Clone(tmp_path / "shallow")
    clone.git("clone", "-q", "--depth=1", f"file://{clone.path}", str(shallow.path))
    for one in (clone, shallow):
        one.git("config", "milestone.postgres.repository", "plans")
    with shallow.store() as store:
        few = dump_events(mirror_server, catch_up_mirror(mirror_server, store))
    with clone.store() as store:
        clone.write({"active/m-0001.yaml": yaml("Even later")})
        whole = dump_events(mirror_server, catch_up_mirror(mirror_server, store))
    assert len(whole) > len(few) > 0
    shallow.write({"active/new.yaml": yaml("New")})
    with shallow.store() as store:
        stamp = catch_up_mirror(mirror_server, store)
        assert_right(mirror_server, store)
    assert dump_events(mirror_server, stamp) == whole


def test_who_listens_is_told_once_it_is_there(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(3))
    with clone.store() as store, mirror_server.connect() as listener:
        listener.connection.execute("LISTEN milestone")
        first = catch_up_mirror(mirror_server, store)
        clone.write({"active/new.yaml": yaml("A secret title")})
        second = catch_up_mirror(mirror_server, store)
        catch_up_mirror(mirror_server, store)
        told = [notice.payload for notice in listener.connection.notifies(timeout=1.0, stop_after=3)]
    ids = f"{second.repository_id} {second.state_id}"
    assert told == [f"{ids} - {first.tree}", f"{ids} {first.tree} {second.tree}"]


def test_a_branch_that_is_not_checked_out(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(3))
    clone.git("branch", "side")
    clone.write({"active/new.yaml": yaml("New")})
    with clone.store() as store:
        stamp = catch_up_mirror(mirror_server, store, "refs/heads/side")
        assert (stamp.ref, stamp.commit) == ("refs/heads/side", clone.git("rev-parse", "side"))
        assert_right(mirror_server, store, "side")
        assert len(dump_events(mirror_server, stamp)) > 0
        with pytest.raises(UnknownRevision):
            catch_up_mirror(mirror_server, store, "refs/heads/no-such")


def test_what_others_have_brought_further_is_left_there(mirror_server: Server, clone: Clone, tmp_path: Path) -> None:
    base = clone.write(many(3)) or ""
    other = Clone(tmp_path / "other")
    clone.git("clone", "-q", str(clone.path), str(other.path))
    for one in (clone, other):
        one.git("config", "milestone.postgres.repository", "plans")
    further = other.write({"active/theirs.yaml": yaml("Theirs")}) or ""
    with other.store() as store:
        catch_up_mirror(mirror_server, store)
    with clone.store() as store:
        for oids in (frozenset(), frozenset({bytes.fromhex(base)})):
            assert catch_up_mirror(mirror_server, store, unless_has=oids).commit == further
    clone.git("pull", "-q", str(other.path))
    ours = clone.write({"active/ours.yaml": yaml("Ours")}) or ""
    with clone.store() as store:
        assert catch_up_mirror(mirror_server, store, unless_has=frozenset()).commit == ours, "it goes on from there"
    forked = other.write({"active/forked.yaml": yaml("Forked")}) or ""
    with other.store() as store:
        assert catch_up_mirror(mirror_server, store, unless_has=frozenset()).commit == ours
        assert catch_up_mirror(mirror_server, store, unless_has=frozenset({bytes.fromhex(forked)})).commit == forked
        assert_right(mirror_server, store)
    assert rewinds(mirror_server) == 1
