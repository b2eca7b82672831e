"""Which milestones took a way from status to status that the project's settings leave out."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from gitmilestone.model.check_settings import CheckSettings
from gitmilestone.model.layout import ROOT, find_path_fault, find_place
from gitmilestone.model.milestone import Status
from gitmilestone.model.problem import Problem
from gitmilestone.model.rules import Rules, place_fault
from gitmilestone.model.text.document import MAX_BYTES, Document, read_document
from gitmilestone.snapshot.documents import read_one
from gitmilestone.snapshot.settings import get_project
from gitmilestone.store.asking.forks import Span
from gitmilestone.store.asking.log import NOT_PLAIN, LoggedCommit, log_touching
from gitmilestone.store.files import Files, TreeFiles
from gitmilestone.store.store import Store


def find_forbidden_transitions(
    store: Store,
    old: TreeFiles,
    new: Files,
    changed: Collection[str],
    span: Span | None = None,
    gate: CheckSettings | None = None,
) -> Iterator[Problem]:
    """One for each milestone whose status may not become what it is now, neither at once nor commit by commit.

    Costs nothing where the project names no transitions, and looks at commits only where one step does not do.

    Args:
        changed: Paths below `.milestones/` that differ.
        span: The commits between the two states; None where there are none, as in front of a commit.
        gate: Whose transitions have to be kept beside the project's own.
    """
    project = get_project(new)
    if gate is not None:
        project = project._replace(check=project.check.join_strictly(gate))
    if not project.check.transitions:
        return
    rules = Rules(project)
    before, after = _read(old, changed), _read(new, changed)
    found = []
    for name in sorted(before.keys() & after.keys()):
        was, document = before[name].milestone, after[name]
        if was and document.milestone and (fault := rules.find_forbidden_transition(was, document.milestone)):
            found.append((name, was.status, document, place_fault(document, fault)))
    ways = _find_steps(store, span, {name for name, *_ in found}) if found and span else {}
    for name, status, document, problem in found:
        reached: set[Status] = {status}
        for step_from, step_to in ways.get(name, ()):
            if step_from in reached and project.check.allows(step_from, step_to):
                reached.add(step_to)
        if document.milestone and document.milestone.status not in reached:
            yield from project.check.judge([problem])


def _read(files: Files, paths: Iterable[str]) -> dict[str, Document]:
    places = ((path, find_place(path)) for path in sorted(paths))
    listed = [(path, place) for path, place in places if place and not find_path_fault(place)]
    entries = ((place.id, files.find(path)) for path, place in listed)
    return {name: read_one(files, entry) for name, entry in entries if entry}


def _find_steps(store: Store, span: Span, ids: Collection[str]) -> dict[str, list[tuple[Status, Status]]]:
    """Milestone -> what its status was and became, commit by commit, parents first."""
    steps: dict[str, list[tuple[Status, Status]]] = {}
    with log_touching(store, span.head, span.base) as log:
        for logged in log:
            for name, olds, new in _group(logged, ids):
                new_status = _find_status(store, name, new)
                for old in olds:
                    old_status = _find_status(store, name, old)
                    if old_status and new_status:
                        steps.setdefault(name, []).append((old_status, new_status))
    return steps


def _group(logged: LoggedCommit, ids: Collection[str]) -> Iterator[tuple[str, list[str], str]]:
    """(milestone, its blob in each parent, its blob now): a file that moves is gone in one place and new in another."""
    olds: dict[str, list[str]] = {}
    news: dict[str, str] = {}
    for change in logged.changes:
        place = find_place(change.path)
        if place and place.id in ids:
            held = olds.setdefault(place.id, [""] * len(change.olds))
            olds[place.id] = [one or other for one, other in zip(held, change.olds, strict=True)]
            news[place.id] = news.get(place.id) or change.new
    return ((name, olds[name], news[name]) for name in olds)


def _find_status(store: Store, name: str, oid: str) -> Status | None:
    if oid in ("", NOT_PLAIN):
        return None
    _, content = next(iter(store.objects.iter_blobs([oid], MAX_BYTES)))
    milestone = read_document(f"{ROOT}/{name}", name, content).milestone if content is not None else None
    return milestone.status if milestone else None
