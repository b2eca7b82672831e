"""The project's own settings, `config/project.yaml` and `config/tier.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from gitmilestone.model import formats
from gitmilestone.model.check_settings import CheckSettings, read_check
from gitmilestone.model.kinds import find_nearest
from gitmilestone.model.layout import LAYOUTS, PROJECT_FILE, ROOT, TIER_FILE, Layout
from gitmilestone.model.problem import Problem
from gitmilestone.model.text.yaml_canonical import load_canonical
from gitmilestone.model.text.yaml_loader import YamlFault, load
from gitmilestone.model.text.yaml_nodes import Entry, Mapping, Node, as_plain
from gitmilestone.model.tiers import TIERS as TIERS

if TYPE_CHECKING:
    from gitmilestone.model.scale_settings import ScaleSettings

VOCABULARIES = ("projects", "owners", "labels")
"""Keys of `project.yaml` that list the only words a field should hold; unset: any word."""
_LISTS = ("fields", *VOCABULARIES)
_CHECK = "check"
_SCALE = "scale"
_KEYS = ("format", "layout", *_LISTS, _CHECK, _SCALE)


class Project(NamedTuple):
    """Attributes:
    format: In which files are written; the first where it is not said.
    layout: Where new files go. Reading takes any mixture of formats and of layouts.
    fields: Custom keys that milestones may have.
    """

    format: int = 1
    layout: Layout = "flat"
    fields: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    check: CheckSettings = CheckSettings()


def encode_project(project: Project) -> bytes:
    lists = "".join(f"\n{key}:\n" + "\n".join(f"  - {word}\n" for word in getattr(project, key)) for key in _LISTS)
    return f"format: {project.format}\n\nlayout: {project.layout}\n{lists}".encode()


def set_setting(content: bytes, key: str, value: str) -> bytes:
    """The project's settings, readable ones, with that word behind a key; every other line stays as it is."""
    text = content.decode()
    offset = len(text) - len(text.removeprefix("\ufeff"))
    root, _ = _load(PROJECT_FILE, content)
    entry = root.entries.get(key) if root else None
    if entry is not None:
        start, end = offset + entry.value.start, offset + entry.value.end
        ended = "\n" if text[:end].endswith("\n") else ""  # a block holds its line's end
        return f"{text[:start]}{value}{ended}{text[end:]}".encode()
    gap = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{gap}{key}: {value}\n".encode()


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
        if key == _CHECK:
            values[key], found = read_check(entry.value, path, _list_words(root, "fields"))
            problems += found
        elif key in _KEYS:
            value, found = _read_setting(key, entry, path)
            problems += found
            if value is not None:
                values[key] = value
        else:
            nearest = find_nearest(key, _KEYS)
            hint = f"did you mean `{nearest}`?" if nearest else f"known: {', '.join(_KEYS)}"
            problems.append(Problem(path, entry.key.line, "unknown-key", f"`{key}` is no setting", hint))
    return Project(**values), tuple(problems)  # type: ignore[arg-type]  # each value was checked above


def _list_words(root: Mapping | None, key: str) -> list[str]:
    entry = root.entries.get(key) if root else None
    value = as_plain(entry.value) if entry else None
    return [word for word in value if isinstance(word, str)] if isinstance(value, list) else []


def _read_setting(key: str, entry: Entry, path: str) -> tuple[object, list[Problem]]:
    """The value that a key of the settings has; None where it is left out, or wrong."""
    value, line = as_plain(entry.value), entry.value.line
    if key == "format":
        if value in [str(known.version) for known in formats.FORMATS]:
            return int(str(value)), []
        message, hint = f"`format` is {value}, not {formats.describe_known()}", "install the version that wrote it"
        return None, [Problem(path, line, "unknown-schema", message, hint)]
    if key == "layout":
        message = f"`layout` is one of {', '.join(LAYOUTS)}, not {value!r}"
        return (value, []) if value in LAYOUTS else (None, [Problem(path, line, "bad-value", message)])
    if key == _SCALE:
        return None, _read_scale(entry.value, path)[1]
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(value), []
    return None, [] if value is None else [Problem(path, line, "bad-value", f"`{key}` is a list of words")]


def read_scale_settings(content: bytes | None) -> ScaleSettings:
    """The `scale` section; defaults where it is absent or wrong, which `read_project` tells of."""
    from gitmilestone.model.scale_settings import ScaleSettings

    path = f"{ROOT}/{PROJECT_FILE}"
    root, _ = _load(path, content or b"")
    entry = root.entries.get(_SCALE) if root else None
    return _read_scale(entry.value, path)[0] if entry else ScaleSettings()


def _read_scale(node: Node, path: str) -> tuple[ScaleSettings, list[Problem]]:
    from gitmilestone.model.scale_settings import read_scale  # most commands are spared it

    return read_scale(node, path)


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
