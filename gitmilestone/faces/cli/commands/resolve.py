"""`git milestone resolve [ID...]`"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from gitmilestone.errors import InvalidRequest, InvalidValue, MilestoneError
from gitmilestone.faces.cli.commands.outcomes import describe_commit, perform, report_rehearsal, warn_of
from gitmilestone.faces.cli.commands.sources import FINDINGS
from gitmilestone.faces.cli.printing.conflicts import format_conflict, format_head, format_value, to_json_rows
from gitmilestone.faces.context import Context, Values
from gitmilestone.model.kinds import BLOCK
from gitmilestone.model.merging.lines import iter_chunks, split_lines
from gitmilestone.model.merging.merge import Conflict, Decision
from gitmilestone.model.merging.merge_text import FILE
from gitmilestone.operations.merging.disputed import Disputed, Left, choose, find_disputed
from gitmilestone.operations.merging.put_right import put_right
from gitmilestone.operations.merging.resolve import has_base, parse_decision, resolve, takes_value
from gitmilestone.store.joining.joined import Joined, name_sides
from gitmilestone.store.refs import find_unfinished

_OF_A_COMMIT = ("message", "no_commit", "no_verify", "detached")
_LETTERS = {"o": "ours", "t": "theirs", "b": "base"}


def run(context: Context, values: Values) -> int:
    if values["merge"]:
        if values["field"] or values["id"]:
            raise InvalidRequest("--merge is about all that strayed", "leave --field and ids out")
        return _mend(context, values)
    if any(values[name] for name in _OF_A_COMMIT):
        raise InvalidRequest(
            "what is resolved is staged, and you commit it",
            "leave out --message, --no-commit, --no-verify and --detached",
        )
    left = find_disputed(context.store)
    chosen = choose(left.disputed, values["id"])
    if values["json"]:
        from gitmilestone.faces.envelope import dump_envelope

        rows = [row for one in chosen for row in to_json_rows(one)]
        context.write(dump_envelope("conflicts", rows, context.style))
        return FINDINGS if chosen else 0
    is_told, rehearses = values["ours"] or values["theirs"] or values["field"], values["dry_run"]
    if values["list"]:
        return _list(context, chosen, left)
    if not is_told and not context.stdin.isatty():
        return _resolve_unasked(context, chosen, left, rehearses)
    if is_told:
        _resolve_as_told(context, chosen, values)
    else:
        _resolve_by_asking(context, chosen, left.joined, rehearses)
    if rehearses:
        context.warn("nothing was written")
        return 0
    return _report_left(context, [one.id for one in chosen] if values["id"] else None)


def _mend(context: Context, values: Values) -> int:
    written = perform(context, values, put_right(context.store, values["merge"]))
    if values["dry_run"]:
        return report_rehearsal(context, written.outcome)
    warn_of(context, written.outcome)
    for milestone in written.outcome.milestones:
        context.write(f"put {milestone.id} right{describe_commit(written.commit)}")
    if not written.outcome.milestones:
        context.warn("nothing strayed in that merge, or all of it is right again")
    return 0


def _list(context: Context, chosen: Sequence[Disputed], left: Left) -> int:
    for one in chosen:
        context.write(format_head(one, context.style))
        for conflict in one.conflicts:
            context.write(format_conflict(one, conflict, context.style))
        if one.obstacle is not None:
            context.write(f"  {one.obstacle.message}\n  hint: {one.obstacle.hint}\n")
        elif not one.conflicts:
            context.write("  nothing is left in it: `git milestone resolve` stages it\n")
    if not chosen:
        context.warn("no milestone is in conflict")
    _hint_sides(context, left.joined if chosen else None)
    _hint_others(context, left.others)
    return FINDINGS if chosen else 0


def _resolve_unasked(context: Context, chosen: Sequence[Disputed], left: Left, rehearses: bool) -> int:
    """Where nobody can be asked: what needs no answer is staged, and the rest listed, with how to answer."""
    clear = [one for one in chosen if not one.conflicts and one.obstacle is None]
    for one in clear:
        _resolve_one(context, one, {}, rehearses)
    if rehearses:
        chosen = [one for one in chosen if one not in clear]
    elif clear:
        left = find_disputed(context.store)
        known = {one.id for one in chosen}
        chosen = [one for one in left.disputed if one.id in known]
        if not chosen:
            return _report_left(context, known)
    status = _list(context, chosen, left)
    if any(one.conflicts for one in chosen):
        context.warn("hint: nobody can be asked here: say --ours, --theirs, or --field FIELD=VALUE for each of them")
    return status


def _resolve_as_told(context: Context, chosen: Sequence[Disputed], values: Values) -> None:
    """Raises InvalidRequest, before anything is written, where a field is not in conflict or a value is none of it."""
    known = {conflict.field for one in chosen for conflict in one.conflicts}
    told = dict(_split_pair(pair, known) for pair in values["field"])
    otherwise = "ours" if values["ours"] else "theirs" if values["theirs"] else None
    decided: list[dict[str, Decision]] = []
    for one in chosen:
        texts = [(conflict, told.get(conflict.field, otherwise)) for conflict in one.conflicts]
        decided.append({conflict.field: parse_decision(conflict, text) for conflict, text in texts if text is not None})
    for one, decisions in zip(chosen, decided, strict=True):
        _resolve_one(context, one, decisions, values["dry_run"])


def _split_pair(pair: str, known: Collection[str]) -> tuple[str, str]:
    """A key of the user's own may have a `=` in it."""
    names = [name for name in known if pair.startswith(f"{name}=")]
    if names:
        name = max(names, key=len)
        return name, pair[len(name) + 1 :]
    field, equals, _ = pair.partition("=")
    if not equals or not field:
        raise InvalidRequest(f"--field takes FIELD=VALUE, not {pair!r}", "like --field due=theirs")
    hint = f"in conflict: {', '.join(sorted(known))}" if known else "nothing is in conflict"
    raise InvalidRequest(f"{field!r} is not in conflict", hint)


