"""What git left in conflict, and branches made without a checkout."""
