"""The action and the template, run for real as far as a machine without the services can."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitmilestone.faces.review.markdown import MARKER, is_inert
from tests.ci.forges import TOKEN, Forge, github, gitlab, serve
from tests.ci.pipelines import ROOT, Ran, plain_environ, read_action, run_action, run_job
from tests.repositories import Clone, init_project, run_git

ACTIONS = ("action.yml", "ci/comment/action.yml")
EVENTS = json.loads((Path(__file__).parent / "events.json").read_text())
REPOSITORY = "Codertocat/Hello-World"
_PARTS = (
    *("gitmilestone", "share", "hooks", "ci", "action.yml"),
    *("hatch_build.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE"),
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a runner has downloaded of the action's repository."""
    place = tmp_path_factory.mktemp("action")
    for part in _PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / part).exists():
            shutil.copy(ROOT / part, place / part)
    return place


class Project:
    """A repository on a forge, a pull request of it, and the work tree that a runner has checked out."""

    def __init__(self, place: Path) -> None:
        self.origin = place / "origin"
        self.work = place / "work"
        self.temp = place / "temp"
        self.temp.mkdir()
        init_project(self.origin)
        self.clone = Clone(self.origin)
        for name in ("uploadpack.allowReachableSHA1InWant", "uploadpack.allowAnySHA1InWant"):
            self.clone.git("config", name, "true")
        self.clone.new("store", due="2027-01-10")
        self.clone.new("ship", due="2027-01-20", depends_on=["store"])
        self.clone.git("switch", "-qc", "feature")
        self.clone.edit("store", due="2027-01-27")
        self.clone.git("switch", "-q", "main")
        self.clone.new("meanwhile")

    def open(self) -> None:
        """Lays the references of a pull request, and checks its merge out as the usual action does."""
        self.clone.git("switch", "-q", "--detach", "main")
        self.clone.git("merge", "-q", "--no-edit", "feature")
        self.clone.git("update-ref", "refs/pull/2/merge", "HEAD")
        self.clone.git("update-ref", "refs/pull/2/head", "feature")
        self.clone.git("switch", "-q", "main")
        run_git("init", "-q", str(self.work))
        run_git("remote", "add", "origin", f"file://{self.origin}", cwd=self.work)
        run_git("fetch", "-q", "--depth=1", "origin", "refs/pull/2/merge", cwd=self.work)
        run_git("checkout", "-q", "FETCH_HEAD", cwd=self.work)

    @property
    def target(self) -> str:
        return self.clone.git("rev-parse", "main")

    @property
    def head(self) -> str:
        return self.clone.git("rev-parse", "feature")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def hub() -> Iterator[Forge]:
    with serve(github()) as forge:
        yield forge


def make_tool(temp: Path) -> None:
    """What the step `Install` leaves: the program where the other steps look for it."""
    folder = temp / "git-milestone" / "bin"
    folder.mkdir(parents=True)
    tool = folder / "git-milestone"
    tool.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m gitmilestone "$@"\n')
    tool.chmod(0o755)
    python = temp / "python"
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    pip = folder / "pip"
    pip.write_text("#!/bin/sh\n")
    pip.chmod(0o755)


def event_of(project: Project, name: str, head_repository: str = REPOSITORY) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(json.dumps(EVENTS[name]))
    pull = event["pull_request"]
    pull["base"]["sha"], pull["head"]["sha"] = project.target, project.head
    pull["head"]["repo"]["full_name"] = head_repository
    return event


def review(project: Project, hub: Forge, event: dict[str, Any], **inputs: str) -> Ran:
    """Runs the action for an event, but for its installation."""
    if not (project.temp / "git-milestone").exists():
        make_tool(project.temp)
    (project.temp / "event.json").write_text(json.dumps(event))
    environ = plain_environ(
        GITHUB_ACTIONS="true",
        GITHUB_API_URL=hub.url,
        GITHUB_REPOSITORY=REPOSITORY,
        GITHUB_EVENT_PATH=str(project.temp / "event.json"),
        GITHUB_STEP_SUMMARY=str(project.temp / "summary.md"),
        RUNNER_TEMP=str(project.temp),
    )
    contexts = {
        "github": {"event": event, "repository": REPOSITORY, "token": TOKEN, "action_path": str(ROOT)},
        "inputs": {name.replace("_", "-"): value for name, value in inputs.items()},
    }
    python = {"python": {"python-path": str(project.temp / "python")}}
    return run_action("action.yml", contexts, environ, project.work, project.temp, python)


