"""git's own merge of lines, for files of which nothing better can be made."""

from __future__ import annotations

from gitmilestone.model.merging.merge_text import ConflictStyle, Markers
from gitmilestone.store.git import Git

FAILED = 128
"""From here on an exit status counts no conflicts."""


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
