"""The keys of our advisory locks on a server, which other programs' locks must not meet."""

LOCKS = 1_835_822_195
"""The first of two keys: the second is 0 for migrations, 1 for indexes, 2 for events, 3 for the analytics' views, or
what a text hashes to."""

LOADING = LOCKS + 1
"""The first key of a lock that whoever fills a state has until its stamp is there; the second is its state_id."""