def _resolve_by_asking(context: Context, chosen: Sequence[Disputed], joined: Joined | None, rehearses: bool) -> None:
    import click

    _hint_sides(context, joined if chosen else None)
    for place, one in enumerate(chosen, 1):
        context.write(format_head(one, context.style, f"  ({place} of {len(chosen)})"))
        decisions: dict[str, Decision] = {}
        try:
            for conflict in one.conflicts:
                context.write(format_conflict(one, conflict, context.style))
                decision = _ask(context, conflict)
                if decision is not None:
                    decisions[conflict.field] = decision
        except (click.Abort, KeyboardInterrupt):
            # What has been decided until then counts. Ctrl-C has ended the git that we read through as well.
            context.store.close()
            _resolve_one(context, one, decisions, rehearses)
            return
        _resolve_one(context, one, decisions, rehearses)


def _ask(context: Context, conflict: Conflict) -> Decision | None:
    """None to leave it as it is; raises click.Abort to stop."""
    import click

    offered = _offer(conflict)
    question = ", ".join(f"[{letter}] {what}" for letter, what in offered.items())
    while True:
        try:
            answer = click.prompt(f"{question}\nTake", type=click.Choice([*offered]), show_choices=False, err=True)
        except click.Abort:
            context.warn("")  # the cursor is behind the ^C
            raise
        if answer == "s":
            return None
        if answer == "q":
            raise click.Abort
        try:
            text = _LETTERS.get(answer) or _ask_value(context, conflict)
            if text is not None:
                return parse_decision(conflict, text)
        except InvalidValue as fault:
            context.warn(f"error: {fault.message}")


def _offer(conflict: Conflict) -> dict[str, str]:
    """What can be answered, and what it does."""
    sides: dict[str, str] = dict(_LETTERS)
    if not has_base(conflict) or conflict.field == FILE:
        del sides["b"]
    if conflict.field == FILE and None in conflict[1:]:
        sides = {letter: "delete" if getattr(conflict, side) is None else "keep" for letter, side in sides.items()}
    edit = {"e": "another value"} if takes_value(conflict) else {}
    return {**sides, **edit, "s": "skip", "q": "quit"}