def test_a_pull_request_is_annotated_reviewed_and_commented(project: Project, hub: Forge) -> None:
    project.open()
    ran = review(project, hub, event_of(project, "opened"))
    assert ran.status == 0, ran.output
    assert ran.outputs["review"]["found"] == "false"
    (comment,) = hub.comments
    assert "**1 milestone slips by 17 days; 1 is pushed by what it waits for.**" in comment["body"]
    assert "meanwhile" not in comment["body"]
    assert (
        (project.temp / "summary.md").read_text()
        == comment["body"]
        == Path(ran.outputs["review"]["report"]).read_text()
    )
    assert "comment created" in ran.output
    assert [name for name, _ in ran.used] == ["actions/setup-python@v5"]
    # The next push edits it.
    project.clone.git("switch", "-q", "feature")
    project.clone.edit("store", due="2027-01-28")
    project.clone.git("switch", "-q", "main")
    ran = review(project, hub, event_of(project, "synchronize"))
    assert ran.status == 0, ran.output
    assert "slips by 18 days" in hub.comments[0]["body"]
    assert len(hub.comments) == 1


def test_the_gate(project: Project, hub: Forge) -> None:
    project.clone.git("switch", "-q", "feature")
    project.clone.write({"active/bad.yaml": "schema: 1\ntitle: Bad %0A::error::x\nstatus: plannd\n"})
    project.clone.git("switch", "-q", "main")
    project.open()
    ran = review(project, hub, event_of(project, "opened"))
    assert ran.status == 1
    assert "::error file=.milestones/active/bad.yaml,line=3,title=git milestone%3A bad-value::" in ran.output
    assert ran.output.endswith("::error title=git milestone::the review found what fails it (error)\n")
    assert "1 error" in hub.comments[0]["body"]
    assert review(project, hub, event_of(project, "opened"), fail_on="").status == 0
    assert review(project, hub, event_of(project, "opened"), fail_on="cycle,conflict").status == 0
    assert review(project, hub, event_of(project, "opened"), fail_on="slip").status == 1
    assert review(project, hub, event_of(project, "opened"), fail_on="slop").status == 2


def test_a_comment_that_can_not_be_posted_fails_nothing(project: Project, hub: Forge) -> None:
    project.open()
    hub.refusals = [403]
    ran = review(project, hub, event_of(project, "opened"))
    assert ran.status == 0
    assert "::warning title=git milestone::the comment can't be posted: HTTP 403" in ran.output
    assert review(project, hub, event_of(project, "opened"), comment="false").status == 0
    assert hub.comments == []


def test_another_event_is_told(project: Project, hub: Forge) -> None:
    project.open()
    ran = review(project, hub, {"head_commit": {}})
    assert ran.status == 1
    assert "this action is for pull_request events" in ran.output


def test_a_forks_review_goes_by_way_of_an_artifact(project: Project, hub: Forge) -> None:
    project.open()
    ran = review(project, hub, event_of(project, "opened", "stranger/Hello-World"))
    assert ran.status == 0, ran.output
    assert hub.seen == []
    report = ran.outputs["review"]["report"]
    assert ran.used[1] == ("actions/upload-artifact@v4", {"name": "git-milestone-review", "path": report})
    # The other workflow has the artifact, an event, and none of the fork's code.
    event = EVENTS["workflow_run"]
    event["workflow_run"] |= {"event": "pull_request", "head_branch": "feature", "head_sha": project.head}
    hub.pulls = [
        {
            "number": 2,
            "state": "open",
            "head": {"label": "x", "ref": "feature", "sha": project.head},
            "base": {"label": "x", "ref": "main", "sha": project.target},
        }
    ]
    (project.temp / "git-milestone-left").mkdir()
    left = project.temp / "git-milestone-left" / Path(report).name
    shutil.copy(report, left)
    assert post_left(project, hub, event).status == 0
    assert hub.comments[0]["body"] == left.read_text()
    # What strangers made of it is posted only where nothing in it is active.
    left.write_text(left.read_text() + "@everybody\n")
    ran = post_left(project, hub, event)
    assert ran.status == 0
    assert "can't be posted" in ran.output
    assert is_inert(hub.comments[0]["body"])


def post_left(project: Project, hub: Forge, event: dict[str, Any]) -> Ran:
    (project.temp / "event.json").write_text(json.dumps(event))
    environ = plain_environ(
        GITHUB_ACTIONS="true",
        GITHUB_API_URL=hub.url,
        GITHUB_REPOSITORY=REPOSITORY,
        GITHUB_EVENT_PATH=str(project.temp / "event.json"),
        RUNNER_TEMP=str(project.temp),
    )
    contexts = {"github": {"event": event, "token": TOKEN, "action_path": str(ROOT / "ci" / "comment")}}
    python = {"python": {"python-path": str(project.temp / "python")}}
    empty = project.temp / "empty"
    empty.mkdir(exist_ok=True)
    ran = run_action("ci/comment/action.yml", contexts, environ, empty, project.temp, python)
    run_id = str(event["workflow_run"]["id"])
    assert ran.used[1][0] == "actions/download-artifact@v4"
    assert (ran.used[1][1]["name"], ran.used[1][1]["run-id"]) == ("git-milestone-review", run_id)
    assert ran.used[1][1]["path"] == str(project.temp / "git-milestone-left")
    return ran


