"""git's own merge of lines, for files of which nothing better can be made."""

from __future__ import annotations

import re

from gitmilestone.model.merging.merge_text import ConflictStyle, Markers
from gitmilestone.store.git import Git

FAILED = 128
"""From here on an exit status counts no conflicts."""

MARKER_SIZE = 7
LONGEST_MARKER = 1 << 10


def merge_file(git: Git, base: str, ours: str, theirs: str, markers: Markers) -> int:
    """Joins the lines of three files into `ours`, markers included.

    Returns:
        How many conflicts there are, at most 127; FAILED or more where nothing was done.
    """
    labels = ("-L", markers.ours, "-L", markers.base, "-L", markers.theirs)
    return git.run("merge-file", f"--marker-size={markers.size}", *labels, "--", ours, base, theirs).status


def read_conflict_style(git: Git) -> ConflictStyle:
    """What `merge.conflictStyle` says."""
    style = git.run("config", "--get", "merge.conflictStyle").stdout.strip()
    return "diff3" if style == b"diff3" else "zdiff3" if style == b"zdiff3" else "merge"


def parse_marker_size(said: str) -> int:
    """What `conflict-marker-size` says, as git takes it; what no file could hold is none."""
    found = re.match(r"\s*\+?([0-9]+)", said)
    digits = found[1].lstrip("0") if found else ""
    return int(digits) if digits and len(digits) < 5 and int(digits) <= LONGEST_MARKER else MARKER_SIZE


def read_marker_size(git: Git, path: str) -> int:
    """How many characters a marker has in a file, for git at the top."""
    said = git.run("check-attr", "-z", "conflict-marker-size", "--", path).stdout.split(b"\0")
    return parse_marker_size(said[2].decode("ascii", "replace")) if len(said) > 2 else MARKER_SIZE
