"""The floor of a rebuild: git's blobs through PyYAML's C loader into the same tables, on one core."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from sqlite3 import Connection, connect
from typing import Any

from benchmarks.measure import hermetic
from gitmilestone.derived.schema import COLUMNS, index_statements, insert_statements
from gitmilestone.derived.sqlite import Index

_BATCH = 1000
_OPEN = ("planned", "in_progress", "blocked")
_RANKS = {"low": 0, "medium": 1, "high": 2, "critical": 3}


def load_on_one_core(directory: str, oids: Sequence[str]) -> None:
    """git too runs on it, where cores can be chosen."""
    cores = os.sched_getaffinity(0) if sys.platform == "linux" else set()
    if cores:
        os.sched_setaffinity(0, {min(cores)})
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(connect(os.path.join(folder, "naive.sqlite"), isolation_level=None)) as connection,
        ):
            _fill(connection, directory, oids)
    finally:
        if cores:
            os.sched_setaffinity(0, cores)


def _fill(connection: Connection, directory: str, oids: Sequence[str]) -> None:
    import yaml

    Index(connection).create()
    inserts = insert_statements()
    blobs = enumerate(zip(oids, _iter_blobs(directory, oids), strict=True), 1)
    connection.execute("BEGIN")
    while batch := list(islice(blobs, _BATCH)):
        rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in COLUMNS}
        searched = []
        for number, (oid, content) in batch:
            data = yaml.load(content, yaml.CSafeLoader)
            searched.append(_add(rows, number, oid, data, len(content)))
        for table, records in rows.items():
            connection.executemany(inserts[table], records)
        connection.executemany(
            "INSERT INTO search (rowid, title, tasks, description, others) VALUES (?, ?, ?, ?, ?)", searched
        )
    for statement in index_statements():
        connection.execute(statement)
    connection.execute("COMMIT")


def _add(
    rows: dict[str, list[tuple[Any, ...]]], number: int, oid: str, data: dict[str, Any], size: int
) -> tuple[Any, ...]:
    """Appends a document's rows; returns its texts."""
    milestone_id, title = f"m-{number}", str(data["title"])
    labels, tasks = data.get("labels") or [], data.get("tasks") or {}
    weight = sum(task.get("weight") or 1 for task in tasks.values())
    done = sum(task.get("weight") or 1 for task in tasks.values() if task.get("status") == "completed")
    known: dict[str, Any] = {
        **{name: None if data.get(name) is None else str(data[name]) for name in COLUMNS["milestone"]},
        "number": number,
        "path": f"active/{milestone_id}.yaml",
        "oid": bytes.fromhex(oid),
        "id": milestone_id,
        "schema": 1,
        "labels": "\n".join(labels),
        "progress": done / weight if weight else 0.0,
        "is_open": int(data["status"] in _OPEN),
        "priority_rank": _RANKS.get(data.get("priority") or ""),
        "title_key": title.lower(),
        "project_key": str(data.get("project") or "").lower(),
        "owner_key": str(data.get("owner") or "").lower(),
        "bytes": size,
    }
    rows["milestone"].append(tuple(known[name] for name in COLUMNS["milestone"]))
    rows["label"] += [(milestone_id, label, label.lower()) for label in labels]
    rows["dependency"] += [(milestone_id, str(target), "blocks") for target in data.get("depends_on") or []]
    rows["task"] += [
        (milestone_id, place, name, task["title"], task.get("status"), task.get("weight"), None, None)
        for place, (name, task) in enumerate(tasks.items())
    ]
    titles = " · ".join(task["title"].lower() for task in tasks.values())
    others = " · ".join(filter(None, (milestone_id, known["project_key"], known["owner_key"], *labels)))
    return number, title.lower(), titles, str(data.get("description") or "").lower(), others


def _iter_blobs(directory: str, oids: Sequence[str]) -> Iterator[bytes]:
    names = "".join(f"{oid}\n" for oid in oids).encode()
    git = ["git", "cat-file", "--batch", "--buffer"]
    answered = subprocess.run(git, cwd=directory, env=hermetic(), input=names, capture_output=True, check=True).stdout
    start = 0
    while start < len(answered):
        header_end = answered.index(b"\n", start)
        size = int(answered[start:header_end].split()[2])
        yield answered[header_end + 1 : header_end + 1 + size]
        start = header_end + size + 2
