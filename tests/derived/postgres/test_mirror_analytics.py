"""The view of counts follows the mirror, and takes a hundredth of the time at most."""

from __future__ import annotations

import pytest

from gitmilestone.derived.postgres import analytics
from gitmilestone.derived.postgres.analytics import refresh_analytics
from gitmilestone.derived.postgres.catch_up import catch_up_mirror
from gitmilestone.derived.postgres.locks import LOCKS
from gitmilestone.derived.postgres.server.connect import Server
from tests.derived.mirrors import assert_right
from tests.derived.postgres.test_mirror_migrations import become, empty_server, roles
from tests.derived.states import Told, many, yaml
from tests.repositories import Clone

__all__ = ["empty_server", "roles"]  # fixtures

_AGE = "UPDATE milestone.analytics_refresh SET began = began - (seconds * %s) * interval '1 s'"


def read_counts(server: Server) -> int:
    with server.connect() as link:
        found = link.connection.execute("SELECT COALESCE(SUM(milestones), 0)::int FROM milestone.analytics").fetchone()
    assert found is not None
    return int(found[0])


def age(server: Server, times: int) -> None:
    """Lets as many times as long pass as the last time took."""
    with server.connect() as link:
        # Before what the clock has done by itself.
        link.connection.execute("UPDATE milestone.analytics_refresh SET began = clock_timestamp(), seconds = 60")
        link.connection.execute(_AGE, (times,))


def refresh(server: Server) -> bool:
    with server.connect() as link:
        return refresh_analytics(link.connection)


def test_a_refresh_of_the_mirror_refreshes_it(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(5))
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    assert read_counts(mirror_server) == 5


def test_it_takes_a_hundredth_of_the_time(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(5))
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    age(mirror_server, 99)
    clone.write({"active/new.yaml": yaml("New")})
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
        assert read_counts(mirror_server) == 5
        age(mirror_server, 102)
        catch_up_mirror(mirror_server, store)  # nothing has changed but the time
    assert read_counts(mirror_server) == 6


def test_what_has_not_changed_is_not_refreshed(mirror_server: Server, clone: Clone) -> None:
    clone.write(many(5))
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    age(mirror_server, 1000)
    assert not refresh(mirror_server)


def test_two_do_not_wait_for_each_other(mirror_server: Server) -> None:
    with mirror_server.connect() as other, other.connection.transaction():
        other.connection.execute("SELECT pg_advisory_xact_lock(%s, 3)", (LOCKS,))
        assert not refresh(mirror_server)
    assert refresh(mirror_server)


def test_who_does_not_own_it_leaves_it(roles: Server, clone: Clone) -> None:
    with clone.store() as store:
        catch_up_mirror(become(roles, "milestone_writer"), store)
    with roles.connect() as link:
        link.connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA milestone TO milestone_reader")
        link.connection.execute("DELETE FROM milestone.analytics_refresh")
    assert not refresh(become(roles, "ana"))
    assert refresh(become(roles, "milestone_writer"))


def test_it_fails_no_refresh(mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analytics, "_RECORD", "SELECT 1 / 0 WHERE %s <> ''")
    clone.write(many(5))
    told = Told()
    with clone.store() as store:
        catch_up_mirror(mirror_server, store, watch=told)
        assert_right(mirror_server, store)
    assert read_counts(mirror_server) == 0
    assert len(told.warnings) == 1
    assert "what is mirrored is up to date" in told.warnings[0]


def test_whoever_holds_its_lock_is_not_waited_for_long(
    mirror_server: Server, clone: Clone, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone.write(many(5))
    told = Told()
    with clone.store() as store, mirror_server.connect() as other, other.connection.transaction():
        other.connection.execute("LOCK TABLE milestone.analytics_refresh IN SHARE MODE")
        other.connection.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY milestone.analytics")
        catch_up_mirror(mirror_server, store, watch=told)
        assert_right(mirror_server, store)
    assert told.warnings == []
