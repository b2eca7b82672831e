"""Where files lie below `.milestones/`."""

from __future__ import annotations

from typing import Literal, NamedTuple

from gitmilestone.model.ids import find_id_fault
from gitmilestone.model.milestone import CLOSED_STATUSES, Status

ROOT = ".milestones"
Folder = Literal["active", "completed"]
Layout = Literal["flat", "sharded"]
FOLDERS: tuple[Folder, ...] = ("active", "completed")
LAYOUTS: tuple[Layout, ...] = ("flat", "sharded")
PROJECT_FILE = "config/project.yaml"
TIER_FILE = "config/tier.yaml"
SCHEMA_FILE = "config/milestone.schema.json"
SUFFIX = ".yaml"


class Place(NamedTuple):
    """What the path of a file says of it."""

    id: str
    folder: Folder


def folder_of(status: Status) -> Folder:
    return "completed" if status in CLOSED_STATUSES else "active"


def shard_of(milestone_id: str) -> str:
    """The first two hex digits of the id's SHA-256: 256 folders of even size."""
    from hashlib import sha256

    return sha256(milestone_id.encode()).hexdigest()[:2]


def path_of(milestone_id: str, status: Status, layout: Layout) -> str:
    """The path below `.milestones/`."""
    folder = folder_of(status)
    if layout == "sharded":
        return f"{folder}/{shard_of(milestone_id)}/{milestone_id}{SUFFIX}"
    return f"{folder}/{milestone_id}{SUFFIX}"


def possible_paths(milestone_id: str) -> list[str]:
    """Every path below `.milestones/` at which a milestone can lie, in any layout."""
    shard = shard_of(milestone_id)
    return [
        path
        for folder in FOLDERS
        for path in (f"{folder}/{milestone_id}{SUFFIX}", f"{folder}/{shard}/{milestone_id}{SUFFIX}")
    ]


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
