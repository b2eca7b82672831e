"""Which milestones differ between two states."""

from __future__ import annotations

from typing import Any, NamedTuple

from gitmilestone.derived.listing import not_plain
from gitmilestone.model.change import Change
from gitmilestone.model.fields import FIELDS, TASK_FIELDS
from gitmilestone.model.layout import ROOT, find_place
from gitmilestone.model.milestone import Dependency, Milestone
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.text.document import MAX_BYTES, read_document, too_large
from gitmilestone.store.files import FileEntry, Files, TreeFiles
from gitmilestone.store.store import Store

_TASK_KINDS = {field.name: field.kind for field in TASK_FIELDS}


class Difference(NamedTuple):
    """Attributes:
    changes: In order of id.
    problems: Of files that can't be read on either side; their milestones are left out.
    others: Paths below `.milestones/` of files that differ and stand for no milestone.
    """

    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    others: tuple[str, ...]


def diff(store: Store, old: Files, new: Files) -> Difference:
    """What differs. Between two trees O(changed files); otherwise every file of the work tree is read."""
    if isinstance(old, TreeFiles) and isinstance(new, TreeFiles):
        changed = list(store.iter_changed_entries(old.tree, new.tree))
        olds = [FileEntry(path, entry.mode, entry.oid) for path, entry, _ in changed if entry]
        news = [FileEntry(path, entry.mode, entry.oid) for path, _, entry in changed if entry]
    else:
        olds, news = _drop_equal(store, old, new)
    problems: list[Problem] = []
    before = _read(old, olds, problems)
    after = _read(new, news, problems)
    unreadable = {place.id for problem in problems if (place := find_place(problem.path[len(ROOT) + 1 :]))}
    changes = [
        Change(name, before.get(name), after.get(name))
        for name in sorted({*before, *after} - unreadable)
        if before.get(name) != after.get(name)
    ]
    others = sorted({entry.path for entry in (*olds, *news) if find_place(entry.path) is None})
    return Difference(tuple(changes), tuple(problems), tuple(others))


def _drop_equal(store: Store, old: Files, new: Files) -> tuple[list[FileEntry], list[FileEntry]]:
    """The files of both sides without those whose bytes are the same on the same path."""
    sides = []
    for files in (old, new):
        entries = list(files.iter_entries())
        unhashed = [entry for entry in entries if entry.oid is None and entry.is_plain]
        contents = files.iter_contents(unhashed, MAX_BYTES)
        hashes = {e.path: store.objects.hash("blob", c) for e, _, c in contents if c is not None}
        sides.append({entry: entry.oid or hashes.get(entry.path, "") for entry in entries})
    same = {(e.path, oid) for e, oid in sides[0].items()} & {(e.path, oid) for e, oid in sides[1].items()}
    first, second = ([entry for entry, oid in side.items() if (entry.path, oid) not in same] for side in sides)
    return first, second


def _read(files: Files, entries: list[FileEntry], problems: list[Problem]) -> dict[str, Milestone]:
    found: dict[str, Milestone] = {}
    listed = [entry for entry in entries if find_place(entry.path)]
    problems += [not_plain(entry.path) for entry in listed if not entry.is_plain]
    for entry, size, content in files.iter_contents([entry for entry in listed if entry.is_plain], MAX_BYTES):
        place = find_place(entry.path)
        if place is None or content is None:
            problems.append(too_large(f"{ROOT}/{entry.path}", size))
            continue
        document = read_document(f"{ROOT}/{entry.path}", place.id, content)
        if document.milestone is not None:
            found[place.id] = document.milestone
        problems += errors_among(document.problems)
    return found


def format_value(name: str, value: Any) -> str:
    """A field's value as text; `name` is as in FieldChange."""
    if value is None:
        return ""
    if isinstance(value, Dependency):
        return value.id if value.type == "blocks" else f"{value.id} ({value.type})"
    if isinstance(value, str):
        return value
    kind = FIELDS[name].kind if name in FIELDS else _TASK_KINDS.get(name.rpartition(".")[2])
    return kind.format(value) if kind else str(value)
