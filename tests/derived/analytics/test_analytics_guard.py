"""What strangers may ask: everything about milestones, and nothing else of the machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gitmilestone.derived.analytics import open as analytics_module
from gitmilestone.derived.analytics.open import Analytics, Stamp, open_analytics
from gitmilestone.errors import InvalidQuery, InvalidRequest
from tests.derived.analytics_source import Rows

SECRET = "for nobody's eyes"

# `SECRET_FILE` and `DATABASE_FILE` are there, and can be read by who runs the test.
HOSTILE = """
SELECT * FROM read_csv('SECRET_FILE')
SELECT * FROM read_text('SECRET_FILE')
SELECT * FROM read_blob('SECRET_FILE')
SELECT * FROM read_json('SECRET_FILE')
SELECT * FROM read_parquet('SECRET_FILE')
SELECT * FROM 'SECRET_FILE'
SELECT * FROM "SECRET_FILE"
FROM 'SECRET_FILE'
SELECT * FROM glob('/*')
SELECT * FROM sniff_csv('SECRET_FILE')
SELECT * FROM read_csv('https://example.com/x.csv')
SELECT * FROM 'https://example.com/x.parquet'
SELECT * FROM read_duckdb('DATABASE_FILE')
SELECT getenv('HOME')
SELECT list_transform(['HOME'], x -> getenv(x))
SELECT * FROM duckdb_settings()
SELECT * FROM duckdb_secrets()
SELECT * FROM duckdb_extensions()
SELECT * FROM pragma_database_list
SELECT * FROM sqlite_master
SELECT * FROM information_schema.tables
SELECT * FROM stored.stamp
SELECT * FROM analytics.main.milestones
SELECT * FROM query('SELECT 1')
SELECT * FROM query_table('milestones')
SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))
SELECT * FROM arrow_scan(1::UBIGINT::VARCHAR::POINTER, 1, 1)
SELECT * FROM pandas_scan(1)
SELECT * FROM seq_scan()
SELECT * FROM enable_logging(storage := 'file', storage_config := {'path': 'OUT_FILE'})
SELECT * FROM enable_profiling(save_location := 'OUT_FILE')
SELECT * FROM checkpoint()
SELECT * FROM force_checkpoint()
SELECT * FROM repeat('x', 1000000000)
SELECT write_log('x')
SELECT sleep_ms(1000000)
SELECT nextval('x')
WITH x AS (DELETE FROM milestones RETURNING *) SELECT * FROM x
WITH x AS MATERIALIZED (INSERT INTO labels VALUES ('a', 'b') RETURNING *) SELECT * FROM x
WITH x AS (UPDATE milestones SET title = 'x' RETURNING *) SELECT * FROM x
INSERT INTO labels VALUES ('a', 'b')
UPDATE milestones SET title = 'x'
DELETE FROM milestones
MERGE INTO milestones USING tasks ON true WHEN MATCHED THEN DELETE
DROP TABLE milestones
TRUNCATE milestones
ALTER TABLE milestones ADD COLUMN x INT
CREATE TABLE x AS SELECT 1
CREATE TEMP TABLE x AS SELECT 1
CREATE MACRO f(x) AS x
CREATE SECRET (TYPE s3)
COPY milestones TO 'OUT_FILE.csv'
COPY (SELECT 1) TO 'OUT_FILE.csv'
COPY labels FROM 'SECRET_FILE'
EXPORT DATABASE 'OUT_FILE'
IMPORT DATABASE 'OUT_FILE'
ATTACH 'DATABASE_FILE' AS other
ATTACH ':memory:' AS other
DETACH analytics
USE memory
INSTALL httpfs
LOAD httpfs
LOAD 'OUT_FILE.duckdb_extension'
FORCE INSTALL httpfs FROM community
SET enable_external_access = true
SET memory_limit = '100GB'
RESET lock_configuration
SET VARIABLE x = 1
PRAGMA database_list
PRAGMA enable_profiling
CALL pragma_version()
EXPLAIN SELECT 1
EXPLAIN ANALYZE SELECT 1
PREPARE p AS SELECT 1
EXECUTE p
BEGIN
VACUUM
ANALYZE
CHECKPOINT
SHOW TABLES
SHOW ALL TABLES
DESCRIBE 'SECRET_FILE'
SUMMARIZE 'SECRET_FILE'
PIVOT milestones ON status USING count(*)
SELECT 1; DROP TABLE milestones
SELECT 1; SELECT 2
DROP TABLE milestones; SELECT 1
SELECT * FROM secret
SELECT * FROM path
SELECT * FROM (SELECT * FROM (SELECT * FROM read_text('SECRET_FILE')))
SELECT (SELECT count(*) FROM glob('/*'))
SELECT * FROM milestones, LATERAL (SELECT * FROM glob(title))
SELECT * FROM milestones WHERE EXISTS (SELECT 1 FROM 'x.csv')
SELECT 1 UNION ALL SELECT content FROM read_text('SECRET_FILE')
VALUES ((SELECT content FROM read_text('SECRET_FILE')))
WITH read_text AS (SELECT 1) SELECT * FROM read_text('SECRET_FILE')
SELECT * FROM milestones ORDER BY (SELECT content FROM read_text('SECRET_FILE'))
SELECT * FROM milestones LIMIT (SELECT count(*) FROM read_text('SECRET_FILE'))
SELECT * FROM (PIVOT (SELECT * FROM read_text('SECRET_FILE')) ON filename IN ('a') USING count(*))
SELECT count(*) FILTER (WHERE (SELECT true FROM read_text('SECRET_FILE')))
SELECT COLUMNS(c -> c IN (SELECT content FROM read_text('SECRET_FILE'))) FROM milestones
SELECT 1 AT TIME ZONE (SELECT content FROM read_text('SECRET_FILE'))
SELECT * FROM milestones AT (VERSION => 1)
SELECT $x
SELECT ?
SELECT getvariable('x')
SELECT in_search_path('a','b')
SELECT current_setting('memory_limit')
""".strip().splitlines()

HONEST = """
SELECT count(*) FROM milestones
FROM milestones
TABLE milestones
VALUES (1), (2)
SELECT m.id, t.title FROM milestones AS m JOIN tasks AS t ON t.milestone_id = m.id ORDER BY ALL
SELECT * FROM milestones LEFT JOIN activity ON milestone_id = id WHERE due BETWEEN DATE '2026-01-01' AND current_date
WITH late AS (SELECT * FROM milestones WHERE due < current_date) SELECT owner, count(*) FROM late GROUP BY ALL
WITH RECURSIVE up(id) AS (SELECT 'login' UNION SELECT target FROM dependencies JOIN up ON id = milestone_id) FROM up
SELECT status, count(*) FILTER (is_blocked) FROM milestones GROUP BY ROLLUP (status) HAVING count(*) > 0
SELECT id, row_number() OVER (PARTITION BY project ORDER BY due NULLS FIRST) FROM milestones QUALIFY 1 = 1
SELECT sum(1) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM milestones WINDOW w AS (ORDER BY id)
SELECT label, count(*) FROM (SELECT unnest(labels) AS label FROM milestones) GROUP BY 1 ORDER BY 2 DESC LIMIT 3 OFFSET 0
SELECT list_transform(labels, lambda label: upper(label)), [x FOR x IN labels IF x <> 'a'], labels[1:2] FROM milestones
SELECT day FROM range(DATE '2026-01-01', DATE '2026-02-01', INTERVAL 7 DAY) AS days(day)
SELECT * FROM generate_series(1, 3), unnest([1, 2])
SELECT extra->>'$.team', json_extract(extra, '$.a') FROM milestones
SELECT j.key FROM milestones, json_each(extra) AS j
SELECT DISTINCT ON (project) id FROM milestones ORDER BY project, due DESC LIMIT 50%
SELECT id FROM milestones EXCEPT SELECT milestone_id FROM tasks UNION ALL BY NAME SELECT milestone_id AS id FROM labels
SELECT * FROM (PIVOT milestones ON status IN ('planned', 'completed') USING count(*) GROUP BY project)
SELECT * FROM (UNPIVOT (SELECT tasks, tasks_done FROM milestones) ON COLUMNS(*))
SELECT * EXCLUDE (description) REPLACE (upper(id) AS id), COLUMNS('t.*') FROM milestones
SELECT CASE WHEN is_open THEN 'open' ELSE 'closed' END, TRY_CAST(title AS INT), {'a': 1}.a, id LIKE 'a%' FROM milestones
SELECT quantile_cont(lead_days, [0.5, 0.85]), median(cycle_days), strftime(max(completed_at), '%Y-%m') FROM activity
SELECT * FROM milestones WHERE EXISTS (FROM tasks WHERE milestone_id = id) OR id IN (SELECT target FROM dependencies)
SELECT * FROM events ASOF JOIN activity ON events.milestone_id = activity.milestone_id AND time >= updated_at
SELECT * FROM milestones, LATERAL (SELECT count(*) AS n FROM tasks WHERE milestone_id = id) POSITIONAL JOIN labels
SELECT * FROM milestones USING SAMPLE 10 ROWS
SELECT MILESTONES.id FROM Milestones -- whatever the case
SELECT 'DROP TABLE milestones; ATTACH', "title" FROM milestones;
(SELECT id FROM milestones) ORDER BY 1
""".strip().splitlines()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("analytics")


@pytest.fixture(scope="module", params=["file", "memory"])
def analytics(folder: Path, request: pytest.FixtureRequest) -> Iterator[Analytics]:
    rows = Rows()
    rows.add_milestone("login", extra='{"team": "core"}')
    rows.add("task", milestone_id="login", position=0, id="qr", title="QR code", status="planned")
    (folder / "secret.csv").write_text(f"a,b\n{SECRET},2\n")
    path = str(folder / "analytics.duckdb")
    with open_analytics(path, Stamp(request.param, ""), rows.source, is_kept=request.param == "file") as found:
        yield found
    rows.connection.close()


def spell(statement: str, folder: Path) -> str:
    for word, name in (("SECRET_FILE", "secret.csv"), ("DATABASE_FILE", "analytics.duckdb"), ("OUT_FILE", "out")):
        statement = statement.replace(word, str(folder / name))
    return statement


@pytest.mark.parametrize("statement", HOSTILE)
def test_hostile_queries_are_refused(analytics: Analytics, folder: Path, statement: str) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(InvalidRequest) as caught:
        analytics.query(spell(statement, folder))
    assert caught.value.message
    assert SECRET not in str(caught.value)
    assert sorted(folder.iterdir()) == before
    assert analytics.query("SELECT count(*) FROM milestones").rows == [(1,)]


@pytest.mark.parametrize("statement", [line for line in HOSTILE if "_FILE" in line or "http" in line])
def test_the_settings_hold_even_without_the_guard(
    analytics: Analytics, folder: Path, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analytics_module, "check_tree", lambda *_: None)
    before = sorted(folder.iterdir())
    with pytest.raises(InvalidRequest):
        analytics.query(spell(statement, folder))
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("statement", HONEST)
def test_honest_queries_are_answered(analytics: Analytics, statement: str) -> None:
    assert analytics.query(statement).columns


@pytest.mark.parametrize(
    "text",
    [
        *("SELECT " + opened * 5000 + "1" + closed * 5000 for opened, closed in ("()", "[]", ("- ", ""), ("1+", ""))),
        "SELECT * FROM " + "(SELECT * FROM " * 5000 + "milestones" + ")" * 5000,
        *("", ";", "-- nothing", "SELECT 1\0", "SELECT '\udcff'", "SELECT '", "\ufeff", "SELECT (", "é"),
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_no_query_is_refused(analytics: Analytics, text: str) -> None:
    with pytest.raises(InvalidRequest):
        analytics.query(text)


def test_a_table_that_is_not_there_is_pointed_at(analytics: Analytics) -> None:
    with pytest.raises(InvalidQuery, match="there is no table 'milestone'; did you mean milestones") as caught:
        analytics.query("SELECT 1 FROM labels, milestone")
    assert caught.value.position == 22
