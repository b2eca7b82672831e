"""Edits a YAML text in place: the smallest splices that make it say another milestone."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from gitmilestone.model.encode import (
    format_block,
    format_dependency,
    format_extra,
    format_field,
    format_quoted,
    format_scalar,
    format_task,
    format_text,
)
from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.kinds import BLOCK, LINE
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.yaml_nodes import Entry, Mapping, Node, Scalar, Sequence

_BLOCK_HEADER = re.compile(r"[|>][^ #\n]*([ \t]+#[^\n]*)?")
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)*")


class Reviser:
    """Collects splices over one text; `revise` applies them."""

    def __init__(self, text: str, root: Mapping) -> None:
        self.text = text
        self.root = root
        self.splices: list[tuple[int, int, str]] = []
        self.line_starts = [0, *(found.end() for found in re.finditer("\n", text))]
        ends = [(self._end(entry.value), entry) for entry in root.entries.values()]
        self.is_spaced = len(ends) < 2 or self._blank_lines_at(ends[0][0]) > 0

    def revise(self, old: Milestone, new: Milestone) -> str:
        for field in MILESTONE_FIELDS:
            before, after = getattr(old, field.name), getattr(new, field.name)
            if before != after:
                self._revise_field(field, before, after)
        for key in {**old.extra, **new.extra}:
            if old.extra.get(key) != new.extra.get(key) or (key in old.extra) != (key in new.extra):
                self._revise_extra(key, new)
        return self._apply()

    def _apply(self) -> str:
        pieces: list[str] = []
        position = 0
        for start, end, replacement in sorted(self.splices, key=lambda splice: splice[:2]):
            pieces += (self.text[position:start], replacement)
            position = end
        return "".join([*pieces, self.text[position:]])

    def _splice(self, start: int, end: int, replacement: str) -> None:
        if start == end == len(self.text) and self.text and not self.text.endswith("\n"):
            replacement = "\n" + replacement
        self.splices.append((start, end, replacement))

    def _line_start(self, line: int) -> int:
        return self.line_starts[line - 1]

    def _line_end(self, offset: int) -> int:
        """Behind the line that holds the character before `offset`."""
        line = bisect_right(self.line_starts, max(offset - 1, 0))
        return self.line_starts[line] if line < len(self.line_starts) else len(self.text)

    def _end(self, node: Node) -> int:
        """Behind the last line of a node."""
        if isinstance(node, Mapping) and not node.flow and node.entries:
            last = list(node.entries.values())[-1]
            return max(self._end(last.value), self._line_end(last.key.end))
        if isinstance(node, Sequence) and not node.flow and node.items:
            return self._end(node.items[-1])
        return self._line_end(node.end)

    def _blank_lines_at(self, offset: int) -> int:
        found = _BLANK_LINES.match(self.text, offset)
        return found.group().count("\n") if found else 0

    def _revise_field(self, field: Field, before: Any, after: Any) -> None:
        entry = self.root.entries.get(field.name)
        if entry is None:
            self._insert_field(field, after)
        elif field.shape == "scalar":
            self._revise_scalar(field, entry, after, "")
        elif field.shape == "tasks":
            self._revise_tasks(entry, before, after)
        elif field.shape == "labels":
            self._revise_set(entry, after, _label_key, str, format_text)
        else:
            self._revise_set(entry, after, _dependency_key, lambda item: item.id, format_dependency)

    def _insert_field(self, field: Field, value: Any) -> None:
        """A field that the file does not have goes behind the field before it in the canonical order."""
        lines = format_field(field, value)
        position = None
        for earlier in MILESTONE_FIELDS:
            if earlier.name == field.name:
                break
            if entry := self.root.entries.get(earlier.name):
                position = max(self._end(entry.value), self._line_end(entry.key.end))
        gap = "\n" if self.is_spaced else ""
        if position is None:
            first = next(iter(self.root.entries.values()))
            start = self._line_start(first.key.line)
            self._splice(start, start, lines + gap)
        else:
            self._splice(position, position, gap + lines)

    def _revise_scalar(self, field: Field, entry: Entry, value: Any, indent: str) -> None:
        node = entry.value
        if not isinstance(node, Scalar):
            return
        after_colon = self.text.index(":", entry.key.end) + 1
        block = format_block(value, indent) if value is not None and field.kind is BLOCK else None
        if node.style in ("|", ">"):
            header = _BLOCK_HEADER.match(self.text, node.start)
            comment = header[1] or "" if header else ""
            if block is not None:
                self._splice(node.start, node.end, _with_comment(block, comment))
            else:
                written = "" if value is None else " " + format_scalar(field, value)
                self._splice(after_colon, node.end, f"{written}{comment}\n")
        elif block is not None:
            line_end = self._line_end(node.end)
            rest = self.text[node.end : line_end].rstrip("\n")
            start = after_colon if node.start == node.end else node.start
            gap = " " if node.start == node.end else ""
            self._splice(start, line_end, gap + _with_comment(block, rest))
        elif value is None:
            self._splice(after_colon, node.end, "")
        elif node.start == node.end:
            self._splice(after_colon, after_colon, " " + format_scalar(field, value))
        else:
            self._splice(node.start, node.end, _restyle(field, value, node.style))

    def _revise_set(
        self,
        entry: Entry,
        after: tuple[Any, ...],
        key_of_node: Callable[[Node], str],
        key_of_item: Callable[[Any], str],
        format_item: Callable[[Any], str],
    ) -> None:
        node = entry.value
        wanted = {key_of_item(item): item for item in after}
        if isinstance(node, Sequence) and node.flow:
            written = ", ".join(_flow_item(item) for item in after)
            self._splice(node.start, node.end, f"[{written}]")
            return
        if not isinstance(node, Sequence):
            self._fill_empty(entry, self._joined([format_item(item) for item in after], "  ", self.is_spaced))
            return
        kept = [item for item in node.items if key_of_node(item) in wanted]
        indent = self._indent_of(node.items[0].line)
        is_spaced = self._blank_lines_at(self._end(node.items[0])) > 0 if len(node.items) > 1 else self.is_spaced
        if not kept:
            lines = self._joined([format_item(item) for item in after], indent, is_spaced)
            self._splice(self._line_start(node.items[0].line), self._end(node), lines)
            return
        for item in node.items:
            key = key_of_node(item)
            if key not in wanted:
                self._splice(self._line_start(item.line), self._end(item), "")
            elif isinstance(wanted[key], Dependency) and _type_of_node(item) != wanted[key].type:
                self._splice(*_span(item), format_item(wanted[key]))
        present = {key_of_node(item) for item in kept}
        added = [item for item in after if key_of_item(item) not in present]
        self._add_items(kept, added, key_of_node, key_of_item, format_item, indent, is_spaced)

    def _add_items(
        self,
        kept: list[Node],
        added: list[Any],
        key_of_node: Callable[[Node], str],
        key_of_item: Callable[[Any], str],
        format_item: Callable[[Any], str],
        indent: str,
        is_spaced: bool,
    ) -> None:
        """Each new item goes behind the last kept one that sorts before it."""
        keys = [key_of_node(item) for item in kept]
        is_sorted = keys == sorted(keys)
        groups: dict[int, list[str]] = {}
        for item in added:
            place = bisect_right(keys, key_of_item(item)) if is_sorted else len(keys)
            groups.setdefault(place, []).append(format_item(item))
        gap = "\n" if is_spaced else ""
        for place, written in groups.items():
            lines = self._joined(written, indent, is_spaced)
            if place == 0:
                start = self._line_start(kept[0].line)
                self._splice(start, start, lines + gap)
                continue
            end = self._end(kept[place - 1])
            if is_spaced and self._blank_lines_at(end) > 1:
                # A removal left its blank line here, so the gap is there already.
                behind_gap = self._line_end(end + 1)
                self._splice(behind_gap, behind_gap, lines)
            else:
                self._splice(end, end, gap + lines)

    def _joined(self, items: list[str], indent: str, is_spaced: bool) -> str:
        return ("\n" if is_spaced else "").join(f"{indent}- {item}\n" for item in items)

    def _fill_empty(self, entry: Entry, lines: str) -> None:
        """Puts lines below `key:`; a comment on that line stays."""
        node = entry.value
        if node.start != node.end:
            self._splice(self.text.index(":", entry.key.end) + 1, node.end, "")
        end = self._line_end(node.end)
        self._splice(end, end, lines)

    def _indent_of(self, line: int) -> str:
        start = self._line_start(line)
        return self.text[start : start + len(self.text[start:]) - len(self.text[start:].lstrip(" "))]

    def _revise_tasks(self, entry: Entry, before: tuple[Task, ...], after: tuple[Task, ...]) -> None:
        node = entry.value
        old, new = {task.id: task for task in before}, {task.id: task for task in after}
        kept = [task.id for task in before if task.id in new]
        is_in_place = isinstance(node, Mapping) and not node.flow and [task.id for task in after][: len(kept)] == kept
        if not isinstance(node, Mapping):
            self._fill_empty(entry, "".join(map(format_task, after)))
            return
        if not kept or not is_in_place:
            if node.flow:
                self._fill_empty(entry, "".join(map(format_task, after)))
                return
            first = next(iter(node.entries.values()))
            self._splice(self._line_start(first.key.line), self._end(node), "".join(map(format_task, after)))
            return
        entries = {inner.key.text: inner for inner in node.entries.values()}
        indent = self._indent_of(entries[before[0].id].key.line)
        for task_id, task in old.items():
            inner = entries[task_id]
            if task_id not in new:
                self._splice(self._line_start(inner.key.line), self._end(inner.value), "")
            elif task != new[task_id]:
                self._revise_task(inner, task, new[task_id], indent)
        first_end = self._end(entries[before[0].id].value)
        gap = "\n" if len(before) > 1 and self._blank_lines_at(first_end) else ""
        end = self._end(entries[kept[-1]].value)
        lines = "".join(gap + format_task(task, indent) for task in after[len(kept) :])
        if lines:
            self._splice(end, end, lines)

    def _revise_task(self, entry: Entry, before: Task, after: Task, indent: str) -> None:
        node = entry.value
        if not isinstance(node, Mapping) or node.flow or before.extra != after.extra:
            self._splice(self._line_start(entry.key.line), self._end(node), format_task(after, indent))
            return
        position = self._line_end(entry.key.end)
        inner_indent = self._indent_of(next(iter(node.entries.values())).key.line)
        for field in TASK_FIELDS:
            inner = node.entries.get(field.name)
            value = getattr(after, field.name)
            if inner is not None:
                position = max(self._end(inner.value), self._line_end(inner.key.end))
                if getattr(before, field.name) != value:
                    self._revise_scalar(field, inner, value, inner_indent)
            elif getattr(before, field.name) != value:
                self._splice(position, position, f"{inner_indent}{field.name}: {format_scalar(field, value)}\n")

    def _revise_extra(self, key: str, new: Milestone) -> None:
        entry = self.root.entries.get(key)
        value = new.extra.get(key)
        if entry is None:
            last = list(self.root.entries.values())[-1]
            end = max(self._end(last.value), self._line_end(last.key.end))
            self._splice(end, end, ("\n" if self.is_spaced else "") + format_extra(key, value))
            return
        start, end = self._line_start(entry.key.line), max(self._end(entry.value), self._line_end(entry.key.end))
        if key not in new.extra:
            gap = self._blank_lines_at(end) > 0
            self._splice(start, self._line_end(end + 1) if gap else end, "")
        elif isinstance(entry.value, Scalar) and entry.value.style not in ("|", ">") and isinstance(value, str):
            self._revise_scalar(_EXTRA_LINE._replace(name=key), entry, value, "")
        else:
            self._splice(start, end, format_extra(key, value))


_EXTRA_LINE = Field("", LINE, "")


def _with_comment(block: str, comment: str) -> str:
    header, _, body = block.partition("\n")
    return f"{header}{comment}\n{body}"


def _restyle(field: Field, value: Any, style: str) -> str:
    """A value in the quotes that the person chose."""
    text = field.kind.format(value)
    if style == "'" and text.isprintable():
        return "'" + text.replace("'", "''") + "'"
    return format_quoted(text) if style else format_scalar(field, value)


def _flow_item(item: Any) -> str:
    if not isinstance(item, Dependency):
        return format_quoted(item) if re.search(r"[\[\]{},]", item) else format_text(item)
    return item.id if item.type == "blocks" else f"{{{item.id}: {item.type}}}"


def _label_key(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else ""


def _dependency_key(node: Node) -> str:
    if isinstance(node, Scalar):
        return node.text
    return next(iter(node.entries)) if isinstance(node, Mapping) else ""


def _type_of_node(node: Node) -> str:
    if isinstance(node, Mapping):
        value = next(iter(node.entries.values())).value
        return value.text if isinstance(value, Scalar) else ""
    return "blocks"


def _span(node: Node) -> tuple[int, int]:
    """From the first to the last character of an item of a list."""
    if isinstance(node, Mapping) and not node.flow:
        entry = next(iter(node.entries.values()))
        return entry.key.start, entry.value.end
    return node.start, node.end


