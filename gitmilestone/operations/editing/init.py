"""Makes a repository one with milestones."""

from __future__ import annotations

from gitmilestone.changes.edit import Rewrite
from gitmilestone.model import formats
from gitmilestone.model.config import Project, encode_project, encode_tier
from gitmilestone.model.layout import ATTRIBUTES_FILE, PROJECT_FILE, TIER_FILE, Layout
from gitmilestone.store.files import Files
from gitmilestone.store.writing.plan import Plan

_ATTRIBUTES = b"""\
# Milestones are LF everywhere, whatever core.autocrlf says.
*.yaml text eol=lf

# git joins and shows them field by field where `git milestone hooks install` has run, and line by line elsewhere.
active/** merge=milestone diff=milestone
completed/** merge=milestone diff=milestone
"""


def init(layout: Layout = "flat") -> Rewrite[None]:
    """Commits `.milestones/` with its configuration; what is there already stays as it is."""

    def build(files: Files) -> Plan[None]:
        wanted: dict[str, bytes | None] = {
            ATTRIBUTES_FILE: _ATTRIBUTES,
            PROJECT_FILE: encode_project(Project(formats.NEWEST, layout)),
            TIER_FILE: encode_tier("file"),
        }
        missing = {path: content for path, content in wanted.items() if files.find(path) is None}
        return Plan(missing, "milestone: init")

    return Rewrite(build)
