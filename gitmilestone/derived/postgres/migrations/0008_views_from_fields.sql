-- From here on the columns that hold fields, and the views, are made from the list of fields by shape.py, whenever one is
-- missing: a field needs no migration.

COMMENT ON VIEW milestone.documents IS
    'One JSON document a milestone. What is computed wins over a key of its own; all of those are in "extra".';
