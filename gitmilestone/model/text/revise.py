"""Edits a YAML text in place: the smallest splices that make it say another milestone."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.kinds import BLOCK, LINE
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.text.encode import (
    HEAD_FIELDS,
    format_block,
    format_custom,
    format_dependency,
    format_field,
    format_flow,
    format_quoted,
    format_scalar,
    format_task,
    format_text,
)
from gitmilestone.model.text.splice import Splices
from gitmilestone.model.text.yaml_nodes import Entry, Mapping, Node, Scalar, Sequence

_BLOCK_STYLES = ("|", ">")
_BLOCK_COMMENT = re.compile(r"[|>][^ \t#\n]*([ \t]+#[^\n]*)?")
_BLOCK_INDENT = re.compile(r"\|[+-]?(?:[ \t][^\n]*)?\n(?: *\n)*( +)")
_COMMENTS = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")
_LEADING_SPACE = re.compile(r"^[ \t]+", re.MULTILINE)
_DASH = re.compile(r"^ *-(?=[ \t\n])", re.MULTILINE)


class Child(NamedTuple):
    """An item of a block list, or an entry of a block mapping: whole lines of the text."""

    key: str
    start: int
    end: int


class Reviser:
    """Revises one text, once.

    Args:
        is_careful: Whether to spare a block scalar in front of what is removed or inserted: it would take an
            indented comment, or with `|+` a blank line, for its own. So comments are dedented, and blank
            lines go behind what is inserted. That is rare, and seen only by reading the revised text.
    """

    def __init__(self, text: str, root: Mapping, is_careful: bool = False) -> None:
        self.root = root
        self.is_careful = is_careful
        self.splices = Splices(text)
        first, second = list(root.entries.values())[:2]
        self.is_spaced = self.splices.has_blank_line(self._end(first.value), second.key.start)

    def revise(self, old: Milestone, new: Milestone) -> str:
        self._revise_mapping(self.root, MILESTONE_FIELDS, old, new)
        return self.splices.apply()

    def _revise_mapping(
        self, mapping: Mapping, fields: tuple[Field, ...], old: Milestone | Task, new: Milestone | Task
    ) -> None:
        for at, field in enumerate(fields):
            before, after = getattr(old, field.name), getattr(new, field.name)
            if before == after:
                continue
            if field.name in mapping.entries:
                self._revise_field(mapping.entries[field.name], field, before, after)
            else:
                self._insert(mapping, fields[:at], field, after)
        for key in sorted({*old.extra, *new.extra}):
            if key not in new.extra:
                self._remove(mapping.entries[key])
            elif key not in old.extra:
                anchors = HEAD_FIELDS if mapping is self.root else fields
                self._insert(mapping, anchors, _custom_field(key, new.extra[key]), new.extra[key])
            elif old.extra[key] != new.extra[key]:
                self._revise_custom(mapping.entries[key], new.extra[key])

    def _insert(self, mapping: Mapping, anchors: tuple[Field, ...], field: Field, value: Any) -> None:
        """Puts a field behind the last one there is of those that stand before it in the canonical form."""
        anchor = [mapping.entries[field.name] for field in anchors if field.name in mapping.entries][-1]
        at = self._end(anchor.value)
        indent = self.splices.indent_at(anchor.key.start)
        gap = "\n" if mapping is self.root and self.is_spaced else ""
        self._insert_lines(at, gap, [self._format_lines(field, value, indent, at)])

    def _insert_lines(self, at: int, gap: str, parts: list[str]) -> None:
        self.splices.insert(at, "".join(part + gap if self.is_careful else gap + part for part in parts))

    def _remove(self, entry: Entry) -> None:
        end = self._end(entry.value)
        if self.splices.behind_blank_lines(end) > end:
            end = self.splices.line_end(end + 1)
        self._remove_lines(self.splices.line_start(entry.key.start), end)

    def _remove_lines(self, start: int, end: int) -> None:
        self.splices.replace(start, end, "")
        comments = _COMMENTS.match(self.splices.text, end) if self.is_careful else None
        if comments:
            indent = self.splices.indent_at(start)
            for space in _LEADING_SPACE.finditer(self.splices.text, end, comments.end()):
                self.splices.replace(space.start(), max(space.end() - len(indent), space.start()), "")

    def _revise_field(self, entry: Entry, field: Field, before: Any, after: Any) -> None:
        node, indent = entry.value, self.splices.indent_at(entry.key.start)
        if isinstance(node, Scalar) and field.shape == "scalar":
            self._revise_scalar(node, field, after, indent)
        elif isinstance(node, Mapping) and node.entries and not node.flow:
            self._revise_tasks(entry, node, before, after)
        elif isinstance(node, Sequence) and node.items:
            self._revise_list(entry, node, after)
        else:
            self._fill(node, _indented(_lines_of(field, after).partition("\n")[2], indent))

    def _fill(self, node: Node, lines: str) -> None:
        """Puts lines below a key, in the place of nothing or of a flow mapping; a comment there stays."""
        if node.start < node.end:
            self.splices.cut(node.start, node.end)
        self.splices.insert(self.splices.line_end(node.end), lines)

    def _revise_scalar(self, node: Scalar, field: Field, value: Any, indent: str) -> None:
        text, behind = self.splices.text, self.splices.line_end(node.end)
        gap = " " if node.start == node.end else ""
        block = self._format_block(field, value, self._block_indent(node) or indent + "  ", behind)
        is_block = node.style in _BLOCK_STYLES
        comment = _comment_of_block(text, node.start) if is_block else text[node.end : behind].rstrip()
        if block:
            header, _, body = block.partition("\n")
            self.splices.replace(node.start, behind, f"{gap}{header}{comment}\n{body}")
        elif value is None and is_block:
            self.splices.replace(len(text[: node.start].rstrip(" \t")), behind, f"{comment}\n")
        elif value is None:
            self.splices.cut(node.start, node.end)
        elif is_block:
            self.splices.replace(node.start, behind, f"{format_scalar(field, value)}{comment}\n")
        else:
            self.splices.replace(node.start, node.end, gap + _restyle(field, value, node))

    def _format_lines(self, field: Field, value: Any, indent: str, behind: int) -> str:
        """A whole field, or custom key, in front of what is at `behind`."""
        if value is None or isinstance(value, list | dict):
            return format_custom(field.name, value, indent)
        if field.shape != "scalar":
            return _indented(_lines_of(field, value), indent)
        block = self._format_block(field, value, indent + "  ", behind)
        return f"{indent}{format_text(field.name)}: " + (block or format_scalar(field, value) + "\n")

    def _format_block(self, field: Field, value: Any, indent: str, behind: int) -> str | None:
        """A literal block that takes none of the comments and spaces behind it for its own."""
        if field.kind is not BLOCK or value is None:
            return None
        found = _COMMENTS.match(self.splices.text, behind)
        spaces = _LEADING_SPACE.findall(found.group()) if found else []
        if any("\t" in space for space in spaces):
            return None
        return format_block(value, max([indent, *(space + " " for space in spaces)], key=len))

    def _block_indent(self, node: Scalar) -> str:
        """The spaces that a literal block's lines begin with; "" where that is not to be seen at once."""
        found = _BLOCK_INDENT.match(self.splices.text, node.start)
        return found[1] if found else ""

    def _revise_custom(self, entry: Entry, value: Any) -> None:
        node, indent = entry.value, self.splices.indent_at(entry.key.start)
        field = _custom_field(entry.key.text, value)
        if isinstance(node, Scalar) and (value is None or isinstance(value, str)):
            self._revise_scalar(node, field, value, indent)
        elif (isinstance(node, Scalar) and node.style not in _BLOCK_STYLES) or _is_flow(node):
            gap = " " if node.start == node.end else ""
            self.splices.replace(node.start, node.end, gap + format_flow(value))
        else:
            start, end = self.splices.line_start(entry.key.start), self._end(node)
            self.splices.replace(start, end, self._format_lines(field, value, indent, end))

    def _revise_list(self, entry: Entry, node: Sequence, after: tuple[Any, ...]) -> None:
        if node.flow:
            self.splices.replace(node.start, node.end, "[" + ", ".join(map(_format_flow_item, after)) + "]")
            return
        children = self._items(node)
        indent = self.splices.indent_at(children[0].start)
        wanted = {_key_of(item): item for item in after}
        lines = {key: f"{indent}- {_format_item(item)}\n" for key, item in wanted.items()}
        for child, item in zip(children, node.items, strict=True):
            new = wanted.get(child.key)
            if isinstance(new, Dependency) and _type_of(item) != new.type:
                start, end = _span(item)
                if "\n" in self.splices.text[start:end]:
                    self.splices.replace(child.start, child.end, lines[child.key])
                else:
                    self.splices.replace(start, end, format_dependency(new))
        self._revise_children(entry, children, lines)

    def _items(self, node: Sequence) -> list[Child]:
        children = []
        start = self.splices.line_start(node.start)
        for item in node.items:
            dash = _DASH.search(self.splices.text, start)
            end = self._end(item)
            children.append(Child(_key_of_node(item), dash.start() if dash else start, end))
            start = end
        return children

    def _revise_tasks(self, entry: Entry, node: Mapping, before: tuple[Task, ...], after: tuple[Task, ...]) -> None:
        old = {task.id: task for task in before}
        indent = self.splices.indent_at(next(iter(node.entries.values())).key.start)
        inner = self._inner_indent(node) or indent + "  "
        wanted = {task.id: format_task(task, indent, inner) for task in after}
        children = [
            Child(task.key.text, self.splices.line_start(task.key.start), self._end(task.value))
            for task in node.entries.values()
        ]
        if [key for key in wanted if key in old] != [key for key in old if key in wanted]:
            # Another order: every task is written anew.
            children = [child._replace(key="") for child in children]
        else:
            for new in after:
                if old.get(new.id, new) != new:
                    self._revise_task(node.entries[new.id], old[new.id], new, wanted[new.id])
        self._revise_children(entry, children, wanted)

    def _inner_indent(self, tasks: Mapping) -> str:
        for entry in tasks.entries.values():
            if isinstance(entry.value, Mapping) and not entry.value.flow:
                return self.splices.indent_at(next(iter(entry.value.entries.values())).key.start)
        return ""

    def _revise_task(self, entry: Entry, before: Task, after: Task, lines: str) -> None:
        if isinstance(entry.value, Mapping) and not entry.value.flow:
            self._revise_mapping(entry.value, TASK_FIELDS, before, after)
        else:
            self._fill(entry.value, lines.partition("\n")[2])

    def _revise_children(self, entry: Entry, children: list[Child], wanted: dict[str, str]) -> None:
        """Removes, replaces and inserts whole children of an entry.

        Args:
            wanted: The lines of each child that shall be there, by key, in order. Those that are there stay.
        """
        splices = self.splices
        gap = "\n" if self._are_spaced(children) else ""
        added, removed = _by_gap(children, wanted)
        for at in sorted({*added, *removed}):
            old, new = removed.get(at, []), added.get(at, [])
            for child, lines in zip(old, new, strict=False):
                splices.replace(child.start, child.end, lines)
            for child in old[len(new) :]:
                # The blank line stays: so do two branches that remove neighbours touch different lines.
                is_inner = not wanted and child != children[-1]
                end = splices.behind_blank_lines(child.end) if is_inner else child.end
                self._remove_lines(child.start, end)
            rest = new[len(old) :]
            if rest and at < 0 and not old:
                splices.insert(splices.line_end(entry.key.start + 1), "".join(lines + gap for lines in rest))
            elif rest:
                last = old[-1] if old else children[at]
                self._insert_lines(last.end, gap, rest)
                self._take_spare_line(last.end, 2 if last == children[-1] else 1)

    def _take_spare_line(self, at: int, usual: int) -> None:
        """Takes one of the blank lines that removals left."""
        if self.splices.text.count("\n", at, self.splices.behind_blank_lines(at)) > usual:
            self.splices.replace(at, self.splices.line_end(at + 1), "")

    def _are_spaced(self, children: list[Child]) -> bool:
        if len(children) < 2:
            return self.is_spaced
        return self.splices.has_blank_line(children[0].end, children[1].start)

    def _end(self, node: Node) -> int:
        """Behind the last line of a node."""
        if isinstance(node, Scalar) or node.flow:
            return self.splices.line_end(node.end)
        last = node.items[-1] if isinstance(node, Sequence) else list(node.entries.values())[-1].value
        return self._end(last)


