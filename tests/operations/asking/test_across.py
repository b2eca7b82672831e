"""Milestones of several repositories together: real repositories, one real mirror."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from gitmilestone.changes.commit import commit_edit
from gitmilestone.derived.postgres.catch_up import catch_up_mirror, repository_name
from gitmilestone.derived.postgres.repositories import Repositories
from gitmilestone.derived.postgres.server.binaries import find_binaries
from gitmilestone.derived.postgres.server.connect import DSN_KEY, Server
from gitmilestone.model.link import Outline
from gitmilestone.model.problem import Problem
from gitmilestone.operations.asking.across import look_up
from gitmilestone.operations.asking.graph import Around, read_graph
from gitmilestone.operations.asking.ready import Held, find_blocked, find_ready
from gitmilestone.operations.asking.show import get_row
from gitmilestone.operations.checking.check import check
from gitmilestone.operations.checking.check_change import check_range
from gitmilestone.operations.editing.depend import add_dependencies, remove_dependencies
from gitmilestone.operations.scaling.switch import switch_tier
from gitmilestone.query.query import Query
from tests.derived.states import Told
from tests.repositories import Clone, run_git

pytestmark = pytest.mark.skipif(find_binaries() is None, reason="there is no Postgres to start")
ROADMAP = "git.example.com/plans/roadmap"
Make = Callable[..., Clone]


def text_of(*on: str, status: str = "planned", title: str = "x") -> str:
    """A milestone's file."""
    items = "".join(f"  - {target}\n" for target in on)
    return f"schema: 1\n\ntitle: {title}\n\nstatus: {status}\n\ndepends_on:\n{items}"


@pytest.fixture
def make(mirror_server: Server, template: Path, tmp_path: Path) -> Make:
    """`make("git.example.com/app", a=text, b=text)`: a repository with these open milestones, and its mirror."""

    def make(name: str, **files: str) -> Clone:
        place = tmp_path / name.replace("/", "_")
        shutil.copytree(template, place, symlinks=True)
        clone = Clone(place)
        clone.git("config", DSN_KEY, mirror_server.conninfo)
        clone.git("config", "milestone.postgres.repository", name)
        write(clone, **files)
        return clone

    return make


def write(clone: Clone, **files: str) -> None:
    def place(name: str, text: str) -> str:
        folder = "completed" if "status: completed" in text else "active"
        return f"{folder}/{name}.yaml"

    if files:
        gone = {f"active/{name}.yaml": None for name, text in files.items() if "status: completed" in text}
        clone.write({**gone, **{place(name, text): text for name, text in files.items()}})
    with clone.store() as store:
        catch_up_mirror(server_of(clone), store)


def server_of(clone: Clone) -> Server:
    from gitmilestone.derived.postgres.server.connect import get_server

    with clone.store() as store:
        return get_server(store)


def ready(clone: Clone, told: Told | None = None) -> list[str]:
    with clone.store() as store:
        found = find_ready(store, store.files_at(), Query(), told or Told())
    return [row.milestone.id for row in found.rows]


def blocked(clone: Clone) -> dict[str, Held]:
    with clone.store() as store:
        found = find_blocked(store, store.files_at(), Query())
    return {held.row.milestone.id: held for held in found.held}


def problems(clone: Clone, told: Told | None = None) -> list[Problem]:
    with clone.store() as store:
        return list(check(store.files_at(), store, told or Told()).problems)


def test_what_another_repository_has_open_holds_a_milestone_up(make: Make) -> None:
    roadmap = make(ROADMAP, launch=text_of(title="Launch"), done=text_of(status="completed"))
    app = make("git.example.com/app", a=text_of("roadmap:launch"), b=text_of("plans/roadmap:done"), c=text_of("a"))
    told = Told()
    assert ready(app, told) == ["b"]
    assert told.warnings == []
    held = blocked(app)
    assert [*held] == ["a", "c"]
    launch = Outline("roadmap:launch", "Launch", "planned", repository=ROADMAP)
    assert held["a"].waits_for == (launch,)
    assert (held["a"].start_with, held["a"].reason) == (launch, "elsewhere")
    assert (held["c"].start_with, held["c"].reason) == (launch, "elsewhere")
    write(roadmap, launch=text_of(status="completed"))
    assert ready(app) == ["a", "b"]
    assert [*blocked(app)] == ["c"]
    assert blocked(app)["c"].reason == ""


