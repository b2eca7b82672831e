"""Query -> SQL with bound parameters.

The SQL is what SQLite and Postgres share, but for how a value is bound and a text is searched, which a `Dialect`
says. Names come from the whitelists below, values are only ever bound. No condition is ever NULL: an unset field
compares false, so that `not` means what it says.
"""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from gitmilestone.model.fields import FIELDS
from gitmilestone.model.kinds import TIME
from gitmilestone.model.layout import ROOT
from gitmilestone.query.query import CLOSED, OPEN, Condition, Group, Not, Order, Query, Term, Text
from gitmilestone.query.searched import CUSTOM, KEYED, OTHERS, SEARCHED, TEXTS, Searched
from gitmilestone.query.words import fold

Parameter = str | float
Sql = tuple[str, tuple[Parameter, ...]]

WEIGHTS = dict(zip(TEXTS, "ABCD", strict=True))
"""Of the words of each text, in the one tsvector of a milestone."""

LONGEST_LEXEME = 2046
"""Bytes that a tsvector takes."""

INDEXED_LETTERS = 100
"""Of a text, in an index of Postgres."""

_NO_LIMIT = (1 << 63) - 1
_ALL_LONG_WORDS = "array_to_string(milestone.long_words, ' · ')"
_LAST = "\U0010ffff"
_SURROGATES = (0xD800, 0xE000)
_FTS5 = "SELECT rowid FROM search WHERE search MATCH ?"
_BLOCKED = (
    "(milestone.is_open = 1 AND (milestone.status = 'blocked' OR EXISTS (SELECT 1 FROM dependency"
    " WHERE dependency.milestone_id = milestone.id AND dependency.type = 'blocks'"
    # A subquery and no join, which SQLite would begin with all that are open.
    " AND (SELECT other.is_open FROM milestone AS other WHERE other.id = dependency.target) = 1)))"
)


def _rank_of(field: Searched) -> str:
    ranks = " ".join(f"WHEN '{word}' THEN {rank}" for rank, word in enumerate(field.choices))
    return f"CASE milestone.{field.name} {ranks} END"


def _value_of(field: Searched) -> str:
    if field.name in KEYED:
        return f"milestone.{field.name}_key"
    if field.kind is TIME:
        return f"substr(milestone.{field.name}, 1, 10)"
    if field.name == "path":
        return f"('{ROOT}/' || milestone.path)"
    return "milestone.priority_rank" if field.name == "priority" else f"milestone.{field.name}"


_VALUES = {name: _value_of(field) for name, field in SEARCHED.items() if field.sortable and field.reading != "words"}
_TIMES = {name: f"milestone.{name}" for name, field in SEARCHED.items() if field.kind is TIME}
_SORTED = {
    **_VALUES,
    **_TIMES,
    "path": "milestone.path",
    "title": "milestone.title_key",
    "status": _rank_of(SEARCHED["status"]),
}
_ALWAYS_SET = ("id", "path", "progress", *(field.name for field in FIELDS.values() if field.required))
_COMPARISONS = {operator: operator for operator in ("=", "<", "<=", ">", ">=")}
_LONG_TEXTS = (*(f"milestone.{name}_key" for name in KEYED), "label.key", "custom.value")
_LISTS = {"labels": ("label", "label.key"), "depends_on": ("dependency", "dependency.target")}


class Dialect(NamedTuple):
    """Where databases differ.

    Attributes:
        place: What stands for a bound value.
        match: Whether a milestone has all of some texts.
        equals: Whether a column of texts, of any length, has a value.
    """

    place: str
    match: Callable[[Sequence[Text]], Sql]
    equals: Callable[[str, Parameter], Sql]


class Selection(NamedTuple):
    """A part of a condition which an index of another table answers: the milestones that it holds of.

    Attributes:
        key: The column of `milestone` that the SELECT gives.
    """

    parts: tuple[Condition, ...]
    key: str
    sql: str
    parameters: tuple[Parameter, ...]


def _match_fts5(texts: Sequence[Text]) -> Sql:
    return f"(milestone.number IN ({_FTS5}))", (_fts5_of(texts),)


def _fts5_of(texts: Sequence[Text]) -> str:
    """The words are letters and digits, which no quoting can leave; a text's last one is a prefix."""
    phrases = []
    for field, words in ((_text_field(text), text.words) for text in texts):
        phrase = f'"{" ".join(words)}" *'
        phrases.append(f"({field} : {phrase})" if field else f"({phrase})")
    return " AND ".join(phrases)


def _equals_text(column: str, value: Parameter) -> Sql:
    return f"{column} = ?", (value,)


