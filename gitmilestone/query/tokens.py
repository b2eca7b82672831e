"""Query text -> tokens: parentheses, operators, texts, and fields with their values."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
import re
from typing import Literal, NamedTuple

from gitmilestone.errors import InvalidQuery

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_NAME = re.compile(r'(x\.(?:"(?:[^"\\]|\\.)*"|[^\s:"()]+)|[A-Za-z_][A-Za-z0-9_-]*):')
_BARE_WORD = re.compile(r'[^\s()"]+')
_BARE_ITEM = re.compile(r'[^\s()",]+')
_COMPARISON = re.compile(r"[<>]=?")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OPERATORS: dict[str, Literal["and", "or", "not"]] = {
    "and": "and",
    "AND": "and",
    "or": "or",
    "OR": "or",
    "not": "not",
    "NOT": "not",
}


class Item(NamedTuple):
    """One value behind `field:`; quotes make it literal, so that `"none"` and `"a*"` are plain texts."""

    text: str
    position: int
    quoted: bool


class Token(NamedTuple):
    """A piece of a query.

    Attributes:
        position: Of its first character in the query.
        text: A field's name, or the text to search for.
        comparison: `<`, `<=`, `>`, `>=` or "", of a field.
        items: Of a field, at least one.
    """

    kind: Literal["(", ")", "and", "or", "not", "text", "field"]
    position: int
    text: str
    comparison: str = ""
    items: tuple[Item, ...] = ()


class Tokenizer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0

    def read_all(self) -> list[Token]:
        tokens = []
        while token := self._read():
            tokens.append(token)
        return tokens

    def _fault(self, message: str, position: int, hint: str = "") -> InvalidQuery:
        return InvalidQuery(message, self.text, position, hint)

    def _read(self) -> Token | None:
        text = self.text
        while self._next().isspace():
            self.position += 1
        start, first = self.position, self._next()
        if not first:
            return None
        if first in "()":
            self.position += 1
            return Token("(" if first == "(" else ")", start, first)
        if first == "-":
            self.position += 1
            if not self._next() or self._next().isspace():
                raise self._fault("`-` stands right before what it excludes", start, "quote it if it is text")
            return Token("not", start, first)
        if name := _NAME.match(text, start):
            self.position = name.end()
            return self._read_field(name[1], start)
        item = self._read_item(_BARE_WORD)
        self._expect_end()
        if not item.quoted and item.text in _OPERATORS:
            return Token(_OPERATORS[item.text], start, item.text)
        return Token("text", start, item.text)

    def _next(self) -> str:
        return self.text[self.position : self.position + 1]

    def _read_field(self, name: str, start: int) -> Token:
        comparison = _COMPARISON.match(self.text, self.position)
        if comparison:
            self.position = comparison.end()
        items = []
        while True:
            if not self._next() or self._next() in "()," or self._next().isspace():
                raise self._fault(f"`{name}:` has no value", start, "write it right behind the colon")
            items.append(self._read_item(_BARE_ITEM))
            if self._next() != ",":
                break
            self.position += 1
        self._expect_end()
        return Token("field", start, name, comparison[0] if comparison else "", tuple(items))

    def _read_item(self, bare: re.Pattern[str]) -> Item:
        start, quoted = self.position, self._next() == '"'
        found = (_QUOTED if quoted else bare).match(self.text, start)
        if not found:
            raise self._fault("a quotation mark is never closed", start, 'inside a quoted text, write \\"')
        self.position = found.end()
        return Item(unquote(found[0]) if quoted else found[0], start, quoted)

    def _expect_end(self) -> None:
        following = self._next()
        if following and following not in "()" and not following.isspace():
            raise self._fault(f"{following} follows without a space", self.position, "quote the whole value")


def unquote(text: str) -> str:
    return _ESCAPE.sub(r"\1", text[1:-1]) if text.startswith('"') else text
