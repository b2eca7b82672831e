"""The table of the commands, a module a section."""
