"""`git milestone resolve [ID...]`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gitmilestone.errors import InvalidRequest, InvalidValue, MilestoneError
from gitmilestone.faces.cli.commands.sources import FINDINGS
from gitmilestone.faces.cli.context import Context
from gitmilestone.faces.cli.spec import Values
from gitmilestone.faces.cli.terminal import Style
from gitmilestone.model.encode import format_flow, format_task
from gitmilestone.model.fields import FIELDS, TASK_FIELDS
from gitmilestone.model.kinds import BLOCK
from gitmilestone.model.merge import SIDES, Conflict, Decision
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.operations.resolve import (
    FILE,
    Disputed,
    Left,
    choose,
    find_disputed,
    has_base,
    parse_decision,
    resolve,
    takes_value,
)
from gitmilestone.store.refs import find_unfinished

_TASK_KINDS = {field.name: field.kind for field in TASK_FIELDS}
_LETTERS = {"o": "ours", "t": "theirs", "b": "base"}


def run(context: Context, values: Values) -> int:
    left = find_disputed(context.store)
    chosen = choose(left.disputed, values["id"])
    if values["json"]:
        from gitmilestone.faces.cli.json_values import dump_envelope

        rows = [row for one in chosen for row in _to_json(one)]
        context.write(dump_envelope("conflicts", rows, context.style))
        return FINDINGS if chosen else 0
    is_told = values["ours"] or values["theirs"] or values["field"]
    if values["list"] or (not is_told and not context.stdin.isatty()):
        return _list(context, chosen, left)
    if is_told:
        _resolve_as_told(context, chosen, values)
    else:
        _resolve_by_asking(context, chosen)
    return _report_left(context)


def _list(context: Context, chosen: Sequence[Disputed], left: Left) -> int:
    for one in chosen:
        context.write(_format_head(one, context.style))
        for conflict in one.conflicts:
            context.write(_format_conflict(conflict, context.style))
        if one.obstacle is not None:
            context.write(f"  {one.obstacle.message}\n  hint: {one.obstacle.hint}\n")
        elif not one.conflicts:
            context.write("  nothing is left in it: `git milestone resolve` stages it\n")
    if not chosen:
        context.warn("no milestone is in conflict")
    _hint_others(context, left.others)
    return FINDINGS if chosen else 0


def _resolve_as_told(context: Context, chosen: Sequence[Disputed], values: Values) -> None:
    """Raises InvalidRequest, before anything is written, where a field is not in conflict or a value is none of it."""
    told = dict(_split_pair(pair) for pair in values["field"])
    known = {conflict.field for one in chosen for conflict in one.conflicts}
    for field in told:
        if field not in known:
            hint = f"in conflict: {', '.join(sorted(known))}" if known else "nothing is in conflict"
            raise InvalidRequest(f"{field!r} is not in conflict", hint)
    decided = {field: parse_decision(field, text) for field, text in told.items()}
    otherwise = "ours" if values["ours"] else "theirs" if values["theirs"] else None
    for one in chosen:
        decisions: dict[str, Decision] = {}
        for conflict in one.conflicts:
            if conflict.field in decided:
                decisions[conflict.field] = decided[conflict.field]
            elif otherwise:
                decisions[conflict.field] = parse_decision(conflict.field, otherwise)
        _resolve_one(context, one, decisions)


def _split_pair(pair: str) -> tuple[str, str]:
    field, equals, text = pair.partition("=")
    if not equals or not field:
        raise InvalidRequest(f"--field takes FIELD=VALUE, not {pair!r}", "like --field due=theirs")
    return field, text


def _resolve_by_asking(context: Context, chosen: Sequence[Disputed]) -> None:
    import click

    unfinished = find_unfinished(context.store.repository, context.store.objects)
    if unfinished is not None and "rebase" in unfinished.message:
        context.warn("hint: in a rebase, `ours` is the branch that it goes onto, and `theirs` the commit that is moved")
    for place, one in enumerate(chosen, 1):
        context.write(_format_head(one, context.style, f"  ({place} of {len(chosen)})"))
        decisions: dict[str, Decision] = {}
        try:
            for conflict in one.conflicts:
                context.write(_format_conflict(conflict, context.style))
                decision = _ask(context, conflict)
                if decision is not None:
                    decisions[conflict.field] = decision
        except click.Abort:
            # What has been decided until then counts.
            _resolve_one(context, one, decisions)
            return
        _resolve_one(context, one, decisions)


def _ask(context: Context, conflict: Conflict) -> Decision | None:
    """None to leave it as it is; raises click.Abort to stop."""
    import click

    offered = _offer(conflict)
    question = ", ".join(f"[{letter}] {what}" for letter, what in offered.items())
    while True:
        answer = click.prompt(f"{question}\nTake", type=click.Choice([*offered]), show_choices=False, err=True)
        if answer == "s":
            return None
        if answer == "q":
            raise click.Abort
        text = _LETTERS.get(answer) or _edit(context, conflict)
        try:
            if text is not None:
                return parse_decision(conflict.field, text)
        except InvalidValue as fault:
            context.warn(f"error: {fault.message}")


def _offer(conflict: Conflict) -> dict[str, str]:
    """What can be answered, and what it does."""
    sides: dict[str, str] = dict(_LETTERS)
    if conflict.field == FILE:
        del sides["b"]
        sides = {letter: "delete" if getattr(conflict, side) is None else "keep" for letter, side in sides.items()}
    elif not has_base(conflict):
        del sides["b"]
    edit = {"e": "another value"} if takes_value(conflict.field) else {}
    return {**sides, **edit, "s": "skip", "q": "quit"}


def _edit(context: Context, conflict: Conflict) -> str | None:
    """A value that somebody types, in git's editor where it may have many lines; None where they leave it."""
    import click

    ours = _format_value(conflict.field, conflict.ours)
    if conflict.field in FIELDS and FIELDS[conflict.field].kind is not BLOCK:
        return str(click.prompt(conflict.field, default=ours, err=True))
    editor = context.store.git.check("var", "GIT_EDITOR").decode("utf-8", "surrogateescape").strip()
    return click.edit(ours, editor, {**context.environ}, extension=".txt")


