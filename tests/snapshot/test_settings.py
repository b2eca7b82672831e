"""What the settings of a state say is one answer: readers get defaults, writers no fault or nothing."""

from __future__ import annotations

import pytest

from gitmilestone.errors import InvalidContent, NotInitialised
from gitmilestone.model.config import Project
from gitmilestone.model.text.document import MAX_BYTES
from gitmilestone.snapshot.settings import get_project, get_scale_settings, get_settings, get_sound_project
from gitmilestone.tiers.table import get_tier
from tests.repositories import Clone

SETTINGS = "format: 1\n\nlayout: sharded\n\nscale:\n  sqlite:\n    milestone_count: 7\n"


def test_what_they_say(clone: Clone) -> None:
    clone.write({"config/project.yaml": SETTINGS, "config/tier.yaml": "tier: sqlite\n"})
    with clone.store() as store:
        for files in (store.files_at(), store.staged_files(), store.work_files()):
            settings = get_settings(files)
            assert (settings.project.layout, settings.tier, settings.problems) == ("sharded", "sqlite", ())
            assert get_project(files) == get_sound_project(files) == settings.project
            assert get_scale_settings(files).limits["sqlite"]["milestone_count"] == 7
            assert get_tier(files).name == "sqlite"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("config/project.yaml", "format: 1\nlayout: none\n"),
        ("config/project.yaml", "format: 1\n#" + "x" * MAX_BYTES),
        ("config/tier.yaml", "tier: SQLITE\n"),
        ("config/tier.yaml", "<<<<<<< ours\n"),
    ],
)
def test_a_fault_is_a_problem_of_that_file_and_stops_writers_only(clone: Clone, path: str, text: str) -> None:
    clone.write({path: text})
    with clone.store() as store:
        files = store.files_at()
        settings = get_settings(files)
        assert {one.path for one in settings.problems} == {f".milestones/{path}"}
        assert (settings.project.layout, settings.tier) == ("flat", "file")
        assert get_project(files) == settings.project
        assert get_scale_settings(files).limits["sqlite"]["milestone_count"] > 7
        with pytest.raises(InvalidContent, match=rf"\.milestones/{path} has errors") as fault:
            get_sound_project(files)
        assert fault.value.problems == settings.problems


def test_what_is_no_fault_stops_nobody(clone: Clone) -> None:
    clone.write({"config/project.yaml": "format: 1\nlayout: flat\nunknown: 1\n"})
    with clone.store() as store:
        files = store.files_at()
        assert [one.severity for one in get_settings(files).problems] == ["warning"]
        assert get_sound_project(files).layout == "flat"


@pytest.mark.parametrize("path", ["config/project.yaml", "config/tier.yaml"])
def test_a_link_in_their_place_is_the_one_problem(clone: Clone, path: str) -> None:
    place = clone.path / ".milestones" / path
    place.unlink(missing_ok=True)
    place.symlink_to("elsewhere")
    clone.git("add", ".")
    clone.git("commit", "-qm", "link")
    with clone.store() as store:
        for files in (store.files_at(), store.staged_files(), store.work_files()):
            assert [(one.path, one.code) for one in get_settings(files).problems] == [
                (f".milestones/{path}", "symbolic-link")
            ]


def test_where_there_are_none_defaults_answer_and_nobody_writes(clone: Clone) -> None:
    clone.git("rm", "-qr", ".milestones")
    clone.git("commit", "-qm", "none")
    with clone.store() as store:
        files = store.files_at()
        settings = get_settings(files)
        assert (settings.project.layout, settings.tier, settings.problems) == ("flat", "file", ())
        assert isinstance(get_project(files), Project)
        with pytest.raises(NotInitialised, match=r"has no \.milestones/ yet") as fault:
            get_sound_project(files)
    assert fault.value.hint == "run `git milestone init`"


def test_a_tier_without_a_project_is_not_initialised(clone: Clone) -> None:
    clone.write({"config/project.yaml": None, "config/tier.yaml": "tier: none\n"})
    with clone.store() as store, pytest.raises(NotInitialised):
        get_sound_project(store.files_at())
