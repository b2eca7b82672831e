"""What a change makes wrong is what a look at everything says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitmilestone.model.layout import ROOT, possible_paths
from gitmilestone.operations.check import check
from gitmilestone.operations.check_change import check_change
from gitmilestone.store.files import TreeFiles
from gitmilestone.store.plan import Plan, WriteOptions
from gitmilestone.store.store import Store
from tests.repositories import Clone

IDS = ("a", "b", "c", "d", "e")
ODD = "active/odd/place/odd.yaml"
PLACES = [path for name in IDS for path in possible_paths(name)]
SETTINGS = ("schema: 1\n", "schema: 1\n\nlabels:\n  - known\n", "nonsense: [\n")
Texts = dict[str, str | None]


@st.composite
def milestone(draw: st.DrawFn) -> str:
    status = draw(st.sampled_from(("planned", "completed", "nonsense")))
    on = draw(st.lists(st.sampled_from((*IDS, "odd", "nobody", "elsewhere:a")), unique=True, max_size=2))
    kind = draw(st.sampled_from((": blocks", ": relates", "")))
    extra = draw(st.sampled_from(("", "\nlabels:\n  - known\n", "\nlabels:\n  - other\n", "\nodd: key\n")))
    depends = "\ndepends_on:\n" + "".join(f"  - {name}{'' if ':' in name else kind}\n" for name in on) if on else ""
    return f"schema: 1\n\ntitle: T\n\nstatus: {status}\n{extra}{depends}"


# A second file of an id is looked for where a layout puts it; a milestone that others wait for, anywhere.
PATHS = st.sampled_from((*PLACES, ODD))
STATES = st.dictionaries(PATHS, milestone(), max_size=7)
STEPS = st.dictionaries(PATHS, st.none() | milestone(), max_size=4)


def commit(store: Store, texts: Texts) -> TreeFiles:
    contents = {path: None if text is None else text.encode() for path, text in texts.items()}
    store.write(lambda _: Plan(contents, "x"), WriteOptions(allow_empty=True))
    return store.files_at()


@pytest.mark.parametrize("is_staged", [False, True])
@given(old=STATES, steps=STEPS, config=st.sampled_from((None, *SETTINGS)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_says_what_a_check_of_everything_says(
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    is_staged: bool,
    old: Texts,
    steps: Texts,
    config: str | None,
) -> None:
    import shutil

    place = tmp_path_factory.mktemp("change") / "project"
    shutil.copytree(template, place, symlinks=True)
    clone = Clone(place)
    with clone.store() as store:
        before = commit(store, {"config/project.yaml": SETTINGS[0], **old})
        after = commit(store, {**steps, **({"config/project.yaml": config} if config else {})})
        changed = [path for path, _, _ in store.iter_changed(before, after)]
        files = store.staged_files() if is_staged else after
        report = check_change(store, before, files, changed)
        known = set(check(before).problems)
        rooted = {f"{ROOT}/{path}" for path in changed}
        everything = [one for one in check(after).problems if one.path in rooted or one not in known]
        # How many files of old sins there are is told of the whole, and not asked here.
        told_of_all = ("wrong-layout", "mixed-format")
        assert [one for one in report.problems if one.code not in told_of_all] == [
            one for one in everything if one.code not in told_of_all
        ]
    shutil.rmtree(place)