def test_what_the_tree_says_does_not_change(make: Make) -> None:
    make(ROADMAP, launch=text_of())
    app = make("git.example.com/app", a=text_of("roadmap:launch"))
    with app.store() as store:
        row = get_row(store, store.files_at(), "a")
    assert (row.is_blocked, row.blocked_by) == (False, ())
    assert [on.id for on in row.milestone.depends_on] == ["roadmap:launch"]


def test_what_only_relates_holds_nothing_up(make: Make) -> None:
    make(ROADMAP, launch=text_of())
    app = make("git.example.com/app", a=text_of("roadmap:launch: relates"))
    assert ready(app) == ["a"]
    assert problems(app) == []


def test_what_is_not_known_is_named_and_holds_up(make: Make) -> None:
    make(ROADMAP, launch=text_of())
    app = make("git.example.com/app", a=text_of("roadmap:gone"), b=text_of("nowhere:x"))
    assert ready(app) == []
    assert {name: held.reason for name, held in blocked(app).items()} == {"a": "unknown", "b": "unknown"}
    found = [(problem.path, problem.line, problem.code, problem.message) for problem in problems(app)]
    assert found == [
        (
            ".milestones/active/a.yaml",
            8,
            "dangling-dependency",
            f"it depends on roadmap:gone: {ROADMAP} has no milestone gone that can be seen here",
        ),
        (
            ".milestones/active/b.yaml",
            8,
            "dangling-dependency",
            "it depends on nowhere:x: no repository that can be seen here is called nowhere",
        ),
    ]


def test_a_name_that_two_have_is_an_error_and_more_of_it_the_way_out(make: Make) -> None:
    make(ROADMAP, launch=text_of(status="completed"))
    make("other.org/roadmap", launch=text_of())
    app = make("git.example.com/app", a=text_of("roadmap:launch"), b=text_of("plans/roadmap:launch"))
    told = Told()
    assert ready(app, told) == ["b"]
    names = f"roadmap may be {ROADMAP} or other.org/roadmap"
    assert told.warnings == [f"warning: roadmap:launch: {names}; write more of the name"]
    told = Told()
    (problem,) = problems(app, told)
    assert told.warnings == []
    assert (problem.code, problem.severity) == ("ambiguous-dependency", "error")
    assert f"{ROADMAP} or other.org/roadmap" in problem.message


def test_a_whole_name_comes_before_the_end_of_another(make: Make) -> None:
    make("roadmap", launch=text_of(status="completed"))
    make("other.org/roadmap", launch=text_of())
    app = make("git.example.com/app", a=text_of("roadmap:launch"))
    assert (ready(app), problems(app)) == (["a"], [])


def test_a_folder_is_a_name_too(make: Make) -> None:
    make("box:/srv/plans", launch=text_of(status="completed"))
    app = make("git.example.com/app", a=text_of("plans:launch"), b=text_of("srv/plans:launch"))
    assert ready(app) == ["a", "b"]


def test_a_cycle_through_other_repositories_is_named(make: Make) -> None:
    make(ROADMAP, launch=text_of("step"), step=text_of("app:a", "lib:x"))
    make("git.example.com/lib", x=text_of("y"), y=text_of("plans/roadmap:step"))
    app = make("git.example.com/app", a=text_of("b"), b=text_of("roadmap:launch"), c=text_of("a"))
    (problem,) = problems(app)
    assert problem.code == "dependency-cycle"
    assert problem.path == ".milestones/active/b.yaml"
    assert problem.line == 8
    assert problem.message == "dependency cycle: b -> roadmap:launch -> roadmap:step -> a -> b"
    assert "depend remove b roadmap:launch" in problem.hint


def test_circles_of_others_and_ones_own_name_end(make: Make) -> None:
    make(ROADMAP, x=text_of("lib:y"))
    make("git.example.com/lib", y=text_of("roadmap:x", "y"))
    app = make("git.example.com/app", a=text_of("roadmap:x", "app:b"), b=text_of())
    assert problems(app) == []
    write(app, b=text_of("a"))
    assert [problem.message for problem in problems(app)] == ["dependency cycle: a -> b -> a"]


