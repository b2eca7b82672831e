"""git's staging area as a file, where it is plain: version 2 or 3, and no extension ties it to other state.

Format: https://git-scm.com/docs/index-format. Everything here is pure: bytes in, bytes out.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

_HEADER = struct.Struct(">4sII")
_EXTENSION = struct.Struct(">4sI")
_HALF = struct.Struct(">H")
_MODE = struct.Struct(">I")
_SECONDS = struct.Struct(">I")

_HEADER_SIZE = 12
_STAT_SIZE = 40
_MTIME, _MODE_AT = 8, 24

_EXTENDED, _STAGE, _NAME_LENGTH = 0x4000, 0x3000, 0x0FFF
_SKIP_WORKTREE, _INTENT_TO_ADD = 0x4000, 0x2000

_FILE_MODES = frozenset({0o100644, 0o100755, 0o120000, 0o160000})

_MANY = 500  # from here on, taking every name out once is cheaper than searching the file for each edit

NO_STAT = bytes(_STAT_SIZE)

Edit = tuple[int, str] | None


class StagedEntry(NamedTuple):
    """One entry of the staging area.

    `stage` is 0, or 1 to 3 (base, ours, theirs) on a conflicted path; `oid` is hex. `skip_worktree`: sparse
    checkout leaves the file out of the work tree.
    """

    path: str
    mode: int
    oid: str
    stage: int
    skip_worktree: bool
    intent_to_add: bool


class _Steps(dict[int, int]):
    """Flags, in the machine's byte order -> length of the entry in two-byte units; 0 for a very long name.

    A dictionary that fills itself makes the walk over the entries twice as fast as arithmetic does.
    """

    def __init__(self, name_at: int) -> None:
        self._name_at = name_at

    def __missing__(self, native: int) -> int:
        flags = int(_HALF.unpack(struct.pack("=H", native))[0])
        length = flags & _NAME_LENGTH
        name_at = self._name_at + (2 if flags & _EXTENDED else 0)
        step = 0 if length == _NAME_LENGTH else _padded(name_at + length) // 2
        self[native] = step
        return step


def _padded(length: int) -> int:
    """The size of an entry: one to eight NULs follow the name, up to a multiple of eight."""
    return (length + 8) & ~7


class IndexFile:
    """One plain staging area. An entry is known by its rank in git's order: by name, then by stage."""

    def __init__(self, content: bytes, oid_length: int, starts: list[int], extensions: dict[bytes, bytes]) -> None:
        """`starts`: where each entry starts and, last, where all of them end, in two-byte units."""
        self._content = content
        self._oid_length = oid_length
        self._starts = starts
        self._extensions = extensions
        self._flags_at = _STAT_SIZE + oid_length
        self._names: list[bytes] = []

    def __len__(self) -> int:
        return len(self._starts) - 1

    @property
    def may_skip(self) -> bool:
        """Whether entries have the flags that say so: in version 2 there is no room for them."""
        return self._content[4:8] != b"\0\0\0\2"

    def _flags(self, rank: int) -> tuple[int, int, int]:
        """Flags, extended flags, and the offset of the name."""
        at = self._starts[rank] * 2 + self._flags_at
        flags = int(_HALF.unpack_from(self._content, at)[0])
        if not flags & _EXTENDED:
            return flags, 0, at + 2
        return flags, int(_HALF.unpack_from(self._content, at + 2)[0]), at + 4

    def expect(self, searches: int) -> None:
        """Makes ready for that many names to be looked for: from some number on, a list of all of them pays."""
        if searches > _MANY and not self._names:
            self._names = [self.name(rank) for rank in range(len(self))]

    def name(self, rank: int) -> bytes:
        if self._names:
            return self._names[rank]
        _, _, at = self._flags(rank)
        return self._content[at : self._content.index(b"\0", at)]

    def entry(self, rank: int) -> StagedEntry:
        flags, more, _ = self._flags(rank)
        start = self._starts[rank] * 2
        return StagedEntry(
            path=os.fsdecode(self.name(rank)),
            mode=_MODE.unpack_from(self._content, start + _MODE_AT)[0],
            oid=self._content[start + _STAT_SIZE : start + self._flags_at].hex(),
            stage=(flags & _STAGE) >> 12,
            skip_worktree=bool(more & _SKIP_WORKTREE),
            intent_to_add=bool(more & _INTENT_TO_ADD),
        )

    def rank(self, name: bytes) -> int:
        """The rank of the first entry whose name is `name` or sorts after it."""
        if self._names:
            from bisect import bisect_left

            return bisect_left(self._names, name)
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self.name(middle) < name:
                low = middle + 1
            else:
                high = middle
        return low

    def ranks(self, name: bytes) -> range:
        """The entries of exactly that name: one, or up to three in a conflict, or none."""
        first = end = self.rank(name)
        while end < len(self) and self.name(end) == name:
            end += 1
        return range(first, end)

    def entries(self, name: bytes) -> list[StagedEntry]:
        return [self.entry(rank) for rank in self.ranks(name)]

    def needs_git(self, edits: Mapping[bytes, Edit]) -> bool:
        """Whether an edit does more than replace, insert or remove its own entry.

        A file where a folder was (or the reverse) takes other entries away; a conflict that is resolved is
        recorded for `git checkout -m`; a name or mode that git refuses is for git to refuse.
        """
        self.expect(len(edits))
        folders: set[bytes] = set()
        for name, edit in edits.items():
            if any(self._flags(rank)[0] & _STAGE for rank in self.ranks(name)):
                return True
            if edit is None:
                continue
            mode, oid = edit
            if mode not in _FILE_MODES or len(oid) != self._oid_length * 2 or not oid.strip("0"):
                return True
            if _is_odd(name) or self._has_below(name):
                return True
            folders.update(_iter_folders(name))
        return any(folder in edits or self.ranks(folder) for folder in folders)

    def _has_below(self, folder: bytes) -> bool:
        first = self.rank(folder + b"/")
        return first < len(self) and self.name(first).startswith(folder + b"/")

    def has_racy(self, seconds: int, besides: Mapping[bytes, object]) -> bool:
        """Whether a file whose entry is not in `besides` was changed in that second or later.

        git compares such a file by content rather than trust its stat, as long as the staging area is no
        younger: https://git-scm.com/docs/racy-git.
        """
        times = _halves(self._content, _MTIME)
        least = _SECONDS.pack(seconds)
        # The upper half of a time lasts 18 hours and takes few values, so it rules out most entries cheaply.
        uppers = {times[start] for start in self._starts[:-1]}
        recent = {upper for upper in uppers if struct.pack("=H", upper) >= least[:2]}
        if not recent:
            return False
        for rank, start in enumerate(self._starts[:-1]):
            if times[start] in recent:
                at = start * 2 + _MTIME
                if self._content[at : at + 4] >= least and self.name(rank) not in besides:
                    return True
        return False

    def splice(self, entries: Mapping[bytes, bytes | None]) -> list[bytes | memoryview]:
        """The content, in pieces, with those entries (as `pack_entry` makes them) in place; None removes one.

        Every other entry stays byte for byte. O(size) in C, O(log n) in Python for each name.
        """
        whole = memoryview(self._content)
        pieces: list[bytes | memoryview] = [b""]
        copied, count = _HEADER_SIZE, len(self)
        for name in sorted(entries):
            ranks = self.ranks(name)
            pieces.append(whole[copied : self._starts[ranks.start] * 2])
            copied = self._starts[ranks.stop] * 2
            packed = entries[name]
            count += (packed is not None) - len(ranks)
            if packed is not None:
                pieces.append(packed)
        pieces.append(whole[copied : self._starts[-1] * 2])
        pieces.extend(self._pack_extensions(entries))
        pieces[0] = _HEADER.pack(b"DIRC", self._version(entries.values()), count)
        pieces.append(self._seal(pieces))
        return pieces

    def _version(self, packed: Iterable[bytes | None]) -> int:
        version = int(_HEADER.unpack_from(self._content)[1])
        flags = (_HALF.unpack_from(entry, self._flags_at)[0] for entry in packed if entry is not None)
        return 3 if version == 3 or any(flag & _EXTENDED for flag in flags) else 2

    def _pack_extensions(self, names: Iterable[bytes]) -> list[bytes]:
        """TREE brought up to date, REUC as it is. EOIE and IEOT only speed up loading: left out."""
        kept = []
        for signature in (b"TREE", b"REUC"):
            body = self._extensions.get(signature)
            if body is not None and signature == b"TREE":
                body = invalidate_tree(body, self._oid_length, names)
            if body is not None:
                kept.append(_EXTENSION.pack(signature, len(body)) + body)
        return kept

    def _seal(self, pieces: Iterable[bytes | memoryview]) -> bytes:
        none = bytes(self._oid_length)
        if self._content.endswith(none):  # index.skipHash
            return none
        import hashlib

        digest = (hashlib.sha1 if self._oid_length == 20 else hashlib.sha256)(usedforsecurity=False)
        for piece in pieces:
            digest.update(piece)
        return digest.digest()


