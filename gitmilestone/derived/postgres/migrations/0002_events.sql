-- Who changed which fields of which milestone when, as the history of a ref says it. A commit's rows come and go with
-- it, in the transaction that moves the stamp. Partitioned by month of the commit; partitions are made as needed.

ALTER TABLE milestone.stamp ADD COLUMN history_commit text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE milestone.stamp ADD COLUMN history_boundary text NOT NULL DEFAULT '';  -- where a shallow clone ended

CREATE TABLE milestone.event (
    repository_id integer NOT NULL,
    ref text COLLATE "C" NOT NULL,
    happened timestamptz NOT NULL,  -- the corrected commit date: later than that of each parent
    commit_oid bytea NOT NULL,
    milestone_id text COLLATE "C" NOT NULL,
    position integer NOT NULL,  -- among the fields that the commit changed
    kind text COLLATE "C" NOT NULL,
    field text COLLATE "C",  -- NULL, and no values, where a file could not be read
    old text COLLATE "C",
    new text COLLATE "C",
    is_json boolean NOT NULL,
    authored timestamptz NOT NULL,
    author text COLLATE "C" NOT NULL,
    email text COLLATE "C" NOT NULL,
    PRIMARY KEY (repository_id, ref, happened, commit_oid, milestone_id, position)
) PARTITION BY RANGE (happened);

CREATE INDEX event_by_milestone ON milestone.event (repository_id, ref, milestone_id, happened);
CREATE INDEX event_by_commit ON milestone.event (repository_id, ref, commit_oid);
