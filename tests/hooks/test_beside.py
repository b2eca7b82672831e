"""Others' hooks run beside ours as they ran before, with real commits."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gitmilestone.operations.checking.hooks import get_hook_status, uninstall_hooks
from gitmilestone.store.installing.hook_text import takes_block
from tests.hooks.conftest import Said, install
from tests.repositories import Clone
from tests.store.installing.test_hook_files import in_files, snapshot

pytestmark = in_files

Run = Callable[..., Said]

SHELL = "#!/bin/sh\n"
PYTHON = f"#!{sys.executable} -IS\nimport os, sys\nfrom pathlib import Path\n"
NODE = f"#!{shutil.which('node') or '/no/node'}\n"

HOOKS: dict[str, str] = {
    "sh that is Python": f"{SHELL}'''exec' \"{sys.executable}\" -IS \"$0\" \"$@\"\n' '''\nprint('theirs')\n",
    "sh that reads its own end": f'{SHELL}tail -n +4 "$0" | sh\nexit $?\necho theirs\n',
    "sh that cuts its own end": f"{SHELL}sed -n '1,/^EN[D]/!p' \"$0\" >&2\nexit 0\nEND\ntheirs\n",
    "bash by its source": '#!/bin/bash\n. "${BASH_SOURCE[0]%/*}/lib.sh"\n',
    "sh with a library": f'{SHELL}. "$(dirname "$0")/lib.sh"\n',
    "sh that goes by its name": f'{SHELL}case $(basename -- "$0") in pre-commit) echo theirs ;; esac\n',
    "sh that goes to the top": f'{SHELL}cd "$(dirname "$0")/../.." && [ -f readme ] && echo theirs\n',
    "Python with a neighbour": f"{PYTHON}exec((Path(__file__).parent / 'lib.py').read_text())\n",
    "Python that counts folders": f"{PYTHON}print('theirs', Path(sys.argv[0]).absolute().parents[2] == Path.cwd())\n",
    "Python at the end of its links": f"{PYTHON}exec((Path(__file__).resolve().parent / 'lib.py').read_text())\n",
    "Perl with a neighbour": '#!/usr/bin/perl\nuse FindBin; do "$FindBin::Bin/lib.pl" or die;\n',
    "node with a neighbour": f"{NODE}require('./lib.cjs')\n",
    "node as a module": f"{NODE}import './lib.cjs'\n",
}
LIBRARIES = {
    "lib.sh": "echo theirs\n",
    "lib.py": "print('theirs')\n",
    "lib.pl": 'print STDERR "theirs\\n"; 1;\n',
    "lib.cjs": "console.error('theirs')\n",
}


def write(path: Path, text: str, mode: int = 0o755) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def uninstall(clone: Clone) -> None:
    with clone.store() as store:
        uninstall_hooks(store)


def commit(clone: Clone, run: Run) -> Said:
    return run(clone, "commit", "-q", "--allow-empty", "-m", "code")


@pytest.mark.parametrize("is_link", [False, True])
@pytest.mark.parametrize("kind", HOOKS)
def test_it_finds_itself_and_its_neighbours(clone: Clone, program: Path, run: Run, kind: str, is_link: bool) -> None:
    interpreter = HOOKS[kind].partition("\n")[0].removeprefix("#!").split()[0]
    if not os.path.exists(interpreter):
        pytest.skip(f"there is no {interpreter}")
    hooks = clone.git_dir / "hooks"
    for name, text in LIBRARIES.items():
        write(hooks / name, text, 0o644)
        write(clone.path / "tools" / name, text, 0o644)
    if kind == "node as a module":
        write(clone.path / "package.json", '{"type": "module"}\n', 0o644)
    if is_link:
        write(clone.path / "tools" / "their-hook", HOOKS[kind])
        (hooks / "pre-commit").symlink_to("../../tools/their-hook")
    else:
        write(hooks / "pre-commit", HOOKS[kind])
    before = snapshot(clone.git_dir / "hooks")
    told = commit(clone, run)
    assert (told.status, told.out.split()[:1]) == (0, ["theirs"])
    install(clone, program)
    assert commit(clone, run) == told
    (clone.path / ".milestones" / "active").mkdir(exist_ok=True)
    write(clone.path / ".milestones" / "active" / "bad.yaml", "title\n", 0o644)
    clone.git("add", ".milestones")
    assert run(clone, "commit", "-qm", "bad").status == 1
    uninstall(clone)
    assert snapshot(clone.git_dir / "hooks") == before
    assert not (clone.git_dir / "hooks-milestone").exists()


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ('exec python "$0"\n', False),
        ('head -3 "${0}"\n', False),
        ('. "${BASH_SOURCE[0]}.d"\n', False),
        ('exec "$(dirname "$0")/other" "$@"\n', True),
        ('here=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)\n', True),
        ('cd "${0%/*}"; name=${0##*/}; $name "$1" "$@"\n', True),
        ('me=$(readlink -f "$0")\n', True),
        ("\0\n", False),
    ],
)
def test_who_reads_his_own_file_gets_nothing_into_it(text: str, takes: bool) -> None:
    assert takes_block(f"{SHELL}{text}".encode()) == takes
    assert not takes_block(f"#!/usr/bin/python3\n{text}".encode())


def test_neighbours_that_come_later_are_linked_by_another_install(clone: Clone, program: Path, run: Run) -> None:
    hooks = clone.git_dir / "hooks"
    write(hooks / "pre-commit", HOOKS["Python with a neighbour"])
    install(clone, program)
    assert commit(clone, run).status == 1
    write(hooks / "lib.py", LIBRARIES["lib.py"], 0o644)
    with clone.store() as store:
        assert {hook.state for hook in get_hook_status(store, str(program)).hooks} == {"installed", "outdated"}
    install(clone, program)
    assert commit(clone, run) == Said(0, "theirs\n")
    (hooks / "lib.py").unlink()
    install(clone, program)
    assert sorted(path.name for path in (clone.git_dir / "hooks-milestone").iterdir()) == [".gitignore", "pre-commit"]


def test_a_folder_that_is_a_link(clone: Clone, program: Path, run: Run) -> None:
    """Beside the link there is nothing; it runs all the same."""
    shutil.rmtree(clone.git_dir / "hooks", ignore_errors=True)
    write(clone.git_dir / "others" / "pre-commit", f"{PYTHON}print('theirs')\n")
    (clone.git_dir / "hooks").symlink_to("others")
    install(clone, program)
    assert commit(clone, run) == Said(0, "theirs\n")


def test_a_folder_in_the_work_tree_stays_unseen(clone: Clone, program: Path, run: Run) -> None:
    write(clone.path / ".mine" / "pre-commit", f"{PYTHON}print('theirs')\n")
    clone.git("config", "core.hooksPath", ".mine")
    clone.git("config", "core.excludesFile", str(clone.git_dir / "excluded"))
    (clone.git_dir / "excluded").write_text("/.mine/\n")
    install(clone, program)
    assert commit(clone, run) == Said(0, "theirs\n")
    assert clone.status() == ""
    uninstall(clone)
    assert not (clone.path / ".mine-milestone").exists()


def test_what_was_put_aside_before_is_not_overwritten(clone: Clone, program: Path) -> None:
    hooks = clone.git_dir / "hooks"
    write(hooks / "pre-commit", f"{PYTHON}print('theirs')\n")
    write(hooks / "pre-commit-before-milestone", "older\n")
    before = snapshot(hooks)
    with clone.store() as store:
        states = {hook.name: hook.state for hook in get_hook_status(store, str(program)).hooks}
    assert states["pre-commit"] == "blocked"
    assert snapshot(hooks) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
@pytest.mark.parametrize("text", [f"{SHELL}exit 0\n", f"{PYTHON}"])
def test_the_owner_stays(clone: Clone, program: Path, text: str) -> None:
    path = clone.git_dir / "hooks" / "pre-commit"
    write(path, text, 0o750)
    os.chown(path, 1234, 2345)
    install(clone, program)
    theirs = path if text.startswith(SHELL) else path.with_name("pre-commit-before-milestone")
    for place in (theirs, path):
        found = place.stat()
        assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 2345, 0o750)
        uninstall(clone)
