-- Which branch of a repository others mean who name it: the one that its clones say is its default one, else the one
-- that was mirrored first.

ALTER TABLE milestone.repository ADD COLUMN default_ref text COLLATE "C";

UPDATE milestone.repository SET default_ref = (
    SELECT ref FROM milestone.stamp
    WHERE stamp.repository_id = repository.repository_id AND ref LIKE 'refs/heads/%'
    ORDER BY ref NOT IN ('refs/heads/main', 'refs/heads/master'), changed, ref LIMIT 1
);
