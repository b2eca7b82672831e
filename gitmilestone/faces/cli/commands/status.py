"""`git milestone status`"""

from __future__ import annotations

from gitmilestone.faces.cli.commands.sources import hint_if_empty, today
from gitmilestone.faces.cli.context import Context
from gitmilestone.faces.cli.spec import Values
from gitmilestone.operations.index import IndexStatus
from gitmilestone.operations.status import ProjectStatus, get_status


def run(context: Context, values: Values) -> int:
    status = get_status(context.store, today(), context)
    if values["json"]:
        _write_json(context, status)
        return 0
    counts = status.statistics
    branch = (status.branch or "detached HEAD").removeprefix("refs/heads/")
    context.write(f"On {branch}, {status.commit[:10] if status.commit else 'no commit yet'}")
    if not status.is_initialised:
        hint_if_empty(context, context.store.files_at())
        return 0
    context.write(f"Tier: {status.tier}, layout: {status.layout}")
    context.write(f"Index: {describe_index(status.local_index, status.tree)}")
    by_status = ", ".join(f"{count} {name}" for name, count in counts.by_status.items()) or "none yet"
    context.write(f"Milestones: {counts.total} in {format_bytes(status.data_volume)}: {by_status}")
    context.write(
        f"Open: {counts.open}, of which {counts.ready} ready, {counts.blocked} blocked, {counts.overdue} overdue"
    )
    context.write(f"Tasks: {counts.tasks_done} of {counts.tasks} done; dependencies: {counts.dependencies}")
    if status.unreadable:
        files = "1 file" if status.unreadable == 1 else f"{status.unreadable} files"
        context.write(f"Unreadable: {files}; `git milestone check` says why")
    return 0


def describe_index(index: IndexStatus, tree: str | None) -> str:
    """One line about the index as it was found; `tree` is HEAD's."""
    if not index.is_there:
        return "none, answers come from the files"
    size = format_bytes(index.bytes)
    if index.is_newer:
        return f"{size}, of a newer version: it is left alone, and answers come from the files"
    if index.stamp is None:
        return f"{size}, to be built anew by the next command that reads"
    what = "up to date" if index.stamp == (tree or "") else "behind HEAD until the next command that reads"
    return f"{what}, {index.milestones} milestones in {size}"


def index_to_json(index: IndexStatus, tree: str | None) -> dict[str, object]:
    return {
        "is_there": index.is_there,
        "is_fresh": index.is_there and index.stamp == (tree or ""),
        "path": index.path,
        "tree": index.stamp,
        "schema_version": index.version,
        "milestones": index.milestones,
        "bytes": index.bytes,
        "retired": index.retired,
    }


def _write_json(context: Context, status: ProjectStatus) -> None:
    from gitmilestone.faces.cli.json_values import SCHEMA_VERSION, dump

    counts = status.statistics._asdict()
    value = {
        "schema_version": SCHEMA_VERSION,
        "tier": status.tier,
        "layout": status.layout,
        "is_initialised": status.is_initialised,
        "branch": status.branch,
        "commit": status.commit,
        "tree": status.tree,
        "metrics": {"milestone_count": status.statistics.total, "data_volume_mb": status.data_volume / 1e6},
        "unreadable": status.unreadable,
        "derived": {"index": index_to_json(status.local_index, status.tree)},
        "statistics": {name: dict(item) if name.startswith("by_") else item for name, item in counts.items()},
    }
    context.write(dump(value, context.style))


def format_bytes(count: int) -> str:
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"
