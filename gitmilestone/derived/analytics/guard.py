"""What a query that a stranger wrote may be made of: a list of what is allowed, held against its syntax tree.

It stands in front of DuckDB's own settings, which close the file system and the network whatever passes here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gitmilestone.errors import InvalidQuery
from gitmilestone.model.kinds import find_nearest

_NODES = frozenset(
    {
        *("SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"),
        *("BASE_TABLE", "SUBQUERY", "JOIN", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY", "PIVOT"),
        *("LIMIT_MODIFIER", "LIMIT_PERCENT_MODIFIER", "ORDER_MODIFIER", "DISTINCT_MODIFIER"),
        *("ORDER_DEFAULT", "ASCENDING", "DESCENDING"),
    }
)
_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "json_each", "json_tree"})
# They answer nothing about milestones: they read the session's state, change it, or only wait.
_REFUSED_FUNCTIONS = frozenset(
    {
        *("getenv", "current_setting", "set_config", "getvariable", "write_log", "sleep_ms", "pg_sleep"),
        *("nextval", "currval", "setval", "setseed", "json_execute_serialized_sql", "json_serialize_plan"),
        *("in_search_path", "current_query", "current_connection_id", "vector_type"),
    }
)
_HINT = "`git milestone sql --schema` shows what there is to ask"


def check_tree(tree: Mapping[str, Any], statement: str, views: Collection[str]) -> None:
    """Refuses whatever is not known to only compute over the views.

    Args:
        tree: DuckDB's `json_serialize_sql(statement)`.

    Raises:
        InvalidQuery: Its position is one in `statement`.
    """
    nodes = list(_iter_nodes(tree))
    # A name that WITH gives, wherever: what is no view and not in its scope is refused by DuckDB.
    known = {*views, *(entry["key"].lower() for node in nodes for entry in _named(node))}
    for node in nodes:
        fault = _find_fault(node, known)
        if fault:
            raise InvalidQuery(fault, statement, _place(node, statement), _HINT)


def _find_fault(node: Mapping[str, Any], known: Collection[str]) -> str:
    kind = node.get("type")
    if "class" in node:
        name = str(node.get("function_name", "")).lower()
        return f"the function {name}() is not available here" if name in _REFUSED_FUNCTIONS else ""
    if not isinstance(kind, str) or kind.endswith("_TYPE_INFO"):
        return ""
    if kind == "TABLE_FUNCTION":
        name = str(node["function"].get("function_name", "")).lower()
        return "" if name in _TABLE_FUNCTIONS else f"the table function {name}() is not available here"
    if kind == "BASE_TABLE":
        return _find_table_fault(node, known)
    return "" if kind in _NODES else f"{kind.partition('_')[0]} is not available here"


def _find_table_fault(node: Mapping[str, Any], known: Collection[str]) -> str:
    name = str(node["table_name"])
    if node["schema_name"] or node["catalog_name"]:
        return f"the table {name!r} is not available here: tables have no schema"
    if name.lower() in known:
        return ""
    nearest = find_nearest(name, known)
    return f"there is no table {name!r}" + (f"; did you mean {nearest}?" if nearest else "")


def _iter_nodes(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every object of the tree, in the order of the text, however deep."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield value
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)


def _named(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    named = node.get("cte_map")
    return list(named["map"]) if isinstance(named, dict) else []


def _place(node: Mapping[str, Any], statement: str) -> int:
    """In characters; DuckDB counts bytes, and has no place for some nodes."""
    place = node.get("query_location")
    encoded = statement.encode()
    return len(encoded[:place].decode("utf-8", "ignore")) if isinstance(place, int) and place <= len(encoded) else 0
