from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gitmilestone.errors import InvalidQuery
from gitmilestone.query.parse import MAX_DEPTH, MAX_TERMS, parse
from gitmilestone.query.query import (
    BLOCKED,
    CLOSED,
    DEFAULT_ORDER,
    EVERYTHING,
    OPEN,
    READY,
    Condition,
    Group,
    Not,
    Order,
    Query,
    Term,
    Text,
    fields_in,
    overdue,
)
from gitmilestone.query.sql import compile_query

TODAY = date(2026, 11, 22)
A, B, C = (Text((letter,)) for letter in "abc")


def where(text: str) -> Condition:
    return parse(text, today=TODAY).where


def all_of(*parts: Condition) -> Group:
    return Group("and", parts)


def any_of(*parts: Condition) -> Group:
    return Group("or", parts)


def is_unset(field: str) -> Not:
    return Not(Term(field, "set"))


def between(field: str, low: date | float | str, high: date | float | str) -> Group:
    return all_of(Term(field, ">=", low), Term(field, "<=", high))


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("", EVERYTHING),
        (" \t ", EVERYTHING),
        ("a", A),
        ("a b", all_of(A, B)),
        ("a and b AND c", all_of(A, B, C)),
        ("a or b c", any_of(A, all_of(B, C))),
        ("a b OR c", any_of(all_of(A, B), C)),
        ("(a or b) c", all_of(any_of(A, B), C)),
        ("(a)(b)", all_of(A, B)),
        ("a(b or c)", all_of(A, any_of(B, C))),
        ("not a b", all_of(Not(A), B)),
        ("-a or -b", any_of(Not(A), Not(B))),
        ("NOT (a or b)", Not(any_of(A, B))),
        ("-(a b)", Not(all_of(A, B))),
        ("not -a", Not(Not(A))),
        ("((a))", A),
        ('"and"', Text(("and",))),
        ("android", Text(("android",))),
        ("Not", Text(("not",))),
        ('-"two factor"', Not(Text(("two", "factor")))),
        ("two-factor", Text(("two", "factor"))),
        ('"say \\"hi\\" \\\\"', Text(("say", "hi"))),
        ("12:30", Text(("12", "30"))),
        ("ana's", Text(("ana", "s"))),
    ],
)
def test_words_and_operators(text: str, condition: Condition) -> None:
    assert where(text) == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("project:auth", Term("project", "=", "auth")),
        ("PROJECT:Auth", Term("project", "=", "Auth")),
        ('project:"big auth"', Term("project", "=", "big auth")),
        ("project:auth,core", any_of(Term("project", "=", "auth"), Term("project", "=", "core"))),
        (
            'project:a,"b,c",none',
            any_of(Term("project", "=", "a"), Term("project", "=", "b,c"), is_unset("project")),
        ),
        ("project:au*", Term("project", "prefix", "au")),
        ('project:"au*"', Term("project", "=", "au*")),
        ("project:a:b", Term("project", "=", "a:b")),
        ("project:a..b", Term("project", "=", "a..b")),
        ("project:none", is_unset("project")),
        ("project:any", Term("project", "set")),
        ("project:*", Term("project", "set")),
        ('project:"none"', Term("project", "=", "none")),
        ("-project:auth", Not(Term("project", "=", "auth"))),
        ("-project:a,b", Not(any_of(Term("project", "=", "a"), Term("project", "=", "b")))),
        ("owner:ana@x.org", Term("owner", "=", "ana@x.org")),
        ("owner:ana", any_of(Term("owner", "=", "ana"), Term("owner", "prefix", "ana@"))),
        ("owner:an*", Term("owner", "prefix", "an")),
        ("id:ship-2fa", Term("id", "=", "ship-2fa")),
        ("id:ship-*", Term("id", "prefix", "ship-")),
        ("path:active/*", Term("path", "prefix", "active/")),
        ("label:security", Term("labels", "=", "security")),
        ("labels:none", is_unset("labels")),
        ("depends:a", Term("depends_on", "=", "a")),
        ("depends-on:any", Term("depends_on", "set")),
        ("x.risk:high", Term("x.risk", "=", "high")),
        ("x.Risk:h*", Term("x.Risk", "prefix", "h")),
        ('x."Risk: level":none', is_unset("x.Risk: level")),
        ("title:login", Text(("login",), "title")),
        ('title:"two factor"', Text(("two", "factor"), "title")),
        ("description:any", Term("description", "set")),
        ('task:"enrol totp"', Text(("enrol", "totp"), "tasks")),
        ("tasks:none", is_unset("tasks")),
        ("status:completed", Term("status", "=", "completed")),
        ("status:In-Progress", Term("status", "=", "in_progress")),
        ("status:open", OPEN),
        ("status:closed", CLOSED),
        ("-status:open", Not(OPEN)),
        ("status:all", any_of(*OPEN.parts, *CLOSED.parts)),
        ("status:blocked,closed", any_of(Term("status", "=", "blocked"), *CLOSED.parts)),
        ("is:open", OPEN),
        ("is:closed", CLOSED),
        ("is:blocked", BLOCKED),
        ("is:ready", READY),
        ("-is:overdue", Not(overdue(TODAY))),
        ("is:ready,overdue", any_of(READY, overdue(TODAY))),
    ],
)
def test_fields(text: str, condition: Condition) -> None:
    assert where(text) == condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("due:2027-01-15", Term("due", "=", date(2027, 1, 15))),
        ("due:<2027-01-15", Term("due", "<", date(2027, 1, 15))),
        ('due:>="2027-01-15"', Term("due", ">=", date(2027, 1, 15))),
        ("due:2027-02", between("due", date(2027, 2, 1), date(2027, 2, 28))),
        ("due:2027", between("due", date(2027, 1, 1), date(2027, 12, 31))),
        ("due:9999-12", between("due", date(9999, 12, 1), date(9999, 12, 31))),
        ("due:<2027-02", Term("due", "<", date(2027, 2, 1))),
        ("due:<=2027-02", Term("due", "<=", date(2027, 2, 28))),
        ("due:>2027", Term("due", ">", date(2027, 12, 31))),
        ("due:>=2027", Term("due", ">=", date(2027, 1, 1))),
        ("due:2027-01..2027-03", between("due", date(2027, 1, 1), date(2027, 3, 31))),
        ("due:2027-03..", Term("due", ">=", date(2027, 3, 1))),
        ("due:..2027-03", Term("due", "<=", date(2027, 3, 31))),
        ("due:today", Term("due", "=", TODAY)),
        ("due:yesterday..tomorrow", between("due", date(2026, 11, 21), date(2026, 11, 23))),
        ("due:<+14d", Term("due", "<", date(2026, 12, 6))),
        ("due:-2w..today", between("due", date(2026, 11, 8), TODAY)),
        ("due:none,today", any_of(is_unset("due"), Term("due", "=", TODAY))),
        ("start:today", Term("start", "=", TODAY)),
        ("created:>=2026-11", Term("created", ">=", date(2026, 11, 1))),
        ("estimate:3w", Term("estimate", "=", 15.0)),
        ("estimate:>2.5d", Term("estimate", ">", 2.5)),
        ("estimate:1d..2w", between("estimate", 1.0, 10.0)),
        ("progress:50%", Term("progress", "=", 0.5)),
        ("progress:0.25..75%", between("progress", 0.25, 0.75)),
        ("progress:<1", Term("progress", "<", 1.0)),
        ("priority:high", Term("priority", "=", "high")),
        ("priority:>=high", Term("priority", ">=", "high")),
        ("priority:low..medium", between("priority", "low", "medium")),
        ("schema:1", Term("schema", "=", 1.0)),
    ],
)
def test_ordered_fields(text: str, condition: Condition) -> None:
    assert where(text) == condition


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", (Order("due"), Order("priority", True), Order("id"))),
        ("sort:due", (Order("due"), Order("id"))),
        ("sort:-due", (Order("due", True), Order("id"))),
        ("sort:priority", (Order("priority", True), Order("id"))),
        ("sort:-priority,title", (Order("priority", False), Order("title"), Order("id"))),
        ("sort:owner a sort:-created", (Order("owner"), Order("created", True), Order("id"))),
    ],
)
def test_order(text: str, order: tuple[Order, ...]) -> None:
    assert parse(text, today=TODAY).order == order


