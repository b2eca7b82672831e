"""Where files lie below `.milestones/`."""

# No `from __future__ import annotations`: NamedTuple would compile every annotation from its text.
from typing import Literal, NamedTuple

from gitmilestone.model.ids import find_id_fault
from gitmilestone.model.milestone import CLOSED_STATUSES, Status

ROOT = ".milestones"
Folder = Literal["active", "completed"]
Layout = Literal["flat", "sharded", "sharded2"]
FOLDERS: tuple[Folder, ...] = ("active", "completed")
PROJECT_FILE = "config/project.yaml"
ATTRIBUTES_FILE = ".gitattributes"
TIER_FILE = "config/tier.yaml"
SETTINGS_FILES = (PROJECT_FILE, TIER_FILE)
SCHEMA_FILE = "config/milestone.schema.json"
SETTINGS_SCHEMA_FILE = "config/project.schema.json"
SUFFIX = ".yaml"


class Place(NamedTuple):
    """What the path of a file says of it."""

    id: str
    folder: Folder


class Shape(NamedTuple):
    """Attributes:
    depth: Levels of folders between `active/` and a file.
    pays_from: So many milestones are better kept in it than in a shallower one.
    """

    depth: int
    pays_from: int


LAYOUTS: dict[Layout, Shape] = {
    "flat": Shape(0, 0),
    # Web forges stop listing such folders, and each commit writes their whole tree.
    "sharded": Shape(1, 1_000),
    "sharded2": Shape(2, 200_000),
}
"""Every layout, the shallowest first."""


def path_of(milestone_id: str, layout: Layout) -> str:
    """The path below `.milestones/` of a milestone that comes, whatever its status."""
    return path_in("active", milestone_id, layout)


def may_lie_in(folder: Folder, status: Status) -> bool:
    """No status moves a file; but `completed/` is the archive, and holds closed ones only."""
    return folder == "active" or status in CLOSED_STATUSES


def move_to(folder: Folder, path: str) -> str:
    """The path of the same file in another folder, in the same layout."""
    return f"{folder}/{path.partition('/')[2]}"


def path_in(folder: Folder, milestone_id: str, layout: Layout) -> str:
    """The path below `.milestones/`, of a milestone whose folder is known."""
    depth = LAYOUTS[layout].depth
    shards = _shards_of(milestone_id)[:depth] if depth else ()
    return "/".join((folder, *shards, milestone_id + SUFFIX))


def _shards_of(milestone_id: str) -> tuple[str, str]:
    """Hex digits of the id's SHA-256, two for each level: 256 folders of even size."""
    from hashlib import sha256

    digest = sha256(milestone_id.encode()).hexdigest()
    return digest[:2], digest[2:4]


def possible_paths(milestone_id: str) -> list[str]:
    """Every path below `.milestones/` at which a milestone can lie, in any layout."""
    return [path_in(folder, milestone_id, layout) for folder in FOLDERS for layout in LAYOUTS]


def is_shard(folder: str) -> bool:
    """Whether some layout makes a folder of this name in `active/` and `completed/`."""
    return len(folder) == 2 and not folder.strip("0123456789abcdef")


def is_stray(path: str, milestone_id: str) -> bool:
    """Whether no layout puts a milestone where its file lies; reading takes it all the same."""
    folders = tuple(path.split("/")[1:-1])
    return bool(folders) and folders != _shards_of(milestone_id)[: len(folders)]


def suggest_layout(count: int, current: Layout) -> Layout:
    """The layout for so many milestones: a deeper one where it pays, and never a shallower one by itself."""
    depth = LAYOUTS[current].depth
    deeper = [name for name, shape in LAYOUTS.items() if shape.depth > depth and shape.pays_from <= count]
    return deeper[-1] if deeper else current


def find_place(path: str) -> Place | None:
    """The id and folder that a path below `.milestones/` stands for; None where it is no milestone's.

    Any depth of shards is read, so that branches in different layouts join.
    """
    folder, _, rest = path.partition("/")
    name = rest.rpartition("/")[2]
    if folder not in FOLDERS or not name.endswith(SUFFIX):
        return None
    return Place(name[: -len(SUFFIX)], "active" if folder == "active" else "completed")


def find_path_fault(place: Place) -> str | None:
    return find_id_fault(place.id)
