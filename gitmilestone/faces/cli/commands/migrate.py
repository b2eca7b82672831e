"""`git milestone migrate`"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from gitmilestone.errors import InvalidRequest
from gitmilestone.faces.cli.commands.outcomes import describe_commit, write_options
from gitmilestone.faces.columns import Cell, align
from gitmilestone.faces.context import Context, Values
from gitmilestone.model import formats
from gitmilestone.model.config import TIERS
from gitmilestone.model.layout import LAYOUTS, ROOT, path_in
from gitmilestone.model.problem import Problem
from gitmilestone.operations.migrating.migrate import (
    FORMAT,
    Migrated,
    Migration,
    migrate,
    plan_migration,
    rehearse_migration,
)
from gitmilestone.operations.scaling.migration import TRAILER
from gitmilestone.operations.scaling.switch import (
    Step,
    carry_out_now,
    list_tiers,
    plan_pending,
    plan_switch,
    rehearse_switch,
    switch_tier,
)
from gitmilestone.store.asking.trailers import Trailed, find_trailed

_SHOWN = 5
_SHORT = 10


def run(context: Context, values: Values) -> int:
    target = values["to"]
    if target in TIERS or values["now"]:
        return _switch(context, values)
    if values["list"] and target:
        raise InvalidRequest(f"--list takes nothing to migrate to, and {target!r} was given", "leave one of them out")
    if values["dry_run"]:
        return _rehearse(context, values, target or FORMAT)
    if target is None:
        return _show(context, values)
    return _carry_out(context, values, target)


def _switch(context: Context, values: Values) -> int:
    """To another tier: the one that is named, or with --now the one that is pending."""
    store, target = context.store, values["to"]
    if values["list"] and target:
        raise InvalidRequest(f"--list takes nothing to migrate to, and {target!r} was given", "leave one of them out")
    if values["now"] and target:
        raise InvalidRequest(f"--now is for what is pending, and {target!r} was given", "leave one of them out")
    if values["dry_run"]:
        step = plan_switch(store, target, context) if target else plan_pending(store, context)
        rehearse_switch(store, step, write_options(values))
        return _report_step(context, values, step)
    options = write_options(values)
    switch = switch_tier(store, target, options, context) if target else carry_out_now(store, context, options)
    if values["json"]:
        fields = switch._asdict()
        compared = switch.compared
        _write_json(context, switch={**fields, "compared": compared and compared._asdict()})
        return 1 if switch.reverted else 0
    if switch.before == switch.after:
        context.write(f"nothing to migrate: the tier is {switch.before}")
        return 0
    compared_text = f", {_count(switch.compared.records, 'record')} compared" if switch.compared else ""
    context.write(f"migrated tier {switch.before} -> {switch.after}{compared_text}{describe_commit(switch.commit)}")
    if switch.reverted:
        context.warn(f"error: it was taken back at once. {switch.reverted}")
        return 1
    if switch.commit:
        context.warn(f"hint: `git revert {switch.commit[:_SHORT]}` takes it back")
    return 0


def _report_step(context: Context, values: Values, step: Step) -> int:
    if values["json"]:
        _write_json(context, switch=step._asdict())
    elif step.obstacle:
        context.write(f"{step.after} can't be had here: {step.obstacle}")
    elif step.before == step.after:
        context.write(f"nothing to migrate: the tier is {step.before}")
    else:
        where = f" at {step.where}" if step.where else ""
        what = f"build and compare {_count(step.milestones, 'milestone')}{where}, then commit"
        context.write(f"would migrate tier {step.before} -> {step.after}: {what}")
    return 1 if step.obstacle else 0


def _carry_out(context: Context, values: Values, target: str) -> int:
    migrated = migrate(context.store, target, write_options(values), context)
    migration = migrated.migration
    if values["json"]:
        _write_json(context, migration=_to_json(migrated))
        return 0
    _warn_of_unread(context, migration)
    if not migration.is_pending:
        context.write(_nothing_pending(migration, target))
        return 0
    _warn_of_dropped(context, migration)
    context.write(f"migrated {migration.title}, {_describe_work(migration, 'd')}{describe_commit(migrated.commit)}")
    if migrated.commit:
        context.warn(f"hint: `git revert {migrated.commit[:_SHORT]}` takes it back{_describe_way_back(migration)}")
    return 0


def _rehearse(context: Context, values: Values, target: str) -> int:
    migration = rehearse_migration(context.store, target, write_options(values), context)
    if values["json"]:
        _write_json(context, migration=_to_json(Migrated(migration, None)))
    elif not migration.is_pending:
        context.write(_nothing_pending(migration, target))
    else:
        lines = [f"{_shown(old)} -> {_shown(new)}" for old, new in migration.moves]
        lines += [f"{_shown(path)}: in format {migration.schema_after}" for path in migration.rewrites]
        context.write("\n".join(lines[:_SHOWN]))
        if len(lines) > _SHOWN:
            context.write(f"... and {len(lines) - _SHOWN:,} more")
        _warn_of_dropped(context, migration)
        context.warn(f"would migrate {migration.title}: {_describe_work(migration)}")
    if not values["json"]:
        _warn_of_unread(context, migration)
    return _warn_of_obstacles(context, migration)


def _show(context: Context, values: Values) -> int:
    pending = plan_migration(context.store.files_at(), watch=context)
    past = find_trailed(context.store, TRAILER)
    current, tiers = list_tiers(context.store)
    if values["json"]:
        layouts = [{"name": name, "pays_from": shape.pays_from} for name, shape in LAYOUTS.items()]
        migrations = [{**commit._asdict(), "time": _time(commit).isoformat()} for commit in past]
        known = [{"version": known.version, "summary": known.summary} for known in formats.FORMATS]
        facts: dict[str, Any] = {"layout": pending.before, "milestones": pending.total, "layouts": layouts}
        facts |= {"schema": pending.schema_before, "schemas": known}
        facts |= {"tier": current, "tiers": [{"name": name, "score": score} for name, score in tiers.items()]}
        _write_json(context, **facts, migrations=migrations, pending=_to_json(Migrated(pending, None)))
        return 0
    context.write(_format_layouts(context, pending))
    if len(formats.FORMATS) > 1:
        context.write("\n" + _format_schemas(context, pending))
    if values["list"]:
        context.write("\n" + _format_tiers(context, current, tiers))
    if past:
        context.write("\n" + _format_past(context, past))
    if not values["list"]:
        context.write(f"\n{_describe_pending(pending)}")
        step = plan_pending(context.store, context)
        if step.before == step.after:
            context.write(f"the tier is {step.before}, and stays so")
        else:
            what = "`git milestone migrate --now` does it, and else a write once it is due"
            context.write(f"pending: tier {step.before} -> {step.after}; {what}")
        _warn_of_unread(context, pending)
        _warn_of_obstacles(context, pending)
    return 0


def _format_layouts(context: Context, pending: Migration) -> str:
    rows = [
        [
            Cell("*" if name == pending.before else " "),
            Cell(name),
            Cell(f"{shape.pays_from:,} milestones" if shape.pays_from else ""),
            Cell(f"{ROOT}/{path_in('active', 'ship-2fa', name)}"),
        ]
        for name, shape in LAYOUTS.items()
    ]
    return align((" ", "LAYOUT", "PAYS FROM", "FILES LIE AS"), rows, context.style)


def _format_schemas(context: Context, pending: Migration) -> str:
    rows = [
        [
            Cell("*" if known.version == pending.schema_before else " "),
            Cell(f"schema-{known.version}"),
            Cell(f"{pending.counts.get(known.version, 0):,}"),
            Cell(known.summary),
        ]
        for known in formats.FORMATS
    ]
    return align((" ", "FORMAT", "FILES", "WHAT IT BRINGS"), rows, context.style)


def _format_tiers(context: Context, current: str, tiers: Mapping[str, float | None]) -> str:
    rows = [
        [
            Cell("*" if name == current else " "),
            Cell(name),
            Cell("" if score is None else f"a score of {score:g}"),
        ]
        for name, score in tiers.items()
    ]
    return align((" ", "TIER", "WANTED FROM"), rows, context.style)


def _format_past(context: Context, past: list[Trailed]) -> str:
    rows = [
        [
            Cell(f"{_time(commit):%Y-%m-%d}"),
            Cell(commit.oid[:_SHORT], "yellow"),
            Cell(commit.reverted_by[:_SHORT]),
            Cell(commit.author),
            Cell(commit.value),
        ]
        for commit in past
    ]
    return align(("DATE", "COMMIT", "REVERTED BY", "AUTHOR", "MIGRATED"), rows, context.style)


def _describe_pending(pending: Migration) -> str:
    if not pending.is_pending:
        return _nothing_pending(pending)
    moved = _count(len(pending.moves), "file")
    lines = []
    if pending.before != pending.after:
        lines.append(
            f"pending: with {_count(pending.total, 'milestone')}, {pending.after} pays; "
            f"`git milestone migrate {FORMAT}` moves {moved}"
        )
    elif pending.is_layout_pending:
        lines.append(f"pending: {moved} out of place in {pending.after}; `git milestone migrate {FORMAT}` finishes it")
    if pending.is_schema_pending:
        others = len(pending.rewrites) + len(pending.unfit)
        lines.append(
            f"pending: {_count(others, 'file')} not in format {pending.schema_after}, the project's; "
            f"`git milestone migrate {FORMAT}` finishes it"
        )
    return "\n".join(lines)


def _nothing_pending(migration: Migration, target: str = FORMAT) -> str:
    places = [f"in their place in {migration.after}"] if target in (FORMAT, *LAYOUTS) else []
    if migration.counts or not places:
        places.append(f"in format {migration.schema_after}{' where they can be read' if migration.unread else ''}")
    return f"nothing to migrate: {_count(migration.total, 'milestone')}, all {' and '.join(places)}"


def _describe_work(migration: Migration, past: str = "") -> str:
    """Args:
    past: What makes a past of a verb; "" for what is to be done.
    """
    work = []
    if migration.is_layout_pending:
        work.append(_count(len(migration.moves), "file") + (" moved" if past else " to move"))
    if migration.is_schema_pending:
        work.append(_count(len(migration.rewrites), "file") + (" rewritten" if past else " to rewrite"))
    return ", ".join(work)


def _describe_way_back(migration: Migration) -> str:
    if migration.schema_before == migration.schema_after:
        return ""
    return f"; after edits, where git finds a conflict, `git milestone migrate schema-{migration.schema_before}` does"


def _warn_of_dropped(context: Context, migration: Migration) -> None:
    for path, kept in migration.dropped:
        context.warn(f"warning: {_shown(path)} goes: it is the same as {_shown(kept)}")


def _warn_of_unread(context: Context, migration: Migration) -> None:
    _warn_of_problems(context, migration.unread)
    if migration.unread:
        unread = _count(len({problem.path for problem in migration.unread}), "file")
        context.warn(f"warning: {unread} can't be read: left as written")


def _warn_of_obstacles(context: Context, migration: Migration) -> int:
    """Returns the exit status."""
    obstacles = (*migration.duplicates, *migration.unfit)
    _warn_of_problems(context, obstacles)
    return 1 if obstacles else 0


def _warn_of_problems(context: Context, problems: tuple[Problem, ...]) -> None:
    for problem in problems[:_SHOWN]:
        context.warn(str(problem))
    if len(problems) > _SHOWN:
        context.warn(f"and {len(problems) - _SHOWN} more; `git milestone check` shows them all")


def _to_json(migrated: Migrated) -> dict[str, Any]:
    migration = migrated.migration
    return {
        "from": migration.before,
        "to": migration.after,
        "is_pending": migration.is_pending and migrated.commit is None,
        "moves": [{"from": _shown(old), "to": _shown(new)} for old, new in migration.moves],
        "dropped": [_shown(path) for path, _ in migration.dropped],
        "duplicates": [problem.path for problem in migration.duplicates],
        "schema": {
            "from": migration.schema_before,
            "to": migration.schema_after,
            "rewrites": [_shown(path) for path in migration.rewrites],
            "unread": [problem.path for problem in migration.unread],
            "unfit": [problem.path for problem in migration.unfit],
        },
        "commit": migrated.commit,
        "backup": migrated.backup,
    }


def _write_json(context: Context, **facts: Any) -> None:
    from gitmilestone.faces.envelope import SCHEMA_VERSION, dump

    context.write(dump({"schema_version": SCHEMA_VERSION, **facts}, context.style))


def _shown(path: str) -> str:
    """From the top of the project; a folder's name may be no text."""
    return f"{ROOT}/{path}".encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _time(commit: Trailed) -> datetime:
    return datetime.fromtimestamp(commit.time, UTC)


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
