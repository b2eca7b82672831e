"""Hypothesis strategies for milestones, shared by every part's tests."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from hypothesis import strategies as st

from gitmilestone.model.fields import FIELDS, TASK_FIELDS
from gitmilestone.model.ids import ID_PATTERN, REPOSITORY_PATTERN, find_id_fault
from gitmilestone.model.kinds import parse_block
from gitmilestone.model.milestone import (
    DEPENDENCY_TYPES,
    PRIORITIES,
    STATUSES,
    TASK_STATUSES,
    Dependency,
    Milestone,
    Task,
)

WORDS = (
    "ship",
    "Ship",
    "login",
    "two-factor",
    "token",
    "store",
    "2FA",
    "Straße",
    "STRASSE",
    "Café",
    "release",
)
ODD_TEXTS = (
    "Cafe\u0301 décomposé",
    "İstanbul DİYARBAKIR",
    "ﬁx ½ x² Ⅷ",
    "日本語 リリース",
    "हिन्दी शीर्षक",
    "שלום \u202eabc",
    "🚀 launch 👩‍💻",
    "a_b c.d/e\\f",
    "'; DROP TABLE milestone; --",
    "100% of _ and *",
    "=1+1",
    '"quoted" `back`',
    "- dash: colon # hash",
    "no",
    "1.10",
    "0777",
    "12:30",
    "2027-01-01",
    "null",
    "~",
    "\ttab and \x1b[31mred",
    "{[!&*?|>%@",
    "\ufeffmark",
)
_LINE_BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


@cache
def lines() -> st.SearchStrategy[str]:
    """Titles, projects, owners: one line, not blank."""
    common = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)
    letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0" + _LINE_BREAKS)
    anything = st.text(letters, min_size=1, max_size=20).filter(lambda text: bool(text.strip()))
    return st.one_of(common, common, st.sampled_from(ODD_TEXTS), anything)


@cache
def blocks() -> st.SearchStrategy[str]:
    """Descriptions: any text, of any number of lines."""
    anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
    several = st.lists(lines(), max_size=3).map(lambda parts: "".join(f"{part}\n" for part in parts))
    return st.one_of(several, st.sampled_from(("", "\n", " leading", "trailing \n\n", "a\n\n  b\n")), anything)


@cache
def ids() -> st.SearchStrategy[str]:
    common = st.sampled_from(("ship-2fa-k3f9", "ship-store-9k2d", "a", "0", "x.y_z", "login-7h2m", "ship"))
    anything = st.from_regex(ID_PATTERN, fullmatch=True).filter(lambda text: find_id_fault(text) is None)
    return st.one_of(common, anything)


@cache
def targets() -> st.SearchStrategy[str]:
    """What a dependency can be on: a milestone of the same tree, or of another repository."""
    common = st.sampled_from(("roadmap", "git.example.com/plans/roadmap", "10", "srv/~ana/a_b.c", "relates"))
    repository = st.one_of(common, st.from_regex(REPOSITORY_PATTERN, fullmatch=True))
    names = st.one_of(ids(), st.just("relates"))
    return st.one_of(ids(), ids(), st.builds("{}:{}".format, repository, names))


@cache
def labels() -> st.SearchStrategy[str]:
    def as_label(text: str) -> str:
        return text.replace(",", "").replace(";", "").strip()

    return st.one_of(st.sampled_from(("security", "Security", "ui", "needs review")), lines().map(as_label)).filter(
        bool
    )


@cache
def dates() -> st.SearchStrategy[date]:
    return st.one_of(st.dates(date(2026, 11, 1), date(2027, 1, 31)), st.dates())


@cache
def times() -> st.SearchStrategy[datetime]:
    near = st.datetimes(datetime(2026, 11, 1), datetime(2027, 1, 31))
    return st.one_of(near, st.datetimes()).map(lambda time: time.replace(microsecond=0, tzinfo=UTC))


@cache
def numbers(digits: int) -> st.SearchStrategy[float]:
    """0 to a million, with so many digits behind the point."""
    scale = 10**digits
    anything = st.integers(0, 1_000_000 * scale).map(lambda number: number / scale)
    return st.one_of(st.integers(0, 10).map(float), anything)


@cache
def extras(known: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Custom keys, none of them `known`, with texts, lists, mappings and empty values."""
    key = st.one_of(st.sampled_from(("risk", "Risk level", "x", "tab\tand\nline")), lines())
    text = st.one_of(st.sampled_from(("high", "High", "")), lines(), blocks())
    value = st.recursive(
        st.one_of(st.none(), text),
        lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(key, inner, max_size=3)),
        max_leaves=5,
    )
    return st.dictionaries(key.filter(lambda name: name not in known), value, max_size=3)


@st.composite
def tasks(draw: st.DrawFn, task_id: str) -> Task:
    return Task(
        id=task_id,
        title=draw(lines()),
        status=draw(st.sampled_from(TASK_STATUSES)),
        weight=draw(st.one_of(st.just(1.0), numbers(3))),
        completed=draw(st.none() | times()),
        extra=draw(st.one_of(st.just({}), extras(frozenset(field.name for field in TASK_FIELDS)))),
    )


@st.composite
def milestones(
    draw: st.DrawFn,
    own_id: st.SearchStrategy[str] | None = None,
    others: st.SearchStrategy[str] | None = None,
) -> Milestone:
    """Any milestone that a valid file can hold.

    Args:
        own_id: Its id.
        others: What its dependencies are on; itself is left out.
    """
    milestone_id = draw(ids() if own_id is None else own_id)
    on = (targets() if others is None else others).filter(lambda target: target != milestone_id)
    depends_on = draw(st.dictionaries(on, st.sampled_from(DEPENDENCY_TYPES), max_size=3))
    task_ids = draw(st.lists(ids(), unique=True, max_size=3))
    return Milestone(
        id=milestone_id,
        title=draw(lines()),
        status=draw(st.sampled_from(STATUSES)),
        project=draw(st.none() | lines()),
        owner=draw(st.one_of(st.none(), st.sampled_from(("ana@example.com", "Ana", "bo@x.org")), lines())),
        priority=draw(st.none() | st.sampled_from(PRIORITIES)),
        start=draw(st.none() | dates()),
        due=draw(st.none() | dates()),
        estimate=draw(st.none() | numbers(2)),
        created=draw(st.none() | times()),
        labels=tuple(sorted(draw(st.sets(labels(), max_size=3)))),
        depends_on=tuple(Dependency(target, depends_on[target]) for target in sorted(depends_on)),
        tasks=tuple(draw(tasks(task_id)) for task_id in task_ids),
        description=draw(st.none() | blocks().map(parse_block)),
        extra=draw(st.one_of(st.just({}), extras(frozenset(FIELDS)))),
    )


@st.composite
def milestone_sets(draw: st.DrawFn, max_size: int = 6) -> list[Milestone]:
    """The milestones of a repository: no id twice; most dependencies are on one another, some on nothing."""
    own_ids = draw(st.lists(ids(), unique=True, max_size=max_size))
    others = st.sampled_from([*own_ids, "no-such-0000", "gone-0000", *(f"plans/roadmap:{name}" for name in own_ids)])
    return [draw(milestones(st.just(own_id), others)) for own_id in own_ids]
