"""What people change: each returns an edit."""
