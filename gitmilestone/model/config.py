"""The project's own settings, `config/project.yaml` and `config/tier.yaml`."""

from __future__ import annotations

from typing import NamedTuple

from gitmilestone.model.kinds import find_nearest
from gitmilestone.model.layout import LAYOUTS, PROJECT_FILE, ROOT, TIER_FILE, Layout
from gitmilestone.model.problem import Problem
from gitmilestone.model.yaml_canonical import load_canonical
from gitmilestone.model.yaml_loader import YamlFault, load
from gitmilestone.model.yaml_nodes import Mapping, as_plain

FORMAT = 1
TIERS = ("file", "sqlite", "postgresql", "distributed")
VOCABULARIES = ("projects", "owners", "labels")
"""Keys of `project.yaml` that list the only words a field should hold; unset: any word."""
_KEYS = ("format", "layout", "fields", *VOCABULARIES)


class Project(NamedTuple):
    """Attributes:
    layout: Where new files go; reading takes any mixture.
    fields: Custom keys that milestones may have.
    """

    layout: Layout = "flat"
    fields: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def encode_project(project: Project) -> bytes:
    lists = "".join(f"\n{key}:\n" + "\n".join(f"  - {word}\n" for word in getattr(project, key)) for key in _KEYS[2:])
    return f"format: {FORMAT}\n\nlayout: {project.layout}\n{lists}".encode()


def set_layout(content: bytes, layout: Layout) -> bytes:
    """The project's settings, readable ones, with that layout; every other line stays as it is."""
    text = content.decode()
    offset = len(text) - len(text.removeprefix("\ufeff"))
    root, _ = _load(PROJECT_FILE, content)
    entry = root.entries.get("layout") if root else None
    if entry is not None:
        start, end = offset + entry.value.start, offset + entry.value.end
        ended = "\n" if text[:end].endswith("\n") else ""  # a block holds its line's end
        return f"{text[:start]}{layout}{ended}{text[end:]}".encode()
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}layout: {layout}\n".encode()


def encode_tier(tier: str) -> bytes:
    return f"tier: {tier}\n".encode()


def read_project(content: bytes | None) -> tuple[Project, tuple[Problem, ...]]:
    """The settings, defaults where they are absent or wrong, and what is wrong with them."""
    path = f"{ROOT}/{PROJECT_FILE}"
    if content is None:
        return Project(), ()
    root, problems = _load(path, content)
    values: dict[str, object] = {}
    for key, entry in root.entries.items() if root else ():
        value, line = as_plain(entry.value), entry.value.line
        if key not in _KEYS:
            nearest = find_nearest(key, _KEYS)
            hint = f"did you mean `{nearest}`?" if nearest else f"known: {', '.join(_KEYS)}"
            problems.append(Problem(path, entry.key.line, "unknown-key", f"`{key}` is no setting", hint))
        elif key == "format":
            if value != str(FORMAT):
                hint = "install the version that wrote it"
                problems.append(Problem(path, line, "unknown-schema", f"`format` is {value}, not {FORMAT}", hint))
        elif key == "layout":
            if value in LAYOUTS:
                values[key] = value
            else:
                message = f"`layout` is one of {', '.join(LAYOUTS)}, not {value!r}"
                problems.append(Problem(path, line, "bad-value", message))
        elif isinstance(value, list) and all(isinstance(word, str) for word in value):
            values[key] = tuple(value)
        elif value is not None:
            problems.append(Problem(path, line, "bad-value", f"`{key}` is a list of words"))
    return Project(**values), tuple(problems)  # type: ignore[arg-type]  # each value was checked above


def read_tier(content: bytes | None) -> str:
    """The tier that the project has chosen; `file` where it says nothing that is known."""
    root, _ = _load(f"{ROOT}/{TIER_FILE}", content or b"")
    entry = root.entries.get("tier") if root else None
    tier = as_plain(entry.value) if entry else None
    return tier if tier in TIERS else TIERS[0]


def _load(path: str, content: bytes) -> tuple[Mapping | None, list[Problem]]:
    try:
        text = content.decode("utf-8-sig")
        root = load_canonical(text) or (load(text) if text.strip() else None)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, [Problem(path, line, "not-utf8", f"byte 0x{content[error.start]:02x} is not UTF-8")]
    except YamlFault as fault:
        return None, [Problem(path, fault.line, fault.code, fault.message, fault.hint)]
    if root is None or isinstance(root, Mapping):
        return root, []
    return None, [Problem(path, 1, "not-a-mapping", "the file is not `key: value` lines")]
