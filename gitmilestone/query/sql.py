"""Query -> SQL with bound parameters.

The SQL is what SQLite and Postgres share (Postgres writes `?` as `%s` and `instr` as `strpos`). Names come
from the whitelists below, values are only ever bound. No condition is ever NULL: an unset field compares
false, so that `not` means what it says.
"""

from __future__ import annotations

from datetime import date

from gitmilestone.model.kinds import TIME
from gitmilestone.model.milestone import OPEN_STATUSES
from gitmilestone.query.query import Condition, Group, Not, Order, Query, Term, Text
from gitmilestone.query.searched import CUSTOM, KEYED, SEARCHED, WORDED, Searched
from gitmilestone.query.words import fold

Parameter = str | float
Sql = tuple[str, tuple[Parameter, ...]]

_NO_LIMIT = (1 << 63) - 1
_OPEN = ", ".join(f"'{status}'" for status in OPEN_STATUSES)
_BLOCKED = (
    f"(milestone.status IN ({_OPEN}) AND (milestone.status = 'blocked' OR EXISTS (SELECT 1 FROM dependency"
    " JOIN milestone AS other ON other.id = dependency.target WHERE dependency.milestone_id = milestone.id"
    f" AND dependency.type = 'blocks' AND other.status IN ({_OPEN}))))"
)


def _rank_of(field: Searched) -> str:
    ranks = " ".join(f"WHEN '{word}' THEN {rank}" for rank, word in enumerate(field.choices))
    return f"CASE milestone.{field.name} {ranks} END"


def _value_of(field: Searched) -> str:
    if field.name in KEYED:
        return f"milestone.{field.name}_key"
    if field.kind is TIME:
        return f"substr(milestone.{field.name}, 1, 10)"
    return _rank_of(field) if field.reading == "choice" and field.ordered else f"milestone.{field.name}"


_VALUES = {
    name: _value_of(field) for name, field in SEARCHED.items() if field.sortable and field.reading != "words"
}
_RANKS = {name: _rank_of(field) for name, field in SEARCHED.items() if field.reading == "choice"}
_TIMES = {name: f"milestone.{name}" for name, field in SEARCHED.items() if field.kind is TIME}
_SORTED = {**_VALUES, **_RANKS, **_TIMES, "title": "milestone.title_words"}
_WORDS = {
    **{name: f"milestone.{name}_words" for name in WORDED},
    "": " || ".join(f"milestone.{name}" for name in ("words", *(f"{field}_words" for field in WORDED))),
}
_COMPARISONS = {operator: operator for operator in ("=", "<", "<=", ">", ">=")}
_LISTS = {"labels": ("label", "label.key"), "depends_on": ("dependency", "dependency.target")}


def compile_query(query: Query, columns: str) -> Sql:
    """The SELECT of `columns` (trusted SQL) from `milestone` in the query's order, the id last."""
    where, parameters = compile_condition(query.where)
    text = f"SELECT {columns} FROM milestone WHERE {where} ORDER BY {_order_by(query.order)}"
    if query.limit is None and not query.offset:
        return text, parameters
    limit = _NO_LIMIT if query.limit is None else query.limit
    return f"{text} LIMIT ? OFFSET ?", (*parameters, limit, query.offset)


def compile_condition(condition: Condition) -> Sql:
    """A boolean expression over a row of `milestone`, in parentheses."""
    if isinstance(condition, Group):
        return _compile_group(condition)
    if isinstance(condition, Not):
        text, parameters = compile_condition(condition.part)
        return f"(NOT {text})", parameters
    if isinstance(condition, Text):
        return _compile_text(condition)
    return _compile_term(condition)


def _order_by(order: tuple[Order, ...]) -> str:
    keys = []
    for name, descending in order:
        column = _SORTED[name]
        keys.append(f"({column} IS NULL), {column}{' DESC' if descending else ''}")
    return ", ".join((*keys, "milestone.id"))


def _compile_group(group: Group) -> Sql:
    if not group.parts:
        return ("(1 = 1)" if group.operator == "and" else "(1 = 0)"), ()
    parts = [compile_condition(part) for part in group.parts]
    joined = f" {group.operator.upper()} ".join([text for text, _ in parts])
    return f"({joined})", tuple(parameter for _, parameters in parts for parameter in parameters)


def _compile_text(text: Text) -> Sql:
    words = " " + " ".join(text.words)
    if text.field == "tasks":
        return f"(milestone.id IN (SELECT milestone_id FROM task WHERE {_contains('task.words')}))", (words,)
    return f"({_contains(_WORDS[text.field])})", (words,)


def _contains(column: str) -> str:
    return f"instr({column}, ?) > 0"


def _compile_term(term: Term) -> Sql:
    name = term.field
    if name == "is_blocked":
        return _BLOCKED, ()
    if name.startswith(CUSTOM):
        return _any_row("custom", "custom.value", term, "custom.key = ?", (name[len(CUSTOM) :],))
    if name == "tasks" and term.operator == "set":
        return _any_row("task", "", term)
    if name in _LISTS:
        return _any_row(*_LISTS[name], term)
    if term.operator == "set":
        return f"(milestone.{SEARCHED[name].name} IS NOT NULL)", ()
    comparison, parameters = _compare(_VALUES[name], term)
    return f"(milestone.{name} IS NOT NULL AND {comparison})", parameters


def _any_row(
    table: str, column: str, term: Term, condition: str = "1 = 1", parameters: tuple[Parameter, ...] = ()
) -> Sql:
    """Whether any of the milestone's rows in another table has the term's value."""
    if term.operator != "set":
        comparison, values = _compare(column, term)
        condition, parameters = f"{condition} AND {comparison}", (*parameters, *values)
    return f"(milestone.id IN (SELECT milestone_id FROM {table} WHERE {condition}))", parameters


def _compare(column: str, term: Term) -> Sql:
    value = _to_parameter(term)
    if term.operator == "prefix":
        return f"substr({column}, 1, ?) = ?", (len(str(value)), value)
    return f"{column} {_COMPARISONS[term.operator]} ?", (value,)


def _to_parameter(term: Term) -> Parameter:
    field, value = SEARCHED.get(term.field), term.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        if field and field.reading == "choice":
            return field.choices.index(value) if field.ordered else value
        return value if term.field == "path" else fold(value)
    assert value is not None  # only `set` goes without a value
    return value
