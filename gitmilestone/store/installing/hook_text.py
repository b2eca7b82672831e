"""What an installed hook says: a shell function that leaves at once where no milestone is concerned.

The part of it that decides is a file of `hooks/`; around it stands where our executable is, and what happens without.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import os
import re
import shlex
from typing import NamedTuple

CLIENT = (
    "pre-commit", "prepare-commit-msg", "commit-msg", "post-commit",
    "post-checkout", "post-merge", "post-rewrite", "pre-push",
)  # fmt: skip
SERVER = ("pre-receive", "update")

BEFORE = "-before-milestone"
"""Behind the name of somebody else's hook that could not take a block; no dot: node goes by what stands behind one."""
FOLDER = "-milestone"
"""Behind the name of the folder of hooks: beside it lie links to those, by the names that they had, and to all that lay
around them."""

BEGIN, END = b"# >>> git milestone >>>\n", b"# <<< git milestone <<<\n"
_WHOLE = b"# This whole file is git milestone's.\n"
_SHEBANG = b"#!/bin/sh\n"
_SHELLS = ("sh", "bash", "dash", "ash", "ksh", "mksh", "zsh")

_CALLED = re.compile(rb"__hook ([a-z-]+) ")
_OWN_FILE = re.compile(rb"\$0|\$\{0|BASH_SOURCE|ZSH_SCRIPT|ZSH_ARGZERO|:-%x")
_OWN_NAME = re.compile(
    rb"\b(?:dirname|basename|readlink|realpath)(?:\s+-\S+)*\s+\"?(?:\$0\b|\$\{0\}|\$\{?BASH_SOURCE(?:\[0\])?\}?)"
    rb"|\$\{(?:0|BASH_SOURCE(?:\[0\])?)[%#][^}]*\}"
)
"""How a script asks where it lies, which a block in it does not change."""

_VALIDATING = {
    **dict.fromkeys(("pre-commit", "commit-msg", "pre-push"), "install it again, or pass --no-verify"),
    **dict.fromkeys(SERVER, "the push is refused until it is installed on this server"),
}
"""What helps where nothing can be checked: these refuse then, and the others let git go on."""

_OWN_WRITES = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit")
"""What `git commit` runs, and our own commits too, which have been checked and need no trailer."""

_LEAVE_OWN_WRITES = (
    'case ${GIT_MILESTONE_WRITING-} in ?*) [ "$GIT_MILESTONE_WRITING" -ef "${GIT_DIR:-.git}" ] && return 0 ;; esac'
)
"""The variable names the git directory: what a hook of the user commits elsewhere is no write of ours."""

_READING = ("post-rewrite", "pre-push", "pre-receive")
"""What learns from its standard input what was rewritten or is pushed; who comes behind it reads the same."""

# Newer gits ask our own textconv whether a file differs.
_DIFF = "git diff --quiet --no-ext-diff --no-textconv"
_SKIPS = {
    "pre-commit": f"{_DIFF} --cached -- .milestones || ",
    "prepare-commit-msg": '[ ! -s "${1%/*}/milestone/current" ] || ',
    "commit-msg": '! grep -qi "^milestone" "$1" || ',
    "post-merge": f"{_DIFF} ORIG_HEAD HEAD -- .milestones || ",
    "post-rewrite": f'[ "$1" != rebase ] || {_DIFF} ORIG_HEAD HEAD -- .milestones || ',
    "pre-push": "",
}
"""What lets a line go where no milestone is concerned, for those that stand among somebody else's."""

_FRAME = """\
milestone() {{
{leaving}
    if [ -x {program} ]; then
        {program} __hook {name} "$@"{feed}
    elif command -v git-milestone >/dev/null; then
        git-milestone __hook {name} "$@"{feed}
    else
        echo {missing} >&2
        {otherwise}
    fi{finally_}
}}
"""
_FEED = " <<MILESTONE\n$milestone_input\nMILESTONE"
_TAKE_INPUT = "milestone_input=$(cat)\n"
_GIVE_INPUT = """\
if [ -n "$milestone_input" ]; then
    exec <<MILESTONE
$milestone_input
MILESTONE
else
    exec </dev/null
fi
"""
_THEIRS = """\
milestone_hooks=${{0%/*}}
if [ -x "$milestone_hooks/{name}{before}" ]; then
    # As deep and with the same neighbours as it was, for those that go by their own name and place.
    [ ! -x "${{milestone_hooks%/}}{folder}/{name}" ] || exec "${{milestone_hooks%/}}{folder}/{name}" "$@"
    exec "$milestone_hooks/{name}{before}" "$@"
fi
"""

CARRIED = ("post-commit", "post-checkout", "post-merge", "pre-push")
"""Where git-lfs wants a hook of its own, and goes without a word where it finds another file."""

_HAS_LFS = """\
milestone_has_lfs() {
    git config --local lfs.repositoryformatversion >/dev/null || [ -d "$(git rev-parse --git-common-dir)/lfs" ]
}
"""
_LFS = """\
if command -v git-lfs >/dev/null && milestone_has_lfs; then
    git lfs {name} "$@" || exit $?
fi
"""
_LFS_PUSH = """\
if [ -n "$milestone_input" ] && milestone_has_lfs; then
    if ! command -v git-lfs >/dev/null; then
        echo "git-lfs is not on PATH, and nothing of what it keeps would be uploaded: install it" >&2
        exit 2
    fi
    git lfs pre-push "$@" <<MILESTONE || exit $?
$milestone_input
MILESTONE
fi
"""


