-- When the materialized view was last brought up to date, of what, and what that took: so that it takes a hundredth of
-- the time at most.

CREATE TABLE milestone.analytics_refresh (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    began timestamptz NOT NULL,
    seconds double precision NOT NULL,
    stamps text NOT NULL  -- a digest of all that were there
);
