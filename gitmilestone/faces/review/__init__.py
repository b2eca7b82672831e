"""Reviews, as people and forges read them."""