class Split(NamedTuple):
    """A hook's file with our block in it.

    Attributes:
        rest: The file without it, byte for byte.
        block: Ours.
        is_whole: Whether the file was made by us.
    """

    rest: bytes
    block: bytes
    is_whole: bool

    @property
    def name(self) -> str:
        """Of the hook, whatever the file is called by now."""
        found = _CALLED.search(self.block)
        return found[1].decode() if found else ""

    @property
    def has_put_aside(self) -> bool:
        """Whether there was a hook in its place that could not take a block."""
        return self.is_whole and BEFORE.encode() in self.block

    @property
    def is_ours_alone(self) -> bool:
        """Whether nobody has written anything into a file that we made."""
        return self.is_whole and self.rest == _SHEBANG


def compose_command(name: str, program: str, stubs: str) -> str:
    """What git's configuration runs, with the hook's arguments behind it.

    Args:
        program: Absolute path of our executable.
        stubs: The folder of the parts that decide.
    """
    take = _TAKE_INPUT if name in _READING else ""
    return f"{take}{_compose_function(name, program, stubs)}milestone"


def compose_block(name: str, program: str, stubs: str) -> bytes:
    """What stands in a shell script, in front of all that it does."""
    take, give = (_TAKE_INPUT, _GIVE_INPUT) if name in _READING else ("", "")
    text = f'{take}{_compose_function(name, program, stubs)}milestone "$@" || exit $?\n{give}'
    said = b"# `git milestone hooks install` wrote this, and `git milestone hooks uninstall` removes it.\n"
    return BEGIN + said + os.fsencode(text) + END


def compose_whole(block: bytes, name: str, is_before_another: bool) -> bytes:
    """The block of a file that we make; behind it runs what was there before and was put aside, as git would run it.

    Where there was nothing, what git-lfs would have put there, once it is used here.
    """
    theirs = ""
    if is_before_another:
        theirs = _THEIRS.format(name=name, before=BEFORE, folder=FOLDER)
    elif name in CARRIED:
        theirs = _HAS_LFS + (_LFS_PUSH if name in _READING else _LFS.format(name=name))
    return BEGIN + _WHOLE + block.removeprefix(BEGIN).removesuffix(END) + theirs.encode() + END


def compose_line(name: str) -> str:
    """What calls our hook from a shell script of somebody else, which others have who may not have our program.

    It has no single quotes, and nothing that YAML would take for its own.
    """
    is_refusing = name == "pre-commit"  # of the others nobody knows whether they concern a milestone
    missing = "install it or pass --no-verify" if is_refusing else f"and {name} did nothing"
    call = f'git milestone __hook {name} "$@" || {"exit" if name in _VALIDATING else ":"}'
    otherwise = f'echo "git milestone is missing, {missing}" >&2{"; exit 1" if is_refusing else ""}'
    return f"{_SKIPS[name]}if command -v git-milestone >/dev/null; then {call}; else {otherwise}; fi"


def make_file(whole: bytes) -> bytes:
    return _SHEBANG + whole


def insert(content: bytes, block: bytes) -> bytes:
    """A shell script with the block behind its first line, before anything can end it."""
    first, newline, rest = content.partition(b"\n")
    return first + b"\n" + (block + rest if newline else block.removesuffix(b"\n"))


def split(content: bytes) -> Split | None:
    """None where there is no block of ours."""
    last = END.rstrip(b"\n")
    start = content.find(BEGIN)
    end = content.find(last, start)
    if start < 0 or end < 0:
        return None
    is_unended = content[end:] == last  # then the line end before it came with it
    block = content[start : end + len(END)]
    rest = content[: start - is_unended] + content[end + len(END) :]
    return Split(rest, block, _WHOLE in block)


def takes_block(content: bytes) -> bool:
    """Whether this is a shell script, of which the shell alone reads every line.

    Not one that hands itself on to another program (`exec python "$0"`), nor one that reads on in its own file.
    """
    return _is_shell_script(content) and not _OWN_FILE.search(_OWN_NAME.sub(b"", content))


def _is_shell_script(content: bytes) -> bool:
    first, _, _ = content.partition(b"\n")
    if not first.startswith(b"#!") or first.endswith(b"\r") or b"\0" in content:
        return False
    words = first[2:].decode("utf-8", "replace").split()
    if words and os.path.basename(words[0]) == "env":
        words = [word for word in words[1:] if not word.startswith("-")]
    return bool(words) and os.path.basename(words[0]) in _SHELLS


def _compose_function(name: str, program: str, stubs: str) -> str:
    with open(os.path.join(stubs, name), encoding="utf-8") as file:
        lines = file.read().splitlines()
    if name in _OWN_WRITES:
        lines.insert(1, _LEAVE_OWN_WRITES)
    hint = _VALIDATING.get(name)
    missing = f"git milestone: {program} is gone, and {name} did nothing"
    if hint:
        missing = f"git milestone: {program} is gone, and the milestones cannot be checked: {hint}"
    return _FRAME.format(
        leaving="\n".join(_indent(lines)),
        program=shlex.quote(program),
        name=name,
        feed=_FEED if name in _READING else "",
        missing=shlex.quote(missing),
        otherwise="return 1" if hint else "return 0",
        finally_="" if hint else " || return 0",
    )


def _indent(lines: list[str]) -> list[str]:
    """What is fed to a loop stands at the beginning of its line."""
    kept = ("MILESTONE", "$milestone_input")
    return [line if line in kept else f"    {line}" for line in lines]
