-- Milestones of many repositories. Everything is derived from git: nothing here is written by hand.
--
-- A stamp says which tree of which ref some rows are of; rows and stamp change in one transaction. The rows of one
-- ref are the partitions of one state_id: a first load fills and indexes them before anyone sees them.

CREATE TABLE milestone.repository (
    repository_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE
);

CREATE SEQUENCE milestone.state_id AS integer;

CREATE TABLE milestone.stamp (
    repository_id integer NOT NULL REFERENCES milestone.repository,
    ref text COLLATE "C" NOT NULL,
    state_id integer NOT NULL UNIQUE,
    tree text COLLATE "C" NOT NULL,  -- '' is the empty one
    commit_oid text COLLATE "C" NOT NULL,  -- '' where there is none yet
    version integer NOT NULL,  -- of what is written into the rows
    unicode text NOT NULL,  -- by which texts were folded
    milestones bigint NOT NULL,
    bytes bigint NOT NULL,
    changed timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (repository_id, ref)
);

-- Texts are compared by their bytes, as the index does; NAME_key is NAME without case.
CREATE TABLE milestone.milestone (
    repository_id integer NOT NULL,
    state_id integer NOT NULL,
    path text COLLATE "C" NOT NULL,
    oid bytea NOT NULL,
    id text COLLATE "C" NOT NULL,
    schema integer NOT NULL,
    title text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    project text COLLATE "C",
    owner text COLLATE "C",
    priority text COLLATE "C",
    start text COLLATE "C",
    due text COLLATE "C",
    estimate double precision,
    created text COLLATE "C",
    description text COLLATE "C",
    labels text COLLATE "C" NOT NULL,
    extra text COLLATE "C",
    progress double precision NOT NULL,
    is_open smallint NOT NULL,
    priority_rank smallint,
    title_key text COLLATE "C" NOT NULL,
    project_key text COLLATE "C",
    owner_key text COLLATE "C",
    bytes integer NOT NULL,
    words tsvector NOT NULL,  -- A titles, B tasks, C descriptions, D all other texts
    long_words text[] COLLATE "C",  -- the same, in that order, where a tsvector has no room for them; else NULL
    custom jsonb GENERATED ALWAYS AS (extra::jsonb) STORED
) PARTITION BY LIST (state_id);

CREATE TABLE milestone.label (
    repository_id integer NOT NULL,
    state_id integer NOT NULL,
    milestone_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL
) PARTITION BY LIST (state_id);

-- A dependency may be on nothing: git takes it, and so there is no foreign key.
CREATE TABLE milestone.dependency (
    repository_id integer NOT NULL,
    state_id integer NOT NULL,
    milestone_id text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL
) PARTITION BY LIST (state_id);

CREATE TABLE milestone.task (
    repository_id integer NOT NULL,
    state_id integer NOT NULL,
    milestone_id text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    id text COLLATE "C" NOT NULL,
    title text COLLATE "C" NOT NULL,
    status text COLLATE "C",
    weight double precision,
    completed text COLLATE "C",
    extra text COLLATE "C"
) PARTITION BY LIST (state_id);

CREATE TABLE milestone.custom (
    repository_id integer NOT NULL,
    state_id integer NOT NULL,
    milestone_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    value text COLLATE "C"
) PARTITION BY LIST (state_id);

-- Files that no milestone stands for. A path is bytes to git.
CREATE TABLE milestone.unserved (
    repository_id integer NOT NULL,
    state_id integer NOT NULL,
    path bytea NOT NULL,
    oid bytea NOT NULL,
    id text COLLATE "C" NOT NULL,
    problems text
) PARTITION BY LIST (state_id);