def _match_tsvector(texts: Sequence[Text]) -> Sql:
    """As FTS5 does: the words follow each other, and each column has a weight of its own.

    A tsvector has no room for some texts; the few that are too long for it are looked through.
    """
    wheres: list[str] = []
    parameters: list[Parameter] = []
    for field, words in ((_text_field(text), text.words) for text in texts):
        found = f"milestone.long_words[{TEXTS.index(field) + 1}]" if field else _ALL_LONG_WORDS
        where = f"(milestone.long_words IS NOT NULL AND strpos(' ' || {found}, ?) > 0)"
        if all(len(word.encode()) <= LONGEST_LEXEME for word in words):
            weight = WEIGHTS.get(field, "")
            where = f"(milestone.words @@ CAST(? AS tsquery) OR {where})"
            *before, last = [f"'{word}'" for word in words]
            colon = f":{weight}" if weight else ""
            parameters.append(" <-> ".join([*(f"{word}{colon}" for word in before), f"{last}:*{weight}"]))
        wheres.append(where)
        parameters.append(f" {' '.join(words)}")
    return f"({' AND '.join(wheres)})", tuple(parameters)


def _equals_beginning(column: str, value: Parameter) -> Sql:
    """No B-tree of Postgres takes a text over 2.7 KB, so that its indexes are of the beginnings."""
    return f"left({column}, {INDEXED_LETTERS}) = ? AND {column} = ?", (str(value)[:INDEXED_LETTERS], value)


def _text_field(text: Text) -> str:
    if text.field and text.field not in TEXTS[: TEXTS.index(OTHERS)]:
        raise KeyError(text.field)
    return text.field


SQLITE = Dialect("?", _match_fts5, _equals_text)
POSTGRES = Dialect("%s", _match_tsvector, _equals_beginning)


def compile_query(query: Query, columns: str, dialect: Dialect = SQLITE, selection: Selection | None = None) -> Sql:
    """The SELECT of `columns` (trusted SQL) from `milestone` in the query's order, the id last; `after` aside.

    Args:
        selection: One of the query's, from which to begin: worth it where it holds of few.
    """
    return _compile_select(query, columns, dialect, ("", ()), selection)


def iter_selections(query: Query) -> Iterator[Selection]:
    """The parts that must hold and from which an answer can begin, in SQLite."""
    parts = list(_iter_required(query.where))
    texts = tuple(part for part in parts if isinstance(part, Text))
    if texts:
        yield Selection(texts, "number", _FTS5.replace("rowid", "rowid AS number"), (_fts5_of(texts),))
    for part in parts:
        if isinstance(part, Term) and (part.field in _LISTS or part.field.startswith(CUSTOM)) and part.operator == "=":
            select, parameters = _select_ids(part)
            select = select.replace("SELECT milestone_id", "SELECT DISTINCT milestone_id AS id", 1)
            yield Selection((part,), "id", select, parameters)


def _iter_required(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, Group) and condition.operator == "and":
        for part in condition.parts:
            yield from _iter_required(part)
    else:
        yield condition


def compile_pages(query: Query, columns: str, dialect: Dialect = SQLITE) -> Iterator[Sql]:
    """SELECTs which, one behind the other, give what follows the row that `after` says; each has the whole limit.

    Each is a range behind equal values, which an index in the query's order starts in the middle of: a page
    costs the same wherever it is.
    """
    keys = _keys_of(query.order)
    for place in reversed(range(len(keys))):
        equal = [_equals(keys[at], value) for at, value in zip(range(place), query.after or (), strict=False)]
        for following in _iter_following(keys[place], (query.after or ())[place]):
            parts = [*equal, following]
            bound = tuple(parameter for _, parameters in parts for parameter in parameters)
            yield _compile_select(query, columns, dialect, ("".join(f" AND {text}" for text, _ in parts), bound))


def _compile_select(
    query: Query, columns: str, dialect: Dialect, further: Sql, selection: Selection | None = None
) -> Sql:
    source, where = "milestone", query.where
    parameters: tuple[Parameter, ...] = ()
    if selection:
        # A cross join is the one thing that SQLite never turns round.
        key = selection.key
        source = f"({selection.sql}) AS chosen CROSS JOIN milestone ON milestone.{key} = chosen.{key}"
        parameters = selection.parameters
        where = Group("and", tuple(part for part in _iter_required(where) if part not in selection.parts))
    condition, values = compile_condition(where, dialect)
    order_by = ", ".join(_order_by(key) for key in _keys_of(query.order))
    text = f"SELECT {columns} FROM {source} WHERE {condition}{further[0]} ORDER BY {order_by}"
    parameters = (*parameters, *values, *further[1])
    if query.limit is not None or query.offset:
        text += " LIMIT ? OFFSET ?"
        parameters = (*parameters, _NO_LIMIT if query.limit is None else query.limit, query.offset)
    return text if dialect.place == "?" else text.replace("?", dialect.place), parameters


class _Key(NamedTuple):
    column: str
    descending: bool
    always_set: bool


