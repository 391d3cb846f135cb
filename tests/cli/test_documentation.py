"""What the pages tell people to type exists, and what they link to is there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from kronveil.cli.commands import app

HERE = Path(__file__).parents[2]
PAGES = sorted([*HERE.glob("*.md"), *(HERE / "docs").rglob("*.md")])
COMMAND = re.compile(r"(?:^|[$`] ?|; |/bin/)(kronveil [a-z][^`;|<>#\n]*)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def commands_in(text: str) -> Iterator[str]:
    """Each command line, whole or as named in a sentence."""
    for found in COMMAND.finditer(text.replace("\\\n", " ")):
        yield found[1].strip()


def what_is_wrong(line: str) -> str:
    """Nothing, or the first word that the command line would refuse."""
    words = shlex.split(line.partition(" (")[0].rstrip(".,:"))[1:]
    command: Any = get_command(app)
    while words and (verbs := getattr(command, "commands", None)):
        if words[0] not in verbs:
            break
        command = verbs[words.pop(0)]
    if getattr(command, "commands", None) and words and words[0][0] not in "-[" and "show" not in command.commands:
        return words[0]
    if words and not words[0].startswith("-") and "show" in getattr(command, "commands", {}):
        command = command.commands["show"]
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help", "-h"}
    return next((word for word in words if word.startswith("-") and len(word) > 1 and word not in known), "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HERE)))
def test_every_command_that_a_page_shows_is_one(page):
    wrong = {line: word for line in commands_in(page.read_text()) if (word := what_is_wrong(line))}
    assert wrong == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(HERE)))
def test_every_link_of_a_page_leads_somewhere(page):
    missing = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("kronveil incidents ID --all", ""),
        ("kronveil incidents resovle", ""),  # a name, as far as anybody can tell
        ("kronveil incidents resolve ID --raeson x", "--raeson"),
        ("kronveil db bakcup", "bakcup"),
        ("kronveil bogus", "bogus"),
        ("kronveil status --josn", "--josn"),
    ],
)
def test_a_command_that_is_none_is_found(line, wrong):
    assert what_is_wrong(line) == wrong


def test_the_pages_show_commands_at_all():
    assert sum(1 for page in PAGES for _ in commands_in(page.read_text())) > 60
