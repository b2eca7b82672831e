"""A set of edits that becomes one commit: what every writing operation works on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gitmilestone.changes.faults import find_made_faults
from gitmilestone.errors import (
    DependencyCycle,
    HasDependents,
    InvalidContent,
    InvalidRequest,
    MilestoneNotFound,
)
from gitmilestone.model.change import Change
from gitmilestone.model.ids import check_id, make_id
from gitmilestone.model.layout import (
    ROOT,
    SCHEMA_FILE,
    SUFFIX,
    find_place,
    may_lie_in,
    move_to,
    path_of,
)
from gitmilestone.model.milestone import Milestone
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.schema import modeline
from gitmilestone.model.text.document import Document, compose, convert, read_document, revise
from gitmilestone.planning.graph import describe_path, find_cycle
from gitmilestone.snapshot.answer import has_index
from gitmilestone.snapshot.dependents import find_dependents
from gitmilestone.snapshot.documents import read_one, unreadable
from gitmilestone.snapshot.locate import get_file, id_of, locate
from gitmilestone.snapshot.settings import get_sound_project
from gitmilestone.store.files import Files, read_file
from gitmilestone.store.store import Store

if TYPE_CHECKING:
    from gitmilestone.derived.sqlite import Index

_ATTEMPTS = 1000
_SHOWN = 8


class Draft:
    """Milestones as they will be. Reads only the files that an edit names; nothing is written here."""

    def __init__(self, store: Store, files: Files) -> None:
        self.store = store
        self.files = files
        self.project = get_sound_project(files)
        self._places: dict[str, str | None] = {}
        self._documents: dict[str, Document] = {}
        self._after: dict[str, Milestone | None] = {}
        self._texts: dict[str, bytes] = {}

    def resolve(self, text: str) -> str:
        """The id that `text`, an id or a unique beginning of one, names here."""
        if text in self._after:
            if self._after[text] is None:
                raise MilestoneNotFound(f"{text} is deleted above", "")
            return text
        entry = get_file(self.store, self.files, text)
        milestone_id = id_of(entry)
        self._places[milestone_id] = entry.path
        return self.resolve(milestone_id) if milestone_id in self._after else milestone_id

    def find(self, milestone_id: str) -> Milestone | None:
        """The milestone with exactly this id, with the edits so far."""
        if milestone_id in self._after:
            return self._after[milestone_id]
        document = self._find_document(milestone_id)
        return document.milestone if document else None

    def get(self, text: str) -> Milestone:
        """The milestone that `text` names.

        Raises:
            MilestoneNotFound, AmbiguousId.
            InvalidContent: Its file has an error.
        """
        milestone_id = self.resolve(text)
        found = self.find(milestone_id)
        if found is None:  # it has a file, or `resolve` would have raised
            raise unreadable(self._documents[milestone_id])
        return found

    def exists(self, milestone_id: str) -> bool:
        """Whether the id is taken, be its file readable or not."""
        if milestone_id in self._after:
            return self._after[milestone_id] is not None
        return self._find_path(milestone_id) is not None

    def make_id(self, title: str) -> str:
        """A free id from a title."""
        for _ in range(_ATTEMPTS):
            milestone_id = make_id(title)
            if not self.exists(milestone_id):
                return milestone_id
        raise InvalidRequest(f"no free id was found for {title!r}", "give one with --id")

    def _find_path(self, milestone_id: str) -> str | None:
        if milestone_id not in self._places:
            entry = locate(self.store, self.files, milestone_id)
            self._places[milestone_id] = entry.path if entry else None
        return self._places[milestone_id]

    def _find_document(self, milestone_id: str) -> Document | None:
        if milestone_id not in self._documents:
            path = self._find_path(milestone_id)
            entry = self.files.find(path) if path else None
            if entry is None:
                return None
            self._documents[milestone_id] = read_one(self.files, entry)
        return self._documents[milestone_id]

    def create(self, milestone: Milestone) -> None:
        """Adds a milestone.

        Raises:
            InvalidId: Its id is none, InvalidRequest: it is taken.
        """
        check_id(milestone.id)
        if self.exists(milestone.id):
            raise InvalidRequest(f"the id {milestone.id} is taken", "choose another, or leave it out")
        self._after[milestone.id] = milestone

    def update(self, milestone: Milestone) -> None:
        """Replaces the milestone of the same id, which `get` or `find` has returned."""
        self._after[milestone.id] = milestone
        self._texts.pop(milestone.id, None)

    def read(self, milestone_id: str) -> bytes | None:
        """A file's bytes, as they are before the edits."""
        path = self._find_path(milestone_id)
        return read_file(self.files, path) if path else None

    def replace_text(self, milestone_id: str, content: bytes) -> None:
        """Replaces a whole file by what a person wrote.

        Raises:
            InvalidContent: It would not pass `check`.
        """
        path = f"{ROOT}/{self._find_path(milestone_id)}"
        document = read_document(path, milestone_id, content)
        if document.milestone is None:
            raise InvalidContent("the text has errors", errors_among(document.problems))
        self._after[milestone_id] = document.milestone
        self._texts[milestone_id] = convert(document, self.project.format)

    def delete(self, milestone_id: str) -> None:
        self._after[milestone_id] = None

    @property
    def edited(self) -> dict[str, Milestone]:
        """Those that will be there, by id."""
        return {name: after for name, after in self._after.items() if after}

    @property
    def changes(self) -> list[Change]:
        """Of milestones that are not what they were, or whose text is not; one that can't be read has no `old`."""
        changes = (Change(name, self.before(name), after) for name, after in self._after.items())
        return [change for change in changes if change.old != change.new or change.id in self._texts]

    @property
    def created(self) -> frozenset[str]:
        """Ids of milestones that had no file."""
        return frozenset(name for name, after in self._after.items() if after and not self._find_path(name))

    @property
    def changed(self) -> list[str]:
        """Ids of those whose value or text changes."""
        return [change.id for change in self.changes]

    def before(self, milestone_id: str) -> Milestone | None:
        """The milestone as it is without the edits."""
        document = self._find_document(milestone_id)
        return document.milestone if document else None

    def plan(self, *, allows_dependents: bool = False, verify: bool = True) -> dict[str, bytes | None]:
        """The files of the commit, after checking what the edits touch; `warnings` tells of the rest.

        Args:
            verify: Whether what the project's rules make an error is refused, or told as a warning.

        Raises:
            DependencyCycle, HasDependents.
            InvalidContent: A file would not pass `check`.
        """
        self._refuse_cycles()
        if not allows_dependents:
            self._refuse_dependents()
        self._judge(verify=verify)
        files: dict[str, bytes | None] = {}
        for milestone_id, milestone in self._after.items():
            old_path = self._find_path(milestone_id)
            if milestone is None:
                if old_path:
                    files[old_path] = None
                continue
            path = self._path_for(milestone, old_path)
            if path == old_path and milestone_id not in self._texts and milestone == self.before(milestone_id):
                continue  # an edit that changes nothing leaves line ends alone, too
            if old_path and path != old_path:
                files[old_path] = None
            files[path] = self._content(milestone, path)
        return files

    def _path_for(self, milestone: Milestone, old_path: str | None) -> str:
        """A file stays where it is, in whatever layout; but what is reopened leaves the archive."""
        if old_path is None:
            return path_of(milestone.id, self.project.layout)
        place = find_place(old_path)
        assert place is not None  # it was found as a milestone's
        return old_path if may_lie_in(place.folder, milestone.status) else move_to("active", old_path)

    def _content(self, milestone: Milestone, path: str) -> bytes:
        if milestone.id in self._texts:
            return self._texts[milestone.id]
        document = self._find_document(milestone.id)
        if document is not None and document.milestone is not None:
            return revise(document, milestone, self.project.format)
        content = compose(f"{ROOT}/{path}", milestone, self.project.format, self._modeline(path))
        # Of its own keys nobody asks what they might have meant, which takes longer than all the rest.
        written = read_document(f"{ROOT}/{path}", milestone.id, content, frozenset(milestone.extra))
        if written.milestone != milestone:
            raise InvalidContent(f"{milestone.id} can't be written", errors_among(written.problems))
        return content

    def _modeline(self, path: str) -> str:
        """Editors find the schema by a comment, where the project keeps a schema file."""
        if self.files.find(SCHEMA_FILE) is None:
            return ""
        return modeline("../" * path.count("/") + SCHEMA_FILE)

    def _judge(self, *, verify: bool) -> None:
        faults = find_made_faults(self.store, self.files, self.project, self.edited, self.before, self.find)
        found = []
        for milestone, fault in faults:
            path = self._path_for(milestone, self._find_path(milestone.id))
            found.append(Problem(f"{ROOT}/{path}", 0, fault.code, fault.message, fault.hint))
        problems = list(self.project.check.judge(found))
        errors = errors_among(problems)
        if errors and verify:
            raise InvalidContent("nothing was written: the project's rules forbid it", errors)
        self.warnings = [f"{_name(problem)}: {problem.message}" for problem in problems]

    def _refuse_cycles(self) -> None:
        grown = [
            name
            for name, after in self._after.items()
            if after and after.blockers and set(after.blockers) - set(self._old_blockers(name))
        ]
        cycle = self._find_cycle(grown) if grown else None
        if cycle:
            raise DependencyCycle(cycle, describe_path(cycle))

    def _find_cycle(self, grown: list[str]) -> list[str] | None:
        if not has_index(self.store, self.files):
            return find_cycle(grown, self._blockers_of)
        from gitmilestone.derived.database import read_index

        def find(index: Index) -> list[str] | None:
            return find_cycle(
                grown, lambda name: self._blockers_of(name) if name in self._after else index.blockers_of(name)
            )

        return read_index(self.store, self.files, find)

    def _old_blockers(self, milestone_id: str) -> tuple[str, ...]:
        before = self.before(milestone_id)
        return before.blockers if before else ()

    def _blockers_of(self, milestone_id: str) -> Iterable[str]:
        milestone = self.find(milestone_id)
        return milestone.blockers if milestone else ()

    def _refuse_dependents(self) -> None:
        deleted = {name for name, after in self._after.items() if after is None}
        if not deleted:
            return
        dependents: dict[str, list[str]] = {}
        for name, target in self._iter_dependencies(deleted):
            dependents.setdefault(target, []).append(name)
        if dependents:
            told = [f"{name} (by {_list_some(by)})" for name, by in sorted(dependents.items())]
            listed = "; ".join(told[:_SHOWN]) + (f"; and {len(told) - _SHOWN} more" if len(told) > _SHOWN else "")
            raise HasDependents(
                f"others depend on it: {listed}",
                list(dependents),
                "`git milestone depend remove` first, or delete with --force",
            )

    def _iter_dependencies(self, targets: set[str]) -> Iterator[tuple[str, str]]:
        """(milestone, target) of all dependencies on some targets, with the edits so far."""
        held = find_dependents(self.store, self.files, sorted(targets))
        yield from ((name, target) for target, names in held.items() for name in names if name not in self._after)
        for after in self._after.values():
            if after:
                yield from _dependencies_of(after, targets)


def _list_some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(sorted(names)[:_SHOWN])}{more}"


def _name(problem: Problem) -> str:
    return problem.path.rpartition("/")[2].removesuffix(SUFFIX)


def _dependencies_of(milestone: Milestone, targets: set[str]) -> Iterator[tuple[str, str]]:
    return ((milestone.id, on.id) for on in milestone.depends_on if on.id in targets)
