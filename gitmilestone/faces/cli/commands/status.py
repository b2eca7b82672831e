"""`git milestone status`"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from gitmilestone.faces.cli.commands.sources import hint_if_empty, today
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import count_nouns
from gitmilestone.model.config import TIERS
from gitmilestone.model.scale_settings import LIMITED_TIERS
from gitmilestone.model.settings_table import METRICS, SCORE
from gitmilestone.operations.scaling.index import IndexStatus
from gitmilestone.operations.scaling.status import ProjectStatus, Unarchived, get_status
from gitmilestone.scale.decision import Switch, find_retry_score
from gitmilestone.scale.score import Reason
from gitmilestone.tiers.table import load_tier

_LABELS = {
    "milestone_count": "milestones",
    "data_volume_mb": "data volume, MB",
    "dependency_depth": "dependency depth",
    "concurrent_users": "users at once",
    "coordination_complexity": "coordination",
    "query_frequency": "queries a minute",
    "query_complexity": "query complexity",
    "average_query_ms": "average query, ms",
    "write_operations_per_second": "writes a second",
}
_WORTH_ARCHIVING = 100
"""Closed ones in `active/` of which it is said where nothing ready says how long they have been closed."""
_WIDTHS = (9, 8, 9, *(len(tier) + 2 for tier in LIMITED_TIERS))


def run(context: Context, values: Values) -> int:
    status = get_status(context.store, today(), context)
    if values["json"]:
        _write_json(context, status)
        return 0
    branch = (status.branch or "detached HEAD").removeprefix("refs/heads/")
    context.write(f"On {branch}, {status.commit[:10] if status.commit else 'no commit yet'}")
    if not status.is_initialised:
        hint_if_empty(context, context.store.files_at())
        return 0
    lines = [*_describe_size(status), *_describe_scale(status)]
    if described := load_tier(status.tier).describe(context.store):
        lines.insert(2, described)
    if values["verbose"]:
        lines += ["", *_format_metrics(status), "", *_describe_derived(status), *_describe_switches(status)]
    context.write("\n".join(lines))
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


def _describe_size(status: ProjectStatus) -> Iterator[str]:
    counts = status.statistics
    yield f"Tier: {status.tier}, layout: {status.layout}"
    yield f"Index: {describe_index(status.local_index, status.tree)}"
    by_status = ", ".join(f"{count} {name}" for name, count in counts.by_status.items()) or "none yet"
    yield f"Milestones: {counts.total} in {format_bytes(status.data_volume)}: {by_status}"
    yield f"Open: {counts.open}, of which {counts.ready} ready, {counts.blocked} blocked, {counts.overdue} overdue"
    yield f"Tasks: {counts.tasks_done} of {counts.tasks} done; dependencies: {counts.dependencies}"
    yield from _suggest_archiving(status.unarchived)
    if status.unreadable:
        files = "1 file" if status.unreadable == 1 else f"{status.unreadable} files"
        yield f"Unreadable: {files}; `git milestone check` says why"


def _suggest_archiving(unarchived: Unarchived) -> Iterator[str]:
    if unarchived.due:
        yield f"Archive: {count_nouns(unarchived.due, 'milestone')} closed for long; `git milestone archive` moves them"
    elif unarchived.due is None and unarchived.closed >= _WORTH_ARCHIVING:
        yield f"Archive: {unarchived.closed} or more closed; `git milestone archive` moves the old ones"


def _describe_scale(status: ProjectStatus) -> Iterator[str]:
    """The score, and whatever is to be said of switches."""
    decision = status.decision
    total = decision.score.total
    limits = ((tier, status.settings.limits[tier].get(SCORE)) for tier in TIERS[1:])
    beyond = next((f"; {tier} from {_number(limit)}" for tier, limit in limits if limit and limit > total), "")
    yield f"Score: {_number(total)}{beyond}"
    if decision.wanted != decision.current:
        yield f"Wanted: {decision.wanted}"
        yield from (f"  {_describe_reason(reason)}" for reason in decision.reasons)
    for obstacle in decision.blocked_by:
        yield f"Not to be had: {obstacle.tier}, as {obstacle.reason}"
    if decision.held_by:
        retry_score = find_retry_score(decision.held_by, status.settings)
        yield f"Taken back: {_describe_switch(decision.held_by)}"
        yield "  not again unless asked for" + (f", or at a score of {_number(retry_score)}" if retry_score else "")
    if decision.target != decision.current:
        yield f"Pending: {decision.current} -> {decision.target}, {_describe_delay(status)}"
    elif status.switches and not decision.held_by:
        yield f"Last switch: {_describe_switch(status.switches[0])}"
    prediction = status.prediction
    if prediction:
        pace = f"at {_number(prediction.growth)} milestones a week"
        yield f"Next: {prediction.after} in about {_describe_weeks(prediction.weeks)}, {pace}"


def _describe_reason(reason: Reason) -> str:
    sign = ">=" if reason.is_reached else "<"
    return f"{_LABELS.get(reason.name, reason.name)} {_number(reason.value)} {sign} {_number(reason.limit)}"


def _describe_delay(status: ProjectStatus) -> str:
    decision = status.decision
    if not status.is_noted:
        return f"{_number(status.settings.migration_delay / 60)} minutes after the next write or merge"
    if decision.tier == decision.target:
        return "due with the next write or merge"
    return f"since {_moment(decision.since)}, due {_moment(decision.until)}"


def _describe_switch(switch: Switch) -> str:
    text = f"{switch.before} -> {switch.after} on {_moment(switch.time)[:10]}, commit {switch.oid[:10]}"
    return f"{text}, reverted by {switch.reverted_by[:10]}" if switch.reverted_by else text


def _describe_weeks(weeks: float) -> str:
    whole = round(weeks)
    return "a week" if whole <= 1 else f"{whole} weeks" if whole < 52 else f"{weeks / 52:.1f} years"


def _format_metrics(status: ProjectStatus) -> Iterator[str]:
    """A table of 78 columns: every metric, its term of the sum, and the limits of each tier."""
    limits = [status.settings.limits[tier] for tier in LIMITED_TIERS]
    points = {term.metric: term for term in status.decision.score.terms}
    yield _row("METRIC", "VALUE", "WEIGHT", "POINTS", *map(str.upper, LIMITED_TIERS))
    for name in METRICS:
        term = points.get(name)
        added = (_number(term.weight), _number(term.points)) if term else ("", "")
        value = _number(getattr(status.metrics, name))
        yield _row(_LABELS[name], value, *added, *(_number(tier.get(name)) for tier in limits))
    total = _number(status.decision.score.total)
    yield _row(SCORE, "", "", total, *(_number(tier.get(SCORE)) for tier in limits))


def _row(first: str, *cells: str) -> str:
    aligned = (cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=True))
    return f"{first:<18}{''.join(aligned)}".rstrip()


def _describe_derived(status: ProjectStatus) -> Iterator[str]:
    history, analytics = status.history, status.analytics
    if history.commit is None:
        yield "History: none, the next command that asks for it reads the commits"
    else:
        what = "up to date" if history.is_fresh else f"of {history.commit[:10]} until the next command that asks for it"
        yield f"History: {what}"
    size = f"{format_bytes(analytics.bytes)}, brought to HEAD by `sql` and `stats`" if analytics.bytes else "none"
    yield f"Analytics: {size}"


def _describe_switches(status: ProjectStatus) -> Iterator[str]:
    for switch in status.switches:
        score = "" if switch.score is None else f", score {_number(switch.score)}"
        yield f"Switch: {_describe_switch(switch)}{score}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 1000 or value == int(value) else f"{value:.2f}".rstrip("0").rstrip(".")


def _moment(seconds: int | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


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
    from gitmilestone.faces.envelope import SCHEMA_VERSION, dump

    counts = status.statistics._asdict()
    value = {
        "schema_version": SCHEMA_VERSION,
        "tier": status.tier,
        "layout": status.layout,
        "is_initialised": status.is_initialised,
        "branch": status.branch,
        "commit": status.commit,
        "tree": status.tree,
        "metrics": status.metrics._asdict(),
        "score": status.decision.score.total,
        "terms": [{**term._asdict(), "points": term.points} for term in status.decision.score.terms],
        "limits": {tier: dict(limits) for tier, limits in status.settings.limits.items()},
        "decision": _decision_to_json(status),
        "prediction": status.prediction and status.prediction._asdict(),
        "switches": [_switch_to_json(switch) for switch in status.switches],
        "unreadable": status.unreadable,
        "unarchived": status.unarchived._asdict(),
        "derived": {
            "index": index_to_json(status.local_index, status.tree),
            "history": status.history._asdict(),
            "analytics": {"is_there": status.analytics.bytes > 0, **status.analytics._asdict()},
        },
        "statistics": {name: dict(item) if name.startswith("by_") else item for name, item in counts.items()},
    }
    context.write(dump(value, context.style))


def _decision_to_json(status: ProjectStatus) -> dict[str, object]:
    decision = status.decision
    return {
        "current": decision.current,
        "wanted": decision.wanted,
        "target": decision.target,
        "is_due": decision.is_due,
        "reasons": [{**reason._asdict(), "is_reached": reason.is_reached} for reason in decision.reasons],
        "blocked_by": [obstacle._asdict() for obstacle in decision.blocked_by],
        "held_by": decision.held_by and _switch_to_json(decision.held_by),
        "since": _to_iso(decision.since) if status.is_noted else None,
        "until": _to_iso(decision.until) if status.is_noted else None,
    }


def _switch_to_json(switch: Switch) -> dict[str, object]:
    return {**switch._asdict(), "time": _to_iso(switch.time), "reverted_by": switch.reverted_by or None}


def _to_iso(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def format_bytes(count: int) -> str:
    return f"{count} B" if count < 1000 else f"{count / 1000:.1f} kB" if count < 1_000_000 else f"{count / 1e6:.1f} MB"
