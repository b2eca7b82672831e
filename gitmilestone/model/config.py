"""The project's own settings, `config/project.yaml` and `config/tier.yaml`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from gitmilestone.model.check_settings import CheckSettings
from gitmilestone.model.layout import PROJECT_FILE, ROOT, TIER_FILE, Layout
from gitmilestone.model.problem import Problem, errors_among
from gitmilestone.model.settings_reader import read_values
from gitmilestone.model.settings_table import PROJECT_SETTINGS, TIER_SETTINGS
from gitmilestone.model.text.decode import Decoder
from gitmilestone.model.text.document import decode_text, load_text
from gitmilestone.model.text.yaml_nodes import Mapping
from gitmilestone.model.tiers import TIERS as TIERS

if TYPE_CHECKING:
    from gitmilestone.model.scale_settings import ScaleSettings

VOCABULARIES = ("projects", "owners", "labels")
"""Keys of `project.yaml` that list the only words a field should hold; unset: any word."""
_LISTS = ("fields", *VOCABULARIES)
_KEPT = 8
"""Files of settings whose values are kept: each milestone that is read asks for them."""


class Project(NamedTuple):
    """Attributes:
    format: In which files are written; the first where it is not said.
    layout: Where new files go. Reading takes any mixture of formats and of layouts.
    fields: Custom keys that milestones may have.
    archive_after: Days for which a milestone is closed before it is archived.
    """

    format: int = 1
    layout: Layout = "flat"
    fields: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    check: CheckSettings = CheckSettings()
    archive_after: float = 30


def encode_project(project: Project) -> bytes:
    lists = "".join(f"\n{key}:\n" + "\n".join(f"  - {word}\n" for word in getattr(project, key)) for key in _LISTS)
    return f"format: {project.format}\n\nlayout: {project.layout}\n{lists}".encode()


def set_setting(content: bytes, key: str, value: str) -> bytes:
    """The project's settings, readable ones, with that word behind a key; every other line stays as it is.

    As any file that is edited, without a byte-order mark, and with LF line ends.
    """
    text = decode_text(Decoder(PROJECT_FILE), content) or ""
    root = load_text(text) if text.strip() else None
    entry = root.entries.get(key) if isinstance(root, Mapping) else None
    if entry is not None:
        start, end = entry.value.start, entry.value.end
        ended = "\n" if text[:end].endswith("\n") else ""  # a block holds its line's end
        return f"{text[:start]}{value}{ended}{text[end:]}".encode()
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{key}: {value}\n".encode()


def encode_tier(tier: str) -> bytes:
    return f"tier: {tier}\n".encode()


def read_project(content: bytes | None, size: int = 0) -> tuple[Project, tuple[Problem, ...]]:
    """The settings, defaults where they are absent or wrong, and what is wrong with them.

    Args:
        size: Of a file that was too large to be read, whose content is None.
    """
    values, problems = _read_project(content, size)
    check = CheckSettings(*(values[f"check.{name}"] for name in CheckSettings._fields))
    plain = {name: values[name] for name in Project._fields if name in values}
    return Project(**plain, check=check, archive_after=values["archive.after_days"]), problems


def read_scale_settings(content: bytes | None, size: int = 0) -> ScaleSettings:
    """The `scale` section; defaults where it is absent or wrong, which `read_project` tells of."""
    from gitmilestone.model.scale_settings import take_scale  # most commands are spared it

    return take_scale(_read_project(content, size)[0])


def read_tier(content: bytes | None, size: int = 0) -> tuple[str, tuple[Problem, ...]]:
    """The tier that the project has chosen, `file` where it says none that is known, and what is wrong with it."""
    values, problems = _read_tier(content, size)
    return values["tier"], problems


def find_faults(path: str, content: bytes | None, size: int) -> tuple[Problem, ...]:
    """The errors of a file of settings.

    Args:
        path: Below `.milestones/`.
    """
    _, problems = (_read_tier if path == TIER_FILE else _read_project)(content, size)
    return tuple(errors_among(problems))


@lru_cache(_KEPT)
def _read_project(content: bytes | None, size: int) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    return read_values(f"{ROOT}/{PROJECT_FILE}", content, size, PROJECT_SETTINGS)


@lru_cache(_KEPT)
def _read_tier(content: bytes | None, size: int) -> tuple[dict[str, Any], tuple[Problem, ...]]:
    return read_values(f"{ROOT}/{TIER_FILE}", content, size, TIER_SETTINGS)
