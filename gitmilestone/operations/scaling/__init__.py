"""From a tier to another, and what decides it."""
