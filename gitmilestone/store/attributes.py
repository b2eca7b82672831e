"""What git's attributes would make of our files on their way into git, where it is not the same bytes.

Milestones are read from git's objects. So nobody could read what a filter encrypts or moves elsewhere, or what is
re-encoded; and what is written past it is taken for changed by `git status`, and converted by the next `git add`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from gitmilestone.errors import Refused
from gitmilestone.model.layout import ROOT
from gitmilestone.store.objects import Objects, remove_if_present
from gitmilestone.store.repository import Repository
from gitmilestone.store.trees import find_entry

_ATTRIBUTES = ("filter", "working-tree-encoding", "ident")
_FILE = ".gitattributes"
_INFO = "$GIT_DIR/info/attributes"
_KEPT = ("unspecified", "unset")
_KEYWORD = b"$Id"
_BELOW = f"{ROOT}/** -"


class Conversion(NamedTuple):
    """Attributes:
    paths: Below `.milestones/`, those that it concerns.
    attribute: With its value, as people write it: `filter=crypt`.
    place: The file that says so, as git's manual names it; "" where it was not found.
    line: In that file, from 1; 0 without one.
    """

    paths: tuple[str, ...]
    attribute: str
    place: str
    line: int

    @property
    def way_out(self) -> str:
        name = self.attribute.partition("=")[0]
        # What is said for all repositories is overruled in this one.
        place = self.place if self.place and not os.path.isabs(self.place) else _FILE
        pattern = "** -" if place.startswith(f"{ROOT}/") else _BELOW
        return f"`{pattern}{name}` at the end of {place} leaves milestones as they are"


class _Source(NamedTuple):
    """A file of attributes: its place, its content, and its blob where a tree has it."""

    place: str
    content: bytes
    oid: str = ""


class Attributes:
    """The attributes of one work tree, or of the tree of HEAD where nothing is checked out.

    Args:
        root_tree: Oid of HEAD's.
        config: git's, of which `core.attributesFile` counts.
        is_laid: Whether there is a work tree with files in it.
    """

    def __init__(
        self,
        repository: Repository,
        objects: Objects,
        root_tree: str | None,
        config: Mapping[str, str],
        *,
        is_laid: bool,
    ) -> None:
        self.repository = repository
        self.objects = objects
        self.root_tree = root_tree
        self.config = config
        self.is_laid = is_laid

    def find_conversions(self, paths: Sequence[str]) -> list[Conversion]:
        """Those of files at these paths, which need not be there.

        git is asked only where one of its files of attributes has such a word.
        """
        sources = list(self._iter_sources(paths))
        words = [name.encode() for name in _ATTRIBUTES]
        if not any(word in source.content for source in sources for word in words):
            return []
        found: dict[str, list[str]] = {}
        for path, name, value in self._ask(paths, sources):
            if value not in _KEPT and not (name == _ATTRIBUTES[1] and value.lower() in ("utf-8", "utf8")):
                said = name if value == "set" else f"{name}={value}"
                found.setdefault(said, []).append(path)
        return [Conversion(tuple(named), said, *_find_line(sources, said)) for said, named in found.items()]

    def _iter_sources(self, paths: Iterable[str]) -> Iterator[_Source]:
        """By precedence, the last one that names a file counting least."""
        info = os.path.join(self.repository.common_dir, "info", "attributes")
        yield _Source(_INFO, _read(info))
        folders = {ROOT: None} | {f"{ROOT}/{folder}": None for path in paths for folder in _iter_folders(path)}
        for folder in (*sorted(folders, key=len, reverse=True), ""):
            yield from self._iter_in_folder(f"{folder}/{_FILE}" if folder else _FILE)
        for place in (self._find_users(), "/etc/gitattributes"):
            if place:
                yield _Source(place, _read(place))

    def _iter_in_folder(self, place: str) -> Iterator[_Source]:
        if self.is_laid and self.repository.work_dir:
            yield _Source(place, _read(os.path.join(self.repository.work_dir, place)))
        oid = self._find_blob(place)
        if oid:
            yield _Source(place, self.objects.get_blob(oid), oid)

    def _find_blob(self, place: str) -> str:
        oid, is_tree = self.root_tree, True
        for name in place.split("/"):
            entry = find_entry(self.objects.get_tree(oid), name.encode(), self.objects.oid_length) if oid else None
            if entry is None or not is_tree:
                return ""
            oid, is_tree = entry.oid, entry.is_tree
        return "" if is_tree else oid or ""

    def _find_users(self) -> str:
        environ = self.repository.environ
        home = environ.get("HOME", "")
        named = self.config.get("core.attributesfile")
        if named is not None:
            return os.path.join(home, named[2:]) if named.startswith("~/") else named
        folder = environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
        return os.path.join(folder, "git", "attributes")

    def _ask(self, paths: Sequence[str], sources: Iterable[_Source]) -> Iterator[tuple[str, str, str]]:
        """Yields (path, attribute, value)."""
        named = b"".join(os.fsencode(f"{ROOT}/{path}") + b"\0" for path in paths)
        args = ("check-attr", "-z", "--stdin")
        if self.is_laid:
            said = self.repository.git.check(*args, *_ATTRIBUTES, stdin=named)
        else:
            said = self._ask_tree((*args, "--cached", *_ATTRIBUTES), named, sources)
        fields = said.decode("utf-8", "surrogateescape").split("\0")
        for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=False):
            yield path[len(ROOT) + 1 :], name, value

    def _ask_tree(self, args: Iterable[str], named: bytes, sources: Iterable[_Source]) -> bytes:
        """As git answers of a staging area that has the tree's files of attributes alone."""
        git, state_dir = self.repository.git, self.repository.state_dir
        os.makedirs(state_dir, exist_ok=True)
        index = os.path.join(state_dir, f"next-index-{os.getpid()}.lock")
        env = {"GIT_INDEX_FILE": index}
        lines = "".join(f"100644 {source.oid}\t{source.place}\0" for source in sources if source.oid)
        try:
            git.check("update-index", "-z", "--index-info", stdin=lines.encode(), env=env)
            return git.check(*args, stdin=named, env=env)
        finally:
            remove_if_present(index)


def refuse_conversions(attributes: Attributes, contents: Mapping[str, bytes | None]) -> None:
    """Raises Refused where one of the files, as its bytes are to be, would not go into git as it is.

    Args:
        contents: None where only the place counts.
    """
    for found in attributes.find_conversions(list(contents)):
        is_keyword = found.attribute == "ident"
        paths = [path for path in found.paths if not is_keyword or _KEYWORD in (contents[path] or b"")]
        if paths:
            where = f" (in {found.place})" if found.place else ""
            raise Refused(
                f"`{found.attribute}`{where} changes {ROOT}/{paths[0]} on its way into git, where milestones are read",
                found.way_out,
            )


def _iter_folders(path: str) -> Iterator[str]:
    at = path.find("/")
    while at >= 0:
        yield path[:at]
        at = path.find("/", at + 1)


def _find_line(sources: Iterable[_Source], said: str) -> tuple[str, int]:
    """Where that attribute is set, as far as a word of a line tells it."""
    for source in sources:
        for number, line in enumerate(source.content.splitlines(), 1):
            if said.encode() in line.split() and not line.startswith(b"#"):
                return source.place, number
    return "", 0


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # none, or nothing that git would read either
        return b""
