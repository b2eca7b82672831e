"""A migration is a pure function of a tree, loses nothing, and joins branches from before."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.errors import InvalidContent, InvalidRequest, NotInitialised, UncommittedEdits, UnsafePath
from gitmilestone.model.layout import FOLDERS, LAYOUTS, Layout, path_in, path_of, possible_paths
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.migrating.migrate import FORMAT, Migration, migrate, plan_migration
from gitmilestone.operations.scaling.migration import DIGEST_TRAILER, TRAILER
from gitmilestone.snapshot.documents import read_all
from gitmilestone.snapshot.locate import get_file
from gitmilestone.store.asking.trailers import find_trailed
from gitmilestone.store.writing.plan import WriteOptions
from tests.repositories import Clone, run_git
from tests.store.writing.test_recovery import BETWEEN, WRITE, assert_healed, crash, needs_strace, sweep

_TEXT = "schema: 1\n\ntitle: {title}\n\nstatus: {status}\n\nowner:\n\npriority:\n\nlabels:\n"


class Heard:
    """Who is told how far it has come."""

    def __init__(self) -> None:
        self.advanced: Counter[str] = Counter()
        self.label = ""

    def track(self, label: str, total: int) -> Heard:
        assert label
        assert total
        self.label = label
        return self

    def warn(self, text: str) -> None: ...

    def advance(self, count: int = 1) -> None:
        self.advanced[self.label] += count

    def __enter__(self) -> Heard:
        return self

    def __exit__(self, *_: object) -> None: ...


def _text(milestone_id: str, status: str = "planned") -> str:
    return _TEXT.format(title=f"Do {milestone_id}", status=status)


def _migrate(clone: Clone, target: str, options: WriteOptions = WriteOptions()) -> Migration:
    with clone.store() as store:
        return migrate(store, target, options).migration


def _plan(clone: Clone, target: str = FORMAT) -> Migration:
    with clone.store() as store:
        return plan_migration(store.files_at(), target)


def _files(clone: Clone, revision: str = "HEAD") -> dict[str, str]:
    """Path below `.milestones/` -> blob oid, of milestones' files."""
    listed = clone.git("ls-tree", "-r", revision, ".milestones/active", ".milestones/completed").splitlines()
    pairs = (line.split("\t") for line in listed)
    return {path.removeprefix(".milestones/"): facts.split()[2] for facts, path in pairs}


def _names(files: Mapping[str, str]) -> Counter[tuple[str, str, str]]:
    return Counter((path.split("/")[0], path.rsplit("/", 1)[1], oid) for path, oid in files.items())


def _assert_in_layout(clone: Clone, layout: Layout) -> None:
    for path in _files(clone):
        folder, name = path.split("/")[0], path.rsplit("/", 1)[1]
        assert path == path_in("active" if folder == "active" else "completed", name[:-5], layout)
    assert clone.status() == ""
    assert clone.text("config/project.yaml").count(f"layout: {layout}\n") == 1
    clone.fsck()


def _seed(clone: Clone, count: int = 12) -> None:
    clone.write({path_of(f"m-{number}", "flat"): _text(f"m-{number}") for number in range(count)})
    clone.complete("m-1")


@pytest.mark.parametrize("source", LAYOUTS)
@pytest.mark.parametrize("target", LAYOUTS)
def test_every_file_moves_and_no_byte_changes(clone: Clone, source: Layout, target: Layout) -> None:
    _seed(clone)
    _migrate(clone, source)
    before, head = _files(clone), clone.head
    migration = _migrate(clone, target)
    assert _names(_files(clone)) == _names(before)
    _assert_in_layout(clone, target)
    assert len(migration.moves) == (0 if source == target else 12)
    assert clone.ids() == {f"m-{number}" for number in range(12)}
    if source == target:
        assert clone.head == head
        return
    assert clone.git("rev-parse", "HEAD^") == head
    title = f"layout {source} -> {target}"
    said = clone.git("log", "-1", "--format=%B")
    told = f"milestone: migrate {title}\n\n{TRAILER}: {title}\n"
    assert re.fullmatch(f"{told}{DIGEST_TRAILER}: [0-9a-f]{{64}} of 12\n", said)
    changed = clone.git("show", "--format=", "--name-status", "-M100%", "--no-color", "HEAD").splitlines()
    assert {line.split("\t")[0] for line in changed} == {"R100", "M"}
    assert [line for line in changed if line[0] == "M"] == ["M\t.milestones/config/project.yaml"]
    folders = [path for path in (clone.path / ".milestones").rglob("*") if path.is_dir()]
    assert all(any(folder.iterdir()) for folder in folders)


