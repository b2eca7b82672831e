-- What whoever listens needs to read on from where he was: the order in which events came, and whether any went.
-- The events of before say less than those that are written from now on: the next refresh writes all of them anew.

TRUNCATE milestone.event;

-- Numbers that are given out in the order in which they are committed, by a ref's one writer: no CACHE.
CREATE SEQUENCE milestone.arrival AS bigint;

ALTER TABLE milestone.event
    ADD COLUMN is_readable boolean NOT NULL,  -- false where the file could not be read before or after
    ADD COLUMN subject text COLLATE "C" NOT NULL,
    ADD COLUMN arrival bigint NOT NULL DEFAULT nextval('milestone.arrival');  -- 0 is no news: only written again

CREATE INDEX event_by_arrival ON milestone.event (repository_id, ref, arrival);

ALTER TABLE milestone.stamp ADD COLUMN rewinds integer NOT NULL DEFAULT 0;  -- how often the ref was moved back or forced
UPDATE milestone.stamp SET history_commit = '', history_boundary = '';
