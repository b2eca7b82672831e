"""What the settings of a state say: the one answer, for reading, for writing and for checking."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from gitmilestone.derived.listing import not_plain
from gitmilestone.errors import InvalidContent, NotInitialised
from gitmilestone.model.config import Project, read_project, read_scale_settings, read_tier
from gitmilestone.model.layout import PROJECT_FILE, ROOT, TIER_FILE
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.text.document import MAX_BYTES
from gitmilestone.store.files import Files, read_sized

if TYPE_CHECKING:
    from gitmilestone.model.scale_settings import ScaleSettings

Value = TypeVar("Value")


class Settings(NamedTuple):
    """Attributes:
    project, tier: With defaults for what is absent or wrong.
    problems: Of both files.
    """

    project: Project
    tier: str
    problems: tuple[Problem, ...]


def get_settings(files: Files) -> Settings:
    project, problems = _read(files, PROJECT_FILE, read_project)
    tier, more = _read(files, TIER_FILE, read_tier)
    return Settings(project, tier, (*problems, *more))


def get_project(files: Files) -> Project:
    return _read(files, PROJECT_FILE, read_project)[0]


def get_scale_settings(files: Files) -> ScaleSettings:
    return read_scale_settings(*read_sized(files, PROJECT_FILE, MAX_BYTES))


def get_sound_project(files: Files) -> Project:
    """The project's settings, for somebody who is about to write.

    Raises:
        NotInitialised; InvalidContent: A file of settings has errors.
    """
    if files.find(PROJECT_FILE) is None:
        raise NotInitialised(f"this repository has no {ROOT}/ yet", "run `git milestone init`")
    settings = get_settings(files)
    errors = errors_among(settings.problems)
    if errors:
        raise InvalidContent(f"{errors[0].path} has errors", errors, "mend it first")
    return settings.project


def _read(
    files: Files, path: str, read: Callable[[bytes | None, int], tuple[Value, tuple[Problem, ...]]]
) -> tuple[Value, tuple[Problem, ...]]:
    entry = files.find(path)
    value, problems = read(*read_sized(files, path, MAX_BYTES))
    return value, problems if entry is None or entry.is_plain else (not_plain(path),)
