"""Which tier a project is on."""

from __future__ import annotations

from gitmilestone.model.config import read_tier
from gitmilestone.model.layout import TIER_FILE
from gitmilestone.model.text.document import MAX_BYTES
from gitmilestone.store.files import Files, read_file


def get_tier(files: Files) -> str:
    return read_tier(read_file(files, TIER_FILE, MAX_BYTES))