def test_a_long_chain_in_another_repository_is_followed(make: Make) -> None:
    chain = {f"m{number}": text_of(f"m{number + 1}") for number in range(300)}
    make(ROADMAP, **chain, m300=text_of("app:a"))
    app = make("git.example.com/app", a=text_of("roadmap:m0"))
    (problem,) = problems(app)
    assert problem.message.startswith("dependency cycle: a -> roadmap:m0 -> roadmap:m1 -> ")
    assert problem.message.endswith(" -> roadmap:m300 -> a")


def test_a_range_reports_what_it_brings(make: Make) -> None:
    make(ROADMAP, launch=text_of())
    app = make("git.example.com/app", a=text_of("roadmap:gone"))
    write(app, b=text_of("roadmap:lost"), c=text_of("roadmap:launch"))
    told = Told()
    with app.store() as store:
        found = check_range(store, "HEAD^..HEAD", told).problems
    assert [problem.path for problem in found] == [".milestones/active/b.yaml"]


def test_the_graph_ends_at_other_repositories(make: Make) -> None:
    make(ROADMAP, launch=text_of("x", title="Launch"), x=text_of(), done=text_of(status="completed"))
    app = make("git.example.com/app", a=text_of("roadmap:launch", "roadmap:done", "roadmap:gone"))
    with app.store() as store:
        graph = read_graph(store, store.files_at())
        whole = read_graph(store, store.files_at(), Around(["a"]), everything=True)
    assert [*graph.outlines] == ["a", "roadmap:launch", "roadmap:gone"]
    assert graph.outlines["roadmap:launch"].title == "Launch"
    assert [*whole.outlines] == ["a", "roadmap:done", "roadmap:launch", "roadmap:gone"]


def test_without_a_mirror_one_note_says_so(clone: Clone) -> None:
    clone.write({"active/a.yaml": text_of("roadmap:launch", "roadmap:x: relates"), "active/b.yaml": text_of()})
    told = Told()
    assert ready(clone, told) == ["b"]
    assert told.warnings == [
        "note: 2 dependencies on other repositories can't be looked up here: this project has no mirror"
    ]
    told = Told()
    assert problems(clone, told) == []
    assert len(told.warnings) == 1


def test_a_mirror_that_is_away_is_told_of_and_fails_nothing(clone: Clone) -> None:
    clone.write({"active/a.yaml": text_of("roadmap:launch"), "active/b.yaml": text_of()})
    clone.git("config", DSN_KEY, "host=127.0.0.1 port=1 user=ana password=hunter2 connect_timeout=2")
    told = Told()
    assert ready(clone, told) == ["b"]
    assert problems(clone, told) == []
    assert len(told.warnings) == 2
    assert "1 dependency on other repositories can't be looked up here" in told.warnings[0]
    assert "hunter2" not in "".join(told.warnings)


def test_who_depends_on_nobody_asks_nobody(clone: Clone) -> None:
    clone.write({"active/a.yaml": text_of(), "active/b.yaml": text_of("a")})
    clone.git("config", DSN_KEY, "host=127.0.0.1 port=1 connect_timeout=2")
    told = Told()
    assert ready(clone, told) == ["a"]
    assert problems(clone, told) == []
    assert told.warnings == []