def parse_index(content: bytes, oid_length: int) -> IndexFile | None:
    """Finds the entries and extensions; None where only git should touch the file.

    That is: another version, a split or sparse one, one with an untracked cache, a file system monitor or an
    extension from the future, a damaged file.

    `oid_length`: 20 or 32 bytes. About 15 ms for 100,000 entries.
    """
    try:
        signature, version, count = _HEADER.unpack_from(content)
        if signature != b"DIRC" or version not in (2, 3):
            return None
        starts = _find_entries(content, oid_length, count)
        extensions = _find_extensions(content[starts[-1] * 2 : len(content) - oid_length])
    except (struct.error, IndexError, ValueError):
        return None
    if extensions is None or starts[-1] * 2 > len(content) - oid_length:
        return None
    return IndexFile(content, oid_length, starts, extensions)


def _halves(content: bytes, offset: int) -> memoryview[int]:
    """The content from that even offset as two-byte numbers, in the machine's byte order."""
    return memoryview(content)[offset : len(content) & ~1].cast("H")


def _find_entries(content: bytes, oid_length: int, count: int) -> list[int]:
    flags_at = _STAT_SIZE + oid_length
    flags = _halves(content, flags_at)
    steps = _Steps(flags_at + 2)
    start = _HEADER_SIZE // 2
    starts: list[int] = []
    append = starts.append
    for _ in range(count):
        append(start)
        start += steps[flags[start]] or _measure_long(content, start * 2, flags_at)
    append(start)
    return starts


