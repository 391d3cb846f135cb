"""`kronveil runbook`: what whoever writes a runbook sees, with no agent running."""

import json

import pytest
from typer.testing import CliRunner

from kronveil.cli.commands import app

SOUND = """\
name: Restart
description: For tests.
when: [pod.not_ready_long]
steps:
  - {name: Restart, action: rollout_restart}
"""
CASES = "cases: [{name: it restarts, expect: {steps: [rollout_restart]}}]\n"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["runbook", *arguments])


def test_lint_has_nothing_to_say_of_what_comes_along(run):
    result = run("lint")
    assert (result.exit_code, result.stdout) == (0, "5 runbooks; nothing to complain about.\n")


def test_lint_tells_every_problem_with_its_place_and_ends_with_2(run, tmp_path):
    (tmp_path / "a.yaml").write_text(SOUND.replace("rollout_restart", "rollout_restrat"), encoding="utf-8")
    result = run("lint", "a.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == [
        "a.yaml:5:29 steps[0].action: there is no action rollout_restrat. Did you mean rollout_restart?",
        "1 runbook; 1 problem.",
    ]
    told = json.loads(run("lint", "a.yaml", "--json").stdout)
    assert (told["valid"], told["problems"][0]["line"], told["problems"][0]["column"]) == (False, 5, 29)


def test_the_folder_of_the_configuration_is_what_is_meant_when_none_is_given(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "restart.yaml").write_text(SOUND, encoding="utf-8")
    (tmp_path / "kronveil.yaml").write_text("runbooks: {directory: mine}\n", encoding="utf-8")
    assert run("lint").stdout == "1 runbook; nothing to complain about.\n"


def test_test_runs_the_cases_beside_runbooks_and_ends_with_1_when_one_fails(run, tmp_path):
    (tmp_path / "restart.yaml").write_text(SOUND, encoding="utf-8")
    assert run("test", ".").stdout == "0 of 0 cases passed; without test cases: restart.\n"
    (tmp_path / "restart.test.yaml").write_text(CASES, encoding="utf-8")
    result = run("test", "restart.test.yaml")
    assert (result.exit_code, result.stdout.splitlines()) == (
        0,
        ["ok    restart: it restarts", "1 of 1 cases passed."],
    )
    (tmp_path / "restart.test.yaml").write_text(CASES.replace("[rollout_restart]", "[drain]"), encoding="utf-8")
    result = run("test", ".")
    assert (result.exit_code, result.stdout.splitlines()) == (
        1,
        [
            "FAIL  restart: it restarts",
            "      restart.test.yaml:1:46 cases[0].expect.steps[0]: it is rollout_restart (Restart).",
            "0 of 1 cases passed.",
        ],
    )


def test_the_schema_is_printed_and_a_path_that_is_not_there_is_named(run):
    assert json.loads(run("schema").stdout)["title"] == "A Kronveil runbook"
    result = run("lint", "nothing.yaml")
    assert (result.exit_code, result.stderr) == (2, "nothing.yaml: there is no such file or folder.\n")
