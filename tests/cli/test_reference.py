"""The reference pages are what the commands and routes say of themselves; completion works."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kronveil.api import reference as api_reference
from kronveil.cli import reference as cli_reference
from kronveil.cli.commands import app

PAGES = Path(__file__).parents[2] / "docs" / "reference"


def test_the_page_of_commands_is_up_to_date():
    text = (PAGES / "cli.md").read_text()
    assert text == cli_reference.page(), "run: python -m kronveil.cli.reference docs/reference/cli.md"


def test_the_page_of_the_api_is_up_to_date():
    text = (PAGES / "api.md").read_text()
    assert text == api_reference.page(), "run: python -m kronveil.api.reference docs/reference/api.md"


@pytest.mark.parametrize(
    "command", ["up", "doctor", "clusters pause", "token create", "changes", "explain", "db backup"]
)
def test_every_command_has_its_section(command):
    assert f"## kronveil {command}\n" in cli_reference.page()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion(shell, monkeypatch):
    # Which shell asks is else told from the process that started the tests, which need not be one.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    result = CliRunner().invoke(app, ["--show-completion", shell], prog_name="kronveil")
    assert result.exit_code == 0, result.output
    assert "kronveil" in result.stdout


def test_completion_knows_the_commands():
    env = {"_KRONVEIL_COMPLETE": "complete_bash", "COMP_WORDS": "kronveil cl", "COMP_CWORD": "1"}
    result = CliRunner().invoke(app, [], prog_name="kronveil", env=env)
    assert result.stdout.split() == ["clusters"]