def test_the_order_is_no_condition() -> None:
    assert where("a sort:due or b") == any_of(A, B)
    assert parse("sort:due", today=TODAY) == Query(order=(Order("due"), Order("id")))
    assert parse("", today=TODAY) == Query(EVERYTHING, DEFAULT_ORDER, None, 0)


@pytest.mark.parametrize(
    ("pointed", "message", "hint"),
    [
        ("a ^stauts:open", "`stauts` is no field", "did you mean `status:`?"),
        ("^http://example.com", "`http` is no field", "quote it to search for it as text"),
        ("^x:1", "`x` is no field", "a custom key is asked for as `x.KEY:`"),
        ("status:planned,^opne", "not 'opne'", "did you mean `status:open`?"),
        ("-priority:^hihg", "not 'hihg'", "did you mean `priority:high`?"),
        ("is:^raedy", "not 'raedy'", "did you mean `is:ready`?"),
        ("sort:due,^tittle", "can't sort by `tittle`", "did you mean `sort:title`?"),
        ("sort:^labels", "can't sort by `labels`", "sort by"),
        ("-^sort:due", "`sort:` is no condition", "sort:due"),
        ("^sort:<due", "`sort:` is no condition", "sort:due"),
        ("due:^soon", "`due` is a date", "like 2027-01-15"),
        ("due:^2027-1-5", "`due` is a date", "did you mean 2027-01-05?"),
        ("due:^2027-13", "2027-13, which is in no calendar", ""),
        ("due:^2027-02-30", "2027-02-30, a day that does not exist", ""),
        ("due:^0000", "0000, which is in no calendar", ""),
        ("due:^+999999w", "years 1 to 9999", ""),
        ("due:^-999999d", "years 1 to 9999", ""),
        ("due:^..", "a range without ends", "like 2027-01..2027-03"),
        ("due:^2027..2026", "an empty range", "the lower end comes first"),
        ("priority:^high..low", "an empty range", "the lower end comes first"),
        ("due:<2027,^2028", "`<` takes one value", ""),
        ("due:<^none", "`due` is a date", ""),
        ("estimate:^5", "`estimate` is working days", "like 15d or 3w"),
        ("progress:^50", "`progress` is at most 100%", "like 50% or 0.5"),
        ("progress:^half", "`progress` is a number", ""),
        ("schema:^one", "`schema` is the file's format version", ""),
        ("^owner:<x", "`owner` has no order for `<`", "quote"),
        ("^status:>=planned", "`status` has no order for `>=`", "quote"),
        ("^owner: ana", "`owner:` has no value", "right behind the colon"),
        ("a (b ^owner:)", "`owner:` has no value", ""),
        ("^owner:a,", "`owner:` has no value", ""),
        ('owner:"ana"^x', "x follows without a space", "quote"),
        ('disk 5^"', '" follows without a space', "quote"),
        ('a ^"b c', "a quotation mark is never closed", ""),
        ('owner:^"b c', "a quotation mark is never closed", ""),
        ("a ^🚀", "no letter or digit", ""),
        ('title:^"--"', "no letter or digit", ""),
        ("a ^or", "nothing to search for follows `or`", ""),
        ("a ^and or b", "nothing to search for follows `and`", ""),
        ("a ^not", "nothing to search for follows `not`", ""),
        ("^or a", "nothing to search for stands before `or`", ""),
        ("a ^()", "nothing to search for follows `(`", ""),
        ("^) a", "nothing to search for stands before `)`", ""),
        ("a ^- b", "`-` stands right before what it excludes", "quote it"),
        ("a ^(b", "this parenthesis is never closed", ""),
        ("(a) b^)", "this parenthesis was never opened", ""),
        ("ab^\0", "'\\x00'", "remove"),
        ("owner:a^\udcff", "'\\udcff'", "remove"),
        ("a " * MAX_TERMS + "^a", f"more than {MAX_TERMS} conditions", ""),
        ("(" * MAX_DEPTH + "^(a", f"deeper than {MAX_DEPTH} levels", ""),
        ("-" * MAX_DEPTH + "^-a", f"deeper than {MAX_DEPTH} levels", ""),
    ],
)
def test_a_fault_is_located(pointed: str, message: str, hint: str) -> None:
    text = pointed.replace("^", "", 1)
    with pytest.raises(InvalidQuery) as raised:
        parse(text, today=TODAY)
    assert raised.value.text == text
    assert raised.value.position == pointed.index("^")
    assert message in raised.value.message
    assert hint in raised.value.hint


