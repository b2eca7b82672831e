"""The tables of the history. Every row belongs to one commit, and follows from that commit's ancestors alone."""

from __future__ import annotations

_STATEMENTS = (
    # Commits that changed milestones, or name some. `date` is the corrected commit date, by which all is ordered.
    "CREATE TABLE commit_log (number INTEGER PRIMARY KEY, oid BLOB NOT NULL UNIQUE, date INTEGER NOT NULL,"
    " authored INTEGER NOT NULL, author TEXT NOT NULL, email TEXT NOT NULL, subject TEXT NOT NULL)",
    "CREATE INDEX commit_log_by_date ON commit_log (date, oid)",
    # What a commit did to a milestone: `created`, `changed` or `deleted` it. `status` is NULL where it did not change,
    # or can't be read.
    "CREATE TABLE milestone_change (number INTEGER NOT NULL, milestone_id TEXT NOT NULL, kind TEXT NOT NULL,"
    " is_readable INTEGER NOT NULL, status TEXT, PRIMARY KEY (number, milestone_id)) WITHOUT ROWID",
    "CREATE INDEX milestone_change_by_id ON milestone_change (milestone_id, number, kind, is_readable, status)",
    # A field that differs. Where a value is no text, both are JSON.
    "CREATE TABLE event (number INTEGER NOT NULL, milestone_id TEXT NOT NULL, position INTEGER NOT NULL,"
    " field TEXT NOT NULL, old TEXT, new TEXT, is_json INTEGER NOT NULL,"
    " PRIMARY KEY (number, milestone_id, position)) WITHOUT ROWID",
    # What a commit left unreadable, by its blob ('' of what is no plain file); `behind` is the blob that could last be
    # read before, NULL where there was none.
    "CREATE TABLE unreadable (number INTEGER NOT NULL, milestone_id TEXT NOT NULL, oid BLOB NOT NULL, behind BLOB,"
    " PRIMARY KEY (milestone_id, oid, number)) WITHOUT ROWID",
    "CREATE INDEX unreadable_by_number ON unreadable (number)",
    "CREATE TABLE trailer (number INTEGER NOT NULL, milestone_id TEXT NOT NULL, PRIMARY KEY (number, milestone_id))"
    " WITHOUT ROWID",
    "CREATE INDEX trailer_by_id ON trailer (milestone_id, number)",
    # The commits whose corrected date is not their own; a late one claims to be older than a parent.
    "CREATE TABLE skewed_commit (oid BLOB NOT NULL PRIMARY KEY, date INTEGER NOT NULL, is_late INTEGER NOT NULL)"
    " WITHOUT ROWID",
    # One row, or none. `boundary` is where a shallow clone ends, as git keeps it.
    "CREATE TABLE history_stamp (commit_oid TEXT NOT NULL, boundary TEXT NOT NULL)",
)

TABLES = ("commit_log", "milestone_change", "event", "unreadable", "trailer", "skewed_commit", "history_stamp")


def create_statements() -> list[str]:
    return list(_STATEMENTS)
