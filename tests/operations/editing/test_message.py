"""A commit message that the differences make."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.model.change import Change
from gitmilestone.model.milestone import Dependency, Milestone, Task
from gitmilestone.operations.editing.message import SUBJECT, compose_message
from tests.strategies import milestones

BETA = Milestone("beta", "Beta", due=date(2027, 1, 15), owner="ana")
SHIP = Milestone("ship-2fa", "Ship two-factor login", tasks=(Task("enrol", "Enrol"),))


def changed(one: Milestone, **fields: object) -> Change:
    return Change(one.id, one, one._replace(**fields))  # type: ignore[arg-type]


def test_one_deed_is_a_subject() -> None:
    assert compose_message([]) == ""
    assert compose_message([changed(SHIP, status="completed")]) == "milestone: complete ship-2fa\n"
    assert compose_message([changed(BETA, due=date(2027, 2, 1))]) == "milestone: move beta to 2027-02-01\n"
    assert compose_message([changed(BETA, due=None)]) == "milestone: unset the due day of beta\n"
    assert compose_message([changed(BETA, owner="bo")]) == "milestone: edit beta (owner)\n"
    assert compose_message([Change("beta", None, BETA)]) == "milestone: create beta\n"
    assert compose_message([Change("beta", BETA, None)]) == "milestone: delete beta\n"
    assert compose_message([], ["config/project.yaml"]) == "milestone: edit config/project.yaml\n"


def test_a_few_deeds_are_a_subject_with_a_line_each() -> None:
    deeds = [changed(SHIP, status="completed"), changed(BETA, due=date(2027, 2, 1), depends_on=(Dependency("x"),))]
    assert compose_message([deeds[0], changed(BETA, due=date(2027, 2, 1))]) == (
        "milestone: complete ship-2fa, move beta to 2027-02-01\n"
        "\n"
        "- ship-2fa: status planned -> completed\n"
        "- beta: due 2027-01-15 -> 2027-02-01\n"
    )
    assert compose_message([deeds[1], Change("new", None, BETA._replace(id="new"))], ["config/tier.yaml"]) == (
        "milestone: update 2 milestones (1 created, 1 slipped)\n"
        "\n"
        "- beta: due 2027-01-15 -> 2027-02-01; depends_on + x\n"
        "- new: created, Beta, due 2027-01-15\n"
        "- config/tier.yaml\n"
    )


def test_many_are_counted() -> None:
    many = [changed(BETA._replace(id=f"m{n}"), status="completed") for n in range(10)]
    many += [changed(BETA._replace(id=f"s{n}"), due=date(2028, 1, 1)) for n in range(2)]
    message = compose_message(many)
    assert message.startswith("milestone: update 12 milestones (10 completed, 2 slipped)\n\n- m0: status planned")
    assert message.count("\n- ") == 12


def test_values_are_told_on_one_line() -> None:
    odd = changed(BETA, title="a\nb\x1b[2J", labels=("x",), description="long\ntext", extra={"k\x1b": "v" * 99})
    message = compose_message([odd])
    assert message.isprintable() or message.replace("\n", "").isprintable()
    assert "title changed; labels + x; description + long text; x.k + " in message
    assert "v" * 40 not in message


IDS = st.from_regex(r"[a-z][a-z0-9-]{0,61}[a-z]", fullmatch=True)


@given(st.lists(st.tuples(st.none() | milestones(), st.none() | milestones()), max_size=8, unique_by=id), st.lists(IDS))
def test_any_change_makes_a_message_that_git_takes(
    pairs: list[tuple[Milestone | None, Milestone | None]], ids: list[str]
) -> None:
    names = [*dict.fromkeys(ids), *(f"m{n}" for n in range(8))]
    changes = []
    for name, (old, new) in zip(names, pairs, strict=False):
        old, new = (one and one._replace(id=name) for one in (old, new))
        if old != new:
            changes.append(Change(name, old, new))
    message = compose_message(changes)
    assert message == compose_message(changes)
    assert bool(message) == bool(changes)
    subject, *rest = message.split("\n")
    assert len(subject) <= SUBJECT
    assert "\0" not in message
    assert all(line == "" or line.startswith("- ") for line in rest)
    assert len([line for line in rest if line]) in (0 if len(changes) < 2 else len(changes), len(changes))
