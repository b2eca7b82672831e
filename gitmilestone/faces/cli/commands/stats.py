"""`git milestone stats`"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gitmilestone.derived.analytics.open import Analytics
from gitmilestone.faces.cli.commands.sources import hint_if_empty, report_problems, today
from gitmilestone.faces.cli.confine import DyingAtOnce
from gitmilestone.faces.cli.formats import STATUS_COLOURS
from gitmilestone.faces.context import Context, Values
from gitmilestone.faces.terminal import Style, count_nouns, cut, measure
from gitmilestone.operations.asking.analytics import Unserved, ask
from gitmilestone.operations.asking.stats import (
    WEEKS,
    Figures,
    Flow,
    Group,
    Period,
    Spread,
    gather_figures,
    gather_flow,
)

_BAR = 30
_NAME = 32
_MOST_GROUPS = 10
_MOST_PERIODS = 26


def run(context: Context, values: Values) -> int:
    period, project = values["by"], values["project"]
    unserved = _show_flow(context, values, period, project) if period else _show_figures(context, values, project)
    return report_problems(context, unserved.problems, unserved.unreadable)


def _show_figures(context: Context, values: Values, project: str | None) -> Unserved:
    def gather(analytics: Analytics) -> Figures:
        return gather_figures(analytics, today(), project)

    with DyingAtOnce():
        figures, unserved = ask(context.store, gather, values["at"], context)
    if values["json"]:
        from gitmilestone.faces.envelope import SCHEMA_VERSION, dump

        context.write(dump({"schema_version": SCHEMA_VERSION, "stats": _to_json(figures)}, context.style))
    elif figures.total:
        context.write("\n".join(format_figures(figures, context.style)))
    elif project is not None:
        context.warn(f"no milestone is in the project {project!r}")
    else:
        context.write("no milestones")
        hint_if_empty(context, context.store.files_at(values["at"] or "HEAD"))
    return unserved


def _show_flow(context: Context, values: Values, period: Period, project: str | None) -> Unserved:
    def gather(analytics: Analytics) -> tuple[Flow, ...]:
        return gather_flow(analytics, period, today(), project)

    with DyingAtOnce():
        flows, unserved = ask(context.store, gather, values["at"], context)
    if values["json"]:
        from gitmilestone.faces.envelope import dump_envelope

        items = ({**flow._asdict(), "start": flow.start.isoformat()} for flow in flows)
        context.write(dump_envelope("periods", items, context.style, by=period))
    elif flows:
        context.write("\n".join(format_flow(flows, period, context.style)))
    else:
        context.write("no history yet")
    return unserved


def format_figures(figures: Figures, style: Style) -> Iterable[str]:
    """Lines of at most 80 columns."""
    parts = [
        _format_summary(figures),
        _format_statuses(figures, style),
        _format_spreads(figures, style),
        _format_throughput(figures, style),
        _format_groups("PROJECT", figures.by_project, style),
        _format_groups("OWNER", figures.by_owner, style),
        _format_dependencies(figures),
    ]
    return [line for part in parts if part for line in (*part, "")][:-1]


def _format_summary(figures: Figures) -> list[str]:
    lines = [f"{count_nouns(figures.total, 'milestone')}, {figures.open} open"]
    if figures.open:
        done = f", {figures.mean_progress:.0%} done on average" if figures.mean_progress else ""
        lines.append(f"of the open ones {figures.overdue} overdue, {figures.blocked} blocked{done}")
    return lines


def _format_statuses(figures: Figures, style: Style) -> list[str]:
    most = max(figures.by_status.values())
    return [style.paint("STATUS", "bold")] + [
        f"  {status:<12} {count:>7}  {style.paint(_bar(count, most), STATUS_COLOURS.get(status, ''))}".rstrip()
        for status, count in figures.by_status.items()
    ]


def _format_spreads(figures: Figures, style: Style) -> list[str]:
    if not figures.lead.measured:
        return []
    head = f"{'TIME TO COMPLETE, IN DAYS':<32} {'50%':>8} {'85%':>8} {'95%':>8} {'OF':>7}"
    rows = (("from created", figures.lead), ("from first in progress", figures.cycle))
    return [style.paint(head, "bold")] + [_format_spread(name, spread) for name, spread in rows if spread.measured]


def _format_spread(name: str, spread: Spread) -> str:
    days = " ".join(f"{_days(value):>8}" for value in (spread.p50, spread.p85, spread.p95))
    return f"  {name:<30} {days} {spread.measured:>7}"


def _format_throughput(figures: Figures, style: Style) -> list[str]:
    most = max(week.completed for week in figures.throughput)
    if not most:
        return [f"nothing completed in the last {WEEKS} weeks"] if figures.lead.measured else []
    lines = [style.paint("COMPLETED IN THE WEEK OF", "bold")]
    for week, completed in figures.throughput:
        bar = style.paint(_bar(completed, most), "green")
        lines.append(f"  {week.isoformat():<12} {completed:>7}  {bar}".rstrip())
    return lines


def _format_groups(heading: str, groups: Sequence[Group], style: Style) -> list[str]:
    if not any(group.name for group in groups):
        return []
    head = f"{heading:<{_NAME + 2}} {'OPEN':>6} {'DONE':>6} {'ALL':>6} {'MEAN':>8} {'MEDIAN':>8}"
    lines = [style.paint(head, "bold")]
    for group in groups[:_MOST_GROUPS]:
        name = cut(style.cell(group.name or "-"), _NAME)
        days = f"{_days(group.mean_days):>8} {_days(group.median_days):>8}"
        counts = f"{group.open:>6} {group.completed:>6} {group.total:>6} {days}"
        lines.append(f"  {name}{' ' * (_NAME - measure(name))} {counts}".rstrip())
    hidden = len(groups) - _MOST_GROUPS
    return [*lines, f"  and {hidden} more; --json has them all"] if hidden > 0 else lines


def _format_dependencies(figures: Figures) -> list[str]:
    found = figures.dependencies
    if not found.edges:
        return []
    noun = "dependency" if found.edges == 1 else "dependencies"
    lines = [f"{found.edges} {noun} of {count_nouns(found.milestones, 'milestone')}"]
    return [*lines, f"most of them, {found.most}, on the part of {found.most_id}"] if found.most > 1 else lines


def format_flow(flows: Sequence[Flow], period: Period, style: Style) -> Iterable[str]:
    """Lines of at most 80 columns: the last periods, the latest at the end."""
    shown = flows[-_MOST_PERIODS:]
    most = max(flow.open for flow in shown)
    head = f"{'THE ' + period.upper() + ' OF':<13} {'OPENED':>8} {'COMPLETED':>10} {'OPEN AT END':>12}"
    lines = [style.paint(head, "bold")]
    for flow in shown:
        start = flow.start.isoformat() if period == "week" else f"{flow.start:%Y-%m}"
        line = f"{start:<13} {flow.opened:>8} {flow.completed:>10} {flow.open:>12}"
        lines.append(f"{line}  {style.paint(_bar(flow.open, most), 'yellow')}".rstrip())
    hidden = len(flows) - len(shown)
    return [*lines, f"{count_nouns(hidden, 'earlier ' + period)}; --json has them all"] if hidden else lines


def _to_json(figures: Figures) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if hasattr(value, "_asdict"):
            return {name: plain(item) for name, item in value._asdict().items()}
        if isinstance(value, tuple):
            return [plain(item) for item in value]
        if isinstance(value, float):
            return round(value, 4)
        return value.isoformat() if hasattr(value, "isoformat") else value

    found: dict[str, Any] = plain(figures)
    return found


def _bar(count: int, most: int) -> str:
    return "#" * max(round(_BAR * count / most), 1) if count > 0 else ""


def _days(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
