"""Milestones as people write them: any order, comments everywhere, every style that YAML has."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from hypothesis import strategies as st

from gitmilestone.model.fields import MILESTONE_FIELDS, TASK_FIELDS, Field
from gitmilestone.model.kinds import BLOCK, ESTIMATE, LINE, NUMBER, TIME
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.model.text.encode import encode

NULLS = ("", "~", "null", "Null", "NULL")
_PLAIN = re.compile(r"[A-Za-z0-9_./(][\w ./()'\"-]*[\w./()]|[A-Za-z0-9]", re.ASCII)
_FLOW_PLAIN = re.compile(r"[A-Za-z0-9_.][\w .-]*[\w]|[A-Za-z0-9]", re.ASCII)
_FOLDABLE = re.compile(r"[A-Za-z0-9]\w*(?: \w+)+", re.ASCII)


@st.composite
def handwritten(draw: st.DrawFn, milestone: Milestone) -> str:
    """A text that reads as `milestone`."""
    return Hand(draw(st.randoms(use_true_random=False)), milestone).write()


@st.composite
def handwritten_files(draw: st.DrawFn, milestone: Milestone) -> bytes:
    """The same as a file, from whatever editor: with line ends of other systems, and a byte-order mark."""
    return draw(saved(draw(handwritten(milestone))))


def saved(text: str) -> st.SearchStrategy[bytes]:
    """A text as editors save it."""
    ends = st.sampled_from(("\n", "\n", "\n", "\r\n", "\r"))
    marks = st.sampled_from((b"", b"", b"\xef\xbb\xbf"))
    return st.builds(lambda mark, end: mark + text.replace("\n", end).encode(), marks, ends)


@st.composite
def files_of(draw: st.DrawFn, milestone: Milestone) -> bytes:
    """A file that says `milestone`, by a program of ours or by hand."""
    return draw(st.just(encode(milestone)) | handwritten_files(milestone))


class Hand:
    """Somebody's habits: drawn once, kept through the file, with lapses."""

    def __init__(self, chance: random.Random, milestone: Milestone) -> None:
        self.chance = chance
        self.milestone = milestone
        self.lines: list[str] = []
        self.step = chance.choice((2, 2, 4))
        self.blank = chance.choice((0.0, 0.3, 1.0))
        self.chatty = chance.choice((0.0, 0.2, 0.5))
        self.notes = 0
        self.is_after_block = False

    def write(self) -> str:
        entries = self._root_entries()
        self.chance.shuffle(entries)
        for write in entries:
            self._between(0)
            write()
        is_block = self.is_after_block
        self._between(0)
        margin = self.chance.choice(("", "", "", "", "", "   "))
        text = "".join(f"{margin}{line}\n" if line else "\n" for line in self.lines)
        if self._is(0.3):
            text = self._eol("---") + "\n" + text
        return text.rstrip("\n") if self._is(0.2) and not is_block else text

    def _root_entries(self) -> list[Callable[[], None]]:
        milestone = self.milestone
        entries: list[Callable[[], None]] = []
        for field in MILESTONE_FIELDS:
            value = getattr(milestone, field.name)
            if value in (None, ()):
                if self._is(0.5):
                    entries.append(partial(self._unset, field, 0))
            elif field.shape == "scalar":
                entries.append(partial(self._scalar, field, value, 0))
            elif field.shape == "tasks":
                entries.append(self._tasks)
            else:
                entries.append(partial(self._list, field.name, list(value), 0))
        for key, value in milestone.extra.items():
            entries.append(partial(self._custom, key, value, 0))
        return entries

    def _is(self, probability: float) -> bool:
        return self.chance.random() < probability

    def _note(self) -> str:
        self.notes += 1
        return f"# note {self.notes}: x"

    def _eol(self, line: str) -> str:
        """The line, maybe with a comment or spaces at its end."""
        if self._is(self.chatty):
            # libyaml takes no tab where a value may come.
            space = self.chance.choice((" ", "  ", "     ", "     " if line[-1] in ":-" else "\t"))
            return line + space + self._note()
        return line + self.chance.choice(("", "", "", "  "))

    def _between(self, indent: int) -> None:
        """Blank lines and comments of their own; behind a block none that would belong to it."""
        for _ in range(self.chance.choice((0, 1, 1, 2)) if self._is(self.blank) else 0):
            self.lines.append("" if self.is_after_block else self.chance.choice(("", "", "  ", "        ")))
        while self._is(self.chatty):
            column = indent if self.is_after_block else self.chance.choice((indent, indent, 0, 1, 5))
            self.lines.append(" " * column + self._note())
            if self._is(self.blank):
                self.lines.append("")
        self.is_after_block = False

    def _key(self, name: str) -> str:
        if not _PLAIN.fullmatch(name) or '"' in name or name in NULLS:
            return _quoted(name)
        return self.chance.choice((name, name, name, name, f'"{name}"', "'" + name.replace("'", "''") + "'"))

    def _unset(self, field: Field, indent: int) -> None:
        empty = {"labels": ("[]",), "dependencies": ("[]", "[ ]"), "tasks": ("{}",)}.get(field.shape, ())
        if field.kind is BLOCK:
            empty = ('""', "|", "''")
        value = self.chance.choice((*NULLS[:3], *empty))
        key = " " * indent + self._key(field.name)
        self.lines.append(self._eol(f"{key}: {value}" if value else f"{key}:"))
        self.is_after_block = value == "|"

    def _scalar(self, field: Field, value: Any, indent: int) -> None:
        text = field.kind.format(value)
        if field.kind is ESTIMATE and value % 5 == 0 and self._is(0.5):
            text = f"{int(value) // 5}w"
        elif field.kind is NUMBER and value == int(value) and self._is(0.3):
            text = f"{int(value)}.0"
        elif field.kind is TIME and self._is(0.3):
            text = _elsewhere(value) or text
        self._text(field.name, text, indent, is_free=field.kind in (LINE, BLOCK))

    def _text(self, name: str, text: str, indent: int, is_free: bool = True) -> None:
        """`name: text`, in one of the styles that can hold it."""
        styles: list[Callable[[str, str, int], None]] = [self._double]
        if (_PLAIN.fullmatch(text) and text not in NULLS) or not is_free:
            styles += [self._plain] * 4 + [self._below]
        if text.isprintable() and text:
            styles.append(self._single)
        if _FOLDABLE.fullmatch(text.removesuffix("\n")):
            styles += [self._folded, self._several]
        if _is_literal(text):
            styles += [self._literal] * 3
        self.chance.choice(styles)(" " * indent + self._key(name) + ":", text, indent)

    def _plain(self, key: str, text: str, indent: int) -> None:
        self.lines.append(self._eol(f"{key}{self.chance.choice((' ', ' ', '   '))}{text}"))

    def _below(self, key: str, text: str, indent: int) -> None:
        self.lines.append(self._eol(key))
        while self._is(self.chatty):
            self.lines.append(" " * (indent + 1) + self._note())
        self.lines.append(self._eol(" " * (indent + self.step) + text))

    def _single(self, key: str, text: str, indent: int) -> None:
        self.lines.append(self._eol(f"{key} '" + text.replace("'", "''") + "'"))

    def _double(self, key: str, text: str, indent: int) -> None:
        quoted = _quoted(text)
        if self._is(0.2) and " " in text.strip():
            # A line end that is escaped joins the lines; spaces that belong to the text are escaped too.
            at = quoted.index(" ", 2) if " " in quoted[2:-2] else 0
            if at and quoted[at - 1] != "\\":
                self.lines.append(f"{key} {quoted[:at]}\\")
                self.lines.append(self._eol(" " * (indent + 3) + "\\" + quoted[at:]))
                return
        self.lines.append(self._eol(f"{key} {quoted}"))

    def _several(self, key: str, text: str, indent: int) -> None:
        """A plain or quoted scalar over several lines."""
        words = text.split()
        ending = "\\n" if text.endswith("\n") else ""
        quote = '"' if ending else self.chance.choice(("", "'", '"'))
        at = self.chance.randrange(1, len(words))
        self.lines.append(f"{key} {quote}{' '.join(words[:at])}")
        rest = " " * (indent + self.chance.choice((1, 2, 6))) + " ".join(words[at:])
        self.lines.append(self._eol(f"{rest}{ending}{quote}"))

    def _folded(self, key: str, text: str, indent: int) -> None:
        words = text.split()
        at = self.chance.randrange(1, len(words))
        self._block(key, ">", [" ".join(words[:at]), " ".join(words[at:])], text, indent)

    def _literal(self, key: str, text: str, indent: int) -> None:
        self._block(key, "|", text.removesuffix("\n").split("\n"), text, indent)

    def _block(self, key: str, style: str, lines: list[str], text: str, indent: int) -> None:
        inner = self.chance.choice((1, 2, 2, 4, 7))
        digit = str(inner) if self._is(0.2) or lines[0][:1] in (" ", "") else ""
        keep = self.chance.choice(("", "+")) if text.endswith("\n") else "-"
        self.lines.append(self._eol(f"{key} {style}{keep}{digit}" if self._is(0.5) else f"{key} {style}{digit}{keep}"))
        self.lines += [" " * (indent + inner) + line if line else "" for line in lines]
        self.is_after_block = True
        if keep == "+":
            # What is blank behind it would be its own.
            self.lines.append(" " * indent + self._note())

    def _list(self, name: str, items: list[Any], indent: int) -> None:
        if self._is(0.4):
            self.chance.shuffle(items)
        key = " " * indent + self._key(name) + ":"
        if self._is(0.3):
            self._flow(key, [_flow_item(item) for item in items], "[]")
            return
        self.lines.append(self._eol(key))
        inner = indent + self.chance.choice((0, self.step, self.step))
        is_spaced = self._is(0.3)
        for at, item in enumerate(items):
            if at and is_spaced:
                self.lines.append("")
            while self._is(self.chatty):
                column = inner if self.is_after_block else self.chance.choice((inner, 0, 6))
                self.lines.append(" " * column + self._note())
            self.is_after_block = False
            self._item(item, inner)

    def _item(self, item: Any, indent: int) -> None:
        dash = " " * indent + "-" + self.chance.choice((" ", " ", "   "))
        if isinstance(item, Dependency):
            target = _flow_item(item.id)
            if item.type == "relates" or self._is(0.2):
                written = self.chance.choice((f"{target}: {item.type}", f"{{{target}: {item.type}}}"))
            else:
                written = target
        else:
            written = item if _PLAIN.fullmatch(item) and item not in NULLS else _quoted(item)
            if _FLOW_PLAIN.fullmatch(item) and self._is(0.2):
                style = self.chance.choice(("|-", ">-"))
                self.lines += [self._eol(f"{dash}{style}"), " " * (indent + 2) + item]
                self.is_after_block = True
                return
        if self._is(0.1):
            self.lines += [self._eol(dash.rstrip()), self._eol(" " * (indent + 4) + written)]
        else:
            self.lines.append(self._eol(dash + written))

    def _flow(self, key: str, parts: list[str], brackets: str) -> None:
        opening, closing = brackets[0], brackets[1]
        if self._is(0.6):
            self.lines.append(self._eol(f"{key} {opening}{', '.join(parts)}{closing}"))
            return
        self.lines.append(f"{key} {opening}" + self.chance.choice(("", " # inner")))
        self.lines += [f"     {part}," + self.chance.choice(("", " # inner")) for part in parts]
        self.lines.append(self._eol(f" {closing}"))

    def _tasks(self) -> None:
        tasks = self.milestone.tasks
        key = self._key("tasks") + ":"
        if self._is(0.15):
            self._flow(key, [f"{_flow_item(task.id)}: {_flow_task(task)}" for task in tasks], "{}")
            return
        self.lines.append(self._eol(key))
        is_spaced = self._is(0.3)
        for at, task in enumerate(tasks):
            if at and is_spaced:
                self.lines.append("")
            self._between(self.step)
            self._task(task)

    def _task(self, task: Task) -> None:
        key = " " * self.step + _flow_item(task.id) + ":"
        if self._is(0.2):
            parts = _flow_task(task)
            self.lines.append(self._eol(f"{key} {parts}"))
            return
        self.lines.append(self._eol(key))
        indent = 2 * self.step
        entries: list[Callable[[], None]] = []
        for field in TASK_FIELDS:
            value = getattr(task, field.name)
            if value == field_default(field) and (value is None or self._is(0.6)):
                if self._is(0.3):
                    entries.append(partial(self._unset, field, indent))
            else:
                entries.append(partial(self._scalar, field, value, indent))
        for name, value in task.extra.items():
            entries.append(partial(self._custom, name, value, indent))
        self.chance.shuffle(entries)
        for write in entries:
            self._between(indent)
            write()

    def _custom(self, key: str, value: Any, indent: int) -> None:
        if isinstance(value, str):
            self._text(key, value, indent)
        elif isinstance(value, list) and value and all(isinstance(item, str) for item in value):
            self._list(key, list(value), indent) if len(set(value)) < 2 else self._flow(
                " " * indent + self._key(key) + ":", [_flow_item(item) for item in value], "[]"
            )
        elif isinstance(value, dict) and value and self._is(0.6):
            self.lines.append(self._eol(" " * indent + self._key(key) + ":"))
            for name, inner in value.items():
                self._between(indent + self.step)
                self._custom(name, inner, indent + self.step)
        else:
            self.lines.append(self._eol(" " * indent + self._key(key) + ": " + _flow_value(value)))


