"""What can go wrong between here and a mirror."""

from __future__ import annotations

from gitmilestone.errors import EnvironmentFault


class MirrorUnavailable(EnvironmentFault):
    """The mirror can't be asked, or brought up to date; it is as it was. Answers come from the index."""


class NewerMirror(MirrorUnavailable):
    """A newer version of this program keeps the mirror; it is left alone."""