@pytest.mark.parametrize("path", ACTIONS)
def test_no_script_has_an_expression_in_it(path: str) -> None:
    """What an event says would be code there; as a variable it is a text."""
    action = read_action(path)
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert "run" not in step or step["shell"] == "bash"
        assert "uses" not in step or re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])
    assert all("description" in one for one in action["inputs"].values())
    names = re.findall(r"inputs\.([\w-]+)", (ROOT / path).read_text())
    assert {*names} == {*action["inputs"]}


@pytest.mark.long
@pytest.mark.parametrize("path", ACTIONS)
def test_it_installs_itself(path: str, source: Path, tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling builds the wheel, and is not installed")
    step = next(step for step in read_action(path)["runs"]["steps"] if step.get("name") == "Install git milestone")
    assert step["env"]["PYTHON"] == "${{ steps.python.outputs.python-path }}"
    packages = next(place for place in sys.path if place.endswith("site-packages"))
    environ = plain_environ(
        PYTHON=sys.executable,
        ACTION_DIR=str((source / path).parent) + ("/../.." if "/" in path else ""),
        VERSION="",
        RUNNER_TEMP=str(tmp_path),
        # A runner has the registry; here the dependencies are those of the tests.
        PYTHONPATH=packages,
        PIP_NO_BUILD_ISOLATION="0",
        PIP_NO_DEPS="1",
        PIP_NO_INDEX="1",
    )
    done = subprocess.run(["bash", "-e", "-c", step["run"]], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    tool = tmp_path / "git-milestone" / "bin" / "git-milestone"
    done = subprocess.run([str(tool), "review", "-h"], cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert "--fail-on" in done.stdout


@pytest.fixture
def lab() -> Iterator[Forge]:
    with serve(gitlab()) as forge:
        yield forge


@pytest.fixture
def run_pipeline(project: Project, lab: Forge) -> Callable[..., Any]:
    def run(**more: str) -> Any:
        if not project.work.exists():
            run_git("clone", "-q", f"file://{project.origin}", str(project.work))
            make_tool(project.temp)
        run_git("fetch", "-q", "origin", "feature", cwd=project.work)
        run_git("checkout", "-q", "--detach", project.head, cwd=project.work)
        environ = plain_environ(
            GITLAB_CI="true",
            CI_API_V4_URL=lab.url,
            CI_PROJECT_ID="42",
            CI_COMMIT_SHA=project.head,
            CI_MERGE_REQUEST_IID="11",
            CI_MERGE_REQUEST_TARGET_BRANCH_NAME="main",
            GIT_MILESTONE_TOKEN=TOKEN,
        )
        return run_job("git-milestone", {**environ, **more}, project.work, tool=project.temp / "git-milestone")

    return run


def test_a_merge_request_on_gitlab(project: Project, lab: Forge, run_pipeline: Callable[..., Any]) -> None:
    done = run_pipeline()
    assert done.returncode == 0, done.stdout
    (late,) = json.loads((project.work / "gl-code-quality-report.json").read_text())
    assert (late["check_name"], late["severity"]) == ("git-milestone/due-before-blocker", "minor")
    (note,) = lab.comments
    assert note["body"].startswith(MARKER)
    assert "slips by 17 days" in note["body"]
    assert "meanwhile" not in note["body"]
    # A merged-results pipeline's commit is a merge; the branch is what is reviewed.
    project.clone.git("switch", "-q", "feature")
    project.clone.write({"active/bad.yaml": "schema: 1\ntitle: Bad\nstatus: plannd\n"})
    done = run_pipeline(CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=project.head, CI_COMMIT_SHA="0" * 40)
    assert done.returncode == 1
    quality, *_ = json.loads((project.work / "gl-code-quality-report.json").read_text())
    assert quality["location"] == {"path": ".milestones/active/bad.yaml", "lines": {"begin": 3}}
    assert "1 error" in lab.comments[0]["body"]
    assert len(lab.comments) == 1
    assert run_pipeline(GIT_MILESTONE_FAIL_ON="").returncode == 0
    assert run_pipeline(GIT_MILESTONE_FAIL_ON="nothing").returncode == 2
    seen = len(lab.seen)
    assert run_pipeline(GIT_MILESTONE_TOKEN="").returncode == 1
    assert len(lab.seen) == seen


def test_the_templates_job_is_one_that_gitlab_takes() -> None:
    template = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text())
    (job,) = template.values()
    assert {*job} == {"image", "rules", "variables", "before_script", "script", "artifacts"}
    assert all(isinstance(line, str) for line in (*job["before_script"], *job["script"]))
