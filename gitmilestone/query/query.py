"""What is asked for: pure values, free of any database."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from datetime import date
from typing import Literal, NamedTuple

from gitmilestone.model.milestone import CLOSED_STATUSES, OPEN_STATUSES

Operator = Literal["=", "prefix", "<", "<=", ">", ">=", "set"]
Value = str | float | date | None


class Term(NamedTuple):
    """A field compared with a value; false where the field is unset.

    Attributes:
        field: A name of `gitmilestone.query.searched.SEARCHED`, `x.KEY` for a custom key, or `is_blocked`.
        operator: `=` and `prefix` ignore case, and on a list mean any item; `set` takes no value.
        value: A date for dates and times (compared by UTC day), a float for numbers, else text;
            priorities are compared by rank.
    """

    field: str
    operator: Operator
    value: Value = None


class Text(NamedTuple):
    """Consecutive words, the last of them a prefix.

    Attributes:
        words: As `words_of` gives them, at least one.
        field: `title`, `description` or `tasks` (one task's title); "" searches every text.
    """

    words: tuple[str, ...]
    field: str = ""


class Not(NamedTuple):
    part: "Condition"


class Group(NamedTuple):
    """All (`and`) or any (`or`) of the parts; without parts true, or false, of every milestone."""

    operator: Literal["and", "or"]
    parts: tuple["Condition", ...]


Condition = Term | Text | Not | Group


class Order(NamedTuple):
    """A field to sort by; unset values come last in both directions."""

    field: str
    descending: bool = False


EVERYTHING = Group("and", ())
OPEN = Group("or", tuple(Term("status", "=", status) for status in OPEN_STATUSES))
CLOSED = Group("or", tuple(Term("status", "=", status) for status in CLOSED_STATUSES))
BLOCKED = Term("is_blocked", "set")
BLOCKED_BY_HAND = Term("status", "=", "blocked")
READY = Group("and", (OPEN, Not(BLOCKED)))
DEFAULT_ORDER = (Order("due"), Order("priority", True), Order("id"))


class Query(NamedTuple):
    """A question to an index.

    Attributes:
        order: Whatever it says, the id breaks ties.
        limit: None is no limit.
        after: Only what comes behind the row with these values of the order's fields and id, as an index gives them.
    """

    where: Condition = EVERYTHING
    order: tuple[Order, ...] = DEFAULT_ORDER
    limit: int | None = None
    offset: int = 0
    after: tuple[str | float | None, ...] | None = None


def overdue(today: date) -> Condition:
    return Group("and", (OPEN, Term("due", "<", today)))


def replace_term(condition: Condition, old: Term, new: Term) -> Condition:
    """The condition with one term in the place of another, wherever it stands."""
    if isinstance(condition, Group):
        return Group(condition.operator, tuple(replace_term(part, old, new) for part in condition.parts))
    if isinstance(condition, Not):
        return Not(replace_term(condition.part, old, new))
    return new if condition == old else condition


def fields_in(condition: Condition) -> frozenset[str]:
    """The fields that a condition asks about; `status` where it asks for open or closed ones in any way."""
    if isinstance(condition, Group):
        return frozenset(field for part in condition.parts for field in fields_in(part))
    if isinstance(condition, Not):
        return fields_in(condition.part)
    return frozenset((condition.field,))
