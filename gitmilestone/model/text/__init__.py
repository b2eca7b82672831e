"""The YAML text of a milestone: read, and edited without disturbing what was not edited."""
