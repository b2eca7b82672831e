"""Where files lie, in every layout."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitmilestone.faces.cli.tables import options
from gitmilestone.model.config import Project, encode_project, read_project, set_setting
from gitmilestone.model.ids import ID_PATTERN, find_id_fault
from gitmilestone.model.layout import (
    FOLDERS,
    LAYOUTS,
    Layout,
    find_place,
    may_lie_in,
    move_to,
    path_in,
    path_of,
    possible_paths,
    suggest_layout,
)
from gitmilestone.model.milestone import STATUSES, Status

ids = st.from_regex(ID_PATTERN, fullmatch=True).filter(lambda text: find_id_fault(text) is None)
layouts = st.sampled_from(list(LAYOUTS))


@given(ids, st.sampled_from(FOLDERS), layouts)
def test_a_path_says_the_id_and_the_folder(milestone_id: str, folder: str, layout: Layout) -> None:
    path = path_in("active" if folder == "active" else "completed", milestone_id, layout)
    assert find_place(path) == (milestone_id, folder)
    assert path in possible_paths(milestone_id)
    assert path.count("/") == 1 + LAYOUTS[layout].depth


@given(ids)
def test_no_two_layouts_share_a_path(milestone_id: str) -> None:
    paths = possible_paths(milestone_id)
    assert len(set(paths)) == len(paths) == len(FOLDERS) * len(LAYOUTS)


@given(ids, layouts)
def test_a_file_changes_its_folder_and_nothing_else(milestone_id: str, layout: Layout) -> None:
    archived = path_in("completed", milestone_id, layout)
    assert move_to("completed", path_of(milestone_id, layout)) == archived
    assert move_to("active", archived) == path_of(milestone_id, layout)


@pytest.mark.parametrize("status", STATUSES)
def test_the_archive_holds_closed_ones_only(status: Status) -> None:
    assert may_lie_in("active", status)
    assert may_lie_in("completed", status) == (status in ("completed", "cancelled"))


def test_shards_are_the_first_digits_of_the_hash() -> None:
    digest = sha256(b"ship").hexdigest()
    assert path_of("ship", "flat") == "active/ship.yaml"
    assert path_in("completed", "ship", "sharded") == f"completed/{digest[:2]}/ship.yaml"
    assert path_of("ship", "sharded2") == f"active/{digest[:2]}/{digest[2:4]}/ship.yaml"


@pytest.mark.parametrize(
    ("count", "current", "suggested"),
    [
        (0, "flat", "flat"),
        (999, "flat", "flat"),
        (1_000, "flat", "sharded"),
        (199_999, "flat", "sharded"),
        (200_000, "flat", "sharded2"),
        (200_000, "sharded", "sharded2"),
        (0, "sharded", "sharded"),
        (999, "sharded2", "sharded2"),
    ],
)
def test_what_pays_is_suggested(count: int, current: Layout, suggested: Layout) -> None:
    assert suggest_layout(count, current) == suggested


@given(st.integers(0, 10**7), layouts)
def test_a_suggestion_never_goes_down_and_stays(count: int, current: Layout) -> None:
    suggested = suggest_layout(count, current)
    assert LAYOUTS[suggested].depth >= LAYOUTS[current].depth
    assert suggest_layout(count, suggested) == suggested


def test_layouts_go_from_shallow_to_deep() -> None:
    shapes = list(LAYOUTS.values())
    assert shapes == sorted(shapes)


def test_choices_are_those_of_the_model() -> None:
    assert tuple(LAYOUTS) == options.LAYOUTS


def test_the_documentation_lists_every_layout() -> None:
    text = (Path(__file__).parents[2] / "docs" / "files.md").read_text()
    for name, shape in LAYOUTS.items():
        shown = "/".join(["active", *("3f", "a1")[: shape.depth], "ID.yaml"])
        pays = f" {shape.pays_from:,} milestones " if shape.pays_from else " "
        assert f"| `{name}` | `{shown}` |{pays}|" in text


@pytest.mark.parametrize(
    "text",
    [
        "format: 1\n\nlayout: {}\n\nlabels:\n  - a # why\n",
        "\ufefflayout:   {}   # by hand\nformat: 1",
        "# first\nformat: 1\nlayout: '{}' # quoted\n",
        'x: 1\n"layout": "{}"\n',
        "layout: |-\n  {}\nformat: 1\n",
        "{{format: 1, layout: {}}}\n",
    ],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_setting_the_layout_touches_only_its_line(text: str, layout: Layout) -> None:
    before = text.format("flat").encode()
    after = set_setting(before, "layout", layout)
    assert read_project(after)[0].layout == layout
    olds, news = before.decode().split("\n"), after.decode().split("\n")
    assert [line for line in olds if "flat" not in line and "|-" not in line] == [
        line for line in news if layout not in line
    ]


def test_setting_the_layout_where_there_is_none_adds_a_line() -> None:
    for text in ("format: 1\n", "format: 1", "labels:\n  - a\n", ""):
        after = set_setting(text.encode(), "layout", "sharded")
        assert read_project(after)[0].layout == "sharded"
        assert after.decode().startswith(text)


@given(layouts, layouts)
def test_what_init_writes_is_what_a_migration_leaves(old: Layout, new: Layout) -> None:
    assert set_setting(encode_project(Project(layout=old)), "layout", new) == encode_project(Project(layout=new))