def _measure_long(content: bytes, start: int, flags_at: int) -> int:
    flags = _HALF.unpack_from(content, start + flags_at)[0]
    end = content.index(b"\0", start + flags_at + (4 if flags & _EXTENDED else 2))
    return _padded(end - start) // 2


def _find_extensions(content: bytes) -> dict[bytes, bytes] | None:
    """Those to keep, or None where there is one that a change of entries could make wrong."""
    found = {}
    at = 0
    while at < len(content):
        signature, length = _EXTENSION.unpack_from(content, at)
        at += _EXTENSION.size
        if signature not in (b"TREE", b"REUC", b"EOIE", b"IEOT") or at + length > len(content):
            return None
        found[signature] = content[at : at + length]
        at += length
    return found


def pack_entry(name: bytes, mode: int, oid: str, stat: bytes, skip_worktree: bool) -> bytes:
    """One entry at stage 0; `stat` as `pack_stat` makes it, or NO_STAT where git shall look for itself."""
    raw = bytes.fromhex(oid)
    flags = min(len(name), _NAME_LENGTH) | (_EXTENDED if skip_worktree else 0)
    more = _HALF.pack(_SKIP_WORKTREE) if skip_worktree else b""
    stat = stat[:_MODE_AT] + _MODE.pack(mode) + stat[_MODE_AT + 4 :]
    entry = stat + raw + _HALF.pack(flags) + more + name
    return entry.ljust(_padded(len(entry)), b"\0")


