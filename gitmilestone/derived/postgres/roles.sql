-- For a DBA, once a database: psql -d DATABASE -f roles.sql
--
-- Two roles without a password of their own. Make accounts members of them:
--   GRANT milestone_writer TO ci;     -- whoever brings the mirror up to date: may do anything in its schema, alone
--   GRANT milestone_reader TO ana;    -- whoever reads; sees the projects that milestone.project_grant names
-- An account that is a writer connects with `options=-c role=milestone_writer`, so that the role owns what it makes.

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'milestone_writer') THEN
        CREATE ROLE milestone_writer NOLOGIN;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'milestone_reader') THEN
        CREATE ROLE milestone_reader NOLOGIN;
    END IF;
END
$$;

CREATE SCHEMA IF NOT EXISTS milestone AUTHORIZATION milestone_writer;
GRANT USAGE ON SCHEMA milestone TO milestone_reader;

-- Where the mirror is there already.
DO $$
BEGIN
    IF to_regprocedure('milestone.grant_to_readers(name)') IS NOT NULL THEN
        PERFORM milestone.grant_to_readers('milestone_reader');
    END IF;
END
$$;
