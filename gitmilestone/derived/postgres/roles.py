"""What a DBA runs once, so that nobody else needs rights that go further."""

from __future__ import annotations

import os


def read_roles() -> str:
    """SQL that makes the roles of a mirror, and may be run again."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "roles.sql")
    with open(path, encoding="utf-8") as file:
        return file.read()
