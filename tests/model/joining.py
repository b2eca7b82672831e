"""What git makes of pairs of edits, one file a pair, in one real merge: of their lines, or with the merge driver."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from gitmilestone.model import kinds
from gitmilestone.model.fields import FIELDS
from gitmilestone.model.merging.merge_text import MergedText, merge_texts
from gitmilestone.model.milestone import STATUSES, Dependency, Milestone, Task
from gitmilestone.model.text.document import read_document, revise
from gitmilestone.model.text.encode import encode
from gitmilestone.store.installing.drivers import install_drivers
from gitmilestone.store.store import Store
from tests.repositories import run_git

_FOLDER = ".milestones/active"


class Pair(NamedTuple):
    """Two edits of one milestone, each on a branch of its own."""

    base: Milestone
    ours: Milestone
    theirs: Milestone

    def write(self) -> tuple[bytes, bytes, bytes]:
        base = encode(self.base)
        document = read_document("x.yaml", self.base.id, base)
        return base, revise(document, self.ours), revise(document, self.theirs)

    def merge(self) -> MergedText:
        """What the driver should make of it."""
        return merge_texts("x.yaml", *self.write())


class Joined(NamedTuple):
    """`content` is None where git found a conflict."""

    pair: Pair
    content: bytes | None


def join(place: Path, pairs: Mapping[str, Pair], *options: str, program: Path | None = None) -> dict[str, Joined]:
    """Merges every pair with `git merge`.

    Args:
        program: What the drivers run; None installs none.
    """
    names = {f"{_FOLDER}/{number}.yaml": name for number, name in enumerate(pairs)}
    sides = {path: pairs[name].write() for path, name in names.items()}
    run_git("init", "--quiet", str(place))
    (place / _FOLDER).mkdir(parents=True)
    if program:
        install_drivers(Store.open(str(place), os.environ), str(program))
    for number, branch in enumerate(("base", "ours", "theirs")):
        if number:
            run_git("switch", "--quiet", "-c", branch, "base", cwd=place)
        else:
            run_git("checkout", "--quiet", "-b", branch, cwd=place)
        for path, texts in sides.items():
            (place / path).write_bytes(texts[number])
        run_git("add", ".", cwd=place)
        run_git("commit", "--quiet", "--allow-empty", "-m", branch, cwd=place)
    run_git("switch", "--quiet", "ours", cwd=place)
    run_git("merge", "--quiet", "--no-edit", *options, "theirs", cwd=place, is_checked=False)
    disputed = set(run_git("diff", "--name-only", "--diff-filter=U", cwd=place).split("\n"))
    return {
        name: Joined(pairs[name], None if path in disputed else (place / path).read_bytes())
        for path, name in names.items()
    }


FULL = Milestone(
    "x",
    "Ship two-factor login",
    "in_progress",
    project="auth",
    owner="ana@example.com",
    priority="high",
    labels=("b", "d", "f", "h"),
    depends_on=tuple(Dependency(target) for target in ("b", "d", "f", "h")),
    tasks=tuple(Task(f"t{number}", f"Task {number}") for number in range(4)),
    description="One.\n\nTwo.\n",
    extra={"risk": "high", "size": None, "team": ["ana", "bo"]},
)


class Transition(NamedTuple):
    """Of one field: what it is before, and after."""

    field: str
    what: str
    before: Any
    after: Any


def transitions() -> Iterator[Transition]:
    """Every way in which a field can change."""
    texts = {
        name: (FIELDS[name].kind.parse(first), FIELDS[name].kind.parse(second))
        for name, first, second in (
            ("title", "Ship", "Ship it"),
            ("status", "planned", "in_progress"),
            ("project", "auth", "web"),
            ("owner", "ana", "bo"),
            ("priority", "high", "low"),
            ("start", "2027-01-01", "2027-01-02"),
            ("due", "2027-02-01", "2027-02-02"),
            ("estimate", "5d", "6d"),
            ("created", "2027-01-01", "2027-01-02"),
        )
    }
    for name, (first, second) in texts.items():
        yield Transition(name, "changed", first, second)
        if not FIELDS[name].required:
            yield Transition(name, "set", None, first)
            yield Transition(name, "unset", first, None)
    labels, tasks = FULL.labels, FULL.tasks
    for name, items, new in (
        ("labels", labels, ("a", "i")),
        ("depends_on", FULL.depends_on, (Dependency("a"), Dependency("i"))),
        ("tasks", tasks, (Task("s", "First"), Task("u", "Last"))),
    ):
        yield Transition(name, "set", (), items)
        yield Transition(name, "unset", items, ())
        yield Transition(name, "added in front", items, (new[0], *items))
        yield Transition(name, "added behind", items, (*items, new[1]))
        yield Transition(name, "first removed", items, items[1:])
        yield Transition(name, "last removed", items, items[:-1])
        yield Transition(name, "all replaced", items, new)
    for at in (0, -1):
        done = tasks[at]._replace(status="completed", completed=texts["created"][0])
        after = tuple(done if task.id == done.id else task for task in tasks)
        yield Transition("tasks", "first completed" if at == 0 else "last completed", tasks, after)
    text = "One.\n\nTwo.\n"
    yield Transition("description", "set", None, text)
    yield Transition("description", "unset", text, None)
    yield Transition("description", "paragraph in front", text, "Zero.\n\n" + text)
    yield Transition("description", "paragraph behind", text, text + "\nThree.\n")
    yield Transition("description", "first line changed", text, "Uno.\n\nTwo.\n")
    yield Transition("description", "last line changed", text, "One.\n\nDue.\n")
    yield Transition("description", "rewritten", text, "Another.\n\nText.\n\nAltogether.")
    yield Transition("description", "made odd", text, " odd \n")
    for key in ("risk", "size"):
        yield Transition(f"x.{key}", "changed", "1", "2")
        yield Transition(f"x.{key}", "set", None, "1")
        yield Transition(f"x.{key}", "unset", "1", None)
    yield Transition("x.team", "added behind", ["ana", "bo"], ["ana", "bo", "cy"])
    yield Transition("x.team", "first removed", ["ana", "bo"], ["bo"])
    yield Transition("x.team", "last removed", ["ana", "bo"], ["ana"])


def put(milestone: Milestone, field: str, value: Any) -> Milestone:
    if field.startswith("x."):
        return milestone._replace(extra={**milestone.extra, field[2:]: value})
    return milestone._replace(**{field: value})


def pairs_of_fields() -> Iterator[tuple[tuple[Transition, Transition], Pair]]:
    """Every two changes of two different fields."""
    known = list(transitions())
    for at, first in enumerate(known):
        for second in known[at + 1 :]:
            if first.field != second.field:
                base = put(put(FULL, first.field, first.before), second.field, second.before)
                sides = put(base, first.field, first.after), put(base, second.field, second.after)
                yield (first, second), Pair(base, *sides)


def pairs_in_a_field() -> Iterator[tuple[str, tuple[str, str], Pair]]:
    """Every two different changes of one field, or of one task: where, what they are, and the pair."""
    for field in FIELDS.values():
        if field.shape == "scalar" and field.name not in ("schema", "status", "description"):
            was, one, other = [field.kind.parse(text) for text in _THREE[field.kind.name]]
            yield from _pairs_of_changes(field.name, {"": was, "set": one, "set otherwise": other})
            if not field.required:
                yield from _pairs_of_changes(field.name, {"": was, "set": one, "unset": None})
                yield from _pairs_of_changes(field.name, {"": None, "set": one, "set otherwise": other})
    changes = {change.what: change for change in transitions() if change.field == "description" and change.before}
    texts = {"": FULL.description, **{what: change.after for what, change in changes.items()}}
    yield from _pairs_of_changes("description", texts)
    yield from _pairs_of_changes("x.risk", {"": "high", "set": "low", "set otherwise": "none", "unset": None})
    tasks = {name: (task, *FULL.tasks[1:]) for name, task in _TASKS.items()}
    yield from _pairs_of_changes("tasks", {"": FULL.tasks, **tasks, "removed": FULL.tasks[1:]})


_THREE = {
    kinds.LINE.name: ("one", "two", "three"),
    kinds.PRIORITY.name: ("high", "low", "medium"),
    **dict.fromkeys((kinds.DATE.name, kinds.TIME.name), ("2027-01-01", "2027-01-02", "2027-01-03")),
    kinds.ESTIMATE.name: ("5d", "6d", "7d"),
    kinds.NUMBER.name: ("5", "6", "7"),
}
_TASK = FULL.tasks[0]
_TASKS = {
    "renamed": _TASK._replace(title="Another"),
    "renamed otherwise": _TASK._replace(title="A third"),
    "started": _TASK._replace(status="in_progress"),
    "completed": _TASK._replace(status="completed"),
    "weighed": _TASK._replace(weight=3.0),
}


def pairs_of_statuses() -> Iterator[tuple[str, tuple[str, str], Pair]]:
    for base in STATUSES:
        yield from _pairs_of_changes("status", {"": base, **{status: status for status in STATUSES if status != base}})


def _pairs_of_changes(field: str, values: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, str], Pair]]:
    """Args:
    values: What the field is before, by "", and after each change.
    """
    base = put(FULL, field, values[""])
    for first, second in combinations([what for what in values if what], 2):
        if first.endswith("otherwise"):
            continue
        yield field, (first, second), Pair(base, put(base, field, values[first]), put(base, field, values[second]))
