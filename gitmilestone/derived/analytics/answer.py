"""What comes back from DuckDB: tables of values that Python has, and faults with their place in the query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

_PLAIN_TYPES = ("BOOLEAN", "DATE", "TIMESTAMP", "DOUBLE", "FLOAT", "VARCHAR", "JSON", "DECIMAL")


class Table(NamedTuple):
    """An answer. `types` are DuckDB's; times are UTC; what Python has no value for is text."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """The names, later ones of the same name numbered."""
    taken: dict[str, None] = {}
    for name in names:
        number, candidate = 1, name
        while candidate in taken:
            candidate, number = f"{name}_{number}", number + 1
        taken[candidate] = None
    return tuple(taken)


def represent(statement: str, types: Sequence[str]) -> tuple[str, str]:
    """The statement that gives what Python has values for, and what stands in it before the one that was asked."""
    casts = [_cast(f"c{place}", kind) for place, kind in enumerate(types)]
    names = [f"c{place}" for place in range(len(types))]
    if casts == names:
        return "", statement
    prefix = f"SELECT {', '.join(casts)} FROM ("
    return prefix, f"{prefix}{statement}\n) AS answer({', '.join(names)})"


def _cast(name: str, kind: str) -> str:
    # Fetching a time with a zone needs a module that is not there; an interval has months, which Python's has not.
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({name} AS TIMESTAMP)"
    plain = kind.removesuffix("[]").partition("(")[0]
    return name if plain in _PLAIN_TYPES or plain.endswith(("INT", "INTEGER")) else f"{name}::VARCHAR"


def read_fault(error: Exception) -> tuple[str, int | None]:
    """DuckDB's message on one line, and its place in the statement in bytes, where it has one."""
    import json

    text = str(error)
    try:
        fault = json.loads(text[text.index("{") :])
        message, place = str(fault["exception_message"]), fault.get("position")
    except (ValueError, KeyError):
        message, place = text.partition("\n\nLINE ")[0], None
    message = message.partition("\n\nPossible solutions")[0]
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return "; ".join(lines), int(place) if place is not None else None
