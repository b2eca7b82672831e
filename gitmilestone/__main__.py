"""`python -m gitmilestone`."""

from __future__ import annotations

import sys

if not sys.flags.safe_path:
    # The first place is the working directory: anybody's repository, from which nothing is to be imported.
    del sys.path[0]

from gitmilestone.faces.cli.main import run

if __name__ == "__main__":
    run()
