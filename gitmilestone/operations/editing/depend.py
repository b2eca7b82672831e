"""Adds and removes dependencies."""

from __future__ import annotations

from collections.abc import Sequence

from gitmilestone.changes.edit import Edit
from gitmilestone.errors import MilestoneNotFound
from gitmilestone.model.milestone import Dependency, DependencyType, Milestone
from gitmilestone.model.record import parse_dependencies
from gitmilestone.operations.editing.milestones import edit_fields


def add_dependencies(milestone: str, on: Sequence[str], kind: DependencyType = "blocks") -> Edit:
    """Makes a milestone depend on others; one it depends on already gets the new type.

    Raises:
        DependencyCycle: With its path.
    """
    added = parse_dependencies([{"id": name, "type": kind} for name in on])

    def revise(before: Milestone) -> Milestone:
        wanted = {dependency.id: dependency for dependency in (*before.depends_on, *added)}
        return before._replace(depends_on=tuple(wanted[name] for name in sorted(wanted)))

    word = "depends on" if kind == "blocks" else "relates to"
    listed = ", ".join(item.id for item in added)
    return edit_fields(milestone, revise, lambda name: f"{name} {word} {listed}")


def remove_dependencies(milestone: str, on: Sequence[str]) -> Edit:
    """Removes dependencies, dangling ones too, named by ids or unique beginnings of them."""

    def revise(before: Milestone) -> Milestone:
        gone = {_find(before, text).id for text in on}
        return before._replace(depends_on=tuple(item for item in before.depends_on if item.id not in gone))

    listed = ", ".join(on)
    return edit_fields(milestone, revise, lambda name: f"{name} no longer depends on {listed}")


def _find(milestone: Milestone, text: str) -> Dependency:
    matches = [item for item in milestone.depends_on if item.id == text] or [
        item for item in milestone.depends_on if item.id.startswith(text)
    ]
    if len(matches) != 1:
        known = ", ".join(item.id for item in milestone.depends_on) or "nothing"
        raise MilestoneNotFound(f"{milestone.id} does not depend on {text!r}", f"it depends on {known}")
    return matches[0]
