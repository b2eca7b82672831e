-- What people ask by SQL: with dates that are dates, and one JSON document a milestone.

CREATE VIEW milestone.milestones WITH (security_invoker = true) AS
SELECT
    repository.name AS repository,
    stamp.ref,
    milestone.id,
    milestone.title,
    milestone.status,
    milestone.project,
    milestone.owner,
    milestone.priority,
    milestone.start::date AS start,
    milestone.due::date AS due,
    milestone.estimate,
    milestone.created::timestamptz AS created,
    CASE milestone.labels WHEN '' THEN '{}' ELSE string_to_array(milestone.labels, E'\n') END AS labels,
    milestone.description,
    milestone.progress,
    milestone.is_open = 1 AS is_open,
    milestone.custom,
    '.milestones/' || milestone.path AS path,
    milestone.repository_id,
    milestone.state_id
FROM milestone.milestone
JOIN milestone.stamp USING (repository_id, state_id)
JOIN milestone.repository USING (repository_id);

CREATE VIEW milestone.documents WITH (security_invoker = true) AS
SELECT
    milestones.repository,
    milestones.ref,
    milestones.id,
    to_jsonb(milestones) - '{repository,ref,repository_id,state_id,custom}'::text[]
        || COALESCE(milestones.custom, '{}')
        || jsonb_build_object(
            'depends_on', (
                SELECT COALESCE(jsonb_agg(jsonb_build_object('id', target, 'type', type) ORDER BY target), '[]')
                FROM milestone.dependency
                WHERE dependency.repository_id = milestones.repository_id
                AND dependency.state_id = milestones.state_id AND dependency.milestone_id = milestones.id
            ),
            'tasks', (
                SELECT COALESCE(jsonb_agg(jsonb_build_object(
                    'id', task.id, 'title', task.title, 'status', task.status, 'weight', task.weight,
                    'completed', task.completed) ORDER BY position), '[]')
                FROM milestone.task
                WHERE task.repository_id = milestones.repository_id
                AND task.state_id = milestones.state_id AND task.milestone_id = milestones.id
            )
        ) AS document
FROM milestone.milestones;

-- Counts over everything, as of the last refresh, which readers do not wait for.
CREATE MATERIALIZED VIEW milestone.analytics AS
SELECT
    md5(repository.name || E'\n' || stamp.ref || E'\n' || COALESCE(milestone.project, '')) || milestone.status AS key,
    repository.name AS repository,
    stamp.ref,
    COALESCE(milestone.project, '') AS project,
    milestone.status,
    COUNT(*) AS milestones,
    SUM(milestone.progress) AS progress,
    COUNT(*) FILTER (WHERE milestone.due IS NULL) AS without_due,
    MIN(milestone.due) AS first_due,
    MAX(milestone.due) AS last_due
FROM milestone.milestone
JOIN milestone.stamp USING (repository_id, state_id)
JOIN milestone.repository USING (repository_id)
GROUP BY 1, 2, 3, 4, 5;

-- What lets it be refreshed while it is read; a project's name may be too long for an index.
CREATE UNIQUE INDEX analytics_key ON milestone.analytics (key);
