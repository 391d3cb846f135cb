"""Writes the page of commands from themselves: ``python -m kronveil.cli.reference docs/reference/cli.md``."""

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from typer.main import get_command

_HEAD = """# Commands

Made from the commands themselves; `kronveil COMMAND --help` shows the same. Exit codes: 0 done, 1 failed, 2 wrong usage
or configuration, 3 agent unreachable, 130 interrupted. Client commands find the agent by `--url` or `KRONVEIL_URL`,
else by what an agent of this user wrote down, else at http://127.0.0.1:8080; a token goes into `KRONVEIL_TOKEN`.
`NO_COLOR` and pipes are respected. Shell completion: `kronveil --install-completion`.
"""


def page() -> str:
    """The page, always the same text for the same commands."""
    from kronveil.cli.commands import app  # noqa: PLC0415 - the commands import nothing of this

    sections = [section for section in _sections("kronveil", get_command(app)) if section]
    return "\n".join([_HEAD, *sections])


def _sections(path: str, command: Any) -> Iterator[str]:
    children: Mapping[str, Any] = getattr(command, "commands", None) or {}
    if not children or command.callback is not None:
        yield _section(path, command) if path != "kronveil" else ""
    for name in sorted(children):
        yield from _sections(f"{path} {name}", children[name])


def _section(path: str, command: Any) -> str:
    arguments = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option" and not each.hidden]
    verbs = [command.subcommand_metavar] if getattr(command, "commands", None) else []
    usage = " ".join([path, *(_usage(each) for each in arguments), *(["[OPTIONS]"] if options else []), *verbs])
    lines = [f"## {path}", "", f"`{usage}`", "", inspect.cleandoc(command.help or ""), ""]
    rows = [_row(each) for each in (*arguments, *options)]
    if rows:
        lines += ["| | |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _usage(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return str(name) if argument.required or str(name).startswith("[") else f"[{name}]"


def _row(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        name = _usage(parameter)
    else:
        name = ", ".join([*parameter.opts, *parameter.secondary_opts])
    told = " ".join((parameter.help or "").split()).replace("|", "\\|")
    needed = " Required." if parameter.required and parameter.param_type_name == "option" else ""
    return f"| `{name}` | {told}{needed} |".replace("|  |", "| |")


def main() -> int:
    """Write it to the path given, or to standard output."""
    if len(sys.argv) == 2:
        Path(sys.argv[1]).write_text(page(), encoding="utf-8")
    else:
        sys.stdout.write(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
