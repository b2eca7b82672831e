"""What is wrong with milestones whose files can be read: rules over values, whatever file they lie in."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from gitmilestone.model.config import VOCABULARIES, Project
from gitmilestone.model.layout import PROJECT_FILE
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem
from gitmilestone.model.text.document import Document

LATE = "due-before-blocker"
MOST_DEPENDENCIES = 200
_SHOWN = 8


class Fault(NamedTuple):
    """A Problem without its place.

    Attributes:
        field: The key of the file that it is about.
        item: The one of its items, or "".
    """

    code: str
    field: str
    message: str
    hint: str = ""
    item: str = ""


class Rules:
    """The rules as a project has set them."""

    def __init__(self, project: Project) -> None:
        self._settings = project.check
        self._own_fields = frozenset(project.fields)
        self._vocabularies = {name: frozenset(getattr(project, name)) for name in VOCABULARIES}

    def iter_faults(self, milestone: Milestone) -> Iterator[Fault]:
        """What is wrong with one milestone by itself."""
        start, due = milestone.start, milestone.due
        if start and due and due < start:
            yield Fault("date-order", "due", f"`due` is {due}, before `start`, {start}")
        if any(on.id == milestone.id for on in milestone.depends_on):
            yield Fault("self-dependency", "depends_on", "it depends on itself", "remove that line", milestone.id)
        if len(milestone.depends_on) > MOST_DEPENDENCIES:
            message = f"it has {len(milestone.depends_on)} dependencies; nobody follows more than {MOST_DEPENDENCIES}"
            hint = "let it depend on a milestone that stands for many of them"
            yield Fault("too-many-dependencies", "depends_on", message, hint)
        if milestone.status == "completed":
            yield from _iter_open_tasks(milestone)
        yield from self._iter_required(milestone)
        yield from self._iter_unknown_words(milestone)

    def _iter_required(self, milestone: Milestone) -> Iterator[Fault]:
        for name in self._settings.required.get(milestone.status, ()):
            values = milestone.extra if name in self._own_fields else milestone._asdict()
            if values.get(name) in (None, "", (), [], {}):
                message = f"`{name}` is not set, which the project requires of what is {milestone.status}"
                yield Fault("required-field", name, message, f"add `{name}`")

    def _iter_unknown_words(self, milestone: Milestone) -> Iterator[Fault]:
        held: dict[str, Sequence[str]] = {
            "projects": [milestone.project] if milestone.project else [],
            "owners": [milestone.owner] if milestone.owner else [],
            "labels": milestone.labels,
        }
        for name, known in self._vocabularies.items():
            for word in held[name] if known else ():
                if word not in known:
                    field = name if name == "labels" else name[:-1]
                    message = f"`{field}` {word!r} is not among the project's {name}"
                    listed = ", ".join(sorted(known)[:_SHOWN])
                    hint = f"add it to `{name}` in {PROJECT_FILE}, or use one of: {listed}"
                    yield Fault("unknown-word", field, message, hint, word if name == "labels" else "")

    def find_forbidden_transition(self, old: Milestone, new: Milestone) -> Fault | None:
        """That a milestone may not go from one status to the other."""
        if self._settings.allows(old.status, new.status):
            return None
        allowed = self._settings.transitions[old.status]
        message = f"`status` was {old.status} and is {new.status}, which the project's transitions leave out"
        hint = f"what is {old.status} may become {', '.join(allowed)}" if allowed else f"what is {old.status} stays so"
        return Fault("forbidden-transition", "status", message, hint)


def _iter_open_tasks(milestone: Milestone) -> Iterator[Fault]:
    left = [task.id for task in milestone.tasks if task.status != "completed"]
    if left:
        more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        message = f"it is completed, with open tasks: {', '.join(left[:_SHOWN])}{more}"
        yield Fault("open-tasks", "status", message, f"`git milestone task done {milestone.id} TASK`, or remove them")


def find_late_blocker(milestone: Milestone, blocker: Milestone) -> Fault | None:
    """That a milestone is due before one that it waits for, where both are open."""
    if not (milestone.due and blocker.due and milestone.due < blocker.due and milestone.is_open and blocker.is_open):
        return None
    message = f"`due` is {milestone.due}, and it waits for {blocker.id}, which is due {blocker.due}"
    return Fault(LATE, "due", message, "move one of the two dates")


def stays_open_longer(old: Milestone | None, new: Milestone) -> bool:
    """Whether what waits for it may be due too early now, and was not before."""
    was_due = old.due if old and old.is_open else None
    return new.is_open and new.due is not None and not (was_due and was_due >= new.due)


def place_fault(document: Document, fault: Fault) -> Problem:
    """The fault at the line of its item or field; at 0 where that is not there. Reads the text again, once a file."""
    line = find_line(document, fault.field, fault.item)
    return Problem(document.path, line, fault.code, fault.message, fault.hint)


def find_line(document: Document, field: str, item: str = "") -> int:
    """Where a field stands in a file, or one item of it; 0 where it does not."""
    line, items = _find_lines(document.text).get(field, (0, {}))
    return items.get(item, line) if item else line


@lru_cache(maxsize=1)
def _find_lines(text: str) -> Mapping[str, tuple[int, Mapping[str, int]]]:
    """Field -> its line, and those of its items, if it has any. A file may have as many faults as items."""
    from gitmilestone.model.text.yaml_canonical import load_canonical
    from gitmilestone.model.text.yaml_loader import load
    from gitmilestone.model.text.yaml_nodes import Mapping as Entries
    from gitmilestone.model.text.yaml_nodes import Scalar
    from gitmilestone.model.text.yaml_nodes import Sequence as Items

    root = load_canonical(text) or load(text)
    found: dict[str, tuple[int, Mapping[str, int]]] = {}
    for name, entry in root.entries.items() if isinstance(root, Entries) else ():
        items: dict[str, int] = {}
        for node in entry.value.items if isinstance(entry.value, Items) else ():
            said = [node.text] if isinstance(node, Scalar) else node.entries if isinstance(node, Entries) else ()
            for item in said:
                items.setdefault(item, node.line)
        found[name] = (entry.key.line, items)
    return found
