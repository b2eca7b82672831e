"""The staging area: what is spliced here must be what git itself would have written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gitmilestone.errors import EnvironmentFault, GitFailed, LockHeld, StorageFull
from gitmilestone.store.git import Git
from gitmilestone.store.writing import staging as staging_module
from gitmilestone.store.writing.staging import StagedEntry, Staging
from gitmilestone.store.writing.staging_file import invalidate_tree, parse_index

FILE, EXECUTABLE, LINK = 0o100644, 0o100755, 0o120000
Changes = dict[str, tuple[int, str] | None]


class Clone:
    """A real repository, with what the tests ask of it."""

    def __init__(self, work: Path, environ: dict[str, str], oid_length: int = 20) -> None:
        self.work = work
        self.environ = environ
        self.oid_length = oid_length
        self.git = Git(str(work), environ)

    def do(self, *args: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
        return os.fsdecode(self.git.check(*args, stdin=stdin, env=env)).strip("\n")

    @property
    def index(self) -> Path:
        return Path(self.do("rev-parse", "--path-format=absolute", "--git-path", "index"))

    def staging(self, index: Path | None = None) -> Staging:
        return Staging(self.git, str(index or self.index), str(self.work), self.oid_length)

    def blob(self, text: str) -> str:
        return self.do("hash-object", "-w", "--stdin", stdin=text.encode())

    def lay(self, path: str, text: str) -> None:
        place = self.work / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    def apply(self, changes: Changes) -> None:
        with self.staging().lock() as lock:
            lock.replace(changes)


def hermetic(home: Path) -> dict[str, str]:
    config = home / "gitconfig"
    config.write_text("[user]\n\tname = Ana\n\temail = ana@example.com\n[init]\n\tdefaultBranch = main\n")
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(config),
        "LC_ALL": "C.UTF-8",
    }


def make_clone(home: Path, *init: str) -> Clone:
    work = home / "work"
    work.mkdir()
    clone = Clone(work, hermetic(home), 32 if "--object-format=sha256" in init else 20)
    clone.do("init", "-q", *init)
    return clone


MILESTONES = {f".milestones/active/{name}.yaml": f"title: {name}\n" for name in "abc"}
OTHERS = {"doc/guide.txt": "guide\n", "src/main.c": "int main;\n", "zzz": "z\n"}


def make_project(home: Path, *init: str) -> Clone:
    clone = make_clone(home, *init)
    for path, text in {**MILESTONES, **OTHERS}.items():
        clone.lay(path, text)
    clone.do("add", "-A")
    clone.do("commit", "-qm", "first")
    return clone


@pytest.fixture
def project(tmp_path: Path) -> Clone:
    return make_project(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return make_clone(tmp_path_factory.mktemp("shared"))


def list_staged(clone: Clone, index: Path) -> list[StagedEntry]:
    """Every entry, as git tells it, flags included."""
    env = {"GIT_INDEX_FILE": str(index)}
    entries = []
    for record in clone.git.check("ls-files", "-s", "-t", "--debug", "-z", env=env).split(b"\tflags: ")[:-1]:
        facts, _, name = record.partition(b"\t")
        tag, mode, oid, stage = facts.split(b"\n")[-1].decode().split(" ")
        path = os.fsdecode(name.partition(b"\0")[0])
        entries.append(StagedEntry(path, int(mode, 8), oid, int(stage), tag == "S", False))
    flags = clone.git.check("ls-files", "--debug", "-z", env=env).split(b"\tflags: ")[1:]
    return [
        entry._replace(intent_to_add=bool(int(flag.split(b"\n")[0], 16) & 1 << 29))
        for entry, flag in zip(entries, flags, strict=True)
    ]


def by_git(clone: Clone, index: Path, changes: Changes) -> None:
    """The reference: what git makes of the same changes."""
    env = {"GIT_INDEX_FILE": str(index)}
    skipped = {entry.path for entry in list_staged(clone, index) if entry.skip_worktree}
    ordered = sorted(changes.items(), key=lambda change: (change[1] is not None, change[0]))
    lines = [
        f"{mode:o} {oid}\t".encode() + os.fsencode(path) + b"\0"
        for path, (mode, oid) in ((path, edit or (0, "0" * 40)) for path, edit in ordered)
    ]
    clone.git.check("update-index", "-z", "--index-info", stdin=b"".join(lines), env=env)
    kept = [os.fsencode(path) for path, edit in changes.items() if edit and path in skipped]
    if kept:
        clone.git.check("update-index", "-z", "--skip-worktree", "--stdin", stdin=b"\0".join(kept), env=env)


def without_version(content: bytes) -> bytes:
    """Version and checksum left out: git goes back from 3 to 2 where it can, and need not."""
    return content[:4] + content[8:-20]


COMPONENTS = st.sampled_from(["a", "b", "a.b", "a-b", "ab", "a0", "é", "日本", "x.yaml", ".milestones", "n" * 90])
NAMES = st.lists(COMPONENTS, min_size=1, max_size=3).map("/".join)
KINDS = st.sampled_from(["file", "file", "executable", "link", "conflict", "skipped", "assumed", "intended"])
EDITS = st.sampled_from([None, (FILE, 0), (FILE, 1), (EXECUTABLE, 1), (LINK, 2)])


def stage_all(clone: Clone, index: Path, kinds: dict[str, str], oids: list[str]) -> None:
    env = {"GIT_INDEX_FILE": str(index)}
    modes = {"executable": EXECUTABLE, "link": LINK}
    lines = []
    for path, kind in kinds.items():
        stages = (1, 2, 3) if kind == "conflict" else (0,)
        lines += [f"{modes.get(kind, FILE):o} {oids[stage % 2]} {stage}\t{path}\0" for stage in stages]
    clone.do("update-index", "-z", "--index-info", stdin="".join(lines).encode(), env=env)
    staged = {entry.path for entry in list_staged(clone, index) if not entry.stage}
    for flag, kind in (("--skip-worktree", "skipped"), ("--assume-unchanged", "assumed")):
        marked = [path for path in kinds if kinds[path] == kind and path in staged]
        if marked:
            clone.do("update-index", flag, "-z", "--stdin", stdin="\0".join(marked).encode(), env=env)
    intended = [path for path in kinds if kinds[path] == "intended" and path in staged]
    if intended:
        listed = "\0".join(intended).encode()
        clone.do("update-index", "-z", "--force-remove", "--stdin", stdin=listed, env=env)
        for path in intended:
            clone.lay(path, "later\n")
        clone.do("--literal-pathspecs", "add", "-f", "-N", "--", *intended, env=env)
        clone.do("clean", "-qfdx", env={"GIT_INDEX_FILE": str(index) + ".none"})


def has_file_as_folder(paths: Iterable[str]) -> bool:
    listed = list(paths)
    return any(path.startswith(folder + "/") for path in listed for folder in listed)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kinds=st.dictionaries(NAMES, KINDS, min_size=1, max_size=14),
    picked=st.dictionaries(st.integers(0, 13), EDITS, max_size=5),
    added=st.dictionaries(NAMES, EDITS, max_size=4),
    has_tree=st.booleans(),
)
def test_splice_is_what_git_writes(
    shared: Clone,
    kinds: dict[str, str],
    picked: dict[int, tuple[int, int] | None],
    added: dict[str, tuple[int, int] | None],
    has_tree: bool,
) -> None:
    paths = sorted(kinds)
    drawn = {**added, **{paths[rank % len(paths)]: edit for rank, edit in picked.items()}}
    assume(not has_file_as_folder(kinds))
    assume(not has_file_as_folder(path for path, edit in drawn.items() if edit))
    ours, theirs = shared.work.parent / "ours", shared.work.parent / "theirs"
    for leftover in (ours, theirs):
        leftover.unlink(missing_ok=True)
    oids = [shared.blob("zero\n"), shared.blob("one\n"), shared.blob("target")]
    stage_all(shared, ours, kinds, oids)
    if has_tree:
        shared.git.run("write-tree", env={"GIT_INDEX_FILE": str(ours)})
    shutil.copy2(ours, theirs)
    changes: Changes = {path: edit and (edit[0], oids[edit[1]]) for path, edit in drawn.items()}

    staging = shared.staging(ours)
    before = list_staged(shared, ours)
    expected = {path: [entry for entry in before if entry.path == path] for path in changes}
    assert staging.lookup(list(changes)) == expected
    folder = [entry for entry in before if entry.path.startswith("a/")]
    assert list(staging.iter_entries("a/")) == folder

    with staging.lock() as lock:
        lock.replace(changes)
    by_git(shared, theirs, changes)
    assert list_staged(shared, ours) == list_staged(shared, theirs)
    assert without_version(ours.read_bytes()) == without_version(theirs.read_bytes())


def test_a_name_longer_than_its_length_field(shared: Clone) -> None:
    ours, theirs = shared.work.parent / "long", shared.work.parent / "long-theirs"
    oid = shared.blob("long\n")
    long = "/".join(["n" * 200] * 30)
    by_git(shared, ours, {"a": (FILE, oid), long: (FILE, oid), "z": (FILE, oid)})
    shutil.copy2(ours, theirs)
    changes: Changes = {"b": (FILE, oid), long: (EXECUTABLE, oid), long + "/x": None, "o" * 5000: (FILE, oid)}
    assert shared.staging(ours).lookup([long])[long][0].oid == oid
    with shared.staging(ours).lock() as lock:
        lock.replace(changes)
    by_git(shared, theirs, changes)
    assert ours.read_bytes() == theirs.read_bytes()


@pytest.mark.parametrize("version", ["2", "4"])
def test_many_changes_at_once(project: Clone, version: str) -> None:
    project.do("update-index", "--index-version", version)
    oid = project.blob("many\n")
    changes: Changes = {f".milestones/active/{number}.yaml": (FILE, oid) for number in range(1500)}
    changes[".milestones/active/a.yaml"] = None
    theirs = project.work.parent / "theirs"
    shutil.copy2(project.index, theirs)
    project.apply(changes)
    by_git(project, theirs, changes)
    assert project.index.read_bytes() == theirs.read_bytes()
    found = project.staging().lookup([*changes, "zzz"])
    assert {path for path, entries in found.items() if not entries} == {".milestones/active/a.yaml"}


@pytest.mark.parametrize("version", ["2", "4"])
def test_a_promise_of_content_is_told_from_an_empty_file(project: Clone, version: str) -> None:
    paths = ["doc/empty", "doc/later", "odd\tflags: 20000000\n", "odd\n"]
    for path in paths:
        project.lay(path, "")
    project.do("add", "doc/empty", paths[2])
    project.do("add", "-N", "doc/later", paths[3])
    project.do("update-index", "--index-version", version)
    found = project.staging().lookup(paths)
    assert [found[path][0].intent_to_add for path in paths] == [False, True, False, True]


def zero_checksum(clone: Clone) -> None:
    content = clone.index.read_bytes()
    clone.index.write_bytes(content[: -clone.oid_length] + bytes(clone.oid_length))


def split(clone: Clone) -> None:
    clone.do("config", "core.splitIndex", "true")
    clone.do("update-index", "--split-index")


def sparse(*options: str) -> Callable[[Clone], None]:
    def checkout(clone: Clone) -> None:
        clone.do("sparse-checkout", "set", "--cone", *options)

    return checkout


def watch(clone: Clone) -> None:
    """A file system monitor that says everything may have changed."""
    hook = clone.work.parent / "watch"
    hook.write_text("#!/bin/sh\nprintf 'token\\0/\\0'\n")
    hook.chmod(0o755)
    clone.do("config", "core.fsmonitor", str(hook))
    clone.do("update-index", "--fsmonitor")


def version_4(clone: Clone) -> None:
    clone.do("update-index", "--index-version", "4")


def cache_untracked(clone: Clone) -> None:
    clone.do("config", "core.untrackedCache", "true")
    clone.do("update-index", "--force-untracked-cache")
    clone.do("status")


def link(clone: Clone) -> None:
    elsewhere = clone.work.parent / "elsewhere"
    elsewhere.mkdir()
    real = elsewhere / "real-index"
    clone.index.rename(real)
    (clone.work / ".git" / "index").symlink_to(real)


KINDS_OF_INDEX: dict[str, tuple[Callable[[Clone], None], bytes, bool]] = {
    # name: how to make it, the bytes that show it is still that kind, whether our files are in the work tree
    "plain": (lambda _: None, b"DIRC\0\0\0\2", True),
    "no checksum": (zero_checksum, bytes(20), True),
    "version 4": (version_4, b"DIRC\0\0\0\4", True),
    "split": (split, b"link", True),
    "sparse, inside the cone": (sparse("--sparse-index", ".milestones"), b"sdir", True),
    "sparse, outside the cone": (sparse("--sparse-index", "src"), b"sdir", False),
    "sparse but full, outside the cone": (sparse("--no-sparse-index", "src"), b"DIRC\0\0\0\3", False),
    "untracked cache": (cache_untracked, b"UNTR", True),
    "file system monitor": (watch, b"FSMN", True),
    "symbolic link": (link, b"DIRC\0\0\0\2", True),
}


def change_milestones(clone: Clone, *, laid: bool = True) -> tuple[Changes, str, str]:
    """Edits a, moves b, creates d; returns the changes, the resulting tree, and `git status` of it."""
    texts = {"active/a": "title: A\n", "completed/b": "title: b\n", "active/d": "title: d\n"}
    changes: Changes = {".milestones/active/b.yaml": None}
    for name, text in texts.items():
        path = f".milestones/{name}.yaml"
        changes[path] = FILE, clone.blob(text)
        if laid:
            clone.lay(path, text)
    if laid:
        (clone.work / ".milestones/active/b.yaml").unlink()
    reference = clone.work.parent / "reference"
    env = {"GIT_INDEX_FILE": str(reference)}
    plain = ("-c", "core.splitIndex=false", "-c", "index.version=2", "-c", "core.fsmonitor=false")
    clone.do(*plain, "read-tree", "HEAD", env=env)
    none = (0, "0" * clone.oid_length * 2)
    lines = [
        f"{mode:o} {oid}\t{path}\0" for path, (mode, oid) in ((path, edit or none) for path, edit in changes.items())
    ]
    clone.do(*plain, "update-index", "-z", "--index-info", stdin="".join(lines).encode(), env=env)
    status = "M  .milestones/active/a.yaml\nA  .milestones/active/d.yaml\n"
    status += "R  .milestones/active/b.yaml -> .milestones/completed/b.yaml"
    return changes, clone.do(*plain, "write-tree", env=env), status


def find_leftovers(clone: Clone) -> list[str]:
    names = os.listdir(clone.index.parent)
    return [name for name in names if "milestone" in name or name.endswith(".lock")]


def assert_staged(clone: Clone, tree: str, status: str) -> None:
    # First, as `git status` writes the stat of what it had to compare.
    assert clone.do("diff-files", "--name-only") == ""
    assert clone.do("write-tree") == tree
    assert clone.do("status", "--porcelain") == status
    assert find_leftovers(clone) == []
    clone.do("commit", "-qm", "second")
    assert clone.do("rev-parse", "HEAD^{tree}") == tree
    assert clone.do("status", "--porcelain") == ""
    clone.do("fsck", "--strict")


@pytest.mark.parametrize("kind", KINDS_OF_INDEX)
def test_every_kind_of_index(project: Clone, kind: str) -> None:
    make, mark, laid = KINDS_OF_INDEX[kind]
    make(project)
    assert mark in project.index.read_bytes()
    changes, tree, status = change_milestones(project, laid=laid)
    staging = project.staging()
    paths = [*changes, "src/main.c", "not-there"]
    expected = list_staged(project, project.index)
    found = staging.lookup(paths)
    assert found == {path: [entry for entry in expected if entry.path == path] for path in paths}
    assert found[".milestones/active/a.yaml"][0].skip_worktree is not laid
    under = [entry for entry in expected if entry.path.startswith(".milestones/")]
    assert list(staging.iter_entries(".milestones/")) == under
    with staging.lock() as lock:
        lock.replace(changes)
    assert mark in project.index.read_bytes()
    after = staging.lookup(paths)
    assert after == {
        path: [entry for entry in list_staged(project, project.index) if entry.path == path] for path in paths
    }
    assert all(entry.skip_worktree is not laid for path in changes for entry in after[path])
    assert_staged(project, tree, status)


def test_offsets_for_loading_are_left_out(project: Clone) -> None:
    project.do("config", "index.threads", "2")
    oid = project.blob("x\n")
    lines = "".join(f"100644 {oid}\tsrc/{number}\0" for number in range(20_100))
    project.do("update-index", "-z", "--index-info", stdin=lines.encode())
    project.do("write-tree")
    content = project.index.read_bytes()
    assert b"EOIE" in content
    assert b"IEOT" in content
    theirs = project.work.parent / "theirs"
    shutil.copy2(project.index, theirs)
    changes: Changes = {"src/1": None, "src/new": (FILE, oid)}
    project.apply(changes)
    project.do("config", "index.threads", "1")
    by_git(project, theirs, changes)
    assert project.index.read_bytes() == theirs.read_bytes()


def test_sha256(tmp_path: Path) -> None:
    project = make_project(tmp_path, "--object-format=sha256")
    changes, tree, status = change_milestones(project)
    project.apply(changes)
    assert_staged(project, tree, status)


def test_linked_worktree(project: Clone) -> None:
    project.do("worktree", "add", "-q", "../linked")
    linked = Clone(project.work.parent / "linked", project.environ)
    changes, tree, status = change_milestones(linked)
    linked.apply(changes)
    assert_staged(linked, tree, status)
    assert project.do("status", "--porcelain") == ""


@pytest.mark.parametrize("make", [lambda _: None, version_4], ids=["plain", "version 4"])
def test_index_named_by_the_environment(project: Clone, make: Callable[[Clone], None]) -> None:
    make(project)
    elsewhere = project.work.parent / "elsewhere.index"
    shutil.copy2(project.index, elsewhere)
    before = project.index.read_bytes()
    changes, tree, _ = change_milestones(project)
    user = Clone(project.work, {**project.environ, "GIT_INDEX_FILE": str(elsewhere)})
    with user.staging(elsewhere).lock() as lock:
        lock.replace(changes)
    assert user.do("write-tree") == tree
    assert project.index.read_bytes() == before


@pytest.mark.parametrize("kind", ["plain", "version 4", "split"])
def test_no_index_yet(tmp_path: Path, kind: str) -> None:
    clone = make_clone(tmp_path)
    if kind != "plain":
        clone.do("config", *(("index.version", "4") if kind == "version 4" else ("core.splitIndex", "true")))
    clone.lay("a.yaml", "a\n")
    staging = Staging(clone.git, str(clone.work / ".git/index"), str(clone.work), 20)
    assert staging.lookup(["a.yaml"]) == {"a.yaml": []}
    with staging.lock() as lock:
        lock.replace({"a.yaml": (FILE, clone.blob("a\n"))})
    assert clone.do("diff-files", "--name-only") == ""
    assert clone.do("status", "--porcelain") == "A  a.yaml"


@pytest.mark.parametrize("make", [lambda _: None, version_4], ids=["plain", "version 4"])
def test_file_in_the_place_of_a_folder(project: Clone, make: Callable[[Clone], None]) -> None:
    make(project)
    oid = project.blob("x\n")
    project.apply({"src": (FILE, oid), "zzz/inside": (FILE, oid)})
    assert project.do("ls-files", "src", "zzz") == "src\nzzz/inside"
    project.apply({"src": None, "src/main.c": (FILE, oid)})
    assert project.do("ls-files", "src") == "src/main.c"
    project.do("write-tree")


def test_names_that_git_refuses_are_ignored(project: Clone) -> None:
    oid = project.blob("x\n")
    before = project.index.read_bytes()
    project.apply(dict.fromkeys(("../x", ".git/config", "a//b", "/x", "a/./b", ".GIT", "a/"), (FILE, oid)))
    assert project.index.read_bytes() == before


def test_untouched_entries_and_permissions_stay(project: Clone) -> None:
    project.lay("src/staged.c", "staged\n")
    project.do("add", "src/staged.c")
    project.lay("doc/new.txt", "later\n")
    project.do("add", "-N", "doc/new.txt")
    project.lay("zzz", "edited\n")
    status = project.do("status", "--porcelain", "--", "src", "doc", "zzz")
    project.index.chmod(0o660)
    before = project.do("ls-files", "--debug", "-s", "--", "src", "doc", "zzz")
    project.apply(change_milestones(project)[0])
    assert project.index.stat().st_mode & 0o777 == 0o660
    assert project.do("ls-files", "--debug", "-s", "--", "src", "doc", "zzz") == before
    assert project.do("status", "--porcelain", "--", "src", "doc", "zzz") == status


@pytest.mark.parametrize("make", [lambda _: None, version_4], ids=["plain", "version 4"])
def test_an_edit_in_the_second_of_the_index_is_still_seen(project: Clone, make: Callable[[Clone], None]) -> None:
    """Racy git: same size, same times, other content."""
    make(project)
    when = time.time_ns() - 10 * 10**9
    place = project.work / "src/main.c"
    os.utime(place, ns=(when, when))
    project.do("config", "core.trustctime", "false")
    project.do("update-index", "--refresh")
    place.write_text(place.read_text().upper())
    os.utime(place, ns=(when, when))
    os.utime(project.index, ns=(when, when))
    changes, _, status = change_milestones(project)
    project.apply(changes)
    assert project.do("status", "--porcelain") == f"{status}\n M src/main.c"


def test_a_file_that_is_not_its_blob_is_left_to_git(project: Clone) -> None:
    project.lay(".gitattributes", "*.yaml text eol=crlf\n")
    path = ".milestones/active/a.yaml"
    oid = project.blob("title: A\n")
    project.lay(path, "title: Z\n")
    project.apply({path: (FILE, oid)})
    assert project.do("status", "--porcelain", path) == f"MM {path}"
    (project.work / path).write_bytes(b"title: A\r\n")
    project.apply({path: (FILE, oid)})
    assert project.do("status", "--porcelain", path) == f"M  {path}"


def test_a_damaged_index_is_left_to_git(project: Clone) -> None:
    content = project.index.read_bytes()
    for damaged in (content[:8] + b"\0\0\0\x63" + content[12:], b"DIRC", b"x" * 100):
        project.index.write_bytes(damaged)
        assert parse_index(damaged, 20) is None
        with pytest.raises(GitFailed):
            project.apply({"a": (FILE, project.blob("x"))})
        assert project.index.read_bytes() == damaged
        assert os.listdir(project.index.parent).count("index.lock") == 0


@given(st.binary(max_size=60))
def test_a_damaged_tree_extension_is_dropped_or_kept_whole(tree: bytes) -> None:
    kept = invalidate_tree(tree, 20, [b"a/b"])
    assert kept is None or parse_index(b"DIRC\0\0\0\2\0\0\0\0" + kept, 20) is None


def test_somebody_elses_lock_is_left_alone(project: Clone) -> None:
    lock_file = project.index.with_name("index.lock")
    lock_file.write_bytes(b"theirs")
    before = project.index.read_bytes()
    started = time.monotonic()
    with pytest.raises(LockHeld) as raised, project.staging().lock(seconds=0.2):
        pytest.fail("not to be had")
    assert 0.2 <= time.monotonic() - started < 2
    assert str(lock_file) in raised.value.message
    assert lock_file.read_bytes() == b"theirs"
    assert project.index.read_bytes() == before
    assert find_leftovers(project) == ["index.lock"]


def test_lock_waits_for_its_turn(project: Clone) -> None:
    lock_file = project.index.with_name("index.lock")
    lock_file.write_bytes(b"theirs")
    child = subprocess.Popen(["sh", "-c", f"sleep 0.2; rm '{lock_file}'"])
    with project.staging().lock() as lock:
        assert lock_file.exists()
        assert project.git.run("add", "-A").status != 0
        lock.replace({"zzz": None})
        assert not lock_file.exists()
    assert child.wait() == 0
    assert project.do("status", "--porcelain") == "D  zzz\n?? zzz"


def test_lock_without_a_change_leaves_no_trace(project: Clone) -> None:
    before, names = project.index.read_bytes(), os.listdir(project.index.parent)
    with project.staging().lock():
        pass
    with project.staging().lock() as lock:
        lock.replace({})
        with pytest.raises(ValueError, match="not held"):
            lock.replace({"a": None})
    with pytest.raises(KeyboardInterrupt), project.staging().lock():
        raise KeyboardInterrupt
    assert project.index.read_bytes() == before
    assert os.listdir(project.index.parent) == names


def run_beside(project: Clone, *lines: str) -> subprocess.Popen[bytes]:
    """Another process, that has `staging` and does as the lines say."""
    script = [
        "import os, signal, sys, time",
        "from gitmilestone.store.git import Git",
        "from gitmilestone.store.writing.staging import Staging",
        f"git = Git({str(project.work)!r}, {project.environ!r})",
        f"staging = Staging(git, {str(project.index)!r}, {str(project.work)!r}, 20)",
        *lines,
    ]
    environ = {**os.environ, "PYTHONPATH": str(Path(staging_module.__file__).parents[3])}
    return subprocess.Popen([sys.executable, "-c", "\n".join(script)], env=environ)


def test_the_lock_of_a_killed_owner_is_taken_over(project: Clone) -> None:
    lock_file = project.index.with_name("index.lock")
    die = "os.kill(os.getpid(), signal.SIGKILL)"
    owner = run_beside(project, "staging.lock().__enter__()", "open(staging.path + '.milestone-1', 'x')", die)
    assert owner.wait() == -signal.SIGKILL
    assert lock_file.exists()
    with project.staging().lock(seconds=0.1) as lock:
        lock.replace({"zzz": None})
    assert project.do("status", "--porcelain") == "D  zzz\n?? zzz"
    assert find_leftovers(project) == []


def test_the_lock_of_a_living_owner_is_not(project: Clone) -> None:
    lock_file = project.index.with_name("index.lock")
    owner = run_beside(project, "with staging.lock(): time.sleep(30)")
    while not lock_file.exists():
        time.sleep(0.01)
    with pytest.raises(LockHeld), project.staging().lock(seconds=0.1):
        pytest.fail("not to be had")
    owner.kill()
    owner.wait()
    with project.staging().lock(seconds=0.1):
        assert lock_file.exists()


@pytest.mark.parametrize("make", [lambda _: None, version_4], ids=["plain", "version 4"])
def test_writers_at_once_lose_nothing(project: Clone, make: Callable[[Clone], None]) -> None:
    make(project)
    oid = project.blob("x\n")
    writers = [
        run_beside(
            project,
            "for number in range(8):",
            "    with staging.lock(30) as lock:",
            f"        lock.replace({{f'w{writer}-{{number}}': (0o100644, {oid!r})}})",
        )
        for writer in range(4)
    ]
    for number in range(8):  # git itself takes part; it doesn't wait for a lock
        while project.git.run("update-index", "--add", "--cacheinfo", f"100644,{oid},g-{number}").status != 0:
            time.sleep(0.002)
    assert [writer.wait() for writer in writers] == [0] * 4
    assert len(project.do("ls-files", "w*", "g-*").split("\n")) == 5 * 8
    assert project.do("ls-files", "src", "doc", "zzz") == "doc/guide.txt\nsrc/main.c\nzzz"
    assert not project.index.with_name("index.lock").exists()


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)


@pytest.mark.usefixtures("no_links")
def test_a_file_system_without_hard_links(project: Clone) -> None:
    changes, tree, status = change_milestones(project)
    lock_file = project.index.with_name("index.lock")
    lock_file.write_bytes(b"theirs")
    with pytest.raises(LockHeld), project.staging().lock(seconds=0.01):
        pytest.fail("not to be had")
    assert lock_file.read_bytes() == b"theirs"
    lock_file.unlink()
    project.apply(changes)
    assert_staged(project, tree, status)


@pytest.mark.parametrize(("code", "error"), [(28, StorageFull), (30, EnvironmentFault)])
def test_a_write_that_fails_leaves_the_old_index(
    project: Clone, monkeypatch: pytest.MonkeyPatch, code: int, error: type[Exception]
) -> None:
    before, names = project.index.read_bytes(), os.listdir(project.index.parent)
    changes = change_milestones(project)[0]

    def fail(*_: object) -> None:
        raise OSError(code, "no")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(error):
        project.apply(changes)
    assert project.index.read_bytes() == before
    assert sorted(os.listdir(project.index.parent)) == sorted(names)
