"""Tree objects as bytes: read in one pass of a regular expression, edited by splicing.

A tree that names 100,000 files is several megabytes; making an object of each entry to change one costs
more than the whole rest of a commit.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from gitmilestone.errors import UnsafePath
from gitmilestone.model.layout import ROOT

DEEPEST = 4
"""Folders below `.milestones/` that are looked into; two levels of shards are the most there are."""

FILE_MODE = 0o100644
TREE_MODE = 0o040000
_SUBMODULE_MODE = 0o160000
_MODE_BEFORE = re.compile(rb"(?:100644|40000|100755|120000|160000|100664)\Z")
_MODE = re.compile(rb"\d+ ")
_PATTERNS = {length: re.compile(rb"(\d+) ([^\0]+)\0(.{%d})" % length, re.DOTALL) for length in (20, 32)}


class TreeEntry(NamedTuple):
    mode: int
    name: bytes
    oid: str

    @property
    def is_tree(self) -> bool:
        return self.mode == TREE_MODE


def iter_entries(content: bytes, oid_length: int) -> Iterator[TreeEntry]:
    for found in _PATTERNS[oid_length].finditer(content):
        yield TreeEntry(int(found[1], 8), found[2], found[3].hex())


def find_entry(content: bytes, name: bytes, oid_length: int) -> TreeEntry | None:
    span = _find_span(content, name, oid_length)
    if span is None:
        return None
    found = _PATTERNS[oid_length].match(content, span[0])
    return TreeEntry(int(found[1], 8), name, found[3].hex()) if found else None


def _find_span(content: bytes, name: bytes, oid_length: int) -> tuple[int, int] | None:
    """Where an entry stands: a mode and a name are more than what could by chance stand inside an oid."""
    if b" " not in name:
        space = content.find(b" " + name + b"\0")
        if space < 0:
            return None
        mode = _MODE_BEFORE.search(content, max(space - 6, 0), space)
        # Another entry's name may hold the same bytes ("x 100644 NAME"): it then has its own mode in front.
        if mode and not _MODE.search(content, content.rfind(b"\0", 0, mode.start()) + 1, mode.start()):
            return mode.start(), space + len(name) + 2 + oid_length
    for found in _PATTERNS[oid_length].finditer(content):
        if found[2] == name:
            return found.span()
    return None


def splice(content: bytes, name: bytes, entry: tuple[int, str] | None, oid_length: int) -> bytes:
    """The tree with `name` set to (mode, oid), or without it."""
    span = _find_span(content, name, oid_length)
    written = b"" if entry is None else b"%o %s\0" % (entry[0], name) + bytes.fromhex(entry[1])
    if span is not None:
        found = _PATTERNS[oid_length].match(content, span[0])
        was_tree = found is not None and int(found[1], 8) == TREE_MODE
        if entry is None or was_tree == (entry[0] == TREE_MODE):
            return content[: span[0]] + written + content[span[1] :]
        content = content[: span[0]] + content[span[1] :]
    if entry is None:
        return content
    start = _insertion_point(content, _sort_key(name, entry[0]), oid_length)
    return content[:start] + written + content[start:]


def _sort_key(name: bytes, mode: int) -> bytes:
    return name + b"/" if mode == TREE_MODE else name


def _insertion_point(content: bytes, key: bytes, oid_length: int) -> int:
    for found in _PATTERNS[oid_length].finditer(content):
        name = found[2]
        if (name + b"/" if found[1] == b"40000" else name) > key:
            return found.start()
    return len(content)


def build(entries: Mapping[bytes, tuple[int, str]]) -> bytes:
    """A whole tree from its entries."""
    ordered = sorted(entries.items(), key=lambda item: _sort_key(item[0], item[1][0]))
    return b"".join(b"%o %s\0" % (mode, name) + bytes.fromhex(oid) for name, (mode, oid) in ordered)


Changes = Mapping[str, tuple[int, str] | None]


def edit_tree(
    root: str | None,
    changes: Changes,
    get_tree: Callable[[str], bytes],
    write_tree: Callable[[bytes], str],
    oid_length: int,
) -> str | None:
    """Rewrites only the trees on the changed paths; returns the new root, None where nothing is left.

    Args:
        root: Oid of the tree to start from; None is the empty one.
        changes: Path -> (mode, oid), or None to remove.
    """
    here: dict[bytes, tuple[int, str] | None] = {}
    below: dict[str, dict[str, tuple[int, str] | None]] = {}
    for path, entry in changes.items():
        name, slash, rest = path.partition("/")
        if slash:
            below.setdefault(name, {})[rest] = entry
        else:
            here[name.encode("utf-8", "surrogateescape")] = entry
    content = get_tree(root) if root else b""
    for name, inner in below.items():
        encoded = name.encode("utf-8", "surrogateescape")
        if here.get(encoded):
            continue  # a file takes the place of the whole folder
        old = find_entry(content, encoded, oid_length)
        subtree = old.oid if old and old.is_tree else None
        new = edit_tree(subtree, inner, get_tree, write_tree, oid_length)
        if new or subtree:
            here[encoded] = (TREE_MODE, new) if new else None
    content = _apply(content, here, oid_length)
    return write_tree(content) if content else None


_SPLICE_AT_MOST = 16


def _apply(content: bytes, changes: Mapping[bytes, tuple[int, str] | None], oid_length: int) -> bytes:
    if len(changes) <= _SPLICE_AT_MOST:
        for name, entry in changes.items():
            content = splice(content, name, entry, oid_length)
        return content
    entries: dict[bytes, tuple[int, str]] = {
        found[2]: (int(found[1], 8), found[3].hex()) for found in _PATTERNS[oid_length].finditer(content)
    }
    for name, entry in changes.items():
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry
    return build(entries)


_REPEATED = 10_000
_UNASKED = 10_000
MAX_FILES = 2_000_000
"""Files below `.milestones/`, unless `milestone.maxFiles` says otherwise."""


class Expanse:
    """How much one walk over trees has met: it ends before it has met more than there may be.

    Trees that share their folders name a thousand million files in a few kilobytes. No project has many such folders:
    the same one twice is every id in it twice.
    """

    def __init__(self, ask_limit: Callable[[], int] = lambda: MAX_FILES) -> None:
        """`ask_limit` says how many files there may be; asked only of those who have thousands."""
        self._ask_limit = ask_limit
        self._limit = 0
        self._met: set[str] = set()
        self._entries = 0
        self._repeated = 0

    def enter(self, tree: str, entries: int) -> None:
        """Notes that a tree of so many entries is walked.

        Raises:
            UnsafePath: That is too much.
        """
        self._entries += entries
        if tree not in self._met:
            self._met.add(tree)
        else:
            self._repeated += entries
            if self._repeated > _REPEATED:
                message = f"the same folders are below {ROOT} again and again, with more than {_REPEATED} files"
                raise UnsafePath(message, "nobody's milestones look so: read a revision from before with --at")
        if self._entries > max(self._limit, _UNASKED):
            self._limit = self._limit or self._ask_limit()
            if self._entries > max(self._limit, _UNASKED):
                message = f"there are more than {self._limit} files below {ROOT}"
                raise UnsafePath(message, "`git config milestone.maxFiles NUMBER` raises that bound")


class EntryChange(NamedTuple):
    """A file that differs; None on the side where there is none."""

    path: str
    old: TreeEntry | None
    new: TreeEntry | None


class _Sides(NamedTuple):
    """What a difference has met, on either side."""

    old: Expanse
    new: Expanse


def diff_entries(
    old: str | None,
    new: str | None,
    get_tree: Callable[[str], bytes],
    oid_length: int,
    ask_limit: Callable[[], int] = lambda: MAX_FILES,
) -> Iterator[EntryChange]:
    """Yields the files and submodules that differ, in path order; equal and too deep folders are not looked into.

    Raises:
        UnsafePath: There are more of them than there may be; as Expanse has it.
    """
    return _diff_folders((old, new), get_tree, oid_length, _Sides(Expanse(ask_limit), Expanse(ask_limit)), "")


def _diff_folders(
    trees: tuple[str | None, str | None], get_tree: Callable[[str], bytes], oid_length: int, met: _Sides, prefix: str
) -> Iterator[EntryChange]:
    old, new = trees
    if old == new or prefix.count("/") > DEEPEST:
        return
    before, after = (_entries(tree, get_tree, oid_length) for tree in trees)
    for tree, entries, expanse in zip(trees, (before, after), met, strict=True):
        if tree:
            expanse.enter(tree, len(entries))
    olds = {_sort_key(entry.name, entry.mode): entry for entry in before - after}
    news = {_sort_key(entry.name, entry.mode): entry for entry in after - before}
    for key in sorted(olds.keys() | news.keys()):
        was, now = olds.get(key), news.get(key)
        path = prefix + key.decode("utf-8", "surrogateescape")
        if key.endswith(b"/"):
            yield from _diff_folders((was and was.oid, now and now.oid), get_tree, oid_length, met, path)
        else:
            yield EntryChange(path, was, now)


def diff_trees(
    old: str | None,
    new: str | None,
    get_tree: Callable[[str], bytes],
    oid_length: int,
    ask_limit: Callable[[], int] = lambda: MAX_FILES,
) -> Iterator[tuple[str, str, str]]:
    """Yields (path, old oid, new oid) of the files that differ, "" where there is none, in path order."""
    for path, was, now in diff_entries(old, new, get_tree, oid_length, ask_limit):
        old_oid, new_oid = (entry.oid if entry and entry.mode != _SUBMODULE_MODE else "" for entry in (was, now))
        yield path, old_oid, new_oid


def _entries(tree: str | None, get_tree: Callable[[str], bytes], oid_length: int) -> set[TreeEntry]:
    return set(iter_entries(get_tree(tree), oid_length)) if tree else set()