PIECES = (
    *(
        "status:open",
        "due:<+3d",
        "due:..2027",
        "owner:ana*",
        "x.k:v",
        "is:blocked",
        "progress:>50%",
        "label:a,b",
    ),
    *(
        "a",
        '"b c"',
        "and",
        "or",
        "NOT",
        "-",
        "(",
        ")",
        " ",
        " ",
        " ",
        '"',
        ",",
        ":",
        "<",
        "..",
        "*",
        "\\",
        "sort:-due",
    ),
)


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=12).map("".join)))
@example("((((((((((((((((((((((((((((((((a")
def test_any_text_is_a_query_or_a_located_fault(text: str) -> None:
    found = parse_or_fault(text)
    if isinstance(found, InvalidQuery):
        assert 0 <= found.position <= len(text)
        assert found.message
    else:
        compile_query(found, "milestone.id")


def parse_or_fault(text: str) -> Query | InvalidQuery:
    try:
        return parse(text, today=TODAY)
    except InvalidQuery as fault:
        return fault


def test_fields_in_a_condition() -> None:
    assert fields_in(where("a -(project:x or due:none)")) == {"", "project", "due"}
    assert "status" in fields_in(where("-is:ready"))
    assert fields_in(Term("x.risk", "set")) == {"x.risk"}
