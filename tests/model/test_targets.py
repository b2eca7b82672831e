"""How milestones of other repositories are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.errors import InvalidId, InvalidValue
from gitmilestone.faces.cli.formats import format_rows
from gitmilestone.faces.terminal import Style
from gitmilestone.model.ids import find_target_fault, shorten_repositories, split_target
from gitmilestone.model.milestone import Dependency, Milestone
from gitmilestone.model.record import parse_dependencies
from gitmilestone.model.row import Row
from gitmilestone.model.text.document import read_document, revise
from gitmilestone.operations.editing.exchange import read_csv
from tests.repositories import NOW
from tests.strategies import milestones, targets

_PATH = ".milestones/active/x.yaml"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("launch", ("", "launch")),
        ("roadmap:launch", ("roadmap", "launch")),
        ("git.example.com/~ana/plans_2/road-map:relates", ("git.example.com/~ana/plans_2/road-map", "relates")),
        ("10:30", ("10", "30")),
    ],
)
def test_an_id_may_have_a_repository_before_a_colon(text: str, parts: tuple[str, str]) -> None:
    assert find_target_fault(text) is None
    assert split_target(text) == parts


@pytest.mark.parametrize(
    "text",
    [":a", "a:", "a:b:c", "https://x/y:a", "/srv/x:a", "~ana/x:a", "a b:c", "é:a", "x:A", "x:con", f"{'r' * 256}:a"],
)
def test_nothing_else_has_one(text: str) -> None:
    assert find_target_fault(text)
    document = read_document(_PATH, "x", f'schema: 1\ntitle: x\nstatus: planned\ndepends_on:\n  - "{text}"\n'.encode())
    assert [problem.code for problem in document.problems] == ["bad-value"]


def test_what_people_type() -> None:
    found = parse_dependencies(
        ["store", "docs:relates", "x/roadmap:launch", "roadmap:ads:relates", "roadmap:relates:blocks", "a:"]
    )
    assert found == (
        Dependency("a"),
        Dependency("docs", "relates"),
        Dependency("roadmap:ads", "relates"),
        Dependency("roadmap:relates"),
        Dependency("store"),
        Dependency("x/roadmap:launch"),
    )
    with pytest.raises(InvalidId, match="before the colon"):
        parse_dependencies(["https://git.example.com/roadmap:a"])
    with pytest.raises(InvalidValue, match="one of blocks, relates"):
        parse_dependencies([{"id": "roadmap:a", "type": "relate"}])


@given(st.dictionaries(targets(), st.sampled_from(("blocks", "relates")), max_size=4))
def test_a_sheet_keeps_them(on: dict[str, str]) -> None:
    depends_on = tuple(Dependency(target, on[target]) for target in sorted(on))  # type: ignore[arg-type]  # a type's word
    row = Row(Milestone("x", "X", depends_on=depends_on), _PATH, 0.0, False)
    (operation,) = read_csv(format_rows([row], "csv", Style(), NOW.date()), "sheet")
    assert parse_dependencies((operation.fields["depends_on"] or "").split(";") if on else []) == depends_on


@given(milestones(), targets())
def test_a_list_in_brackets_takes_one(milestone: Milestone, target: str) -> None:
    text = "schema: 1\ntitle: x\nstatus: planned\ndepends_on: [a, {b: relates}]\n"
    document = read_document(_PATH, "x", text.encode())
    assert document.milestone
    wanted = {"a": Dependency("a"), target: Dependency(target, "relates")}
    after = document.milestone._replace(depends_on=tuple(wanted[name] for name in sorted(wanted)))
    assert read_document(_PATH, "x", revise(document, after)).milestone == after


def test_the_shortest_end_that_means_one() -> None:
    names = ["git.example.com/plans/roadmap", "git.example.com/app", "other.org/app", "box:/srv/.hidden", "roadmap"]
    assert shorten_repositories(names) == {
        "git.example.com/plans/roadmap": "plans/roadmap",
        "git.example.com/app": "git.example.com/app",
        "other.org/app": "other.org/app",
        "box:/srv/.hidden": "srv/.hidden",
        "roadmap": "roadmap",
    }


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map("/".join), unique=True, max_size=8))
def test_every_short_name_means_one(names: list[str]) -> None:
    for name, short in shorten_repositories(names).items():
        exact = [other for other in names if other == short]
        assert (exact or [other for other in names if other.endswith(f"/{short}")]) == [name]