def _by_gap(children: list[Child], wanted: dict[str, str]) -> tuple[dict[int, list[str]], dict[int, list[Child]]]:
    """What is to be added, and removed, behind each child that stays; -1 is in front of all."""
    there = {child.key: at for at, child in enumerate(children)}
    added: dict[int, list[str]] = {}
    removed: dict[int, list[Child]] = {}
    stays = -1
    for key, lines in wanted.items():
        if key in there:
            stays = there[key]
        else:
            added.setdefault(stays, []).append(lines)
    stays = -1
    for at, child in enumerate(children):
        if child.key in wanted:
            stays = at
        else:
            removed.setdefault(stays, []).append(child)
    return added, removed


def _custom_field(key: str, value: Any) -> Field:
    """A custom key as if it were a field."""
    return Field(BLOCK if isinstance(value, str) and "\n" in value else LINE, "", name=key)


def _lines_of(field: Field, value: Any) -> str:
    """Without the blank lines that close a field in the canonical form."""
    return format_field(field, value).rstrip("\n") + "\n"


def _is_flow(node: Node) -> bool:
    return not isinstance(node, Scalar) and node.flow


def _indented(lines: str, indent: str) -> str:
    return "".join(line if line == "\n" else indent + line for line in lines.splitlines(keepends=True))


