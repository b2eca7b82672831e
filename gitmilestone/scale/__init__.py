"""When a project has outgrown its tier: pure functions over what was measured."""
