"""What each command does with its values: one module a command or family of commands."""
