"""How a query is answered by Postgres."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any

from gitmilestone.derived.answers import ROW_COLUMNS
from gitmilestone.derived.explain import Explanation
from gitmilestone.derived.postgres.mirror import Mirror
from gitmilestone.query.query import Query

_READ = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
_SHOWN = ("Index Cond", "Recheck Cond", "Filter", "Sort Key", "Hash Cond", "Join Filter")


def explain_mirror(mirror: Mirror, query: Query) -> Explanation:
    """Answers a query, and says how; its statements run twice."""
    statements = list(mirror.iter_statements(query, ROW_COLUMNS))
    begin = perf_counter()
    rows = len(mirror.rows(query))
    seconds = perf_counter() - begin
    left = query.limit
    rows_read = 0
    first: list[Mapping[str, Any]] = []
    for text, parameters in statements:
        if left is not None:
            parameters = (*parameters[:-2], left, parameters[-1])
        top = mirror.plan(text, parameters)
        nodes = list(_iter_nodes(top))
        first = first or nodes
        rows_read += sum(_count_read(node) for node in nodes)
        left = None if left is None else left - round(top["Actual Rows"])
        if left == 0:
            break
    indexes = [node["Index Name"] for node in first if "Index Name" in node]
    text, parameters = statements[0]
    lines = tuple(_describe(node) for node in first)
    return Explanation(text, parameters, lines, tuple(dict.fromkeys(indexes)), rows_read, rows, seconds)


def _iter_nodes(node: Mapping[str, Any], depth: int = 0) -> Iterator[Mapping[str, Any]]:
    yield {**node, "Depth": depth}
    for inner in node.get("Plans", ()):
        yield from _iter_nodes(inner, depth + 1)


def _count_read(node: Mapping[str, Any]) -> int:
    """The rows of `milestone` that one node looked at; the numbers are averages over its loops."""
    if not node.get("Relation Name", "").startswith("milestone_"):
        return 0
    read = sum(float(node.get(name, 0)) for name in _READ)
    return round(read * float(node.get("Actual Loops", 1)))


def _describe(node: Mapping[str, Any]) -> str:
    words = [str(node["Node Type"])]
    if "Relation Name" in node:
        words.append(f"on {node['Relation Name']}")
    if "Index Name" in node:
        words.append(f"using {node['Index Name']}")
    shown = [f"{name}: {node[name]}" for name in _SHOWN if name in node]
    indent = "  " * int(node["Depth"])
    return indent + " ".join(words) + (f" ({'; '.join(shown)})" if shown else "")
