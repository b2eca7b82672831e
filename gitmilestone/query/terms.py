"""One `field:value`, or one text, of a query -> Condition."""

from __future__ import annotations

from datetime import date
from typing import Any

from gitmilestone.errors import InvalidQuery
from gitmilestone.model.kinds import BadValue, find_nearest
from gitmilestone.query.query import (
    BLOCKED,
    CLOSED,
    OPEN,
    READY,
    Condition,
    Group,
    Not,
    Operator,
    Order,
    Term,
    Text,
    overdue,
)
from gitmilestone.query.searched import ALIASES, CUSTOM, SEARCHED, Searched
from gitmilestone.query.tokens import Item, Token, unquote
from gitmilestone.query.values import read_choice, read_span
from gitmilestone.query.words import words_of

_NAMES = (*SEARCHED, *ALIASES, "is", "sort", "x")
_STATES: dict[str, Condition] = {"open": OPEN, "closed": CLOSED, "blocked": BLOCKED, "ready": READY}
_COMPARISONS: dict[str, Operator] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}


class TermReader:
    def __init__(self, text: str, today: date) -> None:
        self._whole_text = text
        self._today = today

    def fault(self, message: str, position: int, hint: str = "") -> InvalidQuery:
        return InvalidQuery(message, self._whole_text, position, hint)

    def read(self, token: Token) -> Condition:
        if token.kind == "text":
            return self._words(token.text, "", token.position)
        if token.text.lower() == "is":
            return self._join(token, [self._state(item) for item in token.items])
        field = self._field(token)
        if token.comparison:
            return self._join(token, [self._compare(field, token.comparison, item) for item in token.items])
        return self._join(token, [part for item in token.items for part in self._values(field, item)])

    def read_order(self, item: Item) -> Order:
        descending = item.text.startswith("-")
        name = item.text[descending:].lower().replace("-", "_")
        names = [field.name for field in SEARCHED.values() if field.sortable]
        if name not in names:
            nearest = find_nearest(name, names)
            hint = f"did you mean `sort:{nearest}`?" if nearest else f"sort by {', '.join(names)}"
            raise self.fault(f"can't sort by `{name[:40]}`", item.position, hint)
        # Whoever sorts by priority wants the most urgent first.
        return Order(name, descending != (name == "priority"))

    def _join(self, token: Token, parts: list[Condition]) -> Condition:
        if token.comparison and len(parts) > 1:
            raise self.fault(f"`{token.comparison}` takes one value", token.items[1].position)
        return parts[0] if len(parts) == 1 else Group("or", tuple(parts))

    def _field(self, token: Token) -> Searched:
        if token.text.startswith(CUSTOM):
            field = Searched(CUSTOM + unquote(token.text[len(CUSTOM) :]), "text", sortable=False)
        else:
            name = token.text.lower().replace("-", "_")
            found = SEARCHED.get(ALIASES.get(name, name))
            if found is None:
                raise self._unknown_field(token)
            field = found
        if token.comparison and not field.ordered:
            hint = "quote a value that starts with it"
            raise self.fault(f"`{field.name}` has no order for `{token.comparison}`", token.position, hint)
        return field

    def _unknown_field(self, token: Token) -> InvalidQuery:
        nearest = find_nearest(token.text, _NAMES)
        hint = f"did you mean `{nearest}:`?" if nearest else "quote it to search for it as text"
        if nearest == "x" or token.text in ("X", "x"):
            hint = "a custom key is asked for as `x.KEY:`"
        return self.fault(f"`{token.text[:40]}` is no field", token.position, hint)

    def _state(self, item: Item) -> Condition:
        states: dict[str, Condition] = {**_STATES, "overdue": overdue(self._today)}
        word = item.text.lower()
        if word not in states:
            nearest = find_nearest(word, list(states))
            hint = f"did you mean `is:{nearest}`?" if nearest else ""
            raise self.fault(f"`is:` knows {', '.join(states)}, not {word[:40]!r}", item.position, hint)
        return states[word]

    def _words(self, text: str, field: str, position: int) -> Text:
        words = words_of(text)
        if not words:
            raise self.fault(f"{text[:40]!r} has no letter or digit to search for", position)
        return Text(words, field)

    def _values(self, field: Searched, item: Item) -> list[Condition]:
        """The conditions of which any will do for one value of `field:value,value`."""
        word = "" if item.quoted else item.text.lower()
        if word in ("any", "*"):
            return [Term(field.name, "set")]
        if word == "none":
            return [Not(Term(field.name, "set"))]
        if field.reading == "words":
            return [self._words(item.text, field.name, item.position)]
        if field.reading == "text":
            return _texts(field, item)
        try:
            if field.ordered:
                return [self._span(field, item)]
            return [Term(field.name, "=", choice) for choice in read_choice(field, item.text)]
        except BadValue as fault:
            raise self._bad_value(field, item, fault) from None

    def _bad_value(self, field: Searched, item: Item, fault: BadValue) -> InvalidQuery:
        return self.fault(f"`{field.name}` {fault.message}", item.position, fault.hint)

    def _span(self, field: Searched, item: Item) -> Condition:
        first, dots, last = item.text.partition("..")
        if not dots:
            low, high = read_span(field, first, self._today)
            if low == high:
                return Term(field.name, "=", low)
        elif not first and not last:
            raise BadValue("has a range without ends", "like 2027-01..2027-03, or ..2027-03")
        else:
            low = read_span(field, first, self._today)[0] if first else None
            high = read_span(field, last, self._today)[1] if last else None
            if first and last and _is_empty(field, low, high):
                raise BadValue(f"has an empty range, {item.text[:40]}", "the lower end comes first")
        ends = [Term(field.name, ">=", low)] if low is not None else []
        ends += [Term(field.name, "<=", high)] if high is not None else []
        return Group("and", tuple(ends)) if len(ends) > 1 else ends[0]

    def _compare(self, field: Searched, comparison: str, item: Item) -> Condition:
        try:
            low, high = read_span(field, item.text, self._today)
        except BadValue as fault:
            raise self._bad_value(field, item, fault) from None
        # Of a period, `<` and `>=` mean its first day, `<=` and `>` its last.
        return Term(field.name, _COMPARISONS[comparison], low if comparison in ("<", ">=") else high)


def _texts(field: Searched, item: Item) -> list[Condition]:
    if not item.quoted and item.text.endswith("*"):
        return [Term(field.name, "prefix", item.text[:-1])]
    exact = Term(field.name, "=", item.text)
    if field.name == "owner" and "@" not in item.text:
        # People are named by the local part of their address.
        return [exact, Term("owner", "prefix", item.text + "@")]
    return [exact]


def _is_empty(field: Searched, low: Any, high: Any) -> bool:
    if field.reading == "choice":
        return field.choices.index(low) > field.choices.index(high)
    return bool(low > high)
