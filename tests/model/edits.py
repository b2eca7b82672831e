"""Edits of milestones, as strategies."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gitmilestone.model.fields import FIELDS
from gitmilestone.model.milestone import Milestone, Task
from tests.strategies import milestones


@st.composite
def edited(draw: st.DrawFn, milestone: Milestone) -> Milestone:
    """The milestone with something else in one to three fields."""
    other = draw(milestones(st.just(milestone.id)))
    names = draw(st.sets(st.sampled_from([*FIELDS, "extra"][1:]), min_size=1, max_size=3))
    changes = {name: getattr(other, name) for name in names - {"tasks", "labels", "depends_on", "extra"}}
    if "extra" in names:
        known = [*milestone.extra, *other.extra]
        keys = draw(st.sets(st.sampled_from(known))) if known else ()
        changes["extra"] = _toggled(milestone.extra, other.extra, keys)
    if "tasks" in names:
        changes["tasks"] = draw(_edited_tasks(milestone.tasks, other.tasks))
    for name in names & {"labels", "depends_on"}:
        mine = {getattr(item, "id", item): item for item in getattr(milestone, name)}
        theirs = {getattr(item, "id", item): item for item in getattr(other, name)}
        stay = {key: item for key, item in mine.items() if draw(st.integers(0, 3))}
        merged = stay | theirs
        changes[name] = tuple(merged[key] for key in sorted(merged))
    return milestone._replace(**changes)


def _toggled(mine: Any, theirs: Any, keys: Any) -> dict[str, Any]:
    result = dict(mine)
    for key in keys:
        if key in theirs:
            result[key] = theirs[key]
        else:
            del result[key]
    return result


@st.composite
def _edited_tasks(draw: st.DrawFn, mine: tuple[Task, ...], theirs: tuple[Task, ...]) -> tuple[Task, ...]:
    tasks: list[Task] = []
    sources = list(theirs) or [Task("", "another title")]
    for task in mine:
        action = draw(st.sampled_from(("keep", "keep", "edit", "remove")))
        if action == "keep":
            tasks.append(task)
        elif action == "edit":
            source = draw(st.sampled_from(sources))
            names = draw(st.sets(st.sampled_from([*Task._fields[1:]]), min_size=1))
            tasks.append(task._replace(**{name: getattr(source, name) for name in names}))
    known = {task.id for task in mine}
    for task in theirs:
        if task.id not in known:
            tasks.insert(draw(st.sampled_from((len(tasks), len(tasks), 0))), task)
    if draw(st.integers(0, 9)) == 0:
        tasks.reverse()
    return tuple(tasks)