def _comment_of_block(text: str, start: int) -> str:
    found = _BLOCK_COMMENT.match(text, start)
    return (found[1] or "").rstrip() if found else ""


def _restyle(field: Field, value: Any, node: Scalar) -> str:
    """A value in the quotes that a person chose: those around a text that needs none."""
    is_forced = field.kind in (LINE, BLOCK) and format_text(node.text) != node.text
    if not node.style or is_forced:
        return format_scalar(field, value)
    text = field.kind.format(value)
    if node.style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return format_quoted(text)


def _key_of(item: str | Dependency) -> str:
    return item.id if isinstance(item, Dependency) else item


def _key_of_node(item: Node) -> str:
    if isinstance(item, Scalar):
        return item.as_line
    return next(iter(item.entries)) if isinstance(item, Mapping) else ""


def _format_item(item: str | Dependency) -> str:
    return format_dependency(item) if isinstance(item, Dependency) else format_text(item)


def _format_flow_item(item: str | Dependency) -> str:
    if isinstance(item, Dependency):
        return format_dependency(item) if item.type == "blocks" else f"{{{format_dependency(item)}}}"
    return format_quoted(item) if re.search(r"[\[\]{},:?]", item) else format_text(item)


def _type_of(item: Node) -> str:
    if isinstance(item, Mapping):
        (entry,) = item.entries.values()
        return entry.value.as_line if isinstance(entry.value, Scalar) else ""
    return "blocks"


def _span(item: Node) -> tuple[int, int]:
    """From the first to behind the last character of an item of a list."""
    if isinstance(item, Mapping) and not item.flow:
        (entry,) = item.entries.values()
        return entry.key.start, entry.value.end
    return item.start, item.end
