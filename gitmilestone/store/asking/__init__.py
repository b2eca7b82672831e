"""What git's history and branches say."""