def test_many_files_go_in_as_one_pack(clone: Clone) -> None:
    clone.write({path_of(f"m-{number}", "flat"): _text(f"m-{number}") for number in range(1_000)})
    packs = len(list((clone.git_dir / "objects" / "pack").glob("*.pack")))
    before = _files(clone)
    assert _plan(clone).after == "sharded"
    times = {path.name: path.stat().st_mtime_ns for path in (clone.path / ".milestones/active").iterdir()}
    _migrate(clone, FORMAT)
    assert len(list((clone.git_dir / "objects" / "pack").glob("*.pack"))) == packs + 1
    assert _names(_files(clone)) == _names(before)
    _assert_in_layout(clone, "sharded")
    index = str(clone.git_dir / "by-git")
    clone.git("add", "-A", GIT_INDEX_FILE=index)
    assert clone.git("write-tree", GIT_INDEX_FILE=index) == clone.git("rev-parse", "HEAD^{tree}")
    # They are renamed as they lie.
    assert times == {path.name: path.stat().st_mtime_ns for path in (clone.path / ".milestones/active").rglob("*.yaml")}


def test_an_executable_file_stays_one(clone: Clone) -> None:
    _seed(clone)
    (clone.path / ".milestones/active/m-2.yaml").chmod(0o755)
    clone.git("commit", "-qam", "executable")
    _migrate(clone, "sharded")
    assert clone.git("ls-files", "-s", f".milestones/{path_of('m-2', 'sharded')}").startswith("100755")
    assert clone.status() == ""


_PLACES = st.sampled_from(("", "zz/", "a/b/", *(f"{number:02x}/" for number in range(3))))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9]{0,4}", fullmatch=True),
        st.tuples(st.sampled_from(FOLDERS), _PLACES, st.text("ab\n: #-", max_size=12)),
        max_size=12,
    ),
    st.sampled_from(list(LAYOUTS)),
)
def test_the_same_tree_gives_the_same_tree(
    template: Path, tmp_path_factory: pytest.TempPathFactory, found: dict[str, tuple[str, str, str]], target: Layout
) -> None:
    """From any mixture, with files that can't be read among them."""
    place = tmp_path_factory.mktemp("laws") / "one"
    shutil.copytree(template, place)
    one = Clone(place)
    con = {"con", "prn", "aux", "nul"}
    for name, (folder, inner, text) in found.items():
        path = place / ".milestones" / folder / inner / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    one.git("add", "-A")
    one.git("commit", "-qm", "mixture", "--allow-empty")
    shutil.copytree(place, place.parent / "two")
    two = Clone(place.parent / "two")
    before = _files(one)
    _migrate(one, target)
    _migrate(two, target, WriteOptions(message="Another day"))
    assert one.git("rev-parse", "HEAD^{tree}") == two.git("rev-parse", "HEAD^{tree}")
    assert _names(_files(one)) == _names(before)
    assert not _plan(one, target).is_pending
    if not con & {*found}:
        _assert_in_layout(one, target)
    head = one.head
    _migrate(one, target)
    assert one.head == head


def test_two_branches_that_migrate_by_themselves_merge_clean(clone: Clone) -> None:
    _seed(clone)
    clone.git("branch", "other")
    _migrate(clone, "sharded")
    clone.new("ours")
    clone.git("switch", "-q", "other")
    clone.new("theirs")
    _migrate(clone, "sharded")
    clone.git("merge", "-q", "--no-edit", "main")
    assert {"ours", "theirs"} < clone.ids()
    _assert_in_layout(clone, "sharded")


