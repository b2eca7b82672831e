"""What a change makes wrong is what a look at everything says of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.model.layout import find_place, possible_paths
from gitmilestone.model.milestone import Milestone
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.checking.check_change import check_change, name_problem
from gitmilestone.snapshot.documents import read_all
from gitmilestone.snapshot.settings import get_project
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.store import Store
from gitmilestone.store.writing.plan import Plan, WriteOptions
from tests.repositories import Clone

IDS = ("a", "b", "c", "d", "e")
ODD = "active/odd/place/odd.yaml"
PLACES = [path for name in IDS for path in possible_paths(name)]
PLAIN = "format: 1\n"
RULES = """\
format: 1
check:
  severities:
    due-before-blocker: error
    unknown-key: "off"
  required:
    planned:
      - due
  transitions:
    planned:
      - in_progress
    completed: []
"""
SETTINGS = (PLAIN, "format: 1\n\nlabels:\n  - known\n", RULES, "nonsense: [\n")
Texts = dict[str, str | None]


@st.composite
def milestone(draw: st.DrawFn) -> str:
    status = draw(st.sampled_from(("planned", "in_progress", "completed", "nonsense")))
    due = draw(st.sampled_from(("", "due: 2027-01-01\n", "due: 2027-02-01\n")))
    on = draw(st.lists(st.sampled_from((*IDS, "odd", "nobody", "elsewhere:a")), unique=True, max_size=2))
    kind = draw(st.sampled_from((": blocks", ": relates", "")))
    extra = draw(st.sampled_from(("", "\nlabels:\n  - known\n", "\nlabels:\n  - other\n", "\nodd: key\n")))
    depends = "\ndepends_on:\n" + "".join(f"  - {name}{'' if ':' in name else kind}\n" for name in on) if on else ""
    return f"schema: 1\n\ntitle: T\n\nstatus: {status}\n{due}{extra}{depends}"


# A second file of an id is looked for where a layout puts it; a milestone that others wait for, anywhere.
PATHS = st.sampled_from((*PLACES, ODD))
STATES = st.dictionaries(PATHS, milestone(), max_size=7)
STEPS = st.dictionaries(PATHS, st.none() | milestone(), max_size=4)


def commit(store: Store, texts: Texts) -> TreeFiles:
    contents = {path: None if text is None else text.encode() for path, text in texts.items()}
    store.write(lambda _: Plan(contents, "x"), WriteOptions(allow_empty=True))
    return store.files_at()


def list_forbidden(before: TreeFiles, after: TreeFiles) -> list[str]:
    allowed = get_project(after).check.transitions
    old, new = list_single(before), list_single(after)
    moves = ((name, old[name].status, new[name].status) for name in sorted(old.keys() & new.keys()))
    return [name for name, was, now in moves if was != now and now not in allowed.get(was, (now,))]


def list_single(files: TreeFiles) -> dict[str, Milestone]:
    """The milestones that have one file, which can be read."""
    counts = Counter(place.id for entry in files.iter_entries() if (place := find_place(entry.path)))
    return {one.id: one for one, _ in read_all(files).entries if counts[one.id] == 1}


@pytest.mark.parametrize("is_staged", [False, True])
@given(old=STATES, steps=STEPS, first=st.sampled_from((PLAIN, RULES)), config=st.sampled_from((None, *SETTINGS)))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_says_what_a_check_of_everything_says(
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    is_staged: bool,
    old: Texts,
    steps: Texts,
    first: str,
    config: str | None,
) -> None:
    import shutil

    place = tmp_path_factory.mktemp("change") / "project"
    shutil.copytree(template, place, symlinks=True)
    clone = Clone(place)
    with clone.store() as store:
        before = commit(store, {"config/project.yaml": first, **old})
        after = commit(store, {**steps, **({"config/project.yaml": config} if config else {})})
        changed = [path for path, _, _ in store.iter_changed(before, after)]
        files = store.staged_files() if is_staged else after
        report = check_change(store, before, files, changed)
        known = {name_problem(one) for one in check(before).problems}
        everything = check(after)
        touched = {found.id for path in changed if (found := find_place(path))} & everything.unreadable_ids
        expected = [
            one for one in everything.problems if name_problem(one) not in known or Path(one.path).stem in touched
        ]
        moves = [one for one in report.problems if one.code == "forbidden-transition"]
        single = list_single(before).keys() & list_single(after).keys()
        moved = [name for one in moves if (name := Path(one.path).stem) in single]
        assert moved == list_forbidden(before, after)
        # How many files of old sins there are is told of the whole, and not asked here.
        told_otherwise = ("wrong-layout", "mixed-format", "forbidden-transition")
        assert [one for one in report.problems if one.code not in told_otherwise] == [
            one for one in expected if one.code not in told_otherwise
        ]
    shutil.rmtree(place)
