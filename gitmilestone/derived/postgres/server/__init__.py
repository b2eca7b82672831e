"""Where a Postgres is to be had: a named server, or one of our own."""
