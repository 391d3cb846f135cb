"""`kronveil token`: the token alone on standard output, whatever else is said beside it."""

import json
import subprocess
import sys

import anyio
import httpx2
import pytest
from typer.testing import CliRunner

from kronveil.api import ApiOptions
from kronveil.api.tokens import TokenFile
from kronveil.cli.commands import app
from tests.api.conftest import served
from tests.api.plain_desk import PlainDesk

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """An empty working folder, with a configuration that names a data folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "agent.yaml").write_text("agent: {data_dir: ./data}\n")
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(app, ["token", *arguments])


def test_the_token_alone_is_on_standard_output(folder):
    result = run("create", "--role", "operator", "--name", "ada", "-c", "agent.yaml")
    assert result.exit_code == 0, result.output
    text = result.stdout.removesuffix("\n")
    assert " " not in text
    assert "\n" not in text
    token = TokenFile(folder / "data").find(text)
    assert (token.name, token.role, token.expires_at) == ("ada", "operator", None)
    assert "named ada: operator, until it is revoked" in result.stderr
    assert text not in result.stderr


def test_without_a_file_it_is_a_token_of_this_users_own_agent(folder):
    text = run("create", "--role", "viewer", "--expires", "30d").stdout.strip()
    assert TokenFile(folder / "state" / "kronveil").find(text).expires_at is not None


def test_tokens_are_listed_without_their_texts_and_revoked_by_name(folder):
    text = run("create", "--role", "viewer", "--name", "ci", "-c", "agent.yaml").stdout.strip()
    listed = run("list", "-c", "agent.yaml")
    assert listed.stdout.splitlines()[1].split()[1:3] == ["ci", "viewer"]
    assert text not in listed.stdout
    assert listed.stdout.splitlines()[1].split()[3].endswith("Z")
    items = json.loads(run("list", "-c", "agent.yaml", "--json").stdout)["items"]
    assert (items[0]["name"], items[0]["expired"]) == ("ci", False)
    assert run("revoke", "ci", "-c", "agent.yaml").exit_code == 0
    assert TokenFile(folder / "data").find(text) is None
    assert "There are no tokens" in run("list", "-c", "agent.yaml").stdout
    again = run("revoke", "ci", "-c", "agent.yaml")
    assert (again.exit_code, "no token ci" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["create"], 2, "--role"),
        (["create", "--role", "emperor"], 2, "viewer, operator"),
        (["create", "--role", "viewer", "--expires", "soon"], 2, "--expires soon"),
        (["create", "--role", "viewer", "--expires", "999999999d"], 2, "--expires"),
        (["create", "--role", "viewer", "--name", "a b"], 2, "--name"),
        (["create", "--role", "viewer", "-c", "missing.yaml"], 2, "missing.yaml"),
    ],
)
def test_a_wrong_command_line_makes_no_token(folder, arguments, code, said):
    result = run(*arguments)
    assert result.exit_code == code
    assert said in result.stderr
    assert result.stdout == ""


def test_a_damaged_file_is_named_and_left_alone(folder):
    (folder / "data").mkdir()
    (folder / "data" / "tokens.json").write_text("{")
    for arguments in (["create", "--role", "viewer"], ["list"], ["revoke", "ci"]):
        result = run(*arguments, "-c", "agent.yaml")
        assert (result.exit_code, "tokens.json" in result.stderr) == (1, True)
    assert (folder / "data" / "tokens.json").read_text() == "{"


async def test_a_running_agent_honours_a_token_within_a_second_and_its_revocation(folder):
    options = ApiOptions(auth="required", tokens=TokenFile(folder / "data"))
    run("create", "--role", "admin", "--name", "first", "-c", "agent.yaml")
    async with served(PlainDesk(), options) as authority, httpx2.AsyncClient() as http:
        made = await anyio.to_thread.run_sync(
            lambda: run("create", "--role", "viewer", "--name", "ci", "-c", "agent.yaml")
        )
        headers = {"Authorization": f"Bearer {made.stdout.strip()}"}
        url = f"http://{authority}/api/v1/me"
        assert (await http.get(url, headers=headers)).json()["name"] == "ci"
        await anyio.to_thread.run_sync(lambda: run("revoke", "ci", "-c", "agent.yaml"))
        assert (await http.get(url, headers=headers)).status_code == 401


def test_off_loopback_an_agent_that_nobody_could_call_does_not_start_and_says_what_to_do(folder):
    (folder / "open.yaml").write_text(
        "agent: {data_dir: ./data}\nlisten: {host: 0.0.0.0, api: 0, dashboard: 0, prometheus: 0, health: 0}\n"
    )
    # In a process of its own, since it sets up the logging of the whole process.
    command = [sys.executable, "-c", "from kronveil.cli import main; main()", "up", "-c", "open.yaml"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert "kronveil token create" in result.stderr
    assert "api.bootstrap_token" in result.stderr


def test_programs_get_the_token_with_what_is_known_of_it_and_may_take_it_back(folder):
    made = json.loads(run("create", "--role", "viewer", "--name", "nightly", "-c", "agent.yaml", "--json").stdout)
    assert TokenFile(folder / "data").find(made["token"])
    assert (made["about"]["name"], made["about"]["role"], made["about"]["expired"]) == ("nightly", "viewer", False)
    gone = json.loads(run("revoke", "nightly", "-c", "agent.yaml", "--json").stdout)
    assert gone["revoked"]["id"] == made["about"]["id"]
    assert TokenFile(folder / "data").all() == ()


def test_a_token_without_an_end_is_not_listed_as_revoked(folder):
    run("create", "--role", "viewer", "-c", "agent.yaml")
    assert run("list", "-c", "agent.yaml").stdout.splitlines()[-1].endswith("it is revoked")