def field_default(field: Field) -> Any:
    return Task._field_defaults.get(field.name)


def _elsewhere(moment: datetime) -> str:
    """The same time in another zone's words."""
    try:
        there = moment.astimezone(timezone(timedelta(hours=5, minutes=30)))
    except OverflowError:
        return ""
    return there.isoformat(" ") if there.year > 999 else ""


def _is_literal(text: str) -> bool:
    lines = text.removesuffix("\n").split("\n")
    return all(line.isprintable() and (not line or line.strip()) for line in lines) and bool(lines[0] and lines[-1])


def _quoted(text: str) -> str:
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08X}"


def _flow_item(item: Any) -> str:
    if isinstance(item, Dependency):
        target = _flow_item(item.id)
        return target if item.type == "blocks" else f"{{{target}: {item.type}}}"
    return item if _FLOW_PLAIN.fullmatch(item) and item not in NULLS else _quoted(item)


def _flow_task(task: Task) -> str:
    parts = []
    for field in TASK_FIELDS:
        value = getattr(task, field.name)
        if value != field_default(field):
            parts.append(f"{field.name}: " + _quoted(field.kind.format(value)))
    parts += [f"{_quoted(key)}: {_flow_value(value)}" for key, value in task.extra.items()]
    return "{" + ", ".join(parts) + "}"


def _flow_value(value: Any) -> str:
    if value is None:
        return "~"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_quoted(key)}: {_flow_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow_value, value)) + "]"
    return _quoted(value)