def _ask_value(context: Context, conflict: Conflict) -> str | None:
    """A value that somebody types, in git's editor where it may have many lines; None where they leave it."""
    import click

    field = conflict.place.field
    sides = [side for side in conflict[1:] if side is not None]
    is_long = (field and field.kind is BLOCK) or any(isinstance(side, str) and "\n" in side for side in sides)
    if not is_long:
        start = conflict.theirs if conflict.ours is None else conflict.ours
        value = format_value(conflict, start)
        # What a branch says is shown inert, and taken as it is.
        question = f"{context.style.clean(conflict.field)} [{context.style.clean(value)}]"
        return str(click.prompt(question, default=value, show_default=False, err=True))
    text = _join_text(conflict)
    editor = context.store.git.check("var", "GIT_EDITOR").decode("utf-8", "surrogateescape").strip()
    try:
        edited = click.edit(text, editor, {**context.environ}, extension=".txt")
    except click.ClickException as fault:
        context.warn(f"error: {fault.message}")
        return None
    if edited is None:
        context.warn("hint: nothing was changed in the editor")
    elif text and not text.endswith("\n"):
        return edited.removesuffix("\n")
    return edited


def _join_text(conflict: Conflict) -> str:
    """What both sides wrote, and ours of lines that are disputed."""
    if None in conflict[1:]:
        return conflict.ours or conflict.theirs or ""
    base, ours, theirs = map(split_lines, conflict[1:])
    return "".join(line for chunk in iter_chunks(base, ours, theirs) for line in chunk.settle(1))


def _resolve_one(context: Context, one: Disputed, decisions: Mapping[str, Decision], rehearses: bool) -> None:
    """One that can't be resolved keeps none of the others from it."""
    try:
        left = resolve(context.store, one, decisions, rehearses=rehearses)
    except MilestoneError as fault:
        context.warn(f"error: {one.id}: {fault.message}")
        context.warn(f"hint: {fault.hint}")
        return
    if not left:
        context.write(f"{'would resolve' if rehearses else 'resolved'} {one.id}")
    elif len(left) < len(one.conflicts):
        stays = "would be left in conflict" if rehearses else "left in conflict"
        context.write(f"{one.id}: {stays}: {', '.join(conflict.field for conflict in left)}")


def _report_left(context: Context, ids: Collection[str] | None) -> int:
    """Args:
    ids: Those that the exit status is about; None is all of them.
    """
    left = find_disputed(context.store)
    still = [one.id for one in left.disputed]
    if still:
        context.warn(f"still in conflict: {', '.join(still)}")
    _hint_others(context, left.others)
    unfinished = find_unfinished(context.store.repository, context.store.objects)
    if unfinished is not None and not still and not left.others:
        # Of its hint, how to go on, and not how to give up.
        context.warn(f"hint: nothing is left in conflict; {unfinished.hint.partition(' or ')[0]}")
    return FINDINGS if any(ids is None or one in ids for one in still) else 0


def _hint_sides(context: Context, joined: Joined | None) -> None:
    if joined is None or not joined.is_sure:
        return
    ours, theirs = name_sides(context.store, joined)
    if joined.is_rebase:
        onto = f"`ours` is the branch that it goes onto, {ours}"
        context.warn(f"hint: in a rebase, {onto}, and `theirs` the commit that is moved, {theirs}")
    else:
        context.warn(f"hint: `ours` is {ours}, and `theirs` is {theirs}")


def _hint_others(context: Context, others: Sequence[str]) -> None:
    if others:
        which = f"{others[0]} and {len(others) - 1} more are" if len(others) > 1 else f"{others[0]} is"
        context.warn(f"hint: {which} in conflict too; `git status` tells more")
