"""Writes the manual page into the wheel, from the commands of the very source that is built."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManualPage(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version
        sys.path.insert(0, self.root)
        try:
            from gitmilestone.faces.cli.man import format_manual
        finally:
            sys.path.remove(self.root)
        self.folder = TemporaryDirectory()
        page = Path(self.folder.name, "git-milestone.1")
        page.write_text(format_manual(self.metadata.version), encoding="utf-8")
        build_data["shared_data"][str(page)] = "share/man/man1/git-milestone.1"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        del version, build_data, artifact_path
        self.folder.cleanup()