def test_a_branch_from_before_joins_and_the_rest_is_moved(clone: Clone) -> None:
    _seed(clone)
    clone.git("branch", "other")
    _migrate(clone, "sharded")
    clone.git("switch", "-q", "other")
    clone.new("added")
    clone.edit("m-2", priority="high")
    clone.complete("m-3")
    clone.delete("m-4")
    clone.git("switch", "-q", "main")
    clone.git("merge", "-q", "--no-edit", "other", is_checked=False)
    # One side moved them, the other closed or deleted them: git asks what is to become of them.
    unmerged = {line.split("/")[-1] for line in clone.git("diff", "--name-only", "--diff-filter=U").splitlines()}
    assert unmerged <= {"m-3.yaml", "m-4.yaml"}
    clone.git("add", "-A")
    clone.git("rm", "-qf", "--ignore-unmatch", f".milestones/{path_of('m-4', 'sharded')}")
    clone.git("commit", "-qm", "Merge other")
    with clone.store() as store:
        assert get_file(store, store.files_at(), "added").path == "active/added.yaml"
    assert clone.edit("added", priority="low")  # every command works on the mixture
    assert clone.complete("added")
    with clone.store() as store:
        found = {problem.code: problem for problem in check(store.files_at()).problems}
    assert found["wrong-layout"].severity == "warning"
    assert "not where `layout: sharded` has them" in found["wrong-layout"].message
    pending = _plan(clone)
    assert (pending.before, pending.after) == ("sharded", "sharded")
    assert not pending.duplicates
    _migrate(clone, FORMAT)
    assert clone.git("log", "-1", "--format=%s") == "milestone: migrate layout mixed -> sharded"
    _assert_in_layout(clone, "sharded")
    with clone.store() as store:
        milestones = {m.id: m for m, _ in read_all(store.files_at()).entries}
        assert check(store.files_at()).problems == ()
    assert milestones["m-2"].priority == "high"
    assert milestones["m-3"].status == "completed"
    assert "m-4" not in milestones
    assert len(milestones) == 12


def test_a_revert_takes_it_back_also_after_edits(clone: Clone) -> None:
    _seed(clone)
    before = clone.git("rev-parse", "HEAD^{tree}")
    _migrate(clone, "sharded")
    migrated = clone.head
    clone.git("revert", "--no-edit", migrated)
    assert clone.git("rev-parse", "HEAD^{tree}") == before
    with clone.store() as store:
        (commit,) = find_trailed(store, TRAILER)
    assert (commit.oid, commit.reverted_by, commit.value) == (migrated, clone.head, "layout flat -> sharded")
    clone.git("revert", "--no-edit", "HEAD")  # and the revert itself
    with clone.store() as store:
        assert find_trailed(store, TRAILER)[0].reverted_by == ""
    clone.edit("m-2", priority="high")
    clone.git("revert", "--no-edit", migrated)
    _assert_in_layout(clone, "flat")
    assert "priority: high" in clone.text("active/m-2.yaml")


def test_where_a_revert_conflicts_a_migration_back_does_not(clone: Clone) -> None:
    _seed(clone)
    _migrate(clone, "sharded")
    migrated = clone.head
    for number in range(40, 60):
        clone.new(f"m-{number}")
    clone.git("revert", "--no-edit", migrated, is_checked=False)
    clone.git("revert", "--abort", is_checked=False)
    _migrate(clone, "flat")
    _assert_in_layout(clone, "flat")
    assert len(clone.ids()) == 32


def test_two_files_of_one_id_that_differ_are_refused(clone: Clone) -> None:
    _seed(clone)
    clone.write({path_of("m-2", "sharded"): _text("m-2") + "# here\n"})
    head = clone.head
    assert [problem.code for problem in _plan(clone, "sharded").duplicates] == ["duplicate-id"] * 2
    with pytest.raises(InvalidContent, match="the same id is in two files") as caught:
        _migrate(clone, "sharded")
    assert "git rm" in caught.value.hint
    assert len(caught.value.problems) == 2
    assert clone.head == head
    clone.git("rm", "-q", ".milestones/active/m-2.yaml")
    clone.git("commit", "-qm", "That one")
    _migrate(clone, "sharded")
    _assert_in_layout(clone, "sharded")
    assert clone.text(path_of("m-2", "sharded")).endswith("# here")


