"""A format that never was, registered in front of the real one: so a second one is read, written and migrated.

The real fields stand for the newest, which is called format 2 here. Format 1 has `needs` for `depends_on`, and writes
an estimate as ISO 8601 does: `P15D`, `P3W`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

import pytest

from gitmilestone.model import config, formats
from gitmilestone.model.formats import CannotConvert, Format
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.text.yaml_canonical import load_canonical
from gitmilestone.model.text.yaml_loader import load
from gitmilestone.model.text.yaml_nodes import Mapping, Node, Scalar

_OLD = r"P(\d+(?:\.\d{1,2})?)([DW])"
_NEW = r"(\d+(?:\.\d{1,2})?)([dw])"


def upgrade(text: str) -> str:
    return _respell(text, "needs", "depends_on", lambda value: re.sub(_OLD, lambda m: m[1] + m[2].lower(), value))


def downgrade(text: str) -> str:
    return _respell(text, "depends_on", "needs", lambda value: re.sub(_NEW, lambda m: f"P{m[1]}{m[2].upper()}", value))


def add_note(text: str) -> str:
    return f"# a note that the next format begins with\n{text}"


def cut_note(text: str) -> str:
    note, _, rest = text.partition("\n")
    if note != "# a note that the next format begins with":
        raise CannotConvert("has lost its note", "put it back", 1)
    return rest


OLDER_AND_NEWER = (Format(1, "as it never was"), Format(2, "as it is", upgrade, downgrade))
"""What is registered where nothing else is said."""


def register(monkeypatch: pytest.MonkeyPatch, known: tuple[Format, ...] = OLDER_AND_NEWER) -> None:
    """Makes this process one of a version that knows these formats."""
    monkeypatch.setattr(formats, "FORMATS", known)
    monkeypatch.setattr(formats, "NEWEST", known[-1].version)
    # What was read by other formats is not to be kept.
    monkeypatch.setattr(config, "_read_project", inspect.unwrap(config._read_project))
    defaults = {**Milestone._field_defaults, "schema": known[-1].version}
    monkeypatch.setattr(Milestone.__new__, "__defaults__", tuple(defaults.values()))


def _respell(text: str, old: str, new: str, respell: Callable[[str], str]) -> str:
    root = load_canonical(text) or load(text)
    assert isinstance(root, Mapping)
    if new in root.entries:
        line = root.entries[new].key.line
        raise CannotConvert(f"has a key `{new}`, which means something else in the other format", "rename it", line)
    places: list[tuple[Node, Callable[[str], str]]] = []
    if old in root.entries:
        places.append((root.entries[old].key, lambda source: source.replace(old, new)))
    if "estimate" in root.entries:
        places.append((root.entries["estimate"].value, respell))
    for node, change in sorted(places, key=lambda place: place[0].start, reverse=True):
        assert isinstance(node, Scalar)
        source = text[node.start : node.end]
        if not node.is_null and change(source) == source:
            raise CannotConvert(f"has {source[:20]!r}, which the other format can't say", "write it plainly", node.line)
        text = text[: node.start] + change(source) + text[node.end :]
    return text
