"""The one reader of settings: a file's bytes and the rows of its table -> values, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Table
from typing import Any

from gitmilestone.model.kinds import BadValue, find_nearest
from gitmilestone.model.problem import CODES, Problem
from gitmilestone.model.settings_table import Setting
from gitmilestone.model.text.decode import Decoder
from gitmilestone.model.text.document import MAX_BYTES, decode_text, load_text, too_large
from gitmilestone.model.text.yaml_loader import YamlFault
from gitmilestone.model.text.yaml_nodes import Mapping, Node, Scalar, Sequence

_MOST = 50
"""Problems of a kind that are told of one file: 1 MiB has room for 200,000 keys."""

Tree = dict[str, "Setting | Tree"]


def read_values(
    path: str, content: bytes | None, size: int, settings: tuple[Setting, ...]
) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    """The value of every setting, its default where it is not said or wrong, and what is wrong, by line.

    Every fault is a Problem, never an exception. O(size), at most 1 MiB.

    Args:
        path: In the tree, for the problems.
        content: None of a file that is not there, or too large to be read.
        size: Of one that is too large.
    """
    reader = _Reader(path)
    root = reader.load(content, size)
    if root is not None:
        reader.more_words = {one.more_words: _list_words(root, one.more_words) for one in settings if one.more_words}
        reader.read_group(root, "", _as_tree(settings))
    values = {one.name: _complete(one, reader.values.get(one.name)) for one in settings}
    return values, reader.finish()


def _complete(setting: Setting, value: Any) -> Any:
    if value is None:
        return setting.default
    return {**setting.default, **value} if setting.keys else value


def _as_tree(settings: tuple[Setting, ...]) -> Tree:
    root: Tree = {}
    for setting in settings:
        *groups, name = setting.name.split(".")
        tree = root
        for group in groups:
            inner = tree.setdefault(group, {})
            assert isinstance(inner, dict)  # no setting is a group
            tree = inner
        tree[name] = setting
    return root


def _list_words(root: Mapping, name: str) -> frozenset[str]:
    entry = root.entries.get(name)
    items = entry.value.items if entry and isinstance(entry.value, Sequence) else ()
    return frozenset(item.text for item in items if isinstance(item, Scalar))


class _Reader:
    def __init__(self, path: str) -> None:
        self.path = path
        self.values: dict[str, Any] = {}
        self.more_words: Table[str, frozenset[str]] = {}
        self._problems: list[Problem] = []
        self._counts: dict[str, int] = {}

    def load(self, content: bytes | None, size: int) -> Mapping | None:
        """The root; None where there is none, or it can't be read."""
        if content is None:
            self._problems += [too_large(self.path, size)] if size > MAX_BYTES else []
            return None
        decoder = Decoder(self.path)
        text = decode_text(decoder, content)
        self._problems += decoder.problems
        try:
            root = load_text(text) if text and text.strip() else None
        except YamlFault as fault:
            hint = "keep one side of it" if fault.code == "conflict-marker" else fault.hint
            self._report(fault.line, fault.code, fault.message, hint)
            return None
        if isinstance(root, Mapping) or root is None or (isinstance(root, Scalar) and root.is_null):
            return root if isinstance(root, Mapping) else None
        self._report(root.line, "not-a-mapping", "the file is not `key: value` lines")
        return None

    def finish(self) -> tuple[Problem, ...]:
        for code, count in self._counts.items():
            if count > _MOST:
                line = max(problem.line for problem in self._problems if problem.code == code)
                self._problems.append(Problem(self.path, line, code, f"{count - _MOST} more like this follow"))
        return tuple(sorted(self._problems, key=lambda problem: problem.line))

    def read_group(self, node: Node, name: str, tree: Tree) -> None:
        """Args:
        name: Of the group, with a dot behind it; "" of the file.
        """
        needed = tuple(key for key, inner in tree.items() if isinstance(inner, Setting) and inner.is_needed)
        for key, value in self._iter_known(node, name, tuple(tree), "setting", needed):
            inner = tree[key]
            if isinstance(inner, dict):
                self.read_group(value, f"{name}{key}.", inner)
            elif inner.keys:
                self.values[inner.name] = self._read_mapping(value, inner)
            else:
                self.values[inner.name] = self._read_value(value, inner, inner.name)

    def _read_mapping(self, node: Node, setting: Setting) -> dict[str, Any]:
        if setting.is_spread and isinstance(node, Sequence):
            value = self._read_value(node, setting, setting.name)
            return {} if value is None else dict.fromkeys(setting.keys, value)
        known = self._iter_known(node, f"{setting.name}.", setting.keys, setting.noun)
        found = ((key, self._read_value(value, setting, f"{setting.name}.{key}")) for key, value in known)
        return {key: value for key, value in found if value is not None}

    def _iter_known(
        self, node: Node, name: str, known: tuple[str, ...], noun: str, needed: tuple[str, ...] = ()
    ) -> Iterator[tuple[str, Node]]:
        """The entries that have a key among the known ones, and a value, or one of those that need it."""
        if not isinstance(node, Mapping):
            if not (isinstance(node, Scalar) and node.is_null):
                self._report(node.line, "bad-value", f"`{name[:-1]}` is `key: value` lines")
            return
        for key, entry in node.entries.items():
            if key not in known:
                self._refuse_word(entry.key.line, f"`{name}{key}` is no {noun}", key, known)
            elif key in needed or not (isinstance(entry.value, Scalar) and entry.value.is_null):
                yield key, entry.value

    def _read_value(self, node: Node, setting: Setting, name: str) -> Any:
        """None where it is wrong."""
        if setting.is_list:
            return self._read_list(node, setting, name)
        if not isinstance(node, Scalar):
            self._report(node.line, setting.code, f"`{name}` is one value, not a list or mapping")
            return None
        try:
            return setting.kind.parse(node.text)
        except BadValue as fault:
            self._report(node.line, setting.code, f"`{name}` {fault.message}", fault.hint)
            return None

    def _read_list(self, node: Node, setting: Setting, name: str) -> tuple[Any, ...] | None:
        if not isinstance(node, Sequence):
            hint = "write one item a line, each after `  - `; `[]` is an empty one"
            self._report(node.line, setting.code, f"`{name}` is a list", hint)
            return None
        more = self.more_words.get(setting.more_words, frozenset())
        known = tuple(setting.kind.schema.get("enum", ()))
        found = []
        for item in node.items:
            if not isinstance(item, Scalar):
                self._report(item.line, setting.code, f"an item of `{name}` is a word")
            elif known and item.text not in known and item.text not in more:
                message = f"`{name}`: {item.text[:40]!r} is no {setting.kind.name}"
                self._refuse_word(item.line, message, item.text, known)
            else:
                found.append(item.text if item.text in more else self._parse_item(item, setting, name))
        return tuple(value for value in found if value is not None)

    def _parse_item(self, item: Scalar, setting: Setting, name: str) -> Any:
        try:
            return setting.kind.parse(item.text)
        except BadValue as fault:
            self._report(item.line, setting.code, f"an item of `{name}` {fault.message}", fault.hint)
            return None

    def _refuse_word(self, line: int, message: str, word: str, known: tuple[str, ...]) -> None:
        """A word of a later version may be among them: a warning."""
        if self._counts.get("unknown-key", 0) < _MOST:
            nearest = find_nearest(word, known)
            hint = f"did you mean `{nearest}`?" if nearest else f"known: {', '.join(known)}"
            self._report(line, "unknown-key", message, hint)
        else:
            self._report(line, "unknown-key", "")

    def _report(self, line: int, code: str, message: str, hint: str = "") -> None:
        assert code in CODES
        self._counts[code] = self._counts.get(code, 0) + 1
        if self._counts[code] <= _MOST:
            self._problems.append(Problem(self.path, line, code, message, hint))