@pytest.mark.parametrize("status", ["planned", "completed"])
def test_of_two_files_of_one_id_that_are_the_same_one_goes(clone: Clone, status: str) -> None:
    paths = [f"{folder}/{inner}ship.yaml" for folder in FOLDERS for inner in ("", "zz/")]
    clone.write(dict.fromkeys(paths, _text("ship", status)))
    migration = _migrate(clone, "sharded")
    assert len(migration.dropped) == 3
    assert list(_files(clone)) == [path_in("active" if status == "planned" else "completed", "ship", "sharded")]
    _assert_in_layout(clone, "sharded")


def test_the_same_unreadable_file_in_both_folders_is_for_a_person(clone: Clone) -> None:
    clone.write(dict.fromkeys(("active/x.yaml", "completed/x.yaml"), "status: [\n"))
    with pytest.raises(InvalidContent):
        _migrate(clone, "sharded")


def test_what_can_not_be_read_moves_and_what_is_no_milestone_stays(clone: Clone) -> None:
    kept = {"active/UPPER.yaml": "x: 1\n", "active/note.txt": "a note\n", "active/zz/con.yaml": "x: 1\n"}
    clone.write({"active/bad.yaml": "title: [\n", "completed/big.yaml": "#" * (2 << 20), **kept})
    (clone.path / ".milestones/active/link.yaml").symlink_to("bad.yaml")
    clone.git("add", "-A")
    clone.git("commit", "-qm", "a link")
    _migrate(clone, "sharded")
    names = set(_files(clone))
    moved = {path_of("bad", "sharded"), path_in("completed", "big", "sharded")}
    assert names == moved | set(kept) | {"active/link.yaml"}
    assert clone.status() == ""


def test_a_file_where_a_folder_must_be_is_refused(clone: Clone) -> None:
    _seed(clone)
    shard = path_of("m-2", "sharded").rsplit("/", 1)[0]
    clone.write({shard: "in the way\n"})
    head = clone.head
    with pytest.raises(UnsafePath, match="not a folder"):
        _migrate(clone, "sharded")
    assert clone.head == head
    assert clone.text(shard) == "in the way"


@pytest.mark.parametrize("is_staged", [False, True])
def test_unfinished_edits_of_a_file_that_would_move_are_refused(clone: Clone, is_staged: bool) -> None:
    _seed(clone)
    path = clone.path / ".milestones/active/m-2.yaml"
    path.write_text(path.read_text() + "# mine\n")
    if is_staged:
        clone.git("add", str(path))
    head, others = clone.head, clone.others()
    with pytest.raises(UncommittedEdits, match=r"m-2\.yaml"):
        _migrate(clone, "sharded")
    assert clone.head == head
    others.assert_kept(clone.others())


def test_the_work_of_others_is_left_alone(clone: Clone) -> None:
    _seed(clone)
    (clone.path / "readme").write_text("staged\n")
    clone.git("add", "readme")
    (clone.path / "src" / "main.c").write_text("dirty\n")
    (clone.path / "untracked").write_text("untracked\n")
    files = [f"m-{number}" for number in range(12)]
    paths = [path for name in files for path in possible_paths(name)]
    touched = [f".milestones/{path}" for path in paths]
    touched.append(".milestones/config/project.yaml")
    others = clone.others(*touched)
    before = clone.head
    _migrate(clone, "sharded")
    after = clone.others(*touched)
    (backup,) = after.git_dir.keys() - others.git_dir.keys()
    assert re.fullmatch(r"refs/milestone/backup/\d{8}T\d{6}Z-flat-sharded", backup)
    assert after.git_dir.pop(backup).decode() == f"{before}\n"
    others.assert_kept(after)


def test_only_the_layout_s_line_of_the_settings_changes(clone: Clone) -> None:
    text = "# ours\nformat: 1\nlayout:  flat   # for now\nlabels: [a]\n"
    clone.write({"config/project.yaml": text, "active/x.yaml": _text("x")})
    _migrate(clone, "sharded")
    assert clone.text("config/project.yaml") + "\n" == text.replace("flat ", "sharded ")


