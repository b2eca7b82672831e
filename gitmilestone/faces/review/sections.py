"""What a review says, whatever it is printed as: a sentence, a warning, and sections of rows."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from gitmilestone.faces.terminal import count_nouns
from gitmilestone.model.change import FieldChange
from gitmilestone.model.layout import ROOT
from gitmilestone.model.merging.strays import Stray
from gitmilestone.model.milestone import Task
from gitmilestone.model.problem import Problem
from gitmilestone.operations.asking.diff import format_value
from gitmilestone.operations.checking.review import Changed, DateMove, Review, StatusMove
from gitmilestone.operations.checking.strays import describe_strays
from gitmilestone.planning.push import LONGEST

_KINDS = ("completed", "cancelled", "reopened", "blocked", "started", "planned")
_WORDS = {"blocks": "waits for", "relates": "relates to"}
_LONGEST = 80
_LONGEST_PROBLEM = 300
_CHAIN_ENDS = 3
_MOST_LINKS = 20
_WAY_OUT = "merge the target into the branch, then `git milestone resolve --merge HEAD`"


class Id(str):
    """A piece of a cell that is the id of a milestone, a path or an oid."""

    __slots__ = ()


Cell = tuple[str, ...]
"""Pieces, one behind the other; all but `Id`s are plain text of whoever wrote the files."""


class Section(NamedTuple):
    """Attributes:
    title: Without the number of its rows.
    is_open: Whether it is to be seen at once.
    numbers: The columns that are numbers.
    """

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    is_open: bool = False
    numbers: tuple[str, ...] = ()


def summarise(review: Review) -> str:
    """One sentence: what a reviewer wants to know first."""
    slips = [move.days for move in review.dates if move.field == "due" and move.days > 0]
    earlier = sum(1 for move in review.dates if move.field == "due" and move.days < 0)
    by_kind = {kind: sum(1 for move in review.statuses if move.kind == kind) for kind in _KINDS}
    parts = [
        _tell(len(slips), f"slips by {count_nouns(max(slips, default=0), 'day')}", f"slip, by up to {_days(slips)}"),
        _tell(earlier, "comes earlier", "come earlier"),
        _tell(len(review.pushed), "is pushed by what it waits for", "are pushed by what they wait for"),
        *(_tell(by_kind[kind], f"is {kind}", f"are {kind}") for kind in _KINDS[:5]),
        _tell(by_kind["planned"], "goes back to planned", "go back to planned"),
        _tell(len(review.added), "is added", "are added"),
        _tell(len(review.removed), "is removed", "are removed"),
        _tell(len(review.scope), "changes its scope", "change their scope"),
        _tell(len(review.owners), "changes hands", "change hands"),
    ]
    told = [part for part in parts if part]
    if not told:
        others = {one.id for one in (*review.progress, *review.others)}
        others |= {one.id for one in review.dates} | {one.id for one in (*review.made, *review.broken)}
        told = [part for part in [_tell(len(others), "changes in details", "change in details")] if part]
    if not told:
        return "No milestone changes."
    number, _, rest = told[0].partition(" ")
    noun = "milestone" if number == "1" else "milestones"
    return f"{'; '.join([f'{number} {noun} {rest}', *told[1:]])}."


def warn(review: Review) -> str:
    """What is to be looked at before a merge; "" where nothing is."""
    errors = sum(1 for problem in review.problems if problem.severity == "error")
    clashes = len({*(clash.id for clash in review.conflicts), *(review.text_conflicts or ())})
    told = [
        (clashes, "conflict with the target branch", "conflicts with the target branch"),
        (
            len({(one.id, one.landed_in) for one in review.strays}),
            "milestone whose edits git would lose or misplace",
            "milestones whose edits git would lose or misplace",
        ),
        (len(review.cycles), "dependency cycle", "dependency cycles"),
        (errors, "error", "errors"),
        (len(review.problems) - errors, "warning", "warnings"),
    ]
    return ", ".join(f"{number} {one if number == 1 else many}" for number, one, many in told if number)


def list_sections(review: Review) -> list[Section]:
    """Those that have rows, the most important ones first."""
    sections = [*_list_dangers(review), *_list_times(review), *_list_changes(review)]
    return [_drop_empty(section) for section in sections if section.rows]


def _drop_empty(section: Section) -> Section:
    """Without the columns in which no row has a text."""
    kept = [place for place in range(len(section.headings)) if any(row[place] for row in section.rows)]
    rows = [tuple(row[place] for place in kept) for row in section.rows]
    return section._replace(headings=tuple(section.headings[place] for place in kept), rows=rows)


def _list_dangers(review: Review) -> list[Section]:
    clashes = [
        (_id(one.id), _text(one.field or "(the whole of it)"), *_sides(one.field, one.base, one.ours, one.theirs))
        for one in review.conflicts
    ]
    texts = [(_id(f"{ROOT}/{path}"), _text("(its lines)"), (), (), ()) for path in review.text_conflicts or ()]
    problems = [
        (
            _text(one.severity),
            _id(f"{one.path}:{one.line}" if one.line else one.path),
            _text(_hinted(one), _LONGEST_PROBLEM),
        )
        for one in review.problems
    ]
    return [
        Section(
            "Conflicts with the target branch",
            ("Milestone", "Field", "Was", "Target", "Branch"),
            [*clashes, *texts],
            is_open=True,
        ),
        Section(
            "Edits that git's merge would lose, or give to another milestone, in silence",
            ("Milestone", "Edits", "Would land in", "Way out"),
            _stray_rows(review.strays),
            is_open=True,
        ),
        Section("Dependency cycles", ("Cycle",), [(_chain(cycle),) for cycle in review.cycles], is_open=True),
        Section("Problems", ("Severity", "File", "Problem"), problems, is_open=True),
    ]


def _stray_rows(strays: Iterable[Stray]) -> list[tuple[Cell, ...]]:
    return [
        (_id(name), _text(describe_strays([*some]), _LONGEST_PROBLEM), _id(landed) if landed else (), _text(_WAY_OUT))
        for (name, landed), some in groupby(strays, lambda one: (one.id, one.landed_in))
    ]


def _list_times(review: Review) -> list[Section]:
    dues = sorted((move for move in review.dates if move.field == "due"), key=lambda move: (-move.days, move.id))
    starts = [move for move in review.dates if move.field == "start"]
    pushed = [
        (
            _id(one.id),
            _text(one.due.isoformat()),
            _text(count_nouns(one.days, "day")),
            _text(count_nouns(one.days_before, "day") if one.days_before else ""),
            _chain(one.chain),
        )
        for one in review.pushed
    ]
    return [
        Section(
            "Due days",
            ("Milestone", "Due", "New due", "Days", "Title"),
            _date_rows(dues),
            is_open=True,
            numbers=("Days",),
        ),
        Section(
            "Due before what they wait for",
            ("Milestone", "Due", "Short by", "Was", "Chain"),
            pushed,
            numbers=("Short by", "Was"),
        ),
        Section(
            "Start days", ("Milestone", "Start", "New start", "Days", "Title"), _date_rows(starts), numbers=("Days",)
        ),
    ]


def _list_changes(review: Review) -> list[Section]:
    statuses = sorted(review.statuses, key=lambda move: (_KINDS.index(move.kind), move.id))
    added = [
        (_id(one.id), _date(one.due), _text(one.owner), _text(one.project), _text(one.title)) for one in review.added
    ]
    removed = [(_id(one.id), _text(one.status), _date(one.due), _text(one.title)) for one in review.removed]
    links = [(link.id, f"now {_WORDS[link.type]}", link.on) for link in review.made]
    links += [(link.id, f"no longer {_WORDS[link.type]}", link.on) for link in review.broken]
    links.sort()
    changed = ("Milestone", "Title", "Change")
    return [
        Section("Status", ("Milestone", "Status", "Holds up", "Title"), [_status_row(move) for move in statuses]),
        Section("Added", ("Milestone", "Due", "Owner", "Project", "Title"), added),
        Section("Removed", ("Milestone", "Status", "Due", "Title"), removed),
        Section("Scope", changed, _field_rows(review.scope)),
        Section(
            "Dependencies",
            ("Milestone", "Change", "On"),
            [row for (name, change), some in groupby(links, itemgetter(0, 1)) for row in _rows_of(name, change, some)],
        ),
        Section("Owners", ("Milestone", "Title", "Owner"), _owner_rows(review.owners)),
        Section("Tasks", changed, _field_rows(review.progress)),
        Section("Other changes", changed, _field_rows(review.others)),
    ]


def _rows_of(name: str, change: str, links: Iterable[tuple[str, str, str]]) -> list[tuple[Cell, ...]]:
    """One each, of more than a reader follows the first."""
    names = [on for _, _, on in links]
    listed = names if len(names) <= _MOST_LINKS else names[: _MOST_LINKS - 1]
    rows: list[tuple[Cell, ...]] = [(_id(name), _text(change), _id(on)) for on in listed]
    left = len(names) - len(listed)
    return [*rows, (_id(name), _text(change), _text(f"{left} more"))] if left else rows


def _date_rows(moves: Iterable[DateMove]) -> list[tuple[Cell, ...]]:
    return [
        (
            _id(move.id),
            _date(move.old),
            _date(move.new),
            _text(f"{move.days:+}" if move.days else "set" if move.old is None else "unset"),
            _text(move.title),
        )
        for move in moves
    ]


def _status_row(move: StatusMove) -> tuple[Cell, ...]:
    shown = move.waiting[:_CHAIN_ENDS]
    count = f"{'at least ' if len(move.waiting) >= LONGEST else ''}{len(move.waiting) - len(shown)}"
    more = f" and {count} more" if len(move.waiting) > len(shown) else ""
    held = (*_join(shown, ", "), more) if shown else ()
    return _id(move.id), _text(f"{move.old} → {move.new}"), held, _text(move.title)


def _field_rows(changed: Iterable[Changed]) -> list[tuple[Cell, ...]]:
    return [
        (_id(one.id), _text(one.title), _text(text))
        for one in changed
        for text in ([_describe_field(field) for field in one.fields] or ["tasks: their order, or keys of their own"])
    ]


def _owner_rows(changed: Iterable[Changed]) -> list[tuple[Cell, ...]]:
    return [
        (_id(one.id), _text(one.title), _text(f"{field.old or 'nobody'} → {field.new or 'nobody'}"))
        for one in changed
        for field in one.fields
    ]


def _describe_field(change: FieldChange) -> str:
    """`estimate: 5d → 8d`; of an item or a task that comes or goes `labels: + moved`."""
    old, new = (_shorten(format_value(change.field, value)) for value in (change.old, change.new))
    if change.old is None:
        return f"{change.field}: + {new}"
    return f"{change.field}: - {old}" if change.new is None else f"{change.field}: {old} → {new}"


def _hinted(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def _sides(field: str, *values: Any) -> tuple[Cell, Cell, Cell]:
    """Was, target, branch."""
    if not field:
        base, ours, theirs = (_text("removed" if value is None else "changed") for value in values)
        return _text("there") if values[0] else (), ours, theirs
    base, ours, theirs = (_text(_format(field, value)) for value in values)
    return base, ours, theirs


def _format(field: str, value: Any) -> str:
    if isinstance(value, Task):
        return value.title
    # The order of tasks, by their ids.
    return ", ".join(value) if field == "tasks" else format_value(field, value)


def _chain(names: Sequence[str]) -> Cell:
    """Its ends, where it is long."""
    if len(names) <= 2 * _CHAIN_ENDS + 1:
        return _join(names, " → ")
    between = f" → … {len(names) - 2 * _CHAIN_ENDS} more … → "
    return (*_join(names[:_CHAIN_ENDS], " → "), between, *_join(names[-_CHAIN_ENDS:], " → "))


def _join(names: Sequence[str], separator: str) -> Cell:
    return tuple(piece for name in names for piece in (separator, Id(name)))[1:]


def _id(name: str) -> Cell:
    return (Id(name),)


def _text(text: str | None, longest: int = _LONGEST) -> Cell:
    return (_shorten(text, longest),) if text else ()


def _date(day: date | None) -> Cell:
    return (day.isoformat(),) if day else ()


def _shorten(text: str, longest: int = _LONGEST) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _tell(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}" if number else ""


def _days(slips: Sequence[int]) -> str:
    return count_nouns(max(slips, default=0), "day")
