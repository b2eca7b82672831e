"""What is put into somebody's repository: hooks, drivers, a repository of one's own."""