def test_a_message_of_one_s_own_keeps_the_trailer(clone: Clone) -> None:
    _seed(clone)
    _migrate(clone, "sharded", WriteOptions(message="Make room"))
    said = clone.git("log", "-1", f"--format=%s|%(trailers:key={TRAILER},valueonly)").strip()
    assert said == "Make room|layout flat -> sharded"


def test_staged_only(clone: Clone) -> None:
    _seed(clone)
    head = clone.head
    _migrate(clone, "sharded", WriteOptions(stage_only=True))
    assert clone.head == head
    assert {line[0] for line in clone.status().splitlines()} == {"R", "M"}
    clone.git("commit", "-qm", "By hand")
    _assert_in_layout(clone, "sharded")


def test_a_bare_repository_and_sha256(tmp_path: Path) -> None:
    for name, arguments in {"bare": ["--bare"], "long": ["--object-format=sha256"]}.items():
        clone = Clone(tmp_path / name)
        run_git("init", "-q", *arguments, str(clone.path))
        clone.init()
        clone.write({path_of(f"m-{number}", "flat"): _text(f"m-{number}") for number in range(150)})
        before = _files(clone)
        _migrate(clone, "sharded2")
        assert _names(_files(clone)) == _names(before)
        clone.fsck()


def test_a_sparse_checkout(clone: Clone) -> None:
    _seed(clone)
    clone.git("sparse-checkout", "set", "--no-cone", "/*", "!/.milestones/completed/")
    before = _files(clone)
    _migrate(clone, "sharded")
    assert _names(_files(clone)) == _names(before)
    assert clone.status() == ""


def test_nonsense_and_nothing(clone: Clone, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="nothing to migrate to"):
        _migrate(clone, "spherical")
    _migrate(clone, "sharded2")  # of no milestone at all: new ones go there
    assert clone.new("first")
    assert list(_files(clone)) == [path_of("first", "sharded2")]
    empty = Clone(tmp_path / "empty")
    run_git("init", "-q", str(empty.path))
    with pytest.raises(NotInitialised):
        _migrate(empty, "sharded")


def test_a_file_in_a_folder_of_no_layout_is_found_by_all(clone: Clone) -> None:
    clone.write({"active/zz/odd.yaml": _text("odd"), "active/a/b/c/deep.yaml": _text("deep")})
    with clone.store() as store:
        for name in clone.ids():
            assert get_file(store, store.files_at(), name).path.endswith(f"/{name}.yaml")
    assert len(_plan(clone).moves) == 2
    clone.write({"active/yy/odd.yaml": _text("odd")})
    with clone.store() as store, pytest.raises(InvalidContent, match="two files are called odd"):
        get_file(store, store.files_at(), "od")


def test_progress_is_told(clone: Clone) -> None:
    _seed(clone)
    heard = Heard()
    with clone.store() as store:
        migrate(store, "sharded", watch=heard)
    assert heard.advanced["Migrating"] == 12


_SCRIPT = "from gitmilestone.operations.migrating.migrate import migrate; migrate(store, 'sharded')"


@needs_strace
@pytest.mark.parametrize("points", [8, pytest.param(None, marks=pytest.mark.long)])
def test_killed_at_every_call_that_writes(clone: Clone, tmp_path: Path, points: int | None) -> None:
    """Every file in the old layout, or every one in the new; the next command says so, and git sees no change."""
    _seed(clone)
    sweep(clone, WRITE.format(body=_SCRIPT), tmp_path, points)


@needs_strace
@pytest.mark.long
def test_a_bulk_killed_at_every_call_that_writes(clone: Clone, tmp_path: Path) -> None:
    _seed(clone, 150)
    sweep(clone, WRITE.format(body=_SCRIPT), tmp_path, 80)


@pytest.mark.parametrize("when", BETWEEN)
def test_killed_between_its_steps(clone: Clone, when: str) -> None:
    _seed(clone)
    old, before = clone.head, _files(clone)
    crash(clone, BETWEEN[when], _SCRIPT)
    assert assert_healed(clone, old) == (when != "before the branch")
    assert _names(_files(clone)) == _names(before)
    _migrate(clone, "sharded")
    _assert_in_layout(clone, "sharded")
