"""Query text -> Query.

    status:open project:auth label:security due:<2027-01-01 -owner:ana "free text" sort:due

Terms side by side must all hold; `or`, `and`, `not`, a leading `-` and parentheses combine them.
"""

from __future__ import annotations

from datetime import date

from gitmilestone.errors import InvalidQuery
from gitmilestone.model.kinds import BadValue, refuse_unstorable
from gitmilestone.query.query import DEFAULT_ORDER, EVERYTHING, Condition, Group, Not, Order, Query
from gitmilestone.query.terms import TermReader
from gitmilestone.query.tokens import Token, Tokenizer

MAX_TERMS = 500
MAX_DEPTH = 8
"""SQLite's parser holds 100 symbols, and the worst query needs nine for each level."""


def parse(text: str, *, today: date) -> Query:
    """The query that a text means; an empty one is everything, in the default order.

    Args:
        today: What `today`, `+14d` and `is:overdue` count from.

    Raises:
        InvalidQuery: With the position of the word at fault.
    """
    _refuse_unstorable(text)
    return _Parser(text, today).parse()


def _refuse_unstorable(text: str) -> None:
    try:
        refuse_unstorable(text)
    except BadValue as fault:
        position = next(at for at, char in enumerate(text) if char == "\0" or "\ud800" <= char <= "\udfff")
        raise InvalidQuery(f"the query {fault.message}", text, position, fault.hint) from None


class _Parser:
    """Recursive descent: any of (`or`) all of (`and`) one of: a term, `not`, a parenthesis."""

    def __init__(self, text: str, today: date) -> None:
        self.reader = TermReader(text, today)
        self.tokens = Tokenizer(text).read_all()
        self.index = 0
        self.terms = 0

    def parse(self) -> Query:
        order = self._take_order()
        where = self._any(0) if self.tokens else EVERYTHING
        if token := self._peek():
            raise self.reader.fault("this parenthesis was never opened", token.position)
        return Query(where, order)

    def _take_order(self) -> tuple[Order, ...]:
        """Takes every `sort:` out of the tokens: the order is the whole query's, wherever it stands."""
        order: list[Order] = []
        rest: list[Token] = []
        for token in self.tokens:
            if token.kind != "field" or token.text.lower() != "sort":
                rest.append(token)
            elif token.comparison or (rest and rest[-1].kind == "not"):
                hint = "write `sort:due`, or `sort:-due` for the other direction"
                raise self.reader.fault("`sort:` is no condition", token.position, hint)
            else:
                order.extend(self.reader.read_order(item) for item in token.items)
        self.tokens = rest
        return (*order, Order("id")) if order else DEFAULT_ORDER

    def _peek(self) -> Token | None:
        return self.tokens[self.index] if self.index < len(self.tokens) else None

    def _take(self, kind: str) -> bool:
        token = self._peek()
        if token is None or token.kind != kind:
            return False
        self.index += 1
        return True

    def _any(self, depth: int) -> Condition:
        parts = [self._all(depth)]
        while self._take("or"):
            parts.append(self._all(depth))
        return Group("or", tuple(parts)) if len(parts) > 1 else parts[0]

    def _all(self, depth: int) -> Condition:
        parts = [self._one(depth)]
        while (token := self._peek()) and token.kind not in (")", "or"):
            self._take("and")
            parts.append(self._one(depth))
        return Group("and", tuple(parts)) if len(parts) > 1 else parts[0]

    def _one(self, depth: int) -> Condition:
        token = self._peek()
        if token is None or token.kind in (")", "and", "or"):
            raise self._nothing(token)
        self.index += 1
        if token.kind in ("text", "field"):
            return self._term(token)
        if depth == MAX_DEPTH:
            raise self.reader.fault(f"the query is nested deeper than {MAX_DEPTH} levels", token.position)
        if token.kind == "not":
            return Not(self._one(depth + 1))
        inside = self._any(depth + 1)
        if not self._take(")"):
            raise self.reader.fault("this parenthesis is never closed", token.position)
        return inside

    def _term(self, token: Token) -> Condition:
        condition = self.reader.read(token)
        self.terms += len(condition.parts) if isinstance(condition, Group) else 1
        if self.terms > MAX_TERMS:
            raise self.reader.fault(f"the query has more than {MAX_TERMS} conditions", token.position)
        return condition

    def _nothing(self, token: Token | None) -> InvalidQuery:
        if self.index:
            before = self.tokens[self.index - 1]
            return self.reader.fault(f"nothing to search for follows `{before.text}`", before.position)
        assert token is not None  # the query has a token, and none was taken
        return self.reader.fault(f"nothing to search for stands before `{token.text}`", token.position)
