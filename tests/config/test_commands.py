import json
import os
import stat
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from kronveil.cli.check import check
from kronveil.cli.init import init

app = typer.Typer()
app.command()(check)
app.command()(init)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in a folder of the test's own, whose user has no kubeconfig."""
    monkeypatch.chdir(tmp_path)
    for name in [one for one in os.environ if one.startswith("KRONVEIL__")]:
        monkeypatch.delenv(name)

    def run(*arguments, **environ):
        return CliRunner().invoke(app, arguments, env={"HOME": str(tmp_path), "KUBECONFIG": "", **environ})

    return run


def test_check_says_what_would_be_watched(run, tmp_path):
    (tmp_path / "kronveil.yaml").write_text("""
collectors:
  kubernetes: {clusters: [{name: us-east-prod, namespaces: [payments]}, {name: eu-west-prod}]}
  kafka: {}
""")
    result = run("check")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "kronveil.yaml is valid.",
        "  kubernetes: 2 clusters",
        "    us-east-prod: payments, read only",
        "    eu-west-prod: all namespaces, read only",
        "  listens on 127.0.0.1: API on 8080, console on 3000, Prometheus on 8889, health on 13133",
        "  kafka: not in this version yet",
    ]
    assert result.stderr == ""


def test_check_of_a_wrong_file_exits_2_with_every_problem_on_standard_error(run, tmp_path):
    (tmp_path / "mine.yaml").write_text("agent: {nmae: x}\nlisten: {api: x}\n")
    result = run("check", "mine.yaml")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "mine.yaml:1:9 agent.nmae: no such key. Did you mean name?",
        'mine.yaml:2:15 listen.api: "x" is not a whole number. Write digits, without quotes.',
        "2 problems in mine.yaml; nothing was started.",
    ]


def test_check_without_a_file_names_the_way_on(run):
    result = run("check")
    assert result.exit_code == 2
    assert "kronveil init" in result.stderr
    assert "kronveil demo" in result.stderr


def test_check_of_a_missing_file_names_it(run):
    result = run("check", "none.yaml")
    assert result.exit_code == 2
    assert result.stderr.startswith("none.yaml: no such file.")


def test_a_kubeconfig_that_is_not_there_is_a_warning_and_no_failure(run, tmp_path):
    (tmp_path / "kronveil.yaml").write_text(
        "collectors: {kubernetes: {clusters: [{name: a, kubeconfig_path: none.yaml}]}}"
    )
    result = run("check")
    assert result.exit_code == 0
    assert result.stderr == (
        "warning: kronveil.yaml:1:65 collectors.kubernetes.clusters[0].kubeconfig_path: there is no such file now. "
        "The cluster stays unreachable until there is.\n"
    )


@pytest.mark.parametrize(
    ("text", "key"),
    [("listen: {host: 0.0.0.0}", "listen.host"), ("api: {auth: required}", "api.auth")],
)
def test_a_door_that_needs_a_token_and_has_none_is_a_warning(run, tmp_path, text, key):
    (tmp_path / "kronveil.yaml").write_text(text)
    assert f" {key}: " in run("check").stderr
    assert "kronveil token create" in run("check").stderr
    assert run("check", KRONVEIL__API__BOOTSTRAP_TOKEN="s3cret").stderr == ""


def test_check_for_programs_gives_every_setting_and_no_secret(run, tmp_path):
    (tmp_path / "kronveil.yaml").write_text("api: {bootstrap_token: s3cret}\ncollectors: {cicd: {}}\n")
    result = run("check", "--json")
    answer = json.loads(result.stdout)
    assert (answer["valid"], answer["file"], answer["not_in_this_version"]) == (True, "kronveil.yaml", ["cicd"])
    assert {"key": "api.bootstrap_token", "value": "set", "default": None, "source": "kronveil.yaml:1"} in answer[
        "settings"
    ]
    assert "s3cret" not in result.output


def test_check_for_programs_gives_every_problem(run, tmp_path):
    (tmp_path / "kronveil.yaml").write_text("agnet: {}")
    result = run("check", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["problems"] == [
        {
            "file": "kronveil.yaml",
            "line": 1,
            "column": 1,
            "key": "agnet",
            "message": "no such key.",
            "suggestion": "Did you mean agent?",
        }
    ]


def test_init_writes_a_file_that_check_accepts(run, tmp_path):
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube" / "config").write_text(
        "clusters: [{name: c, cluster: {server: https://x}}]\nusers: [{name: u, user: {token: t}}]\n"
        "contexts: [{name: prod, context: {cluster: c, user: u}}]\n"
    )
    result = run("init")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Wrote kronveil.yaml: 1 cluster from {tmp_path}/.kube/config.\n")
    assert "    prod: all namespaces, read only" in run("check").stdout
    assert stat.S_IMODE((tmp_path / "kronveil.yaml").stat().st_mode) == 0o600


def test_init_without_a_kubeconfig_writes_an_example(run, tmp_path):
    result = run("init", "other.yaml")
    assert result.exit_code == 0
    assert "as an example: no context in" in result.stdout
    assert "kronveil check other.yaml" in result.stdout
    assert run("check", "other.yaml").exit_code == 0


def test_init_overwrites_only_when_told(run, tmp_path):
    (tmp_path / "kronveil.yaml").write_text("mine")
    result = run("init")
    assert result.exit_code == 1
    assert "--force" in result.stderr
    assert (tmp_path / "kronveil.yaml").read_text() == "mine"
    assert run("init", "--force").exit_code == 0
    assert (tmp_path / "kronveil.yaml").read_text() != "mine"


def test_init_into_a_folder_that_is_not_there_says_so(run, tmp_path):
    result = run("init", "none/kronveil.yaml")
    assert result.exit_code == 1
    assert result.stderr == "none/kronveil.yaml cannot be written: No such file or directory.\n"


def test_check_imports_nothing_heavy(tmp_path):
    file = tmp_path / "kronveil.yaml"
    file.write_text("collectors: {kubernetes: {clusters: [{name: a}]}}")
    script = (
        "import sys; from kronveil.cli.check import check\n"
        f"check(__import__('pathlib').Path({str(file)!r}), json=True)\n"
        "print([name for name in ('fastapi', 'starlette', 'sqlalchemy', 'lightkube', 'httpx2', 'uvicorn', 'alembic')"
        " if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_check_looks_at_the_runbooks_of_the_configuration_too(run, tmp_path):
    (tmp_path / "kronveil.yaml").write_text("runbooks: {directory: mine}\n")
    result = run("check")
    assert (result.exit_code, "runbooks.directory: there is no such folder" in result.stderr) == (2, True)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.yaml").write_text("name: A\ndescription: B\nsteps: [{name: C, action: drainn}]\n")
    result = run("check")
    assert (result.exit_code, "a.yaml:3:27 steps[0].action: there is no action drainn." in result.stderr) == (2, True)
