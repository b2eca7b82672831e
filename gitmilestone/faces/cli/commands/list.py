"""`git milestone list`"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitmilestone.faces.cli.commands.notes import note, note_more
from gitmilestone.faces.cli.commands.sources import files_of, hint_if_empty, report_problems, today
from gitmilestone.faces.cli.formats import STREAMED, format_rows
from gitmilestone.faces.context import Context, Values
from gitmilestone.operations.asking.query import Answer, Page, answer, iter_pages
from gitmilestone.query.parse import parse
from gitmilestone.query.query import BLOCKED, BLOCKED_BY_HAND, Condition, Group, Query, fields_in, replace_term
from gitmilestone.store.files import Files

_MOST = 2**62  # what a database counts to
_FIELDS = ("status", "project", "owner", "label")


def run(context: Context, values: Values) -> int:
    form = "json" if values["json"] else values["format"] or "table"
    query = read_query(values, "status:open")
    files = files_of(context, values)
    if values["all_repositories"]:
        from gitmilestone.faces.cli.commands.everywhere import write_everywhere

        return write_everywhere(context, files, query, form)
    if values["explain"]:
        from gitmilestone.faces.cli.commands.explain import write_explanation

        return write_explanation(context, values, files, query)
    if form in STREAMED and values["limit"] is None and not values["after"]:
        count = 0
        for page in write_pages(context, files, query, form):
            unserved = page.unserved
            count += len(page.rows)
        if not count and not query.offset:
            _hint_at_blocked(context, files, query)
        return report_problems(context, unserved.problems, unserved.files)
    wider = None if values["after"] else read_query(values, "")
    answered = answer(context.store, files, query, wider, context, after=values["after"])
    context.write(format_rows(answered.rows, form, context.style, today()), is_data=form == "csv")
    if not answered.rows and not query.offset:
        _hint_at_blocked(context, files, query)
    if form == "table":
        _say_what_is_hidden(context, answered, query)
        if not answered.served and not answered.unreadable:
            hint_if_empty(context, files)
    return report_problems(context, answered.problems, answered.unreadable)


def write_pages(context: Context, files: Files, query: Query, form: str, keys: Sequence[str] = ()) -> Iterator[Page]:
    """Writes all that a query finds, a page at a time, and yields what was written."""
    for place, page in enumerate(iter_pages(context.store, files, query, context)):
        text = format_rows(page.rows, form, context.style, today(), has_head=place == 0, keys=keys)
        context.write(text, is_data=form == "csv")
        yield page


def read_query(values: Values, default: str) -> Query:
    """The query of the words and options together.

    Args:
        default: A further condition where nothing asks about the status.
    """
    query = parse(" ".join(values["query"]), today=today())
    conditions: list[Condition] = [query.where]
    conditions += [_parse_term(field, *given) for field in _FIELDS if (given := values.get(field))]
    if values.get("due_before"):
        conditions.append(parse(f"due:<{_quote(values['due_before'])}", today=today()).where)
    where: Condition = Group("and", tuple(conditions)) if len(conditions) > 1 else query.where
    if default and not values.get("all") and "status" not in fields_in(where):
        where = Group("and", (where, parse(default, today=today()).where))
    order = parse(f"sort:{values['sort']}", today=today()).order if values.get("sort") else query.order
    limit = values.get("limit")
    return Query(where, order, min(limit, _MOST) if limit is not None else None, min(values.get("offset") or 0, _MOST))


def _parse_term(field: str, *given: str) -> Condition:
    """Several values of one option are alternatives."""
    # A status is one of a few words, some of which (`open`) only count unquoted.
    words = ",".join(given if field == "status" else map(_quote, given))
    return parse(f"{field}:{words}", today=today()).where


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _hint_at_blocked(context: Context, files: Files, query: Query) -> None:
    """Who asks for the status `blocked` may mean what waits for others, whose status is another."""
    where = replace_term(query.where, BLOCKED_BY_HAND, BLOCKED)
    if where == query.where:
        return
    found = answer(context.store, files, query._replace(where=where, after=None), watch=context).total
    if found:
        noun = "milestone waits for others" if found == 1 else "milestones wait for others"
        context.warn(f"hint: {found} {noun}: `is:blocked` finds what is held up, by hand or by another")


def _say_what_is_hidden(context: Context, answered: Answer, query: Query) -> None:
    """What a person would otherwise take for all there is."""
    hidden = answered.total - len(answered.rows) - query.offset
    closed = answered.wider_total - answered.total
    if query.limit is not None and hidden > 0 and answered.rows:
        note_more(context, hidden, query.limit, answered.rows[-1].milestone.id)
    elif not answered.total and closed:
        note(context, f"nothing that is open; {closed} closed (--all shows {'it' if closed == 1 else 'them'})")
    elif not answered.total and answered.served:
        note(context, f"none of {answered.served} matches" if answered.served > 1 else "the only one does not match")