def _keys_of(order: tuple[Order, ...]) -> list[_Key]:
    """What rows are sorted by: up to the id, which breaks every tie."""
    keys = []
    for name, descending in order:
        keys.append(_Key(_SORTED[name], descending, name in _ALWAYS_SET))
        if name == "id":
            return keys
    return [*keys, _Key("milestone.id", False, True)]


def _order_by(key: _Key) -> str:
    # NULLS LAST is what an index in this order serves; where none can be NULL, it would keep one from serving.
    nulls = "" if key.always_set else " NULLS LAST"
    return f"{key.column} {'DESC' if key.descending else 'ASC'}{nulls}"


def _equals(key: _Key, value: Parameter | None) -> Sql:
    return (f"{key.column} IS NULL", ()) if value is None else (f"{key.column} = ?", (value,))


def _iter_following(key: _Key, value: Parameter | None) -> Iterator[Sql]:
    """The values behind one, then the unset ones; behind those is nothing."""
    if value is not None:
        yield f"{key.column} {'<' if key.descending else '>'} ?", (value,)
        if not key.always_set:
            yield f"{key.column} IS NULL", ()


def compile_condition(condition: Condition, dialect: Dialect = SQLITE) -> Sql:
    """A boolean expression over a row of `milestone`, in parentheses; `?` stands for each parameter."""
    if isinstance(condition, Group):
        return _compile_group(condition, dialect)
    if isinstance(condition, Not):
        text, parameters = compile_condition(condition.part, dialect)
        return f"(NOT {text})", parameters
    if isinstance(condition, Text):
        return dialect.match([condition])
    return _compile_term(condition, dialect)


def compile_keys(order: tuple[Order, ...]) -> str:
    """The columns whose values `Query.after` has."""
    return ", ".join(key.column for key in _keys_of(order))


def _compile_group(group: Group, dialect: Dialect) -> Sql:
    if group in (OPEN, CLOSED):
        return f"(milestone.is_open = {int(group == OPEN)})", ()
    if not group.parts:
        return ("(1 = 1)" if group.operator == "and" else "(1 = 0)"), ()
    listed: list[Condition] = list(group.parts)
    parts: list[Sql] = []
    texts = [part for part in listed if isinstance(part, Text)]
    if group.operator == "and" and len(texts) > 1:
        listed = [part for part in listed if not isinstance(part, Text)]
        parts.append(dialect.match(texts))
    parts += [compile_condition(part, dialect) for part in listed]
    joined = f" {group.operator.upper()} ".join([text for text, _ in parts])
    return f"({joined})", tuple(parameter for _, parameters in parts for parameter in parameters)


def _compile_term(term: Term, dialect: Dialect) -> Sql:
    name = term.field
    if name == "is_blocked":
        return _BLOCKED, ()
    if name in _LISTS or name == "tasks" or name.startswith(CUSTOM):
        select, parameters = _select_ids(term, dialect, "milestone_id = milestone.id")
        return f"(EXISTS ({select}))", parameters
    if term.operator == "set":
        return f"(milestone.{SEARCHED[name].name} IS NOT NULL)", ()
    comparison, parameters = _compare(_VALUES[name], term, dialect)
    if name in _ALWAYS_SET:
        return f"({comparison})", parameters
    return f"(milestone.{name} IS NOT NULL AND {comparison})", parameters


def _select_ids(term: Term, dialect: Dialect = SQLITE, *conditions: str) -> Sql:
    """The ids of the milestones which have a row in another table that the term, and the conditions, hold of."""
    parameters: tuple[Parameter, ...] = ()
    if term.field.startswith(CUSTOM):
        table, column = "custom", "custom.value"
        conditions, parameters = (*conditions, "custom.key = ?"), (term.field[len(CUSTOM) :],)
    elif term.field == "tasks" and term.operator == "set":
        table, column = "task", ""
    else:
        table, column = _LISTS[term.field]
    if term.operator != "set":
        comparison, values = _compare(column, term, dialect)
        conditions, parameters = (*conditions, comparison), (*parameters, *values)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT milestone_id FROM {table}{where}", parameters


def _compare(column: str, term: Term, dialect: Dialect) -> Sql:
    value = _to_parameter(term)
    if term.operator == "prefix":
        # A range, as an index serves it: all that begins so lies before the text that follows it in order.
        end = _follow(str(value))
        return (f"{column} >= ? AND {column} < ?", (value, end)) if end else (f"{column} >= ?", (value,))
    if term.operator == "=" and column in _LONG_TEXTS:
        return dialect.equals(column, value)
    return f"{column} {_COMPARISONS[term.operator]} ?", (value,)


def _follow(prefix: str) -> str:
    """The first text, by code points, behind all that begin with `prefix`; "" where there is none."""
    whole = prefix.rstrip(_LAST)
    if not whole:
        return ""
    code = ord(whole[-1]) + 1
    return whole[:-1] + chr(code if code != _SURROGATES[0] else _SURROGATES[1])


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
