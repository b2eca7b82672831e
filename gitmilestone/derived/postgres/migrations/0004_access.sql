-- Who may see which projects. The account that keeps the mirror owns the tables and sees everything; every other one
-- sees what this table grants to it, or to a role that it is a member of. Only the owner, or a DBA, writes it: a policy
-- that asked a setting instead could be widened by SET.

CREATE TABLE milestone.project_grant (
    repository_id integer NOT NULL REFERENCES milestone.repository,
    role_name name NOT NULL,
    project text COLLATE "C" NOT NULL,  -- '' is what has none, '*' is all of them
    PRIMARY KEY (repository_id, role_name, project)
);

ALTER TABLE milestone.project_grant ENABLE ROW LEVEL SECURITY;
ALTER TABLE milestone.repository ENABLE ROW LEVEL SECURITY;
ALTER TABLE milestone.stamp ENABLE ROW LEVEL SECURITY;
ALTER TABLE milestone.milestone ENABLE ROW LEVEL SECURITY;
ALTER TABLE milestone.label ENABLE ROW LEVEL SECURITY;
ALTER TABLE milestone.dependency ENABLE ROW LEVEL SECURITY;
ALTER TABLE milestone.task ENABLE ROW LEVEL SECURITY;
ALTER TABLE milestone.custom ENABLE ROW LEVEL SECURITY;
ALTER TABLE milestone.unserved ENABLE ROW LEVEL SECURITY;
ALTER TABLE milestone.event ENABLE ROW LEVEL SECURITY;

CREATE POLICY own ON milestone.project_grant FOR SELECT USING (
    role_name IN (SELECT rolname FROM pg_roles WHERE pg_has_role(pg_roles.oid, 'MEMBER'))
);
CREATE POLICY granted ON milestone.repository FOR SELECT USING (
    repository_id IN (SELECT given.repository_id FROM milestone.project_grant AS given)
);
CREATE POLICY granted ON milestone.stamp FOR SELECT USING (
    repository_id IN (SELECT given.repository_id FROM milestone.project_grant AS given)
);
CREATE POLICY granted ON milestone.milestone FOR SELECT USING (
    EXISTS (
        SELECT FROM milestone.project_grant AS given
        WHERE given.repository_id = milestone.repository_id
        AND given.project IN ('*', COALESCE(milestone.project, ''))
    )
);
CREATE POLICY granted ON milestone.unserved FOR SELECT USING (
    EXISTS (
        SELECT FROM milestone.project_grant AS given
        WHERE given.repository_id = unserved.repository_id AND given.project = '*'
    )
);

-- What belongs to a milestone is seen with it.
CREATE POLICY granted ON milestone.label FOR SELECT USING (
    EXISTS (
        SELECT FROM milestone.milestone AS seen WHERE seen.repository_id = label.repository_id
        AND seen.state_id = label.state_id AND seen.id = label.milestone_id
    )
);
CREATE POLICY granted ON milestone.dependency FOR SELECT USING (
    EXISTS (
        SELECT FROM milestone.milestone AS seen WHERE seen.repository_id = dependency.repository_id
        AND seen.state_id = dependency.state_id AND seen.id = dependency.milestone_id
    )
);
CREATE POLICY granted ON milestone.task FOR SELECT USING (
    EXISTS (
        SELECT FROM milestone.milestone AS seen WHERE seen.repository_id = task.repository_id
        AND seen.state_id = task.state_id AND seen.id = task.milestone_id
    )
);
CREATE POLICY granted ON milestone.custom FOR SELECT USING (
    EXISTS (
        SELECT FROM milestone.milestone AS seen WHERE seen.repository_id = custom.repository_id
        AND seen.state_id = custom.state_id AND seen.id = custom.milestone_id
    )
);

-- An event may be of a project that the milestone has left: only who sees all of a repository sees its events.
CREATE POLICY granted ON milestone.event FOR SELECT USING (
    EXISTS (
        SELECT FROM milestone.project_grant AS given
        WHERE given.repository_id = event.repository_id AND given.project = '*'
    )
);

-- The tables by name, and never their partitions, to which no policy applies; no materialized view, for the same reason.
CREATE FUNCTION milestone.grant_to_readers(reader name) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT USAGE ON SCHEMA milestone TO %I', reader);
    EXECUTE format(
        'GRANT SELECT ON milestone.migration, milestone.repository, milestone.stamp, milestone.milestone,'
        ' milestone.label, milestone.dependency, milestone.task, milestone.custom, milestone.unserved, milestone.event,'
        ' milestone.project_grant, milestone.milestones, milestone.documents TO %I', reader);
END
$$;
REVOKE ALL ON FUNCTION milestone.grant_to_readers FROM PUBLIC;

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'milestone_reader') THEN
        PERFORM milestone.grant_to_readers('milestone_reader');
    END IF;
END
$$;
