"""git's drivers for milestones, of one clone: how it merges their files, how it shows them, what `git mergetool` runs.

git's configuration says what to run, and `.milestones/.gitattributes` for which files; where that is from before there
were drivers, `info/attributes` says it for this clone.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
from typing import TYPE_CHECKING, Literal, NamedTuple

from gitmilestone.model.layout import FOLDERS, ROOT
from gitmilestone.store.git import Git

if TYPE_CHECKING:
    from gitmilestone.store.store import Store

MERGED, DISPUTED, UNDONE = 0, 3, 4
"""Exit statuses of our merge program. Not 1: that is Python's own for a program that can't even be loaded."""

NAME = "milestone"
_ANCESTORS = "milestone-ancestors"
_BEGIN, _END = b"# >>> git milestone >>>\n", b"# <<< git milestone <<<\n"
_KINDS = ("merge", "diff")


class DriverStatus(NamedTuple):
    """Attributes:
    state: `outdated` says something else than this version would, the program's place for example.
    merges, shows: Whether git uses the drivers for milestones' files: the attributes may name others.
    """

    state: Literal["installed", "outdated", "absent"]
    merges: bool
    shows: bool


def install_drivers(store: "Store", program: str) -> bool:
    """Lets git merge and show milestones with our program; False where nothing was to change.

    Args:
        program: Absolute path of our executable. Where it is gone one day, the one on PATH serves, and without any
            git merges lines, and shows files as they are.
    """
    git = store.git
    known, wanted = _read_config(git), compose_config(program)
    changed = {key: value for key, value in wanted.items() if known.get(key) != value}
    for key, value in changed.items():
        git.check("config", "--local", "--replace-all", key, value)
    return _install_attributes(store) or bool(changed)


def remove_drivers(store: "Store") -> bool:
    """Takes back what `install_drivers` did; False where there was nothing."""
    git = store.git
    known = [key for key in compose_config("") if key in _read_config(git)]
    for key in known:
        git.check("config", "--local", "--unset-all", key)
    path, content = _read_attributes(store)
    rest = _without_block(content)
    if rest != content:
        _write_attributes(path, rest)
    return bool(known) or rest != content


def describe_drivers(store: "Store", program: str) -> DriverStatus:
    """What is installed, compared with what `install_drivers` would do."""
    known, wanted = _read_config(store.git), compose_config(program)
    there = {key: known[key] for key in wanted if key in known}
    used = _read_used(store.git)
    state: Literal["installed", "outdated", "absent"] = "outdated" if there else "absent"
    return DriverStatus(
        "installed" if there == wanted else state, merges=used["merge"] == NAME, shows=used["diff"] == NAME
    )


def compose_config(program: str) -> dict[str, str]:
    """What git's configuration says while the drivers are installed; the keys are in lower case, as git lists them."""
    show = _call(program, '__textconv "$1"')
    return {
        f"merge.{NAME}.name": "milestones, field by field",
        f"merge.{NAME}.driver": _compose_merge(program, "branches"),
        # Of two branches that have merged each other before, git merges the ancestors first.
        f"merge.{NAME}.recursive": _ANCESTORS,
        f"merge.{_ANCESTORS}.name": "milestones, for a common ancestor",
        f"merge.{_ANCESTORS}.driver": _compose_merge(program, "ancestors"),
        f"diff.{NAME}.textconv": f'show() {{ {{ {show}; }} 2>/dev/null || cat "$1"; }}; show',
        f"diff.{NAME}.xfuncname": "^(title: .*)$",
        f"mergetool.{NAME}.cmd": _call(program, 'resolve -- "$MERGED"'),
        f"mergetool.{NAME}.trustexitcode": "true",
    }


def _compose_merge(program: str, what: str) -> str:
    merge = _call(program.replace("%", "%%"), f"__merge {what} -- %O %A %B %L %P %S %X %Y")
    # Whatever has become of the program, the files are as git made them unless it says that it is done.
    lines = "git merge-file --marker-size=%L -L ours -L base -L theirs %A %O %B || exit 1"
    return f"{merge}; case $? in {MERGED}) exit 0;; {DISPUTED}) exit 1;; esac; {lines}"


def _call(program: str, arguments: str) -> str:
    """A shell of its own, whose name is all that it says in front of why it can't run the program."""
    import shlex

    find = f'p={shlex.quote(program)}; test -x "$p" || p=git-milestone; exec "$p" "$@"'
    return f"sh -c {shlex.quote(find)} git-milestone {arguments}"


def _read_config(git: Git) -> dict[str, str]:
    """This repository's own configuration."""
    listed = git.run("config", "--local", "--null", "--list").stdout.decode("utf-8", "surrogateescape")
    return {key: value for key, _, value in (item.partition("\n") for item in listed.split("\0"))}


def _read_used(git: Git) -> dict[str, str]:
    """The drivers that the attributes name for a milestone's file; `unspecified` where they name none."""
    said = git.check("check-attr", "-z", *_KINDS, "--", f"{ROOT}/{FOLDERS[0]}/x.yaml").decode().split("\0")
    return dict(zip(said[1::3], said[2::3], strict=True))


def _install_attributes(store: "Store") -> bool:
    path, content = _read_attributes(store)
    rest = _without_block(content)
    if rest != content:
        # As it is without us.
        _write_attributes(path, rest)
    missing = [kind for kind, driver in _read_used(store.git).items() if driver == "unspecified"]
    if missing:
        words = " ".join(f"{kind}={NAME}" for kind in missing)
        lines = "".join(f"{ROOT}/{folder}/** {words}\n" for folder in FOLDERS)
        # In front: what the user has written there counts more, and stays byte for byte.
        rest = _BEGIN + lines.encode() + _END + rest
        _write_attributes(path, rest)
    return rest != content


def _read_attributes(store: "Store") -> tuple[str, bytes]:
    path = os.path.join(store.repository.common_dir, "info", "attributes")
    try:
        with open(path, "rb") as file:
            return path, file.read()
    except FileNotFoundError:
        return path, b""


def _without_block(content: bytes) -> bytes:
    before, begin, rest = content.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    return before + after if begin and end else content


def _write_attributes(path: str, content: bytes) -> None:
    """Through a link, which may lead to a file that several repositories share."""
    from gitmilestone.store.installing.replace import replace_file
    from gitmilestone.store.locks import refuse_unwritable
    from gitmilestone.store.objects import remove_if_present

    try:
        if not content and not os.path.islink(path):
            remove_if_present(path)
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        replace_file(os.path.realpath(path), content)
    except OSError as error:
        raise refuse_unwritable(error, path) from error