def _resolve_one(context: Context, one: Disputed, decisions: Mapping[str, Decision]) -> None:
    """One that can't be resolved keeps none of the others from it."""
    try:
        left = resolve(context.store, one, decisions)
    except MilestoneError as fault:
        context.warn(f"error: {one.id}: {fault.message}")
        context.warn(f"hint: {fault.hint}")
        return
    if not left:
        context.write(f"resolved {one.id}")
    elif len(left) < len(one.conflicts):
        context.write(f"{one.id}: left in conflict: {', '.join(conflict.field for conflict in left)}")


def _report_left(context: Context) -> int:
    left = find_disputed(context.store)
    if left.disputed:
        ids = ", ".join(one.id for one in left.disputed)
        context.warn(f"still in conflict: {ids}")
    _hint_others(context, left.others)
    if left.disputed or left.others:
        return FINDINGS if left.disputed else 0
    unfinished = find_unfinished(context.store.repository, context.store.objects)
    if unfinished is not None:
        # Of its hint, how to go on, and not how to give up.
        context.warn(f"hint: nothing is left in conflict; {unfinished.hint.partition(' or ')[0]}")
    return 0


def _hint_others(context: Context, others: Sequence[str]) -> None:
    if others:
        which = f"{others[0]} and {len(others) - 1} more are" if len(others) > 1 else f"{others[0]} is"
        context.warn(f"hint: {which} in conflict too; `git status` tells more")


def _format_head(one: Disputed, style: Style, more: str = "") -> str:
    return f"{style.paint(one.id, 'yellow')}  {style.cell(one.path)}{more}\n"


def _format_conflict(conflict: Conflict, style: Style) -> str:
    lines = [f"  {style.paint(style.cell(conflict.field), 'bold')}"]
    for side in SIDES:
        value = getattr(conflict, side)
        if conflict.field == FILE:
            shown = "deleted" if value is None else f"{value.title} ({value.status})"
        else:
            shown = "(unset)" if value is None else _format_value(conflict.field, value)
        first, *rest = shown.rstrip("\n").split("\n")
        lines += [f"    {side:<8}{style.clean(first)}", *(f"{'':12}{style.clean(line)}" for line in rest)]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _format_value(field: str, value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, Dependency):
        return value.type
    if isinstance(value, Task):
        return format_task(value, "", "  ")
    if isinstance(value, tuple):
        return ", ".join(value)
    kind = FIELDS[field].kind if field in FIELDS else _TASK_KINDS.get(field.rpartition(".")[2])
    return kind.format(value) if kind and not isinstance(value, list | dict) else format_flow(value)


def _to_json(one: Disputed) -> list[dict[str, Any]]:
    head = {"id": one.id, "path": one.path}
    if one.obstacle is not None:
        return [{**head, "field": None, "base": None, "ours": None, "theirs": None, "problem": one.obstacle.message}]
    rows = [
        {"field": conflict.field, **{side: _json_value(conflict.field, getattr(conflict, side)) for side in SIDES}}
        for conflict in one.conflicts
    ]
    return [{**head, **row, "problem": None} for row in rows or [{"field": None, **dict.fromkeys(SIDES)}]]


def _json_value(field: str, value: Any) -> Any:
    from gitmilestone.faces.cli.json_values import to_json_value

    if isinstance(value, Milestone):
        return to_json_value(value)
    if isinstance(value, Task):
        return to_json_value(Milestone("", "", tasks=(value,)))["tasks"][0]
    return value if value is None or isinstance(value, list | dict) else _format_value(field, value)
