"""Query text -> Query -> parameterised SQL."""
