"""Everybody who is asked about an id finds its file, also where no layout puts it."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import gitmilestone
from gitmilestone.api import open as open_project
from gitmilestone.errors import AmbiguousId, InvalidContent, InvalidRequest, MilestoneNotFound
from gitmilestone.faces.cli.main import main
from gitmilestone.operations.checking.naming import find_unknown_names
from gitmilestone.snapshot import locate as locating
from gitmilestone.snapshot.locate import get_file, locate, locate_all, locate_unindexed
from gitmilestone.store.files import FileEntry, WorkFiles
from tests.repositories import Clone

A = "schema: 1\n\ntitle: A\n\nstatus: planned\n\ndepends_on:\n  - b\n"
B = "schema: 1\n\ntitle: B\n\nstatus: in_progress\n"
PLACES = ("active/b.yaml", "active/zz/b.yaml", "active/zz/yy/b.yaml", "active/00/b.yaml", "active/00/11/b.yaml")
Say = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(repository: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """`say("show", "b")`: the exit status, standard output and standard error of a command."""

    def say(*args: str) -> tuple[int, str, str]:
        status = main(args)
        return status, *capsys.readouterr()

    return say


def lay(clone: Clone, path: str, text: str) -> None:
    place = clone.path / ".milestones" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, clone: Clone) -> str:
    """`a`, which depends on `b`, at its usual place, and `b` at this one, both committed by hand."""
    lay(clone, "active/a.yaml", A)
    lay(clone, request.param, B)
    clone.git("add", ".")
    clone.git("commit", "-qm", "by hand")
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["no index", "index"])
def is_indexed(request: pytest.FixtureRequest, place: str, say: Say) -> bool:
    if request.param:
        assert say("index", "rebuild")[0] == 0
    return bool(request.param)


READINGS: dict[str, tuple[tuple[str, ...], str]] = {
    "show": (("show", "b"), "b  in_progress"),
    "show by a beginning": (("show", "@"), "b  in_progress"),
    "what waits for it": (("show", "a"), "blocked by b"),
    "list": (("list", "--format", "ids", "id:b"), "b\n"),
    "is:blocked": (("list", "--format", "ids", "is:blocked"), "a\n"),
    "blocked": (("blocked",), "b"),
    "ready": (("ready", "--format", "ids"), "b\n"),
    "graph": (("graph", "a"), "b"),
    "log": (("log", "b"), "created"),
    "check": (("check", "--at", "HEAD"), ""),
}


@pytest.mark.usefixtures("is_indexed")
def test_every_reader_finds_it(place: str, clone: Clone, say: Say) -> None:
    assert say("current", "b")[0] == 0
    for name, (args, expected) in READINGS.items():
        status, out, err = say(*args)
        assert status == 0, (name, out, err)
        assert expected in out, (name, out, err)
    for state in (("--at", "HEAD"), ("--staged",), ("--worktree",)):
        held = json.loads(say("show", "a", "--json", *state)[1])["milestones"][0]
        assert (held["is_blocked"], held["blocked_by"]) == (True, ["b"]), state
        assert json.loads(say("show", "b", "--json", *state)[1])["milestones"][0]["path"] == f".milestones/{place}"
        listed = json.loads(say("list", "--json", "id:a", *state)[1])["milestones"]
        assert listed == [held], state
    assert "dangling" not in say("check")[1]
    with open_project(str(clone.path)) as project:
        assert project.get("b").title == "B"
        assert [event.id for event in project.history("b")] == ["b"]


@pytest.mark.usefixtures("is_indexed")
def test_every_writer_finds_it(place: str, clone: Clone, say: Say) -> None:
    before = clone.git("rev-parse", "HEAD")
    status, _, err = say("new", "Another", "--id", "b")
    assert (status, "the id b is taken" in err) == (2, True)
    with open_project(str(clone.path)) as project, pytest.raises(InvalidRequest, match="taken"):
        project.create("Another", id="b")
    assert clone.git("rev-parse", "HEAD") == before
    assert say("edit", "b", "--set", "owner=ana")[0] == 0
    assert say("task", "add", "b", "First")[0] == 0
    assert say("new", "C", "--id", "c", "--depends-on", "b")[0] == 0
    assert say("depend", "add", "b", "a")[0] == 1, "a waits for b"
    assert say("delete", "b")[0] == 1, "others depend on it"
    assert say("block", "b")[0] == 0
    with open_project(str(clone.path)) as project:
        project.update("b", priority="high")
        project.bulk([{"op": "update", "id": "b", "title": "Renamed"}])
        held = project.get("b")
    assert (held.owner, held.priority, held.status, held.title) == ("ana", "high", "blocked", "Renamed")
    listed = [path for path in clone.git("ls-files", ".milestones").splitlines() if path.endswith("/b.yaml")]
    assert listed == [f".milestones/{place}"], "it stays where it was"
    assert say("complete", "b")[0] == 0
    assert say("show", "a")[1].count("blocked by") == 0


def test_what_hooks_ask_finds_it(place: str, clone: Clone, say: Say, tmp_path: Path) -> None:
    message = tmp_path / "message"
    message.write_text("code\n\nMilestone: b\n")
    with clone.store() as store:
        assert find_unknown_names(store, str(message)) == []
    clone.git("switch", "-qc", "topic")
    lay(clone, place, B.replace("in_progress", "planned"))
    clone.git("commit", "-qam", "topic")
    assert say("check", "--range", "main..topic")[0] == 0
    assert "b" in say("review", "main..topic")[1]
    lay(clone, "active/z.yaml", A.replace("title: A", "title: Z"))
    clone.git("add", ".")
    assert say("check", "--staged")[1].count("dangling") == 0


@pytest.mark.parametrize("second", ["active/zz/b.yaml", "completed/b.yaml", "active/zz/yy/b.yaml"])
@pytest.mark.parametrize("first", ["active/b.yaml", "active/qq/b.yaml"])
def test_two_files_are_the_same_error_to_everybody(clone: Clone, say: Say, first: str, second: str) -> None:
    for path in (first, second):
        lay(clone, path, B)
    clone.git("add", ".")
    clone.git("commit", "-qm", "twice")
    said = {say(*args)[2] for args in (("show", "b"), ("edit", "b", "--set", "owner=ana"), ("complete", "b"))}
    assert len(said) == 1
    assert "two files are called b" in said.pop()
    assert "duplicate-id" in say("check")[1]
    with clone.store() as store:
        files = store.files_at()
        assert sorted(entry.path for entry in locate_all(store, files, "b")) == sorted((first, second))
        for ask in (locate, get_file):
            with pytest.raises(InvalidContent, match="two files"):
                ask(store, files, "b")


def test_what_is_nowhere_is_asked_of_the_index_and_then_of_a_listing(clone: Clone, say: Say) -> None:
    lay(clone, "active/00/b.yaml", B)
    clone.git("add", ".")
    clone.git("commit", "-qm", "by hand")
    assert say("index", "rebuild")[0] == 0
    with clone.store() as store:
        files = store.files_at()
        for _ in range(40):
            assert locate(store, files, "nobody") is None
            found = locate(store, files, "b")
            assert found is not None
            assert found.path == "active/00/b.yaml"


def test_who_wrote_it_by_hand_is_told_that_it_is_not_committed(clone: Clone, say: Say) -> None:
    lay(clone, "active/zz/c.yaml", B)
    status, _, err = say("show", "c")
    assert status == 2
    assert ".milestones/active/zz/c.yaml is not committed" in err


_BELOW = ("model", "store", "derived", "snapshot")
_ASKING = {"possible_paths", "is_stray", "is_shard", "find_strays", "find_odd"}


def test_only_the_snapshot_asks_where_an_id_lies() -> None:
    package = Path(gitmilestone.__file__).parent
    above = [path for path in package.rglob("*.py") if path.relative_to(package).parts[0] not in _BELOW]
    asking = {
        str(path.relative_to(package))
        for path in above
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.alias) and node.name in _ASKING)
        or (isinstance(node, ast.Attribute) and node.attr in _ASKING)
    }
    assert not asking


def commit(clone: Clone, *paths: str) -> None:
    for path in paths:
        lay(clone, path, B)
    clone.git("add", ".")
    clone.git("commit", "-qm", "by hand")


@pytest.mark.parametrize("indexed", [False, True])
def test_a_beginning_names_one_or_says_which(clone: Clone, say: Say, indexed: bool) -> None:
    names = [f"save-{number}" for number in range(9)]
    commit(
        clone,
        *(f"active/{name}.yaml" for name in names),
        "active/zz/search-1.yaml",
        "active/sea chest.yaml",
        "active/research-2.yaml",
    )
    assert not indexed or say("index", "rebuild")[0] == 0
    with clone.store() as store:
        files = store.files_at()
        assert get_file(store, files, "sea").path == "active/zz/search-1.yaml"
        assert get_file(store, files, "search-1").path == "active/zz/search-1.yaml"
        with pytest.raises(AmbiguousId) as several:
            get_file(store, files, "s")
        assert several.value.message == f"'s' begins several ids: {', '.join(names[:8])} and 2 more"
        with pytest.raises(AmbiguousId, match=r"save-0, .*, save-7 and 1 more$"):
            get_file(store, files, "sav")
        for text, hint in (
            ("serch-1", "did you mean search-1"),
            ("saved-3", "did you mean save-3 or save-8 or save-7?"),
            ("zzzz", "`git milestone list --all` shows them all"),
        ):
            with pytest.raises(MilestoneNotFound, match=f"there is no milestone '{text}'") as nobody:
                get_file(store, files, text)
            assert nobody.value.hint.startswith(hint)
            assert nobody.value.name == text


def test_exactly_as_many_as_are_shown(clone: Clone) -> None:
    commit(clone, *(f"active/save-{number}.yaml" for number in range(8)))
    with clone.store() as store, pytest.raises(AmbiguousId, match=r"save-7$"):
        get_file(store, store.files_at(), "save")


@pytest.mark.parametrize("indexed", [False, True])
def test_an_id_that_begins_others_is_itself(clone: Clone, say: Say, indexed: bool) -> None:
    commit(clone, "active/zz/save.yaml", "active/save-1.yaml")
    assert not indexed or say("index", "rebuild")[0] == 0
    with clone.store() as store:
        assert get_file(store, store.files_at(), "save").path == "active/zz/save.yaml"


def test_uncommitted_files_are_found_in_their_own_states(clone: Clone) -> None:
    commit(clone, "active/b.yaml")
    lay(clone, "active/zz/new.yaml", B)
    lay(clone, "completed/b.yaml", B)
    with clone.store() as store:
        work, staged = store.work_files(), store.staged_files()
        assert [entry.path for entry in locate_all(store, work, "new")] == ["active/zz/new.yaml"]
        assert get_file(store, work, "ne").path == "active/zz/new.yaml"
        assert locate_all(store, staged, "new") == ()
        assert locate_unindexed(store.files_at(), "b")[0].path == "active/b.yaml"
        for ask in (locate, get_file):
            with pytest.raises(InvalidContent, match="two files are called b") as several:
                ask(store, work, "b")
            assert [one.path for one in several.value.problems] == [
                ".milestones/active/b.yaml",
                ".milestones/completed/b.yaml",
            ]
            assert several.value.hint == "delete one of them, and commit that"
            assert ask(store, staged, "b") is not None


def test_a_costly_tree_is_asked_of_its_index(clone: Clone, monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    """And one that is quickly listed is not: its index might have to be brought along first."""
    commit(clone, "active/zz/b.yaml")
    assert say("index", "rebuild")[0] == 0
    asked: list[str] = []
    find = locating._find_indexed
    monkeypatch.setattr(
        locating, "_find_indexed", lambda store, files, name: asked.append(name) or find(store, files, name)
    )
    with clone.store() as store:
        assert locate(store, store.files_at(), "b") is not None
        assert asked == []
        monkeypatch.setattr("gitmilestone.store.files.TreeFiles.is_costly_to_list", True)
        for name, expected in (("b", ["active/zz/b.yaml"]), ("z", [])):
            assert [entry.path for entry in locate_all(store, store.files_at(), name)] == expected
        assert asked == ["b", "z"]
        assert [entry.path for entry in locate_unindexed(store.files_at(), "b")] == ["active/zz/b.yaml"]
        assert asked == ["b", "z"]


def test_a_file_that_goes_while_it_is_looked_for(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(clone, "active/zz/fleeting.yaml", B)
    listed = WorkFiles.iter_entries

    def list_and_lose(files: WorkFiles) -> list[FileEntry]:
        found = list(listed(files))
        (clone.path / ".milestones/active/zz/fleeting.yaml").unlink()
        return found

    monkeypatch.setattr(WorkFiles, "iter_entries", list_and_lose)
    with clone.store() as store, pytest.raises(MilestoneNotFound, match=r"active/zz/fleeting\.yaml is gone"):
        get_file(store, store.work_files(), "fleet")