def test_the_embedded_server_is_not_started_for_it(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    clone.write({"active/a.yaml": text_of("roadmap:launch"), "config/tier.yaml": "tier: postgresql\n"})
    monkeypatch.setattr(
        "gitmilestone.derived.postgres.server.embedded.Embedded.start", lambda _: pytest.fail("started")
    )
    told = Told()
    assert ready(clone, told) == []
    assert "has this repository alone" in told.warnings[0]


def test_a_project_of_that_tier_asks_its_mirror(make: Make) -> None:
    make(ROADMAP, launch=text_of(status="completed"))
    app = make("git.example.com/app", a=text_of("roadmap:launch"))
    with app.store() as store:
        switch_tier(store, "postgresql")
    assert ready(app) == ["a"]


def test_who_may_not_see_it_does_not_know_it(mirror_server: Server, make: Make) -> None:
    make(ROADMAP, launch=text_of(status="completed"), secret=text_of(status="completed", title="Secret"))
    app = make("git.example.com/app", a=text_of("roadmap:launch"))
    with mirror_server.connect() as admin:
        execute = admin.connection.execute
        execute("CREATE ROLE across_reader LOGIN")
        try:
            execute("SELECT milestone.grant_to_readers('across_reader')")
            app.git("config", DSN_KEY, make_conninfo(mirror_server.conninfo, options="-c role=across_reader"))
            assert ready(app) == []
            assert "no repository that can be seen here" in problems(app)[0].message
            execute(
                "INSERT INTO milestone.project_grant SELECT repository_id, 'across_reader', ''"
                " FROM milestone.repository WHERE name = %s",
                (ROADMAP,),
            )
            assert ready(app) == ["a"]
        finally:
            execute("DROP OWNED BY across_reader CASCADE")
            execute("DROP ROLE across_reader")


def find_default(server: Server, name: str) -> str:
    with Repositories(server) as repositories:
        return next(one.ref for one in repositories.list_all() if one.name == name)


def test_the_branch_that_counts_is_the_default_one(make: Make, tmp_path: Path, mirror_server: Server) -> None:
    roadmap = make(ROADMAP, launch=text_of())
    assert find_default(mirror_server, ROADMAP) == "refs/heads/main"  # the first that was mirrored
    roadmap.git("switch", "-qc", "later")
    write(roadmap, launch=text_of(status="completed"))
    app = make("git.example.com/app", a=text_of("roadmap:launch"))
    assert ready(app) == []
    # A clone knows what its origin calls the default branch.
    other = tmp_path / "other"
    run_git("clone", "-q", str(roadmap.path), str(other))
    clone = Clone(other)
    clone.git("config", "milestone.postgres.repository", ROADMAP)
    with clone.store() as store:
        catch_up_mirror(mirror_server, store)
    assert find_default(mirror_server, ROADMAP) == "refs/heads/later"
    assert ready(app) == ["a"]
    # A bare repository's HEAD is it.
    roadmap.git("switch", "-q", "main")
    run_git("clone", "-q", "--bare", str(roadmap.path), str(tmp_path / "bare"))
    bare = Clone(tmp_path / "bare")
    bare.git("config", "milestone.postgres.repository", ROADMAP)
    with bare.store() as store:
        catch_up_mirror(mirror_server, store)
    assert find_default(mirror_server, ROADMAP) == "refs/heads/main"


def test_a_detached_head_is_nobodys_default(make: Make, mirror_server: Server) -> None:
    roadmap = make(ROADMAP)
    with mirror_server.connect() as link:
        link.connection.execute("UPDATE milestone.repository SET default_ref = NULL")
    roadmap.git("switch", "-q", "--detach")
    write(roadmap)
    assert find_default(mirror_server, ROADMAP) == ""
    roadmap.git("switch", "-q", "main")
    write(roadmap)
    assert find_default(mirror_server, ROADMAP) == "refs/heads/main"


def test_they_are_added_and_removed_like_others(make: Make) -> None:
    app = make("git.example.com/app", a=text_of(), b=text_of())
    with app.store() as store:
        commit_edit(store, add_dependencies("a", ["b", "roadmap:launch"]))
        commit_edit(store, add_dependencies("a", ["x/roadmap:ads"], "relates"))
    assert "  - b\n\n  - roadmap:launch\n\n  - x/roadmap:ads: relates\n" in app.text("active/a.yaml") + "\n"
    with app.store() as store:
        commit_edit(store, remove_dependencies("a", ["x/", "roadmap:l"]))
    assert "roadmap" not in app.text("active/a.yaml")


def test_their_names_are_asked_for_in_one_go(make: Make, mirror_server: Server) -> None:
    make(ROADMAP, launch=text_of())
    app = make("git.example.com/app", a=text_of("roadmap:launch"))
    with app.store() as store, Repositories(mirror_server) as repositories:
        assert repository_name(store) == "git.example.com/app"
        assert {name: len(found) for name, found in repositories.find(["roadmap", "app", "map"]).items()} == {
            "roadmap": 1,
            "app": 1,
            "map": 0,
        }
        assert look_up(store, store.files_at(), []).outlines == {}