def pack_stat(status: os.stat_result) -> bytes:
    """What git remembers of a laid file, each number cut to 32 bits; the mode is left to `pack_entry`."""
    ctime, ctime_rest = divmod(status.st_ctime_ns, 10**9)
    mtime, mtime_rest = divmod(status.st_mtime_ns, 10**9)
    owner = status.st_uid, status.st_gid
    numbers = (ctime, ctime_rest, mtime, mtime_rest, status.st_dev, status.st_ino, 0, *owner, status.st_size)
    return struct.pack(">10I", *(number & 0xFFFFFFFF for number in numbers))


def _is_odd(name: bytes) -> bool:
    """Whether git might refuse that name, on some file system."""
    parts = name.lower().split(b"/")
    return any(mark in name for mark in (b"\\", b":")) or any(
        part in (b"", b".", b"..") or part.startswith((b".git", b"git~")) for part in parts
    )


def _iter_folders(name: bytes) -> Iterable[bytes]:
    at = name.find(b"/")
    while at >= 0:
        yield name[:at]
        at = name.find(b"/", at + 1)


_Touched: TypeAlias = "dict[bytes, _Touched | None]"


def _nest(names: Iterable[bytes]) -> _Touched:
    """Paths as folders within folders; a path itself is None, also where another path goes through it."""
    root: _Touched = {}
    for name in names:
        inside: _Touched | None = root
        *folders, last = name.split(b"/")
        for folder in folders:
            inside = inside.setdefault(folder, {}) if inside is not None else None
        if inside is not None:
            inside[last] = None
    return root


def invalidate_tree(tree: bytes, oid_length: int, names: Iterable[bytes]) -> bytes | None:
    """The TREE extension (the oids that are known of folders) after those paths changed, as git leaves it.

    Every folder on the way to a path loses its oid; a folder that has the name of a path goes. None where the
    extension is damaged: git does without.
    """
    pieces: list[bytes] = []
    try:
        end = _invalidate_node(tree, 0, oid_length, _nest(names), pieces)
    except ValueError:
        return None
    return b"".join(pieces) if end == len(tree) else None


def _read_node(tree: bytes, at: int, oid_length: int) -> tuple[bytes, int, int]:
    """Name, number of folders in it, and where its first one starts."""
    middle = tree.index(b"\0", at)
    end = tree.index(b"\n", middle)
    entries, folders = tree[middle + 1 : end].split(b" ")
    return tree[at:middle], int(folders), end + 1 + (0 if entries.startswith(b"-") else oid_length)


def _pass_node(tree: bytes, at: int, oid_length: int) -> int:
    pending = 1
    while pending:
        _, folders, at = _read_node(tree, at, oid_length)
        pending += folders - 1
    return at


def _invalidate_node(tree: bytes, at: int, oid_length: int, touched: _Touched, pieces: list[bytes]) -> int:
    name, folders, at = _read_node(tree, at, oid_length)
    slot = len(pieces)
    pieces.append(b"")
    kept = folders
    for _ in range(folders):
        below = tree[at : tree.index(b"\0", at)]
        inside = touched.get(below)
        if inside is not None:
            at = _invalidate_node(tree, at, oid_length, inside, pieces)
            continue
        end = _pass_node(tree, at, oid_length)
        if below in touched:
            kept -= 1
        else:
            pieces.append(tree[at:end])
        at = end
    pieces[slot] = b"%s\0-1 %d\n" % (name, kept)
    return at
