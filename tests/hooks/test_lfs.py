"""git-lfs goes without a word where it finds a hook that is not its own: ours do its work then."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.operations.checking.hooks import get_hook_status, install_hooks, uninstall_hooks
from tests.hooks.conftest import Said, install
from tests.repositories import Clone, run_git
from tests.store.installing.test_hook_files import in_files

Run = Callable[..., Said]

NAMES = ("pre-push", "post-checkout", "post-commit", "post-merge")
STAND_IN = """\
#!/bin/sh
# As git-lfs does it: a hook that is there, and not its own, is passed over; `track` says nothing of it.
status=0
install() {
    for name in pre-push post-checkout post-commit post-merge; do
        place=$(git rev-parse --git-path hooks)/$name
        text=$(printf '#!/bin/sh\\ngit lfs %s "$@"' "$name")
        if [ -e "$place" ] && [ "$(cat "$place")" != "$text" ]; then status=2; continue; fi
        mkdir -p "${place%/*}"; printf '%s\\n' "$text" > "$place"; chmod +x "$place"
    done
}
case $1 in
    track) git config lfs.repositoryformatversion 0; install; echo '*.bin filter=lfs' >> .gitattributes; exit 0 ;;
    update) install; exit $status ;;
    *) echo "$@" >> "$TOLD"; [ "$1" != pre-push ] || cat >> "$TOLD"; exit ${LFS_STATUS:-0} ;;
esac
"""


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the stand-in for git-lfs, which is on PATH, was called with."""
    place = tmp_path / "lfs" / "git-lfs"
    place.parent.mkdir()
    place.write_text(STAND_IN)
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    return tmp_path / "told"


def read(told: Path) -> list[str]:
    lines = told.read_text().splitlines() if told.exists() else []
    told.unlink(missing_ok=True)
    return lines


@pytest.fixture
def server(hooked: Clone, tmp_path: Path) -> Path:
    run_git("init", "-q", "--bare", str(tmp_path / "server.git"))
    hooked.git("remote", "add", "origin", str(tmp_path / "server.git"))
    return tmp_path / "server.git"


@in_files
def test_its_work_is_done_once_it_is_used_here(hooked: Clone, server: Path, told: Path, run: Run) -> None:
    hooked.git("commit", "-q", "--allow-empty", "-m", "before")
    assert run(hooked, "push", "-q", "origin", "main").status == 0
    assert read(told) == []  # nobody has asked for it yet
    hooked.git("lfs", "track", "*.bin")
    hooked.git("add", ".gitattributes")
    hooked.git("commit", "-qm", "large files")
    assert read(told) == ["post-commit"]
    old, new = hooked.git("rev-parse", "origin/main"), hooked.head
    assert run(hooked, "push", "-q", "origin", "main") == Said(0, "")
    assert read(told) == [f"pre-push origin {server}", f"refs/heads/main {new} refs/heads/main {old}"]
    hooked.git("switch", "-q", "-c", "side")
    assert read(told) == [f"post-checkout {new} {new} 1"]
    hooked.git("commit", "-q", "--allow-empty", "-m", "side")
    hooked.git("switch", "-q", "main")
    told.unlink()
    hooked.git("merge", "-q", "side")
    assert read(told) == ["post-merge 0"]


@in_files
def test_what_it_can_not_upload_stops_the_push(hooked: Clone, server: Path, told: Path, run: Run) -> None:
    hooked.git("lfs", "track", "*.bin")
    assert run(hooked, "push", "-q", "origin", "main", LFS_STATUS="2").status != 0
    without = os.pathsep.join(
        path for path in os.environ["PATH"].split(os.pathsep) if not os.path.exists(f"{path}/git-lfs")
    )
    if shutil.which("git", path=without):
        said = run(hooked, "push", "-q", "origin", "main", PATH=without)
        assert said.status != 0
        assert "git-lfs is not on PATH" in said.out
    assert not list((server / "refs" / "heads").iterdir())
    assert run(hooked, "push", "-q", "origin", "main").status == 0


@in_files
def test_a_push_that_ours_refuses_uploads_nothing(
    hooked: Clone, server: Path, told: Path, run: Run, lay: Callable[..., Path]
) -> None:
    hooked.git("lfs", "track", "*.bin")
    lay(hooked, "active/bad.yaml", "schema: 1\n\ntitle: Bad\n\nstatus: nonsense\n")
    hooked.git("add", ".")
    hooked.git("commit", "-q", "--no-verify", "-m", "bad")
    read(told)
    assert run(hooked, "push", "-q", "origin", "main").status != 0
    assert read(told) == []


@in_files
def test_its_own_hooks_are_left_to_do_it(clone: Clone, program: Path, told: Path, run: Run, tmp_path: Path) -> None:
    clone.git("lfs", "track", "*.bin")
    before = {name: (clone.git_dir / "hooks" / name).read_bytes() for name in NAMES}
    install(clone, program)
    run_git("init", "-q", "--bare", str(tmp_path / "server.git"))
    assert run(clone, "push", "-q", str(tmp_path / "server.git"), "main").status == 0
    pushes = [line for line in read(told) if line.startswith("pre-push")]
    assert pushes == [f"pre-push {tmp_path / 'server.git'} {tmp_path / 'server.git'}"]
    with clone.store() as store:
        uninstall_hooks(store)
    assert {name: (clone.git_dir / "hooks" / name).read_bytes() for name in NAMES} == before


@in_files
def test_a_linked_worktree_pushes_them_too(hooked: Clone, server: Path, told: Path, run: Run, tmp_path: Path) -> None:
    hooked.git("lfs", "track", "*.bin")
    hooked.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    read(told)
    assert run(Clone(tmp_path / "linked"), "push", "-q", "origin", "side").status == 0
    assert read(told)[0] == f"pre-push origin {server}"


@in_files
def test_the_status_says_so_and_an_uninstall_gives_its_place_back(hooked: Clone, program: Path, told: Path) -> None:
    def notes() -> set[str]:
        with hooked.store() as store:
            return {hook.name for hook in get_hook_status(store, str(program)).hooks if "git-lfs" in hook.note}

    assert notes() == set()
    hooked.git("lfs", "track", "*.bin")
    assert notes() == {*NAMES}
    with hooked.store() as store:
        report = uninstall_hooks(store)
    assert not any(hook.note for hook in report.hooks)
    hooks = hooked.git_dir / "hooks"
    assert {path.name for path in hooks.iterdir()} >= {*NAMES}
    assert all("git lfs" in (hooks / name).read_text() for name in NAMES)
    with hooked.store() as store:
        install_hooks(store, str(program))
    hooked.git("commit", "-q", "--allow-empty", "-m", "after")
    assert read(told) == ["post-commit"]


@in_files
@pytest.mark.frameworks
def test_the_real_one_uploads(hooked: Clone, server: Path, run: Run) -> None:
    if shutil.which("git-lfs") is None:
        pytest.skip("git-lfs is not installed")
    hooked.git("lfs", "install", "--skip-repo")
    hooked.git("lfs", "track", "*.bin")
    (hooked.path / "a.bin").write_bytes(bytes(range(256)))
    hooked.git("add", ".")
    hooked.git("commit", "-qm", "large files")
    said = run(hooked, "push", "-q", "origin", "main")
    assert said.status == 0, said.out
    assert [path for path in (server / "lfs" / "objects").rglob("*") if path.is_file()]
    # Its filter is on other files, and ours are written.
    assert hooked.new("after")
    with hooked.store() as store:
        uninstall_hooks(store)
    assert "git lfs pre-push" in (hooked.git_dir / "hooks" / "pre-push").read_text()
