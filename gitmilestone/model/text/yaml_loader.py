"""The hardened YAML reader: any document a person may have written, from a stranger's pull request.

It reads libyaml's events, which come one at a time from a state machine, so that depth, aliases and
tags are refused before anything recurses or multiplies.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from gitmilestone.model.kinds import BadValue, refuse_unstorable
from gitmilestone.model.text.yaml_nodes import MAX_KEY, Entry, Mapping, Node, Scalar, Sequence, is_key

MAX_DEPTH = 32


class YamlFault(Exception):
    """Why a text is not the YAML we read: a problem's code, line (from 1), message and hint."""

    def __init__(self, code: str, line: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.message = message
        self.hint = hint


def load(text: str) -> Node | None:
    """The document's root node, None where there is none.

    Raises:
        YamlFault: Not well-formed, or a construct that strict reading refuses.
    """
    _refuse_forbidden(text)
    import yaml

    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)(text)
    try:
        return _Composer(loader, text).compose()
    except yaml.MarkedYAMLError as error:
        from gitmilestone.model.text.yaml_words import explain

        line, message, hint = explain(text, error)
        # libyaml has a bound of its own, which its releases call by different names.
        if re.search("maximum nesting|nesting depth", f"{error.context} {error.problem}"):
            raise _too_deep(line) from None
        raise YamlFault("yaml-syntax", line, message, hint) from None
    except yaml.YAMLError:
        raise YamlFault("yaml-syntax", 1, "it can't be read as YAML", "save it as UTF-8 text") from None
    finally:
        loader.dispose()


def _too_deep(line: int) -> YamlFault:
    return YamlFault("yaml-depth", line, f"nested deeper than {MAX_DEPTH} levels")


def _refuse_forbidden(text: str) -> None:
    """Characters that YAML forbids, and those that end a line for some of its readers only."""
    found = None if text.replace("\n", " ").isprintable() else _forbidden().search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        message = f"the character {found.group()!a} is not allowed in YAML"
        hint = "remove it, or write it as an escape in double quotes"
        raise YamlFault("unstorable-character", line, message, hint)


@cache
def _forbidden() -> re.Pattern[str]:
    # Compiled when it is first asked: such classes take milliseconds.
    return re.compile("[^\t\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


class _Composer:
    def __init__(self, loader: Any, text: str) -> None:
        from yaml import events

        self.events = events
        self.loader = loader
        self.text = text

    def compose(self) -> Node | None:
        self._next()
        event = self._next()
        if isinstance(event, self.events.StreamEndEvent):
            return None
        root = self._node(self._next(), 1)
        self._next()
        event = self._next()
        if isinstance(event, self.events.DocumentStartEvent):
            line = _line_of(event)
            raise YamlFault("yaml-documents", line, "a second document starts here", "keep one in a file")
        return root

    def _next(self) -> Any:
        return self.loader.get_event()

    def _node(self, event: Any, depth: int) -> Node:
        line = _line_of(event)
        if isinstance(event, self.events.AliasEvent):
            raise YamlFault(
                "yaml-alias",
                line,
                f"the alias *{event.anchor} is not allowed",
                f'write it out; if it is text, quote it: "*{event.anchor}"',
            )
        if event.anchor is not None:
            raise YamlFault(
                "yaml-alias",
                line,
                f"the anchor &{event.anchor} is not allowed",
                "remove it; if it is text, put all of it in quotes",
            )
        if event.tag is not None:
            hint = "remove it, for values are text; if it belongs to the text, put all of it in quotes"
            raise YamlFault("yaml-tag", line, f"the tag {event.tag} is not allowed", hint)
        if isinstance(event, self.events.ScalarEvent):
            return self._scalar(event, line)
        if depth > MAX_DEPTH:
            raise _too_deep(line)
        if isinstance(event, self.events.SequenceStartEvent):
            return self._sequence(event, line, depth)
        return self._mapping(event, line, depth)

    def _scalar(self, event: Any, line: int) -> Scalar:
        start, end = _span(event, event)
        text: str = event.value
        try:
            refuse_unstorable(text)
        except BadValue as fault:
            raise YamlFault("unstorable-character", line, f"the text {fault.message}", fault.hint) from None
        if event.style in ("|", ">"):
            end = _end_of_block(self.text, start, end)
        return Scalar(text, start, end, line, event.style or "")

    def _sequence(self, first: Any, line: int, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(event := self._next(), self.events.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Sequence(items, *_span(first, event), line, bool(first.flow_style))

    def _mapping(self, first: Any, line: int, depth: int) -> Mapping:
        entries: dict[str, Entry] = {}
        while not isinstance(event := self._next(), self.events.MappingEndEvent):
            key = self._key(event, depth + 1)
            if key.text in entries:
                before = entries[key.text].key.line
                message = f"the key {key.text!r} is here again; it is on line {before} already"
                hint = "a merge can leave two: keep the right one"
                raise YamlFault("duplicate-key", key.line, message, hint)
            entries[key.text] = Entry(key, self._node(self._next(), depth + 1))
        return Mapping(entries, *_span(first, event), line, bool(first.flow_style))

    def _key(self, event: Any, depth: int) -> Scalar:
        key = self._node(event, depth)
        if not isinstance(key, Scalar):
            raise YamlFault("yaml-syntax", key.line, "a key must be plain text")
        if not is_key(key.text):
            message = f"a key has at most {MAX_KEY} characters, not {len(key.text)}"
            raise YamlFault("yaml-syntax", key.line, message, "put the text into the value")
        return key


def _span(first: Any, last: Any) -> tuple[int, int]:
    return first.start_mark.index, last.end_mark.index


def _line_of(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _end_of_block(text: str, start: int, end: int) -> int:
    """libyaml counts the blank lines behind a block as its own; an edit must not, unless it keeps them (`|+`)."""
    header, _, _ = text[start:end].partition("\n")
    if "+" in header.partition("#")[0]:
        return end
    return min(start + len(text[start:end].rstrip("\n")) + 1, end)
